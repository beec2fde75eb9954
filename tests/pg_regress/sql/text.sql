-- Free text: which words become features, and odd texts.
\pset null '(null)'
SET search_path = public;
CREATE TABLE ads AS
SELECT i AS id, 'Buy ' || (ARRAY['red', 'blue', 'GREEN', 'Blue'])[i % 4 + 1] || ' ' || (ARRAY['shoes', 'Shirts', 'hats, caps', '跑步鞋', 'été 🔥'])[i % 5 + 1] || ' no.' || i AS ad_copy,
    (ARRAY['mobile', 'desktop'])[i % 2 + 1] AS device,
    (hashint4(i)::bigint + 2147483648) / 4294967296.0 < 0.1 + 0.4 * (i % 5 = 0)::int + 0.3 * (i % 5 = 3)::int AS clicked
FROM generate_series(1, 4000) AS i;
-- without the option a text of its own in each row is left out, with a hint
SELECT features FROM orchard.train('plain', 'SELECT ad_copy, device, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "early_stopping_rounds": 0}');
SELECT features FROM orchard.train('plain', 'SELECT md5(id::text) AS code, device, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "early_stopping_rounds": 0}');
SELECT features FROM orchard.train('groups', 'SELECT ad_copy, device FROM ads', options => '{"n_clusters": 2}');
-- with it its words are features
SELECT features, score > 0.7 AS good FROM orchard.train('ctr', 'SELECT ad_copy, device, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 20, "early_stopping_rounds": 0, "text_columns": "ad_copy"}');
SET client_min_messages = warning;
SELECT f ->> 'name' AS feature, f ->> 'kind' AS kind, f ->> 'minimum' AS minimum, f ->> 'missing' AS missing
FROM orchard.model_versions, jsonb_array_elements(feature_list) WITH ORDINALITY AS x (f, n) WHERE model = 'ctr' ORDER BY n;
SELECT pg_get_function_arguments('predict_ctr'::regproc);
SELECT predict_ctr('SHOES', 'mobile') > 0.4 AS shoes, predict_ctr('Buy red 跑步鞋 no.2024', 'mobile') > 0.2 AS running_shoes, predict_ctr('hats', 'mobile') < 0.2 AS hats,
    predict_ctr('', 'mobile') BETWEEN 0 AND 1 AS empty, predict_ctr(NULL, NULL) BETWEEN 0 AND 1 AS nothing;
-- whatever way a row comes, it has the same score
SELECT bool_and(predict_ctr(ad_copy, device) = orchard.predict('ctr', a)) AS composite,
    bool_and(predict_ctr(ad_copy, device) = orchard.predict('ctr', to_jsonb(a))) AS jsonb,
    bool_and(predict_ctr(ad_copy, device) = orchard.predict('ctr', row_to_json(a)::text)) AS json FROM ads AS a;
SELECT metric, round(value::numeric, 6) = (SELECT round(-avg(ln(CASE WHEN clicked THEN p ELSE 1 - p END))::numeric, 6) FROM (SELECT clicked, predict_ctr(ad_copy, device) AS p FROM ads) AS x) AS same
FROM orchard.evaluate('ctr', 'ads') WHERE metric = 'log_loss';
SELECT bool_and(predict_ctr(ad_copy, device) = predict_ctr(upper(ad_copy), device)) AS case_does_not_count FROM ads;
SELECT orchard.predict('ctr', row_of) = predict_ctr('shoes', 'mobile') AS same FROM (SELECT 'shoes'::char(20) AS ad_copy, 'mobile'::name AS device) AS row_of;
SELECT orchard.predict('ctr', row_of) FROM (SELECT 7 AS ad_copy, 'mobile' AS device) AS row_of;
SELECT count(orchard.predict('ctr', jsonb_build_object('ad_copy', j))) FROM unnest(ARRAY['null', '7', 'true', '[]', '{}', '""', '"shoes"']::jsonb[]) AS j;
-- odd texts have a path: a megabyte, binary-looking, emoji, one word without end, many words
SELECT count(predict_ctr(t, 'mobile')) FROM unnest(ARRAY[repeat('shoes 跑步鞋 ', 70000), repeat('x', 1000000), repeat('🔥', 300000), E'\x01\x02\x7f\u200d\ufe0f\ufffd\U0010ffff', E'\t\n\r', repeat(' ', 1000000), repeat('é', 40), 'ﬁ ǅ İ ß ς Ⅷ ½ ²']) AS t;
CREATE TABLE odd AS
SELECT CASE i % 8 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN repeat('long 跑步鞋 ', 50000) WHEN 3 THEN E'\x01\x7f\u200d\ufe0f' WHEN 4 THEN '🔥🔥' WHEN 5 THEN repeat('y', 200000) ELSE 'word' || i % 3 END AS t, i % 8 AS y
FROM generate_series(1, 400) AS i;
SELECT features, score < 1.5 AS good FROM orchard.train('odd', 'odd', 'y', 'decision_tree', '{"task": "regression", "text_columns": ["t"]}');
SELECT f ->> 'name' AS feature, f ->> 'missing' AS missing, f ->> 'maximum' AS maximum FROM orchard.model_versions, jsonb_array_elements(feature_list) WITH ORDINALITY AS x (f, n) WHERE model = 'odd' ORDER BY n;
SELECT bool_and(abs(predict_odd(t) - orchard.predict('odd', to_jsonb(o))) < 1e-9) AS same FROM odd AS o;
SELECT y, count(*), round(avg(predict_odd(t))) FROM odd WHERE y < 6 GROUP BY y ORDER BY y;
-- few words, other tasks and types, all NULL
SELECT features FROM orchard.train('few', 'SELECT ad_copy, clicked FROM ads', 'clicked', 'decision_tree', '{"text_columns": ["ad_copy"], "max_text_features": 2}');
SELECT task, features FROM orchard.train('device', 'SELECT ad_copy::varchar AS ad_copy, device || (id % 5) AS d FROM ads', 'd', 'gradient_boosting', '{"n_estimators": 5, "text_columns": ["ad_copy"]}');
SELECT predict_device('hats 4') LIKE '%2' AS hats;
SELECT features FROM orchard.train('nothing', 'SELECT NULL::text AS t, id % 7 AS k, clicked FROM ads', 'clicked', 'decision_tree', '{"text_columns": ["t"]}');
SELECT features FROM orchard.train('two', 'SELECT ad_copy, reverse(ad_copy) AS r, clicked FROM ads', 'clicked', 'decision_tree', '{"text_columns": ["ad_copy", "r"], "max_text_features": 5}');
SELECT predict_two('shoes', 'seohs') > predict_two('hats', 'stah') AS shoes;
-- the same model for any order of the rows and number of threads
SELECT model FROM orchard.train('a', 'SELECT ad_copy, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 5, "text_columns": ["ad_copy"]}');
SET orchard.threads = 3;
SELECT model FROM orchard.train('b', 'SELECT ad_copy, clicked FROM ads ORDER BY md5(ad_copy)', 'clicked', 'gradient_boosting', '{"n_estimators": 5, "text_columns": ["ad_copy"]}');
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model IN ('a', 'b');
-- the index of words is bounded by orchard.max_memory
\set VERBOSITY terse
SET orchard.max_memory = '4MB';
SELECT orchard.train('m', 'SELECT string_agg(md5((i * 1000 + k)::text), '' '') AS t, i % 2 = 0 AS y FROM generate_series(1, 500) AS i, generate_series(1, 200) AS k GROUP BY i', 'y', 'decision_tree', '{"text_columns": ["t"]}');
RESET orchard.max_memory;
\set VERBOSITY default
-- options
SELECT orchard.train('m', 'ads', 'clicked', 'decision_tree', '{"text_columns": ["no_such"]}');
SELECT orchard.train('m', 'ads', 'clicked', 'decision_tree', '{"text_columns": ["id"]}');
SELECT orchard.train('m', 'ads', 'device', 'decision_tree', '{"text_columns": ["device"]}');
SELECT orchard.train('m', 'ads', 'clicked', 'decision_tree', '{"text_columns": ["device"], "group_columns": ["device"]}');
SELECT orchard.train('m', 'ads', 'clicked', 'decision_tree', '{"text_columns": ["ad_copy"], "exclude": ["ad_copy"]}');
SELECT orchard.train('m', 'ads', 'clicked', 'decision_tree', '{"text_columns": ["ad_copy"], "features": ["device"]}');
SELECT orchard.train('m', 'ads', 'clicked', 'decision_tree', '{"text_columns": ["ad_copy", "ad_copy"]}');
SELECT orchard.train('m', 'ads', 'clicked', 'decision_tree', '{"max_text_features": 50}');
SELECT orchard.train('m', 'ads', 'clicked', 'decision_tree', '{"text_columns": ["ad_copy"], "max_text_features": 0}');
SELECT orchard.train('m', 'ads', 'clicked', 'decision_tree', '{"text_columns": 7}');
SELECT orchard.train('m', 'SELECT ad_copy, clicked FROM ads', 'clicked', 'gradient_boosting', '{"text_columns": ["ad_copy"], "monotone_constraints": {"ad_copy": 1}}');
SELECT orchard.tune('m', 'SELECT ad_copy, clicked FROM ads', 'clicked', 'decision_tree', '{"text_columns": ["ad_copy"]}');
SELECT rank, mean_score > 0.65 AS good FROM orchard.tune('tuned', 'SELECT ad_copy, clicked FROM ads', 'clicked', 'decision_tree', '{"max_text_features": [1, 20]}', '{"text_columns": ["ad_copy"], "cv": 3}') ORDER BY trial;
SELECT features, score > 0.65 AS good FROM orchard.train('refitted', 'SELECT ad_copy, clicked FROM ads', 'clicked', 'decision_tree', '{"text_columns": ["ad_copy"], "refit": true}');
SELECT orchard.train('m', 'SELECT ad_copy FROM ads', options => '{"text_columns": ["ad_copy"]}');

-- Explanations: contributions sum to the score and to the answer, for every shape of model and row.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE ads AS
SELECT i AS id, (ARRAY['phone', 'tablet', 'desktop', NULL])[i * 7 % 4 + 1] AS device, i % 24 AS hour,
    CASE WHEN i % 11 > 0 THEN (i * 37 % 100) / 10.0 END AS bid, timestamp '2026-01-05' + i % 500 * interval '1 hour' AS shown_at,
    (ARRAY['happy', 'sad']::mood[])[i % 2 + 1] AS mood, ARRAY[i % 5, i % 7]::float8[] AS e, i % 3 = 0 AS returning,
    (ARRAY['red shoes on sale', 'new boots', 'free shipping on all shoes', 'tents'])[i % 4 + 1] || CASE WHEN i % 5 = 0 THEN ' today' ELSE ' now' END AS copy
FROM generate_series(1, 3000) AS i;
ALTER TABLE ads ADD PRIMARY KEY (id);
ALTER TABLE ads ADD clicked boolean, ADD level text, ADD revenue float8;
UPDATE ads SET clicked = (id * 13 % 17 + CASE device WHEN 'phone' THEN 6 ELSE 0 END + CASE WHEN hour > 17 THEN 5 ELSE 0 END) > 14,
    level = CASE WHEN hour < 8 THEN 'gold' WHEN device = 'phone' AND bid > 3 THEN 'silver' ELSE 'bronze' END,
    revenue = 2 + coalesce(bid, 1) * (CASE device WHEN 'phone' THEN 3 ELSE 1 END) + id * 13 % 17 / 10.0;

-- one row: the base, then the columns by size
SELECT model FROM orchard.train('small', 'SELECT device, hour, bid, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 20, "calibration": "none"}');
SELECT feature, value, round(contribution::numeric, 4) AS contribution, round(response_contribution::numeric, 4) AS response, rank, sentence
FROM orchard.explain('small', '{"device": "phone", "hour": 20, "bid": 4.5}');
SELECT feature, value, rank, sentence FROM orchard.explain('small', '{"device": "phone", "hour": 20}') WHERE feature = 'bid';

-- sums, for every algorithm and task: to log-odds or value, and to the prediction
CREATE FUNCTION check_sums(model text, source text, of_score text) RETURNS TABLE (rows bigint, scores bigint, answers bigint, bases bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT count(*), count(*) FILTER (WHERE abs(score - %s) <= 1e-9 * greatest(1, abs(score))), count(*) FILTER (WHERE abs(answer - p) <= 1e-12 * greatest(1, abs(p))), count(DISTINCT base)
         FROM (SELECT orchard.predict(%L, t) AS p, x.* FROM (%s) AS t,
             LATERAL (SELECT sum(contribution) AS score, sum(response_contribution) AS answer, max(contribution) FILTER (WHERE rank = 0) AS base FROM orchard.explain(%L, t)) AS x) AS s',
        of_score, model, source, model);
END $$;
SELECT * FROM check_sums('small', 'SELECT * FROM ads LIMIT 200', 'ln(p / (1 - p))');
SELECT features FROM orchard.train('wide', 'SELECT * FROM ads', 'clicked', 'gradient_boosting',
    '{"n_estimators": 20, "exclude": ["id", "level", "revenue"], "text_columns": ["copy"], "calibration": "none"}');
SELECT * FROM check_sums('wide', 'SELECT * FROM ads LIMIT 200', 'ln(p / (1 - p))');
SELECT model FROM orchard.train('grove', 'SELECT * FROM ads', 'clicked', 'random_forest', '{"n_estimators": 10, "max_depth": 6, "exclude": ["id", "level", "revenue"]}');
SELECT * FROM check_sums('grove', 'SELECT * FROM ads LIMIT 200', 'p');
SELECT model FROM orchard.train('oak', 'SELECT * FROM ads', 'clicked', 'decision_tree', '{"positive_class": "false", "exclude": ["id", "level", "revenue"]}');
SELECT * FROM check_sums('oak', 'SELECT * FROM ads LIMIT 200', 'p');
SELECT model FROM orchard.train('revenue', 'SELECT * FROM ads', 'revenue', 'gradient_boosting', '{"n_estimators": 20, "exclude": ["id", "level", "clicked"]}');
SELECT * FROM check_sums('revenue', 'SELECT * FROM ads LIMIT 200', 'p');
SELECT model FROM orchard.train('poisson', 'SELECT * FROM ads', 'revenue', 'gradient_boosting', '{"n_estimators": 20, "objective": "poisson", "exclude": ["id", "level", "clicked"]}');
SELECT * FROM check_sums('poisson', 'SELECT * FROM ads LIMIT 200', 'ln(p)');
-- a calibrated model: the scores are those before calibration, the answers those behind it
SELECT model FROM orchard.train('curved', 'SELECT * FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 20, "calibration": "isotonic", "exclude": ["id", "level", "revenue"]}');
SELECT rows, answers FROM check_sums('curved', 'SELECT * FROM ads LIMIT 200', 'score');

-- more than two classes: the most probable, or the one asked for; all classes together gain what they lose
SELECT model FROM orchard.train('level', 'SELECT * FROM ads', 'level', 'gradient_boosting', '{"n_estimators": 10, "exclude": ["id", "revenue", "clicked"], "calibration": "none"}');
SELECT feature, value, sentence FROM ads, orchard.explain('level', ads) WHERE id = 3 AND rank < 3;
SELECT feature, sentence FROM ads, orchard.explain('level', ads, class => 'gold') WHERE id = 3 AND rank < 2;
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(answer - (orchard.predict_proba('level', t) ->> class)::float8) < 1e-12) AS answers
FROM (SELECT * FROM ads LIMIT 50) AS t, unnest(ARRAY['gold', 'silver', 'bronze']) AS class,
    LATERAL (SELECT sum(response_contribution) AS answer FROM orchard.explain('level', t, class)) AS x;
SELECT bool_and(abs(together) < 1e-6) AS nothing_is_gained
FROM (SELECT sum(response_contribution) AS together FROM ads, unnest(ARRAY['gold', 'silver', 'bronze']) AS class, orchard.explain('level', ads, class) AS x
      WHERE id < 20 AND rank > 0 GROUP BY id, x.feature) AS s;
-- the other class of two
SELECT a.feature, a.contribution = -b.contribution AS opposite, b.sentence
FROM orchard.explain('small', '{"hour": 3}') AS a JOIN orchard.explain('small', '{"hour": 3}', class => 'false') AS b USING (feature) WHERE a.rank > 0 ORDER BY a.rank;

-- derived features are summed into their column, or stand by themselves
SELECT count(*) AS columns, array_agg(feature ORDER BY feature) AS features FROM ads, orchard.explain('wide', ads) WHERE id = 10;
SELECT count(*) > 12 AS more, bool_or(feature = 'shown_at.hour') AS parts, bool_or(feature = 'e[2]') AS elements, bool_or(feature LIKE 'copy:%') AS tokens
FROM ads, orchard.explain('wide', ads, derived => true) WHERE id = 10;
SELECT bool_and(abs(c.contribution - d.contribution) < 1e-12) AS same
FROM (SELECT feature, contribution FROM ads, orchard.explain('wide', ads) WHERE id = 10) AS c
JOIN (SELECT regexp_replace(feature, '[.:[].*', '') AS feature, sum(contribution) AS contribution FROM ads, orchard.explain('wide', ads, derived => true) WHERE id = 10 GROUP BY 1) AS d USING (feature);
SELECT feature, value FROM ads, orchard.explain('wide', ads, derived => true) WHERE id = 10 AND feature IN ('shown_at', 'shown_at.hour', 'e[2]', 'device', 'copy.words') ORDER BY feature;

-- every way to give a row
SELECT count(*) AS rows, count(*) FILTER (WHERE r = j AND r = k AND r = l) AS same
FROM (SELECT (SELECT array_agg(contribution ORDER BY feature) FROM orchard.explain('wide', ads)) AS r,
          (SELECT array_agg(contribution ORDER BY feature) FROM orchard.explain('wide', to_jsonb(ads))) AS j,
          (SELECT array_agg(contribution ORDER BY feature) FROM orchard.explain('wide', row_to_json(ads))) AS k,
          (SELECT array_agg(contribution ORDER BY feature) FROM orchard.explain('wide', to_jsonb(ads)::text)) AS l
      FROM ads WHERE id <= 50) AS s;
SELECT feature, value FROM orchard.explain('wide', '{"e": [1, 2], "mood": "sad", "returning": true, "bid": "1.5"}') WHERE value IS NOT NULL ORDER BY feature;
SELECT count(*) FROM orchard.explain('small', NULL::jsonb);
SELECT count(*) FROM orchard.explain(NULL, '{}');
SELECT (orchard.explain('small', '{"hour": 3}')).rank;

-- columns that the model cleans: one column of the row is one column of the explanation, what is made of several stands by itself
CREATE TABLE raw AS SELECT CASE WHEN id % 9 = 0 THEN 'n/a' ELSE '$' || bid END AS offer, upper(device) || ' ' AS device, hour, clicked FROM ads WHERE bid IS NOT NULL;
SELECT model FROM orchard.train('cleaned', 'raw', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "clean": "auto", "calibration": "none"}');
SELECT feature, value, sentence LIKE feature || ' = %' AS named FROM (SELECT * FROM raw ORDER BY offer DESC, hour LIMIT 1) AS r, orchard.explain('cleaned', r) ORDER BY feature;
SELECT model FROM orchard.train('ratio', 'SELECT bid, hour + 1 AS hour, clicked FROM ads', 'clicked', 'gradient_boosting',
    '{"n_estimators": 10, "calibration": "none", "clean": [{"step": "ratio", "numerator": "bid", "denominator": "hour", "name": "bid_an_hour"}]}');
SELECT feature, value FROM orchard.explain('ratio', '{"bid": 3, "hour": 2}') ORDER BY feature;
SELECT feature, value FROM orchard.explain('ratio', '{"bid": 3, "hour": 2}', derived => true) ORDER BY feature;
SELECT * FROM check_sums('cleaned', 'SELECT * FROM raw LIMIT 100', 'ln(p / (1 - p))');

-- in parallel workers
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT count(*) FILTER (WHERE plan LIKE '%Gather%') > 0 AS parallel, count(*) FILTER (WHERE plan LIKE '%Function Scan on explain%') AS calls
FROM plan_of('SELECT sum(score) FROM (SELECT (SELECT sum(contribution) FROM orchard.explain(''revenue'', ads)) AS score FROM ads) AS s') AS plan;
SELECT count(*) FILTER (WHERE abs(score - p) < 1e-9) AS scores
FROM (SELECT orchard.predict('revenue', ads) AS p, (SELECT sum(contribution) FROM orchard.explain('revenue', ads)) AS score FROM ads) AS s;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;

-- counts by exposure; a target that the model cleans
SELECT model FROM orchard.train('rate', 'SELECT device, hour, 1 + id % 50 AS shown, id % 7 * (1 + id % 50) / 20 AS clicks FROM ads', 'clicks', 'gradient_boosting', '{"objective": "poisson", "exposure": "shown", "n_estimators": 10}');
SELECT feature, value, sentence ~ '(raises|lowers|does not change|starts)' AS told FROM orchard.explain('rate', '{"device": "phone", "hour": 3}');
SELECT kind, count(*) AS columns FROM orchard.importance('rate', 'SELECT device, hour, 1 + id % 50 AS shown, id % 7 * (1 + id % 50) / 20 AS clicks FROM ads', repeats => 5) GROUP BY kind ORDER BY kind;
SELECT count(*) FROM orchard.importance('rate', 'SELECT device, hour, id AS clicks FROM ads');
SELECT count(*) FROM orchard.importance('rate', 'SELECT device, hour, 0 AS shown, id AS clicks FROM ads');
SELECT model FROM orchard.train('answer', 'SELECT device, hour, CASE WHEN clicked THEN ''YES '' ELSE ''no'' END AS answer FROM ads', 'answer', 'gradient_boosting',
    '{"n_estimators": 10, "clean": [{"step": "trim"}, {"step": "case", "columns": "answer"}]}');
SELECT kind, count(*) AS columns, bool_or(low > 0) AS certain
FROM orchard.importance('answer', 'SELECT device, hour, CASE WHEN clicked THEN ''Yes '' ELSE ''NO'' END AS answer FROM ads', repeats => 5) GROUP BY kind ORDER BY kind;
SELECT model FROM orchard.train('price', 'SELECT device, hour, round(revenue) || '' USD'' AS price FROM ads', 'price', 'gradient_boosting',
    '{"n_estimators": 10, "clean": [{"step": "parse_number", "columns": "price"}]}');
SELECT kind, count(*) AS columns, bool_or(low > 0) AS certain
FROM orchard.importance('price', 'SELECT device, hour, round(revenue) || '' USD'' AS price FROM ads', repeats => 5) GROUP BY kind ORDER BY kind;

-- a set for BI
SELECT key, round(score::numeric, 4) AS score, class, features, "values", sentence FROM orchard.explain_source('small', 'SELECT * FROM ads WHERE id < 4', top => 2) ORDER BY key;
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(base + others + (SELECT sum(c) FROM unnest(contributions) AS c) - ln(score / (1 - score))) < 1e-9) AS scores,
    count(*) FILTER (WHERE abs(response_base + response_others + (SELECT sum(c) FROM unnest(response_contributions) AS c) - score) < 1e-12) AS answers,
    count(*) FILTER (WHERE cardinality(features) <= 3) AS at_most_three
FROM orchard.explain_source('wide', 'ads');
SELECT count(*) AS rows, count(*) FILTER (WHERE x.score = orchard.predict('wide', a)) AS scores,
    count(*) FILTER (WHERE x.contributions[1] = (SELECT contribution FROM orchard.explain('wide', a) WHERE rank = 1)) AS largest
FROM orchard.explain_source('wide', 'ads', key => ARRAY['id']) AS x JOIN ads AS a ON a.id = (x.key ->> 'id')::int WHERE a.id <= 100;
SELECT key, class, features[1] AS feature, cardinality(features) AS columns FROM orchard.explain_source('level', 'SELECT * FROM ads WHERE id IN (1, 2)', top => NULL, class => 'silver') ORDER BY key;
SELECT model FROM orchard.train('many', 'SELECT device, hour, bid, (id % 20)::text AS class FROM ads', 'class', 'gradient_boosting', '{"n_estimators": 3}');
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(response_base + response_others + coalesce((SELECT sum(c) FROM unnest(response_contributions) AS c), 0) - score) < 1e-12) AS answers
FROM orchard.explain_source('many', 'SELECT * FROM ads WHERE id <= 1000', key => '{id}');
SELECT key, round(score::numeric, 3) AS score, class, features, sentence FROM orchard.explain_source('revenue', 'SELECT * FROM ads WHERE id = 8', 1);
SELECT count(*) FROM orchard.explain_source('small', 'SELECT * FROM ads WHERE false');

-- what columns are worth: by splits, and on rows
SELECT feature, kind, round(importance::numeric, 3) AS importance, low, high, rank FROM orchard.importance('small');
SELECT feature, kind, round(importance::numeric, 3) AS importance, low <= importance AND importance <= high AS inside, rank
FROM orchard.importance('small', 'ads') WHERE kind IN ('mean_abs_shap', 'permutation');
SELECT bool_and(abs(i.importance - s.size) < 1e-12) AS same
FROM orchard.importance('wide', 'ads') AS i
JOIN (SELECT x.feature, avg(abs(contribution)) AS size FROM ads, orchard.explain('wide', ads) AS x GROUP BY 1) AS s USING (feature) WHERE kind = 'mean_abs_shap';
SELECT kind, count(*), round(sum(importance)::numeric, 6) AS sum FROM orchard.importance('wide', derived => true) WHERE kind = 'gain' GROUP BY 1;
SELECT (SELECT array_agg(i ORDER BY kind, rank) FROM orchard.importance('grove', 'ads', repeats => 5, seed => 3) AS i) = (SELECT array_agg(i ORDER BY kind, rank) FROM orchard.importance('grove', 'SELECT * FROM ads ORDER BY id', repeats => 5, seed => 3) AS i) AS same_again;
SELECT kind, count(*) AS columns, bool_or(low > 0) AS certain FROM orchard.importance('level', 'ads', repeats => 5) GROUP BY kind ORDER BY kind;
SELECT kind, count(*) AS columns, bool_or(low > 0) AS certain FROM orchard.importance('revenue', 'ads', repeats => 5) GROUP BY kind ORDER BY kind;
SELECT kind, count(*) AS columns, bool_or(low > 0) AS certain FROM orchard.importance('cleaned', 'raw', repeats => 5) GROUP BY kind ORDER BY kind;
-- on the rows that training held out, where it was asked for
SELECT model FROM orchard.train('small', 'SELECT device, hour, bid, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 20, "calibration": "none", "importance": true}');
SELECT feature, kind, round(importance::numeric, 3) AS importance, low <= importance AND importance <= high AS inside, rank
FROM orchard.importance('small') WHERE kind IN ('mean_abs_shap', 'permutation');
SELECT kind, count(*) FROM orchard.importance('small', derived => true) GROUP BY kind ORDER BY kind;
SELECT model FROM orchard.train('weighed', 'SELECT device, hour, bid, id, revenue FROM ads', 'revenue', 'random_forest', '{"n_estimators": 10, "sample_weight": "id", "refit": true, "importance": true}');
SELECT kind, count(*) AS columns, bool_or(low > 0) AS certain FROM orchard.importance('weighed') GROUP BY kind ORDER BY kind;
-- without the target, or with one class only, nothing can be lost
SET client_min_messages = notice;
SELECT kind, count(*) FROM orchard.importance('small', 'SELECT device, hour, bid FROM ads') GROUP BY kind ORDER BY kind;
SELECT kind, count(*) FROM orchard.importance('small', 'SELECT * FROM ads WHERE clicked') GROUP BY kind ORDER BY kind;
SET client_min_messages = warning;

-- compared with the rows of a background: sums hold, and the base is the mean of their scores
CREATE FUNCTION against(model text, row_text text, background text, OUT score float8, OUT answer float8, OUT base float8) LANGUAGE sql AS
$$ SELECT sum(contribution), sum(response_contribution), max(contribution) FILTER (WHERE rank = 0) FROM orchard.explain(model, row_text::jsonb, background => background) $$;
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(x.score - ln(p / (1 - p))) < 1e-9) AS scores, count(*) FILTER (WHERE abs(x.answer - p) < 1e-12) AS answers,
    count(*) FILTER (WHERE abs(x.base - (SELECT avg(ln(q / (1 - q))) FROM (SELECT orchard.predict('wide', b) AS q FROM ads AS b WHERE id <= 40) AS b)) < 1e-9) AS bases
FROM (SELECT to_jsonb(ads)::text AS j, orchard.predict('wide', ads) AS p FROM ads WHERE id BETWEEN 100 AND 130) AS s, against('wide', j, 'SELECT * FROM ads WHERE id <= 40') AS x;
-- by hand: over all mixtures of two rows
SELECT bool_and(abs(x.contribution - s.contribution) < 1e-9) AS same
FROM (SELECT feature, contribution FROM orchard.explain('revenue', (SELECT to_jsonb(ads) FROM ads WHERE id = 7), background => 'SELECT a.* FROM ads AS a WHERE id = 9')) AS x
JOIN (SELECT f AS feature, sum(CASE WHEN n >> place & 1 = 1 THEN 1 ELSE -1 END * orchard.predict('revenue', row)
        * (CASE WHEN n >> place & 1 = 1 THEN factorial(ones - 1) * factorial(9 - ones) ELSE factorial(ones) * factorial(8 - ones) END / factorial(9))::float8) AS contribution
      FROM (SELECT n, (SELECT count(*) FROM generate_series(0, 8) AS b WHERE n >> b & 1 = 1) AS ones,
                (SELECT jsonb_object_agg(c, CASE WHEN n >> (i::int - 1) & 1 = 1 THEN own -> c ELSE other -> c END) FROM unnest(names) WITH ORDINALITY AS u(c, i)) AS row, names
            FROM generate_series(0, 511) AS n, (SELECT to_jsonb(ads) AS own FROM ads WHERE id = 7) AS o, (SELECT to_jsonb(ads) AS other FROM ads WHERE id = 9) AS z,
                (VALUES (ARRAY['device', 'hour', 'bid', 'shown_at', 'mood', 'e', 'returning', 'copy', 'none'])) AS v(names)) AS s, unnest(names) WITH ORDINALITY AS u(f, i), LATERAL (SELECT i::int - 1 AS place) AS p
      GROUP BY 1) AS s USING (feature) WHERE feature <> 'none';
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(base + others + (SELECT sum(c) FROM unnest(contributions) AS c) - ln(score / (1 - score))) < 1e-9) AS scores,
    count(*) FILTER (WHERE x.contributions[1] = (SELECT contribution FROM orchard.explain('wide', a, background => 'SELECT * FROM ads WHERE id <= 40') WHERE rank = 1)) AS largest
FROM orchard.explain_source('wide', 'SELECT * FROM ads WHERE id <= 20', key => '{id}', background => 'SELECT * FROM ads WHERE id <= 40') AS x JOIN ads AS a ON a.id = (x.key ->> 'id')::int;
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(answer - (orchard.predict_proba('level', j::jsonb) ->> orchard.predict_label('level', j::jsonb))::float8) < 1e-12) AS answers
FROM (SELECT to_jsonb(ads)::text AS j FROM ads WHERE id <= 20) AS s, against('level', j, 'ads') AS x;

-- which columns a model takes together
SELECT feature, feature2, round(strength::numeric, 4) AS strength, round(share::numeric, 3) AS share, rank FROM orchard.interactions('small');
SELECT count(*) > 3 AS pairs, round(sum(share)::numeric, 9) AS whole, bool_and(strength > 0) AS some FROM orchard.interactions('wide', 'SELECT * FROM ads WHERE id <= 100');
SELECT bool_or(feature = 'shown_at.hour' OR feature2 = 'shown_at.hour') AS parts FROM orchard.interactions('wide', derived => true, sample => 50);
SELECT count(*) AS pairs FROM orchard.interactions('level', sample => 50);
SELECT (SELECT array_agg(i) FROM orchard.interactions('small', 'SELECT * FROM ads ORDER BY id', sample => 100) AS i) = (SELECT array_agg(i) FROM orchard.interactions('small', 'SELECT * FROM ads ORDER BY id DESC', sample => 100) AS i) AS same;

-- rows that a model does not tell apart
SELECT rank, similarity, distance, source_row, actual, round(prediction::numeric, 4) AS prediction, label FROM orchard.similar_rows('small', '{"device": "phone", "hour": 20, "bid": 4.5}', top => 3);
SELECT count(*) AS rows, bool_and(similarity = 1 - distance) AS shares, bool_and(abs(prediction - orchard.predict('grove', source_row)) < 1e-12) AS predictions, bool_and(actual::bool = (source_row ->> 'clicked')::bool) AS actuals,
    array_agg(rank) = ARRAY[1, 2, 3, 4, 5] AS ranked, max(similarity) = 1 AS itself, min((source_row ->> 'id')::int) FILTER (WHERE rank = 1) AS first
FROM ads AS a, orchard.similar_rows('grove', a, 'ads', top => 5) WHERE a.id = 77;
SELECT (SELECT array_agg(s) FROM orchard.similar_rows('grove', '{"hour": 5}', 'SELECT * FROM ads ORDER BY id') AS s) = (SELECT array_agg(s) FROM orchard.similar_rows('grove', '{"hour": 5}', 'SELECT * FROM ads ORDER BY id DESC') AS s) AS same;
SELECT rank, similarity, actual, round(prediction::numeric, 3) AS prediction, label FROM orchard.similar_rows('level', '{"device": "phone", "hour": 12, "bid": 4}', top => 2);
SELECT rank, similarity, source_row, actual FROM orchard.similar_rows('cleaned', '{"offer": "$2.1", "device": "phone", "hour": 3}', 'SELECT offer, device, hour FROM raw', top => 2);
SELECT source_row FROM orchard.similar_rows('small', '{"device": "phone", "hour": 20, "bid": 4.5}', 'SELECT device, hour, bid, 1 AS s, 2 AS row FROM ads', top => 1);
SELECT count(*) FROM orchard.similar_rows('small', NULL::jsonb);

-- errors
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM orchard.explain('nothing', '{}');
SELECT * FROM orchard.explain('small', '[]');
SELECT * FROM orchard.explain('small', '{}', class => 'maybe');
SELECT * FROM orchard.explain('revenue', '{}', class => 'maybe');
SELECT * FROM orchard.explain('small', (SELECT row(1, 2)));
SELECT * FROM orchard.explain_source('small', NULL);
SELECT * FROM orchard.explain_source('small', 'ads', 0);
SELECT * FROM orchard.explain_source('small', 'SELECT hour FROM ads');
SELECT * FROM orchard.explain_source('small', 'SELECT device, hour::text, bid FROM ads');
SELECT * FROM orchard.explain_source('small', 'ads', key => '{ID}');
SELECT * FROM orchard.explain_source('small', 'DELETE FROM ads RETURNING *');
SELECT model FROM orchard.train('groups', 'SELECT bid, hour FROM ads', algorithm => 'kmeans', options => '{"n_clusters": 2}');
SELECT * FROM orchard.explain('groups', '{"hour": 3}');
SELECT * FROM orchard.explain_source('groups', 'ads');
SELECT * FROM orchard.importance('groups');
SELECT rank, round(similarity::numeric, 3) AS similarity, round(distance::numeric, 3) AS distance, prediction, label FROM orchard.similar_rows('groups', '{"hour": 3, "bid": 2}', top => 2);
SELECT * FROM orchard.interactions('groups');
SELECT * FROM orchard.interactions('small', sample => 0);
SELECT * FROM orchard.interactions('small', 'SELECT hour FROM ads');
SELECT * FROM orchard.explain('small', '{}', background => 'SELECT * FROM ads WHERE false');
SELECT * FROM orchard.explain('small', '{}', background => 'SELECT hour FROM ads');
SELECT * FROM orchard.explain_source('small', 'ads', background => 'nothing');
SELECT * FROM orchard.similar_rows('small', '{}', top => 0);
SELECT * FROM orchard.similar_rows('small', '{}', 'SELECT hour FROM ads');
SELECT * FROM orchard.similar_rows('nothing', '{}');
SELECT * FROM orchard.importance('small', 'SELECT * FROM ads WHERE false');
SELECT * FROM orchard.importance('small', 'ads', repeats => 4);
SELECT * FROM orchard.importance('small', 'SELECT device, hour, bid, level AS clicked FROM ads ORDER BY id');
SELECT * FROM orchard.importance('revenue', 'SELECT device, hour, bid, shown_at, mood, e, "returning", copy, level AS revenue FROM ads');
SET statement_timeout = '100ms';
SELECT count(*) FROM orchard.importance('wide', 'SELECT a.* FROM ads AS a, generate_series(1, 30)', repeats => 1000);
SELECT count(*) FROM orchard.explain_source('wide', 'SELECT a.* FROM ads AS a, generate_series(1, 1000)');
SELECT count(*) FROM orchard.similar_rows('wide', '{}', 'SELECT a.* FROM ads AS a, generate_series(1, 3000)');
SELECT count(*) FROM orchard.interactions('wide', 'SELECT a.* FROM ads AS a, generate_series(1, 30)', sample => 90000);
SELECT count(*) FROM orchard.explain_source('wide', 'SELECT a.* FROM ads AS a, generate_series(1, 1000)', background => 'ads');
RESET statement_timeout;
-- rights, and where it may run
CREATE ROLE regress_explain_reader;
GRANT SELECT ON ads TO regress_explain_reader;
SET ROLE regress_explain_reader;
SELECT * FROM orchard.explain('small', '{}');
SELECT * FROM orchard.explain_source('small', 'ads');
SELECT * FROM orchard.importance('small');
RESET ROLE;
SELECT orchard.grant('small', 'regress_explain_reader');
SET ROLE regress_explain_reader;
SET default_transaction_read_only = on;
SELECT count(*) FROM orchard.explain('small', '{}');
SELECT count(*) FROM orchard.explain_source('small', 'ads');
RESET default_transaction_read_only;
RESET ROLE;
DROP OWNED BY regress_explain_reader;
DROP ROLE regress_explain_reader;
-- what a column of numbers cannot read counts as missing, and the sentence says so
SELECT feature, value, sentence LIKE '% counts as missing, which %' AS said FROM orchard.explain('small', '{"hour": "late", "device": "mobile"}') WHERE feature IN ('hour', 'device') ORDER BY feature;

-- Cleaning inside a model: raw columns go in, whoever asks and however.
SET TimeZone = 'UTC';
CREATE TYPE grade AS ENUM ('low', 'high');
CREATE TABLE flats AS
SELECT i AS id, '$' || to_char(100 + (i * 37) % 400, 'FM999,990.00') AS price, (i * 37) % 400 / 4 || '%' AS rate,
    (ARRAY['Yes', 'no', 'N/A', ' yes '])[1 + i % 4] AS pets, (ARRAY['Berlin', 'berlin', ' Hamburg', NULL])[1 + i % 4] AS city,
    to_char(date '2024-01-01' + i % 300, 'DD/MM/YYYY') AS since, (ARRAY['low', 'high'])[1 + i % 2]::grade AS grade, timestamptz '2024-01-01' + i * interval '1 hour' AS seen,
    (100 + (i * 37) % 400) * 2 + 50 * (i % 4 IN (0, 3))::int + i % 10 AS rent FROM generate_series(1, 1000) AS i;
SET client_min_messages = warning;
SELECT rows, features, metric, score > 0.9 AS good FROM orchard.train('rent', 'SELECT * FROM flats', 'rent', 'gradient_boosting', '{"clean": "auto", "exclude": ["id"]}');
SELECT pg_get_function_arguments('predict_rent'::regproc);

-- by columns, by rows, by JSON, by the set, many at once or not
SELECT count(*), count(*) FILTER (WHERE a = b AND b = c AND c = d) AS alike FROM (
    SELECT predict_rent(price, rate, pets, city, since, grade, seen) AS a, orchard.predict('rent', f) AS b, orchard.predict('rent', to_jsonb(f)) AS c,
        orchard.predict('rent', to_jsonb(f) || jsonb_build_object('unused', 1)) AS d FROM flats AS f) AS s;
SELECT count(*) FROM orchard.score('rent', 'flats', '{id}') AS s JOIN flats AS f ON f.id = (s.key ->> 'id')::int
WHERE s.score IS DISTINCT FROM predict_rent(price, rate, pets, city, since, grade, seen);
SELECT sum(predict_rent(price, rate, pets, city, since, grade, seen)) = (SELECT sum(p) FROM (SELECT predict_rent(price, rate, pets, city, since, grade, seen) AS p FROM flats OFFSET 0) AS s) AS same FROM flats;

-- what the model sees
SELECT orchard.cleaned_row('rent', f) FROM flats AS f WHERE id IN (1, 2) ORDER BY id;
SELECT orchard.cleaned_row('rent', '{"price": "$1,250.00", "pets": "YES", "since": "31/12/2023"}');
SELECT predict_rent('call us', NULL, '', 'Atlantis', '31/02/2024', NULL, 'infinity') IS NOT NULL AS no_error;

-- judged on another source, raw as it was
SELECT metric, round(value::numeric, 2) > 0.9 AS good FROM orchard.evaluate('rent', 'SELECT * FROM flats WHERE id > 500') WHERE metric = 'r2';

-- a target that is text
CREATE TABLE sales AS SELECT i % 50 AS a, i % 7 AS b, '€' || (i % 50) * 3 || ',50' AS paid FROM generate_series(1, 500) AS i;
SELECT metric, score > 0.95 AS good FROM orchard.train('paid', 'sales', 'paid', 'decision_tree', '{"clean": [{"step": "parse_number", "columns": "paid", "decimal": ","}]}');
SELECT round(predict_paid(10, 3)) AS about_30;
SELECT value > 0.95 AS good FROM orchard.evaluate('paid', 'sales') WHERE metric = 'r2';
SELECT task FROM orchard.train('paid_auto', 'sales', 'paid', 'decision_tree', '{"clean": "auto"}');

-- fitted on the training rows alone: the held-out rows, the latest here, do not move the mean
SELECT count(*) FROM orchard.train('fit', 'SELECT i AS t, CASE WHEN i <= 800 AND i % 2 = 0 THEN 1.0 WHEN i > 800 THEN 1000 END AS x, i % 2 AS y FROM generate_series(1, 1000) AS i', 'y', 'decision_tree',
    '{"clean": [{"step": "impute", "columns": "x", "strategy": "mean"}], "time_column": "t"}');
SELECT orchard.cleaned_row('fit', '{"x": null}');

-- every learner, and the search
SELECT algorithm, features FROM orchard.train('segments', 'SELECT price, rate, pets FROM flats', NULL, 'kmeans', '{"clean": [{"step": "parse_number", "columns": ["price", "rate"]}, {"step": "standardize"}], "n_clusters": 3}');
SELECT count(DISTINCT predict_segments(price, rate, pets)) FROM flats;
SELECT count(*) FROM orchard.tune('tuned', 'SELECT price, pets, rent FROM flats', 'rent', 'decision_tree', '{"max_depth": [2, 6]}', '{"clean": "auto", "cv": 3}');
SELECT orchard.cleaned_row('tuned', '{"price": "$100.00", "pets": "no"}');
SELECT score > 0.5 FROM orchard.train('encoded', 'SELECT city, pets, price, rent FROM flats', 'rent', 'decision_tree', '{"clean": [{"step": "trim"}, {"step": "target_encode", "columns": ["city", "pets"]}, {"step": "parse_number", "columns": "price"}]}');
SELECT features FROM orchard.train('fewer', 'SELECT price, rate, rent FROM flats', 'rent', 'decision_tree',
    '{"clean": [{"step": "parse_number"}, {"step": "ratio", "numerator": "price", "denominator": "rate", "name": "per_rate"}, {"step": "drop_column", "columns": "price"}]}');
SELECT pg_get_function_arguments('predict_fewer'::regproc);

-- in a search each fold has a cleaning of its own: levels that only judged rows have are not known
SELECT mean_score < 0.6 AS nothing_learned FROM orchard.tune('ordered', 'SELECT to_char(i, ''FM0000'') AS c, i > 500 AS y FROM generate_series(1, 1000) AS i', 'y', 'decision_tree', '{"max_depth": [2, 4]}',
    '{"clean": [{"step": "ordinal", "columns": "c"}], "metric": "roc_auc"}');

-- weights, exposures, offsets, times and groups as texts
CREATE TABLE policies AS SELECT i % 40 AS age, i % 3 + (i % 40) / 10 AS claims, (1 + i % 5) || ' years' AS held, '$' || (1 + i % 5) || ',000.00' AS insured, i % 4 || ' %' AS off, (1 + i % 2)::text AS w,
    to_char(date '2024-01-01' + i, 'DD.MM.YYYY') AS day, (ARRAY['North', 'NORTH ', 'south'])[1 + i % 3] AS region, 1000.0 * (1 + i % 5) AS amount, (i % 4) / 100.0 AS addend, date '2024-01-01' + i AS on_day FROM generate_series(1, 600) AS i;
SELECT metric, score FROM orchard.train('text_beside', 'SELECT age, claims, insured, off, w, day FROM policies', 'claims', 'gradient_boosting',
    '{"objective": "poisson", "exposure": "insured", "offset": "off", "sample_weight": "w", "time_column": "day", "n_estimators": 20, "clean": "auto"}') \gset text_
SELECT metric, score FROM orchard.train('plain_beside', 'SELECT age, claims, amount, addend, w::int AS weight, on_day FROM policies', 'claims', 'gradient_boosting',
    '{"objective": "poisson", "exposure": "amount", "offset": "addend", "sample_weight": "weight", "time_column": "on_day", "n_estimators": 20}') \gset plain_
SELECT :text_score = :plain_score AS same;
SELECT a.metric, a.value = b.value AS same FROM orchard.evaluate('text_beside', 'policies') AS a JOIN orchard.evaluate('plain_beside', 'SELECT *, w::int AS weight FROM policies') AS b USING (metric) ORDER BY 1;
SELECT metric FROM orchard.train('grouped', 'SELECT age, claims, region, day FROM policies', 'claims', 'decision_tree',
    '{"group_columns": ["region"], "clean": [{"step": "trim", "columns": "region"}, {"step": "case", "columns": "region"}]}');
SELECT metric FROM orchard.train('timed', 'SELECT age, claims, day FROM policies', 'claims', 'decision_tree',
    '{"time_column": "day", "clean": [{"step": "parse_timestamp", "columns": "day", "format": "DD.MM.YYYY"}]}');
SELECT orchard.train('bad', 'SELECT age, claims, day FROM policies', 'claims', 'decision_tree', '{"time_column": "day"}');
SELECT orchard.train('bad', 'SELECT age, claims, day FROM policies', 'claims', 'decision_tree', '{"time_column": "day", "clean": [{"step": "trim"}]}');
SELECT orchard.train('bad', 'SELECT age, claims, held FROM policies', 'claims', 'decision_tree', '{"sample_weight": "held", "clean": "auto"}');
SELECT orchard.train('bad', 'SELECT age, claims, day FROM policies', 'claims', 'decision_tree', '{"time_column": "day", "clean": [{"step": "date_parts", "columns": "day"}]}');
SELECT orchard.train('bad', 'SELECT age, claims, day FROM policies', 'claims', 'decision_tree', '{"clean": [{"step": "ratio", "numerator": "claims", "denominator": "age"}]}');

-- the same bytes however the rows come
SELECT count(*) FROM unnest('{id, rent, price}'::text[]) AS o, orchard.train('same', 'SELECT price, rate, pets, city, since, rent FROM flats ORDER BY ' || o, 'rent', 'decision_tree', '{"clean": "auto"}');
SELECT count(*), count(DISTINCT checksum) FROM orchard.model_versions WHERE model = 'same';

-- rows that a step drops are not learned from
SELECT rows FROM orchard.train('dropped', 'SELECT price, pets, rent FROM flats', 'rent', 'decision_tree',
    '{"clean": [{"step": "drop_rows", "where": {"column": "pets", "is": "=", "value": "N/A"}}]}');
SELECT training_rows BETWEEN 580 AND 620 AS three_quarters, holdout_rows FROM orchard.model_versions WHERE model = 'dropped';

-- types that fit, and those that do not
SELECT predict_paid(1::smallint, 2::numeric) IS NOT NULL AS fits;
CREATE TYPE odd AS (price date, rate text, pets text, city text, since text, grade grade, seen timestamptz);
SELECT orchard.predict('rent', ROW('2024-01-01', '1%', 'no', 'x', '01/01/2024', 'low', now())::odd);
CREATE TYPE short AS (rate text);
SELECT orchard.predict('rent', ROW('1%')::short);

-- what is refused
SELECT orchard.train('bad', 'sales', 'paid', 'decision_tree', '{"clean": true}');
SELECT orchard.train('bad', 'sales', 'paid', 'decision_tree', '{"clean": [{"step": "standardize", "columns": "c"}]}');
SELECT orchard.train('bad', 'sales', 'a', 'decision_tree', '{"clean": [{"step": "standardize", "columns": "a"}]}');
SELECT orchard.train('bad', 'sales', 'b', 'decision_tree', '{"clean": [{"step": "drop_rows", "where": {"column": "a", "is": ">=", "value": 0}}]}');
SELECT orchard.train('bad', 'SELECT i % 3 || ''x'' AS y, i::text AS c FROM generate_series(1, 99) AS i', 'y', 'decision_tree', '{"clean": [{"step": "target_encode"}]}');
SELECT orchard.cleaned_row('bad', '{}');
CREATE TABLE plain AS SELECT i AS a, i % 2 AS y FROM generate_series(1, 100) AS i;
SELECT model FROM orchard.train('plain', 'plain', 'y', 'decision_tree', '{"features": ["a"]}');
SELECT orchard.cleaned_row('plain', '{}');
-- days that are kept as whole numbers are days to the model
CREATE TABLE loads AS SELECT to_char(date '2024-01-01' + i % 300, 'YYYYMMDD')::int AS day, (i % 300 < 150)::int AS y FROM generate_series(1, 600) AS i;
SELECT model FROM orchard.train('loads', 'loads', 'y', 'decision_tree', '{"clean": "auto"}');
SELECT orchard.cleaned_row('loads', '{"day": 20240229}'), orchard.cleaned_row('loads', '{"day": 20240230}'), predict_loads(20240115) > 0.9 AS early, predict_loads(20240915) < 0.1 AS late;
-- the labels of an enum stay as they are, whatever they say; a target of amounts that nobody can tell is said to be classes
CREATE TYPE answer AS ENUM ('N/A', 'Yes', 'yes');
CREATE TABLE answers AS SELECT (ARRAY['N/A', 'Yes', 'yes'])[i % 3 + 1]::answer AS m, i % 3 = 0 AS y, (ARRAY['1.200', '2.300', '3.100'])[i % 3 + 1] AS amount FROM generate_series(1, 300) AS i;
SELECT model FROM orchard.train('answers', 'SELECT m, y FROM answers', 'y', 'decision_tree', '{"clean": "auto"}');
SELECT predict_answers('N/A') > 0.9 AS kept, orchard.cleaned_row('answers', '{"m": "N/A"}');
SET client_min_messages = notice;
SELECT task FROM orchard.train('amounts', 'SELECT m, amount FROM answers', 'amount', 'decision_tree', '{"clean": "auto"}');

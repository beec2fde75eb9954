-- Models to be read: rules, drawings, SQL and PMML.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
SET jit = off;
CREATE TABLE ads AS
SELECT i AS id, (ARRAY['phone', 'tablet', 'it''s \o/', NULL])[i * 7 % 4 + 1] AS device, i % 24 AS "Hour", CASE WHEN i % 11 > 0 THEN (i * 37 % 100) / 10.0 END AS bid,
    timestamp '2026-01-05' + i % 500 * interval '1 hour' AS shown_at, date '2026-01-01' + i % 90 AS shown_on, i % 50 * interval '7 hours' AS age, i % 3 = 0 AS back
FROM generate_series(1, 2000) AS i;
ALTER TABLE ads ADD clicked boolean, ADD level text, ADD revenue float8;
UPDATE ads SET clicked = (id * 13 % 17 + CASE device WHEN 'phone' THEN 6 ELSE 0 END + CASE WHEN "Hour" > 17 THEN 5 ELSE 0 END) > 14,
    level = CASE WHEN "Hour" < 8 THEN 'gold' WHEN device = 'phone' AND bid > 3 THEN 'silver' ELSE 'bronze' END,
    revenue = 2 + coalesce(bid, 1) * (CASE device WHEN 'phone' THEN 3 ELSE 1 END) + id * 13 % 17 / 10.0;
SELECT model FROM orchard.train('tree', 'SELECT device, "Hour", bid, clicked FROM ads', 'clicked', 'decision_tree', '{"max_depth": 3}');
SELECT model FROM orchard.train('boosted', 'SELECT device, "Hour", bid, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 20, "calibration": "none"}');
SELECT model FROM orchard.train('level', 'SELECT device, "Hour", bid, level FROM ads', 'level', 'decision_tree');
SELECT model FROM orchard.train('levels', 'SELECT device, "Hour", bid, level FROM ads', 'level', 'gradient_boosting', '{"n_estimators": 5, "calibration": "none"}');
SELECT model FROM orchard.train('revenue', 'SELECT device, "Hour", bid, shown_at, shown_on, age, back, revenue FROM ads', 'revenue', 'random_forest', '{"n_estimators": 5, "max_depth": 5}');
SELECT model FROM orchard.train('segments', 'SELECT device, "Hour", bid FROM ads', NULL, 'kmeans', '{"n_clusters": 3}');

-- rules: the text, and a row a node
SELECT line FROM orchard.rules('tree');
SELECT node, parent, depth, leaf, rule, rows, round(share::numeric, 3) AS share, round(value::numeric, 3) AS value FROM orchard.rules('tree') WHERE leaf ORDER BY value DESC LIMIT 3;
SELECT line FROM orchard.rules('tree', max_depth => 1, class => 'false');
SELECT line FROM orchard.rules('boosted', 20, max_depth => 2);
SELECT line FROM orchard.rules('level');
SELECT label, classes FROM orchard.rules('level') WHERE node = 1;
SELECT line FROM orchard.rules('level', class => 'silver', max_depth => 1);
SELECT line FROM orchard.rules('levels', 2, max_depth => 1);
SELECT count(*) AS nodes, count(*) FILTER (WHERE leaf) AS leaves, count(DISTINCT parent) AS parents FROM orchard.rules('revenue', 3, max_depth => NULL);
-- the leaves part the rows, and the value of the root is their mean
SELECT sum(rows) = max(rows) FILTER (WHERE node = 1) * 2 AS parted FROM (SELECT * FROM orchard.rules('tree', max_depth => NULL)) AS r WHERE leaf OR node = 1;
SELECT abs(sum(value * share) FILTER (WHERE leaf) - max(value) FILTER (WHERE node = 1)) < 1e-12 AS mean FROM orchard.rules('tree', max_depth => NULL);

-- drawings
SELECT orchard.tree_diagram('tree', format => 'dot', max_depth => 2);
SELECT d LIKE '<svg xmlns="http://www.w3.org/2000/svg"%</svg>%' AS svg, d LIKE '%prefers-color-scheme:dark%' AS dark, d LIKE '%device = &apos;phone&apos;%' OR d LIKE '%device <>%' AS unescaped,
    (length(d) - length(replace(d, '<g>', ''))) / 3 AS nodes FROM orchard.tree_diagram('tree', max_depth => 2) AS d;

-- SQL: equal to the model
SELECT orchard.to_sql('tree');
CREATE TABLE probes AS
SELECT i AS id, CASE i * 7 % 6 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'never seen' WHEN 3 THEN 'it''s \o/' ELSE 'phone' END AS device, CASE WHEN i % 9 > 0 THEN (i % 29 - 2)::float8 WHEN i % 2 = 0 THEN 'NaN' END AS "Hour",
    CASE i * 3 % 11 WHEN 0 THEN NULL WHEN 1 THEN 'NaN'::numeric WHEN 2 THEN 12345.678901 ELSE i % 101 / 10.0 END AS bid,
    CASE i * 5 % 13 WHEN 0 THEN NULL WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' ELSE timestamp '2026-01-01' + i * interval '17 minutes' END AS shown_at,
    CASE i * 5 % 17 WHEN 0 THEN NULL WHEN 1 THEN 'infinity' ELSE date '2025-12-25' + i % 100 END AS shown_on, CASE WHEN i % 7 > 0 THEN i % 60 - 5 END * interval '7 hours 1.5 s' AS age, CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END AS back
FROM generate_series(1, 2000) AS i;
CREATE FUNCTION check_sql(model text, class text DEFAULT NULL) RETURNS TABLE (rows bigint, equal bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT count(*), count(*) FILTER (WHERE abs(a - b) <= 1e-12 * greatest(1, abs(b))) FROM (SELECT (%s)::float8 AS a, %s AS b FROM probes AS t OFFSET 0) AS s',
        orchard.to_sql(model, class, alias => 't'),
        CASE WHEN class IS NULL THEN format('orchard.predict(%L, t)', model) ELSE format('(orchard.predict_proba(%L, t) ->> %L)::float8', model, class) END);
END $$;
SELECT m AS model, c.* FROM unnest(ARRAY['tree', 'boosted', 'revenue', 'segments']) AS m, check_sql(m) AS c;
SELECT m AS model, k AS class, c.* FROM unnest(ARRAY['level', 'levels']) AS m, unnest(ARRAY['gold', 'silver', 'bronze']) AS k, check_sql(m, k) AS c;
SELECT * FROM check_sql('tree', 'false');
-- in a column that is computed when it is written, without the extension
DO $$ BEGIN EXECUTE 'CREATE TABLE kept (device text, "Hour" float8, bid numeric, score float8 GENERATED ALWAYS AS (' || orchard.to_sql('tree') || ') STORED)'; END $$;
INSERT INTO kept SELECT device, "Hour", bid FROM probes;
SELECT count(*) AS rows, count(*) FILTER (WHERE score = orchard.predict('tree', kept)) AS equal FROM kept;
-- calibrated, other links, one class
SELECT model FROM orchard.train('curved', 'SELECT device, "Hour", bid, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "calibration": "isotonic", "positive_class": "false"}');
SELECT model FROM orchard.train('poisson', 'SELECT device, "Hour", bid, revenue FROM ads', 'revenue', 'gradient_boosting', '{"n_estimators": 10, "objective": "poisson"}');
SELECT model FROM orchard.train('curves', 'SELECT device, "Hour", bid, level FROM ads', 'level', 'random_forest', '{"n_estimators": 5, "max_depth": 3, "calibration": "sigmoid"}');
SELECT m AS model, c.* FROM unnest(ARRAY['curved', 'poisson']) AS m, check_sql(m) AS c;
SELECT * FROM check_sql('curves', 'gold');
-- models that clean: plain SQL goes in front, what needs the extension does not
SELECT model FROM orchard.train('cleaned', 'SELECT upper(device) || '' '' AS device, "Hour", bid, clicked FROM ads', 'clicked', 'gradient_boosting',
    '{"n_estimators": 5, "calibration": "none", "clean": [{"step": "trim"}, {"step": "impute", "columns": "bid"}, {"step": "ratio", "numerator": "bid", "denominator": "Hour", "name": "per hour"}]}');
SELECT * FROM check_sql('cleaned');
SELECT model FROM orchard.train('parsed', 'SELECT ''$'' || bid AS bid, "Hour", clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 5, "clean": [{"step": "normalize_unicode", "columns": "bid"}]}');
SELECT orchard.to_sql('parsed');
SELECT orchard.to_sql('parsed', cleaned => true) LIKE '(SELECT%' AS over_the_cleaned_columns;
SELECT orchard.to_pmml('parsed');

-- PMML
SELECT p LIKE '<?xml version="1.0" encoding="UTF-8"?>%</PMML>%' AS whole, (length(p) - length(replace(p, '<TreeModel', ''))) / 10 AS trees,
    p LIKE '%<DataField name="Hour" optype="continuous" dataType="double"/>%' AS fields FROM orchard.to_pmml('boosted') AS p;
SELECT (length(p) - length(replace(p, '<TreeModel', ''))) / 10 AS trees FROM orchard.to_pmml('level') AS p;
SELECT p LIKE '%dateDaysSinceYear%' AS dates FROM orchard.to_pmml('revenue') AS p;
SELECT orchard.to_pmml('parsed', cleaned => true) LIKE '%<PMML%' AS over_the_cleaned_columns;

-- what cannot be
\set VERBOSITY default
SELECT * FROM orchard.rules('boosted', 21);
SELECT * FROM orchard.rules('tree', 0);
SELECT * FROM orchard.rules('tree', max_depth => -1);
SELECT * FROM orchard.rules('tree', levels => 0);
SELECT * FROM orchard.rules('tree', class => 'perhaps');
SELECT * FROM orchard.rules('revenue', class => 'gold');
SELECT * FROM orchard.rules('segments');
SELECT * FROM orchard.rules(NULL);
SELECT orchard.tree_diagram('tree', format => 'png');
SELECT orchard.tree_diagram('tree', max_depth => 13);
SELECT orchard.tree_diagram('segments');
SELECT orchard.to_sql('level');
SELECT orchard.to_sql('segments', class => '1');
SELECT orchard.to_sql('no_such_model');
SELECT orchard.to_pmml('segments');
SELECT model FROM orchard.train('words', 'SELECT device || '' now'' AS copy, "Hour", device = ''phone'' AS clicked FROM ads WHERE device IS NOT NULL', 'clicked', 'decision_tree', '{"text_columns": ["copy"]}');
SELECT line FROM orchard.rules('words');
SELECT orchard.to_sql('words');
SELECT orchard.to_pmml('words');
SET TimeZone = 'CET';
SELECT model FROM orchard.train('zone', 'SELECT shown_at::timestamptz AS seen_at, "Hour", clicked FROM ads', 'clicked', 'decision_tree');
SELECT orchard.to_sql('zone');
RESET TimeZone;
-- who may not use the model may not read it
CREATE ROLE reading_nobody;
GRANT USAGE ON SCHEMA public TO reading_nobody;
SET ROLE reading_nobody;
SELECT * FROM orchard.rules('tree');
SELECT orchard.to_sql('tree');
SELECT orchard.to_pmml('tree');
SELECT orchard.tree_diagram('tree');
RESET ROLE;
SELECT orchard.grant('tree', 'reading_nobody');
SET ROLE reading_nobody;
SELECT count(*) > 3 AS read FROM orchard.rules('tree');
RESET ROLE;
DROP OWNED BY reading_nobody;
DROP ROLE reading_nobody;
-- k-means of a truth value, and large numbers told apart
CREATE TABLE kb AS SELECT i % 2 = 0 AS b, (i * 7 % 11)::float8 AS x FROM generate_series(1, 500) AS i;
SELECT metric FROM orchard.train('kb', 'kb', options => '{"n_clusters": 2}');
SELECT orchard.to_sql('kb') AS s \gset
SELECT count(*) AS wrong FROM kb WHERE (:s) <> predict_kb(b, x);
CREATE TABLE big AS SELECT 1234560000 + i AS n, (i > 1503)::int * 10 + i % 3 AS y FROM generate_series(1, 3000) AS i;
SELECT metric FROM orchard.train('big', 'big', 'y', 'decision_tree', '{"max_depth": 1, "features": ["n"]}');
SELECT condition FROM orchard.rules('big') WHERE leaf ORDER BY line;
-- an array counts its elements from wherever it likes
CREATE TABLE vectors AS SELECT ARRAY[i % 7, i % 11, i % 13]::float8[] AS v, (i % 11 > 5)::int AS y FROM generate_series(1, 1000) AS i;
SELECT metric FROM orchard.train('vectors', 'vectors', 'y', 'decision_tree');
SELECT orchard.to_sql('vectors') AS s \gset
SELECT count(*) AS rows, count(*) FILTER (WHERE (:s) <> predict_vectors(v)) AS wrong
FROM (SELECT v FROM vectors UNION ALL SELECT format('[%s:%s]={%s}', low, low + 2, array_to_string(v, ','))::float8[] FROM vectors, unnest(ARRAY[-1, 0, 5]) AS low) AS x;
-- an expression that PostgreSQL's JIT would compile for minutes
CREATE TABLE waves AS SELECT i % 101 AS a, i % 97 AS b, i % 89 AS c, sin(i % 101) + cos(i % 97) * (i % 89) AS y FROM generate_series(1, 4000) AS i;
SELECT metric FROM orchard.train('waves', 'waves', 'y', 'gradient_boosting', '{"n_estimators": 700, "early_stopping_rounds": 0}');
SET client_min_messages = notice;
SELECT length(orchard.to_sql('waves')) > 1000000 AS long;
SET client_min_messages = warning;

-- Training: tasks, options, notices, and the row that comes back.
\pset null '(null)'
SET search_path = public;
CREATE TABLE clicks AS
SELECT i AS id, (ARRAY['mobile', 'desktop', 'tablet', NULL])[i % 4 + 1] AS device, (i * 7) % 24 AS hour,
    'ad-' || (i % 40) AS ad_id, ((i * 37) % 100) / 10.0 AS bid,
    (i % 4 = 0 AND (i * 7) % 24 > 8) OR i % 40 = 3 AS clicked
FROM generate_series(1, 4000) AS i;

-- the row of a training
SELECT model, version, algorithm, task, rows, features, metric, round(score::numeric, 3) AS score, seconds > 0 AS timed, deployed, function
FROM orchard.train('ctr', 'clicks', target => 'clicked');
\df public.predict_ctr
SELECT obj_description('public.predict_ctr'::regproc, 'pg_proc');
SELECT version, rows, training_rows, holdout_rows, target, source, options, features FROM orchard.model_versions;

-- a second version; the function stays
SELECT version, deployed FROM orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', '{"max_depth": 3}');
SELECT version, deployed FROM orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', '{"deploy": false}');
SELECT version, deployed FROM orchard.model_versions ORDER BY version;

-- tasks from targets
SELECT model, task, metric, function FROM orchard.train('as_number', 'clicks', 'bid');
SELECT model, task, metric FROM orchard.train('as_label', 'SELECT hour, bid, device FROM clicks WHERE device IS NOT NULL', 'device');
SELECT predict_as_label(8, 1.5) IN ('mobile', 'desktop', 'tablet') AS is_label;
SELECT model, task FROM orchard.train('forced', 'SELECT hour, bid FROM clicks', 'hour', options => '{"task": "classification"}');
SELECT model, task FROM orchard.train('as_bool_regression', 'SELECT hour, bid, clicked FROM clicks', 'clicked', options => '{"task": "regression"}');
SELECT model, task, metric, features FROM orchard.train('seg', 'SELECT hour, bid, device FROM clicks', options => '{"n_clusters": 3}');
SELECT predict_seg(8, 1.5, 'mobile') BETWEEN 1 AND 3 AS is_segment;

-- sources: quoted names, views, queries of every shape, comments
CREATE SCHEMA "Odd Schema";
CREATE VIEW "Odd Schema"."My ""View""" AS SELECT hour AS "select", bid AS "Ad Id", device AS "设备", clicked FROM clicks;
SELECT function FROM orchard.train('"od.d"', '"Odd Schema"."My ""View"""', 'clicked');
SELECT "predict_od.d"(8, 1.5, 'mobile') BETWEEN 0 AND 1 AS ok;
SELECT orchard.predict('"od.d"', v) BETWEEN 0 AND 1 AS ok FROM "Odd Schema"."My ""View""" AS v LIMIT 1;
SELECT model FROM orchard.train('with_query', '-- comment
  /* nested /* comment */ */ WITH c AS (SELECT hour, clicked FROM clicks) SELECT * FROM c;', 'clicked');
SELECT model FROM orchard.train('values_query', 'VALUES (1, true), (2, false), (3, true), (4, false)', 'column2');
SELECT model FROM orchard.train('Ω 中文', 'SELECT hour, clicked FROM clicks', 'clicked');
SELECT "predict_Ω 中文"(8) BETWEEN 0 AND 1 AS ok;

-- weights, classes, groups, times
SELECT model FROM orchard.train('weighted', 'SELECT *, hour::float8 AS w FROM clicks', 'clicked', options => '{"sample_weight": "w", "class_weight": "balanced", "exclude": ["id"]}');
SELECT model FROM orchard.train('timed', 'SELECT *, now() + id * interval ''1 s'' AS at FROM clicks', 'clicked', options => '{"time_column": "at", "positive_class": false}');
SELECT model FROM orchard.train('grouped', 'clicks', 'clicked', options => '{"group_columns": ["ad_id"]}');
SELECT v.holdout_rows FROM orchard.model_versions AS v WHERE model IN ('timed', 'grouped') ORDER BY model;
SELECT model FROM orchard.train('exact', 'clicks', 'clicked', options => '{"splitter": "exact", "max_depth": 4}');

-- judged without the held-out rows, kept with all
SELECT score AS score_once FROM orchard.train('once', 'clicks', 'clicked', 'decision_tree') \gset
SELECT score = :score_once AS same_score FROM orchard.train('again', 'clicks', 'clicked', algorithm => 'decision_tree', options => '{"refit": true}');
SELECT a.metric, a.value = o.value AS same FROM orchard.evaluate('again') AS a JOIN orchard.evaluate('once') AS o USING (metric) WHERE metric IN ('roc_auc', 'rows');
SELECT model FROM orchard.train('whole', 'clicks', 'clicked', algorithm => 'decision_tree', options => '{"holdout": 0, "refit": true}');
SELECT model, rows, training_rows, holdout_rows, checksum = (SELECT checksum FROM orchard.model_versions WHERE model = 'whole') AS of_all_rows
FROM orchard.model_versions WHERE model IN ('once', 'again', 'whole') ORDER BY model;

-- the same model from the same rows, whatever their order and the number of threads
CREATE TABLE shuffled AS SELECT * FROM clicks ORDER BY md5(id::text);
SELECT model FROM orchard.train('one', 'clicks', 'clicked');
SET orchard.threads = 1;
SELECT model FROM orchard.train('two', 'shuffled', 'clicked');
SET orchard.threads = 3;
SELECT model FROM orchard.train('three', 'SELECT * FROM shuffled ORDER BY bid', 'clicked');
RESET orchard.threads;
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model IN ('one', 'two', 'three');

-- identifiers are left out, unless named
SELECT features FROM orchard.train('ids', 'SELECT id, ''u'' || id AS name, md5(id::text)::uuid AS u, hour, clicked FROM clicks', 'clicked');
SELECT features FROM orchard.train('ids', 'SELECT id, hour, clicked FROM clicks', 'clicked', options => '{"features": ["id"]}');

-- rolled back with its transaction
BEGIN;
SELECT model FROM orchard.train('gone', 'clicks', 'clicked');
ROLLBACK;
SELECT count(*) FROM orchard.models WHERE model = 'gone';
-- a target or weight beyond 2^53 is a number all the same; only features become categories there
SELECT task, features FROM orchard.train('revenue', 'SELECT id, device, 9007199254740993 + id AS y, 1e17::numeric + id AS w FROM clicks', 'y', 'decision_tree', '{"sample_weight": "w", "exclude": ["id"]}');
SELECT metric, value > 0 AS positive FROM orchard.evaluate('revenue', 'SELECT device, 9007199254740993 + id AS y FROM clicks') WHERE metric = 'rmse';
SELECT orchard.train('timed', 'SELECT device, clicked, 1700000000000000000 + id AS ns FROM clicks', 'clicked', 'decision_tree', '{"time_column": "ns"}') IS NOT NULL AS ok;
-- an owner who may not create in the schema any more keeps the function as it is; other arguments are refused, before anything is learned where that is known
CREATE ROLE regress_train;
GRANT CREATE, USAGE ON SCHEMA public TO regress_train;
GRANT SELECT ON clicks TO regress_train;
SET ROLE regress_train;
SELECT version FROM orchard.train('own', 'SELECT hour, clicked FROM clicks', 'clicked', 'decision_tree');
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM regress_train, PUBLIC;
SET ROLE regress_train;
SELECT version FROM orchard.train('own', 'SELECT hour, clicked FROM clicks', 'clicked', 'decision_tree');
SELECT version FROM orchard.train('own', 'SELECT hour, bid, clicked FROM clicks', 'clicked', 'decision_tree');
SELECT version FROM orchard.train('own', 'SELECT bid, clicked FROM clicks', 'clicked', 'decision_tree');
RESET ROLE;
DROP OWNED BY regress_train;
DROP ROLE regress_train;

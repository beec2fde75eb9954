-- Dense parts: which rows lie close together, whatever their shape, and which in none.
\pset null '(null)'
SET orchard.threads = 1;
SET client_min_messages = warning;
-- Two half moons, and rows far from both.
CREATE TABLE shops AS
SELECT i AS shop_id, (CASE WHEN i % 2 = 0 THEN cos(a) ELSE 1 - cos(a) END)::float8 AS x, (CASE WHEN i % 2 = 0 THEN sin(a) ELSE 0.5 - sin(a) END)::float8 AS y,
       i % 3 AS visits, i % 2 AS side
FROM (SELECT i, pi() * (i % 500) / 500 AS a FROM generate_series(1, 1000) AS i) AS s;
INSERT INTO shops SELECT 1000 + i, 4 + i, 3 + i * i, 1, NULL FROM generate_series(1, 8) AS i;
ALTER TABLE shops ADD PRIMARY KEY (shop_id);
RESET client_min_messages;

SELECT model, algorithm, task, rows, features, metric, function FROM orchard.train('near', 'SELECT x, y FROM shops', algorithm => 'dbscan', options => '{"eps": 0.1}');
SELECT obj_description('predict_near(float8, float8)'::regprocedure);
SELECT predict_near(x, y) AS segment, side, count(*) FROM shops GROUP BY 1, 2 ORDER BY 1, 2;
-- a row in no dense part has no segment, whoever asks
SELECT predict_near(7, 12) AS far, predict_near(NULL, NULL) IS NULL AS missing_is_a_value, orchard.predict('near', '{"x": 7, "y": 12}') AS by_row, predict_near('NaN', 'Infinity') AS beyond;
SELECT count(*) FILTER (WHERE predict_near(x, y) IS DISTINCT FROM orchard.predict('near', s)) AS differ FROM shops AS s;
SELECT count(*) FILTER (WHERE p.score IS NULL) AS none, count(*) FROM orchard.score('near', 'shops', '{shop_id}') AS p;
-- who the segments are
SELECT segment, size, round(share::numeric, 3) AS share, centre -> 'x' ->> 'mean' AS x, silhouette IS NOT NULL AS judged FROM orchard.segments('near');
SELECT name <> '' AS named, jsonb_array_length(typical) AS kept FROM orchard.segments('near');
SELECT metric, round(value::numeric, 3) AS value, note FROM orchard.evaluate('near') WHERE metric NOT IN ('inertia', 'silhouette');
SELECT metric, round(value::numeric, 3) AS value FROM orchard.evaluate('near', 'SELECT * FROM shops WHERE shop_id > 900') WHERE metric <> 'inertia';
SELECT abs(a.value - b.value) < 1e-6 AS same_inertia FROM orchard.evaluate('near') AS a, orchard.evaluate('near', 'shops') AS b WHERE a.metric = 'inertia' AND b.metric = 'inertia';
SELECT orchard.report('near') LIKE '%in no dense part%' AS page, orchard.segment_report('near') ~ 'Who they are' AS segments, orchard.model_card('near') ~ '## Segments' AS card;
SELECT kind, orchard.plot('near', kind) ~ '^<svg' AS svg FROM (VALUES ('segment_map'), ('segment_sizes')) AS k(kind);
SELECT round(orchard.distance('near', '{"x": 1, "y": 0}')::numeric, 3) AS here, orchard.distance('near', '{"x": 7, "y": 12}') > 1 AS far;
SELECT orchard.memberships('near', s) FROM shops AS s WHERE shop_id IN (1, 2, 1008) ORDER BY shop_id;
SELECT count(*) AS candidates FROM orchard.segment_candidates('near');
-- rows that change
SELECT segment_then, name_then = 'noise' AS from_none, segment_now, name_now = 'noise' AS to_none, rows, round(share::numeric, 3) AS share
FROM orchard.segment_moves('near', 'SELECT shop_id, x, y FROM shops WHERE shop_id > 990',
    'SELECT shop_id, CASE WHEN shop_id IN (1000, 1002) THEN 40 ELSE x END AS x, CASE WHEN shop_id = 1008 THEN 0 ELSE y END AS y FROM shops WHERE shop_id NOT IN (991, 1003)
     UNION ALL SELECT 5000, 70, 70', '{shop_id}') WHERE segment_then IS DISTINCT FROM segment_now OR name_then = 'noise' ORDER BY 1, 3, 5, 2, 4;
SELECT feature, verdict, rows FROM orchard.drift('near', 'SELECT x + 0.03 AS x, y FROM shops') WHERE feature = '(score)';
SELECT feature, verdict FROM orchard.drift('near', 'SELECT x, y + 3 AS y FROM shops') WHERE feature = '(score)';
-- segments keep their numbers, those of rows between two of them, too
INSERT INTO shops SELECT 5000 + shop_id, x + 0.001, y, visits, side FROM shops WHERE side = 1;
CREATE TABLE before AS SELECT shop_id, x, y, predict_near(x, y) AS segment FROM shops;
SELECT version, promoted, metric FROM orchard.retrain('near', promote => 'always');
SELECT count(*) FILTER (WHERE predict_near(x, y) IS DISTINCT FROM segment) AS moved FROM before;
SELECT s.segment, s.size = count(b.*) AS size FROM orchard.segments('near') AS s JOIN (SELECT predict_near(x, y) AS segment FROM before) AS b USING (segment) GROUP BY 1, s.size ORDER BY 1;
SELECT champion IS NOT NULL AS compared, reason FROM orchard.retrain('near');
-- a reach that is chosen; rows that weigh; categories
SELECT score > 0 AS judged FROM orchard.train('chosen', 'SELECT x, y, visits, side::text FROM shops', algorithm => 'dbscan', options => '{"min_samples": 10, "sample_weight": "visits", "max_categories": 3}');
SELECT count(*) > 0 AS found FROM orchard.segments('chosen');
SELECT option, type, default_value FROM orchard.options('dbscan') WHERE option IN ('eps', 'min_samples', 'max_categories', 'holdout');
-- the same bytes for any order
SELECT model FROM orchard.train('near_two', 'SELECT x, y FROM shops ORDER BY md5(shop_id::text)', algorithm => 'dbscan', options => '{"eps": 0.1}');
SELECT model FROM orchard.train('near_three', 'SELECT x, y FROM shops ORDER BY shop_id', algorithm => 'dbscan', options => '{"eps": 0.1}');
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model LIKE 'near\__%';
-- it can be moved, and looked for
SELECT model FROM orchard.import_model('moved', orchard.export_model('near_two'));
SELECT count(*) FILTER (WHERE predict_moved(x, y) IS DISTINCT FROM predict_near_two(x, y)) AS differ FROM shops;
SELECT parameters, mean_score IS NOT NULL AS judged, best FROM orchard.tune('tuned', 'SELECT x, y FROM shops', NULL, 'dbscan', '{"eps": [0.1, 3]}') ORDER BY 1;
-- what it is not for
SELECT orchard.to_sql('near');
SELECT * FROM orchard.stability('near');
SELECT * FROM orchard.explain('near', '{"x": 1, "y": 1}');
SELECT orchard.train('near', 'SELECT x, y FROM shops', algorithm => 'dbscan', options => '{"min_group": 5}');
SELECT orchard.train('near', 'SELECT x, y FROM shops', algorithm => 'dbscan', options => '{"n_clusters": 5}');
SELECT orchard.train('near', 'SELECT x, y FROM shops', algorithm => 'dbscan', options => '{"eps": -1}');
SELECT orchard.train('near', 'SELECT x, y FROM shops', algorithm => 'dbscan', options => '{"eps": 1e-9}');
SELECT orchard.train('near', 'SELECT i % 2 AS x, i % 2 AS y FROM generate_series(1, 100) AS i', algorithm => 'dbscan');
SELECT orchard.train('near', 'SELECT x, y FROM shops', 'y', 'dbscan');
SELECT orchard.train('near', 'SELECT 1 AS x FROM generate_series(1, 9)', algorithm => 'dbscan');

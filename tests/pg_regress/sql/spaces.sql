-- What columns are to a clustering: weights, logarithms, directions of arrays, and centres of one level a category.
\set VERBOSITY terse
SET search_path = public, orchard;
CREATE FUNCTION attempt(statement text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;

-- Three kinds of customers: by what they buy, where and how much, of whom few spend very much.
CREATE TABLE customers AS
SELECT i AS id, (ARRAY['shoes', 'books', 'garden'])[CASE WHEN i % 11 = 0 THEN 1 + i % 3 ELSE g END] AS "Ware, main",
       (ARRAY['mobile', 'desktop', 'tablet'])[CASE WHEN i % 7 = 0 THEN 1 + i % 3 ELSE g END] AS device,
       exp(g * 3) / (1 - (abs(hashint4(i)) % 1000) / 1001.0) AS spent, g = 2 AS club, date '2024-01-01' + i % 300 AS since,
       ARRAY[cos(g * 2 + i % 10 * 0.05), sin(g * 2 + i % 10 * 0.05)] AS taste
FROM (SELECT i, 1 + i % 3 AS g FROM generate_series(1, 600) AS i) AS s;

-- A centre of k-prototypes has one level.
SELECT algorithm, task, rows, metric FROM orchard.train('kinds', 'SELECT "Ware, main", device, club FROM customers', algorithm => 'kprototypes', options => '{"n_clusters": 3}');
SELECT segment, name, size FROM orchard.segments('kinds');
SELECT count(DISTINCT predict_kinds("Ware, main", device, club)) AS segments, count(*) AS groups
FROM (SELECT DISTINCT id % 3 AS g, predict_kinds("Ware, main", device, club) AS s, "Ware, main", device, club FROM customers WHERE id % 11 > 0 AND id % 7 > 0) AS x;
SELECT verdict FROM orchard.stability('kinds', samples => 10) WHERE segment IS NOT NULL;
SELECT orchard.predict('kinds', '{}') > 0 AS missing, orchard.predict('kinds', '{"device": "watch", "club": null}') > 0 AS unseen;
SELECT round(orchard.distance('kinds', '{"Ware, main": "books", "device": "desktop", "club": true}')::numeric, 3) AS at_a_centre_or_near;
SELECT orchard.to_sql('kinds') AS expression \gset
SELECT count(*) AS rows, bool_and(s = p) AS the_same FROM (SELECT (:expression) AS s, predict_kinds("Ware, main", device, club) AS p FROM customers) AS x;
SELECT message, hint FROM attempt($$SELECT orchard.train('m', 'SELECT spent FROM customers', algorithm => 'kprototypes')$$);
SELECT message, hint FROM attempt($$SELECT orchard.train('m', 'SELECT spent, device FROM customers', algorithm => 'kmeans', options => '{"gamma": 1}')$$);
SELECT rows FROM orchard.train('m', 'SELECT spent, device FROM customers', algorithm => 'kprototypes', options => '{"gamma": 0.5, "n_clusters": null, "max_clusters": 6, "scaling": "standard"}');
SELECT count(*) > 2 AS candidates, count(*) FILTER (WHERE chosen) AS chosen FROM orchard.segment_candidates('m');
SELECT option, type, default_value FROM orchard.options('kprototypes') WHERE option IN ('gamma', 'scaling', 'feature_weights', 'distance') ORDER BY option;

-- What is skewed enters by its logarithm, and says so.
SELECT rows FROM orchard.train('spenders', 'SELECT spent, since, club FROM customers', algorithm => 'kmeans', options => '{"n_clusters": 3, "feature_weights": {"since": 0, "club": 0}}');
SELECT count(DISTINCT predict_spenders(spent, since, club)) AS segments FROM customers;
SELECT predict_spenders('NaN', NULL, NULL) > 0 AS nan, predict_spenders('Infinity', NULL, NULL) = predict_spenders(1e300, NULL, NULL) AS most, predict_spenders(-1e300, 'infinity', NULL) = predict_spenders(0, NULL, NULL) AS least;
SELECT message, hint FROM attempt($$SELECT orchard.to_sql('spenders')$$);
-- It keeps numbers when it is trained on money of another unit.
SELECT rows FROM orchard.train('spenders', 'SELECT spent * 100 AS spent, since, club FROM customers', algorithm => 'kmeans', options => '{"n_clusters": 3, "feature_weights": {"since": 0, "club": 0}}');
SELECT rows FROM orchard.train('plain', 'SELECT spent FROM customers', algorithm => 'kmeans', options => '{"n_clusters": 3, "scaling": "standard"}');
SELECT rows FROM orchard.train('raw', 'SELECT spent FROM customers', algorithm => 'kmeans', options => '{"n_clusters": 3, "scaling": "none"}');
SELECT rows FROM orchard.train('bent', 'SELECT spent FROM customers', algorithm => 'kmeans', options => '{"n_clusters": 3, "scaling": "log"}');

-- Of arrays only the direction counts.
SELECT rows, features FROM orchard.train('tastes', 'SELECT id % 5 AS noise, taste FROM customers', algorithm => 'kmeans', options => '{"n_clusters": 3, "distance": "cosine", "feature_weights": {"noise": 0.01}}');
SELECT count(DISTINCT (id % 3, predict_tastes(0, taste))) AS groups, bool_and(predict_tastes(0, taste) = predict_tastes(0, ARRAY[taste[1] * 1000, taste[2] * 1000])) AS by_direction FROM customers;
SELECT predict_tastes(0, NULL) > 0 AS missing, predict_tastes(0, '{0,0}') > 0 AS without, predict_tastes(0, '{NULL,1}') > 0 AS half, predict_tastes(0, '{NaN,Infinity}') > 0 AS odd;
SELECT segment, size FROM orchard.segments('tastes');
SELECT message, hint FROM attempt($$SELECT orchard.to_sql('tastes')$$);
SELECT message, hint FROM attempt($$SELECT orchard.train('m', 'SELECT spent FROM customers', algorithm => 'kmeans', options => '{"distance": "cosine"}')$$);

-- Options that cannot be.
SELECT message, hint FROM attempt($$SELECT orchard.train('m', 'SELECT spent FROM customers', algorithm => 'kmeans', options => '{"feature_weights": {"price": 2}}')$$);
SELECT message, hint FROM attempt($$SELECT orchard.train('m', 'SELECT spent, club FROM customers', algorithm => 'kmeans', options => '{"feature_weights": {"club": 2}, "exclude": ["club"]}')$$);
SELECT message, hint FROM attempt($$SELECT orchard.train('m', 'SELECT spent FROM customers', algorithm => 'kmeans', options => '{"feature_weights": {"spent": 0}}')$$);
SELECT message, hint FROM attempt($$SELECT orchard.train('m', 'SELECT spent FROM customers', algorithm => 'kmeans', options => '{"feature_weights": {"spent": -1}}')$$);
SELECT message, hint FROM attempt($$SELECT orchard.train('m', 'SELECT spent FROM customers', algorithm => 'kmeans', options => '{"scaling": "robust"}')$$);
SELECT message, hint FROM attempt($$SELECT orchard.tune('m', 'SELECT spent, club FROM customers', NULL, 'kmeans', '{"n_clusters": [2, 3], "scaling": ["log", "standard"]}')$$);
SELECT parameters FROM orchard.tune('m', 'SELECT device, club FROM customers', NULL, 'kprototypes', '{"n_clusters": [2, 3]}', '{"n_init": 2}');
SELECT orchard.drop_model(model) FROM orchard.models WHERE model IN ('kinds', 'm', 'spenders', 'plain', 'raw', 'bent', 'tastes');
DROP TABLE customers;

-- Mini-batches learn from a part of what there is no room for: the same part in whatever order rows come, and a part of each of those that many share.
CREATE TABLE visits AS SELECT i AS id, i % 3 * 10 + (i * 7919 % 100) / 100.0 AS x, i % 50 AS y, ARRAY[i % 7, i % 5]::float8[] AS z, 'kind ' || i % 3 AS kind FROM generate_series(1, 120000) AS i;
SET orchard.max_memory = '12MB';
SELECT rows FROM orchard.train('part', 'SELECT x, y, z, kind FROM visits', algorithm => 'kmeans', options => '{"n_clusters": 3, "batch_size": 1000}');
SELECT rows FROM orchard.train('back', 'SELECT x, y, z, kind FROM visits ORDER BY id DESC', algorithm => 'kmeans', options => '{"n_clusters": 3, "batch_size": 1000}');
SELECT md5(orchard.export_model('part')) IS NOT NULL AS there, (SELECT array_agg(size ORDER BY segment) FROM orchard.segments('part')) = (SELECT array_agg(size ORDER BY segment) FROM orchard.segments('back')) AS the_same;
SELECT rows < 200000 AS a_part FROM orchard.train('few', 'SELECT y, kind FROM visits, generate_series(1, 3)', algorithm => 'kmeans', options => '{"n_clusters": 3, "batch_size": 1000}');
SELECT count(*) AS groups, min(predict_few(y, kind)) > 0 AS scored FROM (SELECT DISTINCT y, kind FROM visits) AS v;
SELECT message, detail ~ 'kB' AS detail FROM (SELECT 'x') AS x, LATERAL attempt($$SELECT orchard.train('all', 'SELECT x, y, z, kind FROM visits, generate_series(1, 3)', algorithm => 'kmeans', options => '{"n_clusters": 3}')$$);
RESET orchard.max_memory;
SELECT orchard.drop_model(model) FROM orchard.models WHERE model IN ('part', 'back', 'few');
DROP TABLE visits;
DROP FUNCTION attempt;

-- A mixture of Gaussians: segments with shapes of their own, and how probable each is.
\pset null '(null)'
SET search_path = public;
-- Two long clouds across each other and a round one, of 1500 rows each, and a category that says nothing of them.
CREATE TABLE clouds AS
SELECT i AS id, i % 3 AS cloud,
    CASE i % 3 WHEN 0 THEN 4 * a WHEN 1 THEN 18 + 0.5 * b ELSE a END AS x,
    CASE i % 3 WHEN 0 THEN 0.5 * b WHEN 1 THEN 4 * a ELSE 10 + b END AS y,
    chr(97 + i * 7919 % 4) AS kind, 10 + 5 * (i % 3) AS revenue
FROM (SELECT i, (SELECT sum(('x' || substr(md5(i::text), 4 * n + 1, 4))::bit(16)::int / 65536.0 - 0.5) FROM generate_series(0, 3) AS n)::float8 * 1.7 AS a,
             (SELECT sum(('x' || substr(md5(i::text), 4 * n + 1, 4))::bit(16)::int / 65536.0 - 0.5) FROM generate_series(4, 7) AS n)::float8 * 1.7 AS b
      FROM generate_series(1, 4500) AS i) AS d;

CREATE FUNCTION attempt(statement text) RETURNS TABLE (code text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT '00000', 'no error', '', '';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    -- errors.sql shows these lists in full
    hint := regexp_replace(hint, 'Valid options for (\w+) are: [^.]*', 'Valid options for \1 are: ...');
    RETURN NEXT;
END $$;

SELECT option, type, default_value FROM orchard.options('gaussian_mixture')
WHERE option IN ('n_clusters', 'covariance_type', 'n_init', 'max_iter', 'tol', 'reg_covar', 'max_categories') ORDER BY option;

SELECT model, algorithm, task, metric, function
FROM orchard.train('shapes', 'SELECT x, y, kind, revenue FROM clouds', algorithm => 'gaussian_mixture', options => '{"n_clusters": 3, "n_init": 5, "value_column": "revenue"}');
-- Nearly every row is found in the cloud that it was made in.
SELECT count(*) AS segments, bool_and(most > 0.98 * rows) AS right_rows
FROM (SELECT segment, sum(n) AS rows, max(n) AS most FROM (SELECT predict_shapes(x, y, kind) AS segment, cloud, count(*) AS n FROM clouds GROUP BY 1, 2) AS s GROUP BY segment) AS s;
SELECT segment, size BETWEEN 1400 AND 1600 AS about_a_third, round(value_mean) AS value_mean, silhouette IS NOT NULL AS judged FROM orchard.segments('shapes') ORDER BY value_mean;
SELECT metric, value IS NOT NULL AS known, note FROM orchard.evaluate('shapes') WHERE metric IN ('log_likelihood', 'bic', 'aic', 'silhouette', 'inertia', 'n_clusters', 'rows');
SELECT metric, note FROM orchard.evaluate('shapes', 'clouds') WHERE metric IN ('log_likelihood', 'bic', 'inertia', 'rows');
SELECT abs(a.value - b.value) < 1e-9 AS same_rows_same_likelihood FROM orchard.evaluate('shapes') AS a, orchard.evaluate('shapes', 'clouds') AS b WHERE a.metric = 'log_likelihood' AND b.metric = 'log_likelihood';

-- Memberships are probabilities; the most probable segment is the one predicted; distances are by the shape.
SELECT bool_and(abs(sum - 1) < 1e-12) AS sum_to_one, bool_and(most = segment) AS most_of_its_own
FROM clouds AS c,
    LATERAL (SELECT sum(value::float8), (array_agg(key ORDER BY value::float8 DESC))[1]::float8 AS most FROM jsonb_each_text(orchard.memberships('shapes', c))) AS m,
    LATERAL (SELECT orchard.predict('shapes', c) AS segment) AS p;
-- A step along a long cloud is shorter than one across it.
SELECT orchard.distance('shapes', '{"x": 4, "y": 0, "kind": "a"}') < orchard.distance('shapes', '{"x": 0, "y": 2, "kind": "a"}') AS by_shape;
SELECT orchard.memberships('shapes', '{"x": 0, "y": 2, "kind": "never seen"}') IS NOT NULL AS known_everywhere, orchard.predict('shapes', '{}') IS NOT NULL AS of_nothing;

-- What it says as plain SQL, of every kind of covariance.
CREATE FUNCTION as_sql(kind text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    differ bigint;
BEGIN
    PERFORM orchard.train('by_kind', 'SELECT x, y, kind FROM clouds', algorithm => 'gaussian_mixture', options => jsonb_build_object('n_clusters', 3, 'covariance_type', kind));
    EXECUTE format('SELECT count(*) FROM clouds WHERE (%s) IS DISTINCT FROM orchard.predict(''by_kind'', clouds)::int', orchard.to_sql('by_kind')) INTO differ;
    RETURN differ;
END $$;
SELECT kind, as_sql(kind) AS differ FROM unnest(ARRAY['full', 'tied', 'diag', 'spherical']) AS kind;

-- The same model for any order of the rows and number of threads.
SET client_min_messages = warning;
CREATE TABLE trained AS SELECT score FROM orchard.train('one', 'SELECT x, y FROM clouds', algorithm => 'gaussian_mixture', options => '{"n_clusters": 4}');
SET orchard.threads = 1;
INSERT INTO trained SELECT score FROM orchard.train('two', 'SELECT x, y FROM clouds ORDER BY md5(id::text)', algorithm => 'gaussian_mixture', options => '{"n_clusters": 4}');
RESET orchard.threads;
SELECT count(*) AS trainings, count(DISTINCT score) AS scores FROM trained;
SELECT bool_and(predict_one(x, y) = predict_two(x, y)) AS same FROM clouds;

-- The number of segments by the Bayesian information criterion.
SET client_min_messages = notice;
SELECT model FROM orchard.train('chosen', 'SELECT x, y FROM clouds', algorithm => 'gaussian_mixture', options => '{"n_clusters": null, "max_clusters": 6}');
SELECT n_clusters, bic IS NOT NULL AS bic, icl, stability FROM orchard.segment_candidates('chosen') WHERE chosen;

-- Found again in other rows.
SET client_min_messages = warning;
SELECT segment, jaccard > 0.75 AS found_again FROM orchard.stability('shapes', samples => 20) WHERE segment IS NOT NULL ORDER BY segment;

-- Trained again on other rows, segments keep their numbers; the newer version must describe rows it has not seen better.
CREATE TABLE numbers AS SELECT x, y FROM clouds;
SELECT model FROM orchard.train('again', 'numbers', algorithm => 'gaussian_mixture', options => '{"n_clusters": 3, "n_init": 5}');
CREATE TABLE before AS SELECT x, y, predict_again(x, y) AS segment FROM numbers;
SET client_min_messages = notice;
SELECT metric, champion IS NOT NULL AS champion, challenger IS NOT NULL AS challenger, promoted, reason FROM orchard.retrain('again');
SELECT metric, promoted FROM orchard.retrain('again', promote => 'always', metric => 'silhouette');
SET client_min_messages = warning;
SELECT avg((predict_again(x, y) = segment)::int) > 0.99 AS same_numbers FROM before;
UPDATE numbers SET x = 50 + 3 * x;
SELECT metric, challenger > champion AS better, promoted, reason FROM orchard.retrain('again');
SELECT * FROM attempt($$SELECT orchard.retrain('again', metric => 'bic')$$);
SELECT sum(rows) AS rows FROM orchard.segment_moves('shapes', 'clouds', 'clouds', '{id}') WHERE segment_then = segment_now;
SELECT feature, verdict FROM orchard.drift('again', 'numbers') ORDER BY feature;
SELECT orchard.segment_report('shapes') ~ 'Who they are' AS page, left(orchard.plot('shapes', 'segment_map'), 4) AS map;
SELECT feature FROM orchard.similar_rows('shapes', '{"x": 0, "y": 0}'::jsonb, 'clouds', 2), LATERAL (SELECT count(*) > 0 AS feature) AS f;

-- It travels as other models do.
CREATE TABLE kept AS SELECT orchard.export_model('shapes') AS bytes;
SELECT orchard.import_model('copied', bytes) IS NOT NULL AS imported FROM kept;
SELECT bool_and(orchard.predict('copied', c) = orchard.predict('shapes', c) AND orchard.memberships('copied', c) = orchard.memberships('shapes', c)) AS same FROM clouds AS c;

-- Parameters are compared by the criterion.
SELECT trial, parameters, metric, best FROM orchard.tune('tuned', 'numbers', NULL, 'gaussian_mixture', '{"covariance_type": ["full", "spherical"]}', '{"n_clusters": 3}') ORDER BY trial;
SELECT * FROM attempt($$SELECT orchard.tune('tuned', 'numbers', NULL, 'gaussian_mixture', '{"covariance_type": ["full", "spherical"]}', '{"metric": "rmse"}')$$);

-- What a training says of its segments.
SET client_min_messages = notice;
SELECT model FROM orchard.train('flat', 'SELECT x, CASE WHEN cloud = 0 THEN 0 ELSE y + 100 END AS often_zero FROM clouds', algorithm => 'gaussian_mixture', options => '{"n_clusters": 2}');
SELECT model FROM orchard.train('short', 'SELECT x, y FROM clouds', algorithm => 'gaussian_mixture', options => '{"n_clusters": 5, "max_iter": 2}');
SELECT model FROM orchard.train('large', 'SELECT x, y FROM clouds', algorithm => 'gaussian_mixture', options => '{"n_clusters": 8, "min_group": 800}');
SELECT model, task FROM orchard.train('held', 'SELECT x, y FROM clouds', algorithm => 'gaussian_mixture', options => '{"n_clusters": 3, "holdout": 0.2}');
SELECT note FROM orchard.evaluate('held') WHERE metric = 'log_likelihood';

SELECT * FROM attempt($$SELECT orchard.train('m', 'numbers', algorithm => 'gaussian_mixture', options => '{"n_components": 3}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'numbers', algorithm => 'gaussian_mixture', options => '{"covariance_type": "round"}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'numbers', algorithm => 'gaussian_mixture', options => '{"batch_size": 10}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'numbers', algorithm => 'gaussian_mixture', options => '{"init": "random"}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'numbers', algorithm => 'gaussian_mixture', options => '{"reg_covar": -1}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'numbers', 'x', 'gaussian_mixture')$$);
SELECT * FROM attempt($$SELECT orchard.explain('shapes', '{"x": 1}'::jsonb)$$);
SELECT * FROM attempt($$SELECT orchard.importance('shapes')$$);

-- How segments are looked for, and how far rows are from them.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
CREATE TABLE clouds AS
SELECT i AS id, (i % 3) * 10 + (i * 7919 % 100) / 100.0 AS x, (i % 3) * -5 + (i * 104729 % 100) / 100.0 AS y, CASE i % 3 WHEN 0 THEN 'a' ELSE 'b' END AS kind
FROM generate_series(1, 3000) AS i;

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

SELECT option, type, default_value FROM orchard.options('kmeans') WHERE option IN ('init', 'batch_size', 'n_init', 'n_clusters') ORDER BY option;

-- Every way finds the three clouds.
CREATE FUNCTION sizes(options jsonb) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orchard.train('c', 'SELECT x, y, kind FROM clouds', algorithm => 'kmeans', options => options);
    RETURN (SELECT array_agg(n ORDER BY n) FROM (SELECT count(*) AS n FROM clouds GROUP BY orchard.predict('c', clouds)) AS s);
END $$;
SELECT sizes('{"n_clusters": 3}');
SELECT sizes('{"n_clusters": 3, "init": "k-means||"}');
SELECT sizes('{"n_clusters": 3, "init": "random"}');
SELECT sizes('{"n_clusters": 3, "batch_size": 100}');
SELECT sizes('{"n_clusters": 3, "batch_size": 100, "init": "k-means||", "n_init": 2}');
SELECT sizes('{"init": [{"x": 0, "y": 0, "kind": "a"}, {"x": 10, "y": -5, "kind": "b"}, {"x": 20, "y": -10}]}');
SELECT sizes('{"init": [{"x": 0}, {"x": 10}, {"x": 20, "kind": "never seen"}], "n_clusters": 3, "batch_size": 50}');

-- Centres that are the same, or far from all rows, are given new rows.
SELECT sizes('{"init": [{"x": 0, "y": 0}, {"x": 0, "y": 0}, {"x": 1e6, "y": 1e6}]}');

SELECT * FROM attempt($$SELECT sizes('{"init": "k-means"}')$$);
SELECT * FROM attempt($$SELECT sizes('{"init": []}')$$);
SELECT * FROM attempt($$SELECT sizes('{"init": [1, 2]}')$$);
SELECT * FROM attempt($$SELECT sizes('{"init": [{"z": 1}]}')$$);
SELECT * FROM attempt($$SELECT sizes('{"init": [{"x": "much"}]}')$$);
SELECT * FROM attempt($$SELECT sizes('{"init": [{"kind": [1]}]}')$$);
SELECT * FROM attempt($$SELECT sizes('{"init": [{"x": 1}], "n_clusters": 2}')$$);
SELECT * FROM attempt($$SELECT sizes('{"batch_size": 0}')$$);
SELECT * FROM attempt($$SELECT orchard.train('d', 'clouds', 'kind', options => '{"init": "random"}')$$);

-- Distances are to the nearest centre; shares go with them.
SELECT model, version FROM orchard.train('c', 'SELECT x, y, kind FROM clouds', algorithm => 'kmeans', options => '{"n_clusters": 3}');
SELECT bool_and(orchard.distance('c', c) BETWEEN 0 AND 1) AS near, count(DISTINCT orchard.distance('c', c)) > 100 AS vary FROM clouds AS c;
SELECT orchard.distance('c', '{"x": 1000, "y": 0, "kind": "a"}') = orchard.distance('c', '{"x": 20.99, "y": 0, "kind": "a"}') AS no_farther_than_what_was_seen, orchard.distance('c', '{"x": 1000, "y": 0, "kind": "a"}'::jsonb) = orchard.distance('c', '{"x": 1000, "y": 0, "kind": "a"}'::json) AS same;
SELECT bool_and(abs(sum - 1) < 1e-12) AS sum_to_one, bool_and(most = segment) AS most_of_its_own
FROM clouds AS c,
    LATERAL (SELECT sum(value::float8), (array_agg(key ORDER BY value::float8 DESC))[1]::float8 AS most FROM jsonb_each_text(orchard.memberships('c', c))) AS m,
    LATERAL (SELECT orchard.predict('c', c) AS segment) AS p;
SELECT jsonb_object_keys(orchard.memberships('c', '{"x": 1}')) AS segment;
SELECT orchard.distance('c', NULL::clouds) IS NULL AND orchard.memberships(NULL, '{"x": 1}') IS NULL AS nothing;
SELECT orchard.distance('c', '{"x": 1}', version => 1) > 0 AS an_older_version;
SELECT * FROM attempt($$SELECT orchard.distance('c', '{"x": 1}', version => 99)$$);

-- With one segment all of a row is in it; a row on a centre is its own.
SELECT model FROM orchard.train('one', 'SELECT x FROM clouds WHERE id <= 2', algorithm => 'kmeans', options => '{"n_clusters": 2}');
SELECT orchard.memberships('one', clouds) AS shares, orchard.distance('one', clouds) AS distance FROM clouds WHERE id <= 2 ORDER BY id;

SELECT model FROM orchard.train('trees', 'clouds', 'kind', options => '{"features": ["x"], "n_estimators": 5}');
SELECT * FROM attempt($$SELECT orchard.distance('trees', '{"x": 1}')$$);
SELECT * FROM attempt($$SELECT orchard.memberships('trees', '{"x": 1}')$$);
SELECT * FROM attempt($$SELECT orchard.memberships('nobody', '{"x": 1}')$$);

-- Who may not use a model may not ask it for distances.
CREATE ROLE orchard_kmeans_other;
GRANT USAGE ON SCHEMA orchard TO orchard_kmeans_other;
SET ROLE orchard_kmeans_other;
SELECT * FROM attempt($$SELECT orchard.distance('public.c', '{"x": 1}')$$);
RESET ROLE;
DROP OWNED BY orchard_kmeans_other;
DROP ROLE orchard_kmeans_other;

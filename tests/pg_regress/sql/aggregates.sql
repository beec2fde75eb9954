-- Aggregates: approx_distinct, approx_quantiles, approx_quantile, top_values.
\pset null '(null)'
\set SHOW_CONTEXT never
CREATE TABLE t AS
SELECT i, i % 2000 AS small, (i * 7919) % 100003 AS wide, CASE WHEN i % 10 > 0 THEN sqrt(i) END AS f,
    'k' || (i % 30) AS word, i % 7 AS grp, (i % 1000) / 10.0 AS amount, date '2026-01-01' + i % 365 AS day
FROM generate_series(1, 200000) AS i;
ANALYZE t;

-- distinct: exact up to 2,048 values, near beyond
SELECT orchard.approx_distinct(small) AS small, orchard.approx_distinct(word) AS word, orchard.approx_distinct(amount) AS amount,
    orchard.approx_distinct(day) AS day, orchard.approx_distinct(i % 2 = 0) AS flag, orchard.approx_distinct(NULL::int) AS nothing FROM t;
SELECT abs(orchard.approx_distinct(wide) - 100003) < 3000 AS wide, abs(orchard.approx_distinct(i) - 200000) < 6000 AS i,
    abs(orchard.approx_distinct(f) - count(DISTINCT f)) < 6000 AS f FROM t;
-- equal values are one value
SELECT orchard.approx_distinct(v) FROM (VALUES (1.0), (1.00), (1), (2)) AS s(v);
SELECT orchard.approx_distinct(v) FROM (VALUES (0.0::float8), ('-0'), ('NaN'), ('-NaN'), ('Infinity')) AS s(v);
SELECT orchard.approx_distinct(v) FROM (VALUES ('a'::char(5)), ('a   '), ('b')) AS s(v);
SELECT orchard.approx_distinct(v) FROM (VALUES (ARRAY[1, 2]), (ARRAY[1, 2]), (NULL), ('{}')) AS s(v);
SELECT orchard.approx_distinct(v) FROM (VALUES (interval '1 day'), ('24 hours'), ('2 days')) AS s(v);
SELECT orchard.approx_distinct(v) FROM (VALUES ('{"a": 1, "b": 2}'::jsonb), ('{"b": 2, "a": 1}')) AS s(v);
SELECT orchard.approx_distinct(ROW(small % 3, word)) FROM t;
SELECT orchard.approx_distinct(v) FROM (VALUES ('{}'::json)) AS s(v);
SELECT orchard.approx_distinct('x') FROM t;
CREATE DOMAIN score AS int;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
SELECT orchard.approx_distinct(v::score), orchard.approx_distinct('ok'::mood), orchard.approx_distinct(md5(v::text)::uuid) FROM generate_series(1, 9) AS v;

-- quantiles: as percentile_cont while there are few
SELECT orchard.approx_quantiles(v, ARRAY[0, 0.25, 0.5, 0.9, 1]) =
    percentile_cont(ARRAY[0, 0.25, 0.5, 0.9, 1]::float8[]) WITHIN GROUP (ORDER BY v) AS same FROM (SELECT (i * 37 % 1009)::float8 AS v FROM generate_series(1, 2000) AS i) AS s;
SELECT orchard.approx_quantile(v, 0.5), orchard.approx_quantiles(v, '{{0, NULL}, {0.75, 1}}') FROM (VALUES (1), (2), (NULL), (10)) AS s(v);
SELECT orchard.approx_quantiles(v, ARRAY[0, 0.5, 1]) FROM (VALUES ('NaN'::float8), (1), ('-Infinity'), ('Infinity'), (0)) AS s(v);
SELECT orchard.approx_quantile(3, 0.2), orchard.approx_quantile(3, NULL), orchard.approx_quantiles(3, '{}'), orchard.approx_quantiles(3, NULL);
-- ranks within 1 % beyond
SELECT max(abs((SELECT count(*) FROM t WHERE f <= q) / 180000.0 - fraction)) < 0.01 AS near
FROM (SELECT orchard.approx_quantiles(f, (SELECT array_agg(x / 20.0::float8) FROM generate_series(0, 20) AS x)) AS found FROM t) AS s,
    unnest(found) WITH ORDINALITY AS u(q, n), LATERAL (SELECT (n - 1) / 20.0 AS fraction) AS l;
SELECT orchard.approx_quantile(1, 1.5);
SELECT orchard.approx_quantile(1, 'NaN');
SELECT orchard.approx_quantiles(1, ARRAY[0.5, -0.1]);
SELECT orchard.approx_quantile(i, i / 1000000.0) FROM t;
SELECT orchard.approx_quantiles(i, ARRAY[i % 2]) FROM t;

-- top values: exact while they fit
SELECT orchard.top_values(word, 3), orchard.top_values(grp) FROM t;
SELECT orchard.top_values(v) FROM (VALUES ('a'), ('b'), (NULL), ('b'), (E'tab\t"quoted" \\ 跑鞋'), ('')) AS s(v);
SELECT orchard.top_values(v) FROM (VALUES (1.50), (1.5), (2), ('NaN')) AS s(v);
SELECT orchard.top_values(v, 2) FROM (VALUES (true), (true), (false)) AS s(v);
SELECT orchard.top_values(v) FROM (VALUES (0.1::float4), (1e30), ('NaN'), ('-0'), (0)) AS s(v);
SELECT orchard.top_values(v) FROM (VALUES (date '2026-01-02'), (NULL), ('infinity')) AS s(v);
SELECT orchard.top_values(v) FROM (VALUES ('ok'::mood), ('happy'), ('ok')) AS s(v);
SELECT orchard.top_values(v) FROM (VALUES ('c0ffee00-0000-0000-0000-000000000001'::uuid)) AS s(v);
SELECT orchard.top_values(v) FROM (VALUES ('\xdeadbeef'::bytea)) AS s(v);
SELECT orchard.top_values(v) FROM (VALUES (ARRAY['a', 'b']), ('{"a",b}')) AS s(v);
SELECT orchard.top_values(v) FROM (VALUES ((-5)::int2), (-5)) AS s(v);
SELECT orchard.top_values(v) FROM (VALUES (timestamptz '2026-01-02 03:04:05+00')) AS s(v);
SELECT jsonb_array_length(orchard.top_values(small, 1000)) FROM t;
-- long values are told apart, and shown in part
SELECT length(e ->> 'value'), e -> 'rows' AS rows, e -> 'cut' AS cut
FROM (SELECT orchard.top_values(repeat('ü', 600) || i % 2) AS v FROM generate_series(1, 5) AS i) AS s, jsonb_array_elements(v) AS e;
-- bounds beyond 10,000 different values
SELECT e ->> 'value' AS value, (e -> 'rows')::int <= 20000 AND (e -> 'rows_at_most')::int >= 20000 AS bounded
FROM (SELECT orchard.top_values(CASE WHEN i % 10 = 0 THEN 'often' ELSE 'v' || i END, 3) AS v FROM t) AS s, jsonb_array_elements(v) AS e;
SELECT orchard.top_values(i) FROM t;
SELECT orchard.top_values(word, 0) FROM t;
SELECT orchard.top_values(word, NULL) FROM t;
SELECT orchard.top_values(word, 1001) FROM t;
SELECT orchard.top_values(word, i % 2 + 1) FROM t;

-- nothing
SELECT orchard.approx_distinct(i), orchard.approx_quantiles(i, ARRAY[0.5]), orchard.approx_quantile(i, 0.5), orchard.top_values(word) FROM t WHERE false;
SELECT orchard.approx_distinct(v), orchard.approx_quantile(v, 0.5), orchard.top_values(v) FROM (VALUES (NULL::float8)) AS s(v);

-- many groups, FILTER, DISTINCT, ORDER BY
SELECT count(*), sum(n), bool_and(n = d), min(q) FROM (
    SELECT i / 4 AS g, orchard.approx_distinct(i) AS n, count(DISTINCT i) AS d, orchard.approx_quantile(i, 0.5) AS q, orchard.top_values(word) FROM t GROUP BY 1) AS s;
SELECT grp, orchard.approx_distinct(small) FILTER (WHERE small < 5), orchard.approx_quantile(DISTINCT small, 0.5) FROM t GROUP BY grp ORDER BY grp LIMIT 2;
-- windows
SELECT i, orchard.approx_distinct(grp) OVER w, orchard.approx_quantile(i, 0.5) OVER w, orchard.top_values(grp, 1) OVER w
FROM t WHERE i <= 5 WINDOW w AS (ORDER BY i);

-- parallel plans give the same
CREATE VIEW answers AS SELECT orchard.approx_distinct(wide) AS wide, orchard.approx_distinct(word) AS word, orchard.approx_quantiles(small, ARRAY[0, 1]) AS extremes,
    orchard.approx_quantile(f, 0.5) BETWEEN 313 AND 319 AS median, orchard.top_values(word, 2) AS top, orchard.top_values(i, 2) AS unique, count(*) FROM t;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT * FROM answers;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT orchard.approx_distinct(wide), orchard.approx_quantile(f, 0.5), orchard.top_values(word) FROM t;
SELECT count(*) AS the_same FROM serial NATURAL JOIN answers;
SELECT grp, orchard.approx_distinct(word), orchard.top_values(grp), orchard.approx_quantile(small, NULL), orchard.approx_quantile(small, 1) FROM t GROUP BY grp ORDER BY grp LIMIT 2;
SELECT orchard.approx_quantile(i, CASE WHEN i < 100000 THEN 0.5 ELSE 0.6 END) FROM t;
RESET ALL;
-- the functions behind them are not to be called
DO $$
BEGIN
    PERFORM orchard.approx_distinct_final(NULL);
    RAISE 'an aggregate''s function was called';
EXCEPTION WHEN undefined_function OR feature_not_supported THEN
    NULL;
END
$$;
-- fractions of any shape, up to 10,000
SELECT orchard.approx_quantiles(v, '[0:1][-1:0]={{0,NULL},{0.5,1}}'::float8[]), orchard.approx_quantiles(v, '{{NULL},{NULL},{NULL}}'), orchard.approx_quantiles(v, array_fill(NULL::float8, ARRAY[9])) FROM generate_series(1, 5) AS v;
SELECT array_length(orchard.approx_quantiles(v, array_fill(0.5::float8, ARRAY[100, 100])), 2) FROM generate_series(1, 5) AS v;
SELECT orchard.approx_quantiles(v, array_fill(0.5::float8, ARRAY[10001])) FROM generate_series(1, 5) AS v;
SELECT count(*) FROM generate_series(0, 40) AS n, LATERAL (SELECT CASE WHEN i % 3 > 0 THEN i / 40.0::float8 END AS f FROM generate_series(1, n) AS i) AS s
GROUP BY n HAVING (SELECT orchard.approx_quantiles(v, coalesce(array_agg(f), '{}')) FROM generate_series(1, 9) AS v)
    IS DISTINCT FROM (SELECT percentile_cont(coalesce(array_agg(f), '{}')) WITHIN GROUP (ORDER BY v) FROM generate_series(1, 9) AS v);
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT orchard.approx_quantiles(i, '[0:1][-1:0]={{0,NULL},{1,1}}'::float8[]), orchard.approx_quantile(i, 1) FROM t;
RESET ALL;

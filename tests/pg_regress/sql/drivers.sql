-- Why a metric moved from one source to another.
\pset null '(null)'
SET search_path = public;
CREATE FUNCTION pick(i bigint, seed int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (1 + abs(hashint8extended(i, seed) % n))::int $$;
CREATE TYPE tier AS ENUM ('gold', 'silver', 'bronze');
-- Clicks fall on mobile in DE, and rise for gold; half of the rows without a country are gone, and slot 3 brings half as much again.
CREATE TABLE week1 AS
SELECT (ARRAY['mobile', 'desktop', 'tablet'])[pick(i, 1, 3)] AS device, (ARRAY['DE', 'FR', 'IT', NULL])[pick(i, 2, 4)] AS "Country 国", (ARRAY['gold', 'silver', 'bronze'])[pick(i, 3, 3)]::tier AS tier,
    pick(i, 4, 2) = 1 AS is_new, pick(i, 5, 6)::smallint AS slot, 20 + pick(i, 6, 9) AS impressions, pick(i, 7, 1000) AS luck, 18 + pick(i, 8, 50) AS age, 'user' || i AS user_id, date '2026-01-05' AS day
FROM generate_series(1, 6000) AS i;
CREATE TABLE week2 AS
SELECT (ARRAY['mobile', 'desktop', 'tablet'])[pick(i, 11, 3)] AS device, (ARRAY['DE', 'FR', 'IT', NULL])[pick(i, 12, 4)] AS "Country 国", (ARRAY['gold', 'silver', 'bronze'])[pick(i, 13, 3)]::tier AS tier,
    pick(i, 14, 2) = 1 AS is_new, pick(i, 15, 6)::smallint AS slot, 20 + pick(i, 16, 9) AS impressions, pick(i, 17, 1000) AS luck, 18 + pick(i, 18, 50) AS age, 'user' || i AS user_id, date '2026-01-12' AS day
FROM generate_series(1, 6600) AS i;
ALTER TABLE week1 ADD clicks int, ADD revenue numeric;
ALTER TABLE week2 ADD clicks int, ADD revenue numeric;
UPDATE week1 SET clicks = (impressions * (0.15 + luck / 10000.0))::int, revenue = round(10 + luck / 100.0, 2);
UPDATE week2 SET clicks = (impressions * (0.15 + luck / 10000.0) * CASE WHEN device = 'mobile' AND "Country 国" = 'DE' THEN 0.5 WHEN tier = 'gold' THEN 1.2 ELSE 1 END)::int,
    revenue = round((10 + luck / 100.0) * CASE WHEN slot = 3 THEN 1.5 ELSE 1 END, 2);
DELETE FROM week2 WHERE "Country 国" IS NULL AND luck % 2 = 0;
-- A ratio: what was planted, and parts that sum to the change.
CREATE TABLE ratio AS SELECT * FROM orchard.key_drivers('clicks', 'SELECT * FROM week1', 'week2', '{"denominator": "impressions"}');
SELECT rank, segment, round(metric_before::numeric, 4) AS before, round(metric_after::numeric, 4) AS after, round(change::numeric, 5) AS change, round(mix_effect::numeric, 5) AS mix, round(rate_effect::numeric, 5) AS rate,
    round(share_of_change::numeric, 2) AS of_change, round(z::numeric, 1) AS z, rows_before, rows_after FROM ratio ORDER BY rank;
SELECT abs(sum(change) - ((SELECT sum(clicks)::float8 / sum(impressions) FROM week2) - (SELECT sum(clicks)::float8 / sum(impressions) FROM week1))) < 1e-12 AS sums_to_the_change,
    bool_and(abs(volume_effect + mix_effect + rate_effect - change) < 1e-12) AS effects_sum, abs(sum(share_of_change) - 1) < 1e-9 AS is_all, sum(rows_before) AS rows_before, sum(rows_after) AS rows_after,
    abs(sum(share_before) - 1) < 1e-12 AS shares FROM ratio;
-- A sum: the rows that are gone, and those that grew. Its change is that of plain SQL.
CREATE TABLE sums AS SELECT * FROM orchard.key_drivers('revenue', 'week1', 'week2', '{"dimensions": ["device", "Country 国", "tier", "is_new", "slot"]}');
SELECT rank, segment, round(metric_before::numeric, 2) AS before, round(metric_after::numeric, 2) AS after, round(change::numeric, 2) AS change, round(volume_effect::numeric, 2) AS volume, round(mix_effect::numeric, 2) AS mix,
    round(rate_effect::numeric, 2) AS rate, round(share_of_change::numeric, 2) AS of_change, round(z::numeric, 1) AS z FROM sums ORDER BY rank;
SELECT abs(sum(change) - ((SELECT sum(revenue) FROM week2) - (SELECT sum(revenue) FROM week1))::float8) < 1e-6 AS sums_to_the_change, bool_and(abs(metric_after - metric_before - change) < 1e-6) AS own,
    bool_and(abs(volume_effect + mix_effect + rate_effect - change) < 1e-6) AS effects_sum FROM sums;
SELECT segment, round(metric_after::numeric, 2) = (SELECT sum(revenue) FROM week2 WHERE slot = 3) AS same FROM sums WHERE rank = 1;
-- Only some dimensions; numbers of many values in ranges; one condition; fewer rows.
SELECT rank, segment, rows_after FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"denominator": "impressions", "dimensions": ["device", "Country 国"]}');
SELECT rank, segment, rows_after FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"denominator": "impressions", "dimensions": ["device", "Country 国"], "max_depth": 1, "top": 1}');
SELECT rank, segment FROM orchard.key_drivers('luck', 'week1', 'SELECT age, CASE WHEN age >= 60 THEN luck * 3 ELSE luck END AS luck FROM week2', '{"dimensions": ["age"], "bins": 4, "alpha": 0.01}');
SELECT count(*) FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"denominator": "impressions", "min_share": 0.5, "max_depth": 3, "dimensions": ["device", "is_new"]}');
SELECT segment FROM orchard.key_drivers('paid', 'SELECT i % 3 = 0 AS paid, i % 2 = 0 AS even FROM generate_series(1, 3000) AS i', 'SELECT i % 3 = 0 OR i % 4 = 0 AS paid, i % 2 = 0 AS even FROM generate_series(1, 3000) AS i');
-- Nothing moved, or all alike: everything else alone.
SELECT rank, segment, change, share_of_change FROM orchard.key_drivers('clicks', 'week1', 'week1', '{"dimensions": ["device", "tier"]}');
SELECT rank, segment, change, share_of_change FROM orchard.key_drivers('clicks', 'week1', 'SELECT device, tier, clicks * 2 AS clicks FROM week1', '{"dimensions": ["device", "tier"]}');
-- The order of the rows does not matter, nor do threads.
SET orchard.threads = 1;
SELECT count(*) FROM (SELECT * FROM orchard.key_drivers('revenue', 'SELECT * FROM week1 ORDER BY luck, user_id', 'SELECT * FROM week2 ORDER BY md5(user_id)', '{"dimensions": ["device", "Country 国", "tier", "is_new", "slot"]}') EXCEPT SELECT * FROM sums) AS x;
RESET orchard.threads;
-- New and gone levels: no rate effect.
SELECT segment, metric_before, metric_after, volume_effect + mix_effect AS volume_and_mix, rate_effect, round(z::numeric, 1) AS z FROM orchard.key_drivers('y', 'SELECT ''old'' AS kind, 2.0 AS y FROM generate_series(1, 500)',
    'SELECT CASE WHEN i % 2 = 0 THEN ''new'' ELSE ''old'' END AS kind, 2.0 AS y FROM generate_series(1, 1000) AS i');
SELECT segment, metric_before, round(metric_after::numeric, 3) AS after, round(mix_effect::numeric, 3) AS mix, rate_effect FROM orchard.key_drivers('y', 'SELECT ''old'' AS kind, i % 5 = 0 AS y, 1 AS n FROM generate_series(1, 500) AS i',
    'SELECT CASE WHEN i % 2 = 0 THEN ''new'' ELSE ''old'' END AS kind, i % 20 IN (0, 1, 2, 3, 4, 6, 8, 10, 12) AS y, 1 AS n FROM generate_series(1, 1000) AS i', '{"denominator": "n"}');
-- Levels of all kinds, as JSON says them; NULL is a level, and NaN is NULL.
SELECT s.key, s.value, jsonb_typeof(s.value) FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e', 'f']) AS k, LATERAL orchard.key_drivers('y', format('SELECT %I, 1 AS y FROM (SELECT NULL::text AS a, true AS b, 7::bigint AS c, 9007199254740995 AS d, ''NaN''::float8 AS e, ''it''''s "x"\'' AS f
    UNION ALL SELECT ''z'', false, 8, 5, 2.5, ''q'') AS s, generate_series(1, 400)', k), format('SELECT %I, CASE WHEN a IS NULL THEN 3 ELSE 1 END AS y FROM (SELECT NULL::text AS a, true AS b, 7::bigint AS c, 9007199254740995 AS d, ''NaN''::float8 AS e, ''it''''s "x"\'' AS f
    UNION ALL SELECT ''z'', false, 8, 5, 2.5, ''q'') AS s, generate_series(1, 400)', k), jsonb_build_object('dimensions', jsonb_build_array(k))) AS d, jsonb_each(d.segment) AS s;
-- What cannot be used is left out; losses; a denominator of 0; one row a side.
SELECT segment, metric_before, metric_after, change, rows_before, rows_after FROM orchard.key_drivers('y', $$SELECT * FROM (VALUES ('a', 1::float8), ('b', NULL), ('b', 'NaN'), ('a', 'Infinity'), ('b', 1e300), ('b', -4)) AS v(k, y)$$, $$SELECT * FROM (VALUES ('a', -3::float8), ('b', 2)) AS v(k, y)$$);
SELECT segment, metric_before, metric_after, change, rows_before, rows_after FROM orchard.key_drivers('y', $$SELECT * FROM (VALUES ('a', 1, 2), ('b', 3, -1), ('b', 4, 0)) AS v(k, y, n)$$, $$SELECT * FROM (VALUES ('a', 1, 4), ('b', 0, NULL)) AS v(k, y, n)$$, '{"denominator": "n"}');
SELECT segment, metric_before, metric_after, change, volume_effect, mix_effect, rate_effect, share_of_change FROM orchard.key_drivers('y', 'SELECT 1 AS k, 5 AS y', 'SELECT 2 AS k, 5 AS y');
-- Columns of the one or the other, other types, an id, a constant: said, not used.
SELECT segment, rows_after FROM orchard.key_drivers('y', 'SELECT i % 2 AS k, ''same'' AS c, i::text AS id, i AS number, now() AS at, 1.5 AS x, ARRAY[1] AS a, ''{}''::json AS j, 1 AS gone, 1 AS t, i AS y FROM generate_series(1, 300) AS i',
    'SELECT i % 2 AS k, ''same'' AS c, i::text AS id, i AS number, now() AS at, 1.5 AS x, ARRAY[1] AS a, ''{}''::json AS j, ''1'' AS t, ''x'' AS fresh, i AS y FROM generate_series(1, 300) AS i');
-- Read-only transactions, roles, memory.
BEGIN READ ONLY;
SELECT count(*) FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"denominator": "impressions", "dimensions": ["device"]}');
COMMIT;
CREATE ROLE drivers_reader;
GRANT USAGE ON SCHEMA orchard TO drivers_reader;
\set VERBOSITY terse
SET ROLE drivers_reader;
SELECT count(*) FROM orchard.key_drivers('revenue', 'week1', 'week2');
RESET ROLE;
GRANT SELECT ON week1, week2 TO drivers_reader;
SET ROLE drivers_reader;
SELECT count(*) FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"denominator": "impressions", "dimensions": ["device"]}');
RESET ROLE;
SET orchard.max_memory = '1MB';
SELECT count(*) FROM orchard.key_drivers('i', 'SELECT i, i % 3 AS k FROM generate_series(1, 300000) AS i', 'SELECT i, i % 3 AS k FROM generate_series(1, 300000) AS i');
RESET orchard.max_memory;
-- A cancelled run.
SET statement_timeout = '300ms';
SELECT count(*) FROM orchard.key_drivers('y', 'SELECT i AS y, i % 3 AS a, i % 5 AS b, i % 7 AS c, i % 11 AS d, i % 13 AS e, i % 17 AS f FROM generate_series(1, 1000000) AS i', 'SELECT i AS y, i % 3 AS a, i % 5 AS b, i % 7 AS c, i % 11 AS d, i % 13 AS e, i % 17 AS f FROM generate_series(1, 1000000) AS i', '{"max_depth": 4}');
RESET statement_timeout;
\set VERBOSITY default
-- Errors.
SELECT * FROM orchard.key_drivers(NULL, 'week1', 'week2');
SELECT * FROM orchard.key_drivers('clicks', NULL, 'week2');
SELECT * FROM orchard.key_drivers('clicks', 'week1', NULL);
SELECT * FROM orchard.key_drivers('sales', 'week1', 'week2');
SELECT * FROM orchard.key_drivers('revenue', 'week1', 'SELECT device, clicks FROM week2');
SELECT * FROM orchard.key_drivers('device', 'week1', 'week2');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"denominator": "clicks"}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"denominator": "tier"}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"denominator": 7}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"dimensions": ["device", "device"]}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"dimensions": ["clicks"]}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"dimensions": []}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"dimensions": "device"}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"dimensions": ["day"]}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'SELECT clicks, device = ''mobile'' AS device FROM week2', '{"dimensions": ["device"]}');
SELECT * FROM orchard.key_drivers('clicks', 'SELECT clicks, day FROM week1', 'week2');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'SELECT * FROM week2 WHERE false');
SELECT * FROM orchard.key_drivers('clicks', 'SELECT *, 0 AS n FROM week1', 'SELECT *, 1 AS n FROM week2', '{"denominator": "n"}');
SELECT * FROM orchard.key_drivers('clicks', 'SELECT 1 AS clicks, 2 AS clicks', 'week2');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"depth": 3}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"max_depth": 5}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"top": 0}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"min_share": 0}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"alpha": 0}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '{"bins": 1.5}');
SELECT * FROM orchard.key_drivers('clicks', 'week1', 'week2', '[]');
-- Nothing stays behind.
DROP OWNED BY drivers_reader;
DROP ROLE drivers_reader;

-- Views of features from events: whatever rows come, none raises.
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset null '(null)'
SET search_path = public;
SET TimeZone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 0;
SET client_min_messages = warning;

-- every clock, both ends of all time, infinities, numbers that no sum can hold
CREATE FUNCTION first_error(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
CREATE TABLE extremes_of (type text, value text);
INSERT INTO extremes_of
SELECT type, value FROM unnest('{date,timestamp,timestamptz}'::text[]) AS type,
    unnest('{-infinity,4714-11-24 BC,4714-11-25 BC,4714-11-30 BC,4714-12-01 BC,4714-12-25 BC,4713-01-31 BC,4614-11-25 BC,4613-01-01 BC,2026-01-01,294275-12-31,294276-11-30,294276-12-24,294276-12-25,294276-12-31,infinity}'::text[]) AS value
UNION ALL VALUES ('date', '294277-01-01'), ('date', '5874897-12-31'), ('timestamp', '4714-11-24 00:00:00.000001 BC'), ('timestamp', '294276-12-31 23:59:59.999999'),
    ('timestamptz', '4714-11-24 00:00:00.000001+00 BC'), ('timestamptz', '294276-12-31 23:59:59.999999+00');
CREATE TABLE extreme_numbers (double float8, free numeric, whole bigint, small real, lim numeric(5));
INSERT INTO extreme_numbers
SELECT *, 99999 FROM unnest('{1e308,1e308,-1e308,1e200,5e-324,NaN}'::float8[], '{9e131071,9e131071,-9e131071,1e-16383,NaN,0}'::numeric[],
    '{9223372036854775807,9223372036854775807,-9223372036854775808,0,NULL,1}'::bigint[], '{3e38,3e38,-3e38,1e-45,NaN,Infinity}'::real[]) AS n;
DO $$
DECLARE
    type text;
BEGIN
    FOREACH type IN ARRAY '{date,timestamp,timestamptz}'::text[] LOOP
        EXECUTE format('CREATE TABLE extreme_%1$s AS SELECT 1 AS customer, value::%1$s AS at, n.* FROM extremes_of CROSS JOIN extreme_numbers AS n WHERE type = %1$L', type);
        EXECUTE format('CREATE TABLE moments_%1$s AS SELECT 1 AS customer, value::%1$s AS moment FROM extremes_of WHERE type = %1$L', type);
    END LOOP;
END $$;
CREATE TABLE views AS
SELECT e, m, z, format('%I', e || '_' || m || '_' || z) AS view
FROM unnest('{date,timestamp,timestamptz}'::text[]) AS e, unnest('{date,timestamp,timestamptz}'::text[]) AS m, unnest('{Pacific/Kiritimati,America/Juneau,X-99,X99}'::text[]) AS z;
SELECT count(DISTINCT view) AS views, count(*) AS columns FROM views,
    LATERAL orchard.event_features('extreme_' || e, view, 'customer', 'at', 'moments_' || m, 'moment', jsonb_build_object('time_zone', z, 'weekend_share', true,
        'windows', (CASE e WHEN 'date' THEN '[]' ELSE '["90 hours"]' END)::jsonb || '["1 day", "5000 weeks", "1 month", "100 years", "all"]',
        'numbers', '["double", "free", "whole", "small", "lim"]'::jsonb, 'aggregates', '["sum", "avg"]'::jsonb, 'sessions', e <> 'date', 'lags', '{"double": 3}'::jsonb, 'last_touch', '["free"]'::jsonb)
        || CASE e WHEN 'date' THEN '{}' ELSE '{"session_gap": "5000 weeks"}' END::jsonb);
SELECT first_error('SELECT * FROM ' || view) AS error, count(*) AS views FROM views GROUP BY 1;
CREATE TABLE rfm_views AS
SELECT e, a, z, w, format('%I', concat_ws(' ', 'rfm', e, a, z, w)) AS view
FROM unnest('{date,timestamp,timestamptz}'::text[]) AS e, unnest('{now,latest}'::text[]) AS a, unnest('{Pacific/Kiritimati,X99}'::text[]) AS z, unnest('{90 days,1 month,100 years,2 hours,NULL}'::text[]) AS w
WHERE e <> 'date' OR w IS DISTINCT FROM '2 hours';
SELECT count(*) AS columns FROM rfm_views, LATERAL orchard.rfm('extreme_' || e, view, 'customer', 'at', 'double', NULL, jsonb_build_object('as_of', a, 'window', w, 'time_zone', z));
SELECT first_error('SELECT * FROM ' || view) AS error, count(*) AS views FROM rfm_views GROUP BY 1;
-- nor one whose only event is the first of all time
DELETE FROM extreme_timestamptz WHERE at <> '4714-11-24 00:00:00+00 BC';
SELECT first_error('SELECT * FROM ' || view) AS error, count(*) AS views FROM rfm_views WHERE e = 'timestamptz' GROUP BY 1;
-- at the ends a window is as exact as elsewhere
CREATE TABLE at_the_ends (customer int, at timestamp, day date, number float8, free numeric);
INSERT INTO at_the_ends VALUES (1, '4714-11-24 BC', '4714-11-24 BC', 1e300, 1e300), (1, '4714-11-25 BC', '4714-11-25 BC', 1, 1), (1, '4714-12-24 BC', '4714-12-24 BC', 2, 2), (1, '294276-12-01', '5874897-12-01', 4, 4);
SELECT count(*) FROM orchard.event_features('at_the_ends', 'timestamp_ends', 'customer', 'at', 'SELECT customer, unnest(ARRAY[at, at + interval ''30 days'']) AS moment FROM at_the_ends', 'moment', '{"windows": ["24 hours", "30 days", "1 month", "all"], "numbers": ["number", "free"], "aggregates": ["sum", "max"]}');
SELECT moment, events_24h, events_30d, events_1mon, events_all, number_sum_1mon, number_max_1mon, free_sum_1mon, days_since_first FROM timestamp_ends ORDER BY moment;
SELECT count(*) FROM orchard.event_features('at_the_ends', 'day_ends', 'customer', 'day', 'SELECT customer, unnest(ARRAY[day, day + 30]) AS moment FROM at_the_ends', 'moment', '{"windows": ["1 day", "30 days", "1 month", "all"]}');
SELECT moment, events_1d, events_30d, events_1mon, events_all, days_since_first FROM day_ends ORDER BY moment;
-- what the server writes of a view in any session is read back as the same
SET TimeZone = 'America/Juneau';
SET datestyle = 'German';
DO $$
BEGIN
    EXECUTE 'CREATE VIEW again AS ' || pg_get_viewdef('"timestamptz_timestamp_X-99"'::regclass);
    EXECUTE 'CREATE VIEW again_of_days AS ' || pg_get_viewdef('"date_timestamptz_X99"'::regclass);
END $$;
SET TimeZone = 'UTC';
SET datestyle = 'ISO, YMD';
INSERT INTO extreme_timestamptz SELECT 1, value::timestamptz, n.* FROM extremes_of CROSS JOIN extreme_numbers AS n WHERE type = 'timestamptz';
SELECT count(*) AS different FROM (SELECT * FROM "timestamptz_timestamp_X-99" EXCEPT ALL SELECT * FROM again) AS d;
SELECT count(*) AS different FROM (SELECT * FROM "date_timestamptz_X99" EXCEPT ALL SELECT * FROM again_of_days) AS d;

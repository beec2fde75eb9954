-- Partial dependence: every row of a sample is given a value and scored, by a query of its own or by the call.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
SET TimeZone = 'Europe/Berlin';
SET IntervalStyle = 'postgres';
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE ads AS
SELECT i AS id, (ARRAY['phone', 'tablet', 'desktop', NULL])[i * 7 % 4 + 1] AS device, i % 24 AS hour,
    CASE WHEN i % 11 > 0 THEN (i * 37 % 100) / 10.0 END AS bid, timestamp '2026-01-05' + i % 500 * interval '1 hour' AS shown_at,
    (ARRAY['happy', 'sad']::mood[])[i % 2 + 1] AS mood, ARRAY[i % 5, i % 7]::float8[] AS e, i % 3 = 0 AS returning,
    (ARRAY['red shoes on sale', 'new boots', 'free shipping on all shoes', 'tents'])[i % 4 + 1] || CASE WHEN i % 5 = 0 THEN ' today' ELSE ' now' END AS copy,
    date '2026-01-01' + i % 40 AS day, timestamptz '2026-01-05 00:00+00' + i % 300 * interval '1 hour' AS seen_at, i % 9 * interval '90 minutes' AS stay
FROM generate_series(1, 3000) AS i;
ALTER TABLE ads ADD clicked boolean, ADD level text, ADD revenue float8;
UPDATE ads SET clicked = (id * 13 % 17 + CASE device WHEN 'phone' THEN 6 ELSE 0 END + CASE WHEN hour > 17 THEN 5 ELSE 0 END) > 14,
    level = CASE WHEN hour < 8 THEN 'gold' WHEN device = 'phone' AND bid > 3 THEN 'silver' ELSE 'bronze' END,
    revenue = 2 + coalesce(bid, 1) * (CASE device WHEN 'phone' THEN 3 ELSE 1 END) + id * 13 % 17 / 10.0 + extract(day FROM day) / 10;

SELECT model FROM orchard.train('small', 'SELECT device, hour, bid, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 20}');
-- texts by frequency, then those that are unknown and missing; the training source is the usual one
SELECT value, kind, rows, round(prediction::numeric, 4) AS prediction, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high
FROM orchard.partial_dependence('small', 'device');
-- it is the mean of predictions, the tenth and nine tenths of them
SELECT count(*) AS points, count(*) FILTER (WHERE abs(p.prediction - s.mean) < 1e-12 AND p.low = s.low AND p.high = s.high) AS same, sum(rows) AS rows
FROM orchard.partial_dependence('small', 'hour', grid => 24) AS p,
    LATERAL (SELECT avg(x) AS mean, percentile_disc(0.1) WITHIN GROUP (ORDER BY x) AS low, percentile_disc(0.9) WITHIN GROUP (ORDER BY x) AS high
             FROM (SELECT predict_small(device, p.number, bid) AS x FROM ads) AS s) AS s;
SELECT count(*) AS points, count(*) FILTER (WHERE abs(p.prediction - s.mean) < 1e-12) AS same
FROM orchard.partial_dependence('small', 'device', 'SELECT * FROM ads WHERE id <= 500') AS p,
    LATERAL (SELECT avg(predict_small(CASE kind WHEN 'unknown' THEN 'fridge' ELSE p.value END, hour, bid)) AS mean FROM ads WHERE id <= 500) AS s;
-- bins of equal rows, with the values that the rows have
SELECT value, number, kind, bin_start, bin_end, rows FROM orchard.partial_dependence('small', 'bid', grid => 4);
SELECT sum(p.rows) AS rows, bool_and(p.rows = (SELECT count(*) FROM ads WHERE CASE p.kind WHEN 'missing' THEN bid IS NULL ELSE bid BETWEEN p.bin_start::float8 AND p.bin_end::float8 END)) AS counted
FROM orchard.partial_dependence('small', 'bid', grid => 4) AS p;
-- pairs
SELECT value, value2, kind, kind2, rows, round(prediction::numeric, 4) AS prediction FROM orchard.partial_dependence('small', 'device', feature2 => 'bid', grid => 2);
SELECT count(*) AS points, sum(rows) AS rows, count(*) FILTER (WHERE abs(p.prediction - s.mean) < 1e-12) AS same
FROM orchard.partial_dependence('small', 'hour', 'ads', 'bid') AS p,
    LATERAL (SELECT avg(predict_small(device, p.number, p.number2)) AS mean FROM ads) AS s;

-- every type, as the row function has it: the parts of a date go with the date
SELECT model FROM orchard.train('wide', 'SELECT * FROM ads', 'revenue', 'random_forest',
    '{"n_estimators": 10, "max_depth": 8, "exclude": ["id", "level", "clicked"], "text_columns": ["copy"]}');
CREATE FUNCTION check_type(feature text, OUT points bigint, OUT same bigint, OUT first text, OUT last text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT count(*), count(*) FILTER (WHERE abs(p.prediction - s.mean) < 1e-9), min(value), max(value)
        FROM orchard.partial_dependence(''wide'', %1$L, ''SELECT * FROM ads WHERE id <= 60'', grid => 5) AS p,
            LATERAL (SELECT avg(orchard.predict(''wide'', to_jsonb(ads) || jsonb_build_object(%1$L, coalesce(p.value, CASE kind WHEN ''unknown'' THEN ''?'' END)))) AS mean FROM ads WHERE id <= 60) AS s', feature)
        INTO points, same, first, last;
END $$;
SELECT f AS feature, c.* FROM unnest(ARRAY['device', 'hour', 'bid', 'shown_at', 'mood', 'returning', 'day', 'stay']) AS f, check_type(f) AS c;
SELECT count(*) AS points, min(value) AS first, max(value) AS last, bool_and(value = to_char(s, 'YYYY-MM-DD HH24:MI:SS')) AS by_the_clocks
FROM orchard.partial_dependence('wide', 'seen_at', 'SELECT * FROM ads WHERE id <= 5') AS p
    JOIN (SELECT seen_at AS s, row_number() OVER (ORDER BY seen_at) AS n FROM ads WHERE id <= 5) AS s ON p.value::timestamp = s.s AT TIME ZONE 'Europe/Berlin';
-- features by themselves
SELECT value, kind, rows FROM orchard.partial_dependence('wide', 'shown_at.hour', grid => 3);
SELECT value, rows FROM orchard.partial_dependence('wide', 'e[2]', grid => 10);
SELECT count(*) > 1 AS values FROM orchard.partial_dependence('wide', 'copy:shoes');
-- classes
SELECT model FROM orchard.train('level', 'SELECT device, hour, bid, level FROM ads', 'level', 'gradient_boosting', '{"n_estimators": 10}');
SELECT count(*) AS points, count(*) FILTER (WHERE abs(p.prediction - s.mean) < 1e-12) AS same
FROM orchard.partial_dependence('level', 'hour', class => 'silver', grid => 6) AS p,
    LATERAL (SELECT avg((orchard.predict_proba('level', to_jsonb(ads) || jsonb_build_object('hour', p.number)) ->> 'silver')::float8) AS mean FROM ads) AS s;
SELECT bool_and(abs(a.prediction + b.prediction - 1) < 1e-12) AS opposite
FROM orchard.partial_dependence('small', 'hour', class => 'true') AS a JOIN orchard.partial_dependence('small', 'hour', class => 'false') AS b USING (value);
-- weights
SELECT model FROM orchard.train('weighed', 'SELECT device, hour, bid, id, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 20, "sample_weight": "id"}');
SELECT count(*) AS points, count(*) FILTER (WHERE abs(p.prediction - s.mean) < 1e-12) AS same
FROM orchard.partial_dependence('weighed', 'hour', grid => 24) AS p,
    LATERAL (SELECT sum(predict_weighed(device, p.number, bid) * id) / sum(id) AS mean FROM ads) AS s;
SET client_min_messages = notice;
SELECT count(*) FROM orchard.partial_dependence('weighed', 'hour', 'SELECT device, hour, bid FROM ads');
SET client_min_messages = warning;
-- columns that the model cleans: what is made of several columns follows
CREATE TABLE raw AS SELECT CASE WHEN id % 9 = 0 THEN 'n/a' ELSE '$' || bid END AS offer, upper(device) || ' ' AS device, hour, clicked FROM ads WHERE bid IS NOT NULL;
SELECT model FROM orchard.train('cleaned', 'raw', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "clean": "auto"}');
SELECT value, rows, round(prediction::numeric, 4) AS prediction FROM orchard.partial_dependence('cleaned', 'device');
SELECT count(*) AS points, count(*) FILTER (WHERE abs(p.prediction - s.mean) < 1e-12) AS same
FROM orchard.partial_dependence('cleaned', 'offer', grid => 7) AS p,
    LATERAL (SELECT avg(orchard.predict('cleaned', to_jsonb(raw) || jsonb_build_object('offer', p.value))) AS mean FROM raw) AS s;
SELECT model FROM orchard.train('ratio', 'SELECT bid, hour + 1 AS hour, clicked FROM ads', 'clicked', 'gradient_boosting',
    '{"n_estimators": 10, "clean": [{"step": "ratio", "numerator": "bid", "denominator": "hour", "name": "bid_an_hour"}]}');
SELECT count(*) AS points, count(*) FILTER (WHERE abs(p.prediction - s.mean) < 1e-12) AS same
FROM orchard.partial_dependence('ratio', 'hour', grid => 7) AS p,
    LATERAL (SELECT avg(orchard.predict('ratio', jsonb_build_object('bid', bid, 'hour', p.number))) AS mean FROM ads) AS s;
SELECT count(*) AS points, sum(rows) AS rows FROM orchard.partial_dependence('ratio', 'bid_an_hour', grid => 5);
-- a sample is the same in whatever order rows come
SELECT (SELECT array_agg(p) FROM orchard.partial_dependence('small', 'bid', 'SELECT * FROM ads ORDER BY id', sample => 100) AS p)
     = (SELECT array_agg(p) FROM orchard.partial_dependence('small', 'bid', 'SELECT * FROM ads ORDER BY id DESC', sample => 100) AS p) AS same;

-- the training source means what it meant
CREATE SCHEMA other;
SET search_path = other, public;
CREATE TABLE other.ads AS SELECT * FROM public.ads LIMIT 1;
SELECT sum(rows) AS rows FROM orchard.partial_dependence('public.small', 'hour');
SELECT sum(rows) AS rows FROM orchard.partial_dependence('public.small', 'hour', 'ads');
SET search_path = public;
DROP SCHEMA other CASCADE;

-- errors
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM orchard.partial_dependence(NULL, 'hour');
SELECT * FROM orchard.partial_dependence('small', NULL);
SELECT * FROM orchard.partial_dependence('nothing', 'hour');
SELECT * FROM orchard.partial_dependence('small', 'Hour');
SELECT * FROM orchard.partial_dependence('small', 'hour', feature2 => 'hour');
SELECT * FROM orchard.partial_dependence('wide', 'copy');
SELECT * FROM orchard.partial_dependence('wide', 'e');
SELECT * FROM orchard.partial_dependence('small', 'hour', class => 'maybe');
SELECT * FROM orchard.partial_dependence('wide', 'hour', class => 'maybe');
SELECT * FROM orchard.partial_dependence('level', 'hour');
SELECT * FROM orchard.partial_dependence('small', 'hour', grid => 0);
SELECT * FROM orchard.partial_dependence('small', 'hour', sample => 0);
SELECT * FROM orchard.partial_dependence('small', 'hour', 'SELECT * FROM ads WHERE false');
SELECT * FROM orchard.partial_dependence('small', 'hour', 'SELECT device, hour FROM ads');
SELECT * FROM orchard.partial_dependence('small', 'hour', 'SELECT device, hour::text, bid FROM ads');
SELECT * FROM orchard.partial_dependence('small', 'hour', 'DELETE FROM ads RETURNING *');
SELECT * FROM orchard.partial_dependence('weighed', 'hour', 'SELECT device, hour, bid, -id AS id FROM ads');
SELECT model FROM orchard.train('groups', 'SELECT bid, hour FROM ads', algorithm => 'kmeans', options => '{"n_clusters": 2}');
SELECT * FROM orchard.partial_dependence('groups', 'hour');
SET statement_timeout = '100ms';
SELECT count(*) FROM orchard.partial_dependence('wide', 'bid', 'SELECT a.* FROM ads AS a, generate_series(1, 30)', feature2 => 'hour', grid => 100, sample => 90000);
RESET statement_timeout;
-- rights are those of the reader, on the training source too
CREATE ROLE regress_dependence_reader;
SELECT orchard.grant('small', 'regress_dependence_reader');
SET ROLE regress_dependence_reader;
SELECT * FROM orchard.partial_dependence('small', 'hour');
RESET ROLE;
GRANT SELECT ON ads TO regress_dependence_reader;
SET ROLE regress_dependence_reader;
SET default_transaction_read_only = on;
SELECT count(*) FROM orchard.partial_dependence('small', 'hour');
RESET default_transaction_read_only;
RESET ROLE;
DROP OWNED BY regress_dependence_reader;
DROP ROLE regress_dependence_reader;

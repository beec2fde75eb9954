-- Forecasts of time series.
\pset null '(null)'
SET search_path = public;
SET TimeZone = 'UTC';
-- What is true: a trend, a week and noise that does not repeat; three shops of two regions.
CREATE FUNCTION noise(i int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint4(i) % 1000) / 1000.0 $$;
CREATE TABLE sales AS
SELECT region, shop, date '2024-01-01' + d AS day, round((base + slope * d + base * 0.2 * sin(2 * pi() * d / 7) + 3 * noise(d * 31 + k))::numeric, 2) AS amount
FROM (VALUES ('north', 'Lübeck', 100, 0.1, 1), ('north', '中文 "x"', 50, 0.0, 2), ('south', 'Ulm', 200, -0.2, 3)) AS s (region, shop, base, slope, k), generate_series(0, 139) AS d;
-- One series: four weeks follow.
SELECT count(*), min(forecast_time), max(forecast_time), min(step), max(step), bool_and(low < mean AND mean < high) AS inside, min(series::text) AS series, min(method) AS method, count(time_number) AS numbers
FROM orchard.forecast('SELECT day, amount FROM sales WHERE shop = ''Ulm''', 'day', 'amount');
-- It is near what is true.
SELECT avg(abs(mean - truth)) < 2 AS near, avg((truth BETWEEN low AND high)::int) AS covered
FROM (SELECT mean, low, high, 200 - 0.2 * (139 + step) + 200 * 0.2 * sin(2 * pi() * (139 + step) / 7) AS truth
    FROM orchard.forecast('SELECT day, amount FROM sales WHERE shop = ''Ulm''', 'day', 'amount', horizon => 14)) AS f;
-- Many.
SELECT series, count(*), round(sum(mean)) AS sum FROM orchard.forecast('sales', 'day', 'amount', ARRAY['region', 'shop'], 7) GROUP BY series ORDER BY series;
-- The order of the rows does not matter, nor do threads.
SET orchard.threads = 1;
CREATE TEMP TABLE one AS SELECT * FROM orchard.forecast('SELECT * FROM sales ORDER BY md5(day::text || shop)', 'day', 'amount', ARRAY['region', 'shop'], 7);
RESET orchard.threads;
SELECT count(*) FROM (SELECT * FROM one EXCEPT SELECT * FROM orchard.forecast('SELECT * FROM sales ORDER BY day DESC', 'day', 'amount', ARRAY['region', 'shop'], 7)) AS x;
-- Every method.
SELECT m, count(*), bool_and(mean BETWEEN 100 AND 300) AS sane, bool_and(low <= mean AND mean <= high) AS inside, min(method) AS used
FROM unnest(ARRAY['auto', 'naive', 'seasonal_naive', 'drift', 'mean', 'ets', 'theta', 'ensemble', 'croston', 'sba', 'tsb', 'mstl', 'arima']) AS m,
    LATERAL orchard.forecast('SELECT day, amount FROM sales WHERE shop = ''Ulm''', 'day', 'amount', '{}', 5, jsonb_build_object('method', m, 'frequency', 'day')) AS f GROUP BY m ORDER BY m;
-- A wider level is wider.
SELECT bool_and(w.high - w.low > n.high - n.low) AS wider FROM orchard.forecast('SELECT day, amount FROM sales WHERE shop = ''Ulm''', 'day', 'amount', '{}', 5, '{"level": 0.99}') AS w
JOIN orchard.forecast('SELECT day, amount FROM sales WHERE shop = ''Ulm''', 'day', 'amount', '{}', 5, '{"level": 0.5}') AS n USING (step);
-- Sums add up.
WITH f AS (SELECT * FROM orchard.forecast('sales', 'day', 'amount', ARRAY['region', 'shop'], 3, '{"hierarchy": true}'))
SELECT count(DISTINCT series) AS nodes, (SELECT array_agg(DISTINCT series ORDER BY series) FROM f) AS all_nodes FROM f;
WITH f AS (SELECT *, series ->> 'region' AS region, series ->> 'shop' AS shop FROM orchard.forecast('sales', 'day', 'amount', ARRAY['region', 'shop'], 3, '{"hierarchy": true}'))
SELECT t.step, abs(t.mean - (SELECT sum(mean) FROM f WHERE f.step = t.step AND shop IS NOT NULL)) < 1e-9 AS leaves, abs(t.mean - (SELECT sum(mean) FROM f WHERE f.step = t.step AND shop IS NULL AND region IS NOT NULL)) < 1e-9 AS regions
FROM f AS t WHERE region IS NULL ORDER BY 1;
-- Steps: months, quarters, weeks, hours, years, working days, plain numbers, texts, moments of a zone.
SELECT array_agg(forecast_time::date ORDER BY step) FROM orchard.forecast('SELECT date ''2020-01-31'' + make_interval(months => i) AS t, i % 12 AS v FROM generate_series(0, 47) AS i', 't', 'v', '{}', 3);
SELECT array_agg(forecast_time::date ORDER BY step) FROM orchard.forecast('SELECT date ''2020-02-01'' + make_interval(months => 3 * i) AS t, i % 4 AS v FROM generate_series(0, 23) AS i', 't', 'v', '{}', 3);
SELECT array_agg(forecast_time::date ORDER BY step) FROM orchard.forecast('SELECT date ''2020-01-05'' + 7 * i AS t, i % 4 AS v FROM generate_series(0, 23) AS i', 't', 'v', '{}', 3);
SELECT array_agg(forecast_time ORDER BY step) FROM orchard.forecast('SELECT timestamp ''2024-03-01 00:00'' + make_interval(hours => i) AS t, i % 24 AS v FROM generate_series(0, 99) AS i', 't', 'v', '{}', 3);
SELECT array_agg(forecast_time::date ORDER BY step) FROM orchard.forecast('SELECT make_date(1990 + i, 7, 1) AS t, i + i % 3 AS v FROM generate_series(0, 19) AS i', 't', 'v', '{}', 3);
SELECT array_agg(forecast_time::date ORDER BY step) FROM orchard.forecast('SELECT t::date, extract(isodow FROM t)::int AS v FROM generate_series(date ''2024-01-01'', ''2024-03-14'', ''1 day'') AS t WHERE extract(isodow FROM t) < 6', 't', 'v', '{}', 3);
SELECT count(forecast_time) AS times, array_agg(time_number ORDER BY step) AS numbers, array_agg(round(mean::numeric, 1) ORDER BY step) AS mean FROM orchard.forecast('SELECT 2000 + i * 0.25 AS t, i % 4 * 10 AS v FROM generate_series(0, 23) AS i', 't', 'v', '{}', 4, '{"season": 4}');
SELECT array_agg(forecast_time::date ORDER BY step) FROM orchard.forecast('SELECT ''2024-01-'' || lpad(i::text, 2, ''0'') AS t, i AS v FROM generate_series(1, 28) AS i', 't', 'v', '{}', 2);
SELECT array_agg(forecast_time::date ORDER BY step) FROM orchard.forecast('SELECT ''2024-'' || lpad(i::text, 2, ''0'') AS t, i AS v FROM generate_series(1, 12) AS i', 't', 'v', '{}', 2);
SET TimeZone = 'America/New_York';
SELECT array_agg(forecast_time ORDER BY step) FROM orchard.forecast('SELECT (date ''2024-03-01'' + i)::timestamptz AS t, i % 7 AS v FROM generate_series(0, 40) AS i', 't', 'v', '{}', 2);
SET TimeZone = 'UTC';
-- Days by week and month; the last month is not over.
SELECT series, array_agg(forecast_time::date ORDER BY step) AS times, round(min(mean)) AS least FROM orchard.forecast('sales', 'day', 'amount', '{}', 2, '{"frequency": "week", "aggregate": "mean"}') GROUP BY 1;
SELECT array_agg(forecast_time::date ORDER BY step) AS times FROM orchard.forecast('SELECT day, amount FROM sales WHERE shop = ''Ulm''', 'day', 'amount', '{}', 2, '{"frequency": "month"}');
-- Rows that are there twice, gaps, rows that say nothing.
CREATE TABLE holes AS SELECT * FROM (SELECT day, amount FROM sales WHERE shop = 'Ulm' AND extract(day FROM day) <> 13 UNION ALL SELECT day, amount FROM sales WHERE shop = 'Ulm' AND extract(day FROM day) = 3) AS x
UNION ALL VALUES (NULL::date, 5::numeric), (date 'infinity', 5), (date '2024-05-30', NULL), (date '2024-05-31', 'NaN');
SELECT count(*), bool_and(mean BETWEEN 100 AND 250) AS sane, min(forecast_time) FROM orchard.forecast('holes', 'day', 'amount', '{}', 7);
SELECT count(*), bool_and(mean BETWEEN 100 AND 500) AS sane FROM orchard.forecast('holes', 'day', 'amount', '{}', 7, '{"aggregate": "sum", "missing": "previous"}');
SELECT count(*) FROM orchard.forecast('holes', 'day', 'amount', '{}', 7, '{"aggregate": "mean", "missing": "zero"}');
-- Demand with many zeros is not below 0, and as often 0 as it was.
SELECT min(method) IN ('sba', 'tsb', 'mean') AS sparse, bool_and(low >= 0 AND mean > 0 AND high > mean) AS sane FROM orchard.forecast('SELECT date ''2024-01-01'' + i AS t, CASE WHEN hashint4(i) % 4 = 0 THEN 5 + abs(hashint4(i + 1) % 7) ELSE 0 END AS v FROM generate_series(1, 200) AS i', 't', 'v', '{}', 5);
-- Series that tell little or nothing: one bad one is no error.
SELECT series ->> 'k' AS k, count(*), round(min(mean)::numeric, 3) AS mean, round(min(low)::numeric, 3) AS low, round(max(high)::numeric, 3) AS high, min(method) AS method
FROM orchard.forecast($$SELECT 'one value' AS k, date '2024-01-01' AS t, 5::float8 AS v UNION ALL SELECT 'none', '2024-01-01', NULL UNION ALL SELECT 'two', date '2024-01-01' + i, 5 + i FROM generate_series(0, 1) AS i
    UNION ALL SELECT 'constant', date '2024-01-01' + i, 7 FROM generate_series(0, 30) AS i UNION ALL SELECT 'zeros', date '2024-01-01' + i, 0 FROM generate_series(0, 30) AS i
    UNION ALL SELECT 'negative', date '2024-01-01' + i, -5 - i % 7 FROM generate_series(0, 30) AS i UNION ALL SELECT 'huge', date '2024-01-01' + i, 1e99 * (1 + i % 7) FROM generate_series(0, 30) AS i
    UNION ALL SELECT 'tiny', date '2024-01-01' + i, 1e-300 * (1 + i % 7) FROM generate_series(0, 30) AS i UNION ALL SELECT 'infinite', date '2024-01-01' + i, CASE WHEN i = 5 THEN 'Infinity' ELSE i::float8 END FROM generate_series(0, 30) AS i
    UNION ALL SELECT NULL, date '2024-01-01' + i, i FROM generate_series(0, 30) AS i$$, 't', 'v', ARRAY['k'], 2) WHERE series ->> 'k' NOT IN ('huge', 'tiny') OR series ->> 'k' IS NULL GROUP BY 1 ORDER BY 1;
SELECT * FROM orchard.forecast('SELECT day, amount FROM sales WHERE false', 'day', 'amount');
SELECT series FROM orchard.forecast('SELECT 1 AS "Ad Id", true AS "it''s", 2.50 AS "a""b", ''x'' AS "中", date ''2024-01-01'' + i AS "Day", i AS "V" FROM generate_series(1, 9) AS i', 'Day', 'V', ARRAY['Ad Id', 'it''s', 'a"b', '中'], 1);
-- How good it would have been.
SELECT method, count(*) FILTER (WHERE metric IN ('mase', 'smape', 'rmsse', 'mae', 'rmse', 'bias', 'coverage', 'interval_width')) AS metrics, bool_or(metric = 'mase' AND value < 1.1) AS good,
    bool_or(metric = 'coverage' AND value BETWEEN 0.85 AND 1) AS covers, max(value) FILTER (WHERE metric = 'forecasts') AS forecasts
FROM orchard.evaluate_forecast('sales', 'day', 'amount', ARRAY['shop'], 7, '{"origins": 4}') GROUP BY method ORDER BY method;
SELECT method, metric, round(value::numeric, 3) AS value FROM orchard.evaluate_forecast('SELECT i AS t, i % 4 AS v FROM generate_series(1, 40) AS i', 't', 'v', '{}', 4, '{"season": 4, "method": ["seasonal_naive", "naive"], "origins": 3}');
SELECT * FROM orchard.evaluate_forecast('SELECT 1 AS t, 2 AS v', 't', 'v', '{}', 4, '{"method": "naive"}');
-- Parts sum up to the values.
SELECT count(*), max(abs(value - trend - seasonal - remainder)) < 1e-9 AS sums, avg(abs(remainder)) < 3 AS small, corr(seasonal, sin(2 * pi() * (value_time::date - date '2024-01-01') / 7)) > 0.99 AS week, max(seasons ->> '7') IS NOT NULL AS by_period, bool_or(filled) AS filled
FROM orchard.decompose('SELECT day, amount FROM sales WHERE shop = ''Ulm''', 'day', 'amount');
SELECT value_time::date AS t, value, round(trend::numeric, 6) AS trend, round(seasonal::numeric, 6) AS seasonal, round(remainder::numeric, 6) AS remainder, seasons, filled, time_number
FROM orchard.decompose('SELECT date ''2024-01-01'' + i AS t, 2 * i AS v FROM generate_series(0, 4) AS i WHERE i <> 2', 't', 'v', '{}', '{"season": 1}');
SELECT series, time_number, value FROM orchard.decompose('VALUES (''a'', 1, 5), (''a'', 2, 6), (''b'', 1, 1)', 'column2', 'column3', ARRAY['column1']);
-- What was not to be expected.
SELECT series, value_time::date, value, score > 5 AS far, expected BETWEEN low AND high AS inside
FROM orchard.forecast_anomalies('SELECT shop, day, amount + CASE WHEN shop = ''Ulm'' AND day = ''2024-03-05'' THEN 90 ELSE 0 END AS amount FROM sales', 'day', 'amount', ARRAY['shop']) WHERE abs(score) > 5;
SELECT count(*) FROM orchard.forecast_anomalies('SELECT i AS t, 5 AS v FROM generate_series(1, 40) AS i', 't', 'v');
SELECT count(*) > 5 AS some FROM orchard.forecast_anomalies('SELECT day, amount FROM sales WHERE shop = ''Ulm''', 'day', 'amount', '{}', '{"level": 0.8}');
-- It reads nothing but the source, in a transaction that may not write, too.
BEGIN READ ONLY;
SELECT count(*) FROM orchard.forecast('sales', 'day', 'amount', ARRAY['shop'], 2);
COMMIT;
CREATE ROLE forecast_reader;
SET ROLE forecast_reader;
SELECT count(*) FROM orchard.forecast('public.sales', 'day', 'amount');
RESET ROLE;
DROP ROLE forecast_reader;
SET orchard.max_memory = '1MB';
SELECT count(*) FROM orchard.forecast('SELECT i AS t, i % 7 AS v FROM generate_series(1, 500000) AS i', 't', 'v');
SELECT count(*) FROM orchard.forecast('sales', 'day', 'amount', ARRAY['shop'], 100000);
RESET orchard.max_memory;
-- How far it gets differs.
SET client_min_messages = warning;
SET statement_timeout = '300ms';
SELECT count(*) FROM orchard.evaluate_forecast('SELECT g, i AS t, i % 7 + hashint4(i * 7919 + g) % 100 / 50.0 AS v FROM generate_series(1, 400) AS i, generate_series(1, 300) AS g', 't', 'v', ARRAY['g'], 10, '{"season": 7, "origins": 30}');
RESET statement_timeout;
RESET client_min_messages;
-- Errors.
SELECT * FROM orchard.forecast(NULL, 'day', 'amount');
SELECT * FROM orchard.forecast('sales', NULL, 'amount');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', ARRAY['shop', NULL]);
SELECT * FROM orchard.forecast('sales', 'date', 'amount');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', ARRAY['town']);
SELECT * FROM orchard.forecast('sales', 'day', 'day');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', ARRAY['day']);
SELECT * FROM orchard.forecast('sales', 'day', 'amount', ARRAY['shop', 'shop']);
SELECT * FROM orchard.forecast('sales', 'day', 'shop');
SELECT * FROM orchard.forecast('SELECT true AS t, 1 AS v', 't', 'v');
SELECT * FROM orchard.forecast('SELECT ''soon'' AS t, 1 AS v', 't', 'v');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 0);
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"methods": "ets"}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"method": "prophet"}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"method": ["ets", "theta"]}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"level": 95}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"season": 0}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"frequency": "fortnight"}');
SELECT * FROM orchard.forecast('SELECT 1 AS t, 1 AS v', 't', 'v', '{}', 5, '{"frequency": "day"}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"missing": "drop"}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"aggregate": "max"}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"nonnegative": 1}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"hierarchy": true}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '{"hierarchy": "all"}');
SELECT * FROM orchard.forecast('sales', 'day', 'amount', '{}', 5, '[]');
SELECT * FROM orchard.evaluate_forecast('sales', 'day', 'amount', '{}', 5, '{"origins": 0}');
SELECT * FROM orchard.evaluate_forecast('sales', 'day', 'amount', '{}', 5, '{"hierarchy": true}');
SELECT * FROM orchard.decompose('sales', 'day', 'amount', '{}', '{"method": "ets"}');
SELECT * FROM orchard.forecast_anomalies('sales', 'day', 'amount', '{}', '{"origins": 3}');

-- Forecasts that know more than the series: regressors and holidays.
\pset null '(null)'
SET search_path = public;
SET TimeZone = 'UTC';
-- What is true: promotions sell by half more, a price of 10 % more sells 15 % less; a note of three kinds, and holidays on which half is sold. The amounts of the last 14 days are not known yet.
CREATE TABLE closed_days AS SELECT date '2024-01-08' + 14 * i AS holiday, CASE WHEN i % 2 = 0 THEN 'fair' ELSE 'it''s a "day"' END AS name FROM generate_series(0, 12) AS i;
CREATE TABLE truth AS
SELECT shop, date '2024-01-01' + d AS day, price, promotion, note,
    round((base * (1 + 0.2 * sin(2 * pi() * d / 7)) * (1 + 0.5 * promotion::int) * (price / 5) ^ -1.5 * CASE note WHEN 'leaflet' THEN 1.2 ELSE 1 END * CASE WHEN holiday IS NULL THEN 1 ELSE 0.5 END
        * (1 + (hashint4(d * 31 + base) % 1000) / 50000.0))::numeric, 2) AS amount
FROM (SELECT d, shop, base, hashint4(d * 7 + base) % 6 = 0 AS promotion, 4 + abs(hashint4(d / 9 + base)) % 5 * 0.5 AS price, (ARRAY['leaflet', 'radio'])[abs(hashint4(d * 3 + base)) % 3] AS note
    FROM generate_series(0, 167) AS d, (VALUES ('Kiel', 100), ('Ulm', 2000)) AS s (shop, base)) AS x LEFT JOIN closed_days AS c ON c.holiday = date '2024-01-01' + d;
CREATE TABLE planned AS SELECT shop, day, price, promotion, note, CASE WHEN day < '2024-06-03' THEN amount END AS amount FROM truth;
-- The effects go into the forecast, whatever the method.
SELECT m, count(*), avg(abs(f.mean / t.amount - 1)) < 0.15 AS near, avg((t.amount BETWEEN f.low AND f.high)::int) > 0.7 AS covered, min(f.method) AS used
FROM unnest(ARRAY['dynamic_regression', 'boosted_lags', 'auto']) AS m, LATERAL orchard.forecast('planned', 'day', 'amount', ARRAY['shop'], 14,
    jsonb_build_object('method', m, 'regressors', ARRAY['price', 'promotion', 'note'], 'holidays', 'closed_days', 'frequency', 'day')) AS f
JOIN truth AS t ON t.shop = f.series ->> 'shop' AND t.day = f.forecast_time GROUP BY m ORDER BY m;
SELECT avg(abs(f.mean / t.amount - 1)) > 0.1 AS worse_without FROM orchard.forecast('planned', 'day', 'amount', ARRAY['shop'], 14) AS f JOIN truth AS t ON t.shop = f.series ->> 'shop' AND t.day = f.forecast_time;
-- How good it would have been: of the steps held back the regressors are known.
SELECT method, max(value) FILTER (WHERE metric = 'mase') < 0.5 AS good, max(value) FILTER (WHERE metric = 'forecasts') AS forecasts
FROM orchard.evaluate_forecast('planned', 'day', 'amount', ARRAY['shop'], 14, '{"regressors": ["price", "promotion", "note"], "holidays": "closed_days", "method": ["auto", "dynamic_regression", "ensemble"], "origins": 2, "frequency": "day"}')
GROUP BY method ORDER BY method;
-- The order of the rows does not matter, nor do threads.
SET orchard.threads = 1;
CREATE TEMP TABLE one AS SELECT * FROM orchard.forecast('SELECT * FROM planned ORDER BY md5(day::text || shop)', 'day', 'amount', ARRAY['shop'], 7, '{"regressors": ["price", "promotion", "note"], "holidays": "closed_days"}');
RESET orchard.threads;
SELECT count(*), (SELECT count(*) FROM one) AS one FROM (SELECT * FROM one EXCEPT SELECT * FROM orchard.forecast('SELECT * FROM planned ORDER BY day DESC', 'day', 'amount', ARRAY['shop'], 7, '{"regressors": ["price", "promotion", "note"], "holidays": "closed_days"}')) AS x;
-- What is not known of the steps to come: a price goes on, a promotion does not happen. Gaps of the past likewise.
SELECT count(*), count(mean) AS means FROM orchard.forecast('SELECT * FROM planned WHERE shop = ''Ulm'' AND amount IS NOT NULL AND day <> ''2024-02-02''', 'day', 'amount', '{}', 14, '{"regressors": ["price", "promotion"], "method": "dynamic_regression"}');
SELECT bool_and(abs(a.mean - b.mean) < 1e-9 * a.mean) AS same FROM orchard.forecast('SELECT day, amount, price, promotion FROM planned WHERE shop = ''Ulm'' AND amount IS NOT NULL', 'day', 'amount', '{}', 14, '{"regressors": ["price", "promotion"], "method": "dynamic_regression"}') AS a
JOIN orchard.forecast('SELECT day, amount, CASE WHEN amount IS NULL THEN (SELECT price FROM planned WHERE shop = ''Ulm'' AND day = ''2024-06-02'') ELSE price END AS price, promotion AND amount IS NOT NULL AS promotion FROM planned WHERE shop = ''Ulm''', 'day', 'amount', '{}', 14, '{"regressors": ["price", "promotion"], "method": "dynamic_regression"}') AS b USING (step);
-- Holidays as dates, with names, of a table or of a query: the same days have the same effect.
SELECT h.kind, min(mean) FILTER (WHERE forecast_time = '2024-06-10') < 0.8 * min(mean) FILTER (WHERE forecast_time = '2024-06-03') AS less_on_a_holiday, min(method) AS method
FROM (SELECT 'dates' AS kind, (SELECT jsonb_agg(holiday) FROM closed_days) AS days UNION ALL SELECT 'names', (SELECT jsonb_build_object('all', jsonb_agg(holiday)) FROM closed_days)
    UNION ALL SELECT 'query', to_jsonb('SELECT holiday FROM closed_days'::text) UNION ALL SELECT 'none', '[]'::jsonb) AS h,
    LATERAL orchard.forecast('SELECT day, amount FROM planned WHERE shop = ''Ulm''', 'day', 'amount', '{}', 14, jsonb_build_object('holidays', h.days, 'method', 'dynamic_regression', 'frequency', 'day')) AS f
GROUP BY h.kind ORDER BY h.kind;
SELECT count(*) FROM orchard.forecast('planned', 'day', 'amount', ARRAY['shop'], 3, '{"holidays": {"fair": "2024-06-10", "other": ["2024-05-20", "2024-06-24"]}, "hierarchy": true}');
-- Without columns trees learn of lags and the calendar; of plain numbers, too. A series that is too short has the naive forecast.
SELECT count(*), min(method) AS method, bool_and(low < mean AND mean < high) AS inside FROM orchard.forecast('SELECT i AS t, i % 4 * 10 + i % 3 AS v FROM generate_series(1, 80) AS i', 't', 'v', '{}', 4, '{"season": 4, "method": "boosted_lags"}');
SELECT count(*), min(method) AS method FROM orchard.forecast('SELECT i AS t, i % 4 AS v FROM generate_series(1, 9) AS i', 't', 'v', '{}', 4, '{"method": "boosted_lags"}');
-- Columns that say nothing: constant, NULL, infinite, and more of them than values.
SELECT count(*), bool_and(mean BETWEEN 0 AND 30) AS sane FROM orchard.forecast('SELECT i AS t, i % 7 AS v, 5 AS a, NULL::float8 AS b, ''Infinity''::float8 AS c, 1e99 * i AS d FROM generate_series(1, 60) AS i', 't', 'v', '{}', 4, '{"regressors": ["a", "b", "c", "d"], "season": 7}');
SELECT count(*), min(method) AS method FROM orchard.forecast('SELECT i AS t, i % 5 AS v, (i % 10)::text AS a, (i % 9)::text AS b FROM generate_series(1, 20) AS i', 't', 'v', '{}', 2, '{"regressors": ["a", "b"], "method": "dynamic_regression"}');
-- Holidays are read with the rights of the caller.
CREATE ROLE forecast_planner;
GRANT SELECT ON planned TO forecast_planner;
SET ROLE forecast_planner;
SELECT count(*) FROM orchard.forecast('planned', 'day', 'amount', ARRAY['shop'], 2, '{"holidays": "closed_days"}');
RESET ROLE;
REVOKE ALL ON planned FROM forecast_planner;
DROP ROLE forecast_planner;
-- Errors.
SELECT * FROM orchard.forecast('planned', 'day', 'amount', '{}', 5, '{"regressors": "price"}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', '{}', 5, '{"regressors": ["weather"]}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', ARRAY['shop'], 5, '{"regressors": ["shop"]}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', '{}', 5, '{"regressors": ["price", "price"]}');
SELECT * FROM orchard.forecast('SELECT *, day + 1 AS due FROM planned', 'day', 'amount', '{}', 5, '{"regressors": ["due"]}');
SELECT * FROM orchard.forecast('SELECT *, day::text AS label FROM planned', 'day', 'amount', '{}', 5, '{"regressors": ["label"]}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', ARRAY['shop'], 5, '{"regressors": ["price"], "hierarchy": true}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', '{}', 5, '{"method": "dynamic_regression"}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', '{}', 5, '{"holidays": ["2024-02-30"]}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', '{}', 5, '{"holidays": {"fair": 5}}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', '{}', 5, '{"holidays": "no_such_table"}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', '{}', 5, '{"holidays": "SELECT 1 AS day"}');
SELECT * FROM orchard.forecast('planned', 'day', 'amount', '{}', 5, '{"holidays": "SELECT current_date AS a, current_date AS b"}');
SELECT * FROM orchard.forecast('SELECT 1 AS t, 1 AS v', 't', 'v', '{}', 5, '{"holidays": ["2024-12-25"]}');
SELECT * FROM orchard.decompose('planned', 'day', 'amount', '{}', '{"holidays": []}');
SELECT * FROM orchard.forecast_anomalies('planned', 'day', 'amount', '{}', '{"method": "boosted_lags"}');
-- Kept as a model, the forecasts know the same.
SELECT rows, metric, score < 0.5 AS good FROM orchard.train('planned_sales', 'planned', target => 'amount', algorithm => 'forecast',
    options => '{"time_column": "day", "group_columns": ["shop"], "horizon": 14, "regressors": ["price", "promotion", "note"], "holidays": "closed_days", "frequency": "day"}');
SELECT count(*) AS differ FROM (SELECT * FROM orchard.forecast('planned_sales') EXCEPT SELECT * FROM orchard.forecast('planned', 'day', 'amount', ARRAY['shop'], 14, '{"regressors": ["price", "promotion", "note"], "holidays": "closed_days", "frequency": "day"}')) AS x;
SELECT max(value) FILTER (WHERE metric = 'mase') < 0.2 AS good, max(value) FILTER (WHERE metric = 'rows') AS rows FROM orchard.evaluate('planned_sales', 'truth');
SELECT version, promoted FROM orchard.retrain('planned_sales', promote => 'always');

-- Forecasts that are kept as a model.
\pset null '(null)'
SET search_path = public;
SET TimeZone = 'UTC';
CREATE FUNCTION noise(i int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint4(i) % 1000) / 1000.0 $$;
CREATE TABLE sales AS
SELECT region, shop, open, date '2024-01-01' + d AS day, round((base + slope * d + base * 0.2 * sin(2 * pi() * d / 7) + 3 * noise(d * 31 + shop))::numeric, 2) AS amount
FROM (VALUES ('north', 1, true, 100, 0.1), ('north "中文"', 2, true, 50, 0.0), ('south', 3, false, 200, -0.2)) AS s (region, shop, open, base, slope), generate_series(0, 139) AS d;
SELECT model, version, algorithm, task, rows, features, metric, score BETWEEN 0.01 AND 1 AS good, deployed, function
FROM orchard.train('sales_forecast', 'sales', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day", "group_columns": ["region", "shop", "open"], "horizon": 10}');
-- It says what the verb says.
SELECT count(*) FROM orchard.forecast('sales_forecast');
SELECT count(*) AS differ FROM (SELECT * FROM orchard.forecast('sales_forecast') EXCEPT SELECT * FROM orchard.forecast('sales', 'day', 'amount', ARRAY['region', 'shop', 'open'], 10)) AS x;
SELECT series, count(*), min(forecast_time), max(step) FROM orchard.forecast('sales_forecast', horizon => 2) GROUP BY 1, series ORDER BY series ->> 'shop';
-- A row is scored by its series and time: the days to come have a forecast, no other day and no other series.
\df predict_sales_forecast
SELECT obj_description('predict_sales_forecast'::regproc);
SELECT day, predict_sales_forecast('south', 3, false, day) = (SELECT mean FROM orchard.forecast('sales_forecast') WHERE series ->> 'region' = 'south' AND forecast_time = day) AS same
FROM (VALUES (date '2024-05-18'), ('2024-05-19'), ('2024-05-20'), ('2024-05-29'), ('2024-05-30')) AS d (day);
SELECT predict_sales_forecast('west', 3, false, '2024-05-20') AS region, predict_sales_forecast('south', 4, false, '2024-05-20') AS shop, predict_sales_forecast(NULL, 3, false, '2024-05-20') AS none,
    predict_sales_forecast('south', 3, false, NULL) AS day, predict_sales_forecast('south', 3, false, 'infinity') AS never, predict_sales_forecast('south', 'NaN', false, '2024-05-20') AS nan;
SELECT sum(predict_sales_forecast(region, shop, open, day + 10))::int BETWEEN 2800 AND 4000 AS sane, count(*) FROM sales WHERE day > '2024-05-09';
SELECT orchard.predict('sales_forecast', '{"region": "south", "shop": 3, "open": false, "day": "2024-05-20"}') IS NOT NULL AS by_name;
-- How good it is: by the past, and by what came.
SELECT metric, value IS NOT NULL AS known, note FROM orchard.evaluate('sales_forecast');
CREATE TABLE came AS SELECT region, shop, open, date '2024-05-19' + d AS day, round((base + slope * (139 + d) + base * 0.2 * sin(2 * pi() * (139 + d) / 7))::numeric, 2) AS amount
FROM (VALUES ('north', 1, true, 100, 0.1), ('north "中文"', 2, true, 50, 0.0), ('south', 3, false, 200, -0.2), ('west', 4, true, 5, 5)) AS s (region, shop, open, base, slope), generate_series(0, 29) AS d;
SELECT metric, round(value::numeric, 2) AS value, note FROM orchard.evaluate('sales_forecast', 'came') WHERE metric IN ('rows', 'mase', 'coverage');
WITH f AS (SELECT avg(abs(amount - mean)) AS mae, avg((amount BETWEEN low AND high)::int) AS coverage FROM orchard.forecast('sales_forecast') JOIN came ON forecast_time = day AND series ->> 'region' = region)
SELECT metric, abs(value - CASE metric WHEN 'mae' THEN mae ELSE coverage END) < 1e-9 AS by_hand FROM orchard.evaluate('sales_forecast', 'came'), f WHERE metric IN ('mae', 'coverage');
-- Sums.
SELECT score > 0 AS judged FROM orchard.train('tree', 'sales', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day", "group_columns": ["region", "shop"], "horizon": 3, "hierarchy": true, "method": "ets", "level": 0.8}');
SELECT series, method FROM orchard.forecast('tree', 1) ORDER BY series::text COLLATE "C";
SELECT abs(predict_tree(NULL, NULL, day) - predict_tree('north', NULL, day) - predict_tree('north "中文"', NULL, day) - predict_tree('south', 3, day)) < 1e-9 AS adds_up FROM (VALUES (date '2024-05-20')) AS d (day);
-- Without groups; times of all kinds.
SELECT rows FROM orchard.train('monthly', 'SELECT date ''2020-01-31'' + make_interval(months => i) AS t, i % 12 AS v FROM generate_series(0, 47) AS i', target => 'v', algorithm => 'forecast', options => '{"time_column": "t"}');
SELECT round(predict_monthly('2024-03-15')::numeric) AS march, predict_monthly('2023-03-15') AS past FROM orchard.forecast('monthly', 1);
SELECT rows FROM orchard.train('numbered', 'SELECT 2000 + i * 0.25 AS t, i % 4 * 10 AS v FROM generate_series(0, 23) AS i', target => 'v', algorithm => 'forecast', options => '{"time_column": "t", "season": 4}');
SELECT round(predict_numbered(2006.25)::numeric, 1) AS quarter, min(time_number) FROM orchard.forecast('numbered');
SET TimeZone = 'America/New_York';
SELECT rows FROM orchard.train('zoned', 'SELECT (date ''2024-03-01'' + i)::timestamptz AS t, i % 7 AS v FROM generate_series(0, 40) AS i', target => 'v', algorithm => 'forecast', options => '{"time_column": "t"}');
SELECT predict_zoned(timestamptz '2024-04-11 12:00-04') = mean AS that_day FROM orchard.forecast('zoned', 1);
SET TimeZone = 'Asia/Tokyo';
SELECT predict_zoned(timestamptz '2024-04-11 12:00-04') = mean AS that_day FROM orchard.forecast('zoned', 1);
SET TimeZone = 'UTC';
SELECT rows FROM orchard.train('texts', 'SELECT ''2024-01-'' || lpad(i::text, 2, ''0'') AS t, i AS v FROM generate_series(1, 28) AS i', target => 'v', algorithm => 'forecast', options => '{"time_column": "t", "horizon": 2}');
SELECT predict_texts('2024-01-29') = mean AS same FROM orchard.forecast('texts', 1);
-- It is a model like any other: versions, retraining, packages, rights.
INSERT INTO sales SELECT region, shop, open, day + 7, amount FROM sales WHERE day > '2024-05-12';
SELECT version, champion_version, promoted, reason FROM orchard.retrain('sales_forecast', promote => 'always');
SELECT min(forecast_time) FROM orchard.forecast('sales_forecast');
SELECT orchard.retrain('sales_forecast');
SELECT count(*) AS same FROM (SELECT orchard.export_model('sales_forecast') AS bytes) AS e, LATERAL orchard.import_model('copied', bytes) AS i;
SELECT count(*) AS differ FROM (SELECT * FROM orchard.forecast('sales_forecast') EXCEPT SELECT * FROM orchard.forecast('copied')) AS x;
SELECT algorithm, task, target FROM orchard.models WHERE model = 'sales_forecast';
CREATE ROLE regress_forecaster;
SET ROLE regress_forecaster;
SELECT count(*) FROM orchard.forecast('public.sales_forecast');
RESET ROLE;
SELECT orchard.grant('sales_forecast', 'regress_forecaster');
SET ROLE regress_forecaster;
SELECT count(*) FROM orchard.forecast('public.sales_forecast', 1);
RESET ROLE;
BEGIN READ ONLY;
SELECT count(*) FROM orchard.forecast('sales_forecast', 1);
SELECT orchard.train('x', 'sales', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day"}');
ROLLBACK;
-- What is asked of rows of columns is not asked of it.
SELECT * FROM orchard.importance('sales_forecast');
SELECT orchard.to_sql('sales_forecast');
SELECT * FROM orchard.rules('sales_forecast');
SELECT * FROM orchard.evaluate('sales_forecast', 'sales', by => 'region');
SELECT * FROM orchard.tune('x', 'sales', 'amount', 'forecast', '{"method": ["ets"]}');
SELECT orchard.predict_label('sales_forecast', '{"region": "south", "shop": 3, "open": false, "day": "2024-05-20"}');
SELECT length(orchard.report('sales_forecast')) > 1000 AS report;
-- Errors.
SELECT orchard.train('x', 'sales', algorithm => 'forecast', options => '{"time_column": "day"}');
SELECT orchard.train('x', 'sales', target => 'amount', algorithm => 'forecast');
SELECT orchard.train('x', 'sales', target => 'amount', algorithm => 'forecast', options => '{"time_column": "days"}');
SELECT orchard.train('x', 'sales', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day", "horizon": 0}');
SELECT orchard.train('x', 'sales', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day", "method": ["ets", "theta"]}');
SELECT orchard.train('x', 'sales', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day", "holdout": 0.1}');
SELECT orchard.train('x', 'sales', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day", "hierarchy": true}');
SELECT orchard.train('x', 'SELECT *, day AS other FROM sales', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day", "group_columns": ["other"]}');
SELECT orchard.train('x', 'SELECT * FROM sales WHERE false', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day"}');
SELECT rows, metric FROM orchard.train('short', 'SELECT * FROM sales WHERE shop = 1 ORDER BY day LIMIT 2', target => 'amount', algorithm => 'forecast', options => '{"time_column": "day", "frequency": "day"}');
SELECT * FROM orchard.forecast('sales_forecast', 11);
SELECT * FROM orchard.forecast('sales_forecast', 0);
SELECT * FROM orchard.forecast('nothing');
SELECT * FROM orchard.forecast(NULL::text);
SELECT * FROM orchard.evaluate('sales_forecast', 'SELECT * FROM sales WHERE day < ''2024-02-01''');
SELECT * FROM orchard.evaluate('sales_forecast', 'SELECT region, shop, open, 1 AS day, amount FROM sales');
SELECT version FROM orchard.train('tree', 'SELECT shop, amount FROM sales', target => 'amount', algorithm => 'decision_tree');
SELECT * FROM orchard.forecast('tree');
DROP OWNED BY regress_forecaster;
DROP ROLE regress_forecaster;

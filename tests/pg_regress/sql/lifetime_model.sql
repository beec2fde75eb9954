-- Models of customers that are kept.
\pset null '(null)'
SET search_path = public;
SET extra_float_digits = 0;
SET TimeZone = 'UTC';
CREATE FUNCTION u(a int, b int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (1 + ('x' || left(md5(a || ':' || b), 8))::bit(32)::bigint) / 4294967297.0::float8 $$;
CREATE TABLE bought AS
WITH customers AS (SELECT c, 90 * u(c, 1) AS start, 4 + 60 * u(c, 2) ^ 2 AS gap, floor(ln(u(c, 3)) / ln(1 - 0.05 - 0.5 * u(c, 4)))::int AS times FROM generate_series(1, 400) AS c)
SELECT 'c' || lpad(c::text, 3, '0') AS "Customer Id", timestamptz '2025-01-01 10:00+00' + interval '1 day' * (start + sum(CASE n WHEN 0 THEN 0 ELSE -ln(u(c, 100 + n)) * gap END) OVER (PARTITION BY c ORDER BY n)) AS paid_at,
    (5 + 50 * u(c, 5) - 15 * ln(u(c, 1000 + n)))::numeric(8, 2) AS amount
FROM customers, generate_series(0, times) AS n;
DELETE FROM bought WHERE paid_at > '2025-12-31';
CREATE VIEW known AS SELECT * FROM bought WHERE paid_at < '2025-10-01';
SELECT model, version, algorithm, task, rows, features, metric, score > 0 AS judged, deployed, function FROM orchard.train('customers', 'known', algorithm => 'bg_nbd',
    options => '{"customer_column": "Customer Id", "time_column": "paid_at", "value_column": "amount", "horizon": 26, "discount_rate": 0.002}');
-- Its parameters are those of the verb.
SELECT p.model, p.parameter, abs(p.value - v.value) < 1e-12 AS same, p.customers FROM orchard.lifetime_parameters('customers') AS p JOIN orchard.lifetime_parameters('known', 'Customer Id', 'paid_at', 'amount') AS v USING (model, parameter);
-- A customer is scored by frequency, recency, age and mean amount, and so is the source of today without learning anew.
\df predict_customers
SELECT obj_description('predict_customers'::regproc);
SELECT count(*), count(*) FILTER (WHERE abs(predict_customers(frequency, recency, age, mean_amount) - value) < 1e-9 * (1 + value)) AS same
FROM orchard.lifetime_value('known', 'Customer Id', 'paid_at', 'amount', '{"horizon": 26, "discount_rate": 0.002}');
SELECT count(*) AS differ FROM (SELECT * FROM orchard.lifetime_value('known', 'Customer Id', 'paid_at', 'amount', '{"model": "customers"}')
    EXCEPT SELECT * FROM orchard.lifetime_value('known', 'Customer Id', 'paid_at', 'amount', '{"horizon": 26, "discount_rate": 0.002}')) AS x;
SELECT count(*) > 300 AS all_customers, bool_and(abs(predict_customers(frequency, recency, age, mean_amount) - value) < 1e-9 * (1 + value)) AS same, max(age) > 50 AS until_today
FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', 'amount', '{"model": "customers"}');
SELECT count(value) AS values, bool_and(expected_purchases > 0) AS expected FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"model": "customers", "horizon": 4}');
-- Who never came back spends what all do; whoever is no customer has no value.
SELECT predict_customers(0, 0, 10, NULL) = predict_customers(0, 0, 10, 999) AS usual, predict_customers(2, 5, 10, NULL) > 0 AS unknown, predict_customers(-1, 0, 10, 5) AS less, predict_customers(2, 12, 10, 5) AS later,
    predict_customers(NULL, 0, 10, 5) AS none, predict_customers('NaN', 0, 10, 5) AS nan, predict_customers(2, 5, 'infinity', 5) AS ever, predict_customers(1e300, 5, 10, 5) AS often;
-- How good it is: by the last days of the training, and by what came after it.
SELECT metric, value IS NOT NULL AS known, note FROM orchard.evaluate('customers');
SELECT metric, round(value::numeric, 1) AS value, note FROM orchard.evaluate('customers', 'bought') WHERE metric IN ('customers', 'calibration', 'value_calibration');
WITH v AS (SELECT customer_name AS c, expected_purchases AS e FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"model": "customers", "observation_end": "2025-09-29", "horizon": 13.142857142857142}')),
    a AS (SELECT c, e, (SELECT count(DISTINCT paid_at::date) FROM bought WHERE "Customer Id" = c AND paid_at >= '2025-09-30') AS n FROM v)
SELECT (SELECT max(paid_at)::date FROM bought) AS last_day, abs(avg(abs(e - n)) - (SELECT value FROM orchard.evaluate('customers', 'SELECT * FROM bought WHERE paid_at < ''2025-12-31''') WHERE metric = 'mae')) < 1e-9 AS by_hand FROM a;
-- Numbers of purchases where there are no amounts.
SELECT features, score > 0 AS judged FROM orchard.train('buyers', 'known', algorithm => 'bg_nbd', options => '{"customer_column": "Customer Id", "time_column": "paid_at", "period": "day", "horizon": 30}');
SELECT bool_and(abs(predict_buyers(frequency, recency, age) - expected_purchases) < 1e-9) AS same FROM orchard.lifetime_value('known', 'Customer Id', 'paid_at', options => '{"model": "buyers"}');
SELECT * FROM orchard.lifetime_value('known', 'Customer Id', 'paid_at', 'amount', '{"model": "buyers"}');
SELECT bool_and(value IS NULL) AS no_values FROM orchard.evaluate('buyers') WHERE metric LIKE 'value%';
-- It is a model like any other.
SELECT version, promoted, reason FROM orchard.retrain('customers', promote => 'always');
SELECT orchard.retrain('customers');
SELECT algorithm, task FROM orchard.models WHERE model = 'customers';
SELECT count(*) FROM orchard.import_model('other', orchard.export_model('customers'));
SELECT count(*) AS differ FROM (SELECT * FROM orchard.lifetime_parameters('customers') EXCEPT SELECT * FROM orchard.lifetime_parameters('other')) AS x;
SELECT * FROM orchard.importance('customers');
SELECT orchard.to_sql('customers');
SELECT length(orchard.report('customers')) > 1000 AS report;
-- Errors.
SELECT orchard.train('x', 'known', algorithm => 'bg_nbd');
SELECT orchard.train('x', 'known', target => 'amount', algorithm => 'bg_nbd', options => '{"time_column": "paid_at"}');
SELECT orchard.train('x', 'known', algorithm => 'bg_nbd', options => '{"time_column": "paid_at"}');
SELECT orchard.train('x', 'known', algorithm => 'bg_nbd', options => '{"time_column": "amount", "customer_column": "Customer Id"}');
SELECT orchard.train('x', 'known', algorithm => 'bg_nbd', options => '{"time_column": "paid_at", "customer_column": "Customer Id", "period": "hour"}');
SELECT orchard.train('x', 'SELECT * FROM known WHERE false', algorithm => 'bg_nbd', options => '{"time_column": "paid_at", "customer_column": "Customer Id"}');
SELECT orchard.train('x', 'SELECT DISTINCT ON ("Customer Id") * FROM known', algorithm => 'bg_nbd', options => '{"time_column": "paid_at", "customer_column": "Customer Id"}');
SELECT * FROM orchard.lifetime_value('known', 'Customer Id', 'paid_at', options => '{"model": "customers", "period": "day"}');
SELECT * FROM orchard.lifetime_value('known', 'Customer Id', 'paid_at', options => '{"model": "nothing"}');
SELECT * FROM orchard.evaluate('customers', 'known');
SELECT version FROM orchard.train('buyers', 'known', target => 'amount', algorithm => 'decision_tree');
SELECT * FROM orchard.lifetime_parameters('buyers');
SELECT * FROM orchard.forecast('customers');

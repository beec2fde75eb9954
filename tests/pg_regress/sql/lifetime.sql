-- What customers are worth, and how many come back.
\pset null '(null)'
SET search_path = public;
SET extra_float_digits = 0;
SET TimeZone = 'UTC';
-- Customers buy at rates of their own and leave after some purchases.
CREATE FUNCTION u(a int, b int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (1 + ('x' || left(md5(a || ':' || b), 8))::bit(32)::bigint) / 4294967297.0::float8 $$;
CREATE TABLE bought AS
WITH customers AS (SELECT c, 90 * u(c, 1) AS start, 4 + 60 * u(c, 2) ^ 2 AS gap, floor(ln(u(c, 3)) / ln(1 - 0.05 - 0.5 * u(c, 4)))::int AS times FROM generate_series(1, 300) AS c)
SELECT 'c' || lpad(c::text, 3, '0') AS "Customer Id", timestamptz '2025-01-01 10:00+00' + interval '1 day' * (start + sum(CASE n WHEN 0 THEN 0 ELSE -ln(u(c, 100 + n)) * gap END) OVER (PARTITION BY c ORDER BY n)) AS paid_at,
    (5 + 50 * u(c, 5) - 15 * ln(u(c, 1000 + n)))::numeric(8, 2) AS amount
FROM customers, generate_series(0, times) AS n;
DELETE FROM bought WHERE paid_at > '2025-09-30';
SELECT count(*) AS customers, sum(purchases) = (SELECT count(*) FROM bought) AS all_rows, min(alive) >= 0 AND max(alive) <= 1 AS shares, count(*) FILTER (WHERE abs(alive + churn - 1) > 1e-12) AS wrong
FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', 'amount');
SELECT customer_name, purchases, frequency, round(recency::numeric, 4) AS recency, round(age::numeric, 4) AS age, round(alive::numeric, 4) AS alive, round(expected_purchases::numeric, 3) AS expected,
    round(mean_amount::numeric, 3) AS mean, round(expected_amount::numeric, 2) AS amount, round(value::numeric, 1) AS value
FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', 'amount', '{"period": "month", "horizon": 6}') LIMIT 6;
SELECT model, parameter, round(value::numeric, 2) AS value, standard_error > 0 AS known, customers FROM orchard.lifetime_parameters('bought', 'Customer Id', 'paid_at', 'amount', '{"period": "day"}');
-- Frequency, recency and age by hand.
WITH days AS (SELECT DISTINCT "Customer Id" AS c, paid_at::date AS d FROM bought), s AS (SELECT c, count(*) - 1 AS x, (max(d) - min(d)) / 7.0 AS r, ((SELECT max(d) FROM days) - min(d)) / 7.0 AS t FROM days GROUP BY 1)
SELECT count(*) FILTER (WHERE x = frequency AND abs(r - recency) < 1e-12 AND abs(t - age) < 1e-12) AS same, count(*) FROM s JOIN orchard.lifetime_value('bought', 'Customer Id', 'paid_at') AS v ON v.customer_name = s.c;
-- Days, weeks and months are the same model; discounting takes away.
SELECT bool_and(abs(w.alive - d.alive) < 1e-6 AND abs(w.expected_purchases - d.expected_purchases) < 1e-5) AS same
FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"horizon": 10}') AS w JOIN orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"horizon": 70, "period": "day"}') AS d USING (customer_name);
SELECT bool_and(b.value <= a.value) AS less, sum(b.value) / sum(a.value) BETWEEN 0.7 AND 0.99 AS some FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', 'amount', '{"horizon": 20.5}') AS a
    JOIN orchard.lifetime_value('bought', 'Customer Id', 'paid_at', 'amount', '{"horizon": 20.5, "discount_rate": 0.01}') AS b USING (customer_name);
-- The end of the observation.
SELECT max(age) AS weeks, sum(purchases) = (SELECT count(*) FROM bought WHERE paid_at < '2025-07-01') AS until FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"observation_end": "2025-06-30"}');
SELECT expected_purchases, mean_amount, value FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"horizon": 0}') LIMIT 1;
-- The order of the rows does not matter.
SELECT count(*) FROM (SELECT * FROM orchard.lifetime_value('SELECT * FROM bought ORDER BY paid_at', 'Customer Id', 'paid_at', 'amount') EXCEPT SELECT * FROM orchard.lifetime_value('SELECT * FROM bought ORDER BY md5(bought::text)', 'Customer Id', 'paid_at', 'amount')) AS x;
-- Where all come at the same pace and leave after as many purchases, nothing tells the parameters apart.
SELECT count(*) FILTER (WHERE standard_error < value) AS known FROM orchard.lifetime_parameters('SELECT c, date ''2025-01-01'' + c + n * 5 AS d FROM generate_series(1, 60) AS c, generate_series(0, 4) AS n', 'c', 'd');
-- What cannot be used; few customers; dates; a day of the session's zone.
SELECT customer_name, purchases, frequency, mean_amount, expected_amount FROM orchard.lifetime_value($$VALUES ('a', date '2025-01-01', 5.0), ('a', '2025-01-09', 7), ('a', '2025-02-09', 'NaN'), ('Ünï "中文"', '2025-01-20', 1), (NULL, '2025-01-01', 1),
    ('b', NULL, 1), ('b', 'infinity', 1), ('b', '2025-01-03', 3), ('b', '2025-01-04', -8)$$, 'column1', 'column2', 'column3', '{"penalizer": 0.01}');
SELECT customer_name, frequency FROM orchard.lifetime_value('SELECT 7 AS c, timestamptz ''2025-01-01 20:00+00'' + i * interval ''6 hours'' AS t FROM generate_series(0, 3) AS i', 'c', 't', options => '{"penalizer": 0.01}');
SET TimeZone = 'Asia/Tokyo';
SELECT customer_name, frequency FROM orchard.lifetime_value('SELECT 7 AS c, timestamptz ''2025-01-01 20:00+00'' + i * interval ''2 hours'' AS t FROM generate_series(0, 12) AS i', 'c', 't', options => '{"penalizer": 0.01}');
SET TimeZone = 'UTC';
-- Cohorts.
SELECT cohort, period_number, customers, active, round(retention::numeric, 4) AS retention, revenue FROM orchard.cohort_retention('bought', 'Customer Id', 'paid_at', '{"period": "quarter", "amount": "amount"}');
-- By hand, of each period.
CREATE FUNCTION cohorts_of(period text) RETURNS TABLE (cohort date, number bigint, customers bigint, active bigint, revenue numeric) LANGUAGE sql AS $$
WITH e AS (SELECT "Customer Id" AS c, date_trunc(period, paid_at)::date AS p, amount FROM bought), f AS (SELECT *, min(p) OVER (PARTITION BY c) AS first FROM e),
    grid AS (SELECT p::date, row_number() OVER (ORDER BY p) AS i FROM generate_series((SELECT min(p) FROM e), (SELECT max(p) FROM e), ('1 ' || replace(period, 'quarter', '3 month'))::interval) AS p)
SELECT a.p, b.i - a.i, (SELECT count(DISTINCT c) FROM f WHERE first = a.p), (SELECT count(DISTINCT c) FROM f WHERE first = a.p AND f.p = b.p), (SELECT coalesce(sum(amount), 0) FROM f WHERE first = a.p AND f.p = b.p)
FROM grid AS a JOIN grid AS b ON b.i >= a.i WHERE EXISTS (SELECT FROM f WHERE first = a.p) $$;
SELECT p, x.* FROM unnest(ARRAY['week', 'month', 'year']) AS p, LATERAL (SELECT count(*) AS cells, count(*) FILTER (WHERE h.customers = r.customers AND h.active = r.active AND abs(h.revenue - r.revenue::numeric) < 1e-6 AND r.retention = r.active::float8 / r.customers) AS same
    FROM orchard.cohort_retention('bought', 'Customer Id', 'paid_at', jsonb_build_object('period', p, 'amount', 'amount')) AS r FULL JOIN cohorts_of(p) AS h ON h.cohort = r.cohort AND h.number = r.period_number) AS x;
SELECT cohort, period_number, active, revenue FROM orchard.cohort_retention('SELECT 1 AS c, date ''2024-02-29'' AS d UNION ALL SELECT 1, ''2024-03-02''', 'c', 'd', '{"period": "day"}');
-- Errors.
SELECT * FROM orchard.lifetime_value('bought', 'customer', 'paid_at');
SELECT * FROM orchard.lifetime_value('bought', 'Customer Id', 'amount');
SELECT * FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', 'Customer Id');
SELECT * FROM orchard.lifetime_value('bought', NULL, 'paid_at');
SELECT * FROM orchard.lifetime_value('SELECT 1 AS c, now() AS t WHERE false', 'c', 't');
SELECT * FROM orchard.lifetime_value('SELECT i AS c, now() AS t FROM generate_series(1, 9) AS i', 'c', 't');
SELECT * FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"period": "year"}');
SELECT * FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"horizon": -1}');
SELECT * FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"discount_rate": 2}');
SELECT * FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"observation_end": "2025-02-30"}');
SELECT * FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"observation_end": "2001-01-01"}');
SELECT * FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at', options => '{"horizons": 1}');
SELECT * FROM orchard.lifetime_parameters('bought', 'Customer Id', 'paid_at', options => '{"horizon": 1}');
SELECT * FROM orchard.cohort_retention('bought', 'Customer Id', 'paid_at', '{"period": "hour"}');
SELECT * FROM orchard.cohort_retention('bought', 'Customer Id', 'amount');
SELECT count(*) FROM orchard.cohort_retention('SELECT i AS c, date ''0001-01-01'' + i * 3000 AS d FROM generate_series(1, 200) AS i', 'c', 'd', '{"period": "day"}');
-- Read-only, and with too little memory.
BEGIN READ ONLY;
SELECT count(*) FROM orchard.lifetime_value('bought', 'Customer Id', 'paid_at');
COMMIT;
SET orchard.max_memory = '1MB';
SELECT count(*) FROM orchard.lifetime_value('SELECT i % 50000 AS c, date ''2025-01-01'' + i % 300 AS d FROM generate_series(1, 200000) AS i', 'c', 'd');
RESET orchard.max_memory;

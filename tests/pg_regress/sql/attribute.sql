-- Attribution: which channels brought the conversions.
\pset null '(null)'
SET search_path = public;
-- A > B > C converts, A does not, B > C does not: the removal effects of A, B and C are 1/2, 1 and 1.
CREATE TABLE touched (customer text, "Ad Channel" text, at timestamp, converted boolean, revenue numeric);
INSERT INTO touched VALUES ('x', 'A', '2024-01-01', false, NULL), ('x', 'B', '2024-01-02', false, NULL), ('x', 'C', '2024-01-08', true, 30),
    ('y', 'A', '2024-01-03', NULL, NULL), ('z', 'C', '2024-01-05', false, NULL), ('z', 'B', '2024-01-04', false, 5);
SELECT method, channel_name, round(conversions::numeric, 6) AS conversions, round(value::numeric, 6) AS value, round(share::numeric, 6) AS share, round(removal_effect::numeric, 6) AS effect
FROM orchard.attribute('touched', 'customer', 'Ad Channel', 'at', 'converted', '{"value": "revenue"}');
SELECT * FROM orchard.paths('touched', 'customer', 'Ad Channel', 'at', 'converted', '{"value": "revenue"}');
SELECT path, journeys, conversions, value FROM orchard.paths('touched', 'customer', 'Ad Channel', 'at', 'converted', '{"lookback": 6}');
-- Options of the methods.
SELECT method, channel_name, round(conversions::numeric, 4) AS conversions, value FROM orchard.attribute('touched', 'customer', 'Ad Channel', 'at', 'converted',
    '{"methods": ["time_decay", "position_based", "time_decay"], "half_life": 1, "first_weight": 0.7}');
SELECT channel_name, conversions FROM orchard.attribute('touched', 'customer', 'Ad Channel', 'at', 'converted', '{"methods": "position_based", "first_weight": 0, "last_weight": 0}');
-- A longer table: conversions in rows of their own, several a customer, numbers in place of truth values.
CREATE TABLE walked AS SELECT c AS customer, (ARRAY['search', 'social', 'email', 'display', '广告 ''x'''])[1 + (c * 7 + t * t * 3 + c * t) % 5] AS channel, date '2024-01-01' + (c % 30 + t * (1 + c % 3)) AS day, 0 AS orders, 0.0 AS revenue
FROM generate_series(1, 1000) AS c, generate_series(1, 1 + c % 6) AS t;
INSERT INTO walked SELECT customer, NULL, max(day) + 1, 1 + customer % 2, 10 + customer % 7 FROM walked WHERE customer % 4 < 2 GROUP BY 1;
INSERT INTO walked SELECT customer, 'email', date '2024-06-01', 0, NULL FROM generate_series(1, 1000, 50) AS customer;
CREATE FUNCTION credits(options jsonb, source text DEFAULT 'walked') RETURNS TABLE (method text, channel_name text, conversions float8, value float8, share float8, removal_effect float8) LANGUAGE sql AS
$$ SELECT * FROM orchard.attribute(source, 'customer', 'channel', 'day', 'orders', options) $$;
SELECT method, round(sum(conversions)::numeric, 9) AS conversions, round(sum(value)::numeric, 9) AS value, round(sum(share)::numeric, 9) AS shares, count(*) FROM credits('{"value": "revenue"}') GROUP BY 1 ORDER BY 1;
SELECT sum(orders), sum(revenue) FROM walked WHERE orders > 0;
-- What SQL counts.
WITH journeys AS (SELECT customer, array_agg(channel ORDER BY day, channel) FILTER (WHERE channel IS NOT NULL) AS path FROM walked WHERE day < '2024-06-01' GROUP BY 1),
sold AS (SELECT customer, orders FROM walked WHERE orders > 0),
counted AS (SELECT 'first_touch' AS method, path[1] AS channel_name, sum(orders) AS n FROM journeys JOIN sold USING (customer) GROUP BY 2
    UNION ALL SELECT 'last_touch', path[cardinality(path)], sum(orders) FROM journeys JOIN sold USING (customer) GROUP BY 2
    UNION ALL SELECT 'linear', c, sum(orders / cardinality(path)::float8) FROM journeys JOIN sold USING (customer), unnest(path) AS c GROUP BY 2
    UNION ALL SELECT 'shapley', c, sum(orders / (SELECT count(DISTINCT x) FROM unnest(path) AS x)::float8) FROM journeys JOIN sold USING (customer), LATERAL (SELECT DISTINCT x FROM unnest(path) AS x) AS u (c) GROUP BY 2)
SELECT method, count(*) AS channels, count(*) FILTER (WHERE abs(n - conversions) > 1e-9) AS wrong FROM counted FULL JOIN credits('{"methods": ["first_touch", "last_touch", "linear", "shapley"]}') USING (method, channel_name) GROUP BY 1 ORDER BY 1;
-- The order of the rows changes no digit; neither do the threads.
CREATE TABLE kept AS SELECT * FROM credits('{"value": "revenue", "order": 2, "lookback": 20}');
SELECT count(*) FROM (TABLE kept EXCEPT SELECT * FROM credits('{"value": "revenue", "order": 2, "lookback": 20}', 'SELECT * FROM walked ORDER BY md5(customer || coalesce(channel, '''') || day)')) AS x;
SET orchard.threads = 1;
SELECT count(*) FROM (TABLE kept EXCEPT SELECT * FROM credits('{"value": "revenue", "order": 2, "lookback": 20}')) AS x;
RESET orchard.threads;
-- Higher orders know more.
SELECT o AS "order", round(max(removal_effect)::numeric, 4) AS largest, round(sum(conversions)::numeric, 6) AS conversions FROM generate_series(1, 5) AS o, LATERAL credits(jsonb_build_object('methods', 'markov', 'order', o)) GROUP BY 1 ORDER BY 1;
SELECT sum(journeys) AS journeys, sum(converted) AS converted, sum(conversions) AS conversions, count(*) AS paths, bool_and(value IS NULL) AS without FROM orchard.paths('walked', 'customer', 'channel', 'day', 'orders');
SELECT count(*) FROM orchard.paths('walked', 'customer', 'channel', 'day', 'orders', '{"collapse": true}') AS p, LATERAL unnest(path) WITH ORDINALITY AS u (c, i) WHERE path[i + 1] = c;
-- Ends: missing values, infinite times, conversions that are none or too many, none to give to, one row, none.
SELECT method, channel_name, conversions FROM orchard.attribute($$VALUES (1, 'a', '2024-01-01'::timestamptz, 1.0), (NULL, 'a', '2024-01-01', 1), (2, 'a', NULL, 1), (3, 'a', 'infinity', 1), (4, 'a', '2024-01-01', -1), (5, 'a', '2024-01-01', 'NaN'),
    (6, NULL, '2024-01-01', 2.5), (7, NULL, '2024-01-01', 0)$$, 'column1', 'column2', 'column3', 'column4', '{"methods": ["linear", "markov"]}');
SELECT method, channel_name, conversions, value, share, removal_effect FROM orchard.attribute($$VALUES (1, 'a', 1, false), (1, 'b', 2, false)$$, 'column1', 'column2', 'column3', 'column4', '{"methods": ["last_touch", "markov"]}');
SELECT * FROM orchard.attribute('SELECT * FROM walked WHERE false', 'customer', 'channel', 'day', 'orders');
SELECT * FROM orchard.paths('SELECT * FROM walked WHERE false', 'customer', 'channel', 'day', 'orders');
SELECT path, mean_days FROM orchard.paths($$VALUES (1.5, 1.50, 1::real, 0), (1.5, 1.5, 2.5, 1)$$, 'column1', 'column2', 'column3', 'column4');
-- Returns may take all value away; the credits then go the way of the conversions.
SELECT method, channel_name, value FROM orchard.attribute($$VALUES (1, 'a', 1, true, 5), (2, 'b', 1, true, -5), (3, 'a', 1, true, 'Infinity'::float8)$$, 'column1', 'column2', 'column3', 'column4', '{"value": "column5", "methods": ["linear", "markov"]}');
-- A cancel is heard; too many states and too little memory are errors.
CREATE TABLE wide AS SELECT i AS customer, 'c' || (i * j) % 1900 AS channel, j AS day, i % 2 AS orders FROM generate_series(1, 20000) AS i, generate_series(1, 3) AS j;
SET statement_timeout = '100ms';
SELECT count(*) FROM orchard.attribute('wide', 'customer', 'channel', 'day', 'orders', '{"methods": ["markov"]}');
RESET statement_timeout;
SELECT count(*) FROM orchard.attribute('wide', 'customer', 'channel', 'day', 'orders', '{"methods": ["markov"], "order": 2}');
SET orchard.max_memory = '2MB';
SELECT count(*) FROM orchard.attribute('wide', 'customer', 'channel', 'day', 'orders', '{"methods": ["linear"]}');
RESET orchard.max_memory;
-- Reading only, and as another role.
BEGIN READ ONLY;
SELECT count(*) FROM credits('{}');
COMMIT;
CREATE ROLE marketer;
SET ROLE marketer;
SELECT count(*) FROM orchard.attribute('public.walked', 'customer', 'channel', 'day', 'orders');
RESET ROLE;
DROP ROLE marketer;
-- The lines of an order are one purchase after the same touches.
SELECT method, channel_name, conversions, value FROM orchard.attribute($$SELECT * FROM (VALUES (1, 'mail', 1, false, NULL), (1, NULL, 2, true, 5), (1, NULL, 2, true, 7), (2, NULL, 1, true, 3)) AS v (c, ch, t, b, paid)$$, 'c', 'ch', 't', 'b', '{"methods": ["linear", "markov"], "value": "paid"}');
-- Errors.
SELECT * FROM orchard.attribute(NULL, 'customer', 'channel', 'day', 'orders');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', NULL);
SELECT * FROM orchard.paths('walked', 'customer', NULL, 'day', 'orders');
SELECT * FROM orchard.attribute('walked', 'client', 'channel', 'day', 'orders');
SELECT * FROM orchard.attribute('walked', 'customer', 'customer', 'day', 'orders');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'channel', 'orders');
SELECT * FROM orchard.attribute('walked', 'customer', 'day', 'channel', 'orders');
SELECT * FROM orchard.attribute('walked', 'customer', 'day', 'orders', 'channel');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"value": "day"}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"value": "orders"}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"value": "Revenue"}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"method": "linear"}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"methods": ["linear", "u_shaped"]}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"methods": []}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"first_weight": 0.7, "last_weight": 0.5}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"half_life": 0}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"order": 6}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '{"lookback": "30 days"}');
SELECT * FROM orchard.paths('walked', 'customer', 'channel', 'day', 'orders', '{"collapse": 1}');
SELECT * FROM orchard.paths('walked', 'customer', 'channel', 'day', 'orders', '{"methods": ["linear"]}');
SELECT * FROM orchard.attribute('walked', 'customer', 'channel', 'day', 'orders', '[]');

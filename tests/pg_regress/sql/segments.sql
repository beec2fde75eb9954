-- Who the segments are, how many there are, and what becomes of them.
\pset null '(null)'
SET orchard.threads = 1;
SET client_min_messages = warning;
CREATE TABLE customers AS
SELECT i AS customer_id, g AS kind,
       (ARRAY[20, 80, 82, 300])[g] + (i * 37 % 21 - 10) * (ARRAY[0.5, 1, 1, 4])[g] AS basket,
       (ARRAY[1, 12, 12, 3])[g] + (i * 13 % 5 - 2) * 0.3 AS orders,
       CASE WHEN i % 97 = 0 THEN NULL ELSE (ARRAY['mobile', 'mobile', 'desktop', 'tablet'])[g] END AS device,
       g = 2 OR i % 10 = 0 AS newsletter,
       date '2026-01-01' + (ARRAY[10, 100, 100, 190])[g] + i % 7 AS last_order,
       CASE WHEN i % 50 = 0 THEN NULL ELSE (ARRAY[5, 50, 40, 200])[g] + i % 3 END AS revenue
FROM (SELECT i, CASE WHEN i % 10 < 4 THEN 1 WHEN i % 10 < 7 THEN 2 WHEN i % 10 < 9 THEN 3 ELSE 4 END AS g
      FROM generate_series(1, 1000) AS i) AS s;
ALTER TABLE customers ADD PRIMARY KEY (customer_id);
RESET client_min_messages;

SELECT model, rows, features FROM orchard.train('who', 'SELECT basket, orders, device, newsletter, last_order, revenue FROM customers',
    options => '{"n_clusters": 4, "value_column": "revenue"}');
SELECT segment, name, size, round(share::numeric, 3) AS share, round(value_mean::numeric, 2) AS value_mean, value_total,
       round(value_share::numeric, 3) AS value_share, round(silhouette::numeric, 2) AS silhouette
FROM orchard.segments('who');
SELECT segment, jsonb_pretty(centre) AS centre FROM orchard.segments('who') WHERE segment IN (1, 4);
SELECT segment, d FROM orchard.segments('who'), jsonb_array_elements(distinctive) WITH ORDINALITY AS e(d, n) WHERE n <= 3;
SELECT segment, typical -> 0 AS nearest, jsonb_array_length(typical) AS kept FROM orchard.segments('who');
-- What a centre says is true of the rows.
SELECT bool_and(abs((s.centre -> 'basket' ->> 'mean')::float8 - c.basket) < 1e-3 AND s.size = c.size
    AND abs((s.centre -> 'newsletter' ->> 'true')::float8 - c.newsletter) < 1e-5 AND s.value_total = c.revenue) AS same
FROM orchard.segments('who') AS s
JOIN (SELECT predict_who(basket, orders, device, newsletter, last_order) AS segment, avg(basket) AS basket, avg(newsletter::int) AS newsletter,
             count(*) AS size, sum(revenue) AS revenue FROM customers GROUP BY 1) AS c USING (segment);
-- A reader needs no more than the grant.
SELECT orchard.segment_report('who') ~ 'What sets it apart|what sets it apart' AS page, orchard.report('who') ~ 'Who they are' AS report,
       orchard.model_card('who') ~ '## Segments' AS card;
SELECT kind, orchard.plot('who', kind) ~ '^<svg' AS svg FROM (VALUES ('segment_map'), ('segment_sizes')) AS k(kind);

-- Segments keep their numbers and names when they are found again.
CREATE TABLE names AS SELECT segment, name, centre -> 'device' ->> 'level' AS device FROM orchard.segments('who');
UPDATE customers SET basket = basket * 1.05, last_order = last_order + 5;
-- The smallest becomes the largest.
INSERT INTO customers SELECT customer_id + 1000 * n, kind, basket + n, orders, device, newsletter, last_order, revenue
FROM customers, generate_series(1, 9) AS n WHERE kind = 4;
SELECT version FROM orchard.train('who', 'SELECT basket, orders, device, newsletter, last_order, revenue FROM customers',
    options => '{"n_clusters": 4, "value_column": "revenue"}');
SELECT segment, size, s.name = n.name AS same_name, s.centre -> 'device' ->> 'level' = n.device AS same_device
FROM orchard.segments('who') AS s JOIN names AS n USING (segment) ORDER BY segment;
SELECT version FROM orchard.retrain('who', promote => 'always');
SELECT segment, s.name = n.name AS same_name, s.centre -> 'device' ->> 'level' = n.device AS same_device
FROM orchard.segments('who') AS s JOIN names AS n USING (segment) ORDER BY segment;
-- Or not.
SELECT version FROM orchard.train('who', 'SELECT basket, orders, device, newsletter, last_order, revenue FROM customers',
    options => '{"n_clusters": 4, "value_column": "revenue", "keep_numbers": false}');
SELECT segment, size FROM orchard.segments('who');
-- Fewer segments than before.
SELECT version FROM orchard.train('who', 'SELECT basket, orders, device, newsletter, last_order, revenue FROM customers',
    options => '{"n_clusters": 3, "value_column": "revenue"}');
SELECT count(*) FROM orchard.segments('who');

-- Who moved.
SELECT model FROM orchard.train('shop', 'SELECT customer_id, basket, orders, device FROM customers WHERE customer_id <= 1000',
    options => '{"n_clusters": 4, "exclude": ["customer_id"]}');
SELECT segment, name, size FROM orchard.segments('shop');
CREATE TABLE later AS SELECT customer_id, CASE WHEN customer_id <= 30 THEN 20 ELSE basket END AS basket,
    CASE WHEN customer_id <= 30 THEN 1.0 ELSE orders END AS orders, CASE WHEN customer_id <= 30 THEN 'mobile' ELSE device END AS device
FROM customers WHERE customer_id BETWEEN 11 AND 1000
UNION ALL SELECT 5000 + i, 20, 1.0, 'mobile' FROM generate_series(1, 3) AS i;
SELECT segment_then, segment_now, rows, round(share::numeric, 3) AS share, name_then, name_now
FROM orchard.segment_moves('shop', NULL, 'later', '{customer_id}');
SELECT segment_then, segment_now, rows FROM orchard.segment_moves('shop', 'customers', 'SELECT * FROM customers') WHERE segment_then <> segment_now;
SELECT * FROM orchard.segment_moves('shop', 'later', NULL);
SELECT * FROM orchard.segment_moves('shop', 'later', NULL, '{}');
SELECT * FROM orchard.segment_moves('shop', 'later', NULL, '{shoe}');
SELECT * FROM orchard.segment_moves('shop', 'later', NULL, '{device}');
SELECT * FROM orchard.segment_moves('shop', 'SELECT 1 AS customer_id', NULL, '{customer_id}');
SELECT * FROM orchard.segment_moves('shop', 'SELECT 1 AS a; SELECT 2', NULL, '{customer_id}');

-- How many?
SELECT model FROM orchard.train('free', 'SELECT basket, orders, last_order FROM customers WHERE customer_id <= 1000', options => '{"n_clusters": null, "max_clusters": 8}');
SELECT n_clusters, round(silhouette::numeric, 2) AS silhouette, round(stability::numeric, 2) AS stability, icl < 0 AS icl, chosen
FROM orchard.segment_candidates('free');
SELECT count(*) FROM orchard.segments('free');
SELECT version FROM orchard.train('free', 'SELECT basket, orders, last_order FROM customers WHERE customer_id <= 1000', options => '{"n_clusters": "auto"}');
SELECT count(*) FROM orchard.segment_candidates('shop');
SELECT segment, name, rows, jaccard > 0.9 AS found_again, dissolved, recovered, round(adjusted_rand::numeric, 2) AS adjusted_rand, verdict
FROM orchard.stability('free', samples => 10);
SELECT count(*) FROM orchard.stability('free', 'SELECT basket, orders, last_order FROM customers LIMIT 100');
SELECT * FROM orchard.stability('free', samples => 0);
SELECT * FROM orchard.stability('free', 'SELECT basket, orders, last_order FROM customers LIMIT 0');

-- Privacy: no row as it is, no share of a few rows.
SELECT model FROM orchard.train('discreet', 'SELECT basket, orders, device, newsletter, revenue FROM customers WHERE customer_id <= 1000',
    options => '{"n_clusters": 4, "min_group": 20, "value_column": "revenue"}');
SELECT segment, name, typical IS NULL AS no_row, centre -> 'device' AS device FROM orchard.segments('discreet');
SELECT orchard.plot('discreet', 'segment_map') ~ '<circle cx="[0-9]+" cy="[0-9]+" r="2"' AS rows_on_the_map;
-- What is forgotten is in no name.
SELECT * FROM orchard.forget_categories('shop', 'device', '{tablet,mobile}');
SELECT segment, name, size, centre -> 'device' AS device FROM orchard.segments('shop');
SELECT count(*) FROM orchard.segments('shop') AS s WHERE s::text ~ 'tablet|mobile';

-- Export and import.
SELECT model FROM orchard.import_model('copy', orchard.export_model('who'));
SELECT count(*) AS same FROM orchard.segments('who') AS a JOIN orchard.segments('copy') AS b USING (segment, name, centre, distinctive);

-- What cannot be.
SELECT * FROM orchard.segments(NULL);
SELECT model FROM orchard.train('ctr_like', 'customers', 'newsletter', 'decision_tree', '{"exclude": ["kind", "customer_id"]}');
SELECT * FROM orchard.segments('ctr_like');
SELECT * FROM orchard.segment_candidates('ctr_like');
SELECT * FROM orchard.segment_moves('ctr_like', NULL, NULL);
SELECT * FROM orchard.stability('ctr_like');
SELECT orchard.segment_report('ctr_like');
SELECT orchard.plot('ctr_like', 'segment_map');
SELECT orchard.train('bad', 'customers', options => '{"value_column": "device"}');
SELECT orchard.train('bad', 'customers', options => '{"value_column": "nothing"}');
SELECT orchard.train('bad', 'customers', options => '{"n_clusters": "many"}');
SELECT orchard.train('bad', 'customers', options => '{"max_clusters": 1}');
SELECT orchard.train('bad', 'customers', options => '{"max_clusters": 9}');
-- A version from before segments were described.
DELETE FROM orchard.stored_chunks WHERE kind = 6;
SELECT segment, name, size, centre, typical FROM orchard.segments('free') LIMIT 1;
SELECT orchard.segment_report('free') ~ 'Who they are' AS described;
SELECT orchard.plot('free', 'segment_map');
SELECT version FROM orchard.retrain('free', promote => 'always');
SELECT count(name) > 0 AS named FROM orchard.segments('free');
DROP TABLE customers, names, later CASCADE;
SELECT orchard.drop_model(m) FROM unnest(ARRAY['who', 'shop', 'free', 'discreet', 'copy', 'ctr_like']) AS m;

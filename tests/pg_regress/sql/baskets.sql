-- Market baskets: frequent itemsets and association rules.
\pset null '(null)'
SET search_path = public;
CREATE TABLE bought ("Order Id" int, product text);
INSERT INTO bought VALUES (1, 'bread'), (1, 'milk'), (2, 'bread'), (2, 'nappies'), (2, 'beer'), (2, 'eggs'), (3, 'milk'), (3, 'nappies'), (3, 'beer'), (3, 'cola'),
    (4, 'bread'), (4, 'milk'), (4, 'nappies'), (4, 'beer'), (5, 'bread'), (5, 'milk'), (5, 'nappies'), (5, 'cola'), (5, 'cola');
SELECT * FROM orchard.frequent_itemsets('bought', 'product', 'Order Id', '{"min_support": 0.6}');
SELECT items, baskets FROM orchard.frequent_itemsets('bought', 'product', 'Order Id', '{"min_baskets": 3, "max_length": 1}');
SELECT count(*), max(length) FROM orchard.frequent_itemsets('bought', 'product', 'Order Id');
SELECT antecedents, consequents, baskets, round(confidence::numeric, 4) AS confidence, round(lift::numeric, 4) AS lift, round(leverage::numeric, 4) AS leverage, conviction, round(zhang::numeric, 4) AS zhang,
    antecedent_support AS a, consequent_support AS c FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_support": 0.6, "min_confidence": 0.74}');
-- A confidence is the quotient of two supports, as elsewhere, and 0.6 / 0.8 is a last digit below 0.75.
SELECT antecedents, consequents, confidence FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_support": 0.6, "min_confidence": 0.75}');
-- Rules are what SQL counts.
WITH r AS (SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_baskets": 1, "min_confidence": 0, "max_length": 3}')),
b AS (SELECT "Order Id", array_agg(DISTINCT product) AS items FROM bought GROUP BY 1)
SELECT count(*) AS rules, count(*) FILTER (WHERE baskets <> n_both OR abs(confidence - n_both::float8 / a) > 1e-12 OR abs(lift - n_both * n::float8 / a / c) > 1e-12
    OR abs(leverage - (n_both::float8 / n - a::float8 / n * c / n)) > 1e-12 OR (conviction = 'Infinity') <> (n_both = a) OR abs(zhang) > 1 + 1e-12) AS wrong
FROM r, LATERAL (SELECT count(*) FILTER (WHERE items @> (antecedents || consequents)) AS n_both, count(*) FILTER (WHERE items @> antecedents) AS a, count(*) FILTER (WHERE items @> consequents) AS c, count(*) AS n FROM b) AS counted;
-- Which rules.
SELECT antecedents, consequents FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_baskets": 2, "consequents": ["beer"], "antecedents": ["nappies", "cola", "milk"], "min_lift": 1.2}');
SELECT count(*), max(cardinality(consequents)) FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_baskets": 1, "min_confidence": 0, "max_consequents": 1}');
SELECT items FROM orchard.frequent_itemsets('bought', 'product', 'Order Id', '{"min_baskets": 3, "exclude": ["milk", "bread"]}');
-- Lists: an array, a text, with another delimiter, and arrays with a basket; the same baskets, the same sets.
CREATE TABLE listed AS SELECT "Order Id" AS id, array_agg(product) AS items, string_agg(product, ', ') AS text, string_agg(product, ' | ')::varchar AS bar FROM bought GROUP BY 1;
CREATE FUNCTION same_sets(source text, item text, basket text, options jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM (
    (SELECT * FROM orchard.frequent_itemsets(source, item, basket, options) EXCEPT SELECT * FROM orchard.frequent_itemsets('bought', 'product', 'Order Id')) UNION ALL
    (SELECT * FROM orchard.frequent_itemsets('bought', 'product', 'Order Id') EXCEPT SELECT * FROM orchard.frequent_itemsets(source, item, basket, options))) AS x $$;
SELECT same_sets('listed', 'items', NULL) AS arrays, same_sets('listed', 'text', NULL) AS texts, same_sets('listed', 'bar', NULL, '{"delimiter": "|"}') AS bars,
    same_sets('listed', 'text', 'id', '{"delimiter": ","}') AS with_basket, same_sets('SELECT id, items FROM listed', 'items', 'id') AS arrays_with_basket,
    same_sets('SELECT * FROM bought ORDER BY md5(product || "Order Id")', 'product', 'Order Id') AS order_of_rows;
-- An empty basket counts, a missing item does not, a basket that is missing is left out; spellings are kept, in C order.
SELECT * FROM orchard.frequent_itemsets($$VALUES (1, 'a'), (1, NULL), (2, NULL), (NULL, 'a'), (3, 'B'), (3, 'a'), (4, '')$$, 'column2', 'column1');
SELECT * FROM orchard.frequent_itemsets($$VALUES ('a, b,,b '), (''), (NULL), (' , ')$$, 'column1');
SELECT * FROM orchard.frequent_itemsets($$VALUES (ARRAY[2, 10, NULL, 2]), ('{}'), (NULL)$$, 'column1');
SELECT items, baskets FROM orchard.frequent_itemsets($$VALUES ('O''Neil "x"', '面包'), ('O''Neil "x"', 'Öl')$$, 'column2', 'column1');
-- Baskets and items of other types.
CREATE TYPE size AS ENUM ('s', 'm');
SELECT items, baskets FROM orchard.frequent_itemsets($$VALUES (date '2024-01-01', 's'::size), ('2024-01-01', 'm'), ('2024-01-02', 'm')$$, 'column2', 'column1');
SELECT items, baskets FROM orchard.frequent_itemsets($$VALUES (timestamptz '2024-01-01 10:00:00.000001+00', 1.50), ('2024-01-01 10:00:00.000002+00', 1.5), ('2024-01-01 10:00:00.000002+00', 2)$$, 'column2', 'column1');
SELECT items, baskets FROM orchard.frequent_itemsets($$VALUES (9007199254740993, true), (9007199254740992, true), (9007199254740992, false)$$, 'column2', 'column1');
SELECT items, baskets FROM orchard.frequent_itemsets($$VALUES (interval '1 month', date '2024-01-01'), (interval '30 days', date '2024-01-01'), ('1 month', '2024-02-01')$$, 'column2', 'column1');
SELECT items, baskets FROM orchard.frequent_itemsets($$VALUES (ARRAY[1, 2], 'x'), (ARRAY[1], 'x'), (ARRAY[1, 2], 'y')$$, 'column2', 'column1');
SELECT items, baskets FROM orchard.frequent_itemsets($$VALUES ('{"a": 1}'::jsonb, 'x'::char(3)), ('{"a": 2}', 'x')$$, 'column2', 'column1');
SELECT items, baskets FROM orchard.frequent_itemsets($$VALUES ('NaN'::float8, 'x'), ('Infinity', 'x'), ('-0', 'y'), ('0', 'x')$$, 'column2', 'column1');
-- No rows, one row, one item everywhere.
SELECT * FROM orchard.frequent_itemsets('SELECT * FROM bought WHERE false', 'product', 'Order Id');
SELECT * FROM orchard.association_rules('SELECT * FROM bought WHERE false', 'product', 'Order Id');
SELECT * FROM orchard.association_rules('SELECT 1 AS b, ''x'' AS i', 'i', 'b');
SELECT antecedents, consequents, lift, leverage, conviction, zhang FROM orchard.association_rules($$VALUES ('x,y'), ('x,y')$$, 'column1');
SELECT * FROM orchard.frequent_itemsets('bought', 'product', 'Order Id', '{"min_baskets": 100}');
-- Shares as they are shown: 7 of 100.
SELECT * FROM orchard.frequent_itemsets('SELECT i AS b, CASE WHEN i <= 7 THEN ''seven'' END AS item FROM generate_series(1, 100) AS i', 'item', 'b', '{"min_support": 0.07}');
-- Too much is an error, not a full memory.
CREATE TABLE giant AS SELECT 1 AS b, 'item ' || i AS i FROM generate_series(1, 10000) AS i;
SELECT count(*) FROM orchard.frequent_itemsets('giant', 'i', 'b');
SELECT count(*) FROM orchard.frequent_itemsets('giant', 'i', 'b', '{"max_length": 1}');
SELECT count(*) FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_baskets": 1, "min_confidence": 0, "most": 100}');
SET orchard.max_memory = '1MB';
SELECT count(*) FROM orchard.frequent_itemsets('giant', 'i', 'b', '{"max_length": 1}');
RESET orchard.max_memory;
-- 100,000 items; a giant basket among small ones.
SELECT count(*), max(baskets) FROM orchard.frequent_itemsets('SELECT i % 30000 AS b, i * 7 % 100003 AS item FROM generate_series(1, 100000) AS i UNION ALL SELECT 0, i FROM generate_series(1, 10000) AS i', 'item', 'b', '{"min_baskets": 2}');
-- A cancel is heard.
CREATE TABLE dense AS SELECT b, i FROM generate_series(1, 2000) AS b, generate_series(1, 60) AS i WHERE (b * i + i * i) % 7 > 0;
SET statement_timeout = '300ms';
SELECT count(*) FROM orchard.frequent_itemsets('dense', 'i', 'b', '{"min_baskets": 1, "most": 100000000}');
RESET statement_timeout;
-- Reading only, and as another role.
BEGIN READ ONLY;
SELECT count(*) FROM orchard.association_rules('bought', 'product', 'Order Id');
COMMIT;
CREATE ROLE shopper;
SET ROLE shopper;
SELECT count(*) FROM orchard.frequent_itemsets('public.bought', 'product', 'Order Id');
RESET ROLE;
DROP ROLE shopper;
-- Errors.
SELECT * FROM orchard.frequent_itemsets(NULL, 'product', 'Order Id');
SELECT * FROM orchard.frequent_itemsets('bought', NULL, 'Order Id');
SELECT * FROM orchard.frequent_itemsets('bought', 'Product', 'Order Id');
SELECT * FROM orchard.frequent_itemsets('bought', 'product', 'order id');
SELECT * FROM orchard.frequent_itemsets('bought', 'product', 'product');
SELECT * FROM orchard.frequent_itemsets('bought', 'Order Id');
SELECT * FROM orchard.frequent_itemsets('listed', 'items', NULL, '{"delimiter": ","}');
SELECT * FROM orchard.frequent_itemsets('SELECT 1, ''a''', 'a');
SELECT * FROM orchard.frequent_itemsets('bought', 'product', 'Order Id', '[]');
SELECT * FROM orchard.frequent_itemsets('bought', 'product', 'Order Id', '{"min_confidence": 0.5}');
SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"confidence": 0.5}');
SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_support": 0}');
SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_support": "0.1"}');
SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_baskets": 1.5}');
SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"max_length": 0}');
SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"min_confidence": 2}');
SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"exclude": [1]}');
SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"exclude": "Milk"}');
SELECT * FROM orchard.association_rules('bought', 'product', 'Order Id', '{"consequents": ["tea"]}');
SELECT * FROM orchard.association_rules('listed', 'text', NULL, '{"delimiter": ""}');

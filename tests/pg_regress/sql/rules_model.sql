-- Association rules as a model, and what to offer somebody who has some items
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
-- Bread goes with butter, butter and jam with tea; soap with nothing.
CREATE TABLE basket_items AS
SELECT b AS basket_id, item FROM generate_series(1, 400) AS b, LATERAL (VALUES ('bread', b % 2 = 0), ('butter', b % 4 = 0 OR b % 14 = 1), ('jam', b % 5 = 0), ('tea', b % 20 = 0 OR b % 33 = 1), ('soap', b % 3 = 1), ('salt', b % 50 = 7)) AS x (item, taken) WHERE taken;
SELECT algorithm, task, metric, rows, features, function FROM orchard.train('offers', 'basket_items', algorithm => 'association_rules',
    options => '{"user_column": "basket_id", "item_column": "item", "min_support": 0.02, "min_confidence": 0.2, "holdout": 0}');
SELECT option, type, default_value FROM orchard.options('association_rules') WHERE option LIKE 'm%' ORDER BY 1;

-- the rules of the model are those of the source that end in one item
SELECT antecedents, consequents, baskets, round(confidence::numeric, 4) AS confidence, round(lift::numeric, 4) AS lift FROM orchard.association_rules('offers') LIMIT 6;
SELECT count(*) AS differ FROM (
    (SELECT * FROM orchard.association_rules('offers') EXCEPT SELECT * FROM orchard.association_rules('basket_items', 'item', 'basket_id', '{"min_support": 0.02, "min_confidence": 0.2, "min_lift": 1, "max_consequents": 1, "max_length": 4}'))
    UNION ALL (SELECT * FROM orchard.association_rules('basket_items', 'item', 'basket_id', '{"min_support": 0.02, "min_confidence": 0.2, "min_lift": 1, "max_consequents": 1, "max_length": 4}') EXCEPT SELECT * FROM orchard.association_rules('offers'))) AS x;

-- what to offer for a basket: the strongest rule of each item, then what is popular; the reason is the rule
SELECT rank, item, round(score::numeric, 4) AS score, reason FROM orchard.recommend('offers', basket => ARRAY['bread', 'butter']);
SELECT rank, item, round(score::numeric, 4) AS score, reason FROM orchard.recommend('offers', basket => '{jam,butter,bread,jam}', n => 2);
SELECT rank, item, reason FROM orchard.recommend('offers', basket => '{salt}', n => 2);
SELECT rank, item, round(score::numeric, 4) AS score, reason FROM orchard.recommend('offers', basket => '{bread,butter}', include_seen => true, filter => $$VALUES ('bread'), ('tea')$$);
-- Every score is the highest confidence of a rule whose antecedents are there.
SELECT count(*) AS items, count(*) FILTER (WHERE abs(r.score - coalesce(best, 0)) > 1e-12) AS wrong
FROM (VALUES ('{bread}'::text[]), ('{bread,jam}'), ('{soap,butter,jam}'), ('{tea,salt,bread,soap}')) AS b (basket), LATERAL orchard.recommend('offers', basket => b.basket) AS r,
    LATERAL (SELECT max(confidence) AS best FROM orchard.association_rules('offers') WHERE antecedents <@ b.basket AND consequents = ARRAY[r.item]) AS s;

-- a known basket, the function of the model, all baskets, and items that follow from one
SELECT r.rank, r.item, predict_offers(40, r.item) = r.score AS same, r.reason FROM orchard.recommend('offers', 40) AS r;
SELECT predict_offers(NULL, 'tea') AS popular, predict_offers(40, 'never'), predict_offers(NULL, NULL);
SELECT count(*) AS rows, count(DISTINCT user_id) AS baskets FROM orchard.recommend_all('offers', 2);
SELECT count(*) FILTER (WHERE predict_offers(user_id::float8, item) <> score) AS differ FROM orchard.recommend_all('offers', 6);
SELECT item, round(similarity::numeric, 4) AS confidence FROM orchard.similar_items('offers', 'bread');
SELECT item FROM orchard.similar_items('offers', 'salt');

-- judged as others are, retrained, copied; forgotten items are in no rule
SELECT metric, score > 0 AS above FROM orchard.train('judged', 'basket_items', algorithm => 'association_rules', options => '{"user_column": "basket_id", "item_column": "item"}');
SELECT metric FROM orchard.evaluate('judged');
SELECT metric, value IS NOT NULL AS there FROM orchard.evaluate('judged', $$SELECT 1000 + basket_id AS basket_id, item FROM basket_items$$) WHERE metric IN ('ndcg_at_10', 'popular_ndcg_at_10');
SELECT version, champion_version, metric, promoted FROM orchard.retrain('judged', 'always');
SELECT orchard.import_model('copy', orchard.export_model('offers')) IS NOT NULL AS imported;
SELECT count(*) AS differ FROM (SELECT * FROM orchard.association_rules('copy') EXCEPT SELECT * FROM orchard.association_rules('offers')) AS x;
SELECT column_name, forgotten FROM orchard.forget_categories('copy', 'item', ARRAY['butter']);
SELECT count(*) AS rules, count(*) FILTER (WHERE 'butter' = ANY (antecedents || consequents)) AS with_it FROM orchard.association_rules('copy');
SELECT count(*) AS differ FROM (SELECT * FROM orchard.association_rules('copy') EXCEPT SELECT * FROM orchard.association_rules('offers')) AS x;
SELECT left(orchard.report('judged'), 15) AS page;
SELECT count(*) > 0 AS drifts FROM orchard.drift('judged', 'basket_items');

-- baskets of other models: who has the items of a user is told what the user is told
CREATE TABLE tastes AS SELECT u AS user_id, i AS item_id, 3 + (u % 2 = i % 2)::int + (u * 7 + i * 3) % 3 * 0.5 AS stars, CASE WHEN i % 2 = 0 THEN 'war|drama' ELSE 'love|comedy' END AS genre
FROM generate_series(1, 60) AS u, generate_series(1, 40) AS i WHERE (u * 7919 + i * 104729 + u * i * 31) % 97 < CASE WHEN u % 2 = i % 2 THEN 48 ELSE 5 END;
SELECT orchard.train(m, 'tastes', t, a, o::jsonb) IS NOT NULL AS trained FROM (VALUES ('t_als', NULL, 'als', '{"factors": 6}'), ('t_stars', 'stars', 'als', '{"factors": 6}'), ('t_knn', NULL, 'item_knn', '{}'),
    ('t_stars_knn', 'stars', 'item_knn', '{}'), ('t_content', NULL, 'content', '{"item_columns": ["genre"]}'), ('t_popular', NULL, 'popular', '{}')) AS v (m, t, a, o);
CREATE FUNCTION as_user(model text) RETURNS TABLE (items bigint, same bigint, near bigint, odd bigint) LANGUAGE sql AS $$
    SELECT count(*), count(*) FILTER (WHERE b.score = u.score AND b.reason = u.reason), count(*) FILTER (WHERE abs(b.score - u.score) < 0.1), count(*) FILTER (WHERE b.item::int % 2 = 1 AND b.rank <= 5)
    FROM orchard.recommend(model, basket => (SELECT array_agg(item_id::text) FROM tastes WHERE user_id = 7), n => 40) AS b JOIN orchard.recommend(model, 7, 40) AS u USING (item) $$;
SELECT m, a.* FROM unnest(ARRAY['t_als', 't_knn', 't_content', 't_popular']) AS m, as_user(m) AS a;
SELECT m, count(*) AS items, count(*) FILTER (WHERE item::int % 2 = 1 AND rank <= 5) AS odd, bool_and(score BETWEEN 1 AND 6) AS ratings FROM (VALUES ('t_stars'), ('t_stars_knn')) AS v (m), orchard.recommend(m, basket => '{1,3,5,7,9}', n => 40) GROUP BY 1 ORDER BY 1;
SELECT reason ~ '^because of (1|3), (1|3)$' AS because FROM orchard.recommend('t_als', basket => '{1,3}', n => 1);

-- nothing is known of a basket, or of some of it
SET client_min_messages = notice;
SELECT rank, item, reason FROM orchard.recommend('offers', basket => '{}', n => 2);
SELECT rank, item, reason FROM orchard.recommend('offers', basket => NULL, n => 2);
SELECT rank, item, reason FROM orchard.recommend('offers', basket => '{no such thing,NULL,tea}', n => 1);
SELECT rank, item, reason FROM orchard.recommend('offers', basket => '{a,b,c,d,e,f,g}', n => 1);

-- errors
SELECT orchard.recommend('offers', '40', basket => '{tea}');
SELECT orchard.recommend('offers', 40, basket => '{tea}');
SELECT orchard.association_rules('t_knn');
SELECT orchard.association_rules('basket_items');
SELECT orchard.train('bad', 'tastes', 'stars', 'association_rules');
SELECT orchard.train('bad', 'tastes', algorithm => 'association_rules', options => '{"min_support": 0}');
SELECT orchard.train('bad', 'tastes', algorithm => 'association_rules', options => '{"max_length": 1}');
SELECT orchard.train('bad', 'tastes', algorithm => 'association_rules', options => '{"confidence": 0.5}');
SELECT orchard.train('bad', 'tastes', algorithm => 'association_rules', options => '{"most": 100}');
SELECT orchard.rules('offers');
CREATE ROLE shopper;
GRANT USAGE ON SCHEMA orchard TO shopper;
SET ROLE shopper;
SELECT orchard.association_rules('offers');
SELECT orchard.recommend('offers', basket => '{tea}');
RESET ROLE;
BEGIN READ ONLY;
SELECT count(*) FROM orchard.association_rules('offers');
ROLLBACK;
DROP OWNED BY shopper;
DROP ROLE shopper;
SELECT count(orchard.drop_model(m)) FROM unnest(ARRAY['offers', 'judged', 'copy', 't_als', 't_stars', 't_knn', 't_stars_knn', 't_content', 't_popular']) AS m;
DROP FUNCTION as_user;
DROP TABLE basket_items, tastes;

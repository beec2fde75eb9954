-- Models that recommend items to users
\pset null '(null)'
SET search_path = public;
-- Two tastes: users of even numbers take items of even numbers, ten times as often.
CREATE TABLE took AS
SELECT u AS user_id, 'item ' || to_char(i, 'FM00') AS item_id, 1 + (u * i) % 3 AS times, least(5, greatest(1, 3 + CASE WHEN u % 2 = i % 2 THEN 1 ELSE -1 END + ((u * 7 + i * 3) % 3 - 1) * 0.5)) AS stars,
    date '2026-01-01' + (u * 31 + i * 17) % 90 AS day, CASE WHEN u % 2 = 0 THEN 'DE' ELSE 'FR' END AS country, CASE WHEN i % 2 = 0 THEN 'war|drama' ELSE 'love; comedy' END AS genre
FROM generate_series(1, 80) AS u, generate_series(1, 50) AS i
WHERE (u * 7919 + i * 104729 + u * i * 31) % 97 < CASE WHEN u % 2 = i % 2 THEN 48 ELSE 5 END;

SELECT algorithm, task, metric, score > 0.25 AS good, features, function FROM orchard.train('taste', 'took', algorithm => 'als', options => '{"factors": 8}');
SELECT algorithm, task, metric, score < 0.6 AS good FROM orchard.train('stars', 'took', 'stars', 'als', '{"factors": 4, "time_column": "day"}');
SELECT algorithm, task, metric, score > 0.25 AS good FROM orchard.train('alike', 'took', algorithm => 'item_knn', options => '{"sample_weight": "times", "n_neighbors": 20, "k": 5}');
SELECT algorithm, task, metric, score > 0.3 AS good FROM orchard.train('described', 'took', algorithm => 'content', options => '{"item_columns": ["genre"]}');
SELECT algorithm, task, metric, score > 0 AS good FROM orchard.train('popular', 'took', algorithm => 'popular', options => '{"time_column": "day", "half_life": 30, "user_columns": ["country"]}');
SELECT option, type, default_value FROM orchard.options('als') ORDER BY 1;
SELECT option, type, default_value FROM orchard.options('item_knn') WHERE option IN ('n_neighbors', 'similarity', 'features', 'factors', 'k') ORDER BY 1;

-- how good they are, beside what is popular
SELECT m.metric, m.value BETWEEN 0 AND 1 AS there, m.low <= m.value AND m.value <= m.high AS inside, m.note FROM orchard.evaluate('taste') AS m;
SELECT m.metric FROM orchard.evaluate('stars') AS m;
SELECT (SELECT value FROM orchard.evaluate('taste') WHERE metric = 'ndcg_at_10') > (SELECT value FROM orchard.evaluate('taste') WHERE metric = 'popular_ndcg_at_10') AS better;
SELECT metric, value FROM orchard.evaluate('taste', 'took') WHERE metric IN ('ndcg_at_10', 'coverage');
SELECT metric, round(value::numeric, 6) AS value FROM orchard.evaluate('taste', $$SELECT * FROM (VALUES (2, 'item 02'), (999, 'item 03'), (999, 'no such item'), (NULL, 'item 04')) AS v (user_id, item_id)$$);
SELECT metric, round(value::numeric, 2) AS value FROM orchard.evaluate('taste', $$SELECT 1000 AS user_id, item_id FROM took WHERE user_id = 2$$) WHERE metric IN ('recall_at_10', 'popular_recall_at_10');
SELECT metric, value IS NOT NULL AS there FROM orchard.evaluate('stars', $$SELECT 1000 AS user_id, item_id, stars FROM took WHERE user_id = 2$$) WHERE metric IN ('rmse', 'mae', 'ndcg_at_10');

-- what to recommend, and why: nothing that the user has, items of the user's taste
SELECT rank, right(item, 2)::int % 2 AS odd, score > 0.3 AS liked, reason ~ '^because of item [0-9][0-9], item [0-9][0-9]$' AS because, item IN (SELECT item_id FROM took WHERE user_id = 4) AS has
FROM orchard.recommend('taste', 4, 5);
SELECT count(*) AS rows, count(*) FILTER (WHERE right(item, 2)::int % 2 = 1) AS odd FROM orchard.recommend('taste', '3', 8);
SELECT rank, right(item, 2)::int % 2 AS odd, reason ~ '^because of' AS because FROM orchard.recommend('described', 3, 2);
SELECT bool_and(score BETWEEN 1 AND 5) AS ratings, bool_and(score >= 2.5) AS good FROM orchard.recommend('stars', 3, 5);
SELECT bool_or(item IN (SELECT item_id FROM took WHERE user_id = 4)) AS has FROM orchard.recommend('taste', 4, 10, include_seen => true);
SELECT item FROM orchard.recommend('taste', 4, filter => $$SELECT 'item ' || to_char(i, 'FM00') AS item_id FROM generate_series(1, 60) AS i WHERE 'item ' || to_char(i, 'FM00') NOT IN (SELECT item_id FROM took WHERE user_id = 4) AND i > 45$$) ORDER BY 1;
SELECT count(*) FROM orchard.recommend('taste', 4, filter => 'SELECT item_id, day FROM took WHERE false');
-- who is not known
SELECT rank, reason FROM orchard.recommend('taste', 'nobody', 1);
SELECT rank, reason FROM orchard.recommend('taste', NULL::text, 1);
SELECT bool_and(right(item, 2)::int % 2 = 0) AS even, min(reason) AS reason FROM orchard.recommend('popular', 'new', 5, attributes => '{"country": "DE"}');
SELECT bool_and(right(item, 2)::int % 2 = 1) AS odd, min(reason) AS reason FROM orchard.recommend('popular', 'new', 5, attributes => '{"country": "FR"}');
SELECT min(reason) AS reason FROM orchard.recommend('popular', 'new', 5, attributes => '{"country": "nowhere"}');

-- all users at once say the same as one by one, and as the function of the model
SELECT count(*) AS rows, count(DISTINCT user_id) AS users, max(rank) AS most FROM orchard.recommend_all('taste', 3);
SELECT count(*) FROM (
    SELECT a.user_id, a.rank, a.item, a.score FROM orchard.recommend_all('taste', 4) AS a
    EXCEPT SELECT u.user_id::text, r.rank, r.item, r.score FROM (SELECT DISTINCT user_id FROM took) AS u, orchard.recommend('taste', u.user_id, 4) AS r) AS x;
SELECT count(*) FILTER (WHERE predict_taste(user_id::float8, item) <> score) AS differ, count(*) FROM orchard.recommend_all('taste', 5);
SELECT count(*) FILTER (WHERE predict_stars(user_id::float8, item) <> score) AS differ FROM orchard.recommend_all('stars', 5);
SELECT count(*) FILTER (WHERE predict_alike(user_id::float8, item) <> score) AS differ FROM orchard.recommend_all('alike', 5);
SELECT user_id, rank FROM orchard.recommend_all('taste', 2, 'SELECT * FROM (VALUES (4), (4), (NULL), (-1)) AS v (u)');
SELECT user_id, right(item, 2)::int % 2 AS odd FROM orchard.recommend_all('popular', 1, $$SELECT 'x' AS user_id, 'DE' AS country UNION ALL SELECT 'y', 'FR'$$) ORDER BY 1;
SELECT count(*) FROM orchard.recommend_all('taste', 3, filter => $$SELECT 'item 07' AS item_id$$, include_seen => true);

-- items that are alike
SELECT rank, right(item, 2)::int % 2 AS odd, similarity > 0 AND similarity <= 1 AS inside FROM orchard.similar_items('taste', 'item 03', 3);
SELECT count(*) FILTER (WHERE right(item, 2)::int % 2 = 1) AS odd, count(*) FROM orchard.similar_items('alike', 'item 03', 5);
SELECT right(item, 2)::int % 2 AS odd, similarity FROM orchard.similar_items('described', 'item 03', 1);

-- nothing in a row is an error: NULL, what was never seen, numbers far out
SELECT predict_taste(NULL, NULL), predict_taste('NaN', 'item 01') > 0 AS popular, predict_taste(1e308, 'never'), predict_stars(NULL, NULL) BETWEEN 1 AND 5 AS mean, predict_stars('-Infinity', '') BETWEEN 1 AND 5 AS same;
SELECT predict_described(2, 'new item', 'war|drama') > predict_described(2, 'new item', 'love; comedy') AS by_genre, predict_described(2, 'new item', 'other') AS unseen, predict_described(2, 'item 02', NULL) > 0 AS known;
SELECT count(*) AS rows, count(orchard.predict('taste', t)) AS said FROM took AS t;
SELECT key ->> 'user_id' AS user_id, score > 0 AS liked FROM orchard.score('taste', 'SELECT * FROM took ORDER BY 1, 2 LIMIT 2', ARRAY['user_id', 'item_id']);

-- the same model whatever the order of rows and the threads
SELECT version FROM orchard.train('again', 'SELECT * FROM took ORDER BY day DESC', algorithm => 'als', options => '{"factors": 8}');
SELECT a.item = b.item AND a.score = b.score AS same FROM orchard.recommend('again', 5, 2) AS a JOIN orchard.recommend('taste', 5, 2) AS b USING (rank);

-- ids of every type that names something
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE TABLE typed AS SELECT md5(u::text)::uuid AS "User Id", (ARRAY['red', 'green', 'blue'])[i]::colour AS "Farbe", u * 1000000000000000 AS big, 'Ünï ''中'' "文" ' || i AS text, i::numeric(5, 2) AS price, date '2026-01-01' + i AS day
FROM generate_series(1, 30) AS u, generate_series(1, 3) AS i WHERE (u * 5 + i * 3) % 4 > 0;
SELECT features, function FROM orchard.train('"Odd ""Name"""', 'typed', algorithm => 'item_knn', options => '{"user_column": "User Id", "item_column": "Farbe", "item_columns": ["price", "day"], "holdout": 0}');
SELECT item FROM orchard.recommend('"Odd ""Name"""', md5('4')::uuid, 3, include_seen => true) ORDER BY 1;
SELECT item FROM orchard.similar_items('"Odd ""Name"""', 'red'::colour, 1);
SELECT task FROM orchard.train('typed', 'typed', algorithm => 'als', options => '{"user_column": "big", "item_column": "text", "holdout": 0, "factors": 2}');
SELECT count(*) FROM orchard.recommend('typed', 4000000000000000, 5, include_seen => true);
SELECT rank, item FROM orchard.recommend('typed', '30000000000000000', 1, filter => $$SELECT 'Ünï ''中'' "文" 3' AS text$$, include_seen => true);
SELECT task FROM orchard.train('typed', 'typed', algorithm => 'popular', options => '{"user_column": "text", "item_column": "price"}');
SELECT item FROM orchard.recommend('typed', 'none', 3) ORDER BY 1;

-- one row, one user, one item
SELECT rows, metric, score FROM orchard.train('one', $$SELECT 1 AS user_id, 2 AS item_id$$, algorithm => 'als', options => '{"factors": 3}');
SELECT rank, item, reason FROM orchard.recommend('one', 1);
SELECT rank, item, reason FROM orchard.recommend('one', 1, include_seen => true);
SELECT metric, score IS NULL AS nothing FROM orchard.train('one', $$SELECT i AS user_id, 2 AS item_id, 5 AS stars FROM generate_series(1, 9) AS i$$, 'stars', 'als', '{"factors": 3}');
SELECT orchard.evaluate('one');
SELECT rows FROM orchard.train('one', $$VALUES (1, 'a', 3.0), (NULL, 'b', 4), (2, NULL, 5), (3, 'c', 'NaN'), (4, 'd', 'Infinity')$$, 'column3', 'item_knn', '{"user_column": "column1", "item_column": "column2"}');

-- what does not apply says so
SELECT orchard.explain('taste', (SELECT t FROM took AS t LIMIT 1));
SELECT orchard.counterfactual('taste', (SELECT t FROM took AS t LIMIT 1));
SELECT orchard.confusion_matrix('taste');
SELECT orchard.lift('taste');
SELECT orchard.predict_label('taste', (SELECT t FROM took AS t LIMIT 1));
SELECT orchard.rules('taste');
SELECT orchard.to_sql('taste');
SELECT orchard.importance('taste');
SELECT orchard.partial_dependence('taste', 'item_id', 'took');
SELECT orchard.evaluate('taste', 'took', 'country');
SELECT orchard.similar_rows('taste', (SELECT t FROM took AS t LIMIT 1), 'took');
SELECT orchard.segments('taste');
SELECT orchard.tune('tuned', 'took', NULL, 'als', '{"factors": [2, 4]}');
SELECT orchard.learning_curve('taste');
SELECT orchard.anomalies('taste', 'took');
SELECT left(orchard.report('taste'), 15) AS page;
SELECT count(*) > 0 AS drifts FROM orchard.drift('taste', 'took');

-- errors
SELECT orchard.train('bad', 'SELECT user_id AS customer, item_id FROM took', algorithm => 'als');
SELECT orchard.train('bad', 'SELECT user_id, item_id AS product FROM took', algorithm => 'als');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"user_column": "day"}');
SELECT orchard.train('bad', 'SELECT ARRAY[1, 2] AS user_id, 1 AS item_id', algorithm => 'als');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"item_columns": ["nothing"]}');
SELECT orchard.train('bad', 'took', 'genre', 'als');
SELECT orchard.plot('taste', 'lift');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"time_column": "genre"}');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"alpha": 1e308}');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"colour": 1}');
SELECT orchard.train('bad', 'took', 'item_id', 'als');
SELECT orchard.train('bad', 'took', algorithm => 'content');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"item_column": "user_id"}');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"n_neighbors": 3}');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"features": ["genre"]}');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"factors": 0}');
SELECT orchard.train('bad', 'took', algorithm => 'als', options => '{"half_life": 3}');
SELECT orchard.train('bad', 'SELECT *, -1 AS w FROM took', algorithm => 'als', options => '{"sample_weight": "w"}');
SELECT orchard.train('bad', 'SELECT *, 0 AS w FROM took', algorithm => 'als', options => '{"sample_weight": "w"}');
SELECT orchard.train('bad', 'SELECT * FROM took WHERE false', algorithm => 'popular');
SELECT orchard.recommend(NULL, '1');
SELECT orchard.recommend('nothing', '1');
SELECT orchard.recommend('taste', '1', 0);
SELECT orchard.recommend('taste', '1', filter => 'SELECT 1 AS a, 2 AS b');
SELECT orchard.recommend('taste', '1', filter => 'DELETE FROM took RETURNING item_id');
SELECT orchard.recommend('taste', '1', filter => 'no_such_table');
SELECT orchard.recommend('taste', '1', attributes => '[1]');
SELECT orchard.recommend('taste', '1', attributes => '{"country": "DE"}');
SELECT orchard.recommend('popular', '1', attributes => '{"land": "DE"}');
SELECT orchard.recommend_all('taste', -1);
SELECT orchard.similar_items('taste', NULL::text);
SELECT orchard.similar_items('taste', 'nothing');
SELECT orchard.similar_items('popular', 'item 03');
SELECT algorithm FROM orchard.train('trees', 'SELECT stars, country, genre FROM took', 'stars', 'decision_tree');
SELECT orchard.recommend('trees', '1');

-- rights, versions, and a dump of one model
SELECT version, champion_version, metric, promoted, reason FROM orchard.retrain('taste');
SELECT version, metric, promoted FROM orchard.retrain('stars', 'always');
SELECT orchard.rollback('stars');
SELECT metric FROM orchard.retrain('stars', 'never', metric => 'ndcg_at_10');
SELECT orchard.retrain('taste', metric => 'rmse');
SELECT orchard.import_model('copy', orchard.export_model('taste')) IS NOT NULL AS imported;
SELECT a.item = b.item AND a.score = b.score AND a.reason = b.reason AS same FROM orchard.recommend('copy', 5, 2) AS a JOIN orchard.recommend('taste', 5, 2) AS b USING (rank);
SELECT column_name, forgotten FROM orchard.forget_categories('copy', 'item_id', ARRAY['item 03']);
SELECT count(*) AS named FROM orchard.recommend_all('copy', 50, include_seen => true) WHERE item = 'item 03';
CREATE ROLE shopper;
GRANT USAGE ON SCHEMA orchard TO shopper;
SET ROLE shopper;
SELECT orchard.recommend('taste', '1');
SELECT orchard.recommend_all('taste');
SELECT orchard.similar_items('taste', 'item 03');
RESET ROLE;
SELECT orchard.grant('taste', 'shopper');
SET ROLE shopper;
SELECT count(*) FROM orchard.recommend('taste', '1', 3);
SELECT orchard.recommend('taste', '1', filter => 'took');
RESET ROLE;
BEGIN READ ONLY;
SELECT count(*) FROM orchard.recommend('taste', '1', 3);
SELECT count(*) FROM orchard.recommend_all('taste', 3, 'took');
ROLLBACK;
SET orchard.max_memory = '1MB';
SELECT orchard.train('bad', 'SELECT i AS user_id, i % 1000 AS item_id FROM generate_series(1, 200000) AS i', algorithm => 'als');
RESET orchard.max_memory;
DROP OWNED BY shopper;
SELECT orchard.drop_model(m) FROM unnest(ARRAY['taste', 'stars', 'alike', 'described', 'popular', 'again', '"Odd ""Name"""', 'typed', 'one', 'trees', 'copy']) AS m;
DROP ROLE shopper;
DROP TABLE took, typed;
DROP TYPE colour;

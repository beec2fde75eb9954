-- Which offers to make to whom.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
SET extra_float_digits = -3;
-- The truth: a person takes an offer the more likely the nearer its level is to what the person likes.
CREATE FUNCTION truth(taste float8, level float8, price float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 0.02 + 0.5 * greatest(0, 1 - abs($1 - $2) / 3) * (1 - $3 / 40)';
CREATE TABLE people (person int PRIMARY KEY, taste float8, age int);
INSERT INTO people SELECT i, (i * 37 % 100) / 10.0, 20 + i % 50 FROM generate_series(1, 2000) AS i;
CREATE TABLE offers (offer text PRIMARY KEY, level float8, price float8, margin float8, places int);
INSERT INTO offers VALUES ('basic', 1, 5, 3, 300), ('plus', 4, 12, 8, 150), ('premium', 7, 20, 14, 80), ('deluxe', 9, 30, 25, 40);
CREATE TABLE history AS SELECT p.taste, p.age, o.level, o.price, abs(hashint8extended(p.person * 10 + o.price::int, 7)) % 10000 < 10000 * truth(p.taste, o.level, o.price) AS bought FROM people AS p, offers AS o;
SELECT metric, score > 0.7 AS good FROM orchard.train('buys', 'history', 'bought', 'gradient_boosting', '{"n_estimators": 60}');

-- without limits everyone gets the most profitable offer
CREATE TABLE free AS SELECT * FROM orchard.best_action('buys', 'people', 'offers', '{"value": "margin", "cost": 0.5}');
SELECT count(*), count(DISTINCT key), bool_and(rank = 1), bool_and(expected_profit > 0) FROM free;
SELECT count(*) FROM free AS f JOIN people AS p ON p.person = (f.key ->> 'person')::int
WHERE f.expected_profit < (SELECT max(predict_buys(p.taste, p.age, o.level, o.price) * o.margin - 0.5) FROM offers AS o) - 1e-9;

-- with limits: none is broken, and it earns more in truth than by probability or at random
CREATE TABLE chosen AS SELECT (key ->> 'person')::int AS person, candidate ->> 'offer' AS offer, cost, rank FROM orchard.best_action('buys', 'people', 'offers', '{"value": "margin", "cost": 0.5, "capacity": "places", "budget": 200}');
SELECT sum(cost) <= 200 AS within_budget, count(*) = count(DISTINCT person) AS once, bool_and(n <= places) AS within_places FROM chosen JOIN (SELECT offer, count(*) AS n FROM chosen GROUP BY offer) AS c USING (offer) JOIN offers USING (offer);
CREATE FUNCTION earned(picks text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE total float8; BEGIN
    EXECUTE 'SELECT sum(truth(taste, level, price) * margin - 0.5) FROM (' || picks || ') AS c JOIN people USING (person) JOIN offers USING (offer)' INTO total;
    RETURN total;
END $$;
WITH ranked AS (SELECT person, offer, places, predict_buys(taste, age, level, price) AS p, hashint8extended(person, 3) AS h, hashtextextended(offer || person, 5) AS g FROM people, offers),
    by_probability AS (SELECT person, offer, p FROM (SELECT *, row_number() OVER (PARTITION BY person ORDER BY p DESC, offer) AS r FROM ranked) AS x WHERE r = 1),
    most_probable AS (SELECT person, offer FROM (SELECT b.*, row_number() OVER (PARTITION BY offer ORDER BY p DESC, person) AS k FROM by_probability AS b) AS x JOIN offers USING (offer) WHERE k <= places ORDER BY p DESC, person LIMIT 400),
    at_random AS (SELECT person, offer FROM (SELECT *, row_number() OVER (PARTITION BY person ORDER BY g) AS r FROM ranked) AS x WHERE r = 1 ORDER BY h LIMIT 400)
SELECT earned('SELECT person, offer FROM chosen') > 1.1 * (SELECT sum(truth(taste, level, price) * margin - 0.5) FROM most_probable JOIN people USING (person) JOIN offers USING (offer)) AS beats_probability,
    earned('SELECT person, offer FROM chosen') > 1.5 * (SELECT sum(truth(taste, level, price) * margin - 0.5) FROM at_random JOIN people USING (person) JOIN offers USING (offer)) AS beats_chance;
-- several offers a person, and the bound
SET client_min_messages = notice;
SELECT count(*), max(rank) FROM orchard.best_action('buys', 'SELECT * FROM people WHERE person <= 100', 'offers', '{"value": "margin", "top": 2, "capacity": 30}');
SET client_min_messages = warning;
SELECT key, candidate FROM orchard.best_action('buys', 'SELECT person, taste, age, ''x'' AS "Odd ""Key""" FROM people WHERE person = 1', 'SELECT level, price, offer AS "select", margin FROM offers', '{"value": "margin", "key": ["Odd \"Key\""], "candidate_key": ["select"]}');
-- a model that cleans its rows decides by the same scores: pairs are then made in one query
SELECT metric FROM orchard.train('cleaned', 'history', 'bought', 'gradient_boosting', '{"n_estimators": 60, "clean": [{"step": "clip", "columns": "age", "low": 0, "high": 1000}]}');
SELECT count(*) AS others FROM (SELECT key, candidate, score, expected_profit FROM orchard.best_action('buys', 'people', 'offers', '{"value": "margin", "cost": 0.5, "capacity": "places", "budget": 200}')
    EXCEPT SELECT key, candidate, score, expected_profit FROM orchard.best_action('cleaned', 'people', 'offers', '{"value": "margin", "cost": 0.5, "capacity": "places", "budget": 200}')) AS x;
-- scores are those of the model, for columns of every kind on either side
CREATE TABLE kinds AS SELECT i, (ARRAY['a', 'b', NULL])[i % 3 + 1] AS k, date '2024-01-01' + i % 400 AS d, i % 2 = 0 AS b, CASE WHEN i % 5 > 0 THEN i % 17 END AS n, ARRAY[i % 3, i % 7]::float8[] AS a, 'word' || i % 4 AS w, (i * 7) % 10 < 4 AS y FROM generate_series(1, 1500) AS i;
SELECT metric FROM orchard.train('kinds', 'SELECT k, d, b, n, a, w, y FROM kinds', 'y', 'random_forest', '{"n_estimators": 8, "text_columns": ["w"]}');
SELECT count(*) AS pairs, count(*) FILTER (WHERE abs(score - p) > 1e-12) AS wrong
FROM orchard.best_action('kinds', 'SELECT i, d, n, w FROM kinds WHERE i <= 50', 'SELECT i AS o, k, b, a FROM kinds WHERE i BETWEEN 100 AND 110', '{"top": 100, "key": ["i"], "candidate_key": ["o"]}') AS x
JOIN LATERAL (SELECT orchard.predict('kinds', r) AS p FROM (SELECT s.d, s.n, s.w, c.k, c.b, c.a FROM kinds AS s, kinds AS c WHERE s.i = (x.key ->> 'i')::int AND c.i = (x.candidate ->> 'o')::int) AS r) AS t ON true;
-- a regression: the amount itself
SELECT metric FROM orchard.train('spends', 'SELECT taste, age, level, price, price * bought::int AS spent FROM history', 'spent', 'decision_tree');
SELECT count(*) FROM orchard.best_action('spends', 'people', 'SELECT level, price, offer FROM offers', '{"cost": 1}');
-- nobody, nothing, and values that are missing
SELECT count(*) FROM orchard.best_action('buys', 'SELECT * FROM people WHERE false', 'offers');
SELECT count(*) FROM orchard.best_action('buys', 'people', 'SELECT * FROM offers WHERE false');
SELECT count(*) FROM orchard.best_action('buys', 'people', 'offers', '{"budget": 0, "cost": 1}');
SELECT DISTINCT candidate ->> 'offer' FROM orchard.best_action('buys', 'people', 'SELECT offer, level, price, nullif(margin, 25) AS margin FROM offers', '{"value": "margin"}') ORDER BY 1;
-- a candidate without a primary key is named by all its columns, those that the model reads too
SELECT DISTINCT candidate FROM orchard.best_action('buys', 'SELECT * FROM people WHERE person = 1', 'SELECT level, price FROM offers');
-- offers that score alike, and differ by value and cost: within a thousandth of the bound
CREATE TABLE bundles AS SELECT o.level, o.price, o.offer || g AS bundle, 1 + g % 7 AS gain, 0.05 * g AS paid FROM offers AS o, generate_series(1, 5) AS g;
WITH made AS (SELECT (candidate ->> 'gain')::float8 * score - cost AS earned, cost, candidate ->> 'bundle' AS bundle FROM orchard.best_action('buys', 'people', 'bundles', '{"value": "gain", "cost": "paid", "capacity": 120, "budget": 250}'))
SELECT sum(cost) <= 250 + 1e-9 AS within_budget, (SELECT max(n) <= 120 FROM (SELECT count(*) AS n FROM made GROUP BY bundle) AS c) AS within_capacity, count(*) > 500 AS many FROM made;
-- what is refused
SELECT orchard.best_action(NULL, 'people', 'offers');
SELECT orchard.best_action('buys', 'people', NULL);
SELECT orchard.best_action('buys', 'people', 'SELECT level FROM offers');
SELECT orchard.best_action('buys', 'people', 'SELECT *, 1 AS age FROM offers');
SELECT orchard.best_action('buys', 'people', 'offers', '{"values": 1}');
SELECT orchard.best_action('buys', 'people', 'offers', '[]');
SELECT orchard.best_action('buys', 'people', 'offers', '{"value": "profit"}');
SELECT orchard.best_action('buys', 'people', 'offers', '{"value": "offer"}');
SELECT orchard.best_action('buys', 'people', 'offers', '{"capacity": "offer"}');
SELECT orchard.best_action('buys', 'people', 'offers', '{"cost": -1}');
SELECT orchard.best_action('buys', 'people', 'SELECT *, -level AS loss FROM offers', '{"cost": "loss"}');
SELECT orchard.best_action('buys', 'people', 'offers', '{"capacity": "taste"}');
SELECT orchard.best_action('buys', 'people', 'offers', '{"capacity": 1.5}');
SELECT orchard.best_action('buys', 'people', 'offers', '{"budget": "much"}');
SELECT orchard.best_action('buys', 'people', 'offers', '{"top": 0}');
SELECT orchard.best_action('buys', 'people', 'offers', '{"key": "person"}');
SELECT orchard.best_action('buys', 'people', 'offers', '{"key": ["name"]}');
SELECT model FROM orchard.train('groups', 'SELECT taste, age FROM people', options => '{"n_clusters": 2}');
SELECT orchard.best_action('groups', 'people', 'offers');

\echo
\echo '==> 10. From scores to money: which offer to whom, when mails cost and coupons are few'
SET client_min_messages = warning;
-- Whom an offer suits is known here, and to nobody else: the truth that decisions are judged by.
CREATE TABLE offers (offer text PRIMARY KEY, style float8, margin float8, places int);
INSERT INTO offers VALUES ('trial', 1, 4, 4000), ('coupon', 4, 9, 900), ('bundle', 6, 14, 600), ('vip', 9, 40, 150);
CREATE TABLE people AS SELECT i AS person, 10 * unit(i, 31) AS taste, 20 + i % 50 AS age FROM generate_series(1, 6000) AS i;
CREATE FUNCTION true_probability(taste float8, style float8, margin float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT 0.03 + 0.55 * greatest(0, 1 - abs(taste - style) / 3) * (1 - margin / 60) $$;
CREATE TABLE mailed AS
SELECT taste, age, style, margin, unit(person * 4 + length(offer), 32) < true_probability(taste, style, margin) AS bought
FROM people CROSS JOIN offers WHERE person <= 3000;
\set ECHO queries
SELECT metric, score FROM orchard.train('buys', 'mailed', 'bought');
CREATE TABLE plan AS
SELECT (key ->> 'person')::int AS person, candidate ->> 'offer' AS offer, expected_profit
FROM orchard.best_action('buys', 'SELECT person, taste, age FROM people WHERE person > 3000', 'SELECT * FROM offers',
    '{"value": "margin", "cost": 0.5, "capacity": "places", "budget": 750, "key": ["person"], "candidate_key": ["offer"]}');
SELECT offer, count(*) AS people, round(sum(expected_profit)) AS expected_profit FROM plan GROUP BY offer ORDER BY offer;
\set ECHO none
\echo '    ... what it really earns, beside the most probable offer for each, the surest sales first, and offers at random, of the same budget and places:'
CREATE TABLE other_plans AS
WITH pairs AS (SELECT person, offer, places, orchard.predict('buys', (SELECT r FROM (SELECT taste, age, style, margin) AS r)) AS p, unit(person * 8 + length(offer), 33) AS luck
               FROM people CROSS JOIN offers WHERE person > 3000),
     wished AS (SELECT *, row_number() OVER (PARTITION BY person ORDER BY p DESC, offer) AS by_p, row_number() OVER (PARTITION BY person ORDER BY luck) AS by_luck FROM pairs),
     given AS (SELECT 'highest probability' AS plan, person, offer, p AS rank, row_number() OVER (PARTITION BY offer ORDER BY p DESC, person) <= places AS fits FROM wished WHERE by_p = 1
               UNION ALL SELECT 'at random', person, offer, luck, row_number() OVER (PARTITION BY offer ORDER BY luck, person) <= places FROM wished WHERE by_luck = 1)
SELECT plan, person, offer, row_number() OVER (PARTITION BY plan ORDER BY rank DESC, person) <= 750 / 0.5 AS within_budget FROM given WHERE fits;
\set ECHO queries
SELECT plan, count(*) AS offers, round(sum(true_probability(taste, style, margin) * margin - 0.5)) AS true_profit
FROM (SELECT 'orchard.best_action' AS plan, person, offer FROM plan UNION ALL SELECT plan, person, offer FROM other_plans WHERE within_budget) AS made
JOIN people USING (person) JOIN offers USING (offer) GROUP BY plan ORDER BY true_profit DESC;
\set ECHO none

\echo
\echo '==> 11. A page to look at and send around'
\set ECHO queries
SELECT length(orchard.report('ctr')) AS bytes_of_html, length(orchard.plot('ctr', 'calibration')) AS bytes_of_svg;
\set ECHO none
\echo '    ... into a file:  make psql, then  \\pset format unaligned  \\pset tuples_only  \\o ctr.html  SELECT orchard.report(''ctr'');'

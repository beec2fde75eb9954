-- Constraints of gradient boosting by column name.
SET search_path = public;
CREATE TABLE shown AS
SELECT i AS id, (ARRAY['mobile', 'desktop', 'tablet'])[i % 3 + 1] AS device, (i * 7) % 24 AS hour, ((i * 37) % 100) / 10.0 AS bid,
    ((i * 53) % 80)::float8 AS price, ARRAY[i % 11, i % 13]::float8[] AS parts,
    (hashint4(i)::bigint + 2147483648) / 4294967296.0 < 0.2 + 0.03 * ((i * 37) % 20) * ((i * 37) % 100 < 60)::int AS clicked
FROM generate_series(1, 4000) AS i;
-- without a constraint the probability follows the data down again
SELECT model FROM orchard.train('free', 'shown', 'clicked', 'gradient_boosting',
    '{"exclude": ["id"], "n_estimators": 60, "early_stopping_rounds": 0}');
SELECT predict_free('mobile', 3, 9, 10, '{1, 2}') < predict_free('mobile', 3, 5.9, 10, '{1, 2}') AS falls;
SET client_min_messages = warning;
SELECT model FROM orchard.train('held', 'shown', 'clicked', 'gradient_boosting',
    '{"exclude": ["id"], "n_estimators": 60, "early_stopping_rounds": 0, "monotone_constraints": {"bid": 1, "price": -1, "parts": 1, "hour": 0}}');
CREATE VIEW swept AS SELECT device, hour, bid, price, p1, p2, predict_held(device, hour, bid, price, ARRAY[p1, p2]) AS p
FROM unnest('{mobile,tablet}'::text[]) AS device, unnest('{3,20}'::int[]) AS hour, generate_series(0, 10, 2) AS bid, generate_series(0, 80, 10) AS price,
    generate_series(0, 10, 5) AS p1, generate_series(0, 12, 4) AS p2;
SELECT count(*) FROM (SELECT p < lag(p) OVER (PARTITION BY device, hour, price, p1, p2 ORDER BY bid) AS wrong FROM swept) AS s WHERE wrong;
SELECT count(*) FROM (SELECT p > lag(p) OVER (PARTITION BY device, hour, bid, p1, p2 ORDER BY price) AS wrong FROM swept) AS s WHERE wrong;
SELECT count(*) FROM (SELECT p < lag(p) OVER (PARTITION BY device, hour, bid, price, p2 ORDER BY p1) AS wrong FROM swept) AS s WHERE wrong;
SELECT count(*) FROM (SELECT p < lag(p) OVER (PARTITION BY device, hour, bid, price, p1 ORDER BY p2) AS wrong FROM swept) AS s WHERE wrong;
SELECT max(p) - min(p) > 0.1 AS learns FROM swept;
-- what rises is the probability of the positive class, also where that is the first
SELECT model FROM orchard.train('held_no', 'SELECT bid, hour, CASE WHEN clicked THEN ''yes'' ELSE ''no'' END AS y FROM shown', 'y', 'gradient_boosting',
    '{"positive_class": "no", "n_estimators": 40, "monotone_constraints": {"bid": -1}}');
SELECT count(*) FROM (SELECT p > lag(p) OVER (ORDER BY bid) AS wrong FROM (SELECT b / 10.0 AS bid, predict_held_no(b / 10.0, 5) AS p FROM generate_series(0, 100) AS b) AS q) AS s WHERE wrong;
SELECT predict_held_no(0, 5) > predict_held_no(10, 5) AS falls;
-- a value; dates and truth values have an order
SELECT task FROM orchard.train('value', 'SELECT bid, ''2026-01-01''::date + hour AS day, bid > 3 AS dear, hour * 2 - bid + id % 5 AS y FROM shown', 'y', 'gradient_boosting',
    '{"n_estimators": 40, "monotone_constraints": {"bid": -1, "day": 1, "dear": -1}}');
SELECT predict_value(1, '2026-01-20', false) > predict_value(1, '2026-01-02', false) AS rises, predict_value(1, '2026-01-05', true) <= predict_value(1, '2026-01-05', false) AS falls;
SELECT count(*) FROM (SELECT v < lag(v) OVER (ORDER BY d) AS wrong FROM (SELECT d, predict_value(3, d::date, true) AS v FROM generate_series('2025-12-01'::date, '2026-03-01', '1 day') AS d) AS q) AS s WHERE wrong;
-- columns that may not meet add up
SELECT model FROM orchard.train('sums', 'SELECT hour, bid, hour * bid AS y FROM shown', 'y', 'gradient_boosting',
    '{"n_estimators": 60, "interaction_constraints": [["hour"], ["bid"]]}');
SELECT abs(predict_sums(20, 8) - predict_sums(20, 2) - predict_sums(4, 8) + predict_sums(4, 2)) < 1e-9 AS adds_up;
SELECT model FROM orchard.train('meet', 'SELECT hour, bid, hour * bid AS y FROM shown', 'y', 'gradient_boosting',
    '{"n_estimators": 60, "interaction_constraints": [["hour", "bid"]]}');
SELECT abs(predict_meet(20, 8) - predict_meet(20, 2) - predict_meet(4, 8) + predict_meet(4, 2)) > 50 AS meets;
SET client_min_messages = notice;
SELECT model FROM orchard.train('some', 'SELECT hour, bid, device, clicked FROM shown', 'clicked', 'gradient_boosting',
    '{"n_estimators": 5, "early_stopping_rounds": 0, "interaction_constraints": [["device", "hour"]]}');
SELECT count(DISTINCT predict_some(8, b, 'mobile')) FROM generate_series(0, 10) AS b;
-- what does not fit
SELECT orchard.train('no', 'shown', 'clicked', 'gradient_boosting', '{"monotone_constraints": {"device": 1}}');
SELECT orchard.train('no', 'shown', 'clicked', 'gradient_boosting', '{"monotone_constraints": {"bit": 1}}');
SELECT orchard.train('no', 'shown', 'clicked', 'gradient_boosting', '{"monotone_constraints": {"clicked": 1}}');
SELECT orchard.train('no', 'shown', 'clicked', 'gradient_boosting', '{"exclude": ["bid"], "interaction_constraints": [["bid", "hour"]]}');
SELECT orchard.train('no', 'shown', 'device', 'gradient_boosting', '{"monotone_constraints": {"bid": 1}}');
SELECT orchard.train('no', 'shown', 'clicked', 'gradient_boosting', '{"monotone_constraints": {"bid": "up"}}');
SELECT orchard.train('no', 'shown', 'clicked', 'gradient_boosting', '{"interaction_constraints": ["bid", "hour"]}');
SELECT orchard.train('no', 'shown', 'clicked', 'decision_tree', '{"monotone_constraints": {"bid": 1}}');

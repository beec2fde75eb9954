-- Calibrated probabilities of trees and boosted trees.
SET search_path = public;
CREATE TABLE shown AS
SELECT id, device, hour, ad_id, bid, luck < 0.05 + 0.02 * hour + 0.2 * (bid > 7)::int AS clicked
FROM (SELECT i AS id, (ARRAY['mobile', 'desktop', 'tablet', NULL])[i % 4 + 1] AS device, (i * 7) % 24 AS hour, 'ad-' || (i * 17) % 300 AS ad_id,
          (hashint4(i + 7777)::bigint + 2147483648) % 1000 / 100.0 AS bid, (hashint4(i)::bigint + 2147483648) / 4294967296.0 AS luck
      FROM generate_series(1, 6000) AS i) AS hashed;
-- trees that are far too sure
SELECT model FROM orchard.train('raw', 'shown', 'clicked', 'gradient_boosting',
    '{"exclude": ["id"], "n_estimators": 150, "early_stopping_rounds": 0, "learning_rate": 0.3, "min_samples_leaf": 2}');
SELECT model FROM orchard.train('sigmoid', 'shown', 'clicked', 'gradient_boosting',
    '{"exclude": ["id"], "n_estimators": 150, "early_stopping_rounds": 0, "learning_rate": 0.3, "min_samples_leaf": 2, "calibration": "sigmoid"}');
SELECT model FROM orchard.train('isotonic', 'shown', 'clicked', 'gradient_boosting',
    '{"exclude": ["id"], "n_estimators": 150, "early_stopping_rounds": 0, "learning_rate": 0.3, "min_samples_leaf": 2, "calibration": "isotonic"}');
CREATE FUNCTION loss(model text) RETURNS numeric LANGUAGE sql RETURN (SELECT value FROM orchard.evaluate(model) WHERE metric = 'log_loss');
SELECT loss('sigmoid') < 0.93 * loss('raw') AS sigmoid_helps, loss('isotonic') < 0.97 * loss('raw') AS isotonic_helps;
-- a curve that never falls keeps the order of rows, and probabilities
SELECT count(*) FROM (SELECT predict_sigmoid(device, hour, ad_id, bid) < lag(predict_sigmoid(device, hour, ad_id, bid)) OVER (ORDER BY predict_raw(device, hour, ad_id, bid)) AS wrong FROM shown) AS s WHERE wrong;
SELECT count(*) FROM (SELECT predict_isotonic(device, hour, ad_id, bid) < lag(predict_isotonic(device, hour, ad_id, bid)) OVER (ORDER BY predict_raw(device, hour, ad_id, bid)) AS wrong FROM shown) AS s WHERE wrong;
SELECT bool_and(predict_isotonic(device, hour, ad_id, bid) BETWEEN 0 AND 1 AND predict_sigmoid(device, hour, ad_id, bid) BETWEEN 0 AND 1) AS ok FROM shown;
SELECT predict_isotonic(NULL, NULL, NULL, NULL) BETWEEN 0 AND 1 AS defined, predict_sigmoid('x', 'Infinity', 'y', 'NaN') BETWEEN 0 AND 1 AS odd;
-- one row, JSON and many rows agree
SELECT count(*) FILTER (WHERE predict_isotonic(device, hour, ad_id, bid) = orchard.predict('isotonic', s) AND predict_sigmoid(device, hour, ad_id, bid) = orchard.predict('sigmoid', to_jsonb(s))) = count(*) AS same FROM shown AS s;
-- the choice is said
SELECT model FROM orchard.train('chosen', 'shown', 'clicked', 'gradient_boosting',
    '{"exclude": ["id", "ad_id"], "n_estimators": 150, "early_stopping_rounds": 0, "learning_rate": 0.3, "min_samples_leaf": 2, "calibration": "auto"}');
SELECT model FROM orchard.train('well', 'SELECT hour, bid, clicked FROM shown', 'clicked', 'gradient_boosting',
    '{"n_estimators": 30, "early_stopping_rounds": 0, "min_samples_leaf": 200, "calibration": "auto"}');
SET client_min_messages = warning;
-- a single tree, more classes, the first class, weights, groups, the exact splitter, all rows
SELECT model FROM orchard.train('tree', 'shown', 'clicked', 'decision_tree', '{"exclude": ["id"], "max_depth": 20, "min_samples_leaf": 1, "calibration": "isotonic"}');
SELECT model FROM orchard.train('tree_raw', 'shown', 'clicked', 'decision_tree', '{"exclude": ["id"], "max_depth": 20, "min_samples_leaf": 1}');
SELECT loss('tree') < 0.5 * loss('tree_raw') AS helps;
SELECT count(*) FILTER (WHERE predict_tree(device, hour, ad_id, bid) = orchard.predict('tree', s)) = count(*) AS same FROM shown AS s;
SELECT model FROM orchard.train('three', 'SELECT hour, bid, CASE WHEN clicked THEN ''click'' WHEN id % 3 = 0 THEN ''look'' ELSE ''none'' END AS y FROM shown', 'y', 'gradient_boosting',
    '{"n_estimators": 80, "early_stopping_rounds": 0, "learning_rate": 0.4, "min_samples_leaf": 1, "calibration": "sigmoid"}');
SELECT abs(sum(value::float8) - 1) < 1e-12 AS sums_to_one, count(*) FROM jsonb_each(orchard.predict_proba('three', '{"hour": 3, "bid": 9}'));
SELECT model FROM orchard.train('three_steps', 'SELECT hour, bid, CASE WHEN clicked THEN ''click'' WHEN id % 3 = 0 THEN ''look'' ELSE ''none'' END AS y FROM shown', 'y', 'decision_tree', '{"calibration": "isotonic"}');
SELECT bool_and(abs((SELECT sum(value::float8) FROM jsonb_each(orchard.predict_proba('three_steps', to_jsonb(s)))) - 1) < 1e-12) AS sum_to_one FROM shown AS s WHERE id <= 100;
SELECT model FROM orchard.train('first', 'SELECT hour, bid, CASE WHEN clicked THEN ''yes'' ELSE ''no'' END AS y, 1 + id % 3 AS w, ad_id FROM shown', 'y', 'gradient_boosting',
    '{"positive_class": "no", "sample_weight": "w", "group_columns": ["ad_id"], "n_estimators": 20, "calibration": "isotonic", "class_weight": "balanced"}');
SELECT abs(avg(predict_first(hour, bid)) - avg((NOT clicked)::int)) < 0.03 AS mean_is_right FROM shown;
SELECT model FROM orchard.train('exact', 'SELECT hour, bid, clicked FROM shown WHERE id <= 1500', 'clicked', 'decision_tree', '{"splitter": "exact", "calibration": "sigmoid"}');
SELECT model FROM orchard.train('whole', 'SELECT hour, bid, clicked FROM shown', 'clicked', 'gradient_boosting', '{"refit": true, "n_estimators": 20, "calibration": "sigmoid"}');
SELECT mean_score IS NOT NULL AS scored FROM orchard.tune('tuned', 'SELECT hour, bid, ad_id, clicked FROM shown', 'clicked', 'gradient_boosting', '{"calibration": ["none", "isotonic", "sigmoid"]}',
    '{"n_estimators": 10, "cv": 3, "metric": "log_loss", "max_subset_levels": 8}');
-- forests: their rows out of the bag are judged through the curves as well
SELECT model FROM orchard.train('forest', 'shown', 'clicked', 'random_forest', '{"exclude": ["id"], "n_estimators": 30, "min_samples_leaf": 1, "calibration": "isotonic"}');
SELECT model FROM orchard.train('forest_raw', 'shown', 'clicked', 'random_forest', '{"exclude": ["id"], "n_estimators": 30, "min_samples_leaf": 1}');
SELECT max(c.value) < 0.99 * max(r.value) AS helps, c.metric FROM orchard.evaluate('forest') AS c, orchard.evaluate('forest_raw') AS r
WHERE c.metric = r.metric AND c.metric IN ('log_loss', 'oob_log_loss') GROUP BY 2 ORDER BY 2;
-- the same bytes for any order and number of threads
SELECT model FROM orchard.train('one', 'SELECT device, hour, ad_id, clicked FROM shown', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "calibration": "sigmoid"}');
SET orchard.threads = 1;
SELECT model FROM orchard.train('two', 'SELECT device, hour, ad_id, clicked FROM shown ORDER BY md5(id::text)', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "calibration": "sigmoid"}');
RESET orchard.threads;
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model IN ('one', 'two');
-- little data
SET client_min_messages = notice;
SELECT rows FROM orchard.train('few', 'VALUES (1, true), (2, false), (3, true)', 'column2', 'gradient_boosting', '{"calibration": "auto"}');
SELECT rows FROM orchard.train('same', 'SELECT hour, true AS y FROM shown', 'y', 'decision_tree', '{"calibration": "isotonic"}');
SELECT rows FROM orchard.train('rare', 'SELECT hour, id = 77 AS y FROM shown', 'y', 'gradient_boosting', '{"n_estimators": 5, "calibration": "isotonic"}');
SELECT predict_rare(5) BETWEEN 0 AND 0.1 AS ok;
-- what does not fit
SELECT orchard.train('no', 'SELECT hour, bid FROM shown', 'bid', 'gradient_boosting', '{"calibration": "sigmoid"}');
SELECT orchard.train('no', 'SELECT hour, bid FROM shown', 'bid', 'decision_tree', '{"calibration": "isotonic"}');
SELECT orchard.train('no', 'shown', 'clicked', 'gradient_boosting', '{"calibration": "platt"}');

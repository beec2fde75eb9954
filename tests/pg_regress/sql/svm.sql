-- Support vector machines, from training to scoring
SET search_path = public;
CREATE TABLE plots AS
SELECT i AS id, (i * 37 % 101) / 10.0 AS rooms, (i * 7919 % 10007) / 100.07 AS age, (ARRAY['north', 'south', 'west'])[i * 7 % 11 % 3 + 1] AS area,
       CASE WHEN i % 17 > 0 THEN (i * 31337 % 65537) / 65537.0 END AS luck, timestamptz '2026-03-01 00:00+00' + i * interval '1 hour' AS seen
FROM generate_series(1, 600) AS i;
ALTER TABLE plots ADD price float8, ADD sold boolean, ADD kind text;
UPDATE plots SET price = 20 * rooms - age / 5 + CASE area WHEN 'west' THEN 30 ELSE 0 END + 5 * coalesce(luck, 0);
UPDATE plots SET sold = abs(price - 110) < 40, kind = CASE WHEN price < 60 THEN 'small' WHEN area = 'west' THEN 'grand' ELSE 'plain' END;

SELECT algorithm, task, rows, metric, score > 0.97 AS good FROM orchard.train('sells', 'SELECT rooms, age, area, luck, sold FROM plots', 'sold', 'svm', '{"C": 10}');
SELECT algorithm, task, metric, score > 0.9 AS good FROM orchard.train('kinds', 'SELECT rooms, age, area, kind FROM plots', 'kind', 'svm', '{"class_weight": "balanced", "importance": true}');
SELECT algorithm, task, metric, score < 5 AS good FROM orchard.train('prices', 'SELECT rooms, age, area, price FROM plots', 'price', 'svm', '{"holdout": 0.25, "refit": true, "C": 10, "epsilon": 0.05}');
SELECT algorithm, task, metric, score < 5 AS good FROM orchard.train('lines', 'SELECT rooms, age, area, price FROM plots', 'price', 'svm', '{"kernel": "linear"}');
SELECT algorithm, task, metric, score > 0.7 AS good FROM orchard.train('sorts', 'SELECT rooms, age, area, kind FROM plots', 'kind', 'svm', '{"kernel": "linear"}');
SELECT algorithm, task, metric, score > 0.97 AS good FROM orchard.train('marked', 'SELECT rooms, age, area, luck, seen, sold FROM plots', 'sold', 'svm', '{"n_components": 100}');
SELECT option, type, default_value FROM orchard.options('svm') WHERE option IN ('C', 'kernel', 'gamma', 'epsilon', 'n_components', 'max_iter', 'tol', 'scaling', 'feature_weights', 'distance', 'max_categories', 'class_weight', 'nu', 'task') ORDER BY 1;
SELECT option, type, default_value FROM orchard.options('one_class_svm') WHERE option IN ('C', 'kernel', 'gamma', 'nu', 'max_iter', 'tol', 'holdout') ORDER BY 1;

-- NULL, a level never seen and numbers far out have answers; probabilities sum to 1
SELECT predict_sells(NULL, NULL, NULL, NULL) BETWEEN 0 AND 1 AS nothing, predict_sells('Infinity', 'NaN', 'nowhere', -1e300) BETWEEN 0 AND 1 AS anything, predict_kinds(3, 5, 'nowhere') IS NOT NULL AS unseen,
       predict_prices(1e308, -1e308, NULL) IS NOT NULL AS far, predict_marked(5, 20, 'west', 0.5, 'infinity') BETWEEN 0 AND 1 AS late;
SELECT round(sum(value::numeric), 9) AS one, predict_kinds(9.5, 20, 'west') AS kind, predict_sorts(9.5, 20, 'west') AS same FROM jsonb_each_text(orchard.predict_proba('kinds', '{"rooms": 9, "area": "west"}'::jsonb));
SELECT corr(predict_marked(rooms, age, area, luck, seen), predict_sells(rooms, age, area, luck)) > 0.9 AS alike FROM plots;

-- what it says of columns: a linear machine adds what they say
SELECT feature, level, kind, coefficient > 0 AS up FROM orchard.coefficients('lines') ORDER BY feature NULLS FIRST, level NULLS FIRST;
SELECT key ->> 'id' AS id, abs(base + (SELECT sum(c) FROM unnest(contributions) AS c) - score) < 1e-9 AS exact FROM orchard.explain_source('lines', 'SELECT * FROM plots WHERE id < 3', key => ARRAY['id']) ORDER BY 1;
SELECT orchard.to_sql('lines') LIKE '%rooms%' AS written;
SELECT feature, kind FROM orchard.importance('kinds') ORDER BY rank;
SELECT orchard.importance('prices');
SELECT feature, importance > 1 AS much FROM orchard.importance('prices', 'plots', repeats => 5) WHERE kind = 'permutation' ORDER BY rank;
SELECT count(*) AS parts FROM orchard.explain('sells', (SELECT p FROM plots AS p LIMIT 1));
SELECT orchard.interactions('sells', 'plots');
SELECT orchard.rules('sells');
SELECT orchard.to_sql('sells');
SELECT orchard.coefficients('sells');
SELECT orchard.segments('sells');
SELECT count(*) AS rows, min(distance) = 0 AS itself FROM orchard.similar_rows('prices', (SELECT p FROM plots AS p WHERE id = 5), top => 3);
SELECT count(*) > 0 AS changes FROM orchard.counterfactual('sells', (SELECT p FROM plots AS p WHERE NOT sold LIMIT 1), max_changes => 2);
SELECT count(*) > 2 AS dependence FROM orchard.partial_dependence('prices', 'rooms', 'plots');

-- judged, watched, told
SELECT metric FROM orchard.evaluate('sells', 'plots') WHERE metric IN ('accuracy', 'roc_auc') ORDER BY 1;
SELECT feature, verdict FROM orchard.drift('prices', 'SELECT rooms + 3 AS rooms, age, area FROM plots') ORDER BY 1;
SELECT orchard.report('sells') LIKE '%How the answer depends%' AS page, orchard.model_card('sells') LIKE '%answers the same everywhere%' AS card;
SELECT count(*) AS trials, bool_or(best) AS best FROM orchard.tune('tuned', 'SELECT rooms, age, area, price FROM plots', 'price', 'svm', '{"C": [1, 10], "gamma": [0.05, 0.2]}', '{"cv": 3}');
SELECT version, promoted, metric FROM orchard.retrain('prices', promote => 'always');
SELECT * FROM orchard.forget_categories('kinds', 'area', ARRAY['west']);
SELECT predict_kinds(9.5, 20, 'west') IS NOT NULL AS answers;
SELECT octet_length(orchard.export_model('prices')) > 1000 AS kept;

-- rows that are unlike the others
INSERT INTO plots (id, rooms, age, area) VALUES (1001, 60, 10, 'west'), (1002, 5, 900, 'north');
SELECT algorithm, task, metric FROM orchard.train('odd', 'SELECT rooms, age, area FROM plots', algorithm => 'one_class_svm', options => '{"nu": 0.05}');
SELECT count(*) FILTER (WHERE predict_odd(rooms, age, area) > 0.5) <= 0.06 * count(*) AS few_outside, predict_odd(60, 10, 'west') > 0.7 AS odd FROM plots;
SELECT rank, key ->> 'id' AS id, score > 0.7 AS odd, features, sentence FROM orchard.anomalies('odd', 'plots', 2, ARRAY['id']) ORDER BY id;
SELECT metric FROM orchard.evaluate('odd', 'plots') ORDER BY 1;
SELECT orchard.explain('odd', p) FROM plots AS p LIMIT 1;
SELECT orchard.importance('odd', 'plots');
SELECT orchard.rules('odd');
SELECT orchard.to_sql('odd');
SELECT orchard.tune('odd', 'SELECT rooms FROM plots', NULL, 'one_class_svm', '{"nu": [0.1, 0.2]}');
SELECT version, promoted, metric FROM orchard.retrain('odd', promote => 'always');
SELECT orchard.report('odd') IS NOT NULL AS page, orchard.model_card('odd') LIKE '%unlike what it saw%' AS card;
DELETE FROM plots WHERE id > 1000;

-- few rows, rows by weight, rows that are alike, and a column that does not vary
SELECT model FROM orchard.train('two', 'SELECT x, y FROM (VALUES (1, 10.5), (2, 20.5)) AS v(x, y)', 'y', 'svm', '{"holdout": 0, "task": "regression"}');
SELECT round(predict_two(1)::numeric, 1) AS one, round(predict_two(99)::numeric, 1) AS far;
SELECT model FROM orchard.train('alone', 'SELECT 1 AS x, true AS y', 'y', 'svm', '{"holdout": 0}');
SELECT predict_alone(7);
SELECT model FROM orchard.train('counted', 'SELECT x, y, w FROM (VALUES (1, 10.5, 3), (2, 20.5, 1), (3, 30.5, 0)) AS v(x, y, w)', 'y', 'svm', '{"holdout": 0, "task": "regression", "sample_weight": "w"}');
SELECT predict_counted(3) < 21 AS not_learned;
SELECT model FROM orchard.train('alike', 'SELECT 1 AS x, i % 4 = 0 AS y FROM generate_series(1, 400) AS i', 'y', 'svm', '{"holdout": 0}');
SELECT round(predict_alike(1)::numeric, 2) AS rate;
SELECT model FROM orchard.train('levels', 'SELECT md5((i % 700)::text) AS x, i % 3 = 0 AS y FROM generate_series(1, 2000) AS i', 'y', 'svm', '{"holdout": 0, "kernel": "linear"}');
SELECT predict_levels('x') BETWEEN 0 AND 1 AS unseen;

-- what it is not for
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"min_group": 10}');
SELECT orchard.train('m', 'plots', algorithm => 'one_class_svm', options => '{"min_group": 10}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"text_columns": ["area"]}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"date_parts": true}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"calibration": "isotonic"}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"cost": 3}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"C": 0}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"gamma": "scale"}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"kernel": "poly"}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"nu": 0.5}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"kernel": "linear", "gamma": 1}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"kernel": "linear", "n_components": 9}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"kernel": "linear", "scaling": "log"}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"class_weight": "balanced"}');
SELECT orchard.train('m', 'plots', 'sold', 'svm', '{"class_weight": {"maybe": 2}}');
SELECT orchard.train('m', 'plots', 'price', 'svm', '{"feature_weights": {"size": 2}}');
SELECT orchard.train('m', 'plots', algorithm => 'svm');
SELECT orchard.train('m', 'plots', 'price', 'one_class_svm');
SELECT orchard.train('m', 'plots', algorithm => 'one_class_svm', options => '{"nu": 0}');
SELECT orchard.train('m', 'SELECT x, x > 2 AS y, 0 AS w FROM generate_series(1, 9) AS x', 'y', 'svm', '{"sample_weight": "w"}');

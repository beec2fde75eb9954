-- Nearest neighbours, from training to scoring
SET search_path = public;
CREATE TABLE homes AS
SELECT i AS id, (i * 37 % 101) / 10.0 AS rooms, (i * 7919 % 10007) / 100.07 AS age, (ARRAY['north', 'south', 'west'])[i * 7 % 11 % 3 + 1] AS area,
       CASE WHEN i % 17 > 0 THEN (i * 31337 % 65537) / 65537.0 END AS luck
FROM generate_series(1, 2000) AS i;
ALTER TABLE homes ADD price float8, ADD sold boolean, ADD kind text;
UPDATE homes SET price = 20 * rooms - age / 5 + CASE area WHEN 'west' THEN 30 ELSE 0 END + 5 * coalesce(luck, 0);
UPDATE homes SET sold = price < 80, kind = CASE WHEN price < 60 THEN 'small' WHEN area = 'west' THEN 'grand' ELSE 'plain' END;

SELECT algorithm, task, rows, metric, score > 0.9 AS good FROM orchard.train('sells', 'SELECT rooms, age, area, luck, sold FROM homes', 'sold', 'knn');
SELECT algorithm, task, metric, score > 0.8 AS good FROM orchard.train('kinds', 'SELECT rooms, age, area, kind FROM homes', 'kind', 'knn', '{"n_neighbors": 9, "weights": "distance", "feature_weights": {"age": 0.5}, "importance": true}');
SELECT algorithm, task, metric, score < 20 AS good FROM orchard.train('prices', 'SELECT rooms, age, area, price FROM homes', 'price', 'knn', '{"weights": "distance", "holdout": 0.25, "refit": true}');
SELECT option, type, default_value FROM orchard.options('knn') WHERE option IN ('n_neighbors', 'weights', 'scaling', 'feature_weights', 'distance', 'max_categories', 'task') ORDER BY 1;

-- a training row is alone at no distance; NULL, a level never seen and numbers far out have answers
SELECT count(*) FILTER (WHERE abs(predict_prices(rooms, age, area) - price) < 1e-9) > 1900 AS same FROM homes;
SELECT predict_sells(NULL, NULL, NULL, NULL) BETWEEN 0 AND 1 AS nothing, predict_sells('Infinity', 'NaN', 'nowhere', -1e300) BETWEEN 0 AND 1 AS anything, predict_kinds(3, 5, 'nowhere') IS NOT NULL AS unseen;
SELECT orchard.predict_proba('kinds', '{"rooms": 9, "area": "west"}'::jsonb) ? 'grand' AS has, predict_kinds(9.5, 20, 'west');
SELECT rank, round(distance::numeric, 6) AS distance, actual FROM orchard.similar_rows('prices', (SELECT h FROM homes AS h WHERE id = 5), top => 3);

-- what it says of columns
SELECT feature, kind FROM orchard.importance('kinds') ORDER BY rank;
SELECT orchard.importance('prices');
SELECT feature, importance > 1 AS much FROM orchard.importance('prices', 'homes', repeats => 5) WHERE kind = 'permutation' ORDER BY rank;
SELECT count(*) AS parts, abs(sum(contribution) - max(p)) < 1e-9 AS sums FROM (SELECT h, predict_sells(rooms, age, area, luck) AS p FROM homes AS h WHERE id = 3) AS s, orchard.explain('sells', h);
SELECT orchard.interactions('sells', 'homes');
SELECT orchard.rules('sells');
SELECT orchard.to_sql('sells');
SELECT orchard.coefficients('sells');
SELECT orchard.segments('sells');
SELECT count(*) > 0 AS changes FROM orchard.counterfactual('sells', (SELECT h FROM homes AS h WHERE NOT sold LIMIT 1), max_changes => 2);
SELECT count(*) > 2 AS dependence FROM orchard.partial_dependence('prices', 'rooms', 'homes');

-- judged, watched, told
SELECT metric FROM orchard.evaluate('sells', 'homes') WHERE metric IN ('accuracy', 'roc_auc') ORDER BY 1;
SELECT feature, verdict FROM orchard.drift('prices', 'SELECT rooms + 3 AS rooms, age, area FROM homes') ORDER BY 1;
SELECT count(*) > 1 AS sizes FROM orchard.learning_curve('kinds', 'rows');
SELECT orchard.report('sells') LIKE '%How the answer depends%' AS page, orchard.model_card('sells') LIKE '%the nearest rows answer there%' AS card;
SELECT left(orchard.plot('sells', 'shap'), 4) AS shap;
SELECT parameters, metric, best FROM orchard.tune('tuned', 'SELECT rooms, age, area, price FROM homes', 'price', 'knn', '{"n_neighbors": [1, 8], "weights": ["uniform", "distance"], "scaling": ["standard", "none"]}') ORDER BY rank LIMIT 1;
SELECT version, promoted, metric FROM orchard.retrain('prices', promote => 'always');
SELECT predict_prices(rooms, age, area) = orchard.predict('prices', h, version => 1) AS same_bytes FROM homes AS h LIMIT 1;
SELECT * FROM orchard.forget_categories('kinds', 'area', ARRAY['west']);
SELECT predict_kinds(9.5, 20, 'west') IS NOT NULL AS answers;
SELECT orchard.import_model('prices_again', orchard.export_model('prices')) IS NOT NULL AS kept;
SELECT bool_and(predict_prices(rooms, age, area) = predict_prices_again(rooms, age, area)) AS alike FROM homes;

-- few rows, rows by weight, rows that are alike, and a column that does not vary
SELECT model FROM orchard.train('two', 'SELECT x, y FROM (VALUES (1, 10.5), (2, 20.5)) AS v(x, y)', 'y', 'knn', '{"holdout": 0, "task": "regression"}');
SELECT predict_two(1), predict_two(99);
SELECT model FROM orchard.train('counted', 'SELECT x, y, w FROM (VALUES (1, 10.5, 3), (2, 20.5, 1), (3, 30.5, 0)) AS v(x, y, w)', 'y', 'knn', '{"holdout": 0, "task": "regression", "sample_weight": "w", "n_neighbors": 4}');
SELECT predict_counted(3);
SELECT model FROM orchard.train('alike', 'SELECT 1 AS x, i % 4 = 0 AS y FROM generate_series(1, 400) AS i', 'y', 'knn', '{"holdout": 0}');
SELECT predict_alike(1);

-- what it is not for
SELECT orchard.train('m', 'homes', 'price', 'knn', '{"min_group": 10}');
SELECT orchard.train('m', 'homes', 'price', 'knn', '{"text_columns": ["area"]}');
SELECT orchard.train('m', 'homes', 'price', 'knn', '{"date_parts": true}');
SELECT orchard.train('m', 'homes', 'price', 'knn', '{"k": 3}');
SELECT orchard.train('m', 'homes', 'price', 'knn', '{"n_neighbors": 0}');
SELECT orchard.train('m', 'homes', 'price', 'knn', '{"weights": "near"}');
SELECT orchard.train('m', 'homes', 'price', 'knn', '{"distance": "cosine"}');
SELECT orchard.train('m', 'homes', 'price', 'knn', '{"feature_weights": {"size": 2}}');
SELECT orchard.train('m', 'homes', algorithm => 'knn');

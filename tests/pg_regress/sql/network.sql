-- Neural networks, from training to scoring
SET search_path = public;
CREATE TABLE homes AS
SELECT i AS id, (i * 37 % 101) / 10.0 AS rooms, (i * 7919 % 10007) / 100.07 AS age, (ARRAY['north', 'south', 'west'])[i * 7 % 11 % 3 + 1] AS area,
       'street ' || i * 31 % 47 AS street, CASE WHEN i % 17 > 0 THEN (i * 31337 % 65537) / 65537.0 END AS luck, date '2024-01-01' + i % 300 AS seen
FROM generate_series(1, 3000) AS i;
ALTER TABLE homes ADD price float8, ADD sold boolean, ADD kind text;
UPDATE homes SET price = 20 * abs(rooms - 5) - age / 5 + CASE area WHEN 'west' THEN 30 ELSE 0 END + 5 * coalesce(luck, 0) + length(street);
UPDATE homes SET sold = price < 50, kind = CASE WHEN price < 40 THEN 'small' WHEN area = 'west' THEN 'grand' ELSE 'plain' END;

SET client_min_messages = warning;
SELECT algorithm, task, rows, metric, score > 0.97 AS good FROM orchard.train('sells', 'SELECT rooms, age, area, street, luck, seen, sold FROM homes', 'sold', 'neural_network');
SELECT algorithm, task, metric, score > 0.9 AS good FROM orchard.train('kinds', 'SELECT rooms, age, area, kind FROM homes', 'kind', 'neural_network', '{"hidden_layers": [32], "activation": "gelu", "learning_rate": 0.01, "importance": true}');
SELECT algorithm, task, metric, score < 6 AS good FROM orchard.train('prices', 'SELECT rooms, age, area, street, price FROM homes', 'price', 'neural_network', '{"normalization": "layer", "learning_rate": 0.005, "refit": true}');
RESET client_min_messages;
SELECT option, type, default_value FROM orchard.options('neural_network')
WHERE option IN ('hidden_layers', 'activation', 'normalization', 'dropout', 'optimizer', 'learning_rate', 'learning_rate_schedule', 'momentum', 'weight_decay', 'batch_size', 'epochs', 'early_stopping_rounds', 'validation_fraction', 'embedding_dimension', 'min_category_rows', 'warm_start') ORDER BY 1;

-- NULL, a level never seen and numbers far out have answers
SELECT predict_sells(NULL, NULL, NULL, NULL, NULL, NULL) BETWEEN 0 AND 1 AS nothing, predict_sells('Infinity', 'NaN', 'nowhere', '', -1e300, 'infinity') BETWEEN 0 AND 1 AS anything, predict_kinds(3, 5, 'nowhere') IS NOT NULL AS unseen,
    predict_prices(1e300, '-Infinity', NULL, 'no street') BETWEEN -1000 AND 1000 AS far;
SELECT orchard.predict_proba('kinds', '{"rooms": 9.9, "area": "west"}'::jsonb) ? 'grand' AS has, predict_kinds(9.5, 20, 'west');
SELECT count(*) FILTER (WHERE abs(predict_prices(rooms, age, area, street) - price) < 10) > 2500 AS near FROM homes;

-- what it says of columns
SELECT feature, kind FROM orchard.importance('kinds') ORDER BY rank;
SELECT feature, importance > 1 AS much FROM orchard.importance('prices', 'homes', repeats => 5) WHERE kind = 'permutation' ORDER BY rank;
WITH e AS (SELECT h.id, predict_sells(rooms, age, area, street, luck, seen) AS p, e.* FROM homes AS h, orchard.explain('sells', h) AS e WHERE h.id IN (1, 17))
SELECT id, abs(max(p) - sum(contribution)) < 1e-9 AS sums, count(*) AS parts FROM e GROUP BY id ORDER BY id;
SELECT feature FROM orchard.explain('prices', (SELECT h FROM homes AS h WHERE id = 5)) ORDER BY rank LIMIT 2;
SELECT feature FROM orchard.explain('prices', (SELECT h FROM homes AS h WHERE id = 5), background => 'SELECT * FROM homes WHERE id < 20') ORDER BY rank LIMIT 2;
SELECT count(*) FROM orchard.explain_source('kinds', 'SELECT * FROM homes WHERE id < 4', top => 2);
SELECT orchard.interactions('sells', 'homes');
SELECT orchard.rules('sells');
SELECT orchard.to_sql('sells');
SELECT orchard.to_pmml('sells');
SELECT orchard.coefficients('sells');
SELECT count(*) > 0 AS changes FROM orchard.counterfactual('sells', (SELECT h FROM homes AS h WHERE NOT sold LIMIT 1), max_changes => 2);
SELECT count(*) > 2 AS dependence FROM orchard.partial_dependence('prices', 'rooms', 'homes');

-- how it was learned
SELECT count(*) > 3 AS epochs, min(size), bool_and(metric = 'log_loss') AS losses, max(training) FILTER (WHERE size = 1) > min(training) AS learns, bool_and(holdout > 0) AS watched FROM orchard.learning_curve('sells');
SELECT min(metric), count(DISTINCT metric) FROM orchard.learning_curve('prices', 'epochs');
SELECT count(*) FROM orchard.learning_curve('prices', 'trees');
SELECT orchard.learning_curve('prices', 'epochs', 'homes');
SELECT orchard.plot('sells', 'learning_curve') LIKE '%What more epochs are worth%' AS plotted;
SELECT orchard.report('sells') LIKE '%What more epochs are worth%' AS page, orchard.model_card('sells') LIKE '%network%' AS card;

-- judged, watched, told
SELECT metric FROM orchard.evaluate('sells', 'homes') WHERE metric IN ('accuracy', 'roc_auc') ORDER BY 1;
SELECT feature, verdict FROM orchard.drift('prices', 'SELECT rooms + 3 AS rooms, age, area, street FROM homes') ORDER BY 1;
SELECT rank, distance >= 0 AS far FROM orchard.similar_rows('prices', (SELECT h FROM homes AS h WHERE id = 5), top => 3);
SELECT parameters ? 'hidden_layers' AS layers, metric, best FROM orchard.tune('tuned', 'SELECT rooms, age, area, price FROM homes WHERE id < 600', 'price', 'neural_network', '{"hidden_layers": [[16], [32, 16]], "learning_rate": [0.01]}', '{"cv": 2, "epochs": 5}') ORDER BY rank LIMIT 1;

-- going on from the version before
SELECT orchard.train('new', 'homes', 'sold', 'neural_network', '{"warm_start": true}');
SELECT model FROM orchard.train('new', 'SELECT rooms, age, area, sold FROM homes WHERE id <= 2000', 'sold', 'neural_network', '{"epochs": 20, "early_stopping_rounds": 0, "holdout": 0, "hidden_layers": [16, 8]}');
SELECT orchard.train('new', 'SELECT rooms, age, area, sold FROM homes', 'sold', 'neural_network', '{"warm_start": true}');
SELECT min(training) AS before FROM orchard.learning_curve('new') \gset
SELECT version FROM orchard.train('new', 'SELECT rooms, age, area, street, sold FROM homes', 'sold', 'neural_network', '{"epochs": 3, "early_stopping_rounds": 0, "holdout": 0, "hidden_layers": [16, 8], "warm_start": true}');
SELECT training < :before * 1.5 AS goes_on FROM orchard.learning_curve('new') WHERE size = 1;
SELECT version, promoted, metric FROM orchard.retrain('prices', promote => 'always');
SELECT sum(abs(predict_prices(rooms, age, area, street) - orchard.predict('prices', h, version => 1))) < 1e-9 AS same_bytes FROM homes AS h WHERE id < 50;
SELECT * FROM orchard.forget_categories('kinds', 'area', ARRAY['west']);
SELECT predict_kinds(9.5, 20, 'west') = predict_kinds(9.5, 20, 'elsewhere') AS forgotten;
SELECT orchard.import_model('prices_again', orchard.export_model('prices')) IS NOT NULL AS kept;
SELECT bool_and(predict_prices(rooms, age, area, street) = predict_prices_again(rooms, age, area, street)) AS alike FROM homes;

-- few rows, rows by weight, words, arrays, and a column that does not vary
SELECT model FROM orchard.train('two', 'SELECT x, y FROM (VALUES (1, 10.5), (2, 20.5)) AS v(x, y)', 'y', 'neural_network', '{"holdout": 0, "task": "regression", "epochs": 3}');
SELECT predict_two(1) BETWEEN -100 AND 100 AS answers;
SELECT model FROM orchard.train('alike', 'SELECT 1 AS x, i % 4 = 0 AS y FROM generate_series(1, 400) AS i', 'y', 'neural_network', '{"holdout": 0, "epochs": 30}');
SELECT round(predict_alike(1)::numeric, 1) AS quarter;
SELECT model FROM orchard.train('texts', $$SELECT CASE i % 3 WHEN 0 THEN 'cheap shoes now' WHEN 1 THEN 'warm coat and hat' ELSE 'hat now' END AS ad, ARRAY[i % 5, i % 7]::float8[] AS e, i % 3 > 0 AS y, 1 + i % 2 AS w FROM generate_series(1, 900) AS i$$, 'y', 'neural_network',
    '{"text_columns": ["ad"], "sample_weight": "w", "class_weight": "balanced", "optimizer": "adamw", "learning_rate_schedule": "cosine", "dropout": 0.1, "batch_size": 32, "learning_rate": 0.01}');
SELECT predict_texts('cheap shoes now', ARRAY[1, 1]) < 0.1 AS cheap, predict_texts('warm coat', ARRAY[1, 1]) > 0.9 AS warm;

-- what it is not for
SELECT orchard.train('m', 'homes', 'price', 'neural_network', '{"hidden_layers": [0]}');
SELECT orchard.train('m', 'homes', 'price', 'neural_network', '{"hidden_layers": "64"}');
SELECT orchard.train('m', 'homes', 'price', 'neural_network', '{"hidden_layer_sizes": [64]}');
SELECT orchard.train('m', 'homes', 'price', 'neural_network', '{"activation": "sigmoid"}');
SELECT orchard.train('m', 'homes', 'price', 'neural_network', '{"dropout": 1}');
SELECT orchard.train('m', 'homes', 'price', 'neural_network', '{"momentum": 0.5}');
SELECT orchard.train('m', 'homes', 'price', 'neural_network', '{"validation_fraction": 0.2, "early_stopping_rounds": 0}');
SELECT orchard.train('m', 'homes', 'price', 'neural_network', '{"class_weight": "balanced"}');
SELECT orchard.train('m', 'homes', 'price', 'neural_network', '{"optimizer": "sgd", "learning_rate": 1e30}');
SELECT orchard.train('m', 'homes', algorithm => 'neural_network');
DROP TABLE homes;

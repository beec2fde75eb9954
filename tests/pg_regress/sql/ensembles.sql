-- Voting, stacking, and auto with a time budget: from training to scoring
SET search_path = public;
CREATE TABLE homes AS
SELECT i AS id, (i * 37 % 101) / 10.0 AS rooms, (i * 7919 % 10007) / 100.07 AS age, (ARRAY['north', 'south', 'west'])[i * 7 % 11 % 3 + 1] AS area,
       CASE WHEN i % 17 > 0 THEN (i * 31337 % 65537) / 65537.0 END AS luck, 'street ' || i * 13 % 40 AS street,
       timestamptz '2026-01-01 00:00+00' + i * interval '5 hours' AS listed, CASE WHEN i % 3 = 0 THEN 'quiet garden' ELSE 'loud garden' END AS ad
FROM generate_series(1, 2000) AS i;
ALTER TABLE homes ADD price float8, ADD sold boolean, ADD kind text;
UPDATE homes SET price = 20 * rooms - age / 5 + CASE area WHEN 'west' THEN 30 ELSE 0 END + 5 * coalesce(luck, 0) + CASE WHEN ad LIKE 'quiet%' THEN 9 ELSE 0 END;
UPDATE homes SET sold = price < 80, kind = CASE WHEN price < 60 THEN 'small' WHEN area = 'west' THEN 'grand' ELSE 'plain' END;

SELECT algorithm, task, rows, metric, score > 0.95 AS good FROM orchard.train('sells', 'SELECT rooms, age, area, luck, street, sold FROM homes', 'sold', 'voting',
    '{"estimators": ["random_forest", {"algorithm": "knn", "options": {"n_neighbors": 9}}, "logistic_regression"], "weights": [2, 1, 1]}');
SELECT algorithm, task, metric, score > 0.9 AS good FROM orchard.train('kinds', 'SELECT rooms, age, area, kind FROM homes', 'kind', 'stacking',
    '{"estimators": ["decision_tree", "naive_bayes"], "folds": 3, "importance": true}');
SELECT algorithm, task, metric, score < 8 AS good FROM orchard.train('prices', 'SELECT rooms, age, area, listed, ad, price FROM homes', 'price', 'stacking',
    '{"text_columns": ["ad"], "refit": true, "estimators": ["knn", "ridge", {"algorithm": "gradient_boosting", "options": {"n_estimators": 60}}]}');
SELECT algorithm, metric, score > 0.9 AS good FROM orchard.train('usual', 'SELECT rooms, age, area, sold FROM homes', 'sold', 'stacking');
SELECT option, type, default_value FROM orchard.options('voting') WHERE option IN ('estimators', 'weights', 'folds', 'task', 'min_group', 'class_weight') ORDER BY 1;
SELECT option, type, default_value FROM orchard.options('stacking') WHERE option IN ('weights', 'folds') ORDER BY 1;
SELECT option, type FROM orchard.options('auto') WHERE option = 'time_budget';

-- a vote is the mean of what its members say when they are trained alone
SET client_min_messages = warning;
SELECT count(*) FROM orchard.train('s1', 'SELECT rooms, age, area, luck, street, sold FROM homes', 'sold', 'random_forest') AS a, orchard.train('s2', 'SELECT rooms, age, area, luck, street, sold FROM homes', 'sold', 'knn', '{"n_neighbors": 9}') AS b,
    orchard.train('s3', 'SELECT rooms, age, area, luck, street, sold FROM homes', 'sold', 'logistic_regression') AS c;
RESET client_min_messages;
SELECT max(abs(orchard.predict('sells', h) - (2 * orchard.predict('s1', h) + orchard.predict('s2', h) + orchard.predict('s3', h)) / 4)) < 1e-15 AS mean FROM homes AS h;
-- NULL, a level never seen and numbers far out have answers
SELECT predict_sells(NULL, NULL, NULL, NULL, NULL) BETWEEN 0 AND 1 AS nothing, predict_sells('Infinity', 'NaN', 'nowhere', -1e300, '') BETWEEN 0 AND 1 AS anything, predict_kinds(3, 5, 'nowhere') IS NOT NULL AS unseen;
SELECT abs((SELECT sum(value::float8) FROM jsonb_each_text(orchard.predict_proba('kinds', '{"rooms": 9, "area": "west"}'::jsonb))) - 1) < 1e-12 AS whole, predict_kinds(9.5, 20, 'west');
SELECT count(*) FILTER (WHERE abs(orchard.predict('prices', h) - price) < 12) > 1900 AS near FROM homes AS h;

-- what it says of itself
SELECT feature, kind, coefficient > 0 AS up FROM orchard.coefficients('usual');
SELECT orchard.coefficients('sells');
SELECT rank, actual IS NOT NULL AS known, similarity BETWEEN 0 AND 1 AS fits FROM orchard.similar_rows('prices', (SELECT h FROM homes AS h WHERE id = 5), top => 2);
SELECT feature, kind FROM orchard.importance('kinds') ORDER BY rank;
SELECT orchard.importance('sells');
SELECT feature FROM orchard.importance('sells', 'homes', repeats => 5) WHERE kind = 'permutation' ORDER BY rank LIMIT 1;
SELECT count(*) AS parts FROM orchard.explain('sells', (SELECT h FROM homes AS h WHERE id = 3));
SELECT orchard.interactions('sells', 'homes');
SELECT orchard.rules('sells');
SELECT orchard.to_pmml('sells');
SELECT count(*) > 0 AS changes FROM orchard.counterfactual('sells', (SELECT h FROM homes AS h WHERE NOT sold LIMIT 1), max_changes => 2);
SELECT count(*) > 2 AS dependence FROM orchard.partial_dependence('prices', 'rooms', 'homes');
SELECT orchard.leaderboard('sells');

-- as plain SQL, where all members can be
SELECT orchard.to_sql('sells');
SET client_min_messages = warning;
SELECT count(*) FROM orchard.train('plain', 'SELECT rooms, age, area, street, sold FROM homes', 'sold', 'voting', '{"estimators": ["decision_tree", "logistic_regression", {"algorithm": "gradient_boosting", "options": {"n_estimators": 5}}], "weights": [1, 2, 0.5]}') AS a,
    orchard.train('stacked', 'SELECT rooms, age, area, kind FROM homes', 'kind', 'stacking', '{"estimators": [{"algorithm": "decision_tree", "options": {"max_depth": 3}}, "naive_bayes"]}') AS b,
    orchard.train('dear', 'SELECT rooms, age, area, price FROM homes', 'price', 'stacking', '{"estimators": [{"algorithm": "decision_tree", "options": {"max_depth": 3}}, "ridge"]}') AS c;
RESET client_min_messages;
CREATE FUNCTION as_sql(model text, class text) RETURNS TABLE (apart float8) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT max(abs(said - %s)) FROM (SELECT (%s)::float8 AS said, h FROM homes AS h) AS s',
        CASE WHEN class IS NULL THEN format('orchard.predict(%L, h)', model) ELSE format('(orchard.predict_proba(%L, h) ->> %L)::float8', model, class) END, orchard.to_sql(model, class, 'h'));
END $$;
SELECT model, class, (SELECT apart < 1e-9 FROM as_sql(model, class)) AS same FROM (VALUES ('plain', NULL), ('plain', 'false'), ('stacked', 'grand'), ('dear', NULL)) AS v(model, class);

-- judged, watched, told, kept
SELECT metric FROM orchard.evaluate('sells', 'homes') WHERE metric IN ('accuracy', 'roc_auc') ORDER BY 1;
SELECT feature, verdict FROM orchard.drift('kinds', 'SELECT rooms + 3 AS rooms, age, area FROM homes') ORDER BY 1;
SELECT count(*) > 1 AS sizes FROM orchard.learning_curve('kinds', 'rows');
SELECT orchard.report('sells') LIKE '%The answer is the mean of what its members say%' AS page, orchard.report('prices') LIKE '%A linear model joins%' AS stack, orchard.model_card('sells') LIKE '%each member answers there%' AS card;
SELECT orchard.plot('sells', 'roc_curve') LIKE '%<svg%' AS drawn;
SELECT algorithm, promoted, reason FROM orchard.retrain('kinds', promote => 'always'), orchard.models WHERE models.model = 'kinds';
SELECT orchard.import_model('copy', orchard.export_model('prices')) IS NOT NULL AS imported;
SELECT count(*) FILTER (WHERE orchard.predict('copy', h) = orchard.predict('prices', h)) FROM homes AS h;
SELECT count(*) > 0 AS forgotten FROM orchard.forget_categories('sells', 'street', '{"street 5"}');
SELECT orchard.predict('sells', '{"rooms": 3, "age": 5, "area": "west", "street": "street 5"}'::jsonb) = orchard.predict('sells', '{"rooms": 3, "age": 5, "area": "west", "street": "no street"}'::jsonb) AS as_unseen;
SELECT rank, parameters FROM orchard.tune('tuned', 'SELECT rooms, age, area, price FROM homes', 'price', 'voting', '{"weights": [[1, 0], [0, 1]]}', '{"estimators": ["ridge", {"algorithm": "decision_tree", "options": {"max_depth": 2}}], "cv": 2}') ORDER BY rank;
SELECT rank, algorithm, options, metric, score > 0 AS scored, stddev IS NOT NULL AS spread, rows, seconds > 0 AS timed, chosen FROM orchard.leaderboard('tuned');
SET orchard.warnings = off;
SELECT a.version, b.version FROM orchard.train('again', 'SELECT rooms, age, area, kind FROM homes', 'kind', 'stacking', '{"folds": 3}') AS a, orchard.train('more', 'SELECT * FROM (SELECT rooms, age, area, kind FROM homes ORDER BY id DESC) AS s', 'kind', 'stacking', '{"folds": 3}') AS b;
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model IN ('again', 'more');
RESET orchard.warnings;

-- groups and times are kept whole and in order
SELECT algorithm FROM orchard.train('grouped', 'SELECT rooms, age, street, price FROM homes', 'price', 'stacking', '{"estimators": ["ridge", "decision_tree"], "group_columns": ["street"]}');
SELECT algorithm FROM orchard.train('timed', 'SELECT rooms, age, listed, price FROM homes', 'price', 'stacking', '{"estimators": ["ridge", "decision_tree"], "time_column": "listed", "folds": 3}');
SELECT algorithm FROM orchard.train('private', 'SELECT rooms, age, street, sold FROM homes', 'sold', 'voting', '{"min_group": 20}');
SELECT algorithm FROM orchard.train('weighed', 'SELECT rooms, age, luck, sold FROM homes WHERE luck IS NOT NULL', 'sold', 'stacking', '{"sample_weight": "luck", "class_weight": "balanced", "estimators": ["decision_tree", "knn"]}');
SELECT algorithm FROM orchard.train('cleaned', 'SELECT rooms, area, sold FROM homes', 'sold', 'voting', '{"clean": [{"step": "case", "columns": ["area"], "to": "upper"}], "estimators": ["decision_tree", "logistic_regression"]}');
SELECT predict_cleaned(3, 'West') = predict_cleaned(3, 'WEST') AS same, orchard.to_sql('cleaned', cleaned => true) IS NOT NULL AS written;
SELECT orchard.to_sql('cleaned');

-- auto with a time budget; how far it comes depends on the machine
SET client_min_messages = warning;
SELECT version, task, metric, score > 0.9 AS good FROM orchard.train('found', 'SELECT rooms, age, area, luck, sold FROM homes', 'sold', 'auto', '{"time_budget": 4}');
SELECT count(*) > 1 AS several, count(*) FILTER (WHERE chosen) AS chosen, min(rank) AS best, bool_and(score IS NOT NULL OR note IS NOT NULL) AS told FROM orchard.leaderboard('found');
SELECT l.chosen, l.rank, m.algorithm = l.algorithm AS kept, v.options @> l.options AS options, v.options ? 'time_budget' AS budget FROM orchard.leaderboard('found') AS l, orchard.models AS m, orchard.model_versions AS v WHERE m.model = 'found' AND v.model = 'found' AND l.chosen;
SELECT orchard.report('found') LIKE '%What it was chosen among%' AS page;
SELECT reason FROM orchard.retrain('found', promote => 'never');
SELECT m.algorithm = v.algorithm AS same FROM orchard.models AS m, orchard.model_versions AS v WHERE m.model = 'found' AND v.model = 'found' AND v.version = 2;
RESET client_min_messages;
SELECT algorithm FROM orchard.train('hasty', 'SELECT rooms, age, area, sold FROM homes', 'sold', 'auto', '{"time_budget": 1e-9, "refit": false}');
SELECT rank, algorithm, score, chosen, note FROM orchard.leaderboard('hasty');
SELECT algorithm FROM orchard.train('few', 'SELECT rooms, sold FROM homes WHERE id < 12', 'sold', 'auto', '{"time_budget": 3}');
SELECT orchard.train('m', 'homes', NULL, 'auto', '{"time_budget": 3}');
SELECT orchard.train('m', 'homes', 'sold', 'auto', '{"time_budget": 0}');
SELECT orchard.train('m', 'homes', 'sold', 'auto', '{"time_budget": "long"}');
SELECT orchard.train('m', 'homes', 'sold', 'knn', '{"time_budget": 3}');
SET statement_timeout = '300ms';
SELECT orchard.train('m', 'SELECT * FROM homes, generate_series(1, 20)', 'sold', 'auto', '{"time_budget": 60, "exclude": ["id"]}');
RESET statement_timeout;
SELECT orchard.leaderboard('nobody');
SELECT orchard.leaderboard('found', version => 9);

-- few rows, one class, a number that is always the same, weights of 0
SELECT orchard.train('m', 'SELECT rooms, sold FROM homes WHERE false', 'sold', 'voting');
SELECT algorithm FROM orchard.train('one', 'SELECT rooms, price FROM homes WHERE id = 1', 'price', 'voting', '{"estimators": ["ridge", "knn"], "holdout": 0, "task": "regression"}');
SELECT predict_one(3) = predict_one(NULL) AS constant;
SELECT orchard.train('m', 'SELECT rooms, price FROM homes WHERE id < 3', 'price', 'stacking', '{"holdout": 0, "task": "regression"}');
SELECT algorithm, metric FROM orchard.train('yes', 'SELECT rooms, true AS y FROM homes', 'y', 'stacking', '{"estimators": ["decision_tree", "logistic_regression"]}');
SELECT predict_yes(3), predict_yes(NULL);
SELECT algorithm FROM orchard.train('flat', 'SELECT 1 AS x, i % 4 = 0 AS y FROM generate_series(1, 400) AS i', 'y', 'stacking', '{"estimators": ["random_forest", "knn"]}');
SELECT round(predict_flat(1)::numeric, 2), round(predict_flat(NULL)::numeric, 2);
SELECT orchard.train('m', 'SELECT rooms, 0 AS w, sold FROM homes', 'sold', 'stacking', '{"sample_weight": "w"}');

-- what is refused, with its place
SELECT orchard.train('m', 'homes', 'sold', 'voting', '{"estimators": ["knn"]}');
SELECT orchard.train('m', 'homes', 'sold', 'voting', '{"estimators": "knn"}');
SELECT orchard.train('m', 'homes', 'sold', 'voting', '{"estimators": ["knn", "voting"]}');
SELECT orchard.train('m', 'homes', 'sold', 'voting', '{"estimators": ["knn", "kmeans"]}');
SELECT orchard.train('m', 'homes', 'sold', 'stacking', '{"estimators": ["knn", {"algorithm": "random_forest", "options": {"n_trees": 10}}]}');
SELECT orchard.train('m', 'homes', 'sold', 'stacking', '{"estimators": ["knn", {"algorithm": "random_forest", "options": {"holdout": 0.5}}]}');
SELECT orchard.train('m', 'homes', 'sold', 'stacking', '{"estimators": ["knn", {"algorithm": "gradient_boosting", "options": {"monotone_constraints": {"no_column": 1}}}]}');
SELECT orchard.train('m', 'homes', 'sold', 'voting', '{"weights": [1, 2]}');
SELECT orchard.train('m', 'homes', 'sold', 'voting', '{"weights": [0, 0, 0]}');
SELECT orchard.train('m', 'homes', 'sold', 'voting', '{"estimators": ["knn", "random_forest"], "min_group": 9}');
SELECT orchard.train('m', 'homes', 'sold', 'voting', '{"estimators": ["ridge", "logistic_regression"]}');
SELECT orchard.train('m', 'homes', 'kind', 'voting', '{"estimators": ["ridge", "knn"]}');
SELECT orchard.train('m', 'homes', NULL, 'voting');
SELECT orchard.train('m', 'SELECT ad, sold FROM homes', 'sold', 'voting', '{"text_columns": ["ad"], "estimators": ["knn", "random_forest"]}');

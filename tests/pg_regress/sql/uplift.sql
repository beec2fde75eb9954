-- Uplift, from training to decisions
SET search_path = public;
CREATE TABLE letters AS
SELECT i AS id, 20 + i * 37 % 60 AS age, (ARRAY['north', 'south', 'east'])[1 + i * 7919 % 3] AS region, (ARRAY['none', 'letter', 'call'])[1 + i / 3 % 3] AS "The Mail",
       i * 31337 % 1009 < 200 + CASE WHEN i / 3 % 3 = 1 AND i * 7919 % 3 = 0 THEN 300 WHEN i / 3 % 3 = 2 AND i * 37 % 60 < 20 THEN 250 ELSE 0 END AS bought
FROM generate_series(1, 6000) AS i;
ALTER TABLE letters ADD spent numeric;
UPDATE letters SET spent = CASE WHEN bought THEN 10 + age / 10.0 ELSE 0 END;

SELECT model, algorithm, task, rows, metric, score > 0.02 AS good, function FROM orchard.train('post', 'SELECT age, region, "The Mail", bought FROM letters', 'bought', 'x_learner', '{"treatment": "The Mail"}');
SELECT model, algorithm, task, metric, score > 0.02 AS good, function FROM orchard.train('forest', $$SELECT age, region, "The Mail" = 'call' AS called, spent FROM letters WHERE "The Mail" <> 'letter'$$, 'spent', 'uplift_forest', '{"treatment": "called", "n_estimators": 50}');
SELECT model, function FROM orchard.train('uplift_tree', 'SELECT age, region, "The Mail", bought FROM letters', 'bought', 'uplift_tree', '{"treatment": "The Mail", "holdout": 0.3, "refit": true}');
SELECT algorithm, metric, score > 0.02 AS good FROM orchard.train('t', 'SELECT age, region, "The Mail", bought FROM letters', 'bought', 't_learner', '{"treatment": "The Mail", "control": "none", "base_learner": {"algorithm": "decision_tree", "options": {"max_depth": 4}}}');
SELECT algorithm, metric, score > 0.02 AS good FROM orchard.train('r', 'SELECT age, region, "The Mail", spent FROM letters', 'spent', 'r_learner', '{"treatment": "The Mail", "base_learner": "decision_tree", "folds": 3}');
-- with a treatment auto learns uplift
SELECT algorithm, task FROM orchard.train('any', 'SELECT age, region, "The Mail", bought FROM letters', 'bought', 'auto', '{"treatment": "The Mail", "deploy": true}');
SELECT option, type, default_value FROM orchard.options('x_learner') WHERE option IN ('treatment', 'control', 'base_learner', 'effect_learner', 'task', 'positive_class', 'holdout', 'importance') ORDER BY 1;
SELECT option, type, default_value FROM orchard.options('uplift_forest') WHERE option IN ('criterion', 'honest', 'max_depth', 'max_features', 'max_samples', 'min_samples_leaf', 'min_samples_treatment', 'n_estimators') ORDER BY 1;

-- answers: the best of the effects, whatever the row
SELECT predict_uplift_post(30, 'north') > 0.15 AS north, predict_uplift_post(70, 'south') < 0.1 AS south, predict_uplift_post(NULL, NULL) IS NOT NULL AS nothing, abs(predict_uplift_post('NaN', 'moon')) <= 1 AS unseen, predict_uplift_post('Infinity', '') IS NOT NULL AS far;
SELECT orchard.predict('post', l) = predict_uplift_post(age, region) AS same, orchard.predict('uplift_post', row_to_json(l)) = predict_uplift_post(age, region) AS by_json FROM letters AS l WHERE id = 7;
SELECT orchard.predict_label('post', '{"age": 70, "region": "north"}'::jsonb) AS letter, orchard.predict_label('post', '{"age": 25, "region": "south"}'::text) AS call;
SELECT key, value::text::float8 > 0.1 AS much FROM jsonb_each(orchard.predict_uplift('post', '{"age": 70, "region": "north"}'::jsonb)) ORDER BY 1;
SELECT greatest((orchard.predict_uplift('post', l) ->> 'call')::float8, (orchard.predict_uplift('post', l) ->> 'letter')::float8) = predict_uplift_post(age, region) AS largest FROM letters AS l WHERE id < 3;
SELECT count(DISTINCT predict_uplift_post(age, region)) > 50 AS differ, count(*) FROM letters;
SELECT count(*) AS rows, bool_and(label IN ('none', 'letter', 'call')) AS labels FROM orchard.score('post', 'letters', key => ARRAY['id']);
SELECT orchard.predict_proba('post', '{"age": 70}'::jsonb);
SELECT orchard.predict_uplift('nobody', '{"age": 70}'::jsonb);

-- what is known of it
SELECT metric, value IS NOT NULL AS known, low < value AND value < high AS sure FROM orchard.evaluate('post');
SELECT metric, value IS NOT NULL AS known, note FROM orchard.evaluate('r') WHERE metric = 'auuc';
SELECT segment, metric, value > 0.2 AS much FROM orchard.evaluate('post', 'letters', by => 'region') WHERE metric = 'ate' ORDER BY 1, 3;
SELECT metric, value > 0.02 AS good FROM orchard.evaluate('post', 'SELECT * FROM letters WHERE id % 2 = 0') WHERE metric = 'qini';
SELECT metric, value FROM orchard.evaluate('post', $$SELECT age, region, 'fax'::text AS "The Mail", bought FROM letters WHERE id < 10$$) WHERE metric = 'qini';
SELECT orchard.evaluate('post', 'SELECT age, region, bought FROM letters');
SELECT treatment, count(*) AS buckets, sum(rows) AS rows, bool_and(low <= uplift AND uplift <= high) AS inside FROM orchard.uplift_buckets('post', buckets => 4) GROUP BY 1 ORDER BY 1;
SELECT treatment, count(*) AS points, min(share) AS first, max(share) AS last, max(qini) > 0 AS gain, max(policy_value) > 0.2 AS policy FROM orchard.qini_curve('post', points => 20) GROUP BY 1 ORDER BY 1;
SELECT count(*) AS buckets FROM orchard.uplift_buckets('post', 'letters', 10) WHERE treatment = 'call';
SELECT orchard.plot('post', 'qini_curve') LIKE '<svg%' AS qini, orchard.plot('post', 'uplift') LIKE '<svg%' AS uplift, orchard.report('post') LIKE '%Qini curve%' AS page, orchard.model_card('post') LIKE '%changes%' AS card;
SELECT orchard.plot('post', 'roc_curve');
SELECT orchard.roc_curve('post');
SELECT orchard.uplift_buckets('post', buckets => 0);

-- what makes the uplift of a row
SELECT count(*) AS parts FROM orchard.explain('post', (SELECT l FROM letters AS l WHERE id = 9));
-- what the Qini coefficient loses without a column
SELECT feature, kind, importance > 0.01 AS counts, rank FROM orchard.importance('post', 'SELECT age, region, "The Mail", bought FROM letters UNION ALL SELECT 30, ''south'', ''fax'', true') ORDER BY rank;
SELECT count(*) AS columns FROM orchard.importance('r', 'letters');
SELECT orchard.importance('post');
SELECT orchard.importance('post', 'SELECT age, region, bought FROM letters');
SELECT count(*) AS rows FROM orchard.explain_source('post', 'SELECT * FROM letters WHERE id < 4', key => ARRAY['id']);
SELECT count(*) > 2 AS dependence FROM orchard.partial_dependence('post', 'age', 'letters');
SELECT orchard.rules('post');

-- decisions: the treatment that earns most, or none
SELECT candidate ->> 'The Mail' AS treatment, count(*) > 0 AS given, count(*) <= 500 AS within FROM orchard.best_action('post', 'SELECT id, age, region FROM letters',
    $$SELECT * FROM (VALUES ('letter', 1.0, 500), ('call', 4.0, 300), ('fax', 0.0, 9)) AS c("The Mail", price, places)$$, '{"value": 40, "cost": "price", "capacity": "places", "key": ["id"]}') GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM orchard.best_action('post', 'SELECT id, age, region FROM letters', $$SELECT 'none' AS "The Mail"$$, '{"key": ["id"]}');
SELECT * FROM orchard.best_action('post', 'SELECT id, age, region FROM letters', $$SELECT 'letter' AS mail$$, '{}');
SELECT * FROM orchard.best_action('post', 'SELECT id, age FROM letters', $$SELECT 'letter' AS "The Mail", 'north' AS region$$, '{}');

-- kept as others are
SELECT model, version, task, metric FROM orchard.models WHERE model LIKE 'uplift%' ORDER BY 1;
SELECT version, promoted, metric FROM orchard.retrain('post', promote => 'if_better');
SELECT version, promoted, metric FROM orchard.retrain('post', promote => 'always', metric => 'qini');
SELECT length(orchard.export_model('post')) > 1000 AS exported;
SELECT model, version FROM orchard.import_model('copied', orchard.export_model('post'));
SELECT orchard.predict('copied', l) = orchard.predict('post', l) AS same FROM letters AS l WHERE id = 5;
SELECT orchard.to_sql('t') LIKE '%greatest(%' AS written;
SELECT feature, verdict FROM orchard.drift('post', 'SELECT age + 30 AS age, region FROM letters') ORDER BY 1;
-- a row has one answer, however many treatments there are
SELECT feature, rows, training_rows < 3000 AS held_out FROM orchard.drift('post', 'letters') WHERE feature = '(score)';
ALTER FUNCTION predict_uplift_t RENAME TO predict_uplift_two;
SELECT model FROM orchard.models WHERE model LIKE '%two';
CREATE TABLE plain AS SELECT age, bought FROM letters;
SELECT model FROM orchard.train('r', 'plain', 'bought', 'decision_tree');
-- the plain model has the name now, and that of uplift its own
SELECT orchard.predict('r', '{"age": 30}'::jsonb) BETWEEN 0 AND 1 AS plain, orchard.predict('uplift_r', '{"age": 30}'::jsonb) IS NOT NULL AS uplift;
SELECT orchard.drop_model('forest');
SELECT model FROM orchard.models WHERE model LIKE '%forest';

-- errors
SELECT orchard.train('e', 'SELECT age, "The Mail", bought FROM letters', 'bought', 't_learner');
SELECT orchard.train('e', 'SELECT age, "The Mail", bought FROM letters', 'bought', 't_learner', '{"treatment": "mail"}');
SELECT orchard.train('e', 'SELECT age, "The Mail", bought FROM letters', 'bought', 't_learner', '{"treatment": "The Mail", "control": "fax"}');
SELECT orchard.train('e', 'SELECT age, region, bought FROM letters', 'bought', 't_learner', '{"treatment": "region"}');
SELECT orchard.train('e', 'SELECT age, id AS mail, bought FROM letters', 'bought', 't_learner', '{"treatment": "mail", "control": "1"}');
SELECT orchard.train('e', 'SELECT age, region, "The Mail" FROM letters', 'region', 't_learner', '{"treatment": "The Mail"}');
SELECT orchard.train('e', $$SELECT age, "The Mail", bought FROM letters WHERE "The Mail" = 'call'$$, 'bought', 't_learner', '{"treatment": "The Mail"}');
SELECT orchard.train('e', 'SELECT age, "The Mail", bought FROM letters WHERE false', 'bought', 't_learner', '{"treatment": "The Mail"}');
SELECT orchard.train('e', 'SELECT age, ARRAY[1, 2] AS mail, bought FROM letters', 'bought', 't_learner', '{"treatment": "mail", "control": "1"}');
SELECT orchard.train('e', 'SELECT age, "The Mail", bought FROM letters', 'bought', 'x_learner', '{"treatment": "The Mail", "base_learner": "kmeans"}');
SELECT orchard.train('e', 'SELECT age, "The Mail", bought FROM letters', 'bought', 'x_learner', '{"treatment": "The Mail", "effect_learner": "logistic_regression"}');
SELECT orchard.train('e', 'SELECT age, "The Mail", bought FROM letters', 'bought', 'x_learner', '{"treatment": "The Mail", "base_learner": 3}');
SELECT orchard.train(repeat('e', 50), 'SELECT age, "The Mail", bought FROM letters', 'bought', 't_learner', '{"treatment": "The Mail"}');
SELECT orchard.tune('e', 'SELECT age, "The Mail", bought FROM letters', 'bought', 'uplift_tree', '{"max_depth": [2, 3]}', '{"treatment": "The Mail"}');
SELECT orchard.learning_curve('post', by => 'rows');
SELECT orchard.qini_curve('uplift_r', 'plain');
SELECT orchard.qini_curve('r');
SELECT orchard.train('e', 'SELECT age, ''{}''::jsonb AS mail, bought FROM letters', 'bought', 't_learner', '{"treatment": "mail"}');

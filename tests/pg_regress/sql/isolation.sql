-- Isolation forests: which rows are unlike the others, how much, and why.
\pset null '(null)'
SET search_path = public;
CREATE TABLE visits AS
SELECT i AS visit_id, (i % 24)::int AS hour, 30 + (hashint4(i)::float8 + hashint4(-i) + hashint4(7 * i) + hashint4(11 * i)) / 1e9 * 5 AS minutes,
    (ARRAY['mobile', 'desktop', 'tablet'])[i % 3 + 1] AS device
FROM generate_series(1, 1000) AS i;
INSERT INTO visits VALUES (9001, 3, 4000, 'mobile'), (9002, 12, 30, 'toaster'), (9003, 12, NULL, 'desktop'), (9004, 12, 'Infinity', 'mobile');
SELECT model, algorithm, task, rows, features, metric, score BETWEEN 0.3 AND 0.6 AS usual, function
FROM orchard.train('odd', 'visits', algorithm => 'isolation_forest', options => '{"max_samples": 1000, "exclude": ["visit_id"]}');
SELECT obj_description('predict_odd(float8, float8, text)'::regprocedure);
SELECT visit_id FROM (SELECT visit_id FROM visits ORDER BY predict_odd(hour, minutes, device) DESC LIMIT 4) AS v ORDER BY visit_id;
SELECT predict_odd(NULL, NULL, NULL) BETWEEN 0 AND 1 AS defined, predict_odd('NaN', '-Infinity', 'never seen') > 0.6 AS odd;
SELECT count(*) FILTER (WHERE predict_odd(hour, minutes, device) = orchard.predict('odd', v)) = count(*) AS same FROM visits AS v;
-- the list: in order, each with its reasons; the same each time
SELECT key, score > 0.6 AS odd, features[1] AS first, contributions[1] > 0 AS raises, sentence LIKE '%raises the anomaly score by%' AS said
FROM orchard.anomalies('odd', 'visits', 4, ARRAY['visit_id']) ORDER BY key;
SELECT count(*), min(rank), max(rank), bool_and(score >= next) AS falls
FROM (SELECT rank, score, lead(score, 1, 0) OVER (ORDER BY rank) AS next FROM orchard.anomalies('odd', 'SELECT * FROM visits WHERE hour = 12')) AS a;
SELECT count(*) FROM orchard.anomalies('odd', 'SELECT * FROM visits WHERE false');
SELECT key, rank FROM orchard.anomalies('odd', 'SELECT hour, minutes, device FROM visits', 1);
ALTER TABLE visits ADD PRIMARY KEY (visit_id);
SELECT count(DISTINCT key ->> 'visit_id') FROM orchard.anomalies('odd', 'visits', 50);
SELECT count(*) FROM (SELECT * FROM orchard.anomalies('odd', 'visits', 50) EXCEPT SELECT * FROM orchard.anomalies('odd', 'SELECT * FROM visits ORDER BY hour', 50, '{visit_id}')) AS differ;
-- contributions add up to the score, on both scales
SELECT abs(exp(sum(contribution)) - max(predict_odd(3, 4000, 'mobile'))) < 1e-12 AS adds_up, abs(sum(response_contribution) - max(predict_odd(3, 4000, 'mobile'))) < 1e-12 AS so_does_this
FROM orchard.explain('odd', '{"hour": 3, "minutes": 4000, "device": "mobile"}');
SELECT feature, sentence LIKE '%the anomaly score%' AS said FROM orchard.explain('odd', '{"hour": 3, "minutes": 4000, "device": "mobile"}') WHERE rank < 2 ORDER BY rank;
SELECT count(*) > 0 AS smallest_changes FROM orchard.counterfactual('odd', '{"hour": 3, "minutes": 4000, "device": "mobile"}', 0.55);
-- how scores are distributed, of training rows and of others
SELECT metric, value BETWEEN 0 AND 1 AS is_a_score FROM orchard.evaluate('odd');
SELECT value FROM orchard.evaluate('odd', 'SELECT * FROM visits LIMIT 100') WHERE metric = 'rows';
SELECT feature, verdict FROM orchard.drift('odd', 'visits') ORDER BY 1;
SELECT kind, count(*) FROM orchard.importance('odd', 'visits') GROUP BY kind ORDER BY kind;
SELECT orchard.report('odd') LIKE '%how unlike the rows it learned from a row is%' AS page, orchard.model_card('odd') LIKE '%how unlike the rows%' AS card;
DO $$ DECLARE apart float8; BEGIN
    EXECUTE 'SELECT max(abs(predict_odd(hour, minutes, device) - ' || orchard.to_sql('odd') || ')) FROM visits' INTO apart;
    RAISE NOTICE 'plain SQL says the same: %', apart < 1e-12;
END $$;
SELECT count(*) > 2 AS bins FROM orchard.partial_dependence('odd', 'minutes', 'visits');
-- the same bytes for any order; other seeds, other cuts
SELECT model FROM orchard.train('odd_two', 'SELECT * FROM visits ORDER BY md5(visit_id::text)', algorithm => 'isolation_forest', options => '{"max_samples": 1000, "exclude": ["visit_id"]}');
SELECT model FROM orchard.train('odd_three', 'visits', algorithm => 'isolation_forest', options => '{"max_samples": 1000, "seed": 7, "exclude": ["visit_id"]}');
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model LIKE 'odd%';
SELECT option, default_value FROM orchard.options('isolation_forest') WHERE option IN ('n_estimators', 'max_samples', 'max_features', 'min_category_rows', 'date_parts');
-- moments have parts, of the zone of the training; rows may weigh
SELECT features FROM orchard.train('nights', 'SELECT now() - i * interval ''1 hour'' AS at, i % 5 AS x, i % 3 AS w FROM generate_series(1, 2000) AS i', algorithm => 'isolation_forest', options => '{"sample_weight": "w"}');
-- a version is repeated, but no two are compared: nothing is known to be true
SELECT promoted, reason, metric FROM orchard.retrain('odd', promote => 'always');
SELECT orchard.retrain('odd');
SELECT orchard.retrain('odd', promote => 'never', metric => 'mean_score');
-- what it is not for
SELECT * FROM orchard.roc_curve('odd');
SELECT * FROM orchard.overfitting('odd');
SELECT * FROM orchard.learning_curve('odd', 'rows');
SELECT orchard.predict_label('odd', '{"hour": 3}');
SELECT * FROM orchard.evaluate('odd', 'visits', by => 'device');
SELECT orchard.plot('odd', 'importance');
SELECT orchard.train('odd', 'visits', 'device', 'isolation_forest');
SELECT orchard.train('odd', 'visits', algorithm => 'isolation_forest', options => '{"max_samples": 0}');
SELECT orchard.train('odd', 'visits', algorithm => 'isolation_forest', options => '{"contamination": 0.1}');
SELECT orchard.tune('odd', 'visits', NULL, 'isolation_forest', '{"n_estimators": [10, 20]}');
SELECT * FROM orchard.anomalies('odd', 'visits', 0);
SELECT * FROM orchard.anomalies('odd', NULL);
SELECT * FROM orchard.anomalies('odd', 'SELECT hour FROM visits');
SELECT * FROM orchard.anomalies('odd', 'visits', 3, '{nope}');
SELECT model FROM orchard.train('groups', 'SELECT hour, minutes FROM visits', options => '{"n_clusters": 2}');
SELECT * FROM orchard.anomalies('groups', 'visits');
SELECT orchard.train('none', 'SELECT hour, 0 AS w FROM visits', algorithm => 'isolation_forest', options => '{"sample_weight": "w"}');

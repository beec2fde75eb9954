-- Forests: tasks, options, out-of-bag judgement, determinism.
\pset null '(null)'
SET search_path = public;
CREATE TABLE clicks AS
SELECT i AS id, (ARRAY['mobile', 'desktop', 'tablet', NULL])[i % 4 + 1] AS device, (i * 7) % 24 AS hour, 'ad-' || (i % 40) AS ad_id,
    ((i * 37) % 100) / 10.0 AS bid, (hashint4(i)::bigint + 2147483648) / 4294967296.0 < 0.1 + 0.5 * ((i * 7) % 24 > 11)::int + 0.3 * (i % 40 = 3)::int AS clicked
FROM generate_series(1, 6000) AS i;
SELECT model, algorithm, task, features, metric, score > 0.75 AS good, function
FROM orchard.train('ctr', 'clicks', 'clicked', 'random_forest', '{"n_estimators": 40, "exclude": ["id"]}');
SELECT predict_ctr('mobile', 20, 'ad-5', 1.5) > 0.4 AS likely, predict_ctr(NULL, NULL, 'never seen', 'NaN') BETWEEN 0 AND 1 AS defined;
SELECT count(*) FILTER (WHERE predict_ctr(device, hour, ad_id, bid) = orchard.predict('ctr', c)) = count(*) AS same FROM clicks AS c;
SELECT abs(avg(predict_ctr(device, hour, ad_id, bid)) - avg(clicked::int)) < 0.01 AS mean_is_right FROM clicks;
-- out-of-bag metrics stand beside those of the held-out rows
SELECT metric, value > 0.3 AS plausible, note FROM orchard.evaluate('ctr') WHERE metric LIKE 'oob%' OR metric IN ('roc_auc', 'rows');
SELECT abs(max(value) FILTER (WHERE metric = 'roc_auc') - max(value) FILTER (WHERE metric = 'oob_roc_auc')) < 0.05 AS near FROM orchard.evaluate('ctr');
SELECT jsonb_path_query_array(metrics, '$[*] ? (@.metric starts with "oob").metric') AS stored FROM orchard.model_versions WHERE model = 'ctr';
-- and stand in for them where nothing is held out
SELECT metric, score > 0.75 AS good FROM orchard.train('whole', 'clicks', 'clicked', 'random_forest', '{"n_estimators": 40, "holdout": 0, "exclude": ["id"]}');
SELECT metric, value FROM orchard.evaluate('whole') WHERE metric = 'rows';
SELECT max(value) FILTER (WHERE metric = 'roc_auc') = max(value) FILTER (WHERE metric = 'oob_roc_auc') AS same FROM orchard.evaluate('whole');
SELECT training_rows, holdout_rows FROM orchard.model_versions WHERE model = 'whole';
SET client_min_messages = warning;
SELECT metric, score FROM orchard.train('unjudged', 'clicks', 'clicked', 'random_forest', '{"n_estimators": 5, "holdout": 0, "oob_score": false}');
SELECT * FROM orchard.evaluate('unjudged');
-- extremely randomized trees see all rows, unless they are asked to draw
SELECT algorithm, task, metric, score > 0.75 AS good FROM orchard.train('extra', 'clicks', 'clicked', 'extra_trees', '{"n_estimators": 40, "exclude": ["id"]}');
SELECT predict_extra('mobile', 20, 'ad-5', 1.5) > 0.4 AS likely, predict_extra(NULL, NULL, 'never seen', 'NaN') BETWEEN 0 AND 1 AS defined;
SELECT count(*) FROM orchard.evaluate('extra') WHERE metric LIKE 'oob%';
SELECT score > 0.75 AS good FROM orchard.train('extra', 'clicks', 'clicked', 'extra_trees', '{"n_estimators": 40, "bootstrap": true, "max_samples": 0.5, "exclude": ["id"]}');
SELECT metric FROM orchard.evaluate('extra') WHERE metric LIKE 'oob%';
-- weights of classes leave probabilities right; weights of rows count
SELECT model FROM orchard.train('weighted', 'clicks', 'clicked', 'random_forest', '{"n_estimators": 40, "class_weight": {"true": 9}, "exclude": ["id"]}');
SELECT abs(avg(predict_weighted(device, hour, ad_id, bid)) - avg(clicked::int)) < 0.03 AS mean_is_right FROM clicks;
SELECT model FROM orchard.train('counted', 'SELECT hour, clicked, CASE WHEN clicked THEN 3 ELSE 1 END AS w FROM clicks', 'clicked', 'random_forest', '{"n_estimators": 20, "sample_weight": "w", "holdout": 0}');
SELECT abs(avg(predict_counted(hour)) - avg(3.0 * clicked::int / (1 + 2 * clicked::int)) * (SELECT 3 / (1 + 2 * avg(clicked::int)) FROM clicks)) < 0.1 AS weighs FROM clicks;
-- the positive class may be the first
SELECT metric FROM orchard.train('idle', 'clicks', 'clicked', 'random_forest', '{"n_estimators": 20, "positive_class": false, "holdout": 0, "exclude": ["id"]}');
SELECT predict_idle('mobile', 3, 'ad-5', 1.5) > 0.8 AS likely;
SELECT value > 0.75 AS good FROM orchard.evaluate('idle') WHERE metric = 'oob_roc_auc';
-- more classes, values
SELECT task, metric, score > 0.9 AS good FROM orchard.train('many', 'SELECT hour, bid, device, CASE WHEN hour < 8 THEN ''night'' WHEN bid > 5 THEN ''dear'' ELSE ''cheap'' END AS y FROM clicks', 'y', 'random_forest', '{"n_estimators": 20, "max_features": "all"}');
SELECT predict_many(3, 9, NULL), predict_many(20, 9, 'mobile'), predict_many(20, 1, 'never seen');
SELECT key, round(value::numeric, 1) AS p FROM jsonb_each(orchard.predict_proba('many', '{"hour": 3, "bid": 9}')) ORDER BY key;
SELECT metric FROM orchard.evaluate('many') WHERE metric LIKE 'oob%';
SELECT task, score > 0.9 AS good FROM orchard.train('many', 'SELECT hour, bid, device, CASE WHEN hour < 8 THEN ''night'' WHEN bid > 5 THEN ''dear'' ELSE ''cheap'' END AS y FROM clicks', 'y', 'extra_trees', '{"n_estimators": 20, "max_features": 2, "criterion": "entropy"}');
SELECT predict_many(3, 9, NULL), predict_many(20, 9, 'mobile'), predict_many(20, 1, 'never seen');
SELECT task, metric, score < 3 AS good FROM orchard.train('value', 'SELECT hour, ad_id, bid, hour * 2 + bid AS y FROM clicks', 'y', 'random_forest', '{"n_estimators": 20, "holdout": 0}');
SELECT abs(predict_value(10, 'ad-3', 5) - 25) < 2 AS near;
SELECT metric FROM orchard.evaluate('value') WHERE metric LIKE 'oob%';
SELECT task, metric FROM orchard.train('value', 'SELECT hour, ad_id, bid, hour * 2 + bid AS y FROM clicks', 'y', 'extra_trees', '{"n_estimators": 20}');
SELECT abs(predict_value(10, 'ad-3', 5) - 25) < 2 AS near;
-- the same bytes for any order and number of threads
SELECT model FROM orchard.train('one', 'SELECT * FROM clicks', 'clicked', 'random_forest', '{"n_estimators": 10}');
SET orchard.threads = 1;
SELECT model FROM orchard.train('two', 'SELECT * FROM clicks ORDER BY md5(id::text)', 'clicked', 'random_forest', '{"n_estimators": 10}');
SET orchard.threads = 3;
SELECT model FROM orchard.train('three', 'SELECT * FROM clicks ORDER BY bid', 'clicked', 'random_forest', '{"n_estimators": 10}');
RESET orchard.threads;
SELECT count(DISTINCT checksum), count(DISTINCT metrics) FROM orchard.model_versions WHERE model IN ('one', 'two', 'three');
SELECT model FROM orchard.train('three', 'SELECT * FROM clicks ORDER BY bid', 'clicked', 'random_forest', '{"n_estimators": 10, "seed": 1}');
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model IN ('one', 'three');
-- retraining keeps task and classes; groups and times are held out as ever
SELECT version, task FROM orchard.train('many', 'SELECT hour, bid, device, ''dear'' AS y FROM clicks WHERE hour > 7', 'y', 'random_forest', '{"n_estimators": 5}');
SELECT predict_many(20, 9, 'mobile');
SELECT model FROM orchard.train('grouped', 'clicks', 'clicked', 'random_forest', '{"group_columns": ["ad_id"], "n_estimators": 5}');
SELECT model FROM orchard.train('timed', 'clicks', 'clicked', 'extra_trees', '{"time_column": "id", "n_estimators": 5}');
-- little and odd data
SELECT rows, score FROM orchard.train('single', 'SELECT 1 AS x, true AS y', 'y', 'random_forest');
SELECT predict_single(1);
SELECT rows FROM orchard.train('two_rows', 'VALUES (1, true), (2, false)', 'column2', 'random_forest', '{"min_samples_leaf": 1}');
SELECT predict_two_rows(1) BETWEEN 0 AND 1 AS ok;
SELECT rows FROM orchard.train('sure', 'SELECT hour, true AS y FROM clicks', 'y', 'random_forest');
SELECT predict_sure(1);
SELECT rows FROM orchard.train('nothing', 'SELECT 1 AS c, NULL::text AS n, clicked FROM clicks', 'clicked', 'extra_trees');
SELECT abs(predict_nothing(1, 'x') - (SELECT avg(clicked::int) FROM clicks)) < 0.02 AS base_rate;
SELECT rows FROM orchard.train('huge', 'SELECT hour, (hour - 12) * 1e307 AS y FROM clicks', 'y', 'random_forest', '{"n_estimators": 5}');
SELECT abs(predict_huge(20) - 8e307) < 1e306 AS near;
SELECT rows FROM orchard.train('wild', 'SELECT CASE hour WHEN 3 THEN ''Infinity'' WHEN 5 THEN ''NaN'' WHEN 7 THEN ''-Infinity'' ELSE hour::text END::float8 AS x, clicked FROM clicks', 'clicked', 'extra_trees', '{"n_estimators": 10}');
SELECT bool_and(predict_wild(x) BETWEEN 0 AND 1) FROM unnest('{-Infinity,-1e308,0,3,1e308,Infinity,NaN,NULL}'::float8[]) AS x;
-- what may be set
SELECT option, type, default_value FROM orchard.options('random_forest') WHERE option NOT IN (SELECT option FROM orchard.options('kmeans'));
SELECT option, default_value FROM orchard.options('extra_trees') WHERE option IN ('bootstrap', 'oob_score', 'n_estimators');
-- what does not fit
SELECT orchard.train('no', 'clicks', 'clicked', 'random_forest', '{"max_features": "auto"}');
SELECT orchard.train('no', 'clicks', 'clicked', 'random_forest', '{"max_features": 0}');
SELECT orchard.train('no', 'clicks', 'clicked', 'random_forest', '{"max_samples": 1.5}');
SELECT orchard.train('no', 'clicks', 'clicked', 'extra_trees', '{"max_samples": 0.5}');
SELECT orchard.train('no', 'clicks', 'clicked', 'extra_trees', '{"oob_score": true}');
SELECT orchard.train('no', 'clicks', 'clicked', 'random_forest', '{"criterion": "squared_error"}');
SELECT orchard.train('no', 'SELECT hour, bid FROM clicks', 'bid', 'random_forest', '{"criterion": "gini"}');
SELECT orchard.train('no', 'SELECT hour, bid FROM clicks', 'bid', 'random_forest', '{"class_weight": "balanced"}');
SELECT orchard.train('no', 'clicks', 'clicked', 'random_forest', '{"ntree": 500}');
SELECT orchard.train('no', 'clicks', 'clicked', 'random_forest', '{"learning_rate": 0.1}');
SELECT orchard.train('no', 'clicks', NULL, 'random_forest');
\set VERBOSITY terse
SET orchard.max_memory = '1MB';
SELECT orchard.train('no', 'clicks', 'clicked', 'random_forest', '{"min_samples_leaf": 1}');

-- Gradient boosting: tasks, losses, options, retraining, determinism.
\pset null '(null)'
SET search_path = public;
CREATE TABLE clicks AS
SELECT i AS id, (ARRAY['mobile', 'desktop', 'tablet', NULL])[i % 4 + 1] AS device, (i * 7) % 24 AS hour, 'ad-' || (i % 40) AS ad_id,
    ((i * 37) % 100) / 10.0 AS bid, (hashint4(i)::bigint + 2147483648) / 4294967296.0 < 0.1 + 0.5 * ((i * 7) % 24 > 11)::int + 0.3 * (i % 40 = 3)::int AS clicked
FROM generate_series(1, 6000) AS i;
SELECT model, algorithm, task, features, metric, score > 0.75 AS good, function
FROM orchard.train('ctr', 'clicks', 'clicked', 'gradient_boosting', '{"n_estimators": 40, "early_stopping_rounds": 0, "exclude": ["id"]}');
SELECT predict_ctr('mobile', 20, 'ad-5', 1.5) > 0.4 AS likely, predict_ctr(NULL, NULL, 'never seen', 'NaN') BETWEEN 0 AND 1 AS defined;
SELECT count(*) FILTER (WHERE predict_ctr(device, hour, ad_id, bid) = orchard.predict('ctr', c)) = count(*) AS same FROM clicks AS c;
SELECT abs(avg(predict_ctr(device, hour, ad_id, bid)) - avg(clicked::int)) < 0.01 AS mean_is_right FROM clicks;
-- the search for the number of trees
SELECT score > 0.75 AS good FROM orchard.train('searched', 'clicks', 'clicked', 'gradient_boosting', '{"exclude": ["id"], "learning_rate": 0.3}');
SET client_min_messages = warning;
-- weights of classes leave probabilities right
SELECT model FROM orchard.train('weighted', 'clicks', 'clicked', 'gradient_boosting', '{"n_estimators": 40, "scale_pos_weight": 5, "exclude": ["id"]}');
SELECT abs(avg(predict_weighted(device, hour, ad_id, bid)) - avg(clicked::int)) < 0.03 AS mean_is_right FROM clicks;
-- more classes, values, counts, quantiles
SELECT task, score > 0.9 AS good FROM orchard.train('many', 'SELECT hour, bid, CASE WHEN hour < 8 THEN ''night'' WHEN bid > 5 THEN ''dear'' ELSE ''cheap'' END AS y FROM clicks', 'y', 'gradient_boosting', '{"n_estimators": 20}');
SELECT predict_many(3, 9), predict_many(20, 9), predict_many(20, 1);
SELECT key, round(value::numeric, 1) AS p FROM jsonb_each(orchard.predict_proba('many', '{"hour": 3, "bid": 9}')) ORDER BY key;
SELECT task, metric FROM orchard.train('value', 'SELECT hour, ad_id, hour * 2 + bid AS y FROM clicks', 'y', 'gradient_boosting', '{"n_estimators": 40}');
SELECT abs(predict_value(10, 'ad-3') - 25) < 4 AS near;
SELECT task FROM orchard.train('counts', 'SELECT hour, (hour + id % 5) AS y FROM clicks', 'y', 'gradient_boosting', '{"objective": "poisson", "n_estimators": 60}');
SELECT abs(predict_counts(12) - 14) < 0.5 AS near;
SELECT task FROM orchard.train('spend', 'SELECT hour, CASE WHEN id % 5 < 3 THEN 0 ELSE hour END AS y FROM clicks', 'y', 'gradient_boosting', '{"objective": "tweedie", "tweedie_variance_power": 1.3, "n_estimators": 60}');
SELECT abs(predict_spend(12) - 4.8) < 0.6 AS near;
SELECT task FROM orchard.train('upper', 'SELECT hour, hour + (id % 10) AS y FROM clicks', 'y', 'gradient_boosting', '{"objective": "quantile", "alpha": 0.9, "n_estimators": 100}');
SELECT predict_upper(12) BETWEEN 19 AND 21 AS near;
-- the same bytes for any order and number of threads
SELECT model FROM orchard.train('one', 'SELECT * FROM clicks', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "subsample": 0.7, "colsample_bytree": 0.7}');
SET orchard.threads = 1;
SELECT model FROM orchard.train('two', 'SELECT * FROM clicks ORDER BY md5(id::text)', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "subsample": 0.7, "colsample_bytree": 0.7}');
SET orchard.threads = 3;
SELECT model FROM orchard.train('three', 'SELECT * FROM clicks ORDER BY bid', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "subsample": 0.7, "colsample_bytree": 0.7}');
RESET orchard.threads;
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model IN ('one', 'two', 'three');
-- groups and times are respected by the watched rows too
SELECT model FROM orchard.train('grouped', 'clicks', 'clicked', 'gradient_boosting', '{"group_columns": ["ad_id"], "n_estimators": 10}');
SELECT model FROM orchard.train('timed', 'clicks', 'clicked', 'gradient_boosting', '{"time_column": "id", "n_estimators": 10}');
-- little and odd data
SELECT rows, score FROM orchard.train('single', 'SELECT 1 AS x, true AS y', 'y', 'gradient_boosting');
SELECT predict_single(1);
SELECT rows FROM orchard.train('two_rows', 'VALUES (1, true), (2, false)', 'column2', 'gradient_boosting');
SELECT predict_two_rows(1) BETWEEN 0 AND 1 AS ok;
SELECT rows FROM orchard.train('sure', 'SELECT hour, true AS y FROM clicks', 'y', 'gradient_boosting');
SELECT predict_sure(1) > 0.99 AS ok;
SELECT rows FROM orchard.train('nothing', 'SELECT 1 AS c, NULL::text AS n, clicked FROM clicks', 'clicked', 'gradient_boosting');
SELECT abs(predict_nothing(1, 'x') - (SELECT avg(clicked::int) FROM clicks)) < 0.02 AS base_rate;
SELECT rows FROM orchard.train('huge', 'SELECT hour, (hour - 12)::float8 * 1e307 AS y FROM clicks', 'y', 'gradient_boosting', '{"n_estimators": 50}');
SELECT abs(predict_huge(20) / 8e307 - 1) < 0.1 AS near;
SELECT rows FROM orchard.train('tiny', 'SELECT hour, (hour - 12)::float8 * 1e-300 AS y FROM clicks', 'y', 'gradient_boosting', '{"n_estimators": 50}');
SELECT abs(predict_tiny(20) / 8e-300 - 1) < 0.1 AS near;
SELECT rows FROM orchard.train('wild', 'SELECT CASE hour WHEN 3 THEN ''Infinity'' WHEN 5 THEN ''NaN'' WHEN 7 THEN ''-Infinity'' ELSE hour::text END::float8 AS x, clicked FROM clicks', 'clicked', 'gradient_boosting', '{"n_estimators": 10}');
SELECT bool_and(predict_wild(x) BETWEEN 0 AND 1) FROM unnest('{-Infinity,-1e308,0,3,1e308,Infinity,NaN,NULL}'::float8[]) AS x;
-- what does not fit
SELECT orchard.train('no', 'clicks', 'clicked', 'gradient_boosting', '{"objective": "poisson", "task": "classification"}');
SELECT orchard.train('no', 'SELECT hour, -bid AS y FROM clicks', 'y', 'gradient_boosting', '{"objective": "poisson"}');
SELECT orchard.train('no', 'SELECT hour, device FROM clicks', 'device', 'gradient_boosting', '{"objective": "poisson"}');
SELECT orchard.train('no', 'SELECT hour, bid FROM clicks', 'bid', 'gradient_boosting', '{"scale_pos_weight": 2}');
SELECT orchard.train('no', 'clicks', 'clicked', 'gradient_boosting', '{"learning_rate": 1.5}');
SELECT orchard.train('no', 'clicks', 'clicked', 'gradient_boosting', '{"splitter": "exact"}');
SELECT orchard.train('no', 'clicks', 'clicked', 'gradient_boosting', '{"alpha": 0.9}');

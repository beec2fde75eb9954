-- Tuning: grids, random draws, halving, folds, the version that is kept, and every message.
\pset null '(null)'
SET search_path = public;
CREATE TABLE clicks AS
SELECT i AS id, (ARRAY['mobile', 'desktop', 'tablet', NULL])[i % 4 + 1] AS device, (i * 7) % 24 AS hour, 'ad-' || (i % 40) AS ad_id,
    ((i * 37) % 100) / 10.0 AS bid, timestamp '2026-01-01' + i * interval '1 minute' AS at,
    (hashint4(i)::bigint + 2147483648) / 4294967296.0 < 0.1 + 0.5 * ((i * 7) % 24 > 11)::int + 0.3 * (i % 40 = 3)::int AS clicked
FROM generate_series(1, 3000) AS i;
CREATE FUNCTION attempt(statement text) RETURNS TABLE (code text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT '00000', 'no error', '', '';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    -- errors.sql shows these lists in full
    hint := regexp_replace(hint, '(Valid algorithms are:|Name one of) [^.]*', '\1 ...');
    hint := regexp_replace(hint, 'Valid options for (\w+) are: [^.]*', 'Valid options for \1 are: ...');
    RETURN NEXT;
END $$;

-- a grid: a row a trial, the best is kept
SELECT trial, parameters, metric, round(mean_score::numeric, 3) AS mean_score, std_score < 0.1 AS steady, array_length(fold_scores, 1) AS folds,
    rows, iterations, round, seconds > 0 AS timed, rank, best, holdout_score IS NOT NULL AS judged, version
FROM orchard.tune('ctr', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [1, 4], "min_samples_leaf": [5, 1000]}',
                  '{"exclude": ["id", "at"], "cv": 4}');
SELECT version, algorithm, metric, rows, training_rows, holdout_rows, options FROM orchard.model_versions;
SELECT predict_ctr('mobile', 20, 'ad-5', 1.5) > 0.4 AS likely, predict_ctr('mobile', 2, 'ad-5', 1.5) < 0.4 AS unlikely;
-- it is what orchard.train makes of the same options
SET client_min_messages = warning;
SELECT version, score = (SELECT score FROM orchard.model_versions WHERE model = 'ctr' AND version = 1) AS same_score
FROM orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', (SELECT options FROM orchard.model_versions WHERE model = 'ctr'));
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model = 'ctr';
RESET client_min_messages;
-- not deployed, not refitted, by another metric
SELECT parameters, metric, rank, version FROM orchard.tune('ctr', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [1, 4]}',
    '{"exclude": ["id", "at"], "deploy": false, "refit": false, "metric": "log_loss", "holdout": 0.3}');
SELECT version, deployed, training_rows, holdout_rows, options FROM orchard.model_versions ORDER BY version;
-- nothing held out
SELECT parameters, best, holdout_score FROM orchard.tune('whole', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [1, 4]}', '{"holdout": 0, "features": ["hour"]}');

-- random draws
SET client_min_messages = warning;
SELECT trial, parameters FROM orchard.tune('drawn', 'clicks', 'clicked', 'gradient_boosting',
    '{"learning_rate": {"low": 0.05, "high": 0.5, "log": true}, "max_leaf_nodes": {"low": 3, "high": 31}, "subsample": [0.5, 1]}',
    '{"search": "random", "n_iter": 4, "cv": 2, "n_estimators": 20, "features": ["hour", "ad_id"], "seed": 1}');
SELECT count(*), count(iterations) FROM orchard.tune('drawn', 'clicks', 'clicked', 'gradient_boosting', '{"max_depth": [2, 3]}',
    '{"search": "random", "n_iter": 4, "cv": 2, "n_estimators": 20, "features": ["hour", "ad_id"]}');
RESET client_min_messages;

-- halving
SELECT parameters, rows, round, rank, best FROM orchard.tune('halved', 'clicks', 'clicked', 'decision_tree',
    '{"max_depth": [1, 2, 4], "min_samples_leaf": [20, 700]}', '{"search": "halving", "factor": 2, "min_resources": 480, "features": ["hour", "device"]}')
ORDER BY rank;

-- folds by group and by time
SELECT parameters->'max_depth' AS depth, array_length(fold_scores, 1) AS folds, rows FROM orchard.tune('grouped', 'clicks', 'clicked', 'decision_tree',
    '{"max_depth": [2, 3]}', '{"group_columns": ["ad_id"], "features": ["hour"]}');
SELECT parameters->'max_depth' AS depth, array_length(fold_scores, 1) AS folds, rows FROM orchard.tune('timed', 'clicks', 'clicked', 'decision_tree',
    '{"max_depth": [2, 3]}', '{"time_column": "at", "features": ["hour"], "cv": 3}');

-- other tasks
SELECT parameters, metric, rank FROM orchard.tune('value', 'clicks', 'bid', 'decision_tree', '{"max_depth": [1, 9]}', '{"features": ["hour", "ad_id"]}');
SELECT parameters, metric, rank FROM orchard.tune('label', 'SELECT hour, bid, device FROM clicks WHERE device IS NOT NULL', 'device', 'decision_tree', '{"max_depth": [1, 9]}', '{"metric": "log_loss"}');
SELECT predict_label(8, 1.5) IN ('mobile', 'desktop', 'tablet') AS is_label;
SELECT parameters, metric, mean_score = holdout_score AS of_all_rows, std_score, rank, best
FROM orchard.tune('segments', 'SELECT hour, device FROM clicks', NULL, 'kmeans', '{"n_clusters": [1, 2, 4]}', '{"n_init": 2}');
SELECT predict_segments(8, 'mobile') BETWEEN 1 AND 4 AS is_segment;

-- few rows of a class
SELECT parameters, array_length(fold_scores, 1) AS folds FROM orchard.tune('rare', 'SELECT hour, id % 900 = 5 AS y FROM clicks', 'y', 'decision_tree', '{"max_depth": [1, 2]}');

-- the same for any order and number of threads
SET client_min_messages = warning;
CREATE TABLE results AS SELECT 2 AS threads, * FROM orchard.tune('one', 'clicks', 'clicked', 'gradient_boosting',
    '{"max_depth": [2, 4]}', '{"n_estimators": 15, "exclude": ["id", "at"]}');
SET orchard.threads = 1;
INSERT INTO results SELECT 1, * FROM orchard.tune('two', 'SELECT * FROM clicks ORDER BY md5(id::text)', 'clicked', 'gradient_boosting',
    '{"max_depth": [2, 4]}', '{"n_estimators": 15, "exclude": ["id", "at"]}');
SET orchard.threads = 3;
INSERT INTO results SELECT 3, * FROM orchard.tune('three', 'SELECT * FROM clicks ORDER BY bid', 'clicked', 'gradient_boosting',
    '{"max_depth": [2, 4]}', '{"n_estimators": 15, "exclude": ["id", "at"]}');
RESET orchard.threads;
SELECT trial, count(DISTINCT fold_scores), count(*) FROM results GROUP BY trial ORDER BY trial;
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model IN ('one', 'two', 'three');

-- what may be given
SELECT option, type, default_value FROM orchard.options('tune');

-- what does not fit
\x on
SELECT * FROM attempt($$SELECT orchard.tune(NULL, 'clicks', 'clicked', 'decision_tree', '{"max_depth": [1]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', NULL, 'clicked', 'decision_tree', '{"max_depth": [1]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'auto', '{"max_depth": [1]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', NULL, '{"max_depth": [1]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tee', '{"max_depth": [1]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', NULL, 'decision_tree', '{"max_depth": [1]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'kmeans', '{"n_clusters": [1]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', NULL)$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '[4]')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_dept": [4]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"learning_rate": [0.1]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": []}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": 4}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4, 99]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4, 4]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"holdout": [0.1, 0.2]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"cv": [3, 4]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4, 5]}', '{"max_depth": 3}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": {"low": 1, "high": 5}}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": {"low": 5, "high": 1}}', '{"search": "random"}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"criterion": {"low": 5, "high": 1}}', '{"search": "random"}')$$);
SELECT * FROM attempt(format($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"min_samples_leaf": %s}')$$, (SELECT jsonb_agg(i) FROM generate_series(1, 1001) AS i)));
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"search": "bayes"}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"folds": 3}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"n_iter": 3}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"factor": 3}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"min_resources": 3}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"metric": "rmse"}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'bid', 'decision_tree', '{"max_depth": [4]}', '{"metric": "roc_auc"}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'device', 'decision_tree', '{"max_depth": [4]}', '{"metric": "pr_auc"}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"metric": "rows"}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'SELECT hour FROM clicks', NULL, 'kmeans', '{"n_clusters": [4]}', '{"metric": "rmse"}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'SELECT hour FROM clicks', NULL, 'kmeans', '{"n_clusters": [4]}', '{"cv": 3}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'SELECT hour FROM clicks', NULL, 'kmeans', '{"n_clusters": [1]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'SELECT hour, clicked FROM clicks LIMIT 5', 'clicked', 'decision_tree', '{"max_depth": [4]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"group_columns": ["device"], "cv": 10}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'SELECT hour, true AS y FROM clicks', 'y', 'decision_tree', '{"max_depth": [4]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"search": "halving", "min_resources": 5000}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('nowhere.m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'clicks', 'clicked', 'decision_tree', '{"cv": 4}')$$);
SET orchard.max_memory = '1MB';
SELECT * FROM attempt($$SELECT orchard.tune('m', 'SELECT i % 2 = 0 AS y, i % 1000 AS x FROM generate_series(1, 200000) AS i', 'y', 'decision_tree', '{"max_depth": [4]}')$$);
RESET orchard.max_memory;
BEGIN READ ONLY;
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}')$$);
COMMIT;
SELECT count(*) FROM orchard.models WHERE model = 'm';
-- a model of another owner, and a source that may not be read
CREATE ROLE regress_tuner;
GRANT CREATE ON SCHEMA public TO regress_tuner;
SET ROLE regress_tuner;
SELECT * FROM attempt($$SELECT orchard.tune('ctr', 'SELECT 1', 'clicked', 'decision_tree', '{"max_depth": [4]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('m', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}')$$);
RESET ROLE;
DROP OWNED BY regress_tuner;
DROP ROLE regress_tuner;
-- a changed signature that a view stands on
CREATE VIEW scored AS SELECT predict_ctr(device, hour, ad_id, bid) FROM clicks;
SELECT * FROM attempt($$SELECT orchard.tune('ctr', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"features": ["hour"]}')$$);
SELECT * FROM attempt($$SELECT orchard.tune('ctr', 'clicks', 'clicked', 'decision_tree', '{"max_depth": [4]}', '{"features": ["hour"], "deploy": false}')$$);

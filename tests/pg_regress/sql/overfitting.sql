-- What training looks like beside held-out rows.
CREATE EXTENSION orchard;
SET orchard.threads = 1;

-- Noise: nothing can be learned, but rows can be learned by heart.
CREATE TABLE noise AS
    SELECT n, md5('a' || n)::uuid::text < '8' AS y, ('x' || left(md5('b' || n), 6))::bit(24)::int AS a, ('x' || left(md5('c' || n), 6))::bit(24)::int AS b
    FROM generate_series(1, 2000) n;
SELECT metric, round(score::numeric, 1) AS score
    FROM orchard.train('by_heart', 'SELECT y, a, b FROM noise', 'y', 'decision_tree', '{"max_depth": 20, "min_samples_leaf": 1}');
SELECT metric, round(training::numeric, 2) AS training, holdout < 0.6 AS at_chance, round(gap::numeric, 1) AS gap, verdict
    FROM orchard.overfitting('by_heart') WHERE metric IN ('roc_auc', 'accuracy') ORDER BY metric;
SELECT * FROM orchard.learning_curve('by_heart');

-- A little signal, and more trees than it bears.
CREATE TABLE signal AS SELECT n, a, b, (a / 16777216.0 + ('x' || left(md5('d' || n), 6))::bit(24)::int / 16777216.0) > 1 AS y FROM noise;
SELECT metric FROM orchard.train('many_trees', 'SELECT y, a, b FROM signal', 'y', 'gradient_boosting',
    '{"early_stopping_rounds": 0, "n_estimators": 200}');
SELECT size, metric, training < lag(training) OVER (PARTITION BY metric ORDER BY size) AS falls, holdout IS NOT NULL AS held
    FROM orchard.learning_curve('many_trees', 'trees') WHERE metric = 'log_loss' ORDER BY size;

-- With few trees there is nothing to warn of.
SELECT metric FROM orchard.train('few_trees', 'SELECT y, a, b FROM signal', 'y', 'gradient_boosting', '{"n_estimators": 5, "max_leaf_nodes": 4}');
SELECT metric, verdict FROM orchard.overfitting('few_trees') WHERE metric = 'roc_auc';

-- By rows: as many models as parts, none of which is kept.
SELECT size, metric, training BETWEEN 0.5 AND 1 AS training, holdout BETWEEN 0.5 AND 1 AS holdout
    FROM orchard.learning_curve('few_trees', by => 'rows') WHERE metric = 'roc_auc';
SELECT DISTINCT size FROM orchard.learning_curve('few_trees', by => 'rows', source => 'SELECT y, a, b FROM signal WHERE n <= 500') ORDER BY 1;
SELECT model, version FROM orchard.models WHERE model = 'few_trees';

-- The last size is the model itself.
SELECT abs(l.holdout - e.value) < 1e-12 AS same
    FROM orchard.learning_curve('few_trees', by => 'rows') l JOIN orchard.evaluate('few_trees') e USING (metric)
    WHERE metric = 'roc_auc' ORDER BY size DESC LIMIT 1;
SELECT abs(l.holdout - e.value) < 1e-12 AS same
    FROM orchard.learning_curve('few_trees') l JOIN orchard.evaluate('few_trees') e USING (metric)
    WHERE metric = 'roc_auc' ORDER BY size DESC LIMIT 1;

-- A regression; a cleaning that is learned from each part; of several classes.
SELECT metric FROM orchard.train('number', 'SELECT a + b AS y, a, nullif(b % 7, 0) AS c FROM noise', 'y', 'gradient_boosting',
    '{"clean": [{"columns": ["c"], "step": "impute"}], "n_estimators": 20}');
SELECT size, metric, training > 0 AS training, holdout > 0 AS holdout FROM orchard.learning_curve('number') ORDER BY size DESC LIMIT 1;
SELECT count(DISTINCT size), min(size), max(size) FROM orchard.learning_curve('number', 'rows') WHERE metric = 'r2';
SELECT metric FROM orchard.train('classes', 'SELECT (a / 6000000)::text AS y, a, b FROM noise', 'y', 'gradient_boosting', '{"n_estimators": 6}');
SELECT size, metric FROM orchard.learning_curve('classes') WHERE metric = 'accuracy' ORDER BY size;

-- Nothing held out, no such curve, not the owner.
SELECT metric FROM orchard.train('whole', 'SELECT y, a, b FROM signal', 'y', 'decision_tree', '{"holdout": 0}');
SELECT * FROM orchard.overfitting('whole');
SELECT * FROM orchard.learning_curve('whole', 'rows');
SELECT * FROM orchard.learning_curve('few_trees', 'leaves');
SELECT * FROM orchard.learning_curve('few_trees', 'trees', 'signal');
SELECT * FROM orchard.overfitting(NULL);
SELECT * FROM orchard.learning_curve('few_trees', 'rows', 'SELECT a, b FROM signal');
SELECT metric FROM orchard.train('segments', 'SELECT a, b FROM noise', algorithm => 'kmeans');
SELECT * FROM orchard.overfitting('segments');
SELECT * FROM orchard.learning_curve('segments', 'rows');
CREATE ROLE regress_overfitting_other;
GRANT USAGE ON SCHEMA orchard TO regress_overfitting_other;
GRANT SELECT ON signal TO regress_overfitting_other;
GRANT EXECUTE ON FUNCTION predict_few_trees TO regress_overfitting_other;
SET ROLE regress_overfitting_other;
SELECT metric, verdict FROM orchard.overfitting('few_trees') WHERE metric = 'roc_auc';
SELECT * FROM orchard.overfitting('whole');
SELECT * FROM orchard.learning_curve('few_trees', 'rows');
RESET ROLE;
DROP OWNED BY regress_overfitting_other;
DROP ROLE regress_overfitting_other;
SET orchard.warnings = off;
SELECT metric FROM orchard.train('by_heart', 'SELECT y, a, b FROM noise', 'y', 'decision_tree', '{"max_depth": 20, "min_samples_leaf": 1}');
-- of a handful of rows the parts are few, and none comes twice
SELECT count(*) = count(DISTINCT size) AS once FROM orchard.learning_curve('few_trees', 'rows', 'SELECT * FROM signal LIMIT 12') WHERE metric = 'accuracy';

-- Curves and tables of what a model said and what came true.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
SET extra_float_digits = -3;
CREATE TABLE t AS SELECT i AS id, i % 24 AS hour, i % 5 AS day, (i % 24 > 11) <> (i % 10 = 0) AS y, (i % 24 + i % 5 + i % 7)::float8 AS v, (ARRAY['a', 'b', 'c'])[(i % 24 + i % 3) / 9 + 1] AS k,
    (ARRAY['north', 'south', NULL])[1 + i % 3] AS region, 1 + i % 4 AS w, 10.0 + i % 3 AS value, 1.5 AS cost, i % 2 AS half, i % 3 = 0 AS flag FROM generate_series(1, 2400) AS i;
SELECT metric FROM orchard.train('b', 'SELECT hour, day, y FROM t', 'y', 'decision_tree', '{"max_depth": 3}');
SELECT metric FROM orchard.train('r', 'SELECT hour, day, v FROM t', 'v', 'decision_tree');
SELECT metric FROM orchard.train('m', 'SELECT hour, day, k FROM t', 'k', 'decision_tree', '{"max_depth": 4}');
SELECT metric FROM orchard.train('s', 'SELECT hour, day FROM t', options => '{"n_clusters": 2}');

-- the area under the curve is the metric
SELECT abs(sum((fpr - before) * (tpr + up) / 2) - (SELECT value FROM orchard.evaluate('b') WHERE metric = 'roc_auc')) < 1e-12 AS same
FROM (SELECT fpr, tpr, lag(fpr) OVER w AS before, lag(tpr) OVER w AS up FROM orchard.roc_curve('b') WINDOW w AS (ORDER BY threshold DESC)) AS c;
SELECT abs(sum((recall - before) * precision) - (SELECT value FROM orchard.evaluate('b') WHERE metric = 'pr_auc')) < 1e-12 AS same
FROM (SELECT precision, recall, lag(recall) OVER (ORDER BY threshold DESC) AS before FROM orchard.precision_recall_curve('b')) AS c;
SELECT count(*), min(threshold) >= 0, max(threshold), min(tpr), max(tpr), min(fpr), max(fpr) FROM orchard.roc_curve('b', 't');
SELECT count(*) FROM orchard.roc_curve('m', class => 'b');
SELECT (SELECT sum(tpr) FROM orchard.roc_curve('b', 't')) > 0, (SELECT max(threshold) FROM orchard.roc_curve('b', 't', 'false') WHERE threshold < 'infinity') <= 1 AS other_class;

-- buckets and bins
SELECT bucket, rows, round(actual::numeric, 3) AS actual, round(predicted::numeric, 3) AS predicted, round(cumulative_gain::numeric, 3) AS gain, round(lift::numeric, 3) AS lift,
    round(cumulative_lift::numeric, 3) AS cumulative_lift FROM orchard.lift('b', 't', 4);
SELECT sum(rows), round(max(cumulative_gain)::numeric, 6) AS gain, bool_and(lowest <= highest) FROM orchard.lift('b');
SELECT bucket, rows, round(actual::numeric, 2) AS actual, round(lift::numeric, 2) AS lift FROM orchard.lift('r', buckets => 3);
SELECT count(*) FROM orchard.lift('m', 't', class => 'a');
SELECT bool_and(low <= actual AND actual <= high) AS inside, sum(rows) FROM orchard.calibration('b', 't');
SELECT count(*) <= 5 AS few, sum(rows) FROM orchard.calibration('b', 't', 5, 'uniform');
SELECT bool_and(low <= actual AND actual <= high) AS inside, sum(rows) FROM orchard.calibration('r', 't', 6);

-- the matrix and the money
SELECT actual, predicted, rows, round(share_of_actual::numeric, 3) AS share FROM orchard.confusion_matrix('b', 't');
SELECT sum(rows) FILTER (WHERE predicted = 'true') FROM orchard.confusion_matrix('b', 't', 1.1);
SELECT actual, predicted, rows FROM orchard.confusion_matrix('m', 't');
SELECT count(*) FILTER (WHERE best) AS best, bool_or(threshold = 'infinity') AS nobody, bool_and(profit IS NULL) AS no_money FROM orchard.thresholds('b', 't');
WITH cuts AS (SELECT * FROM orchard.thresholds('b', 't', '{"value_per_positive": "value", "cost_per_contact": "cost"}'))
SELECT c.best, round(c.profit::numeric, 6) = (SELECT round((coalesce(sum(value) FILTER (WHERE y), 0) - sum(cost))::numeric, 6) FROM t WHERE predict_b(hour, day) >= c.threshold) AS as_counted, c.profit = (SELECT max(profit) FROM cuts) AS most FROM cuts AS c WHERE best;
SELECT best, contacted FROM orchard.thresholds('b', options => '{"value_per_positive": 1, "cost_per_contact": 1000}') WHERE best;
SELECT count(*), round(sum(residual)::numeric, 6) = round(sum(actual - predicted)::numeric, 6) AS adds_up FROM orchard.residuals('r', 't');
SELECT count(*) = (SELECT value FROM orchard.evaluate('r') WHERE metric = 'rows') AS all_held FROM orchard.residuals('r');

-- metrics by segment, with intervals
SELECT segment, metric, round(value::numeric, 3) AS value, low <= value AND value <= high AS inside FROM orchard.evaluate('b', 't', 'region') WHERE metric IN ('rows', 'roc_auc', 'recall', 'selection_rate_ratio', 'true_positive_rate_ratio', 'false_positive_rate_ratio');
SELECT segment, metric, round(value::numeric, 3) AS value FROM orchard.evaluate('r', 't', by => 'half') WHERE metric IN ('rows', 'rmse');
SELECT segment, count(*) FROM orchard.evaluate('m', 't', 'flag') GROUP BY 1 ORDER BY 1;
SELECT segment, metric, value, note FROM orchard.evaluate('b', 'SELECT * FROM t WHERE y', 'flag') WHERE metric IN ('roc_auc', 'false_positive_rate');
SELECT sum(value) FROM orchard.evaluate('b', 't', 'hour') WHERE metric = 'rows';

-- weights: whole ones are copies
SELECT metric FROM orchard.train('w', 'SELECT hour, day, y, w FROM t', 'y', 'decision_tree', '{"sample_weight": "w", "max_depth": 3}');
SELECT a.metric, abs(a.value - b.value) < 1e-12 AS same FROM orchard.evaluate('w', 't') AS a JOIN orchard.evaluate('w', 'SELECT hour, day, y, 1 AS w FROM t, generate_series(1, w)') AS b USING (metric) WHERE metric <> 'rows' AND a.value <> b.value OR metric = 'roc_auc';
SELECT sum(rows) = (SELECT sum(w) FROM t) AS weighted FROM orchard.confusion_matrix('w', 't');
SET client_min_messages = notice;
SELECT count(*) FROM orchard.roc_curve('w', 'SELECT hour, day, y FROM t WHERE false');
SET client_min_messages = warning;
SELECT orchard.evaluate('w', 'SELECT hour, day, y, -1 AS w FROM t');

-- one class, no row, one row
SELECT * FROM orchard.roc_curve('b', 'SELECT * FROM t WHERE y AND hour = 20');
SELECT * FROM orchard.precision_recall_curve('b', 'SELECT * FROM t WHERE NOT y AND hour = 20');
SELECT bucket, rows, actual, lift FROM orchard.lift('b', 'SELECT * FROM t WHERE NOT y AND hour = 20 LIMIT 1');
SELECT count(*) FROM orchard.calibration('b', 'SELECT * FROM t WHERE false');
SELECT threshold, contacted_share, best FROM orchard.thresholds('b', 'SELECT * FROM t WHERE false');
SELECT sum(rows) FROM orchard.confusion_matrix('b', 'SELECT * FROM t WHERE false');

-- raw columns that the model cleans, judged by one of them
CREATE TABLE raw AS SELECT '$' || i % 24 AS price, (ARRAY['Yes', 'no ', 'N/A'])[1 + i % 3] AS pets, i % 24 > 11 AS y FROM generate_series(1, 600) AS i;
SELECT metric FROM orchard.train('raw', 'raw', 'y', 'decision_tree', '{"clean": "auto"}');
SELECT segment, value FROM orchard.evaluate('raw', 'raw', 'pets') WHERE metric = 'rows';

-- what is refused
SELECT orchard.roc_curve('nothing');
SELECT orchard.roc_curve(NULL);
SELECT orchard.roc_curve('r');
SELECT orchard.roc_curve('m');
SELECT orchard.roc_curve('m', class => 'z');
SELECT orchard.roc_curve('s');
SELECT orchard.lift('r', class => 'a');
SELECT orchard.lift('b', buckets => 0);
SELECT orchard.calibration('b', bins => 100000);
SELECT orchard.calibration('b', strategy => 'even');
SELECT orchard.confusion_matrix('r');
SELECT orchard.confusion_matrix('m', threshold => 0.5);
SELECT orchard.confusion_matrix('b', threshold => 'NaN');
SELECT orchard.thresholds('b', options => '{"value": 1}');
SELECT orchard.thresholds('b', options => '{"value_per_positive": true}');
SELECT orchard.thresholds('b', options => '[]');
SELECT orchard.thresholds('b', options => '{"value_per_positive": "value"}');
SELECT orchard.thresholds('b', 't', '{"value_per_positive": "region"}');
SELECT orchard.thresholds('b', 't', '{"value_per_positive": "none"}');
SELECT orchard.residuals('b');
SELECT orchard.evaluate('b', by => 'region');
SELECT orchard.evaluate('b', 't', 'absent');
SELECT orchard.evaluate('b', 'SELECT *, now() AS at FROM t', 'at');
SELECT orchard.evaluate('b', 't', 'id');
SELECT orchard.evaluate('s', 't', 'region');
-- metrics over several classes have intervals, and without rows each says why it is missing
SELECT metric FROM orchard.train('rough', 'SELECT day, hour / 5 AS part, k FROM t', 'k', 'decision_tree', '{"max_depth": 4}');
SELECT metric, value BETWEEN low AND high AND high - low BETWEEN 0.01 AND 0.2 AS inside FROM orchard.evaluate('rough') WHERE metric IN ('roc_auc', 'precision', 'recall', 'f1');
SELECT DISTINCT note FROM orchard.evaluate('r', 'SELECT * FROM t WHERE false') WHERE metric <> 'rows';
CREATE ROLE curve_reader;
SET ROLE curve_reader;
SELECT orchard.roc_curve('b');
RESET ROLE;
DROP ROLE curve_reader;

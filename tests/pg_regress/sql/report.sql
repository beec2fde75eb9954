-- Pages, cards and charts of models. What they look like is tested in a browser.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
CREATE TABLE ads AS
SELECT i AS id, (ARRAY['mobile', 'desktop', 'tablet', NULL])[i % 4 + 1] AS device, (i * 7) % 24 AS hour, date '2024-01-01' + i % 300 AS day,
    (hashint4(i)::bigint + 2147483648) / 4294967296.0 < 0.1 + 0.2 * (i % 4 = 0)::int + 0.02 * ((i * 7) % 24) AS clicked, (i % 7 + (i * 7) % 24)::float8 AS revenue,
    (ARRAY['a', 'b', 'c'])[1 + ((i * 7) % 24) / 8] AS segment
FROM generate_series(1, 4000) AS i;
SELECT metric FROM orchard.train('clicks', 'SELECT device, hour, day, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 30}');
SELECT metric FROM orchard.train('revenue', 'SELECT device, hour, day, revenue FROM ads', 'revenue', 'decision_tree', '{"max_depth": 4}');
SELECT metric FROM orchard.train('classes', 'SELECT device, hour, segment FROM ads', 'segment', 'random_forest', '{"n_estimators": 5}');
SELECT metric FROM orchard.train('groups', 'SELECT hour, revenue FROM ads', options => '{"n_clusters": 3}');
SELECT metric FROM orchard.train('whole', 'SELECT device, hour, clicked FROM ads', 'clicked', 'decision_tree', '{"holdout": 0, "max_depth": 2}');

-- A page for each, of itself alone: no script, nothing from elsewhere.
SELECT m, p ~ '^<!DOCTYPE html>' AS is_page, length(p) < 1000000 AS is_small, p !~* '<script|src=|href=|@import|url\(' AS is_alone,
    regexp_count AS charts
FROM unnest(ARRAY['clicks', 'revenue', 'classes', 'groups', 'whole']) AS m, orchard.report(m) AS p,
    LATERAL (SELECT count(*)::int AS regexp_count FROM regexp_matches(p, '<svg ', 'g')) AS c;
SELECT h[1] FROM orchard.report('clicks') AS p, regexp_matches(p, '<h2>(.*?)</h2>', 'g') AS h;
-- The same twice, and for any number of threads.
SELECT orchard.report('clicks') = orchard.report('clicks') AS same;
SET orchard.threads = 1;
CREATE TEMP TABLE one AS SELECT orchard.report('clicks') AS page;
SET orchard.threads = 2;
SELECT page = orchard.report('clicks') AS same FROM one;
RESET orchard.threads;

-- On other rows: metrics are of these.
SELECT p ~ 'judged on 1\u202f000 rows of the given source' AS judged_on, p ~ 'held-out' AS held_out FROM orchard.report('clicks', 'SELECT * FROM ads WHERE id <= 1000') AS p;
SELECT orchard.report('clicks', 'SELECT device, hour FROM ads');
SELECT orchard.report('groups', 'SELECT * FROM ads LIMIT 10') <> orchard.report('groups') AS page;

-- Without the source the page is there all the same, and says why; a chart that needs rows cannot be.
ALTER TABLE ads RENAME TO gone;
SELECT (regexp_match(orchard.report('clicks'), '<p class="muted">(How columns.*?)</p>'))[1] AS without;
SELECT orchard.plot('clicks', 'shap');
SELECT count(*) FROM pg_class WHERE relname = 'gone';
SELECT length(orchard.plot('clicks', 'shap', 'gone')) > 1000 AS drawn;
ALTER TABLE gone RENAME TO ads;

-- What a name says is no markup.
CREATE TABLE odd AS SELECT id, device AS "<b>D&D", hour AS "select", clicked AS "点击|""q""" FROM ads;
SELECT metric FROM orchard.train('<i>x</i>', 'SELECT "<b>D&D", "select", "点击|""q""" FROM odd', '点击|"q"', 'decision_tree', '{"max_depth": 3}');
SELECT p ~ '<i>x|<b>D' AS has_markup, p ~ '&lt;i&gt;x' AS has_name, p ~ '点击' AS has_target FROM orchard.report('"<i>x</i>"') AS p;
SELECT line FROM orchard.model_card('"<i>x</i>"') AS c, regexp_split_to_table(c, '\n') AS line WHERE line ~ '^#|target|D&amp;D';

-- The card.
SELECT line FROM orchard.model_card('revenue') AS c, regexp_split_to_table(c, '\n') AS line WHERE line !~ 'trained:|owner|\d\.\d{3}|\d\.\d+ |^- Without|\d %|worth';
SELECT orchard.model_card('groups') ~ 'silhouette' AS card;

-- Charts by name.
SELECT kind, p ~ '^<svg [^>]*xmlns="http://www.w3.org/2000/svg"' AS is_svg, p ~ '</svg>\s*$' AS ends, length(p) > 1500 AS drawn
FROM unnest(ARRAY['lift', 'gain', 'roc_curve', 'precision_recall_curve', 'calibration', 'scores', 'thresholds', 'confusion_matrix', 'learning_curve', 'importance', 'shap'])
    AS kind, orchard.plot('clicks', kind) AS p;
SELECT f, length(orchard.plot('clicks', 'partial_dependence', feature => f)) > 1500 AS drawn FROM unnest(ARRAY['device', 'hour', 'day', 'day.weekday']) AS f;
SELECT length(orchard.plot('revenue', 'residuals')) > 1500 AS drawn, length(orchard.plot('groups', 'segment_sizes')) > 1500 AS segments;
-- the class is in the title; without one it is the most frequent
SELECT c AS asked, substring(orchard.plot('classes', 'gain', class => c) FROM 'reached \((.)\)') AS shown FROM unnest(ARRAY[NULL, 'a', 'b', 'c']) AS c;
SELECT orchard.plot('clicks', 'pie');
SELECT orchard.plot('clicks', 'residuals');
SELECT orchard.plot('revenue', 'learning_curve');
SELECT orchard.plot('whole', 'lift');
SELECT orchard.plot('clicks', 'lift', class => 'x');
SELECT orchard.plot('revenue', 'lift', class => 'x');
SELECT orchard.plot('clicks', 'lift', feature => 'hour');
SELECT orchard.plot('clicks', 'partial_dependence');
SELECT orchard.plot('clicks', 'partial_dependence', feature => 'hours');
SELECT orchard.plot('clicks', NULL);
SELECT orchard.report(NULL);
SELECT orchard.report('nobody');

-- Who may use the model may read of it; rows of the source only with rights of one's own.
CREATE ROLE regress_report_reader;
GRANT EXECUTE ON FUNCTION predict_clicks TO regress_report_reader;
SET ROLE regress_report_reader;
SELECT (regexp_match(orchard.report('clicks'), '<p class="muted">(How columns.*?)</p>'))[1] AS without;
SELECT orchard.plot('clicks', 'shap');
SELECT orchard.report('revenue');
RESET ROLE;
DROP OWNED BY regress_report_reader;
DROP ROLE regress_report_reader;
BEGIN READ ONLY;
SELECT length(orchard.report('clicks')) > 1000 AS page;
COMMIT;
-- A segment that is planted is found: of late tablets click far more than they did when the model learned; on all rows it is right.
CREATE TABLE planted AS
SELECT i AS at, (ARRAY['mobile', 'desktop', 'tablet'])[i % 3 + 1] AS device, ((i * 7) % 24)::float8 AS hour,
    (hashint4(i)::bigint + 2147483648) / 4294967296.0 < CASE WHEN i > 16000 AND i % 3 = 2 THEN 0.5 WHEN i > 16000 THEN 0.1 ELSE 0.1 + 0.01 * ((i * 7) % 24) END AS clicked
FROM generate_series(1, 20000) AS i;
SELECT metric FROM orchard.train('planted', 'SELECT at, device, hour, clicked FROM planted', 'clicked', 'gradient_boosting', '{"n_estimators": 30, "time_column": "at"}');
SELECT regexp_replace(line, '\d+\.?\d*', 'N', 'g') AS segment FROM orchard.model_card('planted') AS c, regexp_split_to_table(c, '\n') WITH ORDINALITY AS l (line, n)
WHERE line ~ '^- device' ORDER BY n LIMIT 2;
-- None is found where the model is right, be the class ever so rare.
CREATE TABLE honest AS SELECT 'k' || i % 60 AS k, i % 1000 / 1000.0 AS z, abs(hashint8extended(i, 3)) % 1000 < 6 AS y FROM generate_series(1, 20000) AS i;
SELECT metric FROM orchard.train('honest', 'honest', 'y', 'gradient_boosting', '{"n_estimators": 5, "early_stopping_rounds": 0}');
SELECT orchard.report('honest') ~ 'none stands out' AS none;
-- With texts, whose places depend on the trees, each number of trees is judged as a model of so many is.
SELECT metric FROM orchard.train('few', 'SELECT device, hour, day, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 8, "early_stopping_rounds": 0}');
SELECT metric FROM orchard.train('more', 'SELECT device, hour, day, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 30, "early_stopping_rounds": 0}');
SELECT abs(l.holdout - e.value) < 1e-12 AS same FROM orchard.learning_curve('more') AS l JOIN orchard.evaluate('few') AS e USING (metric) WHERE l.size = 8 AND l.metric = 'log_loss';

-- Retraining: the stored recipe on today's rows, champion and challenger on the same held-out ones, and what is promoted.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
SET orchard.warnings = off;
CREATE FUNCTION draw(i int, seed int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint8extended(i, seed) & 1048575) / 1048576.0 $$;
CREATE TABLE shop (id int, hour int, bid float8, device text, clicked boolean, spent float8, kind text);
-- At first the hour says nothing of a click; later it says much.
CREATE FUNCTION fill(first int, last int, late boolean) RETURNS void LANGUAGE sql AS $$
INSERT INTO shop SELECT i, (draw(i, 1) * 24)::int, round(draw(i, 2)::numeric, 2), (ARRAY['phone', 'tablet', 'desktop'])[1 + (draw(i, 3) * 3)::int % 3],
    draw(i, 4) < 0.2 + 0.3 * draw(i, 2) + CASE WHEN late AND draw(i, 1) > 0.5 THEN 0.4 ELSE 0 END, 10 * draw(i, 2) + CASE WHEN late THEN 20 * draw(i, 1) ELSE 0 END + draw(i, 5),
    (ARRAY['a', 'b', 'c'])[1 + floor(least(draw(i, 2) * 2 + draw(i, 6), 2.99))::int] FROM generate_series(first, last) AS i $$;
SELECT fill(1, 2000, false);
CREATE VIEW shown AS SELECT model, version, champion_version, metric, round(champion::numeric, 3) AS champion, round(challenger::numeric, 3) AS challenger,
    round(difference::numeric, 3) AS difference, round(low::numeric, 3) AS low, round(high::numeric, 3) AS high, promoted, reason, rows, holdout_rows
    FROM orchard.retrain('ctr') WHERE false;
CREATE FUNCTION again(model text, promote text DEFAULT 'if_better', min_gain float8 DEFAULT 0, metric text DEFAULT NULL) RETURNS SETOF shown LANGUAGE sql AS $$
SELECT model, version, champion_version, metric, round(champion::numeric, 3), round(challenger::numeric, 3), round(difference::numeric, 3), round(low::numeric, 3),
    round(high::numeric, 3), promoted, reason, rows, holdout_rows FROM orchard.retrain(model, promote, min_gain, metric) $$;
SELECT version FROM orchard.train('ctr', 'SELECT hour, bid, device, clicked FROM shop', 'clicked', 'gradient_boosting', '{"n_estimators": 30, "positive_class": "true"}');

-- The same rows make the same bytes, which are no better.
SELECT * FROM again('ctr');
SELECT count(DISTINCT checksum) AS models FROM orchard.model_versions WHERE model = 'ctr';
-- New rows that tell something new.
SELECT fill(2001, 6000, true);
SELECT * FROM again('ctr', 'never');
SELECT * FROM again('ctr', 'if_better', 0.9);
SELECT * FROM again('ctr');
SELECT version FROM orchard.models WHERE model = 'ctr';
-- Once more there is nothing to gain, by any metric.
SELECT r.metric, r.champion = r.challenger AS same, r.difference, r.reason FROM unnest(ARRAY['roc_auc', 'pr_auc', 'log_loss', 'brier', 'accuracy']) AS m, again('ctr', metric => m) AS r;
SELECT * FROM again('ctr', 'always');
-- The decision is in the history, with its figures.
SELECT step, event, version, deployed, previous, details ->> 'reason' AS reason, (details ->> 'low')::float8 > 0 AS gains FROM orchard.history WHERE model = 'ctr' ORDER BY step;
SELECT details - ARRAY['champion', 'challenger', 'difference', 'low', 'high'] AS details FROM orchard.history WHERE model = 'ctr' AND step = 5;
-- A rollback takes a promotion back as any deployment.
SELECT orchard.rollback('ctr'), orchard.rollback('ctr');
SELECT orchard.deploy('ctr', 1);

-- The recipe: session settings, task, classes and positive class are those of the first training, whatever the session is like.
CREATE SCHEMA other;
CREATE TABLE other.shop AS SELECT 1 AS x;
BEGIN;
SET LOCAL search_path = other;
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL datestyle = 'German';
SELECT (public.again('public.ctr', 'never')).*;
COMMIT;
SELECT DISTINCT source, search_path, time_zone, date_style, options FROM orchard.model_versions WHERE model = 'ctr';
-- New columns of the source are left alone, so that the function stays what it is.
SELECT version FROM orchard.train('whole', 'TABLE shop', 'clicked', 'decision_tree', '{"max_depth": 4, "exclude": ["id", "spent", "kind"]}');
ALTER TABLE shop ADD added float8 DEFAULT 1;
SELECT * FROM again('whole', 'always');
SELECT proargnames FROM pg_proc WHERE proname = 'predict_whole';

-- Numbers, labels, segments, and rows with a time, groups, weights and exposures.
SELECT version FROM orchard.train('spent', 'SELECT hour, bid, device, spent FROM shop WHERE id <= 2000', 'spent', 'gradient_boosting', '{"n_estimators": 30}');
SELECT * FROM again('spent', metric => 'mae');
SELECT version FROM orchard.train('kind', 'SELECT hour, bid, kind FROM shop', 'kind', 'random_forest', '{"n_estimators": 10}');
SELECT * FROM again('kind');
SELECT * FROM again('kind', metric => 'log_loss');
SELECT version FROM orchard.train('segments', 'SELECT bid, spent FROM shop', options => '{"n_clusters": 3}');
SELECT * FROM again('segments');
SELECT * FROM again('segments', 'always');
SELECT version FROM orchard.train('later', 'SELECT hour, bid, id AS at, clicked FROM shop', 'clicked', 'decision_tree', '{"time_column": "at", "max_depth": 3}');
SELECT * FROM again('later');
SELECT version FROM orchard.train('grouped', 'SELECT hour, bid, id % 50 AS who, bid + 0.5 AS w, clicked FROM shop', 'clicked', 'decision_tree', '{"group_columns": ["who"], "sample_weight": "w", "max_depth": 3}');
SELECT * FROM again('grouped');
SELECT version FROM orchard.train('counted', 'SELECT hour, device, 1 + id % 5 AS days, floor(spent) AS n FROM shop', 'n', 'gradient_boosting', '{"objective": "poisson", "exposure": "days", "n_estimators": 10}');
SELECT * FROM again('counted');
SELECT version FROM orchard.train('cleaned', 'SELECT ''$'' || bid AS bid, '' '' || device AS device, clicked FROM shop', 'clicked', 'decision_tree', '{"clean": "auto", "max_depth": 3}');
SELECT * FROM again('cleaned');
SELECT version FROM orchard.train('whole_again', 'SELECT hour, bid, clicked FROM shop', 'clicked', 'decision_tree', '{"refit": true, "max_depth": 3}');
SELECT * FROM again('whole_again');

-- What has changed in the source.
CREATE TABLE moving AS SELECT id, hour, bid, device, clicked FROM shop WHERE id <= 400;
SELECT version FROM orchard.train('moving', 'moving', 'clicked', 'decision_tree', '{"max_depth": 3}');
ALTER TABLE moving RENAME bid TO price;
SELECT * FROM again('moving');
ALTER TABLE moving RENAME price TO bid;
ALTER TABLE moving ALTER bid TYPE text USING bid::text;
SELECT * FROM again('moving');
ALTER TABLE moving ALTER bid TYPE float8 USING bid::float8;
ALTER TABLE moving RENAME clicked TO came;
SELECT * FROM again('moving');
ALTER TABLE moving RENAME came TO clicked;
ALTER TABLE moving ALTER clicked TYPE text USING clicked::text;
UPDATE moving SET clicked = 'perhaps' WHERE id = 7;
SELECT * FROM again('moving');
UPDATE moving SET clicked = 'true' WHERE clicked = 'perhaps';
SELECT * FROM again('moving');
ALTER TABLE moving ALTER clicked TYPE float8 USING id;
SELECT * FROM again('moving');
TRUNCATE moving;
SELECT * FROM again('moving');
DROP TABLE moving;
SELECT * FROM again('moving');
-- A new class among many is learned: the old version is wrong on its rows.
UPDATE shop SET kind = 'd' WHERE id % 3 = 0;
SELECT * FROM again('kind');
-- A number has become a text.
ALTER TABLE shop ALTER spent TYPE text USING 'about ' || spent;
SELECT * FROM again('spent');
CREATE TEMP TABLE passing AS SELECT hour, bid, clicked FROM shop;
SELECT version FROM orchard.train('passing', 'passing', 'clicked', 'decision_tree', '{"holdout": 0, "max_depth": 2}');
SELECT * FROM again('passing');
SELECT * FROM again('passing', 'always');
\c -
SET client_min_messages = warning;
SET search_path = public;
SELECT * FROM again('passing', 'always');

-- Nothing of two classes is held out.
CREATE TABLE few AS SELECT i AS x, i = 1 AS y FROM generate_series(1, 8) AS i;
SELECT version FROM orchard.train('few', 'few', 'y', 'decision_tree');
SELECT * FROM again('few');
SELECT * FROM again('few', metric => 'accuracy');

-- Errors and rights.
SELECT * FROM again('ctr', 'sometimes');
SELECT * FROM again('ctr', 'if_better', -1);
SELECT * FROM again('ctr', 'if_better', 'NaN');
SELECT * FROM again('ctr', 'always', 0.1);
SELECT * FROM again('ctr', metric => 'rmse');
SELECT * FROM again('nobody');
SELECT orchard.retrain(NULL);
BEGIN READ ONLY;
SELECT orchard.retrain('ctr');
ROLLBACK;
CREATE ROLE regress_retrain;
SELECT orchard.grant('ctr', 'regress_retrain');
SET ROLE regress_retrain;
SELECT orchard.retrain('ctr');
SELECT count(*) > 0 AS sees_decisions FROM orchard.history WHERE model = 'ctr' AND details IS NOT NULL;
SELECT count(*) AS sees_others FROM orchard.history WHERE model <> 'ctr';
RESET ROLE;
-- The owner may not read the source any more.
ALTER FUNCTION predict_ctr OWNER TO regress_retrain;
GRANT CREATE ON SCHEMA public TO regress_retrain;
SET ROLE regress_retrain;
SELECT orchard.retrain('ctr');
RESET ROLE;
GRANT SELECT ON shop TO regress_retrain;
SET ROLE regress_retrain;
SELECT champion_version, promoted FROM orchard.retrain('ctr', 'never');
RESET ROLE;
DROP OWNED BY regress_retrain;
DROP ROLE regress_retrain;
-- A view that stands on the function does not mind, as long as the arguments stay.
CREATE VIEW scored AS SELECT predict_whole(hour, bid, device) AS p FROM shop;
SELECT promoted FROM again('whole', 'always');
SELECT count(p) FROM scored;
RESET client_min_messages;
SET orchard.warnings = off;
-- Columns that the source did not have are named, until the deployed version was trained beside them.
CREATE TABLE growing AS SELECT i % 24 AS hour, i % 7 AS day, i % 24 > 11 AS y FROM generate_series(1, 500) AS i;
SELECT model FROM orchard.train('grows', 'growing', 'y', 'decision_tree', '{"exclude": ["day"]}');
SELECT promoted FROM orchard.retrain('grows', 'never');
ALTER TABLE growing ADD COLUMN "Ad ""Id""" text, ADD COLUMN 地区 int;
SELECT promoted FROM orchard.retrain('grows', 'never');
SELECT promoted FROM orchard.retrain('grows', 'always');
SELECT promoted FROM orchard.retrain('grows', 'never');

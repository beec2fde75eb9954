-- Watching a model: drift of features and of the score, what came true of scores, and what is kept of that.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
SET orchard.warnings = off;
CREATE FUNCTION draw(i int, seed int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint8extended(i, seed) & 1048575) / 1048576.0 $$;
CREATE TABLE past AS
SELECT i AS id, CASE WHEN i % 10 > 0 THEN round(draw(i, 1)::numeric, 3) END AS bid, (ARRAY['phone', 'tablet', 'desktop'])[1 + (draw(i, 2) * 3)::int % 3] AS device,
    'ad-' || (draw(i, 3) * 200)::int AS ad, timestamptz '2026-01-01 00:00+00' + i * interval '7 minutes' AS shown_at, draw(i, 4) < 0.2 + 0.5 * draw(i, 1) AS clicked
FROM generate_series(1, 5000) AS i;
SELECT version FROM orchard.train('ctr', 'SELECT bid, device, ad, shown_at, clicked FROM past', 'clicked', 'gradient_boosting', '{"n_estimators": 30, "positive_class": "true"}');
CREATE VIEW told AS SELECT ''::text AS feature, 0::numeric AS psi, 0::numeric AS ks, 0::numeric AS null_rate, 0::numeric AS unseen_rate, ''::text AS verdict, ''::text AS note;
CREATE FUNCTION drift(model text, source text DEFAULT NULL) RETURNS SETOF told LANGUAGE sql AS $$
SELECT feature, round(psi::numeric, 2), round(ks::numeric, 2), round(null_rate::numeric, 2), round(unseen_rate::numeric, 2), verdict, note FROM orchard.drift(model, source) $$;

-- The rows of the training itself.
SELECT * FROM drift('ctr');
SELECT feature, rows, training_rows, round(training_null_rate::numeric, 2) AS nulls, training_unseen_rate > 0 AS some_unseen, chance < 0.1 AS enough FROM orchard.drift('ctr') WHERE feature IN ('bid', 'ad', '(score)');
-- New rows of the same kind, and later.
CREATE FUNCTION rows_of(first int, last int) RETURNS TABLE (bid numeric, device text, ad text, shown_at timestamptz, clicked boolean) LANGUAGE sql AS $$
SELECT CASE WHEN i % 10 > 0 THEN round(draw(i, 1)::numeric, 3) END, (ARRAY['phone', 'tablet', 'desktop'])[1 + (draw(i, 2) * 3)::int % 3],
    'ad-' || (draw(i, 3) * 200)::int, timestamptz '2026-01-01 00:00+00' + i * interval '7 minutes', draw(i, 4) < 0.2 + 0.5 * draw(i, 1) FROM generate_series(first, last) AS i $$;
SELECT * FROM drift('ctr', 'SELECT * FROM rows_of(6000, 9000)');
-- Other rows: dearer, without a device, for ads that are new.
SELECT * FROM drift('ctr', 'SELECT bid * 3 + 1 AS bid, NULL::text AS device, ''new-'' || ad AS ad, shown_at FROM rows_of(6000, 9000)');
-- Fifty rows, and none, prove nothing.
SELECT feature, verdict FROM drift('ctr', 'SELECT * FROM rows_of(6000, 6049)');
SELECT feature, psi, verdict FROM drift('ctr', 'SELECT * FROM rows_of(2, 1)');
-- Limits of one's own.
SELECT count(*) FILTER (WHERE verdict = 'moderate') AS moderate, count(*) FILTER (WHERE verdict = 'drifted') AS drifted
    FROM orchard.drift('ctr', 'SELECT power(bid, 0.8)::numeric(9, 3) AS bid, device, ad, shown_at FROM rows_of(6000, 9000)', moderate => 0.01, drifted => 10);
SELECT * FROM orchard.drift('ctr', moderate => 0.3, drifted => 0.2);
SELECT * FROM orchard.drift('ctr', moderate => 0);
SELECT * FROM orchard.drift('ctr', drifted => 'Infinity');
-- A column that is not there, or is something else.
SELECT * FROM orchard.drift('ctr', 'SELECT bid, device FROM past');
SELECT * FROM orchard.drift('ctr', 'SELECT device AS bid, device, ad, shown_at FROM past');
SELECT * FROM orchard.drift('nobody');
SELECT * FROM orchard.drift(NULL);

-- Other tasks and types.
CREATE TABLE goods AS SELECT i AS id, ARRAY[draw(i, 1), draw(i, 2)] AS place, i % 3 = 0 AS fresh, (i % 5) * interval '1 hour' AS age, date '2026-01-01' + i % 60 AS made,
    'good ' || (ARRAY['shoes', 'hats', 'very long coats'])[1 + i % 3] AS words, 10 * draw(i, 1) AS price, (ARRAY['a', 'b', 'c'])[1 + floor(draw(i, 2) * 3)::int] AS kind FROM generate_series(1, 1500) AS i;
SELECT version FROM orchard.train('price', 'SELECT place, fresh, age, made, words, price FROM goods', 'price', 'gradient_boosting', '{"n_estimators": 10, "text_columns": ["words"]}');
SELECT * FROM drift('price');
SELECT * FROM drift('price', 'SELECT ARRAY[place[1]] AS place, NOT fresh AS fresh, age, made, words || '' and more of them'' AS words FROM goods');
SELECT version FROM orchard.train('kind', 'SELECT place, kind FROM goods', 'kind', 'decision_tree', '{"max_depth": 3}');
SELECT * FROM drift('kind', 'SELECT ARRAY[place[1], place[2] / 4] AS place FROM goods');
SELECT version FROM orchard.train('segment', 'SELECT price, kind FROM goods', options => '{"n_clusters": 3}');
SELECT * FROM drift('segment');
SELECT * FROM drift('segment', 'SELECT 3.0 AS price, ''z''::text AS kind FROM goods');
SELECT version FROM orchard.train('cleaned', 'SELECT ''$'' || round(price::numeric, 2) AS price, '' '' || upper(kind) AS kind, fresh FROM goods', 'fresh', 'decision_tree', '{"clean": "auto", "max_depth": 3}');
SELECT * FROM drift('cleaned');
SELECT version FROM orchard.train('all_learned', 'SELECT price, kind, fresh FROM goods', 'fresh', 'decision_tree', '{"holdout": 0, "max_depth": 3}');
SELECT * FROM drift('all_learned');
-- A version that keeps no distribution.
DELETE FROM orchard.stored_chunks WHERE kind = 5 AND version = (SELECT deployed FROM orchard.stored_models WHERE model_name = 'all_learned');
SELECT * FROM drift('all_learned');

-- Checks that are kept: without the truth, with it, and of scores that were given in the past.
CREATE VIEW checked AS SELECT 0 AS step, ''::text AS verdict, 0::bigint AS rows, '{}'::text[] AS alerts, ''::text AS worst, 0::numeric AS psi, 0::numeric AS score_psi, ''::text AS metric,
    0::numeric AS value, 0::numeric AS reference, 0::numeric AS predicted, 0::numeric AS actual;
CREATE FUNCTION watch(model text, source text DEFAULT NULL, score text DEFAULT NULL, max_drop float8 DEFAULT 0, max_bias float8 DEFAULT 0.1) RETURNS SETOF checked LANGUAGE sql AS $$
SELECT step, verdict, rows, alerts, worst_feature, round(worst_psi::numeric, 2), round(score_psi::numeric, 2), metric, round(value::numeric, 3), round(reference::numeric, 3),
    round(predicted::numeric, 3), round(actual::numeric, 3) FROM orchard.watch(model, source, score, max_drop => max_drop, max_bias => max_bias) $$;
SELECT * FROM watch('ctr', 'SELECT bid, device, ad, shown_at FROM rows_of(6000, 9000)');
SELECT * FROM watch('ctr', 'SELECT * FROM rows_of(6000, 9000)');
SELECT * FROM watch('ctr', 'SELECT bid, device, ad, shown_at, CASE WHEN device = ''tablet'' THEN NULL ELSE clicked END AS clicked FROM rows_of(6000, 9000)');
SELECT * FROM watch('ctr', 'SELECT bid * 3 AS bid, NULL::text AS device, ad, shown_at, clicked AND bid > 0.7 AS clicked FROM rows_of(6000, 9000)');
CREATE TABLE log AS SELECT predict_ctr(bid, device, ad, shown_at) AS p, clicked FROM rows_of(6000, 9000);
SELECT * FROM watch('ctr', 'log', score => 'p');
SELECT * FROM watch('ctr', 'SELECT p / 2 AS p, clicked FROM log UNION ALL SELECT NULL, true', score => 'p');
SELECT * FROM watch('ctr', 'SELECT p / 2 AS p, clicked FROM log', score => 'p', max_bias => 2);
SELECT * FROM watch('ctr', 'SELECT 1 - p AS p, clicked FROM log', score => 'p');
SELECT * FROM watch('ctr', 'SELECT 1 - p AS p, clicked FROM log', score => 'p', max_drop => 0.9, max_bias => 1);
SELECT * FROM watch('ctr', 'SELECT 7 * p AS p, clicked FROM log', score => 'p');
SELECT * FROM watch('ctr', 'SELECT clicked FROM log', score => 'p');
SELECT * FROM watch('ctr', 'SELECT p FROM log', score => 'p');
SELECT * FROM watch('kind', 'log', score => 'p');
SELECT * FROM watch('price', 'SELECT place, fresh, age, made, words, price + 5 AS price FROM goods');
SELECT * FROM watch('kind');
SELECT * FROM watch('segment');
-- A class that the model does not know.
SELECT * FROM watch('kind', 'SELECT place, kind || ''x'' AS kind FROM goods');
SELECT model, step, verdict, version, rows, cardinality(alerts) AS alerts, role = current_user AS by_me, source IS NOT NULL AS has_source, jsonb_array_length(features) AS features, jsonb_array_length(metrics) AS metrics
    FROM orchard.monitor ORDER BY model, step;
SELECT feature ->> 'feature' AS feature, feature ->> 'verdict' AS verdict FROM orchard.monitor, jsonb_array_elements(features) AS feature WHERE model = 'ctr' AND step = 4;

-- Errors and rights.
SELECT orchard.watch('ctr', max_drop => -1);
SELECT orchard.watch('ctr', max_bias => 'NaN');
SELECT orchard.watch(NULL);
BEGIN READ ONLY;
SELECT count(*) FROM orchard.drift('ctr');
SELECT orchard.watch('ctr');
ROLLBACK;
CREATE ROLE regress_drift;
GRANT SELECT ON past TO regress_drift;
SET ROLE regress_drift;
SELECT count(*) FROM orchard.monitor;
SELECT count(*) FROM orchard.drift('public.ctr');
SELECT * FROM orchard.stored_checks;
RESET ROLE;
SELECT orchard.grant('ctr', 'regress_drift');
SET ROLE regress_drift;
SELECT model, count(*) FROM orchard.monitor GROUP BY 1;
SELECT count(*) FROM orchard.drift('public.ctr');
SELECT orchard.watch('public.ctr');
SELECT orchard.keep_checks('public.ctr', 1);
RESET ROLE;
DROP OWNED BY regress_drift;
DROP ROLE regress_drift;
-- Old checks go when they are told to, and all of them with their model.
SELECT orchard.keep_checks('ctr', 1);
UPDATE orchard.stored_checks SET checked_at = checked_at - interval '40 days' WHERE step <= 3;
SELECT orchard.keep_checks('ctr', 30);
SELECT orchard.keep_checks('ctr', -1);
SELECT orchard.keep_checks('ctr', NULL);
SELECT min(step) FROM orchard.monitor WHERE model = 'ctr';
SELECT orchard.drop_model('ctr');
SELECT count(*) FROM orchard.stored_checks AS c LEFT JOIN orchard.stored_models AS m ON m.id = c.model WHERE m.id IS NULL;

-- Classes that the model does not know are left out of what came true, and counted.
CREATE TABLE kinds AS SELECT i % 24 AS hour, CASE WHEN i % 24 > 11 THEN 'late' ELSE 'early' END AS kind FROM generate_series(1, 400) AS i;
SELECT version FROM orchard.train('kinds', 'kinds', 'kind', 'decision_tree', '{"positive_class": "late"}');
SET client_min_messages = notice;
SELECT rows, verdict, metric IS NOT NULL AS judged FROM orchard.watch('kinds', 'SELECT hour, CASE WHEN hour = 3 THEN ''brunch'' WHEN hour = 5 THEN ''dawn'' ELSE kind END AS kind FROM kinds');
SELECT rows, metric IS NOT NULL AS judged FROM orchard.watch('kinds', 'SELECT predict_kinds(hour) AS said, CASE WHEN hour = 3 THEN ''brunch'' ELSE kind END AS kind FROM kinds', 'said');
SELECT count(*) FROM orchard.drift('kinds', 'SELECT hour, ''brunch'' AS kind FROM kinds LIMIT 9');
SELECT metric FROM orchard.evaluate('kinds', 'SELECT hour, ''brunch'' AS kind FROM kinds');

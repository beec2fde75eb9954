-- Counterfactuals: the smallest change of a row that takes its prediction across a threshold.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
CREATE TABLE ads AS
SELECT i AS id, (ARRAY['phone', 'tablet', 'desktop', NULL])[i * 7 % 4 + 1] AS device, i % 24 AS hour,
    CASE WHEN i % 11 > 0 THEN (i * 37 % 100) / 10.0 END AS bid, timestamp '2026-01-05' + i % 500 * interval '1 hour' AS shown_at,
    date '2026-01-01' + i % 40 AS day, ARRAY[i % 5, i % 7]::float8[] AS e, i % 3 = 0 AS returning
FROM generate_series(1, 3000) AS i;
ALTER TABLE ads ADD clicked boolean, ADD level text, ADD revenue float8;
UPDATE ads SET clicked = (id * 13 % 17 + CASE device WHEN 'phone' THEN 6 ELSE 0 END + CASE WHEN hour > 17 THEN 5 ELSE 0 END) > 14,
    level = CASE WHEN hour < 8 THEN 'gold' WHEN device = 'phone' AND bid > 3 THEN 'silver' ELSE 'bronze' END,
    revenue = 2 + coalesce(bid, 1) * (CASE device WHEN 'phone' THEN 3 ELSE 1 END) + id * 13 % 17 / 10.0 + extract(isodow FROM day);
SELECT model FROM orchard.train('small', 'SELECT device, hour, bid, clicked FROM ads', 'clicked', 'gradient_boosting', '{"n_estimators": 20}');
SELECT alternative, feature, from_value, to_value, round(distance::numeric, 3) AS distance, round(score_before::numeric, 3) AS before, round(score_after::numeric, 3) AS after, changes, proven, sentence
FROM orchard.counterfactual('small', '{"device": "desktop", "hour": 12, "bid": 4.5}');
-- what is found holds, and no smaller change of one whole number does
CREATE FUNCTION changed(original jsonb, model text, args text, OUT alternative int, OUT changed_row jsonb, OUT score float8, OUT wanted boolean) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT alternative, r, p, abs(p - after) < 1e-12 FROM (SELECT alternative, min(score_after) AS after, $1 || jsonb_object_agg(feature, to_value) AS r FROM orchard.counterfactual(%L, $1 %s) WHERE alternative > 0 GROUP BY 1) AS s, orchard.predict(%L, r) AS p', model, args, model) USING original;
END $$;
SELECT count(*) AS alternatives, count(*) FILTER (WHERE wanted AND score >= 0.5) AS reached, count(DISTINCT id) AS rows
FROM (SELECT id, c.* FROM ads, changed(to_jsonb(ads), 'small', '') AS c WHERE id <= 60 AND orchard.predict('small', ads) < 0.5) AS s;
SELECT count(*) AS alternatives, count(*) FILTER (WHERE wanted AND score < 0.5) AS reached
FROM (SELECT c.* FROM ads, changed(to_jsonb(ads), 'small', '') AS c WHERE id <= 60 AND orchard.predict('small', ads) >= 0.5) AS s;
SELECT count(*) AS rows, count(c.hour) AS found, count(*) FILTER (WHERE c.hour = nearest.hour OR c.hour IS NULL AND nearest.hour IS NULL) AS nearest
FROM (SELECT a.*, (SELECT abs(to_value::int - a.hour) FROM orchard.counterfactual('small', a, 0.3, changeable => '{hour}', max_changes => 1) WHERE alternative = 1) AS change FROM ads AS a
      WHERE id <= 60 AND orchard.predict('small', a) < 0.3) AS a,
    LATERAL (SELECT change AS hour) AS c, LATERAL (SELECT min(abs(h - a.hour)) AS hour FROM generate_series(0, 23) AS h WHERE predict_small(a.device, h, a.bid) >= 0.3) AS nearest;
-- a row is a record, JSON or text; a missing value may be given
SELECT count(DISTINCT s) AS answers FROM (SELECT (SELECT array_agg(c) FROM orchard.counterfactual('small', ads) AS c) FROM ads WHERE id = 4
    UNION ALL SELECT (SELECT array_agg(c) FROM orchard.counterfactual('small', to_jsonb(ads)) AS c) FROM ads WHERE id = 4
    UNION ALL SELECT (SELECT array_agg(c) FROM orchard.counterfactual('small', to_json(ads)) AS c) FROM ads WHERE id = 4
    UNION ALL SELECT (SELECT array_agg(c) FROM orchard.counterfactual('small', to_json(ads)::text) AS c) FROM ads WHERE id = 4) AS s;
SELECT alternative, feature, from_value, to_value, sentence FROM orchard.counterfactual('small', '{"hour": 12}', alternatives => 1);
SELECT count(*) FROM orchard.counterfactual('small', NULL::jsonb);
-- the threshold, the direction, the class
SELECT alternative, feature, to_value, score_after >= 0.3 AS reached FROM orchard.counterfactual('small', '{"device": "desktop", "hour": 12, "bid": 4.5}', threshold => 0.3, alternatives => 1);
SELECT alternative, changes, sentence FROM orchard.counterfactual('small', '{"device": "phone", "hour": 20, "bid": 4.5}', direction => 'increase');
SELECT alternative, feature, to_value, round(score_before::numeric, 3) AS before, round(score_after::numeric, 3) AS after FROM orchard.counterfactual('small', '{"device": "phone", "hour": 20, "bid": 4.5}', class => 'false', alternatives => 1);
SELECT alternative, feature, to_value, round(score_before::numeric, 3) AS before, round(score_after::numeric, 3) AS after FROM orchard.counterfactual('small', '{"device": "phone", "hour": 20, "bid": 4.5}', alternatives => 1);
SELECT alternative, changes, sentence FROM orchard.counterfactual('small', '{"device": "phone", "hour": 20}', threshold => 0);
SELECT alternative, changes, sentence FROM orchard.counterfactual('small', '{"device": "desktop", "hour": 12, "bid": 4.5}', threshold => 1, max_changes => 1);
-- what may change
SELECT DISTINCT feature FROM orchard.counterfactual('small', '{"device": "desktop", "hour": 12, "bid": 4.5}', 0.3, changeable => '{hour,bid}') WHERE alternative > 0;
SELECT DISTINCT feature FROM orchard.counterfactual('small', '{"device": "desktop", "hour": 12, "bid": 4.5}', 0.3, fixed => '{hour}') WHERE alternative > 0 ORDER BY 1;
SELECT bool_and(to_value::int < 12) AS less FROM orchard.counterfactual('small', '{"device": "phone", "hour": 12, "bid": 4.5}', threshold => 0.42, limits => '{"hour": "decrease"}') WHERE feature = 'hour';
SELECT alternative, feature, to_value FROM orchard.counterfactual('small', '{"device": "desktop", "hour": 12, "bid": 4.5}', 0.3, changeable => '{hour,device}', limits => '{"hour": {"min": 20, "max": 23}, "device": ["tablet"]}');
-- regression, dates and moments with their parts, arrays stay; a whole number of columns
SELECT model FROM orchard.train('wide', 'SELECT * FROM ads', 'revenue', 'gradient_boosting', '{"n_estimators": 50, "exclude": ["id", "level", "clicked"]}');
SELECT alternative, feature, from_value, to_value, changes, proven, score_after >= 20 AS reached, sentence FROM ads, orchard.counterfactual('wide', ads, threshold => 20) WHERE id = 9;
SELECT count(*) AS alternatives, count(*) FILTER (WHERE wanted AND score < 8) AS reached FROM ads, changed(to_jsonb(ads), 'wide', ', threshold => 8, direction => ''decrease''') WHERE id IN (1, 3, 6);
SELECT feature, from_value, to_value, extract(isodow FROM to_value::date) > extract(isodow FROM from_value::date) AS later_in_the_week
FROM ads, orchard.counterfactual('wide', ads, threshold => orchard.predict('wide', ads) + 1, changeable => '{day}') WHERE id = 5;
SELECT alternative, feature FROM ads, orchard.counterfactual('wide', ads, threshold => 1000) WHERE id = 9;
-- classes
SELECT model FROM orchard.train('level', 'SELECT device, hour, bid, level FROM ads', 'level', 'gradient_boosting', '{"n_estimators": 10}');
SELECT alternative, feature, from_value, to_value, sentence FROM orchard.counterfactual('level', '{"device": "phone", "hour": 12, "bid": 2}', class => 'silver', alternatives => 1);
SELECT count(*) AS alternatives, count(*) FILTER (WHERE orchard.predict_label('level', row) = 'gold') AS reached
FROM (SELECT alternative, to_jsonb(ads) || jsonb_object_agg(feature, to_value) AS row FROM ads, orchard.counterfactual('level', ads, class => 'gold') WHERE id BETWEEN 8 AND 20 AND alternative > 0 GROUP BY id, alternative, to_jsonb(ads)) AS s;
SELECT score_after >= 0.6 AS reached FROM orchard.counterfactual('level', '{"device": "phone", "hour": 12, "bid": 2}', class => 'gold', threshold => 0.6, alternatives => 1);
-- distances by the rows of a source; columns that the model cleans change to values that rows have
SELECT feature, to_value, round(distance::numeric, 3) AS distance FROM orchard.counterfactual('small', '{"device": "desktop", "hour": 12, "bid": 4.5}', 0.3, source => 'ads', changeable => '{hour}');
CREATE TABLE raw AS SELECT CASE WHEN id % 9 = 0 THEN 'n/a' ELSE '$' || bid END AS offer, upper(device) || ' ' AS device, hour, clicked FROM ads WHERE bid IS NOT NULL;
SELECT model FROM orchard.train('cleaned', 'raw', 'clicked', 'gradient_boosting', '{"n_estimators": 10, "clean": "auto"}');
SELECT count(*) AS alternatives, count(*) FILTER (WHERE wanted AND score >= 0.3) AS reached FROM changed('{"device": "TABLET ", "offer": "$1.2", "hour": 5}', 'cleaned', ', 0.3');
SELECT feature, from_value, to_value FROM orchard.counterfactual('cleaned', '{"device": "TABLET ", "offer": "$1.2", "hour": 5}', 0.3, alternatives => 1);

-- errors
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM orchard.counterfactual('nothing', '{}');
SELECT * FROM orchard.counterfactual('small', '[]');
SELECT * FROM orchard.counterfactual('wide', '{}');
SELECT * FROM orchard.counterfactual('wide', '{}', 'NaN');
SELECT * FROM orchard.counterfactual('small', '{}', 1.5);
SELECT * FROM orchard.counterfactual('small', '{}', direction => 'up');
SELECT * FROM orchard.counterfactual('small', '{}', class => 'maybe');
SELECT * FROM orchard.counterfactual('level', '{}');
SELECT * FROM orchard.counterfactual('level', '{}', 0.5);
SELECT * FROM orchard.counterfactual('level', '{}', class => 'gold', direction => 'decrease');
SELECT * FROM orchard.counterfactual('small', '{}', changeable => '{Hour}');
SELECT * FROM orchard.counterfactual('small', '{}', fixed => '{Hour}');
SELECT * FROM orchard.counterfactual('small', '{}', changeable => '{hour}', fixed => '{hour}');
SELECT * FROM orchard.counterfactual('wide', '{}', 3, changeable => '{e}');
SELECT * FROM orchard.counterfactual('small', '{}', limits => '[]');
SELECT * FROM orchard.counterfactual('small', '{}', limits => '{"Hour": "increase"}');
SELECT * FROM orchard.counterfactual('small', '{}', limits => '{"hour": "up"}');
SELECT * FROM orchard.counterfactual('small', '{}', limits => '{"hour": {"least": 3}}');
SELECT * FROM orchard.counterfactual('small', '{}', limits => '{"hour": {"min": 5, "max": 3}}');
SELECT * FROM orchard.counterfactual('small', '{}', limits => '{"device": "increase"}');
SELECT * FROM orchard.counterfactual('wide', '{}', 3, limits => '{"day": {"min": 3}}');
SELECT * FROM orchard.counterfactual('small', '{}', max_changes => 0);
SELECT * FROM orchard.counterfactual('small', '{}', alternatives => 101);
SELECT * FROM orchard.counterfactual('small', '{}', source => 'SELECT hour FROM ads');
SELECT model FROM orchard.train('groups', 'SELECT bid, hour FROM ads', algorithm => 'kmeans', options => '{"n_clusters": 2}');
SELECT * FROM orchard.counterfactual('groups', '{"hour": 3}');
SELECT model FROM orchard.train('deep', 'SELECT * FROM ads, generate_series(1, 5) AS g', 'revenue', 'random_forest', '{"n_estimators": 200, "exclude": ["g", "level", "clicked"]}');
SET statement_timeout = '200ms';
SELECT count(*) FROM ads, orchard.counterfactual('deep', ads, 10000, max_changes => 10) WHERE ads.id < 100;
RESET statement_timeout;
CREATE ROLE regress_counterfactual_reader;
SET ROLE regress_counterfactual_reader;
SELECT * FROM orchard.counterfactual('small', '{}');
RESET ROLE;
SELECT orchard.grant('small', 'regress_counterfactual_reader');
SET ROLE regress_counterfactual_reader;
SET default_transaction_read_only = on;
SELECT count(*) > 0 AS found FROM orchard.counterfactual('small', '{}');
SELECT * FROM orchard.counterfactual('small', '{}', source => 'ads');
RESET default_transaction_read_only;
RESET ROLE;
DROP OWNED BY regress_counterfactual_reader;
DROP ROLE regress_counterfactual_reader;

-- Versions of a model: deploy, rollback, history, how many are kept.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
CREATE TABLE ads AS SELECT i % 24 AS hour, (ARRAY['mobile', 'desktop'])[i % 2 + 1] AS device, (i % 24 > 11) <> (i % 10 = 0) AS clicked, (i % 24)::float8 AS spent,
    (ARRAY['a', 'b', 'c'])[i % 3 + 1] AS kind FROM generate_series(1, 1200) AS i;
SELECT version, deployed FROM orchard.train('m', 'SELECT hour, clicked FROM ads', 'clicked', 'decision_tree', '{"max_depth": 1}');
SELECT version, deployed FROM orchard.train('m', 'SELECT hour, clicked FROM ads', 'clicked', 'decision_tree', '{"max_depth": 4}');
SELECT version, deployed FROM orchard.train('m', 'SELECT hour, clicked FROM ads', 'clicked', 'decision_tree', '{"max_depth": 2, "deploy": false}');
PREPARE score AS SELECT round(predict_m(3)::numeric, 4) AS score;
EXECUTE score;
SELECT orchard.deploy('m', 1);
EXECUTE score;
SELECT orchard.deploy('m', 3) AS before;
SELECT version, deployed FROM orchard.model_versions WHERE model = 'm' ORDER BY version;
-- Back the way it came: to 1, 2, 1; then no further.
SELECT orchard.rollback('m');
SELECT orchard.rollback('m');
SELECT orchard.rollback('m');
SELECT orchard.rollback('m');
SELECT version FROM orchard.models WHERE model = 'm';
SELECT event, version, deployed, previous, role = current_user AS by_me FROM orchard.history WHERE model = 'm' ORDER BY step;

-- Other columns, another target, labels instead of numbers: the function follows, with its grants and comment.
SELECT version FROM orchard.train('m', 'SELECT hour, device, kind FROM ads', 'kind', 'decision_tree', '{"max_depth": 3, "deploy": false}');
CREATE ROLE regress_versions_reader;
SELECT orchard.grant('m', 'regress_versions_reader');
SELECT orchard.deploy('m', 4);
SELECT proargnames, prorettype::regtype, obj_description(oid) FROM pg_proc WHERE proname = 'predict_m';
SELECT has_function_privilege('regress_versions_reader', 'predict_m(float8, text)', 'EXECUTE') AS granted;
SELECT predict_m(3, 'mobile') IN ('a', 'b', 'c') AS labelled;
SELECT orchard.rollback('m');
SELECT round(predict_m(3)::numeric, 4) AS score, obj_description('predict_m(float8)'::regprocedure) AS comment;
CREATE VIEW scored AS SELECT hour, predict_m(hour) AS score FROM ads;
SELECT orchard.deploy('m', 4);
SELECT orchard.deploy('m', 2), count(*) FROM scored;
DROP VIEW scored;

-- Within a transaction, and taken back with it.
BEGIN;
SELECT orchard.deploy('m', 1);
SELECT version FROM orchard.models WHERE model = 'm';
ROLLBACK;
SELECT version FROM orchard.models WHERE model = 'm';
SELECT count(*) FROM orchard.history WHERE model = 'm';
-- A function that deploys and then predicts sees what it deployed.
CREATE FUNCTION deploy_two() RETURNS TABLE (one float8, two float8) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orchard.deploy('m', 1);
    one := predict_m(3);
    PERFORM orchard.deploy('m', 2);
    two := predict_m(3);
    RETURN NEXT;
END $$;
SELECT round(one::numeric, 4) AS one, round(two::numeric, 4) AS two FROM deploy_two();

-- Any version that is kept, deployed or not, by a constant or row by row; NULL is the deployed one.
SELECT round(orchard.predict('m', a, version => 1)::numeric, 4) AS one, round(orchard.predict('m', a, version => 2)::numeric, 4) AS two,
    round(orchard.predict('m', a, version => 3)::numeric, 4) AS three, orchard.predict('m', a, version => NULL) = orchard.predict('m', a) AS same
FROM ads AS a WHERE hour = 3 LIMIT 1;
SELECT v, round(orchard.predict('m', '{"hour": 3}', v)::numeric, 4) AS score FROM unnest('{1, 2, 2, 3, NULL, 1}'::integer[]) AS v;
SELECT orchard.predict_label('m', '{"hour": 3}', version => 1) AS label, orchard.predict_proba('m', '{"hour": 3}'::jsonb, version => 1) ? 'true' AS proba;
SELECT orchard.predict_label('m', a, version => 4) IN ('a', 'b', 'c') AS labelled FROM ads AS a LIMIT 1;
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        RETURN NEXT regexp_replace(line, '[0-9a-f-]{36}', '(id)');
    END LOOP;
END $$;
SELECT plan($$SELECT orchard.predict('m', a, version => NULL) > 0, orchard.predict('m', a, version => 1) > 0 FROM ads AS a$$);
SELECT orchard.predict('m', a, version => 99) FROM ads AS a LIMIT 1;
SELECT orchard.predict('m', '{"hour": 3}', version => 4);
BEGIN READ ONLY;
SELECT count(set_config(name, 'on', true)) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT count(orchard.predict('m', a, version => 1)) FROM ads AS a;
COMMIT;

-- Wide models take a row, and k-means gives segments: they deploy as well.
DO $$ BEGIN EXECUTE format('CREATE TABLE wide AS SELECT i %% 2 = 0 AS y, %s FROM generate_series(1, 200) AS i', (SELECT string_agg(format('((i * %s) %% 7)::int2 AS c%s', k, k), ', ') FROM generate_series(1, 120) AS k)); END $$;
SELECT version FROM orchard.train('w', 'wide', 'y', 'decision_tree', '{"max_depth": 2}');
SELECT version FROM orchard.train('w', 'SELECT y, c1, c2 FROM wide', 'y', 'decision_tree', '{"max_depth": 2}');
SELECT orchard.deploy('w', 1);
SELECT pronargs, proargtypes[0]::regtype FROM pg_proc WHERE proname = 'predict_w';
SELECT count(predict_w(wide)) FROM wide;
SELECT orchard.deploy('w', 2);
SELECT count(predict_w(c1, c2)) FROM wide;
SELECT count(orchard.predict('w', wide, version => 1)) FROM wide;
SELECT version FROM orchard.train('s', 'SELECT hour, spent FROM ads', options => '{"n_clusters": 2}');
SELECT version FROM orchard.train('s', 'SELECT hour, spent FROM ads', options => '{"n_clusters": 3}');
SELECT orchard.rollback('s');
SELECT count(DISTINCT predict_s(hour, spent)) FROM ads;

-- How many are kept: the newest, the deployed one, and the one before it.
SELECT orchard.keep_versions('m', 1);
SELECT version, deployed FROM orchard.model_versions WHERE model = 'm' ORDER BY version;
SELECT version FROM orchard.train('m', 'SELECT hour, clicked FROM ads', 'clicked', 'decision_tree', '{"max_depth": 1}');
SELECT version, deployed FROM orchard.model_versions WHERE model = 'm' ORDER BY version;
SELECT orchard.rollback('m');
SELECT orchard.deploy('m', 1);
SELECT orchard.keep_versions('m', NULL);
SELECT count(*) AS chunks_of_nobody FROM orchard.stored_chunks AS c LEFT JOIN orchard.stored_versions AS v ON v.id = c.version WHERE v.id IS NULL;

-- Errors and rights.
SELECT orchard.deploy('m', 99);
SELECT orchard.deploy('m', NULL);
SELECT orchard.deploy(NULL, 1);
SELECT orchard.deploy('nobody', 1);
SELECT orchard.keep_versions('m', 0);
BEGIN READ ONLY;
SELECT orchard.deploy('m', 2);
ROLLBACK;
SET ROLE regress_versions_reader;
SELECT orchard.deploy('m', 2);
SELECT orchard.rollback('m');
SELECT orchard.keep_versions('m', 1);
SELECT orchard.predict('m', '{"hour": 3}', version => 2) IS NOT NULL AS may_use_any_version;
SELECT orchard.predict('w', '{"c1": 3}', version => 1);
SELECT count(*) > 0 AS sees_its_own FROM orchard.history;
SELECT count(*) AS sees_others FROM orchard.history WHERE model = 'w';
SELECT * FROM orchard.stored_history;
RESET ROLE;
SELECT orchard.drop_model('m');
SELECT count(*) FROM orchard.stored_history AS h LEFT JOIN orchard.stored_models AS m ON m.id = h.model WHERE m.id IS NULL;
DROP OWNED BY regress_versions_reader;
DROP ROLE regress_versions_reader;

-- Retraining, views that depend, dropping, and what an extension owes its database.
SET search_path = public;
SET client_min_messages = warning;
CREATE TABLE t AS SELECT i % 24 AS hour, i % 7 AS day, i % 24 > 11 AS y FROM generate_series(1, 1000) AS i;
SELECT version FROM orchard.train('m', 'SELECT hour, y FROM t', 'y');
CREATE VIEW v AS SELECT predict_m(hour) AS p FROM t;
-- other arguments under a view: refused before it reads; "deploy": false goes on
SELECT version FROM orchard.train('m', 't', 'y');
SELECT version, deployed FROM orchard.train('m', 't', 'y', options => '{"deploy": false}');
SELECT version FROM orchard.train('m', 'SELECT hour, NOT y AS y FROM t', 'y');
SELECT predict_m(20) < 0.1 AS retrained;
-- dropping
SELECT orchard.drop_model('m');
SELECT orchard.drop_model('m', cascade => true);
SELECT to_regclass('v'), (SELECT count(*) FROM orchard.stored_versions) AS versions;
SELECT orchard.drop_model('m');
-- an open cursor and the rest of a transaction see what they should
SELECT version FROM orchard.train('m', 'SELECT hour, y FROM t', 'y');
BEGIN;
SELECT predict_m(20) > 0.9 AS before;
SAVEPOINT s;
SELECT version FROM orchard.train('m', 'SELECT hour, NOT y AS y FROM t', 'y');
SELECT predict_m(20) > 0.9 AS inside;
ROLLBACK TO s;
SELECT predict_m(20) > 0.9 AS after;
SELECT version FROM orchard.train('m', 'SELECT hour, hour < 3 AS y FROM t', 'y');
SELECT predict_m(20) > 0.9 AS again;
COMMIT;
-- PL/pgSQL keeps its expressions for a transaction; each statement still sees the version that is deployed when it begins
CREATE FUNCTION around() RETURNS TABLE (step text, p double precision) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..2 LOOP
        PERFORM orchard.train('m', 'SELECT hour, (hour < 3) = (' || i || ' = 1) AS y FROM t', 'y', options => '{"holdout": 0}');
        step := 'trained ' || i; p := predict_m(1); RETURN NEXT;
        BEGIN
            PERFORM orchard.train('m', 'SELECT hour, (hour < 3) = (' || i || ' = 2) AS y FROM t', 'y', options => '{"holdout": 0}');
            step := 'inside ' || i; p := predict_m(1); RETURN NEXT;
            RAISE EXCEPTION 'undo';
        EXCEPTION WHEN raise_exception THEN
            step := 'undone ' || i; p := predict_m(1); RETURN NEXT;
        END;
        step := 'by name ' || i; p := orchard.predict('m', '{"hour": 1}'); RETURN NEXT;
    END LOOP;
END
$$;
SELECT * FROM around();
-- a drop that is rolled back, a rename, DISCARD, a function of the same name
BEGIN;
SELECT orchard.drop_model('m', cascade => true);
SAVEPOINT s;
SELECT predict_m(1);
ROLLBACK;
SELECT predict_m(1) IS NOT NULL AS there;
PREPARE p AS SELECT predict_m(1) IS NOT NULL AS there;
EXECUTE p;
ALTER FUNCTION predict_m RENAME TO predict_other;
EXECUTE p;
DISCARD PLANS;
EXECUTE p;
DISCARD ALL;
SET search_path = public;
SET client_min_messages = warning;
SELECT predict_other(1) IS NOT NULL AS there;
ALTER FUNCTION predict_other RENAME TO predict_m;
-- retraining keeps task, classes and positive class
SELECT task FROM orchard.train('kept', 'SELECT hour, hour % 3 AS y FROM t WHERE hour % 3 < 2', 'y', options => '{"positive_class": "0"}');
SELECT task, version FROM orchard.train('kept', 'SELECT hour, 0 AS y FROM t', 'y');
SELECT orchard.predict_proba('kept', '{"hour": 3}'), predict_kept(3);
SELECT task, version FROM orchard.train('kept', 'SELECT hour, hour % 3 AS y FROM t WHERE hour % 3 < 2', 'y');
SELECT predict_kept(3) > 0.9 AS still_about_zero;
SELECT task FROM orchard.train('kept', 'SELECT hour, hour % 3 AS y FROM t WHERE hour % 3 < 2', 'y', options => '{"task": "regression"}');
SELECT task FROM orchard.train('kept', 'SELECT hour, hour % 3 AS y FROM t WHERE hour % 3 < 2', 'y');
SELECT predict_kept(4) > 0.9 AS a_number;
SELECT orchard.drop_model('kept');
-- every object has a comment
SELECT pg_describe_object(d.classid, d.objid, 0) AS without_comment
FROM pg_depend AS d
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'orchard') AND d.deptype = 'e'
    AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_event_trigger'::regclass, 'pg_trigger'::regclass)
    AND coalesce(obj_description(d.objid, d.classid::regclass::name), '') = '';
-- what reads the catalogue is stable, scoring is parallel safe
SELECT proname, provolatile, proparallel FROM pg_proc WHERE pronamespace = 'orchard'::regnamespace AND proname ~ '^(score_|predict)' AND (provolatile <> 's' OR proparallel <> 's');
-- DROP EXTENSION names what depends, CASCADE removes it
\set VERBOSITY terse
DROP EXTENSION orchard;
DROP EXTENSION orchard CASCADE;
SELECT count(*) FROM pg_proc WHERE proname = 'predict_m';
CREATE EXTENSION orchard;
SELECT count(*) FROM orchard.models;

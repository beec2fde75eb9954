-- Rights: a model is its function.
\pset null '(null)'
SET client_min_messages = warning;
CREATE ROLE orchard_alice;
CREATE ROLE orchard_bi;
CREATE SCHEMA alice AUTHORIZATION orchard_alice;
CREATE TABLE secret AS SELECT i AS x, true AS y FROM generate_series(1, 50) AS i;
SET ROLE orchard_alice;
SET search_path = alice;
CREATE TABLE clicks AS SELECT i % 24 AS hour, i % 24 > 11 AS y FROM generate_series(1, 1000) AS i;
SELECT function FROM orchard.train('ctr', 'clicks', 'y');
-- the source is read with the caller's rights
SELECT orchard.train('s', 'public.secret', 'y');
-- no schema to make it in
SELECT orchard.train('pg_catalog.m', 'clicks', 'y');
-- the tables are nobody's
SELECT * FROM orchard.stored_models;
SELECT model, owner, schema FROM orchard.models;
CREATE VIEW scored AS SELECT *, predict_ctr(hour) AS p FROM clicks;
GRANT USAGE ON SCHEMA alice TO orchard_bi;
GRANT SELECT ON scored TO orchard_bi;
RESET ROLE;

-- another role sees and uses nothing
SET ROLE orchard_bi;
SET search_path = alice;
SELECT count(*) FROM orchard.models;
SELECT count(p) FROM scored;
SELECT predict_ctr(3);
\set SHOW_CONTEXT never
DO $$ BEGIN PERFORM orchard.predict('ctr', '{"hour": 3}'); EXCEPTION WHEN insufficient_privilege THEN
    DECLARE m text; d text; h text; BEGIN GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    RAISE WARNING E'%\n%\n%', m, d, h; END; END $$;
SELECT orchard.train('ctr', 'SELECT 1 AS x, true AS y', 'y');
SELECT orchard.drop_model('ctr');
SELECT orchard.grant('ctr', 'orchard_bi');
RESET ROLE;

-- granted
SET ROLE orchard_alice;
SELECT orchard.grant('ctr', 'orchard_bi');
RESET ROLE;
SET ROLE orchard_bi;
SELECT count(p) FROM scored;
SELECT model, owner FROM orchard.models;
SELECT orchard.predict('ctr', '{"hour": 20}') > 0.9 AS ok;
RESET ROLE;

-- the grant outlives new arguments, and is taken back
SET ROLE orchard_alice;
DROP VIEW scored;
SELECT function FROM orchard.train('ctr', 'SELECT hour, hour % 7 AS day, y FROM clicks', 'y');
RESET ROLE;
SET ROLE orchard_bi;
SELECT predict_ctr(20, 3) > 0.9 AS ok;
RESET ROLE;
SET ROLE orchard_alice;
SELECT orchard.revoke('ctr', 'orchard_bi');
RESET ROLE;
SET ROLE orchard_bi;
SELECT orchard.predict('ctr', '{"hour": 20}');
RESET ROLE;

-- nobody comes by a model through another function of its name, though its id is no secret
GRANT USAGE, CREATE ON SCHEMA alice TO orchard_bi;
CREATE FUNCTION forge(model regprocedure, function text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    id text = substring(pg_get_functiondef(model) FROM '[0-9a-f]{8}-[0-9a-f-]{27}');
BEGIN
    EXECUTE format('CREATE FUNCTION %s(a text) RETURNS float8 LANGUAGE sql RETURN orchard.score_number(%L::uuid, 1::float8, 2::float8)', function, id);
    EXECUTE format('CREATE FUNCTION %s(a int) RETURNS float8 LANGUAGE sql AS %L', function, 'SELECT 1::float8 -- orchard.score_number(''' || id || '''::uuid');
END $$;
SET ROLE orchard_bi;
SELECT forge('alice.predict_ctr(float8, float8)', 'alice.predict_ctr');
SELECT orchard.predict('alice.ctr', '{"hour": 20}');
SELECT alice.predict_ctr('1'::text);
SELECT orchard.drop_model('alice.ctr');
SELECT count(*) FROM orchard.models;
ALTER FUNCTION alice.predict_ctr(int) RENAME TO predict_theirs;
CREATE FUNCTION alice.no_id() RETURNS int LANGUAGE sql AS $$ SELECT 1 -- orchard.score_number('------------------------------------'::uuid $$;
RESET ROLE;
ALTER SCHEMA alice RENAME TO lice;
ALTER SCHEMA lice RENAME TO alice;
SELECT schema, model, owner, function FROM orchard.models;
DROP FUNCTION alice.predict_ctr(text), alice.predict_theirs(int), alice.no_id();
SELECT count(*) FROM orchard.models;
REVOKE ALL ON SCHEMA alice FROM orchard_bi;

-- the model goes where its function goes
SET search_path = public;
CREATE SCHEMA shop;
ALTER FUNCTION alice.predict_ctr SET SCHEMA shop;
ALTER FUNCTION shop.predict_ctr RENAME TO predict_clicks;
SELECT schema, model, function FROM orchard.models;
SELECT shop.predict_clicks(20, 3) > 0.9 AS ok;
ALTER FUNCTION shop.predict_clicks RENAME TO clicks;
ALTER SCHEMA shop RENAME TO store;
SELECT schema, model, owner FROM orchard.models;
ALTER ROLE orchard_alice RENAME TO orchard_anna;
REASSIGN OWNED BY orchard_anna TO orchard_bi;
SELECT schema, model, owner FROM orchard.models;
-- nobody inherits a model by its name
SELECT alice.forge('store.predict_clicks(float8, float8)', 'store.predict_clicks');
DROP FUNCTION store.predict_clicks(float8, float8);
SELECT count(*) FROM orchard.models;
DROP FUNCTION store.predict_clicks(text), store.predict_clicks(int);
DROP FUNCTION alice.forge;
CREATE FUNCTION store.predict_clicks(float8) RETURNS float8 LANGUAGE sql RETURN 1;
SELECT count(*) FROM orchard.models;
SELECT count(*) FROM orchard.stored_chunks;
SELECT model FROM orchard.train('store.again', 'SELECT hour, y FROM alice.clicks', 'y');
DROP SCHEMA store CASCADE;
SELECT count(*) FROM orchard.stored_versions;
DROP SCHEMA alice CASCADE;
DROP OWNED BY orchard_bi, orchard_anna;
DROP ROLE orchard_anna, orchard_bi;

-- What somebody hostile tries: names, sources, schemas in the way, other roles' models, the tables of the extension.
\pset null '(null)'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET orchard.warnings = off;
CREATE ROLE regress_victim;
CREATE ROLE regress_mallory;
CREATE SCHEMA victim AUTHORIZATION regress_victim;
CREATE SCHEMA mallory AUTHORIZATION regress_mallory;
SET ROLE regress_victim;
SET search_path = victim;
CREATE TABLE clients AS SELECT i % 24 AS hour, (ARRAY['platinum', 'lead'])[1 + i % 2] AS tier, i % 2 = 0 AS bought FROM generate_series(1, 400) AS i;
CREATE TABLE journal (what text);

-- Names are data: of models, columns, schemas, types and roles.
SELECT function FROM orchard.train('x"(); DROP TABLE clients; --', 'clients', 'bought');
SELECT function FROM orchard.train('x(); DROP TABLE clients; --', 'SELECT hour AS "h'') $$; DROP TABLE clients; --", bought FROM clients', 'bought');
SELECT count("predict_x(); DROP TABLE clients; --"(hour)) FROM clients;
SELECT obj_description(p.oid) FROM pg_proc AS p WHERE proname = 'predict_x(); DROP TABLE clients; --';
SELECT orchard.drop_model('x(); DROP TABLE clients; --');
CREATE TYPE "t); DROP TABLE clients; --" AS ENUM ('a', 'b');
SELECT function FROM orchard.train('typed', 'SELECT (ARRAY[''a'', ''b''])[1 + hour % 2]::"t); DROP TABLE clients; --" AS a, bought FROM clients', 'bought');
SELECT orchard.grant('typed', 'nobody; DROP TABLE clients');
SELECT orchard.grant('typed', 'regress_mallory WITH GRANT OPTION');
SELECT orchard.drop_model('typed');
SELECT orchard.train('o', 'clients', 'bought', options => '{"features": ["hour\" FROM clients; DROP TABLE clients; --"]}');
SELECT orchard.train('o', 'clients', 'bought"; DROP TABLE clients; --');
SELECT orchard.train('o', 'clients', 'bought', 'decision_tree; DROP TABLE clients');
SELECT orchard.clean('clients', 'made AS SELECT 1; DROP TABLE clients; --');
SELECT count(*) AS still FROM clients;

-- A source is one query that reads, and leaves nothing behind.
CREATE FUNCTION does(what text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN EXECUTE what; RETURN 1; END $$;
CREATE FUNCTION tries(source text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orchard.train('t', source, 'bought', 'decision_tree', '{"max_depth": 1}');
    RETURN 'trained';
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate || ' ' || sqlerrm;
END $$;
CREATE SEQUENCE counter;
CREATE TEMP TABLE passing (what text);
SELECT source, tries(source) FROM unnest(ARRAY[
    'WITH gone AS (DELETE FROM clients RETURNING *) SELECT * FROM gone',
    'WITH made AS (INSERT INTO journal VALUES (''x'') RETURNING 1 AS one) SELECT clients.* FROM clients, made',
    'SELECT * FROM clients; DROP TABLE journal',
    'SELECT * INTO stolen FROM clients',
    'SELECT * FROM clients FOR UPDATE',
    'TABLE clients',
    'COPY clients TO STDOUT',
    'EXPLAIN ANALYZE DELETE FROM clients',
    'CALL something()',
    'SELECT c.*, nextval(''counter'') AS n FROM clients AS c',
    'SELECT c.*, setval(''counter'', 5) AS n FROM clients AS c',
    'SELECT c.*, does(''INSERT INTO journal VALUES (1)'') AS n FROM clients AS c',
    'SELECT c.*, does(''CREATE TABLE made (i int)'') AS n FROM clients AS c',
    'SELECT c.*, does(''CREATE TEMP TABLE made (i int)'') AS n FROM clients AS c',
    'SELECT c.*, does(''SET TRANSACTION READ WRITE'') AS n FROM clients AS c',
    'SELECT c.*, does(''GRANT SELECT ON clients TO PUBLIC'') AS n FROM clients AS c',
    'SELECT c.*, does(''COMMIT'') AS n FROM clients AS c',
    'SELECT c.*, does(''SELECT orchard.drop_model($$tier$$)'') AS n FROM clients AS c',
    'SELECT c.*, does(''SELECT orchard.train($$inner$$, $$clients$$, $$bought$$)'') AS n FROM clients AS c',
    'SELECT c.*, does(''SET ROLE regress_mallory'') AS n FROM clients AS c',
    'SELECT c.*, set_config(''transaction_read_only'', ''off'', true) AS n FROM clients AS c',
    'SELECT c.*, does(''INSERT INTO passing VALUES (1)'') AS n FROM clients AS c',
    'SELECT c.*, set_config(''search_path'', ''mallory'', false) AS n FROM clients AS c',
    'SELECT c.*, set_config(''work_mem'', ''1MB'', false) AS n FROM clients AS c'
]) AS source;
SELECT (SELECT count(*) FROM clients) AS clients, (SELECT count(*) FROM journal) AS journal, (SELECT count(*) FROM passing) AS passing, (SELECT last_value FROM counter) AS counter,
    current_setting('search_path') AS path, current_setting('work_mem') AS work_mem, current_user AS me;
SELECT search_path FROM orchard.model_versions WHERE model = 't' ORDER BY version DESC LIMIT 1;
SELECT orchard.drop_model('t');

-- What others may know of a model: nothing but its function, whose comment holds no value of a column.
SELECT function FROM orchard.train('tier', 'SELECT hour, tier FROM clients', 'tier', options => '{"positive_class": "platinum"}');
SELECT version FROM orchard.train('tier', 'SELECT hour, tier FROM clients', 'tier', options => '{"deploy": false}');
SELECT obj_description('predict_tier(float8)'::regprocedure);
GRANT USAGE ON SCHEMA victim TO regress_mallory;
RESET ROLE;
ANALYZE orchard.stored_models, orchard.stored_versions, orchard.stored_chunks;
SET ROLE regress_mallory;
SET search_path = mallory;
SELECT count(*) FROM orchard.models UNION ALL SELECT count(*) FROM orchard.model_versions UNION ALL SELECT count(*) FROM orchard.history
    UNION ALL SELECT count(*) FROM pg_stats WHERE schemaname = 'orchard';
SELECT count(*) FROM pg_proc, LATERAL (SELECT pg_get_functiondef(oid) || coalesce(obj_description(oid), '') AS text) AS said WHERE proname = 'predict_tier' AND text ~ 'platinum|lead';
CREATE FUNCTION mallory.asks(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
    EXECUTE 'SELECT ' || call;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN CASE WHEN concat(sqlerrm, detail, hint) ~ 'platinum|lead' THEN 'TELLS: ' ELSE '' END || sqlerrm;
END $$;
-- every function that takes a model, with its defaults, and a plausible value for what has none (a row of NULL has no answer to hide)
SELECT DISTINCT mallory.asks(call) AS answer
FROM (
    SELECT format('orchard.%I(%s)', p.proname, (
        SELECT string_agg(CASE WHEN a.name = 'model' THEN '''victim.tier''' WHEN a.type = 'integer'::regtype THEN '1' WHEN a.name = 'grid' THEN '''{"max_depth": [1]}''::jsonb'
            WHEN a.type = 'jsonb'::regtype THEN '''{}''::jsonb' WHEN a.type = 'json'::regtype THEN '''{}''::json' WHEN a.type IN ('"any"'::regtype, 'record'::regtype) THEN 'ROW(1)' WHEN a.name = 'feature' THEN '''hour''' WHEN a.name = 'kind' THEN '''lift'''
            WHEN a.name = 'algorithm' THEN '''decision_tree''' WHEN a.name = 'role' THEN '''regress_mallory'''
            WHEN a.type = 'text'::regtype THEN '''SELECT 1 AS hour, ''''lead'''' AS tier''' WHEN a.type = 'double precision'::regtype THEN '0.5::float8' ELSE 'NULL::' || a.type END, ', ' ORDER BY a.place)
        FROM unnest(p.proargtypes::regtype[], p.proargnames[1:p.pronargs]) WITH ORDINALITY AS a(type, name, place) WHERE a.place <= p.pronargs - p.pronargdefaults)) AS call
    FROM pg_proc AS p WHERE p.pronamespace = 'orchard'::regnamespace AND p.proargnames[1] = 'model' AND has_function_privilege(p.oid, 'EXECUTE')
) AS calls ORDER BY 1;
EXPLAIN (COSTS OFF) SELECT victim.predict_tier(3);
SELECT victim.predict_tier(3);

-- The tables cannot be touched, nor locked, hung with triggers, or joined by a function of the same name.
INSERT INTO orchard.stored_models (id, schema_name, model_name) VALUES (gen_random_uuid(), 'mallory', 'm');
UPDATE orchard.stored_models SET deployed = NULL;
DELETE FROM orchard.stored_chunks;
TRUNCATE orchard.stored_history;
BEGIN;
LOCK TABLE orchard.stored_models IN ROW EXCLUSIVE MODE;
ROLLBACK;
CREATE TRIGGER mine AFTER INSERT ON orchard.stored_versions FOR EACH ROW EXECUTE FUNCTION orchard.models_changed();
CREATE FUNCTION orchard.score_number(uuid, float8) RETURNS float8 LANGUAGE sql RETURN 1;
SELECT * FROM orchard.usable_models;
-- what the views ask instead of has_function_privilege answers alike, and takes any array
SELECT count(*) FROM pg_proc WHERE orchard.may_execute(proowner, proacl) <> has_function_privilege(oid, 'EXECUTE');
SELECT orchard.is_function_of(a, '00000000-0000-4000-8000-000000000000', '25 701', 'SELECT 1 -- 00000000-0000-4000-8000-000000000000') AS answer, a FROM (VALUES ('{text,float8}'::regtype[]), ('{text,NULL}'), ('{{text},{float8}}'), ('[5:6]={text,float8}'), ('{}'), (NULL)) AS arrays(a);
SELECT orchard.is_function_of('{text}', '00000000-0000-4000-8000-000000000000', '25', 'SELECT 1 -- 00000000-0000-4000-8000-000000000000') AS answer;
WITH ids AS (SELECT md5(i::text)::uuid AS id FROM generate_series(1, 2000) AS i), trees AS (
    SELECT id, (SELECT '({CONST :constvalue 16 [ 1 ] 16 [ ' || string_agg(b::text, ' ' ORDER BY i) || ' ]})' FROM generate_series(0, 15) AS i, LATERAL (SELECT (get_byte(uuid_send(id), i) + 128) % 256 - 128 AS b) AS signed) AS tree FROM ids)
SELECT count(*) FILTER (WHERE orchard.is_function_of('{}', id, '', tree)) AS found, count(*) FILTER (WHERE orchard.is_function_of('{}', id, '', replace(tree, ' ]})', '1 ]})'))) AS mistaken,
    count(*) FILTER (WHERE orchard.is_function_of('{}', id, '', left(tree, -4))) AS cut FROM trees;
SELECT orchard.forget('00000000-0000-4000-8000-000000000000');
SELECT orchard.depend_on_extension('mallory.asks'::regproc::oid, 'score_row_number');
ALTER EXTENSION orchard DROP FUNCTION orchard.version();
ALTER EVENT TRIGGER orchard_follow_drop DISABLE;
RESET ROLE;

-- Operators, functions and casts of somebody else in the way, before pg_catalog even, of whoever uses and keeps models.
CREATE SCHEMA evil;
CREATE FUNCTION evil.tripped() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hijacked'; END $$;
DO $$
DECLARE
    types text[] = ARRAY['uuid', 'text', 'name', 'integer', 'bigint', 'oid', 'boolean', 'smallint', 'oid[]', 'jsonb', 'timestamptz', 'regtype[]', 'regclass'];
    t text; o text; f record;
BEGIN
    FOREACH t IN ARRAY types LOOP
        EXECUTE format('CREATE FUNCTION evil.two(%s, %s) RETURNS boolean LANGUAGE sql AS ''SELECT evil.tripped()''', t, t);
        FOREACH o IN ARRAY ARRAY['=', '<>', '<', '>', '||', '~', '+'] LOOP
            EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.two)', o, t, t);
        END LOOP;
    END LOOP;
    FOR f IN SELECT DISTINCT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, p.proargtypes FROM pg_proc AS p
        WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND provariadic = 0 AND proname IN ('coalesce', 'max', 'count', 'quote_ident', 'format', 'starts_with', 'substr', 'substring', 'array_to_string',
            'length', 'lower', 'octet_length', 'pg_get_userbyid', 'has_function_privilege', 'jsonb_array_length', 'now', 'clock_timestamp', 'to_regclass', 'pg_describe_object', 'string_to_array', 'pg_has_role')
            AND NOT pg_get_function_identity_arguments(p.oid) ~ 'any'
    LOOP
        EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS boolean LANGUAGE sql AS ''SELECT evil.tripped()''', f.proname, f.arguments);
    END LOOP;
END $$;
CREATE TABLE evil.stored_models (id int);
CREATE TYPE evil.regtype AS ENUM ('mine');
CREATE DOMAIN evil.text AS pg_catalog.int4;
CREATE DOMAIN evil.float8 AS pg_catalog.int4;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
SET search_path = evil, pg_catalog, victim;
SELECT version, function FROM orchard.train('victim.hijack', 'victim.clients', 'bought', 'decision_tree');
SELECT version FROM orchard.train('victim.hijack', 'SELECT hour, bought FROM victim.clients', 'bought', 'decision_tree');
SELECT orchard.deploy('victim.hijack', 1);
SELECT orchard.rollback('victim.hijack');
SELECT orchard.keep_versions('victim.hijack', 1);
SELECT victim.predict_hijack(3) IS NOT NULL AS ok;
SELECT orchard.predict('hijack', '{"hour": 3}') IS NOT NULL AS ok;
SELECT model, version, owner FROM orchard.models WHERE model OPERATOR(pg_catalog.=) 'hijack';
SELECT event, version FROM orchard.history WHERE model OPERATOR(pg_catalog.=) 'hijack';
SELECT pg_catalog.count(*) FROM orchard.evaluate('hijack', 'victim.clients');
SELECT pg_catalog.count(*) FROM orchard.profile('victim.clients');
SELECT pg_catalog.count(*) FROM orchard.diagnose('victim.clients', 'bought');
SELECT pg_catalog.count(*) FROM orchard.explain('hijack', '{"hour": 3}');
SELECT pg_catalog.length(orchard.report('hijack')) OPERATOR(pg_catalog.>) 1000 AS ok;
SELECT pg_catalog.count(*) FROM orchard.clean('victim.clients', 'victim.cleaned');
SELECT pg_catalog.count(*) FROM victim.cleaned;
SELECT pg_catalog.count(*) FROM orchard.tune('victim.tuned', 'victim.clients', 'bought', 'decision_tree', '{"max_depth": [1, 2]}');
ALTER FUNCTION victim.predict_hijack RENAME TO predict_hijacked;
ALTER SCHEMA victim RENAME TO victims;
ALTER SCHEMA victims RENAME TO victim;
SELECT orchard.grant('hijacked', 'regress_mallory');
SELECT orchard.drop_model('victim.hijacked');
RESET search_path;
DROP SCHEMA evil CASCADE;

-- A model is never temporary, and never another's by a move.
CREATE TEMP TABLE here (i int);
SELECT pg_my_temp_schema()::regnamespace AS temporary \gset
DO $$ BEGIN PERFORM orchard.train(pg_my_temp_schema()::regnamespace || '.m', 'victim.clients', 'bought'); EXCEPTION WHEN invalid_parameter_value THEN RAISE WARNING '%', regexp_replace(sqlerrm, '\d+', 'N'); END $$;
SELECT function FROM orchard.train('public.tier', 'SELECT hour, tier FROM victim.clients', 'hour');
ALTER FUNCTION public.predict_tier(text) SET SCHEMA victim;
SELECT schema, model FROM orchard.models ORDER BY 1, 2;

-- A version whose types are gone says so.
CREATE TYPE public.grade AS ENUM ('a', 'b');
SELECT function FROM orchard.train('public.graded', 'SELECT hour, (ARRAY[''a'', ''b''])[1 + hour % 2]::public.grade AS grade, bought FROM victim.clients', 'bought');
SELECT version FROM orchard.train('public.graded', 'SELECT hour, bought FROM victim.clients', 'bought');
DROP TYPE public.grade;
SELECT orchard.deploy('public.graded', 1);
SELECT version FROM orchard.models WHERE model = 'graded';

-- Roles: a member of the owner keeps a model as the owner does, and nobody else; what a role owns goes with DROP OWNED.
CREATE ROLE regress_team;
GRANT regress_team TO regress_mallory;
SELECT orchard.grant('public.graded', 'regress_mallory');
ALTER FUNCTION public.predict_graded OWNER TO regress_team;
SET ROLE regress_mallory;
SELECT orchard.deploy('public.graded', 2);
RESET ROLE;
REVOKE regress_team FROM regress_mallory;
SET ROLE regress_mallory;
SELECT orchard.deploy('public.graded', 2);
RESET ROLE;
DROP ROLE regress_team;
ALTER ROLE regress_team RENAME TO "regress team";
SELECT owner FROM orchard.models WHERE model = 'graded';
DROP OWNED BY "regress team";
DROP ROLE "regress team";
SELECT count(*) FROM orchard.models WHERE model = 'graded';
SELECT orchard.drop_model('public.tier');
REASSIGN OWNED BY regress_victim TO regress_mallory;
SELECT model, owner FROM orchard.models WHERE schema = 'victim' ORDER BY 1;
DROP OWNED BY regress_victim, regress_mallory CASCADE;
DROP ROLE regress_victim, regress_mallory;
SELECT count(*) FROM orchard.stored_models UNION ALL SELECT count(*) FROM orchard.stored_versions UNION ALL SELECT count(*) FROM orchard.stored_chunks UNION ALL SELECT count(*) FROM orchard.stored_history;

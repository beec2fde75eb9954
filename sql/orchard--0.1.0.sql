-- Orchard 0.1.0: the public face. Every object is named by schema, so that no search_path can stand between.
\echo Use "CREATE EXTENSION orchard" to load this file. \quit

------------------------------------------------------------------------------------------------------------------------
-- The schema. Whoever owns it could put functions into it that are found before these, or drop the model tables' triggers, so it belongs to
-- the superuser that this script runs as, also where the owner of the database makes the extension or had made the schema before.
------------------------------------------------------------------------------------------------------------------------

DO $$
DECLARE
    grantee record;
BEGIN
    EXECUTE pg_catalog.format('ALTER SCHEMA orchard OWNER TO %I', current_user);
    IF EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid
            AND d.refobjid OPERATOR(pg_catalog.=) 'orchard'::pg_catalog.regnamespace::oid
            AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass::oid
    ) THEN
        RAISE EXCEPTION 'schema "orchard" is not empty'
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'What is in it could be taken for a part of the extension.',
                HINT = 'Move what is in it to another schema, or drop the schema; CREATE EXTENSION makes it anew.';
    END IF;
    FOR grantee IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END AS name
        FROM pg_catalog.pg_namespace AS n, pg_catalog.aclexplode(n.nspacl) AS a
        WHERE n.nspname = 'orchard' AND a.grantee <> n.nspowner
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON SCHEMA orchard FROM %s CASCADE', grantee.name);
    END LOOP;
END
$$;

------------------------------------------------------------------------------------------------------------------------
-- What is kept. Nobody but the owner of the extension reads or writes these tables; the views below show each role its own.
------------------------------------------------------------------------------------------------------------------------

CREATE TABLE orchard.stored_models (
    id uuid CONSTRAINT stored_models_pkey PRIMARY KEY,
    schema_name name NOT NULL,
    model_name name NOT NULL CHECK (octet_length(model_name::text) BETWEEN 1 AND 55),
    deployed uuid,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    arguments regtype[],
    keep integer CHECK (keep > 0),
    CONSTRAINT stored_models_name_key UNIQUE (schema_name, model_name)
);
COMMENT ON TABLE orchard.stored_models IS 'models by the schema and name of their function predict_<model_name>; owner and rights are the function''s';
COMMENT ON COLUMN orchard.stored_models.keep IS 'how many of the newest versions are kept besides the deployed one and the one before; NULL for all';
COMMENT ON COLUMN orchard.stored_models.arguments IS 'the types of the function''s arguments: anybody may make another function of its name, but not with the same ones';

CREATE FUNCTION orchard.models_changed() RETURNS trigger LANGUAGE c AS 'MODULE_PATHNAME', 'models_changed';
COMMENT ON FUNCTION orchard.models_changed() IS 'tells every session to look its models up again';
REVOKE ALL ON FUNCTION orchard.models_changed() FROM PUBLIC;

CREATE TRIGGER models_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON orchard.stored_models
    FOR EACH STATEMENT EXECUTE FUNCTION orchard.models_changed();
COMMENT ON TRIGGER models_changed ON orchard.stored_models IS 'tells every session to look its models up again';
-- A subscription's worker, and a restore without triggers, fire these alone, and of statements none.
ALTER TABLE orchard.stored_models ENABLE ALWAYS TRIGGER models_changed;
CREATE TRIGGER models_replicated AFTER INSERT OR UPDATE OR DELETE ON orchard.stored_models
    FOR EACH ROW EXECUTE FUNCTION orchard.models_changed();
ALTER TABLE orchard.stored_models ENABLE REPLICA TRIGGER models_replicated;
COMMENT ON TRIGGER models_replicated ON orchard.stored_models IS 'the same where the change comes by logical replication';

CREATE TABLE orchard.stored_versions (
    id uuid CONSTRAINT stored_versions_pkey PRIMARY KEY,
    model uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    algorithm text NOT NULL,
    task text NOT NULL,
    target text,
    source text NOT NULL,
    options jsonb NOT NULL,
    search_path text NOT NULL,
    time_zone text NOT NULL,
    date_style text NOT NULL,
    rows bigint NOT NULL,
    training_rows bigint NOT NULL,
    holdout_rows bigint NOT NULL,
    features jsonb NOT NULL,
    metric text,
    score double precision,
    metrics jsonb NOT NULL,
    timings jsonb NOT NULL,
    bytes bigint NOT NULL,
    checksum text NOT NULL,
    extension_version text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    arguments regtype[] NOT NULL,
    CONSTRAINT stored_versions_version_key UNIQUE (model, version)
) WITH (toast_tuple_target = 1024);
-- A listing counts the features and has no use for the metrics, by far the largest of a row.
ALTER TABLE orchard.stored_versions ALTER COLUMN features SET STORAGE MAIN;
COMMENT ON TABLE orchard.stored_versions IS 'the trainings of each model: recipe, session settings, features and holdout metrics; what came from another library has no source';

CREATE TABLE orchard.stored_chunks (
    version uuid NOT NULL,
    kind smallint NOT NULL,
    part integer NOT NULL,
    data bytea NOT NULL,
    CONSTRAINT stored_chunks_pkey PRIMARY KEY (version, kind, part)
);
ALTER TABLE orchard.stored_chunks ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE orchard.stored_chunks IS 'bytes of versions in parts of at most 1 MB: kind 1 the model, kind 2 labels and scores of the held-out rows, kind 3 what columns are worth on these, kind 4 how the version does on training rows, tree by tree and by segment, kind 5 how the features of the training rows were distributed, kind 6 what is known of the segments of a clustering';

CREATE TABLE orchard.stored_history (
    model uuid NOT NULL,
    step integer NOT NULL,
    happened_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    role name NOT NULL,
    event text NOT NULL CHECK (event IN ('train', 'retrain', 'import', 'deploy', 'rollback', 'forget')),
    version integer NOT NULL,
    deployed boolean NOT NULL,
    previous integer,
    details jsonb,
    CONSTRAINT stored_history_pkey PRIMARY KEY (model, step)
);
COMMENT ON TABLE orchard.stored_history IS 'what happened to each model: trainings, imports, deployments and categories forgotten, with the version that was deployed before';
COMMENT ON COLUMN orchard.stored_history.details IS 'the decision of a retraining, with its figures; of what was forgotten, the column and how many categories';

CREATE TABLE orchard.stored_checks (
    model uuid NOT NULL,
    step integer NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    role name NOT NULL,
    version integer NOT NULL,
    source text NOT NULL,
    rows bigint NOT NULL,
    verdict text NOT NULL,
    alerts text[] NOT NULL,
    worst_feature text,
    worst_psi double precision,
    score_psi double precision,
    metric text,
    value double precision,
    low double precision,
    high double precision,
    reference double precision,
    predicted double precision,
    actual double precision,
    features jsonb NOT NULL,
    metrics jsonb NOT NULL,
    CONSTRAINT stored_checks_pkey PRIMARY KEY (model, step)
);
COMMENT ON TABLE orchard.stored_checks IS 'what orchard.watch found of each model';

SELECT pg_catalog.pg_extension_config_dump('orchard.stored_models', '');
SELECT pg_catalog.pg_extension_config_dump('orchard.stored_history', '');
SELECT pg_catalog.pg_extension_config_dump('orchard.stored_checks', '');
SELECT pg_catalog.pg_extension_config_dump('orchard.stored_versions', '');
SELECT pg_catalog.pg_extension_config_dump('orchard.stored_chunks', '');

REVOKE ALL ON orchard.stored_models, orchard.stored_versions, orchard.stored_chunks, orchard.stored_history, orchard.stored_checks FROM PUBLIC;
-- What pg_dump and pg_restore need when the owner of the database runs them. He can add rows by this, and change none.
GRANT SELECT, INSERT ON orchard.stored_models, orchard.stored_versions, orchard.stored_chunks, orchard.stored_history, orchard.stored_checks TO pg_database_owner;

------------------------------------------------------------------------------------------------------------------------
-- The anchor: the function of a model
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.model_function(schema_name name, model_name name, id uuid) RETURNS oid
    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'model_function_wrapper';
COMMENT ON FUNCTION orchard.model_function(name, name, uuid) IS 'the function of a model, NULL when it is gone';

CREATE FUNCTION orchard.model_of(function oid) RETURNS uuid LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT substring(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)
        FROM 'orchard\.score_\w+\(''([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})''::(?:pg_catalog\.)?uuid')::uuid
    FROM pg_proc AS p WHERE p.oid = model_of.function;
END;
COMMENT ON FUNCTION orchard.model_of(oid) IS 'the id of the model that a function carries, whether there is such a model or not';

CREATE FUNCTION orchard.is_function_of(arguments regtype[], id uuid, types oidvector, body text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'is_function_of';
COMMENT ON FUNCTION orchard.is_function_of(regtype[], uuid, oidvector, text) IS 'whether a function, of which types of arguments and body are given, is that of a model';

CREATE FUNCTION orchard.may_execute(owner oid, acl aclitem[]) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'may_execute';
COMMENT ON FUNCTION orchard.may_execute(oid, aclitem[]) IS 'has_function_privilege of the current role, of a function whose owner and ACL are given';

CREATE FUNCTION orchard.depend_on_extension(function oid, called name) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'depend_on_extension_wrapper';
COMMENT ON FUNCTION orchard.depend_on_extension(oid, name) IS 'lets a function whose body is a text depend on the function of the extension that it calls';

REVOKE ALL ON FUNCTION orchard.model_of(oid), orchard.depend_on_extension(oid, name) FROM PUBLIC;

CREATE FUNCTION orchard.remaking_function() RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'remaking_function_wrapper';
COMMENT ON FUNCTION orchard.remaking_function() IS 'whether the session is just replacing the function of a model by one with other arguments';

CREATE FUNCTION orchard.forget(id uuid) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    -- The first waits for a training or deployment of the model that is not committed yet; the others then see what that has written.
    DELETE FROM orchard.stored_models AS m WHERE m.id = forget.id;
    DELETE FROM orchard.stored_history AS h WHERE h.model = forget.id;
    DELETE FROM orchard.stored_checks AS c WHERE c.model = forget.id;
    WITH versions AS (DELETE FROM orchard.stored_versions AS v WHERE v.model = forget.id RETURNING v.id)
    DELETE FROM orchard.stored_chunks AS c USING versions WHERE c.version = versions.id;
END;
COMMENT ON FUNCTION orchard.forget(uuid) IS 'deletes what is kept of a model; foreign keys would do it, but a parallel restore of data alone cannot keep their order';
REVOKE ALL ON FUNCTION orchard.forget(uuid) FROM PUBLIC;

CREATE FUNCTION orchard.follow_drop() RETURNS event_trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_event_trigger_dropped_objects() AS d WHERE d.object_type = 'function')
        OR to_regclass('orchard.stored_models') IS NULL OR orchard.remaking_function() THEN
        RETURN;
    END IF;
    PERFORM orchard.forget(m.id)
    FROM orchard.stored_models AS m, pg_event_trigger_dropped_objects() AS d
    WHERE d.object_type = 'function' AND d.schema_name = m.schema_name
        AND starts_with(d.object_identity, quote_ident(m.schema_name) || '.' || quote_ident('predict_' || m.model_name) || '(')
        AND orchard.model_function(m.schema_name, m.model_name, m.id) IS NULL;
END
$$;
COMMENT ON FUNCTION orchard.follow_drop() IS 'drops a model whose function was dropped';

CREATE FUNCTION orchard.follow_create() RETURNS event_trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM orchard.depend_on_extension(p.oid, substring(p.prosrc FROM '^SELECT orchard\.(score_row_(?:number|label|segment|components))\(')::name)
    FROM pg_event_trigger_ddl_commands() AS c JOIN pg_proc AS p ON p.oid = c.objid
    WHERE c.classid = 'pg_proc'::regclass AND p.prosqlbody IS NULL AND p.prosrc ~ '^SELECT orchard\.score_row_'
        AND starts_with(p.proname, 'predict_')
        AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = c.classid AND d.objid = p.oid AND d.refclassid = c.classid);
END
$$;
COMMENT ON FUNCTION orchard.follow_create() IS 'lets the function of a model that takes rows depend on the extension, also where a dump makes it';

-- A function is looked at by the id that it carries; of a schema that was renamed, only the models that have lost theirs by that.
CREATE FUNCTION orchard.follow_alter() RETURNS event_trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moved record;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_event_trigger_ddl_commands() AS c WHERE c.classid = 'pg_namespace'::regclass OR orchard.model_of(c.objid) IS NOT NULL
    ) THEN
        RETURN;
    END IF;
    FOR moved IN
        SELECT m.id, n.nspname, p.proname
        FROM pg_event_trigger_ddl_commands() AS c
        JOIN pg_proc AS p ON p.oid = c.objid
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        JOIN orchard.stored_models AS m ON m.id = orchard.model_of(p.oid)
        WHERE c.classid = 'pg_proc'::regclass AND (n.nspname, p.proname) <> (m.schema_name, ('predict_' || m.model_name)::name)
            AND p.proargtypes::text = array_to_string(m.arguments::oid[], ' ')
            AND orchard.model_function(m.schema_name, m.model_name, m.id) IS NULL
        UNION ALL
        SELECT m.id, n.nspname, p.proname
        FROM pg_event_trigger_ddl_commands() AS c
        JOIN pg_namespace AS n ON n.oid = c.objid
        JOIN pg_proc AS p ON p.pronamespace = n.oid
        JOIN orchard.stored_models AS m ON p.proname = ('predict_' || m.model_name)::name
        WHERE c.classid = 'pg_namespace'::regclass AND orchard.is_function_of(m.arguments, m.id, p.proargtypes, coalesce(p.prosqlbody::text, p.prosrc))
            AND NOT EXISTS (SELECT FROM pg_namespace AS old WHERE old.nspname = m.schema_name)
    LOOP
        IF NOT starts_with(moved.proname, 'predict_') OR moved.proname = 'predict_' THEN
            RAISE EXCEPTION 'the function of a model must have a name that begins with predict_'
                USING ERRCODE = 'invalid_function_definition',
                    HINT = format('Choose a name such as predict_%s; the model is renamed with it.', moved.proname);
        END IF;
        IF EXISTS (SELECT FROM orchard.stored_models AS m WHERE m.schema_name = moved.nspname AND m.model_name = substr(moved.proname, 9)) THEN
            RAISE EXCEPTION 'model "%.%" already exists', moved.nspname, substr(moved.proname, 9)
                USING ERRCODE = 'duplicate_function', DETAIL = 'The function that was renamed or moved is that of another model.',
                    HINT = 'Choose another name, or drop one of the models.';
        END IF;
        UPDATE orchard.stored_models SET schema_name = moved.nspname, model_name = substr(moved.proname, 9)
        WHERE id = moved.id;
    END LOOP;
END
$$;
COMMENT ON FUNCTION orchard.follow_alter() IS 'renames a model, or moves it to another schema, with its function';

REVOKE ALL ON FUNCTION orchard.follow_drop(), orchard.follow_create(), orchard.follow_alter() FROM PUBLIC;

CREATE EVENT TRIGGER orchard_follow_drop ON sql_drop EXECUTE FUNCTION orchard.follow_drop();
COMMENT ON EVENT TRIGGER orchard_follow_drop IS 'drops a model with its function';
CREATE EVENT TRIGGER orchard_follow_create ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION orchard.follow_create();
COMMENT ON EVENT TRIGGER orchard_follow_create IS 'lets the function of a model that takes rows depend on the extension';
CREATE EVENT TRIGGER orchard_follow_alter ON ddl_command_end
    WHEN TAG IN ('ALTER FUNCTION', 'ALTER ROUTINE', 'ALTER SCHEMA') EXECUTE FUNCTION orchard.follow_alter();
COMMENT ON EVENT TRIGGER orchard_follow_alter IS 'renames a model with its function';
-- Also for a session_replication_role of replica: no model may outlive its function.
ALTER EVENT TRIGGER orchard_follow_drop ENABLE ALWAYS;
ALTER EVENT TRIGGER orchard_follow_create ENABLE ALWAYS;
ALTER EVENT TRIGGER orchard_follow_alter ENABLE ALWAYS;

------------------------------------------------------------------------------------------------------------------------
-- What I may see
------------------------------------------------------------------------------------------------------------------------

-- Whether a function is a model's is decided by what this statement sees of both. OFFSET 0 has each model find its function by name: the
-- planner knows too little of such a join, and would ask for the right to every function of the database instead.
CREATE VIEW orchard.usable_models WITH (security_barrier) AS
SELECT m.id, m.schema_name, m.model_name, m.deployed, f.owner
FROM orchard.stored_models AS m
JOIN pg_catalog.pg_namespace AS n ON n.nspname OPERATOR(pg_catalog.=) m.schema_name
CROSS JOIN LATERAL (
    SELECT p.proowner AS owner FROM pg_catalog.pg_proc AS p
    WHERE p.proname OPERATOR(pg_catalog.=) ('predict_' OPERATOR(pg_catalog.||) m.model_name)::name AND p.pronamespace OPERATOR(pg_catalog.=) n.oid
        AND orchard.is_function_of(m.arguments, m.id, p.proargtypes, coalesce(p.prosqlbody::text, p.prosrc))
        AND orchard.may_execute(p.proowner, p.proacl)
    OFFSET 0
) AS f;
COMMENT ON VIEW orchard.usable_models IS 'the models whose functions the current role may execute; part of the views below';
REVOKE ALL ON orchard.usable_models FROM PUBLIC;

CREATE VIEW orchard.model_versions WITH (security_barrier) AS
SELECT m.model_name::text AS model, v.version, v.algorithm, v.task, pg_catalog.pg_get_userbyid(m.owner)::text AS owner,
    v.target, pg_catalog.jsonb_array_length(v.features) AS features, v.rows, v.metric, v.score, v.created_at,
    m.schema_name::text AS schema, v.id OPERATOR(pg_catalog.=) m.deployed AS deployed, v.training_rows, v.holdout_rows, v.source, v.options,
    v.search_path, v.time_zone, v.date_style, v.features AS feature_list, v.metrics, v.timings, v.bytes, v.checksum,
    v.extension_version
FROM orchard.usable_models AS m
JOIN orchard.stored_versions AS v ON v.model OPERATOR(pg_catalog.=) m.id;
COMMENT ON VIEW orchard.model_versions IS 'every version of the models that the current role may use, with the recipe of its training';

-- Not over the views above: a session's first look would take longer to plan, and it is the first thing that a session asks.
CREATE VIEW orchard.models WITH (security_barrier) AS
SELECT m.model_name::text AS model, v.version, v.algorithm, v.task, pg_catalog.pg_get_userbyid(f.owner)::text AS owner,
    v.target, pg_catalog.jsonb_array_length(v.features) AS features, v.rows, v.metric, v.score, v.created_at, m.schema_name::text AS schema,
    pg_catalog.quote_ident(m.schema_name::text) OPERATOR(pg_catalog.||) '.'
        OPERATOR(pg_catalog.||) pg_catalog.quote_ident('predict_' OPERATOR(pg_catalog.||) m.model_name::text) AS function,
    v.bytes
FROM orchard.stored_models AS m
JOIN orchard.stored_versions AS v ON v.model OPERATOR(pg_catalog.=) m.id AND v.id OPERATOR(pg_catalog.=) m.deployed
CROSS JOIN LATERAL (
    SELECT p.proowner AS owner FROM pg_catalog.pg_proc AS p
    WHERE p.proname OPERATOR(pg_catalog.=) ('predict_' OPERATOR(pg_catalog.||) m.model_name)::name
        AND p.pronamespace OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace(pg_catalog.quote_ident(m.schema_name::text))::oid
        AND orchard.is_function_of(m.arguments, m.id, p.proargtypes, coalesce(p.prosqlbody::text, p.prosrc))
        AND orchard.may_execute(p.proowner, p.proacl)
    OFFSET 0
) AS f;
COMMENT ON VIEW orchard.models IS 'the models that the current role may use, at their deployed version';

CREATE VIEW orchard.history WITH (security_barrier) AS
SELECT m.model_name::text AS model, h.step, h.happened_at, h.role::text AS role, h.event, h.version, h.deployed, h.previous, m.schema_name::text AS schema, h.details
FROM orchard.stored_history AS h
JOIN orchard.usable_models AS m ON m.id OPERATOR(pg_catalog.=) h.model;
COMMENT ON VIEW orchard.history IS 'what happened to the models that the current role may use: trainings, imports, deployments and categories forgotten, with the version that was deployed before; details has the decision of a retraining';

CREATE VIEW orchard.monitor WITH (security_barrier) AS
SELECT m.model_name::text AS model, c.step, c.checked_at, c.role::text AS role, c.version, c.rows, c.verdict, c.alerts, c.worst_feature, c.worst_psi,
    c.score_psi, c.metric, c.value, c.low, c.high, c.reference, c.predicted, c.actual, c.source, m.schema_name::text AS schema, c.features, c.metrics
FROM orchard.stored_checks AS c
JOIN orchard.usable_models AS m ON m.id OPERATOR(pg_catalog.=) c.model;
COMMENT ON VIEW orchard.monitor IS 'what orchard.watch found of the models that the current role may use, a row a check';

GRANT SELECT ON orchard.models, orchard.model_versions, orchard.history, orchard.monitor TO PUBLIC;
GRANT USAGE ON SCHEMA orchard TO PUBLIC;

------------------------------------------------------------------------------------------------------------------------
-- Text functions
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.parse_number(value text) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 4 AS 'MODULE_PATHNAME', 'parse_number';
COMMENT ON FUNCTION orchard.parse_number(text) IS 'the number that a text with currency, separators, percent or brackets stands for; NULL for what is no number';
CREATE FUNCTION orchard.parse_number(value text, "decimal" text) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 6 AS 'MODULE_PATHNAME', 'parse_number_decimal';
COMMENT ON FUNCTION orchard.parse_number(text, text) IS 'the same with the decimal sign given, a point or a comma';
CREATE FUNCTION orchard.parse_number_strict(value text, "decimal" text DEFAULT NULL) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 6 AS 'MODULE_PATHNAME', 'parse_number_strict';
COMMENT ON FUNCTION orchard.parse_number_strict(text, text) IS 'as orchard.parse_number, with an error for what is no number';
CREATE FUNCTION orchard.parse_boolean(value text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 3 AS 'MODULE_PATHNAME', 'parse_boolean';
COMMENT ON FUNCTION orchard.parse_boolean(text) IS 'the truth value that a word or sign stands for; NULL for any other text';
CREATE FUNCTION orchard.parse_boolean_strict(value text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 4 AS 'MODULE_PATHNAME', 'parse_boolean_strict';
COMMENT ON FUNCTION orchard.parse_boolean_strict(text) IS 'as orchard.parse_boolean, with an error for any other text';
CREATE FUNCTION orchard.parse_timestamp(value text) RETURNS timestamp
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'parse_timestamp';
COMMENT ON FUNCTION orchard.parse_timestamp(text) IS 'the moment that a text stands for, in UTC where it has an offset; NULL for what is none, or not certain';
CREATE FUNCTION orchard.parse_timestamp(value text, format text) RETURNS timestamp
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'parse_timestamp';
COMMENT ON FUNCTION orchard.parse_timestamp(text, text) IS 'the same with the format given in the letters of to_timestamp';
CREATE FUNCTION orchard.parse_timestamp_strict(value text, format text DEFAULT NULL) RETURNS timestamp
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'parse_timestamp_strict';
COMMENT ON FUNCTION orchard.parse_timestamp_strict(text, text) IS 'as orchard.parse_timestamp, with an error for what is no moment, or not certain';

CREATE FUNCTION orchard.normalize_text(value text, form text DEFAULT 'nfkc') RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'normalize_text';
COMMENT ON FUNCTION orchard.normalize_text(text, text) IS 'the text in a normal form of Unicode, white space folded, quotes straight, control and zero-width characters removed';
CREATE FUNCTION orchard.blank_to_null(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 4 AS 'MODULE_PATHNAME', 'blank_to_null';
COMMENT ON FUNCTION orchard.blank_to_null(text) IS 'NULL for a blank text and for words and signs for nothing such as N/A and null; else the text';
CREATE FUNCTION orchard.null_if_placeholder(value text, VARIADIC placeholders text[] DEFAULT '{}') RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 8 AS 'MODULE_PATHNAME', 'null_if_placeholder';
COMMENT ON FUNCTION orchard.null_if_placeholder(text, text[]) IS 'as orchard.blank_to_null, and NULL for numbers and dates such as -999 and 9999-12-31, and for the texts that are given';
CREATE FUNCTION orchard.slug(value text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 30 AS 'MODULE_PATHNAME', 'slug';
COMMENT ON FUNCTION orchard.slug(text) IS 'the text in small letters and digits joined by hyphens, without accents';
CREATE FUNCTION orchard.mask_personal(value text, method text DEFAULT 'redact', salt text DEFAULT '') RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'mask_personal';
COMMENT ON FUNCTION orchard.mask_personal(text, text, text) IS 'the text with e-mail addresses, phone, card and account numbers and IP addresses redacted or replaced by a keyed hash';

------------------------------------------------------------------------------------------------------------------------
-- Aggregates
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.approx_distinct_step(internal, anyelement) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_distinct_step';
COMMENT ON FUNCTION orchard.approx_distinct_step(internal, anyelement) IS 'part of approx_distinct: takes a value';
CREATE FUNCTION orchard.approx_distinct_final(internal) RETURNS bigint
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_distinct_final';
COMMENT ON FUNCTION orchard.approx_distinct_final(internal) IS 'part of approx_distinct: the count';
CREATE FUNCTION orchard.approx_distinct_combine(internal, internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_distinct_combine';
COMMENT ON FUNCTION orchard.approx_distinct_combine(internal, internal) IS 'part of approx_distinct: joins the states of two workers';
CREATE FUNCTION orchard.approx_distinct_serialize(internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_distinct_serialize';
COMMENT ON FUNCTION orchard.approx_distinct_serialize(internal) IS 'part of approx_distinct: the state of a worker as bytes';
CREATE FUNCTION orchard.approx_distinct_deserialize(bytea, internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_distinct_deserialize';
COMMENT ON FUNCTION orchard.approx_distinct_deserialize(bytea, internal) IS 'part of approx_distinct: the state of a worker from bytes';
CREATE AGGREGATE orchard.approx_distinct(anyelement) (
    SFUNC = orchard.approx_distinct_step, STYPE = internal, FINALFUNC = orchard.approx_distinct_final, COMBINEFUNC = orchard.approx_distinct_combine,
    SERIALFUNC = orchard.approx_distinct_serialize, DESERIALFUNC = orchard.approx_distinct_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE orchard.approx_distinct(anyelement) IS 'the number of different values: exact up to 2,048, with a standard error of 0.8 % beyond; NULLs do not count';

CREATE FUNCTION orchard.approx_quantiles_step(internal, double precision, double precision[]) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_quantiles_step';
COMMENT ON FUNCTION orchard.approx_quantiles_step(internal, double precision, double precision[]) IS 'part of approx_quantiles: takes a number';
CREATE FUNCTION orchard.approx_quantile_step(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_quantile_step';
COMMENT ON FUNCTION orchard.approx_quantile_step(internal, double precision, double precision) IS 'part of approx_quantile: takes a number';
CREATE FUNCTION orchard.approx_quantiles_final(internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_quantiles_final';
COMMENT ON FUNCTION orchard.approx_quantiles_final(internal) IS 'part of approx_quantiles: the quantiles';
CREATE FUNCTION orchard.approx_quantile_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_quantile_final';
COMMENT ON FUNCTION orchard.approx_quantile_final(internal) IS 'part of approx_quantile: the quantile';
CREATE FUNCTION orchard.approx_quantiles_combine(internal, internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_quantiles_combine';
COMMENT ON FUNCTION orchard.approx_quantiles_combine(internal, internal) IS 'part of approx_quantiles: joins the states of two workers';
CREATE FUNCTION orchard.approx_quantiles_serialize(internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_quantiles_serialize';
COMMENT ON FUNCTION orchard.approx_quantiles_serialize(internal) IS 'part of approx_quantiles: the state of a worker as bytes';
CREATE FUNCTION orchard.approx_quantiles_deserialize(bytea, internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'approx_quantiles_deserialize';
COMMENT ON FUNCTION orchard.approx_quantiles_deserialize(bytea, internal) IS 'part of approx_quantiles: the state of a worker from bytes';
CREATE AGGREGATE orchard.approx_quantiles(double precision, double precision[]) (
    SFUNC = orchard.approx_quantiles_step, STYPE = internal, FINALFUNC = orchard.approx_quantiles_final, COMBINEFUNC = orchard.approx_quantiles_combine,
    SERIALFUNC = orchard.approx_quantiles_serialize, DESERIALFUNC = orchard.approx_quantiles_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE orchard.approx_quantiles(double precision, double precision[]) IS 'the values at fractions of the sorted numbers: as percentile_cont up to 2,047 numbers, with a rank error below 1 % beyond';
CREATE AGGREGATE orchard.approx_quantile(double precision, double precision) (
    SFUNC = orchard.approx_quantile_step, STYPE = internal, FINALFUNC = orchard.approx_quantile_final, COMBINEFUNC = orchard.approx_quantiles_combine,
    SERIALFUNC = orchard.approx_quantiles_serialize, DESERIALFUNC = orchard.approx_quantiles_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE orchard.approx_quantile(double precision, double precision) IS 'the value at a fraction of the sorted numbers: as percentile_cont up to 2,047 numbers, with a rank error below 1 % beyond';

CREATE FUNCTION orchard.top_values_step(internal, anyelement) RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'top_values_step';
COMMENT ON FUNCTION orchard.top_values_step(internal, anyelement) IS 'part of top_values: takes a value';
CREATE FUNCTION orchard.top_values_step(internal, anyelement, integer) RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'top_values_step';
COMMENT ON FUNCTION orchard.top_values_step(internal, anyelement, integer) IS 'part of top_values: takes a value';
CREATE FUNCTION orchard.top_values_final(internal) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'top_values_final';
COMMENT ON FUNCTION orchard.top_values_final(internal) IS 'part of top_values: the list';
CREATE FUNCTION orchard.top_values_combine(internal, internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'top_values_combine';
COMMENT ON FUNCTION orchard.top_values_combine(internal, internal) IS 'part of top_values: joins the states of two workers';
CREATE FUNCTION orchard.top_values_serialize(internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'top_values_serialize';
COMMENT ON FUNCTION orchard.top_values_serialize(internal) IS 'part of top_values: the state of a worker as bytes';
CREATE FUNCTION orchard.top_values_deserialize(bytea, internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'top_values_deserialize';
COMMENT ON FUNCTION orchard.top_values_deserialize(bytea, internal) IS 'part of top_values: the state of a worker from bytes';
CREATE AGGREGATE orchard.top_values(anyelement) (
    SFUNC = orchard.top_values_step, STYPE = internal, FINALFUNC = orchard.top_values_final, COMBINEFUNC = orchard.top_values_combine,
    SERIALFUNC = orchard.top_values_serialize, DESERIALFUNC = orchard.top_values_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE orchard.top_values(anyelement) IS 'the ten most frequent values with their rows, as jsonb: exact up to 10,000 different values, bounds beyond';
CREATE AGGREGATE orchard.top_values(anyelement, integer) (
    SFUNC = orchard.top_values_step, STYPE = internal, FINALFUNC = orchard.top_values_final, COMBINEFUNC = orchard.top_values_combine,
    SERIALFUNC = orchard.top_values_serialize, DESERIALFUNC = orchard.top_values_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE orchard.top_values(anyelement, integer) IS 'the most frequent values, as many as asked for, with their rows, as jsonb: exact up to 10,000 different values, bounds beyond';

------------------------------------------------------------------------------------------------------------------------
-- Look and clean
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.diagnose(source text, target text DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (severity text, finding text, column_name text, detail text, fix text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'diagnose_wrapper';
COMMENT ON FUNCTION orchard.diagnose(text, text, jsonb) IS 'what would make a model of a source worse or its metrics lie (leaks, duplicates, rare classes ...), worst first, with SQL that mends it';

CREATE FUNCTION orchard.profile(source text)
    RETURNS TABLE (column_name text, data_type text, role text, rows bigint, nulls bigint, distinct_values bigint, minimum text,
        maximum text, mean double precision, stddev double precision, quantiles jsonb, top_values jsonb, issue text,
        suggestion jsonb, blanks bigint, placeholders bigint, skewness double precision, outliers bigint,
        average_length double precision, exact boolean)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20 AS 'MODULE_PATHNAME', 'profile_wrapper';
COMMENT ON FUNCTION orchard.profile(text) IS 'what each column of a table, view or query is, what is in it, what is wrong with it, and the steps that mend it';

CREATE FUNCTION orchard.profile_report(source text) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'profile_report_wrapper';
COMMENT ON FUNCTION orchard.profile_report(text) IS 'the profile of a table, view or query as one page of HTML';

CREATE FUNCTION orchard.clean(source text, target text, steps jsonb DEFAULT NULL, materialize boolean DEFAULT false,
        replace boolean DEFAULT false)
    RETURNS TABLE (column_name text, step text, detail text, changed bigint)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 50 AS 'MODULE_PATHNAME', 'clean_wrapper';
COMMENT ON FUNCTION orchard.clean(text, text, jsonb, boolean, boolean) IS 'fits cleaning steps on a table, view or query and makes a view, or a table, of plain SQL that does them; without steps those that orchard.profile suggests';

CREATE FUNCTION orchard.clean_sql(source text, steps jsonb DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'clean_sql_wrapper';
COMMENT ON FUNCTION orchard.clean_sql(text, jsonb) IS 'the query that orchard.clean would make a view of';

CREATE FUNCTION orchard.cleaning_report(source text, target text)
    RETURNS TABLE (column_name text, type_before text, type_after text, rows_before bigint, rows_after bigint, nulls_before bigint,
        nulls_after bigint, distinct_before bigint, distinct_after bigint, minimum_before text, minimum_after text, maximum_before text,
        maximum_after text, mean_before double precision, mean_after double precision, issue_before text, issue_after text)
    LANGUAGE sql STABLE PARALLEL UNSAFE COST 200000 ROWS 20
BEGIN ATOMIC
    SELECT coalesce(a.column_name, b.column_name), a.data_type, b.data_type, a.rows, b.rows, a.nulls, b.nulls, a.distinct_values,
        b.distinct_values, a.minimum, b.minimum, a.maximum, b.maximum, a.mean, b.mean, a.issue, b.issue
    FROM orchard.profile(cleaning_report.source) WITH ORDINALITY AS a
    FULL JOIN orchard.profile(cleaning_report.target) WITH ORDINALITY AS b
        ON a.column_name OPERATOR(pg_catalog.=) b.column_name
    ORDER BY b.ordinality, a.ordinality;
END;
COMMENT ON FUNCTION orchard.cleaning_report(text, text) IS 'the profiles of a source and of what was made of it side by side, a row a column';

CREATE FUNCTION orchard.cleaning_steps()
    RETURNS TABLE (step text, parameter text, type text, default_value jsonb, meaning text)
    LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'cleaning_steps_wrapper';
COMMENT ON FUNCTION orchard.cleaning_steps() IS 'the steps of orchard.clean and of the option "clean" of a training, with their parameters';

CREATE FUNCTION orchard.change_case(value text, "to" text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'change_case_wrapper';
COMMENT ON FUNCTION orchard.change_case(text, text) IS 'all letters of a text small (lower) or capital (upper), by the rules of Unicode whatever the collation';

------------------------------------------------------------------------------------------------------------------------
-- Features from events
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.rfm(source text, target text, customer text, event_time text, amount text DEFAULT NULL,
        as_of timestamptz DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (column_name text, data_type text, feature text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'rfm_wrapper';
COMMENT ON FUNCTION orchard.rfm(text, text, text, text, text, timestamptz, jsonb) IS 'makes a view of recency, frequency, monetary value, their scores and the segment: a row a customer of a table of events; returns its columns';

CREATE FUNCTION orchard.rfm_sql(source text, customer text, event_time text, amount text DEFAULT NULL,
        as_of timestamptz DEFAULT NULL, options jsonb DEFAULT '{}') RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'rfm_sql_wrapper';
COMMENT ON FUNCTION orchard.rfm_sql(text, text, text, text, timestamptz, jsonb) IS 'the query of the view that orchard.rfm makes';

CREATE FUNCTION orchard.event_features(source text, target text, customer text, event_time text, moments text,
        moment text DEFAULT 'moment', options jsonb DEFAULT '{}')
    RETURNS TABLE (column_name text, data_type text, feature text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 20 AS 'MODULE_PATHNAME', 'event_features_wrapper';
COMMENT ON FUNCTION orchard.event_features(text, text, text, text, text, text, jsonb) IS 'makes a view that gives each row of moments the features of its customer''s events before its moment; returns its columns';

CREATE FUNCTION orchard.event_features_sql(source text, customer text, event_time text, moments text,
        moment text DEFAULT 'moment', options jsonb DEFAULT '{}') RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000 AS 'MODULE_PATHNAME', 'event_features_sql_wrapper';
COMMENT ON FUNCTION orchard.event_features_sql(text, text, text, text, text, jsonb) IS 'the query of the view that orchard.event_features makes';

CREATE FUNCTION orchard.url_part(url text, part text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'url_part';
COMMENT ON FUNCTION orchard.url_part(text, text) IS 'a part of a URL: scheme, host, port, domain, subdomain, path, first_segment, last_segment, query or fragment';
CREATE FUNCTION orchard.url_parameter(url text, name text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20 AS 'MODULE_PATHNAME', 'url_parameter';
COMMENT ON FUNCTION orchard.url_parameter(text, text) IS 'the decoded value of a parameter of a URL or query string, its name in any case';
CREATE FUNCTION orchard.utm(url text) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'utm';
COMMENT ON FUNCTION orchard.utm(text) IS 'the campaign parameters of a URL that are not empty: utm_source and its like, and the click ids of advertising networks';
CREATE FUNCTION orchard.user_agent_family(user_agent text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME', 'user_agent_family';
COMMENT ON FUNCTION orchard.user_agent_family(text) IS 'the browser of a user agent, such as Chrome, Safari or Samsung Internet; bot for programs, other for what is not known';
CREATE FUNCTION orchard.user_agent_device(user_agent text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME', 'user_agent_device';
COMMENT ON FUNCTION orchard.user_agent_device(text) IS 'the device of a user agent: mobile, tablet, desktop, tv, bot or other';
CREATE FUNCTION orchard.user_agent_os(user_agent text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME', 'user_agent_os';
COMMENT ON FUNCTION orchard.user_agent_os(text) IS 'the operating system of a user agent, such as Windows, macOS, iOS or Android; bot for programs, other for what is not known';

------------------------------------------------------------------------------------------------------------------------
-- Learn
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.train(model text, source text, target text DEFAULT NULL, algorithm text DEFAULT 'auto',
        options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, rows bigint, features integer, metric text,
        score double precision, seconds double precision, deployed boolean, function text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 1 AS 'MODULE_PATHNAME', 'train_wrapper';
COMMENT ON FUNCTION orchard.train(text, text, text, text, jsonb) IS 'learns a model from a table, view or query and makes its function predict_<model>';

CREATE FUNCTION orchard.tune(model text, source text, target text, algorithm text, grid jsonb, options jsonb DEFAULT '{}')
    RETURNS TABLE (trial integer, parameters jsonb, metric text, mean_score double precision, std_score double precision,
        fold_scores double precision[], rows bigint, iterations double precision, round integer, seconds double precision,
        rank integer, best boolean, holdout_score double precision, version integer)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000000 ROWS 20 AS 'MODULE_PATHNAME', 'tune_wrapper';
COMMENT ON FUNCTION orchard.tune(text, text, text, text, jsonb, jsonb) IS 'compares parameters on folds of the training rows, then learns the model with the best of them as orchard.train does';

CREATE FUNCTION orchard.leaderboard(model text, version integer DEFAULT NULL)
    RETURNS TABLE (rank integer, algorithm text, options jsonb, metric text, score double precision, stddev double precision, rows bigint,
        seconds double precision, chosen boolean, note text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 20 AS 'MODULE_PATHNAME', 'leaderboard_wrapper';
COMMENT ON FUNCTION orchard.leaderboard(text, integer) IS 'the trials of the search that found the learner (auto with a time_budget) or the parameters (tune) of a version, the best first';

CREATE FUNCTION orchard.retrain(model text, promote text DEFAULT 'if_better', min_gain double precision DEFAULT 0, metric text DEFAULT NULL)
    RETURNS TABLE (model text, version integer, champion_version integer, metric text, champion double precision,
        challenger double precision, difference double precision, low double precision, high double precision, promoted boolean,
        reason text, seconds double precision, rows bigint, holdout_rows bigint)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 1 AS 'MODULE_PATHNAME', 'retrain_wrapper';
COMMENT ON FUNCTION orchard.retrain(text, text, double precision, text) IS 'trains the deployed version of a model again on what its source has now, judges both on the rows that the new one did not learn from, and deploys the new one if it is better for sure (promote: if_better, always, never)';

CREATE FUNCTION orchard.options(algorithm text)
    RETURNS TABLE (option text, type text, default_value jsonb, meaning text)
    LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME', 'options_wrapper';
COMMENT ON FUNCTION orchard.options(text) IS 'the options of an algorithm, of auto, or of tune, rfm or event_features, with their types, defaults and meanings';

------------------------------------------------------------------------------------------------------------------------
-- Export and import
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.export_model(model text, version integer DEFAULT NULL) RETURNS bytea
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'export_model_wrapper';
COMMENT ON FUNCTION orchard.export_model(text, integer) IS 'a version of a model, the deployed one unless another is named, with everything that orchard.import_model of another database needs; for its owner';

CREATE FUNCTION orchard.import_model(model text, data bytea, deploy boolean DEFAULT true)
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'import_model_wrapper';
COMMENT ON FUNCTION orchard.import_model(text, bytea, boolean) IS 'makes a version of a model from what orchard.export_model gave, with its function predict_<model>';

CREATE FUNCTION orchard.import_lightgbm(model text, data text, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'import_lightgbm_wrapper';
COMMENT ON FUNCTION orchard.import_lightgbm(text, text, jsonb) IS 'makes a version of a model, with its function predict_<model>, from the text that LightGBM''s Booster.save_model writes';

CREATE FUNCTION orchard.import_xgboost(model text, data text, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'import_xgboost_json_wrapper';
COMMENT ON FUNCTION orchard.import_xgboost(text, text, jsonb) IS 'makes a version of a model, with its function predict_<model>, from the JSON that XGBoost''s Booster.save_model writes';
CREATE FUNCTION orchard.import_xgboost(model text, data bytea, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'import_xgboost_wrapper';
COMMENT ON FUNCTION orchard.import_xgboost(text, bytea, jsonb) IS 'the same from the bytes of a file, in JSON or UBJSON';
CREATE FUNCTION orchard.import_xgboost(model text, data json, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1
BEGIN ATOMIC
    SELECT * FROM orchard.import_xgboost(import_xgboost.model, import_xgboost.data::text, import_xgboost.options);
END;
COMMENT ON FUNCTION orchard.import_xgboost(text, json, jsonb) IS 'the same from a value of type json';
CREATE FUNCTION orchard.import_xgboost(model text, data jsonb, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1
BEGIN ATOMIC
    SELECT * FROM orchard.import_xgboost(import_xgboost.model, import_xgboost.data::text, import_xgboost.options);
END;
COMMENT ON FUNCTION orchard.import_xgboost(text, jsonb, jsonb) IS 'the same from a value of type jsonb';

CREATE FUNCTION orchard.import_catboost(model text, data text, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'import_catboost_wrapper';
COMMENT ON FUNCTION orchard.import_catboost(text, text, jsonb) IS 'makes a version of a model, with its function predict_<model>, from the JSON that CatBoost''s save_model writes';
CREATE FUNCTION orchard.import_catboost(model text, data json, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1
BEGIN ATOMIC
    SELECT * FROM orchard.import_catboost(import_catboost.model, import_catboost.data::text, import_catboost.options);
END;
COMMENT ON FUNCTION orchard.import_catboost(text, json, jsonb) IS 'the same from a value of type json';
CREATE FUNCTION orchard.import_catboost(model text, data jsonb, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1
BEGIN ATOMIC
    SELECT * FROM orchard.import_catboost(import_catboost.model, import_catboost.data::text, import_catboost.options);
END;
COMMENT ON FUNCTION orchard.import_catboost(text, jsonb, jsonb) IS 'the same from a value of type jsonb';

CREATE FUNCTION orchard.import_sklearn(model text, data bytea, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, version integer, algorithm text, task text, features integer, deployed boolean, function text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'import_sklearn_wrapper';
COMMENT ON FUNCTION orchard.import_sklearn(text, bytea, jsonb) IS 'makes a version of a model, with its function predict_<model>, from the ONNX that skl2onnx writes of a tree, forest or boosting of scikit-learn';

------------------------------------------------------------------------------------------------------------------------
-- Use
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.score_support(internal) RETURNS internal
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'score_support';
COMMENT ON FUNCTION orchard.score_support(internal) IS 'tells the planner what scoring a row costs, so that cheaper filters go first and large tables are scored in parallel';

CREATE FUNCTION orchard.score_number(id uuid, VARIADIC "any") RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 50 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_number';
COMMENT ON FUNCTION orchard.score_number(uuid, "any") IS 'what predict_<model> calls: probability or value from the columns in their order';
CREATE FUNCTION orchard.score_label(id uuid, VARIADIC "any") RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 50 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_label';
COMMENT ON FUNCTION orchard.score_label(uuid, "any") IS 'what predict_<model> calls for more than two classes: the most probable label';
CREATE FUNCTION orchard.score_segment(id uuid, VARIADIC "any") RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE COST 50 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_segment';
COMMENT ON FUNCTION orchard.score_segment(uuid, "any") IS 'what predict_<model> calls for clusterings: the number of the segment';
CREATE FUNCTION orchard.score_top(id uuid, VARIADIC "any") RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 50 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_top';
COMMENT ON FUNCTION orchard.score_top(uuid, "any") IS 'what orchard.score calls for more than two classes: the probability of the most probable label';
CREATE FUNCTION orchard.score_row_top(id uuid, "row" "any") RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_row_top';
COMMENT ON FUNCTION orchard.score_row_top(uuid, "any") IS 'what orchard.score of more than 99 columns calls: the probability of the most probable label of a row';
CREATE FUNCTION orchard.score_row_number(id uuid, "row" "any") RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_row_number';
COMMENT ON FUNCTION orchard.score_row_number(uuid, "any") IS 'what predict_<model> of more than 99 columns calls: probability or value of a row';
CREATE FUNCTION orchard.score_row_label(id uuid, "row" "any") RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_row_label';
COMMENT ON FUNCTION orchard.score_row_label(uuid, "any") IS 'what predict_<model> of more than 99 columns calls: the most probable label of a row';
CREATE FUNCTION orchard.score_row_segment(id uuid, "row" "any") RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_row_segment';
COMMENT ON FUNCTION orchard.score_row_segment(uuid, "any") IS 'what predict_<model> of more than 99 columns calls: the segment of a row';

CREATE FUNCTION orchard.score_components(id uuid, VARIADIC "any") RETURNS double precision[]
    LANGUAGE c STABLE PARALLEL SAFE COST 100 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_components';
COMMENT ON FUNCTION orchard.score_components(uuid, "any") IS 'what predict_<model> calls for components: all of them from the columns in their order';
CREATE FUNCTION orchard.score_row_components(id uuid, "row" "any") RETURNS double precision[]
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'score_row_components';
COMMENT ON FUNCTION orchard.score_row_components(uuid, "any") IS 'what predict_<model> of more than 99 columns calls: the components of a row';

CREATE FUNCTION orchard.predict(model text, "row" record, version integer DEFAULT NULL) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict';
COMMENT ON FUNCTION orchard.predict(text, record, integer) IS 'probability of the positive class, value or segment of a row, its columns matched by name';
CREATE FUNCTION orchard.predict(model text, "row" jsonb, version integer DEFAULT NULL) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict';
COMMENT ON FUNCTION orchard.predict(text, jsonb, integer) IS 'probability of the positive class, value or segment of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict(model text, "row" json, version integer DEFAULT NULL) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict';
COMMENT ON FUNCTION orchard.predict(text, json, integer) IS 'probability of the positive class, value or segment of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict(model text, "row" text, version integer DEFAULT NULL) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict';
COMMENT ON FUNCTION orchard.predict(text, text, integer) IS 'probability of the positive class, value or segment of a JSON object written as text';

CREATE FUNCTION orchard.predict_label(model text, "row" record, version integer DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_label';
COMMENT ON FUNCTION orchard.predict_label(text, record, integer) IS 'the most probable label of a row, its columns matched by name';
CREATE FUNCTION orchard.predict_label(model text, "row" jsonb, version integer DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_label';
COMMENT ON FUNCTION orchard.predict_label(text, jsonb, integer) IS 'the most probable label of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_label(model text, "row" json, version integer DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_label';
COMMENT ON FUNCTION orchard.predict_label(text, json, integer) IS 'the most probable label of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_label(model text, "row" text, version integer DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_label';
COMMENT ON FUNCTION orchard.predict_label(text, text, integer) IS 'the most probable label of a JSON object written as text';

CREATE FUNCTION orchard.predict_proba(model text, "row" record, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_proba';
COMMENT ON FUNCTION orchard.predict_proba(text, record, integer) IS 'the probability of each label for a row, its columns matched by name';
CREATE FUNCTION orchard.predict_proba(model text, "row" jsonb, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_proba';
COMMENT ON FUNCTION orchard.predict_proba(text, jsonb, integer) IS 'the probability of each label for a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_proba(model text, "row" json, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_proba';
COMMENT ON FUNCTION orchard.predict_proba(text, json, integer) IS 'the probability of each label for a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_proba(model text, "row" text, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_proba';
COMMENT ON FUNCTION orchard.predict_proba(text, text, integer) IS 'the probability of each label for a JSON object written as text';

CREATE FUNCTION orchard.predict_uplift(model text, "row" record, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'predict_uplift';
COMMENT ON FUNCTION orchard.predict_uplift(text, record, integer) IS 'how much each treatment changes what is to be expected of a row, its columns matched by name';
CREATE FUNCTION orchard.predict_uplift(model text, "row" jsonb, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'predict_uplift';
COMMENT ON FUNCTION orchard.predict_uplift(text, jsonb, integer) IS 'how much each treatment changes what is to be expected of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_uplift(model text, "row" json, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'predict_uplift';
COMMENT ON FUNCTION orchard.predict_uplift(text, json, integer) IS 'how much each treatment changes what is to be expected of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_uplift(model text, "row" text, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'predict_uplift';
COMMENT ON FUNCTION orchard.predict_uplift(text, text, integer) IS 'how much each treatment changes what is to be expected of a JSON object written as text';

CREATE FUNCTION orchard.transform(model text, "row" record, version integer DEFAULT NULL) RETURNS double precision[]
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'transform';
COMMENT ON FUNCTION orchard.transform(text, record, integer) IS 'the principal components of a row, its columns matched by name';
CREATE FUNCTION orchard.transform(model text, "row" jsonb, version integer DEFAULT NULL) RETURNS double precision[]
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'transform';
COMMENT ON FUNCTION orchard.transform(text, jsonb, integer) IS 'the principal components of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.transform(model text, "row" json, version integer DEFAULT NULL) RETURNS double precision[]
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'transform';
COMMENT ON FUNCTION orchard.transform(text, json, integer) IS 'the principal components of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.transform(model text, "row" text, version integer DEFAULT NULL) RETURNS double precision[]
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'transform';
COMMENT ON FUNCTION orchard.transform(text, text, integer) IS 'the principal components of a JSON object written as text';

CREATE FUNCTION orchard.distance(model text, "row" record, version integer DEFAULT NULL) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'distance';
COMMENT ON FUNCTION orchard.distance(text, record, integer) IS 'the distance of a row to the centre of its segment, or to the nearest core row of dense parts, in standard deviations, its columns matched by name';
CREATE FUNCTION orchard.distance(model text, "row" jsonb, version integer DEFAULT NULL) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'distance';
COMMENT ON FUNCTION orchard.distance(text, jsonb, integer) IS 'the distance of a JSON object to the centre of its segment, or to the nearest core row of dense parts, in standard deviations, its keys matched by name';
CREATE FUNCTION orchard.distance(model text, "row" json, version integer DEFAULT NULL) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'distance';
COMMENT ON FUNCTION orchard.distance(text, json, integer) IS 'the distance of a JSON object to the centre of its segment, or to the nearest core row of dense parts, in standard deviations, its keys matched by name';
CREATE FUNCTION orchard.distance(model text, "row" text, version integer DEFAULT NULL) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'distance';
COMMENT ON FUNCTION orchard.distance(text, text, integer) IS 'the distance of a JSON object written as text to the centre of its segment, or to the nearest core row of dense parts, in standard deviations';

CREATE FUNCTION orchard.memberships(model text, "row" record, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'memberships';
COMMENT ON FUNCTION orchard.memberships(text, record, integer) IS 'the share of a row in each segment, by distance or, of a mixture of Gaussians, its probability, its columns matched by name';
CREATE FUNCTION orchard.memberships(model text, "row" jsonb, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'memberships';
COMMENT ON FUNCTION orchard.memberships(text, jsonb, integer) IS 'the share of a JSON object in each segment, by distance or, of a mixture of Gaussians, its probability, its keys matched by name';
CREATE FUNCTION orchard.memberships(model text, "row" json, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'memberships';
COMMENT ON FUNCTION orchard.memberships(text, json, integer) IS 'the share of a JSON object in each segment, by distance or, of a mixture of Gaussians, its probability, its keys matched by name';
CREATE FUNCTION orchard.memberships(model text, "row" text, version integer DEFAULT NULL) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'memberships';
COMMENT ON FUNCTION orchard.memberships(text, text, integer) IS 'the share of a JSON object written as text in each segment, by distance or, of a mixture of Gaussians, its probability';

CREATE FUNCTION orchard.cleaned_row(model text, "row" record) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'cleaned_row';
COMMENT ON FUNCTION orchard.cleaned_row(text, record) IS 'the columns that a model''s cleaning makes of a row, as the model sees them';
CREATE FUNCTION orchard.cleaned_row(model text, "row" jsonb) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'cleaned_row';
COMMENT ON FUNCTION orchard.cleaned_row(text, jsonb) IS 'the columns that a model''s cleaning makes of a JSON object, as the model sees them';
CREATE FUNCTION orchard.cleaned_row(model text, "row" json) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'cleaned_row';
COMMENT ON FUNCTION orchard.cleaned_row(text, json) IS 'the columns that a model''s cleaning makes of a JSON object, as the model sees them';
CREATE FUNCTION orchard.cleaned_row(model text, "row" text) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 AS 'MODULE_PATHNAME', 'cleaned_row';
COMMENT ON FUNCTION orchard.cleaned_row(text, text) IS 'the columns that a model''s cleaning makes of a JSON object written as text';

CREATE FUNCTION orchard.score(model text, source text, key text[] DEFAULT NULL)
    RETURNS TABLE (key jsonb, score double precision, label text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 100000 AS 'MODULE_PATHNAME', 'score';
COMMENT ON FUNCTION orchard.score(text, text, text[]) IS 'scores every row of a table, view or query: the columns that name the row, its probability, value or segment, and the most probable label';

CREATE FUNCTION orchard.explain(model text, "row" record, class text DEFAULT NULL, derived boolean DEFAULT false, background text DEFAULT NULL)
    RETURNS TABLE (feature text, value text, contribution double precision, response_contribution double precision, rank integer, sentence text)
    LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 10 AS 'MODULE_PATHNAME', 'explain';
COMMENT ON FUNCTION orchard.explain(text, record, text, boolean, text) IS 'what each column of a row, matched by name, contributes to its score: exact Shapley values of trees and sums, or of the answer of a model that is asked';
CREATE FUNCTION orchard.explain(model text, "row" jsonb, class text DEFAULT NULL, derived boolean DEFAULT false, background text DEFAULT NULL)
    RETURNS TABLE (feature text, value text, contribution double precision, response_contribution double precision, rank integer, sentence text)
    LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 10 AS 'MODULE_PATHNAME', 'explain';
COMMENT ON FUNCTION orchard.explain(text, jsonb, text, boolean, text) IS 'what each key of a JSON object contributes to its score: exact Shapley values of trees and sums, or of the answer of a model that is asked';
CREATE FUNCTION orchard.explain(model text, "row" json, class text DEFAULT NULL, derived boolean DEFAULT false, background text DEFAULT NULL)
    RETURNS TABLE (feature text, value text, contribution double precision, response_contribution double precision, rank integer, sentence text)
    LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 10 AS 'MODULE_PATHNAME', 'explain';
COMMENT ON FUNCTION orchard.explain(text, json, text, boolean, text) IS 'what each key of a JSON object contributes to its score: exact Shapley values of trees and sums, or of the answer of a model that is asked';
CREATE FUNCTION orchard.explain(model text, "row" text, class text DEFAULT NULL, derived boolean DEFAULT false, background text DEFAULT NULL)
    RETURNS TABLE (feature text, value text, contribution double precision, response_contribution double precision, rank integer, sentence text)
    LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 10 AS 'MODULE_PATHNAME', 'explain';
COMMENT ON FUNCTION orchard.explain(text, text, text, boolean, text) IS 'what each key of a JSON object written as text contributes to its score: exact Shapley values of trees and sums, or of the answer of a model that is asked';
CREATE FUNCTION orchard.explain_source(model text, source text, top integer DEFAULT 3, class text DEFAULT NULL, key text[] DEFAULT NULL, background text DEFAULT NULL)
    RETURNS TABLE (key jsonb, score double precision, class text, features text[], "values" text[], contributions double precision[],
        response_contributions double precision[], base double precision, others double precision, response_base double precision,
        response_others double precision, sentence text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 100000 AS 'MODULE_PATHNAME', 'explain_source';
COMMENT ON FUNCTION orchard.explain_source(text, text, integer, text, text[], text) IS 'explains every row of a table, view or query by the columns that contribute most to its score';

CREATE FUNCTION orchard.anomalies(model text, source text, top integer DEFAULT 10, key text[] DEFAULT NULL)
    RETURNS TABLE (rank integer, key jsonb, score double precision, features text[], "values" text[], contributions double precision[], sentence text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME', 'anomalies';
COMMENT ON FUNCTION orchard.anomalies(text, text, integer, text[]) IS 'the rows of a table, view or query that are least like those a model of anomalies learned from, and of an isolation forest the columns that say most of it';

CREATE FUNCTION orchard.importance(model text, source text DEFAULT NULL, derived boolean DEFAULT false, repeats integer DEFAULT 10, seed bigint DEFAULT 0)
    RETURNS TABLE (feature text, importance double precision, kind text, low double precision, high double precision, rank integer)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 40 AS 'MODULE_PATHNAME', 'importance_wrapper';
COMMENT ON FUNCTION orchard.importance(text, text, boolean, integer, bigint) IS 'what the columns of a model are worth to it: gain and splits of its trees; with a source also mean Shapley values and what the metric loses when a column is shuffled';

CREATE FUNCTION orchard.partial_dependence(model text, feature text, source text DEFAULT NULL, feature2 text DEFAULT NULL, class text DEFAULT NULL, grid integer DEFAULT NULL, sample integer DEFAULT 10000)
    RETURNS TABLE ("value" text, number double precision, value2 text, number2 double precision, prediction double precision, low double precision,
        high double precision, rows bigint, kind text, bin_start text, bin_end text, kind2 text, bin_start2 text, bin_end2 text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 20 AS 'MODULE_PATHNAME', 'partial_dependence_wrapper';
COMMENT ON FUNCTION orchard.partial_dependence(text, text, text, text, text, integer, integer) IS 'what a model predicts on average where a column has a value, value by value: the mean over rows of a source that are all given it, and the tenth and nine tenths of their predictions; with feature2 for pairs of values';

CREATE FUNCTION orchard.counterfactual(model text, "row" record, threshold double precision DEFAULT NULL, direction text DEFAULT NULL, class text DEFAULT NULL,
        changeable text[] DEFAULT NULL, fixed text[] DEFAULT NULL, limits jsonb DEFAULT NULL, max_changes integer DEFAULT 3, alternatives integer DEFAULT 3,
        source text DEFAULT NULL)
    RETURNS TABLE (alternative integer, feature text, from_value text, to_value text, distance double precision, score_before double precision,
        score_after double precision, changes integer, proven boolean, sentence text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 5 AS 'MODULE_PATHNAME', 'counterfactual';
COMMENT ON FUNCTION orchard.counterfactual(text, record, double precision, text, text, text[], text[], jsonb, integer, integer, text) IS 'the smallest changes of a row, matched by name, that take its prediction across a threshold or to a class';
CREATE FUNCTION orchard.counterfactual(model text, "row" jsonb, threshold double precision DEFAULT NULL, direction text DEFAULT NULL, class text DEFAULT NULL,
        changeable text[] DEFAULT NULL, fixed text[] DEFAULT NULL, limits jsonb DEFAULT NULL, max_changes integer DEFAULT 3, alternatives integer DEFAULT 3,
        source text DEFAULT NULL)
    RETURNS TABLE (alternative integer, feature text, from_value text, to_value text, distance double precision, score_before double precision,
        score_after double precision, changes integer, proven boolean, sentence text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 5 AS 'MODULE_PATHNAME', 'counterfactual';
COMMENT ON FUNCTION orchard.counterfactual(text, jsonb, double precision, text, text, text[], text[], jsonb, integer, integer, text) IS 'the smallest changes of a JSON object that take its prediction across a threshold or to a class';
CREATE FUNCTION orchard.counterfactual(model text, "row" json, threshold double precision DEFAULT NULL, direction text DEFAULT NULL, class text DEFAULT NULL,
        changeable text[] DEFAULT NULL, fixed text[] DEFAULT NULL, limits jsonb DEFAULT NULL, max_changes integer DEFAULT 3, alternatives integer DEFAULT 3,
        source text DEFAULT NULL)
    RETURNS TABLE (alternative integer, feature text, from_value text, to_value text, distance double precision, score_before double precision,
        score_after double precision, changes integer, proven boolean, sentence text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 5 AS 'MODULE_PATHNAME', 'counterfactual';
COMMENT ON FUNCTION orchard.counterfactual(text, json, double precision, text, text, text[], text[], jsonb, integer, integer, text) IS 'the smallest changes of a JSON object that take its prediction across a threshold or to a class';
CREATE FUNCTION orchard.counterfactual(model text, "row" text, threshold double precision DEFAULT NULL, direction text DEFAULT NULL, class text DEFAULT NULL,
        changeable text[] DEFAULT NULL, fixed text[] DEFAULT NULL, limits jsonb DEFAULT NULL, max_changes integer DEFAULT 3, alternatives integer DEFAULT 3,
        source text DEFAULT NULL)
    RETURNS TABLE (alternative integer, feature text, from_value text, to_value text, distance double precision, score_before double precision,
        score_after double precision, changes integer, proven boolean, sentence text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 5 AS 'MODULE_PATHNAME', 'counterfactual';
COMMENT ON FUNCTION orchard.counterfactual(text, text, double precision, text, text, text[], text[], jsonb, integer, integer, text) IS 'the smallest changes of a JSON object written as text that take its prediction across a threshold or to a class';

CREATE FUNCTION orchard.interactions(model text, source text DEFAULT NULL, derived boolean DEFAULT false, sample integer DEFAULT 1000)
    RETURNS TABLE (feature text, feature2 text, strength double precision, share double precision, rank integer)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 20 AS 'MODULE_PATHNAME', 'interactions_wrapper';
COMMENT ON FUNCTION orchard.interactions(text, text, boolean, integer) IS 'which pairs of columns a model takes together: the mean size of their Shapley interaction values over rows of a source';

CREATE FUNCTION orchard.similar_rows(model text, "row" record, source text DEFAULT NULL, top integer DEFAULT 10)
    RETURNS TABLE (rank integer, similarity double precision, distance double precision, source_row jsonb, actual text, prediction double precision, label text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME', 'similar_rows';
COMMENT ON FUNCTION orchard.similar_rows(text, record, text, integer) IS 'the rows of a source that a model tells least apart from a row, matched by name: by the share of trees in which both come to the same leaf, or the distance in the space of segments';
CREATE FUNCTION orchard.similar_rows(model text, "row" jsonb, source text DEFAULT NULL, top integer DEFAULT 10)
    RETURNS TABLE (rank integer, similarity double precision, distance double precision, source_row jsonb, actual text, prediction double precision, label text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME', 'similar_rows';
COMMENT ON FUNCTION orchard.similar_rows(text, jsonb, text, integer) IS 'the rows of a source that a model tells least apart from a JSON object: by the share of trees in which both come to the same leaf, or the distance in the space of segments';
CREATE FUNCTION orchard.similar_rows(model text, "row" json, source text DEFAULT NULL, top integer DEFAULT 10)
    RETURNS TABLE (rank integer, similarity double precision, distance double precision, source_row jsonb, actual text, prediction double precision, label text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME', 'similar_rows';
COMMENT ON FUNCTION orchard.similar_rows(text, json, text, integer) IS 'the rows of a source that a model tells least apart from a JSON object: by the share of trees in which both come to the same leaf, or the distance in the space of segments';
CREATE FUNCTION orchard.similar_rows(model text, "row" text, source text DEFAULT NULL, top integer DEFAULT 10)
    RETURNS TABLE (rank integer, similarity double precision, distance double precision, source_row jsonb, actual text, prediction double precision, label text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME', 'similar_rows';
COMMENT ON FUNCTION orchard.similar_rows(text, text, text, integer) IS 'the rows of a source that a model tells least apart from a JSON object written as text: by the share of trees in which both come to the same leaf, or the distance in the space of segments';

------------------------------------------------------------------------------------------------------------------------
-- Read a model
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.rules(model text, tree integer DEFAULT 1, class text DEFAULT NULL, max_depth integer DEFAULT 10,
        levels integer DEFAULT 5)
    RETURNS TABLE (line text, node integer, parent integer, depth integer, leaf boolean, condition text, rule text, rows bigint,
        share double precision, value double precision, label text, classes jsonb)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 50 AS 'MODULE_PATHNAME', 'rules_wrapper';
COMMENT ON FUNCTION orchard.rules(text, integer, text, integer, integer) IS 'a tree of a model as indented text, a row a node: its condition, the training rows that reached it and its value; rule has all conditions on the way';

CREATE FUNCTION orchard.tree_diagram(model text, tree integer DEFAULT 1, format text DEFAULT 'svg', max_depth integer DEFAULT 4,
        class text DEFAULT NULL, levels integer DEFAULT 3) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 AS 'MODULE_PATHNAME', 'tree_diagram_wrapper';
COMMENT ON FUNCTION orchard.tree_diagram(text, integer, text, integer, text, integer) IS 'a tree of a model as a drawing: svg for browsers, dot for Graphviz';

CREATE FUNCTION orchard.to_sql(model text, class text DEFAULT NULL, alias text DEFAULT NULL, cleaned boolean DEFAULT false) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'to_sql_wrapper';
COMMENT ON FUNCTION orchard.to_sql(text, text, text, boolean) IS 'one expression of plain SQL over the columns of a row that is equal to what the model predicts, for databases without the extension';

CREATE FUNCTION orchard.to_pmml(model text, cleaned boolean DEFAULT false) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'to_pmml_wrapper';
COMMENT ON FUNCTION orchard.to_pmml(text, boolean) IS 'the model as PMML 4.4, for programs that score by that standard';

------------------------------------------------------------------------------------------------------------------------
-- Judge
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.evaluate(model text, source text DEFAULT NULL, by text DEFAULT NULL)
    RETURNS TABLE (metric text, value double precision, note text, low double precision, high double precision, segment text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 15 AS 'MODULE_PATHNAME', 'evaluate_wrapper';
COMMENT ON FUNCTION orchard.evaluate(text, text, text) IS 'metrics of the deployed version, with intervals of 95 %, on its held-out rows or on the rows of a source that has the target; by names a column whose values are judged one by one';

CREATE FUNCTION orchard.segments(model text)
    RETURNS TABLE (segment integer, name text, size bigint, share double precision, centre jsonb, distinctive jsonb, typical jsonb,
        value_mean double precision, value_total double precision, value_share double precision, silhouette double precision,
        spread double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 8 AS 'MODULE_PATHNAME', 'segments_wrapper';
COMMENT ON FUNCTION orchard.segments(text) IS 'the segments of the deployed version, a row each: name, training rows, centre in the units of the columns, what sets it apart, the rows nearest to the centre, what its rows are worth';

CREATE FUNCTION orchard.explained_variance(model text, version integer DEFAULT NULL)
    RETURNS TABLE (component integer, explained_variance double precision, explained_variance_ratio double precision, cumulative_ratio double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 20 AS 'MODULE_PATHNAME', 'explained_variance_wrapper';
COMMENT ON FUNCTION orchard.explained_variance(text, integer) IS 'how much of the variance of its training rows each principal component of a model explains';
CREATE FUNCTION orchard.coefficients(model text, version integer DEFAULT NULL)
    RETURNS TABLE (class text, feature text, level text, kind text, coefficient double precision, std_error double precision, statistic double precision, p_value double precision, low double precision, high double precision, odds_ratio double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 50 AS 'MODULE_PATHNAME', 'coefficients_wrapper';
COMMENT ON FUNCTION orchard.coefficients(text, integer) IS 'the coefficients of a linear model on the scale of its columns, each level against the one of the most rows, with standard errors, tests, 95 % intervals and odds ratios';

CREATE FUNCTION orchard.components(model text, version integer DEFAULT NULL)
    RETURNS TABLE (component integer, feature text, level text, loading double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 200 AS 'MODULE_PATHNAME', 'components_wrapper';
COMMENT ON FUNCTION orchard.components(text, integer) IS 'what the principal components of a model are made of: columns, and levels of categories, with their loadings, the strongest first';

CREATE FUNCTION orchard.segment_candidates(model text)
    RETURNS TABLE (n_clusters integer, inertia double precision, silhouette double precision, bic double precision, icl double precision,
        stability double precision, chosen boolean)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 20 AS 'MODULE_PATHNAME', 'segment_candidates_wrapper';
COMMENT ON FUNCTION orchard.segment_candidates(text) IS 'the numbers of segments among which a training with "n_clusters": null chose one, with what speaks for each';

CREATE FUNCTION orchard.stability(model text, source text DEFAULT NULL, samples integer DEFAULT 50, seed bigint DEFAULT 0)
    RETURNS TABLE (segment integer, name text, "rows" bigint, jaccard double precision, dissolved double precision,
        recovered double precision, adjusted_rand double precision, verdict text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 9 AS 'MODULE_PATHNAME', 'stability_wrapper';
COMMENT ON FUNCTION orchard.stability(text, text, integer, bigint) IS 'whether the segments are found again in bootstrap samples of the rows of a source: the mean Jaccard similarity of each, and for all the adjusted Rand index';

CREATE FUNCTION orchard.segment_moves(model text, source_then text, source_now text, key text[] DEFAULT NULL)
    RETURNS TABLE (segment_then integer, segment_now integer, "rows" bigint, share double precision, name_then text, name_now text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 64 AS 'MODULE_PATHNAME', 'segment_moves_wrapper';
COMMENT ON FUNCTION orchard.segment_moves(text, text, text, text[]) IS 'how many rows moved from which segment to which between two sources, matched by a key; NULL stands for the source the model was trained on';

CREATE FUNCTION orchard.overfitting(model text)
    RETURNS TABLE (metric text, training double precision, holdout double precision, low double precision, high double precision,
        gap double precision, verdict text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 8 AS 'MODULE_PATHNAME', 'overfitting_wrapper';
COMMENT ON FUNCTION orchard.overfitting(text) IS 'metrics of the deployed version on rows it learned from beside those on its held-out rows; a gap above 0 says that training rows look better';

CREATE FUNCTION orchard.learning_curve(model text, by text DEFAULT NULL, source text DEFAULT NULL)
    RETURNS TABLE (size bigint, metric text, training double precision, holdout double precision)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 50 AS 'MODULE_PATHNAME', 'learning_curve_wrapper';
COMMENT ON FUNCTION orchard.learning_curve(text, text, text) IS 'metrics on training and on held-out rows by the number of trees, as training found them, losses of a network on training and on watched rows by epoch, or metrics by the number of rows, for which models are learned anew from parts of the rows';

CREATE FUNCTION orchard.report(model text, source text DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 AS 'MODULE_PATHNAME', 'report_page_wrapper';
COMMENT ON FUNCTION orchard.report(text, text) IS 'a page of HTML on the deployed version, judged on its held-out rows or on the rows of a source that has the target: how good it is, what it looks at, where it is at its worst, when not to use it';

CREATE FUNCTION orchard.segment_report(model text, source text DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 AS 'MODULE_PATHNAME', 'segment_report_wrapper';
COMMENT ON FUNCTION orchard.segment_report(text, text) IS 'a page of HTML on the segments of the deployed version: a map, their names and sizes, what sets them apart, what their rows are worth, when not to trust them';

CREATE FUNCTION orchard.model_card(model text, source text DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'model_card_wrapper';
COMMENT ON FUNCTION orchard.model_card(text, text) IS 'the card of the deployed version in Markdown';

CREATE FUNCTION orchard.plot(model text, kind text, source text DEFAULT NULL, class text DEFAULT NULL, feature text DEFAULT NULL) RETURNS text
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME', 'plot_wrapper';
COMMENT ON FUNCTION orchard.plot(text, text, text, text, text) IS 'a chart of the deployed version as SVG: lift, gain, roc_curve, precision_recall_curve, calibration, scores, thresholds, confusion_matrix, residuals, learning_curve, importance, shap, partial_dependence, segment_map, segment_sizes, explained_variance, qini_curve, uplift';

CREATE FUNCTION orchard.roc_curve(model text, source text DEFAULT NULL, class text DEFAULT NULL)
    RETURNS TABLE (threshold double precision, tpr double precision, fpr double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'roc_curve_wrapper';
COMMENT ON FUNCTION orchard.roc_curve(text, text, text) IS 'shares of the positives and of the negatives that are predicted positive, by threshold';

CREATE FUNCTION orchard.precision_recall_curve(model text, source text DEFAULT NULL, class text DEFAULT NULL)
    RETURNS TABLE (threshold double precision, "precision" double precision, recall double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'precision_recall_curve_wrapper';
COMMENT ON FUNCTION orchard.precision_recall_curve(text, text, text) IS 'precision and recall by threshold';

CREATE FUNCTION orchard.lift(model text, source text DEFAULT NULL, buckets integer DEFAULT 10, class text DEFAULT NULL)
    RETURNS TABLE (bucket integer, rows bigint, actual double precision, predicted double precision, cumulative_gain double precision,
        lift double precision, cumulative_lift double precision, lowest double precision, highest double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'lift_wrapper';
COMMENT ON FUNCTION orchard.lift(text, text, integer, text) IS 'rows in buckets by their scores, the highest first: what came true, what was predicted, and how much more than on average';

CREATE FUNCTION orchard.calibration(model text, source text DEFAULT NULL, bins integer DEFAULT 10, strategy text DEFAULT 'quantile',
        class text DEFAULT NULL)
    RETURNS TABLE (bucket integer, rows bigint, predicted double precision, actual double precision, low double precision,
        high double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'calibration_wrapper';
COMMENT ON FUNCTION orchard.calibration(text, text, integer, text, text) IS 'rows in bins by their scores, the lowest first: what was predicted and what came true, with an interval of 95 %';

CREATE FUNCTION orchard.confusion_matrix(model text, source text DEFAULT NULL, threshold double precision DEFAULT NULL)
    RETURNS TABLE (actual text, predicted text, rows double precision, share_of_actual double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 4 AS 'MODULE_PATHNAME', 'confusion_matrix_wrapper';
COMMENT ON FUNCTION orchard.confusion_matrix(text, text, double precision) IS 'the weight of the rows by actual and predicted class; of two classes at a threshold, 0.5 where none is given';

CREATE FUNCTION orchard.thresholds(model text, source text DEFAULT NULL, options jsonb DEFAULT '{}', class text DEFAULT NULL)
    RETURNS TABLE (threshold double precision, contacted_share double precision, "precision" double precision, recall double precision,
        f1 double precision, profit double precision, best boolean, contacted bigint)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 1000 AS 'MODULE_PATHNAME', 'thresholds_wrapper';
COMMENT ON FUNCTION orchard.thresholds(text, text, jsonb, text) IS 'every useful threshold with what it finds and, by value_per_positive and cost_per_contact (numbers or columns), what it earns; the best one is marked';

CREATE FUNCTION orchard.uplift_buckets(model text, source text DEFAULT NULL, buckets integer DEFAULT 10)
    RETURNS TABLE (treatment text, bucket integer, rows bigint, treated_rows double precision, control_rows double precision, treated_mean double precision, control_mean double precision, uplift double precision, low double precision, high double precision, predicted double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'uplift_buckets_wrapper';
COMMENT ON FUNCTION orchard.uplift_buckets(text, text, integer) IS 'rows in buckets by what a model of uplift says a treatment changes, the most first: what came of treated rows and of others, their difference with an interval of 95 %, and what was predicted';
CREATE FUNCTION orchard.qini_curve(model text, source text DEFAULT NULL, points integer DEFAULT 100)
    RETURNS TABLE (treatment text, share double precision, rows bigint, qini double precision, uplift double precision, random double precision, policy_value double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'qini_curve_wrapper';
COMMENT ON FUNCTION orchard.qini_curve(text, text, integer) IS 'by the share of rows that are treated, those first of which a model of uplift says most: what treated rows brought beyond as many others (qini), what all would bring (uplift), what chance would (random), and the mean outcome where these are treated and the others are not (policy_value)';
CREATE FUNCTION orchard.residuals(model text, source text DEFAULT NULL)
    RETURNS TABLE ("row" bigint, actual double precision, predicted double precision, residual double precision, weight double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10000 AS 'MODULE_PATHNAME', 'residuals_wrapper';
COMMENT ON FUNCTION orchard.residuals(text, text) IS 'what a regression predicted of each row, what came true, and the difference: actual less predicted';

------------------------------------------------------------------------------------------------------------------------
-- Watch
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.drift(model text, source text DEFAULT NULL, moderate double precision DEFAULT 0.1, drifted double precision DEFAULT 0.25)
    RETURNS TABLE (feature text, psi double precision, ks double precision, null_rate double precision, unseen_rate double precision,
        verdict text, chance double precision, training_null_rate double precision, training_unseen_rate double precision, rows bigint,
        training_rows bigint, note text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20 AS 'MODULE_PATHNAME', 'drift_wrapper';
COMMENT ON FUNCTION orchard.drift(text, text, double precision, double precision) IS 'whether the rows of a source are like those that the deployed version learned from, feature by feature, and whether what it says of them is';

CREATE FUNCTION orchard.watch(model text, source text DEFAULT NULL, score text DEFAULT NULL, moderate double precision DEFAULT 0.1,
        drifted double precision DEFAULT 0.25, max_drop double precision DEFAULT 0, max_bias double precision DEFAULT 0.1)
    RETURNS TABLE (step integer, verdict text, rows bigint, alerts text[], worst_feature text, worst_psi double precision,
        score_psi double precision, metric text, value double precision, low double precision, high double precision,
        reference double precision, predicted double precision, actual double precision)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1 AS 'MODULE_PATHNAME', 'watch_wrapper';
COMMENT ON FUNCTION orchard.watch(text, text, text, double precision, double precision, double precision, double precision) IS 'checks a model on the rows of a source: drift, and with the target there what came true, of scores of the deployed version or of those in the column score; keeps it in orchard.monitor and notifies the channel orchard when a limit is passed';

CREATE FUNCTION orchard.keep_checks(model text, days double precision) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'keep_checks_wrapper';
COMMENT ON FUNCTION orchard.keep_checks(text, double precision) IS 'deletes the checks of a model in orchard.monitor that are older than so many days, and gives how many they were';

------------------------------------------------------------------------------------------------------------------------
-- Decide
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.best_action(model text, source text, candidates text, options jsonb DEFAULT '{}')
    RETURNS TABLE (key jsonb, candidate jsonb, score double precision, expected_profit double precision, cost double precision,
        rank integer)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10000 AS 'MODULE_PATHNAME', 'best_action_wrapper';
COMMENT ON FUNCTION orchard.best_action(text, text, text, jsonb) IS 'which candidate (ad, offer, channel) to give to each row of a source, so that score x value - cost is greatest in all, under a budget, capacities and a limit a row';

CREATE FUNCTION orchard.allocate_budget(source text, campaign text, spend text, outcome text, options jsonb DEFAULT '{}')
    RETURNS TABLE (campaign_name text, periods bigint, current_spend double precision, allocated_spend double precision,
        current_outcome double precision, expected_outcome double precision, marginal double precision, curve text, r2 double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'allocate_budget_wrapper';
COMMENT ON FUNCTION orchard.allocate_budget(text, text, text, text, jsonb) IS 'how to share a budget out among campaigns so that they bring most together, by curves of what their spending brought in past periods, a row of the source each';

-- Key drivers: why a metric moved.
CREATE FUNCTION orchard.key_drivers(metric text, before text, after text, options jsonb DEFAULT '{}')
    RETURNS TABLE (rank integer, segment jsonb, metric_before double precision, metric_after double precision, share_before double precision,
        share_after double precision, change double precision, volume_effect double precision, mix_effect double precision, rate_effect double precision,
        share_of_change double precision, z double precision, rows_before bigint, rows_after bigint)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME', 'key_drivers_wrapper';
COMMENT ON FUNCTION orchard.key_drivers(text, text, text, jsonb) IS 'why a metric (a sum, or a ratio with the option denominator) moved from one source to another: disjoint segments that stand out from the rest, what each adds to the change by volume, mix and rate, and everything else in the last row';

------------------------------------------------------------------------------------------------------------------------
-- Market baskets
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.frequent_itemsets(source text, item text, basket text DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (items text[], length integer, baskets bigint, support double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000 AS 'MODULE_PATHNAME', 'frequent_itemsets';
COMMENT ON FUNCTION orchard.frequent_itemsets(text, text, text, jsonb) IS 'sets of items that are in many baskets together, with the number and the share of these; a row of the source is an item of a basket, or, without basket, a list of items';

CREATE FUNCTION orchard.association_rules(source text, item text, basket text DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (antecedents text[], consequents text[], baskets bigint, support double precision, confidence double precision,
        lift double precision, leverage double precision, conviction double precision, zhang double precision,
        antecedent_support double precision, consequent_support double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000 AS 'MODULE_PATHNAME', 'association_rules';
COMMENT ON FUNCTION orchard.association_rules(text, text, text, jsonb) IS 'what baskets with some items tend to hold besides: rules with support, confidence, lift, leverage, conviction and Zhang''s metric';

CREATE FUNCTION orchard.association_rules(model text)
    RETURNS TABLE (antecedents text[], consequents text[], baskets bigint, support double precision, confidence double precision,
        lift double precision, leverage double precision, conviction double precision, zhang double precision,
        antecedent_support double precision, consequent_support double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 1000 AS 'MODULE_PATHNAME', 'association_rules_of_model';
COMMENT ON FUNCTION orchard.association_rules(text) IS 'the rules by which a model of the algorithm association_rules recommends items';

------------------------------------------------------------------------------------------------------------------------
-- Attribution
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.attribute(source text, customer text, channel text, event_time text, conversion text, options jsonb DEFAULT '{}')
    RETURNS TABLE (method text, channel_name text, conversions double precision, value double precision, share double precision,
        removal_effect double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 100 AS 'MODULE_PATHNAME', 'attribute_wrapper';
COMMENT ON FUNCTION orchard.attribute(text, text, text, text, text, jsonb) IS 'which channels brought the conversions, from the touches of customers before them, by first and last touch, linear, position, time decay, removal from a Markov chain and Shapley values';

CREATE FUNCTION orchard.paths(source text, customer text, channel text, event_time text, conversion text, options jsonb DEFAULT '{}')
    RETURNS TABLE (path text[], length integer, journeys bigint, converted bigint, conversion_rate double precision,
        conversions double precision, value double precision, mean_days double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000 AS 'MODULE_PATHNAME', 'paths_wrapper';
COMMENT ON FUNCTION orchard.paths(text, text, text, text, text, jsonb) IS 'the journeys of customers by the channels that touched them one after the other, with how many there were, how many converted, and how long they took';

CREATE FUNCTION orchard.response_curve(source text, campaign text, event_time text, spend text, outcome text, options jsonb DEFAULT '{}')
    RETURNS TABLE (campaign_name text, periods bigint, decay double precision, half_life double precision, curve text, gain double precision,
        bend double precision, base double precision, r2 double precision, r2_without_decay double precision, current_spend double precision,
        current_outcome double precision, marginal double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10 AS 'MODULE_PATHNAME', 'response_curve_wrapper';
COMMENT ON FUNCTION orchard.response_curve(text, text, text, text, text, jsonb) IS 'what each campaign brings by what is spent on it now and before: how long spending works on (adstock), and the curve that saturates';

------------------------------------------------------------------------------------------------------------------------
-- Test and learn
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.ab_test(source text, variant text, metric text, options jsonb DEFAULT '{}')
    RETURNS TABLE (variant_name text, control_name text, segment text, rows_control bigint, rows_variant bigint,
        mean_control double precision, mean_variant double precision, difference double precision, low double precision,
        high double precision, relative_difference double precision, relative_low double precision, relative_high double precision,
        statistic double precision, df double precision, p_value double precision, adjusted_p_value double precision,
        significant boolean, variance_reduction double precision, probability_best double precision,
        expected_loss double precision, test text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 2 AS 'MODULE_PATHNAME', 'ab_test_wrapper';
COMMENT ON FUNCTION orchard.ab_test(text, text, text, jsonb) IS 'variants of a test against their control, a row each: shares by a z-test, means by Welch''s t-test, ratios by the delta method, with intervals, corrections for several variants, a covariate from before, and tests that may be looked at while they run';

CREATE FUNCTION orchard.sample_ratio(source text, variant text, expected jsonb DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (variant_name text, rows bigint, expected_rows double precision, share double precision,
        expected_share double precision, statistic double precision, df integer, p_value double precision, verdict text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 2 AS 'MODULE_PATHNAME', 'sample_ratio_wrapper';
COMMENT ON FUNCTION orchard.sample_ratio(text, text, jsonb, jsonb) IS 'whether the variants of a test have as many rows as they should, by a chi-square test: a mismatch means that the test itself is broken';

CREATE FUNCTION orchard.sample_size(baseline double precision, effect double precision, power double precision DEFAULT 0.8,
        alpha double precision DEFAULT 0.05, options jsonb DEFAULT '{}')
    RETURNS TABLE (rows_control bigint, rows_variant bigint, rows_total bigint, effect_size double precision,
        achieved_power double precision, test text)
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1 AS 'MODULE_PATHNAME', 'sample_size_wrapper';
COMMENT ON FUNCTION orchard.sample_size(double precision, double precision, double precision, double precision, jsonb) IS 'how many rows a test of two shares, or with the option stddev of two means, needs to find an effect';
CREATE FUNCTION orchard.test_power(baseline double precision, effect double precision, rows bigint,
        alpha double precision DEFAULT 0.05, options jsonb DEFAULT '{}') RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'test_power_wrapper';
COMMENT ON FUNCTION orchard.test_power(double precision, double precision, bigint, double precision, jsonb) IS 'the probability that a test with so many rows of the control finds an effect';
CREATE FUNCTION orchard.minimum_detectable_effect(baseline double precision, rows bigint, power double precision DEFAULT 0.8,
        alpha double precision DEFAULT 0.05, options jsonb DEFAULT '{}') RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'minimum_detectable_effect_wrapper';
COMMENT ON FUNCTION orchard.minimum_detectable_effect(double precision, bigint, double precision, double precision, jsonb) IS 'the least effect that a test with so many rows of the control finds with a power; NULL where no share is enough';

CREATE FUNCTION orchard.sequential_boundaries(looks integer, alpha double precision DEFAULT 0.05,
        spending text DEFAULT 'obrien_fleming', options jsonb DEFAULT '{}')
    RETURNS TABLE (look integer, information double precision, alpha_spent double precision, boundary double precision,
        p_value double precision)
    LANGUAGE c IMMUTABLE PARALLEL UNSAFE COST 10000 ROWS 5 AS 'MODULE_PATHNAME', 'sequential_boundaries_wrapper';
COMMENT ON FUNCTION orchard.sequential_boundaries(integer, double precision, text, jsonb) IS 'the z statistic, and the p-value, at which a test stops at each of several looks, so that all looks together keep the error alpha';

CREATE FUNCTION orchard.choose(source text, arm text, reward text, options jsonb DEFAULT '{}')
    RETURNS TABLE (arm_name text, trials bigint, mean double precision, propensity double precision, chosen boolean)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 5 AS 'MODULE_PATHNAME', 'choose_wrapper';
COMMENT ON FUNCTION orchard.choose(text, text, text, jsonb) IS 'which arm (ad, subject line, offer) to show next, by Thompson sampling, UCB or epsilon-greedy, with the probability of each to be chosen';
CREATE FUNCTION orchard.choose(arms text[], propensities double precision[], key text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'choose_arm_wrapper';
COMMENT ON FUNCTION orchard.choose(text[], double precision[], text) IS 'one of some arms, each with its propensity, drawn by the hash of a key: the same key has the same arm';

CREATE FUNCTION orchard.policy_value(source text, action text, reward text, propensity text, policy text, options jsonb DEFAULT '{}')
    RETURNS TABLE (estimator text, value double precision, standard_error double precision, low double precision,
        high double precision, rows bigint, effective_rows double precision, mean_weight double precision,
        max_weight double precision, clipped_rows bigint)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 5 AS 'MODULE_PATHNAME', 'policy_value_wrapper';
COMMENT ON FUNCTION orchard.policy_value(text, text, text, text, text, jsonb) IS 'what another policy would have earned, from the log of one that drew its actions with known propensities';

------------------------------------------------------------------------------------------------------------------------
-- Value
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.lifetime_value(source text, customer text, event_time text, amount text DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (customer_name text, purchases bigint, frequency bigint, recency double precision, age double precision,
        alive double precision, churn double precision, expected_purchases double precision, mean_amount double precision,
        expected_amount double precision, value double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10000 AS 'MODULE_PATHNAME', 'lifetime_value_wrapper';
COMMENT ON FUNCTION orchard.lifetime_value(text, text, text, text, jsonb) IS 'a row a customer of a table of purchases: the probability to be still there, the purchases and the amounts to expect, and what they are worth, by the BG/NBD and gamma-gamma models';
CREATE FUNCTION orchard.lifetime_parameters(source text, customer text, event_time text, amount text DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (model text, parameter text, value double precision, standard_error double precision, customers bigint)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 8 AS 'MODULE_PATHNAME', 'lifetime_parameters_wrapper';
COMMENT ON FUNCTION orchard.lifetime_parameters(text, text, text, text, jsonb) IS 'the parameters of the models behind orchard.lifetime_value, with their standard errors';

CREATE FUNCTION orchard.lifetime_parameters(model text)
    RETURNS TABLE (model text, parameter text, value double precision, standard_error double precision, customers bigint)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 8 AS 'MODULE_PATHNAME', 'lifetime_parameters_of_wrapper';
COMMENT ON FUNCTION orchard.lifetime_parameters(text) IS 'the parameters that a model trained with algorithm bg_nbd keeps';

CREATE FUNCTION orchard.cohort_retention(source text, customer text, event_time text, options jsonb DEFAULT '{}')
    RETURNS TABLE (cohort date, period_number integer, customers bigint, active bigint, retention double precision,
        revenue double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 100 AS 'MODULE_PATHNAME', 'cohort_retention_wrapper';
COMMENT ON FUNCTION orchard.cohort_retention(text, text, text, jsonb) IS 'cohorts of customers by the period of their first purchase, and how many of them bought in each period after it';

------------------------------------------------------------------------------------------------------------------------
-- Forecast
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.forecast(source text, time_column text, value_column text, group_columns text[] DEFAULT '{}', horizon integer DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (series jsonb, forecast_time timestamp without time zone, mean double precision, low double precision, high double precision,
        method text, step integer, time_number double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000 AS 'MODULE_PATHNAME', 'forecast';
COMMENT ON FUNCTION orchard.forecast(text, text, text, text[], integer, jsonb) IS 'what to expect of the next steps of each time series of a source, with an interval that should hold the share of the option level of them; the series are told apart by the group columns';

CREATE FUNCTION orchard.forecast(model text, horizon integer DEFAULT NULL)
    RETURNS TABLE (series jsonb, forecast_time timestamp without time zone, mean double precision, low double precision, high double precision,
        method text, step integer, time_number double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 1000 AS 'MODULE_PATHNAME', 'forecast_model';
COMMENT ON FUNCTION orchard.forecast(text, integer) IS 'the forecasts that a model trained with algorithm forecast keeps: the first steps of each of its series, all that it has without a horizon';

CREATE FUNCTION orchard.evaluate_forecast(source text, time_column text, value_column text, group_columns text[] DEFAULT '{}', horizon integer DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (method text, metric text, value double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000000 ROWS 40 AS 'MODULE_PATHNAME', 'evaluate_forecast';
COMMENT ON FUNCTION orchard.evaluate_forecast(text, text, text, text[], integer, jsonb) IS 'how good forecasts of the series of a source would have been from several origins in the past, by method: errors, and the share of the values that the intervals held';

CREATE FUNCTION orchard.decompose(source text, time_column text, value_column text, group_columns text[] DEFAULT '{}', options jsonb DEFAULT '{}')
    RETURNS TABLE (series jsonb, value_time timestamp without time zone, value double precision, trend double precision, seasonal double precision,
        remainder double precision, seasons jsonb, filled boolean, time_number double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000 AS 'MODULE_PATHNAME', 'decompose';
COMMENT ON FUNCTION orchard.decompose(text, text, text, text[], jsonb) IS 'time series taken apart: what moves slowly, what comes back with each season, and the rest, which sum up to the values';

CREATE FUNCTION orchard.forecast_anomalies(source text, time_column text, value_column text, group_columns text[] DEFAULT '{}', options jsonb DEFAULT '{}')
    RETURNS TABLE (series jsonb, value_time timestamp without time zone, value double precision, expected double precision, low double precision, high double precision,
        score double precision, time_number double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 100 AS 'MODULE_PATHNAME', 'forecast_anomalies';
COMMENT ON FUNCTION orchard.forecast_anomalies(text, text, text, text[], jsonb) IS 'values of time series that were far from what a forecast of one step would have expected, with how many deviations they were off';

------------------------------------------------------------------------------------------------------------------------
-- Recommend
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.recommend(model text, user_id text DEFAULT NULL, n integer DEFAULT 10, filter text DEFAULT NULL, include_seen boolean DEFAULT false, attributes jsonb DEFAULT NULL,
        basket text[] DEFAULT NULL)
    RETURNS TABLE (rank integer, item text, score double precision, reason text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'recommend_wrapper';
COMMENT ON FUNCTION orchard.recommend(text, text, integer, text, boolean, jsonb, text[]) IS 'the items that a user likes most, or somebody who has the items of a basket, the best first, and why; without those that they have, and only those that a query names, if one is given; attributes describe a user who is not known';

CREATE FUNCTION orchard.recommend(model text, user_id anyelement, n integer DEFAULT 10, filter text DEFAULT NULL, include_seen boolean DEFAULT false, attributes jsonb DEFAULT NULL,
        basket text[] DEFAULT NULL)
    RETURNS TABLE (rank integer, item text, score double precision, reason text)
    LANGUAGE sql STABLE PARALLEL UNSAFE COST 10000 ROWS 10
    AS $$ SELECT r.rank, r.item, r.score, r.reason FROM orchard.recommend(recommend.model, recommend.user_id::pg_catalog.text, recommend.n, recommend.filter, recommend.include_seen, recommend.attributes, recommend.basket) AS r $$;
COMMENT ON FUNCTION orchard.recommend(text, anyelement, integer, text, boolean, jsonb, text[]) IS 'the same for a user by a number, a uuid or any other value that is no text';

CREATE FUNCTION orchard.recommend_all(model text, n integer DEFAULT 10, users text DEFAULT NULL, filter text DEFAULT NULL, include_seen boolean DEFAULT false)
    RETURNS TABLE (user_id text, rank integer, item text, score double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000 ROWS 10000 AS 'MODULE_PATHNAME', 'recommend_all_wrapper';
COMMENT ON FUNCTION orchard.recommend_all(text, integer, text, text, boolean) IS 'the items that each user likes most: of all users of the training, or of those that a source names';

CREATE FUNCTION orchard.similar_items(model text, item_id text, n integer DEFAULT 10)
    RETURNS TABLE (rank integer, item text, similarity double precision)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'similar_items_wrapper';
COMMENT ON FUNCTION orchard.similar_items(text, text, integer) IS 'the items most like an item, from 1 for the same users, factors or traits down to 0, or those that follow from it alone by a rule, with its confidence';

CREATE FUNCTION orchard.similar_items(model text, item_id anyelement, n integer DEFAULT 10)
    RETURNS TABLE (rank integer, item text, similarity double precision)
    LANGUAGE sql STABLE PARALLEL UNSAFE COST 10000 ROWS 10
    AS $$ SELECT s.rank, s.item, s.similarity FROM orchard.similar_items(similar_items.model, similar_items.item_id::pg_catalog.text, similar_items.n) AS s $$;
COMMENT ON FUNCTION orchard.similar_items(text, anyelement, integer) IS 'the same for an item by a number, a uuid or any other value that is no text';

------------------------------------------------------------------------------------------------------------------------
-- Keep
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.drop_model(model text, cascade boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'drop_model_wrapper';
COMMENT ON FUNCTION orchard.drop_model(text, boolean) IS 'drops a model with all its versions and its function; cascade drops the views that use it too';

CREATE FUNCTION orchard.deploy(model text, version integer) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'deploy_wrapper';
COMMENT ON FUNCTION orchard.deploy(text, integer) IS 'makes predict_<model> score with a version from the next statement on, in all sessions; gives the version that was deployed before';

CREATE FUNCTION orchard.rollback(model text) RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rollback_wrapper';
COMMENT ON FUNCTION orchard.rollback(text) IS 'takes the last deployment back, by a training or orchard.deploy, and gives the version that is deployed then; again, the one before';

CREATE FUNCTION orchard.keep_versions(model text, versions integer) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'keep_versions_wrapper';
COMMENT ON FUNCTION orchard.keep_versions(text, integer) IS 'keeps the newest versions of a model alone, now and after each training, besides the deployed one and the one before it; NULL keeps all. Gives how many were deleted now';

CREATE FUNCTION orchard.forget_categories(model text, feature text DEFAULT NULL, categories text[] DEFAULT NULL)
    RETURNS TABLE (version integer, column_name text, forgotten bigint)
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10000 ROWS 10 AS 'MODULE_PATHNAME', 'forget_categories_wrapper';
COMMENT ON FUNCTION orchard.forget_categories(text, text, text[]) IS 'takes categories of a column, or of all, out of every stored version of a model: those that are named, or all; rows with them are scored as rows with a category never seen, others as before';

CREATE FUNCTION orchard.grant(model text, role text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'grant_wrapper';
COMMENT ON FUNCTION orchard.grant(text, text) IS 'lets a role use a model: GRANT EXECUTE ON FUNCTION predict_<model>';
CREATE FUNCTION orchard.revoke(model text, role text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'revoke_wrapper';
COMMENT ON FUNCTION orchard.revoke(text, text) IS 'takes the use of a model from a role: REVOKE EXECUTE ON FUNCTION predict_<model>';

CREATE FUNCTION orchard.version() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'version_wrapper';
COMMENT ON FUNCTION orchard.version() IS 'the version of the loaded library, and the instructions that scoring uses';

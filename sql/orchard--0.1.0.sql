-- Orchard 0.1.0: the public face. Every object is named by schema, so that no search_path can stand between.
\echo Use "CREATE EXTENSION orchard" to load this file. \quit

------------------------------------------------------------------------------------------------------------------------
-- What is kept. Nobody but the owner of the extension reads or writes these tables; the views below show each role its own.
------------------------------------------------------------------------------------------------------------------------

CREATE TABLE orchard.stored_models (
    id uuid CONSTRAINT stored_models_pkey PRIMARY KEY,
    schema_name name NOT NULL,
    model_name name NOT NULL CHECK (octet_length(model_name::text) BETWEEN 1 AND 55),
    deployed uuid,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT stored_models_name_key UNIQUE (schema_name, model_name)
);
COMMENT ON TABLE orchard.stored_models IS 'models by the schema and name of their function predict_<model_name>; owner and rights are the function''s';

CREATE FUNCTION orchard.models_changed() RETURNS trigger LANGUAGE c AS 'MODULE_PATHNAME', 'models_changed';
COMMENT ON FUNCTION orchard.models_changed() IS 'tells every session to look its models up again';
REVOKE ALL ON FUNCTION orchard.models_changed() FROM PUBLIC;

CREATE TRIGGER models_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON orchard.stored_models
    FOR EACH STATEMENT EXECUTE FUNCTION orchard.models_changed();
COMMENT ON TRIGGER models_changed ON orchard.stored_models IS 'tells every session to look its models up again';

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
    CONSTRAINT stored_versions_version_key UNIQUE (model, version)
);
COMMENT ON TABLE orchard.stored_versions IS 'the trainings of each model: recipe, session settings, features and holdout metrics';

CREATE TABLE orchard.stored_chunks (
    version uuid NOT NULL,
    kind smallint NOT NULL,
    part integer NOT NULL,
    data bytea NOT NULL,
    CONSTRAINT stored_chunks_pkey PRIMARY KEY (version, kind, part)
);
ALTER TABLE orchard.stored_chunks ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE orchard.stored_chunks IS 'bytes of versions in parts of at most 1 MB: kind 1 the model, kind 2 labels and scores of the held-out rows';

SELECT pg_catalog.pg_extension_config_dump('orchard.stored_models', '');
SELECT pg_catalog.pg_extension_config_dump('orchard.stored_versions', '');
SELECT pg_catalog.pg_extension_config_dump('orchard.stored_chunks', '');

REVOKE ALL ON orchard.stored_models, orchard.stored_versions, orchard.stored_chunks FROM PUBLIC;

------------------------------------------------------------------------------------------------------------------------
-- The anchor: the function of a model
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.model_function(schema_name name, model_name name, id uuid) RETURNS oid
    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'model_function_wrapper';
COMMENT ON FUNCTION orchard.model_function(name, name, uuid) IS 'the function of a model, NULL when it is gone';

CREATE FUNCTION orchard.remaking_function() RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'remaking_function_wrapper';
COMMENT ON FUNCTION orchard.remaking_function() IS 'whether the session is just replacing the function of a model by one with other arguments';

CREATE FUNCTION orchard.forget(id uuid) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    WITH models AS (DELETE FROM orchard.stored_models AS m WHERE m.id = forget.id),
        versions AS (DELETE FROM orchard.stored_versions AS v WHERE v.model = forget.id RETURNING v.id)
    DELETE FROM orchard.stored_chunks AS c USING versions WHERE c.version = versions.id;
END;
COMMENT ON FUNCTION orchard.forget(uuid) IS 'deletes what is kept of a model; foreign keys would do it, but a parallel restore of data alone cannot keep their order';
REVOKE ALL ON FUNCTION orchard.forget(uuid) FROM PUBLIC;

CREATE FUNCTION orchard.follow_drop() RETURNS event_trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass('orchard.stored_models') IS NULL OR orchard.remaking_function() THEN
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

CREATE FUNCTION orchard.follow_alter() RETURNS event_trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moved record;
BEGIN
    FOR moved IN
        SELECT m.id, n.nspname, p.proname
        FROM pg_event_trigger_ddl_commands() AS c
        JOIN pg_proc AS p ON c.classid = 'pg_proc'::regclass AND p.oid = c.objid
            OR c.classid = 'pg_namespace'::regclass AND p.pronamespace = c.objid
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        JOIN orchard.stored_models AS m ON m.id =
            substring(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) FROM 'orchard\.score_\w+\(''([0-9a-f-]{36})''::(?:pg_catalog\.)?uuid')::uuid
        WHERE (n.nspname, p.proname) IS DISTINCT FROM (m.schema_name, ('predict_' || m.model_name)::name)
            AND orchard.model_function(m.schema_name, m.model_name, m.id) IS NULL
    LOOP
        IF NOT starts_with(moved.proname, 'predict_') OR moved.proname = 'predict_' THEN
            RAISE EXCEPTION 'the function of a model must have a name that begins with predict_'
                USING ERRCODE = 'invalid_function_definition',
                    HINT = format('Choose a name such as predict_%s; the model is renamed with it.', moved.proname);
        END IF;
        UPDATE orchard.stored_models SET schema_name = moved.nspname, model_name = substr(moved.proname, 9)
        WHERE id = moved.id;
    END LOOP;
END
$$;
COMMENT ON FUNCTION orchard.follow_alter() IS 'renames a model, or moves it to another schema, with its function';

REVOKE ALL ON FUNCTION orchard.follow_drop(), orchard.follow_alter() FROM PUBLIC;

CREATE EVENT TRIGGER orchard_follow_drop ON sql_drop EXECUTE FUNCTION orchard.follow_drop();
COMMENT ON EVENT TRIGGER orchard_follow_drop IS 'drops a model with its function';
CREATE EVENT TRIGGER orchard_follow_alter ON ddl_command_end
    WHEN TAG IN ('ALTER FUNCTION', 'ALTER ROUTINE', 'ALTER SCHEMA') EXECUTE FUNCTION orchard.follow_alter();
COMMENT ON EVENT TRIGGER orchard_follow_alter IS 'renames a model with its function';

------------------------------------------------------------------------------------------------------------------------
-- What I may see
------------------------------------------------------------------------------------------------------------------------

CREATE VIEW orchard.model_versions WITH (security_barrier) AS
SELECT m.model_name::text AS model, v.version, v.algorithm, v.task, pg_catalog.pg_get_userbyid(p.proowner)::text AS owner,
    v.target, pg_catalog.jsonb_array_length(v.features) AS features, v.rows, v.metric, v.score, v.created_at,
    m.schema_name::text AS schema, v.id OPERATOR(pg_catalog.=) m.deployed AS deployed, v.training_rows, v.holdout_rows, v.source, v.options,
    v.search_path, v.time_zone, v.date_style, v.features AS feature_list, v.metrics, v.timings, v.bytes, v.checksum,
    v.extension_version
FROM orchard.stored_models AS m
JOIN orchard.stored_versions AS v ON v.model OPERATOR(pg_catalog.=) m.id
JOIN pg_catalog.pg_proc AS p ON p.oid OPERATOR(pg_catalog.=) orchard.model_function(m.schema_name, m.model_name, m.id)
WHERE pg_catalog.has_function_privilege(p.oid, 'EXECUTE');
COMMENT ON VIEW orchard.model_versions IS 'every version of the models that the current role may use, with the recipe of its training';

CREATE VIEW orchard.models WITH (security_barrier) AS
SELECT model, version, algorithm, task, owner, target, features, rows, metric, score, created_at, schema,
    pg_catalog.format('%I.%I', schema, 'predict_' OPERATOR(pg_catalog.||) model) AS function, bytes
FROM orchard.model_versions WHERE deployed;
COMMENT ON VIEW orchard.models IS 'the models that the current role may use, at their deployed version';

GRANT SELECT ON orchard.models, orchard.model_versions TO PUBLIC;
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

------------------------------------------------------------------------------------------------------------------------
-- Look and clean
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.diagnose(source text, target text DEFAULT NULL, options jsonb DEFAULT '{}')
    RETURNS TABLE (severity text, finding text, column_name text, detail text, fix text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10 AS 'MODULE_PATHNAME', 'diagnose_wrapper';
COMMENT ON FUNCTION orchard.diagnose(text, text, jsonb) IS 'what would make a model of a source worse or its metrics lie (leaks, duplicates, rare classes ...), worst first, with SQL that mends it';

------------------------------------------------------------------------------------------------------------------------
-- Features from events
------------------------------------------------------------------------------------------------------------------------

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

CREATE FUNCTION orchard.options(algorithm text)
    RETURNS TABLE (option text, type text, default_value jsonb, meaning text)
    LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME', 'options_wrapper';
COMMENT ON FUNCTION orchard.options(text) IS 'the options of an algorithm, or of tune, with their types, defaults and meanings';

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

CREATE FUNCTION orchard.predict(model text, "row" record) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict';
COMMENT ON FUNCTION orchard.predict(text, record) IS 'probability of the positive class, value or segment of a row, its columns matched by name';
CREATE FUNCTION orchard.predict(model text, "row" jsonb) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict';
COMMENT ON FUNCTION orchard.predict(text, jsonb) IS 'probability of the positive class, value or segment of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict(model text, "row" json) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict';
COMMENT ON FUNCTION orchard.predict(text, json) IS 'probability of the positive class, value or segment of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict(model text, "row" text) RETURNS double precision
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict';
COMMENT ON FUNCTION orchard.predict(text, text) IS 'probability of the positive class, value or segment of a JSON object written as text';

CREATE FUNCTION orchard.predict_label(model text, "row" record) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_label';
COMMENT ON FUNCTION orchard.predict_label(text, record) IS 'the most probable label of a row, its columns matched by name';
CREATE FUNCTION orchard.predict_label(model text, "row" jsonb) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_label';
COMMENT ON FUNCTION orchard.predict_label(text, jsonb) IS 'the most probable label of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_label(model text, "row" json) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_label';
COMMENT ON FUNCTION orchard.predict_label(text, json) IS 'the most probable label of a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_label(model text, "row" text) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE COST 200 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_label';
COMMENT ON FUNCTION orchard.predict_label(text, text) IS 'the most probable label of a JSON object written as text';

CREATE FUNCTION orchard.predict_proba(model text, "row" record) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_proba';
COMMENT ON FUNCTION orchard.predict_proba(text, record) IS 'the probability of each label for a row, its columns matched by name';
CREATE FUNCTION orchard.predict_proba(model text, "row" jsonb) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_proba';
COMMENT ON FUNCTION orchard.predict_proba(text, jsonb) IS 'the probability of each label for a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_proba(model text, "row" json) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_proba';
COMMENT ON FUNCTION orchard.predict_proba(text, json) IS 'the probability of each label for a JSON object, its keys matched by name';
CREATE FUNCTION orchard.predict_proba(model text, "row" text) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE COST 300 SUPPORT orchard.score_support AS 'MODULE_PATHNAME', 'predict_proba';
COMMENT ON FUNCTION orchard.predict_proba(text, text) IS 'the probability of each label for a JSON object written as text';

CREATE FUNCTION orchard.score(model text, source text, key text[] DEFAULT NULL)
    RETURNS TABLE (key jsonb, score double precision, label text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 100000 AS 'MODULE_PATHNAME', 'score';
COMMENT ON FUNCTION orchard.score(text, text, text[]) IS 'scores every row of a table, view or query: the columns that name the row, its probability, value or segment, and the most probable label';

------------------------------------------------------------------------------------------------------------------------
-- Judge
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.evaluate(model text, source text DEFAULT NULL)
    RETURNS TABLE (metric text, value double precision, note text)
    LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 12 AS 'MODULE_PATHNAME', 'evaluate_wrapper';
COMMENT ON FUNCTION orchard.evaluate(text, text) IS 'metrics of the deployed version on its held-out rows, or on the rows of a source that has the target';

------------------------------------------------------------------------------------------------------------------------
-- Keep
------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION orchard.drop_model(model text, cascade boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'drop_model_wrapper';
COMMENT ON FUNCTION orchard.drop_model(text, boolean) IS 'drops a model with all its versions and its function; cascade drops the views that use it too';

CREATE FUNCTION orchard.grant(model text, role text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'grant_wrapper';
COMMENT ON FUNCTION orchard.grant(text, text) IS 'lets a role use a model: GRANT EXECUTE ON FUNCTION predict_<model>';
CREATE FUNCTION orchard.revoke(model text, role text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'revoke_wrapper';
COMMENT ON FUNCTION orchard.revoke(text, text) IS 'takes the use of a model from a role: REVOKE EXECUTE ON FUNCTION predict_<model>';

CREATE FUNCTION orchard.version() RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'version_wrapper';
COMMENT ON FUNCTION orchard.version() IS 'the version of the loaded library, and the instructions that scoring uses';

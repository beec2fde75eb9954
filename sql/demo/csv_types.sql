-- From `raw` to `data`: a column whose every filled cell reads as a number is a number, and so on for booleans and
-- dates; anything else is text. An empty cell is NULL.
SET client_min_messages = warning;
SET datestyle = 'ISO, MDY';

-- Does the expression give a value for every row, without an error?
CREATE FUNCTION pg_temp.works(expression text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT count(%s) FROM raw', expression);
    RETURN true;
EXCEPTION WHEN data_exception THEN
    RETURN false;
END $$;

-- The expression that turns one column of `raw` into its type.
CREATE FUNCTION pg_temp.typed(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    cell text := format('nullif(btrim(%I), '''')', name);
    filled bigint; number boolean; whole boolean; truth boolean; day boolean; clock boolean; zone boolean; year_first boolean;
    order_of_parts text; expression text;
BEGIN
    EXECUTE format($q$
        SELECT count(v), bool_and(v ~* '^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?|nan)$'), bool_and(v ~ '^[+-]?\d{1,18}$'),
               bool_and(lower(v) IN ('t', 'f', 'true', 'false')),
               bool_and(v ~ '^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ].*)?$'),
               bool_or(v ~ ':'), bool_or(v ~ ':.*(Z|[+-]\d\d(:?\d\d)?)$'), bool_and(v ~ '^\d{4}')
        FROM (SELECT %s AS v FROM raw) AS cells $q$, cell)
    INTO filled, number, whole, truth, day, clock, zone, year_first;
    IF filled > 0 THEN
        IF whole THEN RETURN cell || '::bigint'; END IF;
        IF number THEN RETURN cell || '::numeric'; END IF;
        IF truth THEN RETURN cell || '::boolean'; END IF;
        IF day THEN
            -- Month or day first: whichever fits every row, the month if both do.
            FOREACH order_of_parts IN ARRAY ARRAY['\3-\1-\2', '\3-\2-\1'] LOOP
                expression := format('%s::%s',
                    CASE WHEN year_first THEN cell
                         ELSE format('regexp_replace(%s, ''^(\d+)[-/.](\d+)[-/.](\d+)'', %L)', cell, order_of_parts) END,
                    CASE WHEN zone THEN 'timestamptz' WHEN clock THEN 'timestamp' ELSE 'date' END);
                IF pg_temp.works(expression) THEN RETURN expression; END IF;
            END LOOP;
        END IF;
    END IF;
    RETURN format('nullif(%I, '''')', name);
END $$;

SELECT format('CREATE TABLE data AS SELECT %s FROM raw',
              string_agg(format('%s AS %I', pg_temp.typed(attname), attname), ', ' ORDER BY attnum))
FROM pg_attribute WHERE attrelid = 'raw'::regclass AND attnum > 0
\gexec
DROP TABLE raw;
ANALYZE data;

SELECT count(*) AS columns, (SELECT count(*) FROM data) AS rows,
       string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) AS names,
       (:'target' <> '' AND :'target' <> ALL (array_agg(attname::text)))::text AS missing
FROM pg_attribute WHERE attrelid = 'data'::regclass AND attnum > 0
\gset
\echo '    ' :rows 'rows,' :columns 'columns in table data:' :names
\if :missing
    \warn 'error: the table has no column named' :target
    -- The way to end psql with an error.
    \set VERBOSITY terse
    DO $$ BEGIN RAISE 'choose TARGET from the columns above'; END $$;
\endif

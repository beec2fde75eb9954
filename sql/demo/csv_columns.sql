-- A table `raw` of text columns, named as the header line says; odd names are kept, as quoted identifiers.
SET client_min_messages = warning;
WITH cell AS (
    -- A delimiter put before the line makes every cell start with one, an empty first cell too.
    SELECT n, coalesce(replace(found[1], '""', '"'), found[2]) AS name
    FROM regexp_matches(:'delimiter' || :'header',
                        format('[%1$s](?:\s*"((?:[^"]|"")*)"\s*|([^%1$s]*))', :'delimiter'), 'g') WITH ORDINALITY AS m (found, n)
), named AS (
    SELECT n, coalesce(nullif(left(btrim(name), 60), ''), 'column_' || n) AS name FROM cell
), numbered AS (
    SELECT n, name, row_number() OVER (PARTITION BY name ORDER BY n) AS repetition FROM named
)
SELECT format('CREATE UNLOGGED TABLE raw (%s)',
              string_agg(format('%I text', name || CASE WHEN repetition > 1 THEN '_' || repetition ELSE '' END), ', ' ORDER BY n))
FROM numbered
\gexec

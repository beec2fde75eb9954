-- orchard.diagnose: what it finds, how it is mended, what it refuses.
SET search_path = public;
SET client_min_messages = warning;
CREATE FUNCTION share(i bigint, salt bigint) RETURNS float8 LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(i, salt) & 1048575) / 1048576.0::float8;
-- Customers with everything that can be wrong.
CREATE TABLE customers AS
SELECT 1000 + i AS customer_id, round((100 * share(i, 1))::numeric, 2) AS income, floor(share(i, 2) * 60)::int + 18 AS age,
    (ARRAY['phone', 'tablet', 'desktop'])[1 + floor(share(i, 3) * 3)::int] AS device,
    'site ' || floor(power(share(i, 4), 3) * 400) AS site, '$' || floor(share(i, 5) * 900) || '.50' AS spent, 'EUR' AS currency,
    date '2026-01-01' + (i / 20)::int AS joined, point(i, i) AS place, share(i, 6) < 0.1 + 0.4 * share(i, 1) AS churned
FROM generate_series(1, 3000) AS i;
ALTER TABLE customers ADD cancellation_reason text, ADD "Fee, ""final""" float8, ADD income_eur float8;
UPDATE customers SET cancellation_reason = CASE WHEN churned AND share(customer_id, 7) < 0.6 THEN 'price' END,
    "Fee, ""final""" = CASE WHEN churned THEN 9.5 ELSE 0 END, income_eur = income * 0.9;
INSERT INTO customers SELECT * FROM customers WHERE customer_id % 100 = 0;
\x on
SELECT * FROM orchard.diagnose('customers', 'churned');
\x off
-- Without the leaks, and with less to read.
SELECT severity, finding, column_name FROM orchard.diagnose('customers', 'churned',
    '{"exclude": ["cancellation_reason", "Fee, \"final\"", "place"], "time_column": "joined"}');
SELECT severity, finding, column_name FROM orchard.diagnose('customers', 'churned', '{"features": ["age", "device", "income"]}');
SELECT severity, finding, column_name FROM orchard.diagnose('customers', 'income', '{"features": ["age", "income_eur"]}');
SELECT severity, finding, column_name FROM orchard.diagnose('customers');
-- A sum, in a query of its own.
SELECT finding, column_name, detail, fix FROM orchard.diagnose($$SELECT a, b, c, a + b AS total -- all
    FROM (SELECT floor(share(i, 1) * 50) AS a, floor(share(i, 2) * 90) AS b, share(i, 3) AS c FROM generate_series(1, 900) AS i) AS parts;$$, 'total')
WHERE severity = 'error';
-- The same whatever the order of the rows and the number of threads.
CREATE TABLE expected AS SELECT * FROM orchard.diagnose('customers', 'churned');
CREATE TABLE shuffled AS SELECT * FROM customers ORDER BY share(customer_id, 99), age;
SELECT count(*) AS other FROM (SELECT severity, finding, column_name, detail FROM expected
    EXCEPT SELECT severity, finding, column_name, detail FROM orchard.diagnose('shuffled', 'churned')) AS d;
SET orchard.threads = 1;
SELECT count(*) AS other FROM (TABLE expected EXCEPT SELECT * FROM orchard.diagnose('customers', 'churned')) AS d;
RESET orchard.threads;
-- Every fix that is there runs: as a source, or as arguments of a training; and afterwards the finding is gone.
CREATE FUNCTION mended(source text, target text) RETURNS TABLE (finding text, column_name text, gone boolean) LANGUAGE plpgsql AS $$
DECLARE
    f record;
    options jsonb;
BEGIN
    FOR f IN SELECT * FROM orchard.diagnose(source, target) AS d WHERE d.fix IS NOT NULL LOOP
        finding := f.finding;
        column_name := f.column_name;
        gone := NULL;
        IF f.fix LIKE 'SELECT %' AND f.finding = 'label_conflicts' THEN
            EXECUTE f.fix;
        ELSIF f.fix LIKE 'SELECT %' THEN
            gone := NOT EXISTS (SELECT FROM orchard.diagnose(f.fix, target) AS d
                WHERE d.finding = f.finding AND d.column_name IS NOT DISTINCT FROM f.column_name);
        ELSE
            EXECUTE format('SELECT orchard.train(''mended'', ''SELECT %s FROM customers'', %L, %s)',
                (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                 WHERE attrelid = 'customers'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'place'
                     OR attrelid = 'customers'::regclass AND f.fix LIKE '%"place"%' AND attname = 'place'), target, f.fix);
            IF f.fix LIKE 'options => %exclude%' THEN
                EXECUTE 'SELECT (' || substr(f.fix, 12) || ')::jsonb' INTO options;
                gone := NOT EXISTS (SELECT FROM orchard.diagnose(source, target, options) AS d
                    WHERE d.finding = f.finding AND d.column_name IS NOT DISTINCT FROM f.column_name);
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
SET orchard.warnings = off;
SELECT * FROM mended('customers', 'churned');
SELECT finding, column_name, detail, fix FROM orchard.diagnose($$SELECT to_char(date '2026-01-01' + i, 'DD.MM.YYYY') AS day, i % 9 AS x FROM generate_series(1, 300) AS i$$);
-- what is read but stands for nothing goes, and a value that would be lost keeps a column as it is
SELECT fix FROM orchard.diagnose($$SELECT CASE WHEN i % 20 = 0 THEN '-999' ELSE i % 30 || '.5' END AS amount, i % 9 AS x FROM generate_series(1, 300) AS i$$) WHERE finding = 'text_numbers';
SELECT count(*) FROM orchard.diagnose($$SELECT CASE WHEN i = 77 THEN 'Free' ELSE i || '.5' END AS amount, i % 9 AS x FROM generate_series(1, 3000) AS i$$) WHERE finding = 'text_numbers';
RESET orchard.warnings;
CREATE TABLE clicks AS SELECT i % 12 AS hour, CASE WHEN i % 50 > 0 THEN share(i, 1) < 0.004 + 0.001 * (i % 12) END AS clicked FROM generate_series(1, 6000) AS i;
\x on
SELECT * FROM orchard.diagnose('clicks', 'clicked');
SELECT * FROM orchard.diagnose('SELECT i % 9 AS x, CASE i WHEN 7 THEN 1e9 WHEN 8 THEN ''NaN'' ELSE i % 13 END AS y FROM generate_series(1, 1000) AS i', 'y');
\x off
-- A training warns of what is sure, says how to go on, and makes the same model.
SELECT model FROM orchard.train('fees', 'SELECT * FROM customers', 'churned', 'decision_tree', '{"exclude": ["place"]}');
SELECT model FROM orchard.train('fees', 'SELECT * FROM customers', 'churned', 'decision_tree', '{"exclude": ["place", "Fee, \"final\"", "cancellation_reason"]}');
SET orchard.warnings = off;
SELECT model FROM orchard.train('fees', 'SELECT * FROM customers', 'churned', 'decision_tree', '{"exclude": ["place"]}');
RESET orchard.warnings;
SELECT count(DISTINCT checksum) AS models FROM orchard.model_versions WHERE model = 'fees' AND version <> 2;
-- Odd sources.
SELECT severity, finding, column_name, detail FROM orchard.diagnose('SELECT 1 AS x WHERE false', 'x');
SELECT severity, finding, column_name, detail FROM orchard.diagnose('SELECT 1 AS x, true AS y', 'y');
SELECT severity, finding, column_name, detail FROM orchard.diagnose('SELECT true AS y FROM generate_series(1, 300)', 'y');
SELECT severity, finding, column_name, detail FROM orchard.diagnose('SELECT NULL::int AS x, NULL::boolean AS y FROM generate_series(1, 300)', 'y');
SELECT severity, finding, column_name, detail FROM orchard.diagnose('SELECT point(1, 2) AS p FROM generate_series(1, 300)');
SELECT severity, finding, column_name, detail FROM orchard.diagnose('SELECT ARRAY[i, i % 3] AS a, (ARRAY[''NaN'', ''Infinity'', ''-Infinity'', ''0''])[1 + i % 4]::float8 AS f, i % 2 = 0 AS y FROM generate_series(1, 300) AS i', 'y');
SELECT severity, finding, column_name, detail FROM orchard.diagnose('SELECT i % 7 AS x, ''name '' || i AS y FROM generate_series(1, 1200) AS i', 'y');
-- A handful of rows in which two columns meet, or that there are at all, is no correlation.
SELECT finding, column_name FROM orchard.diagnose('SELECT CASE WHEN i <= 30 OR i > 1000 THEN i % 17 END AS a, CASE WHEN i <= 3 OR i BETWEEN 31 AND 1000 THEN i % 17 END AS b FROM generate_series(1, 2000) AS i') WHERE finding = 'correlated_columns';
SELECT finding, column_name FROM orchard.diagnose('SELECT i AS a, 2 * i AS b FROM generate_series(1, 19) AS i') WHERE finding = 'correlated_columns';
-- Numbers whose digits would fill lines.
SELECT detail FROM orchard.diagnose('SELECT i % 10 AS a, CASE WHEN i = 7 THEN 1e300::float8 ELSE i % 13 END AS y FROM generate_series(1, 300) AS i', 'y') WHERE finding = 'target_outliers';
-- Of columns that are not read nothing is said, and every fix that is a query runs.
SELECT finding, detail, fix FROM orchard.diagnose('SELECT ''{}''::json AS j, point(1, 1) AS p FROM generate_series(1, 50)');
SELECT finding, detail, fix FROM orchard.diagnose('SELECT ''{}''::json AS j, i % 2 = 0 AS y FROM generate_series(1, 50) AS i', 'y');
SELECT finding, detail, fix FROM orchard.diagnose('SELECT ''{}''::json AS j, i % 5 AS a, i % 3 AS y FROM generate_series(1, 300) AS i', 'y');
SELECT finding, detail, fix FROM orchard.diagnose('SELECT FROM generate_series(1, 5)');
-- No fix leaves no feature.
SELECT finding, column_name, fix FROM orchard.diagnose('SELECT i % 2 AS y, i % 2 AS z, i % 7 AS a FROM generate_series(1, 500) AS i', 'y', '{"features": ["z"]}') WHERE finding = 'leak';
SELECT finding, column_name, fix FROM orchard.diagnose('SELECT i % 2 AS y, i % 2 AS z, i % 7 AS a FROM generate_series(1, 500) AS i', 'y', '{"features": ["z", "a"]}') WHERE finding = 'leak';
-- What it refuses.
CREATE FUNCTION attempt(statement text) RETURNS TABLE (code text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT '00000', 'no error', '', '';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;
\x on
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose(NULL)$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('no_such_table')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('clicks', 'no_such_column')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('customers', 'place')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('SELECT 1 AS a, 2 AS a')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('SELECT ARRAY[1] AS a, 2 AS b', 'a')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('DELETE FROM clicks')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('clicks', 'clicked', '[]')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('clicks', 'clicked', '{"max_depth": 3}')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('clicks', 'clicked', '{"sample_rows": 10}')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('clicks', 'clicked', '{"exclude": ["minute"]}')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('clicks', 'clicked', '{"positive_class": "maybe"}')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.diagnose('customers', 'churned', '{"time_column": "device"}')$$);
SET orchard.max_memory = '1MB';
SELECT code, message, hint FROM attempt($$SELECT * FROM orchard.diagnose('SELECT i, i::float8 / 7 AS x, ''text '' || i AS t FROM generate_series(1, 100000) AS i')$$);
RESET orchard.max_memory;
\x off
-- A target of dates: those without end cannot be learned.
SELECT finding, fix FROM orchard.diagnose('SELECT i AS x, CASE i % 9 WHEN 0 THEN ''infinity'' WHEN 1 THEN NULL ELSE date ''2024-01-01'' + i % 5 END AS d FROM generate_series(1, 90) AS i', 'd') WHERE finding = 'target_missing';
-- Rights are those of the caller.
CREATE ROLE diagnose_stranger;
SET ROLE diagnose_stranger;
SELECT message FROM attempt($$SELECT * FROM orchard.diagnose('clicks', 'clicked')$$);
SELECT finding FROM orchard.diagnose('SELECT 1 AS x WHERE false');
RESET ROLE;
DROP ROLE diagnose_stranger;

-- Cleaning: views of plain SQL, what they did, and what is refused.
SET TimeZone = 'UTC';
CREATE SCHEMA shop;
CREATE DOMAIN shop.code AS text;
CREATE TYPE shop.size AS ENUM ('small', 'large');
CREATE TABLE shop."Order Lines" (
    "select" int PRIMARY KEY, gone int, "Ad ""Id""" shop.code, "价格" text, size shop.size, tags text[], extra json, price numeric, at timestamptz,
    total double precision GENERATED ALWAYS AS (price * 2) STORED);
ALTER TABLE shop."Order Lines" DROP COLUMN gone;
INSERT INTO shop."Order Lines" VALUES
    (1, ' Ad-1 ', '$1,000.50', 'small', '{a}', '{"a": 1}', 10, '2024-01-31 23:30+00'),
    (2, 'ad-1', 'N/A', 'large', NULL, NULL, NULL, '2024-02-29 12:00+00'),
    (3, NULL, '$7', NULL, '{}', '[]', 'NaN', NULL),
    (4, 'x''y\z', '', 'small', '{b,c}', '1', -5.25, 'infinity');

-- odd names, domains, enums, arrays, generated and dropped columns
SELECT column_name, step, detail, changed FROM orchard.clean('shop."Order Lines"', 'shop.lines', '[
    {"step": "trim"}, {"step": "placeholders"}, {"step": "parse_number", "columns": "价格"}, {"step": "case", "columns": "Ad \"Id\""},
    {"step": "impute", "columns": "price", "strategy": "mean"}, {"step": "one_hot", "columns": "size"}, {"step": "date_parts", "columns": "at", "parts": ["month", "day", "hour"]}]');
SELECT * FROM shop.lines ORDER BY "select";
SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'lines' ORDER BY ordinal_position;

-- the query alone; comments tell what was done
SELECT orchard.clean_sql('shop."Order Lines"', '[{"step": "drop_column", "kind": "text"}, {"step": "clip", "columns": "price", "low": 0}, {"step": "log", "columns": "total"}]');

-- a query keeps its meaning whatever the search_path is when the view is used
SET search_path = shop, public;
SELECT count(*) FROM orchard.clean('SELECT "select", price FROM "Order Lines" WHERE price > 0 -- and no more', 'positive', '[{"step": "standardize", "columns": "price"}]');
SET search_path = public;
SELECT * FROM shop.positive ORDER BY 1;
RESET search_path;

-- rows
CREATE TABLE visits AS SELECT i AS visit, i % 3 AS customer, date '2024-01-01' + i AS day, CASE WHEN i = 4 THEN 'test' ELSE 'web' END AS kind, i * 10.0 AS amount FROM generate_series(1, 6) AS i;
SELECT * FROM orchard.clean('visits', 'last_visits', '[{"step": "drop_duplicates", "key": "customer", "order": "day", "keep": "last"}]');
TABLE last_visits ORDER BY 1;
SELECT * FROM orchard.clean('visits', 'real_visits', '[{"step": "drop_rows", "where": [{"column": "kind", "is": "=", "value": "test"}, {"column": "amount", "is": ">=", "value": 60}]},
    {"step": "drop_duplicates", "key": ["customer", "kind"], "order": "day"}, {"step": "drop_rows", "where": {"column": "visit", "is": "in", "value": [3]}}, {"step": "drop_column", "columns": "kind"}]');
TABLE real_visits ORDER BY 1;
SELECT column_name, step, changed FROM orchard.clean('SELECT customer, kind FROM visits', 'distinct_visits', '[{"step": "drop_duplicates"}]');
TABLE distinct_visits ORDER BY 1, 2;
SELECT column_name, changed FROM orchard.clean('SELECT amount, day FROM visits UNION ALL SELECT 10000, NULL', 'usual', '[{"step": "outliers", "columns": "amount", "action": "drop"}]');
SELECT count(*), max(amount) FROM usual;

-- new columns
SELECT count(*) FROM orchard.clean('SELECT visit, amount, day, day - 3 * visit AS before, ''A b'' AS words FROM visits', 'wide', '[
    {"step": "ratio", "numerator": "amount", "denominator": "visit", "name": "each"}, {"step": "difference", "left": "day", "right": "before"},
    {"step": "text_features", "columns": "words", "keep": false}, {"step": "bin", "columns": "amount", "bins": 3}]');
SELECT * FROM wide ORDER BY visit LIMIT 2;

-- a table, and what may be replaced
SELECT changed FROM orchard.clean('visits', 'kept', '[{"step": "clip", "columns": "amount", "high": 30}]', materialize => true);
SELECT relkind, obj_description(oid, 'pg_class') FROM pg_class WHERE relname = 'kept';
SELECT changed FROM orchard.clean('visits', 'kept', '[{"step": "clip", "columns": "amount", "high": 30}]');
SELECT changed FROM orchard.clean('visits', 'kept', '[{"step": "clip", "columns": "amount", "high": 40}]', replace => true);
SELECT relkind FROM pg_class WHERE relname = 'kept';
SELECT changed FROM orchard.clean('last_visits', 'visits', '[]', replace => true);

-- what is replaced keeps its grants and what others built on it, as long as its columns stay
CREATE ROLE clean_analyst;
SELECT count(*) FROM orchard.clean('visits', 'seen', '[{"step": "trim", "columns": "kind"}]');
SELECT count(*) FROM orchard.clean('visits', 'stored', '[]', materialize => true);
GRANT SELECT ON seen, stored TO clean_analyst;
CREATE VIEW on_seen AS SELECT visit FROM seen;
CREATE VIEW on_stored AS SELECT visit FROM stored;
SELECT count(*) FROM orchard.clean('visits', 'seen', '[{"step": "case", "columns": "kind"}, {"step": "text_features", "columns": "kind", "parts": "words"}]', replace => true);
SELECT count(*) FROM orchard.clean('SELECT * FROM visits LIMIT 2', 'stored', '[]', materialize => true, replace => true);
SELECT orchard.clean('SELECT * FROM on_stored', 'stored', '[]', materialize => true, replace => true);
SELECT orchard.clean('on_seen', 'seen', '[]', replace => true);
ALTER TABLE stored ADD PRIMARY KEY (visit);
SELECT count(*) FROM orchard.clean('SELECT * FROM visits LIMIT 1', 'stored', '[]', materialize => true, replace => true);
SELECT count(*), has_table_privilege('clean_analyst', 'seen', 'SELECT') AS may_see, has_table_privilege('clean_analyst', 'stored', 'SELECT') AS may_read FROM on_stored;
ALTER VIEW seen OWNER TO clean_analyst;
SELECT orchard.clean('visits', 'seen', '[]', replace => true);
ALTER VIEW seen OWNER TO CURRENT_USER;
SELECT attname FROM pg_attribute WHERE attrelid = 'seen'::regclass AND attnum > 0 ORDER BY attnum DESC LIMIT 1;
SELECT orchard.clean('visits', 'seen', '[{"step": "drop_column", "columns": "visit"}]', replace => true);
DROP VIEW on_seen, on_stored;
SELECT count(*) FROM orchard.clean('visits', 'seen', '[{"step": "drop_column", "columns": "visit"}]', materialize => true, replace => true);
SELECT relkind FROM pg_class WHERE oid = 'seen'::regclass;
DROP TABLE seen, stored;
DROP ROLE clean_analyst;

-- ids of more digits than a float8 has are compared by all of them, and keep their type
CREATE TABLE long_ids AS SELECT 202401010000000000 + i AS id, i AS n, (ARRAY[-999, 1, 2])[1 + i % 3]::smallint AS code, '7d444840-9dc0-11d1-b245-5ffdce74fad2'::uuid AS token FROM generate_series(1, 5) AS i;
SELECT count(*) FROM orchard.clean('long_ids', 'by_id', '[{"step": "drop_duplicates", "key": "id"}, {"step": "drop_rows", "where": {"column": "id", "is": "in", "value": ["202401010000000001"]}},
    {"step": "placeholders", "columns": ["id", "code"], "values": [-999]}, {"step": "trim"}]');
SELECT count(*), pg_typeof(min(id)) AS id, pg_typeof((array_agg(code))[1]) AS code, count(code), pg_typeof((array_agg(token))[1]) AS token FROM by_id;
DROP VIEW by_id;
-- numbers as they are: fractions, and more digits than a double precision has, also in rows that come later
CREATE TABLE exactly (id bigint, code numeric(20, 0), amount numeric(8, 2), ratio float8);
INSERT INTO exactly SELECT i, 120330000012340000 + i, CASE WHEN i % 5 = 0 THEN -99.9 ELSE i END, CASE WHEN i % 4 = 0 THEN -0.5 WHEN i = 1 THEN 'NaN' ELSE i END FROM generate_series(1, 20) AS i;
SELECT column_name, detail, changed FROM orchard.clean('exactly', 'exact_view', '[{"step": "placeholders", "columns": "amount", "values": [-99.9, 7]}, {"step": "placeholders", "columns": "ratio", "values": [-0.5]},
    {"step": "drop_duplicates", "key": ["id", "code"]}]');
SELECT count(*), count(amount), count(ratio), pg_typeof(min(amount)), pg_typeof(min(ratio)) FROM exact_view;
INSERT INTO exactly SELECT 120330000012340000 + i, i, -99.9, 1 FROM generate_series(1, 20) AS i;
SELECT count(*), count(amount) FROM exact_view;
SELECT column_name, detail, changed FROM orchard.clean('exactly', 'without_one', '[{"step": "placeholders", "columns": "id", "values": [120330000012340001]},
    {"step": "drop_rows", "where": {"column": "id", "is": "=", "value": 120330000012340002}}]');
SELECT count(*), count(id), bool_or(id = 120330000012340001) AS kept, pg_typeof(min(id)) FROM without_one;

-- a zone whose name SQL takes for an offset
SET TimeZone = 'CET';
SELECT count(*) FROM orchard.clean('SELECT now() AS at, 1 AS a', 'passed_on', '[{"step": "clip", "low": 0}]');
SELECT orchard.clean('SELECT now() AS at', 'v', '[{"step": "date_parts"}]');
RESET TimeZone;
DROP VIEW passed_on;

-- temporary tables
CREATE TEMP TABLE fleeting AS SELECT 1 AS a;
SELECT orchard.clean('fleeting', 'v', '[]');
SELECT orchard.clean('SELECT a + 1 AS b FROM fleeting', 'v', '[]');
SELECT count(*) FROM orchard.clean('fleeting', 'pg_temp.v', '[]');
SELECT count(*) FROM orchard.clean('fleeting', 'lasting', '[]', materialize => true);
SELECT a FROM lasting;
DROP TABLE lasting;
SELECT orchard.clean('visits', 'visits', '[]', replace => true);

-- little to learn from
SELECT * FROM orchard.clean('SELECT amount, kind FROM visits WHERE false', 'nothing', '[{"step": "impute"}, {"step": "standardize"}, {"step": "one_hot", "columns": "kind"},
    {"step": "winsorize"}, {"step": "bin"}, {"step": "outliers"}, {"step": "parse_number", "columns": "kind"}]');
TABLE nothing;
SELECT * FROM orchard.clean('SELECT 1 AS a, NULL::text AS b', 'one', '[{"step": "impute"}, {"step": "min_max_scale"}, {"step": "rare_levels"}, {"step": "merge_levels"}]');
TABLE one;

-- what the profile suggests: nothing where all would go, and nothing for types that are passed on
SELECT column_name, step, detail FROM orchard.clean('SELECT '' $5 '' AS a, 1 AS b', 'one_row');
-- marks of spreadsheets, by a suggestion and by name
SELECT column_name, step, detail, changed FROM orchard.clean($$SELECT * FROM (VALUES ('''01067'), ('''10001'), ('="00501"'), (NULL)) AS s(zip)$$, 'zips');
SELECT * FROM zips ORDER BY 1;
SELECT orchard.clean_sql($$SELECT * FROM (VALUES ('''a'), (' ''b')) AS s(c)$$, '[{"step": "strip_text_marks"}]');
SELECT orchard.clean_sql('SELECT 1 AS a', '[{"step": "strip_text_marks", "columns": "a"}]');
TABLE one_row;
SELECT column_name, step, detail FROM orchard.clean('SELECT (i % 3)::text::money AS m, ''$'' || i AS price, CASE i % 4 WHEN 0 THEN ''N/A'' ELSE ''yes'' END AS ok, 7 AS same FROM generate_series(1, 40) AS i', 'suggested');
SELECT * FROM suggested ORDER BY price LIMIT 2;
SELECT column_name, type_before, type_after, nulls_before, nulls_after FROM orchard.cleaning_report('SELECT ''$'' || i AS price, 7 AS same FROM generate_series(1, 40) AS i', 'suggested');

-- later rows do not make the view raise
CREATE TABLE later (v numeric, d date, t text, p text);
INSERT INTO later SELECT i, date '2024-01-01' + i, 'two words', '$' || i FROM generate_series(1, 9) AS i;
SELECT count(*) FROM orchard.clean('later', 'later_clean', '[{"step": "clip", "columns": "v", "low": 2}, {"step": "date_parts", "columns": "d"}, {"step": "text_features", "columns": "t", "parts": "words"}, {"step": "parse_number", "columns": "p"}]');
SELECT count(*) FROM orchard.clean('later', 'later_full', '[{"step": "parse_number", "columns": "p", "plain": false}]');
INSERT INTO later VALUES ('1e400', '300000-01-01', ' a  b ', '(5.00)'), ('-1e400', 'infinity', '', '1e400'), ('1e-400', NULL, E' \t ', '$.50'), ('NaN', '4713-01-01 BC', NULL, 'x');
SELECT v, d_month, d_weekday, t_words, p FROM later_clean OFFSET 9;
SELECT p FROM later_full OFFSET 9;
DROP VIEW later_full;
SELECT column_name FROM orchard.clean('SELECT repeat(''x'', 70) || i % 2 AS c FROM generate_series(1, 9) AS i', 'hot', '[{"step": "one_hot"}]');

-- what the owner of a view has set stays
SELECT count(*) FROM orchard.clean('visits', 'guarded', '[{"step": "trim"}]');
ALTER VIEW guarded SET (security_barrier = true);
SELECT count(*) FROM orchard.clean('visits', 'guarded', '[{"step": "case"}]', replace => true);
SELECT reloptions FROM pg_class WHERE oid = 'guarded'::regclass;
SELECT count(*) FROM orchard.clean('visits', 'guarded', '[{"step": "drop_column", "columns": "visit"}]', replace => true);
SELECT reloptions FROM pg_class WHERE oid = 'guarded'::regclass;
DROP VIEW guarded;
-- later texts with white space, later numbers without a percent sign
CREATE TABLE spaced (ok text, share text);
INSERT INTO spaced SELECT 'yes', '5 %' FROM generate_series(1, 5) UNION ALL SELECT 'No', '7%';
SELECT column_name, step, detail, changed FROM orchard.clean('spaced', 'spaced_clean', '[{"step": "parse_boolean", "columns": "ok"}, {"step": "parse_number", "columns": "share"}]');
INSERT INTO spaced VALUES (E'yes \t', '5'), (' no', ' 6 % ');
SELECT ok, share FROM spaced_clean OFFSET 6;
SELECT model FROM orchard.train('spaced_model', 'SELECT ok, share, i % 7 AS y FROM spaced, generate_series(1, 40) AS i', 'y', 'decision_tree', '{"task": "regression", "clean": [{"step": "parse_boolean", "columns": "ok"}]}');
SELECT orchard.cleaned_row('spaced_model', '{"ok": "yes  ", "share": "5"}');
-- what would be left empty is refused
SELECT orchard.clean('visits', 'v', '[{"step": "parse_number", "columns": "kind"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "parse_boolean", "columns": "kind"}]');
SELECT column_name, step, detail, changed FROM orchard.clean('SELECT * FROM (VALUES (''5''), (''7''), (''many'')) AS s(n)', 'counted', '[{"step": "parse_number", "columns": "n"}]');
SELECT column_name, step, changed FROM orchard.clean('SELECT ''N/A''::text AS a, 1 AS b FROM generate_series(1, 3)', 'emptied', '[{"step": "parse_number", "columns": "a"}]');
DROP VIEW emptied;
-- accents are told apart where that is asked for
SELECT detail FROM orchard.clean('SELECT * FROM (VALUES (''Müller''), (''Müller''), (''Muller''), (''MULLER'')) AS s(n)', 'accents', '[{"step": "merge_levels"}]');
SELECT detail FROM orchard.clean('SELECT * FROM (VALUES (''Müller''), (''Müller''), (''Muller''), (''MULLER'')) AS s(n)', 'no_accents', '[{"step": "merge_levels", "accents": true}]');
-- long names, all of time
SELECT count(*) FROM orchard.clean('SELECT NULL::int AS ' || repeat('n', 63), 'long_name', '[{"step": "impute", "indicator": true}]');
SELECT count(*) FROM orchard.clean('SELECT timestamp ''294276-12-31'' AS l, timestamp ''4713-01-01 BC'' AS f, timestamp ''2024-01-03'' AS n', 'all_time', '[{"step": "difference", "left": "l", "right": "f"}, {"step": "difference", "left": "n", "right": "f"}]');
SELECT l_minus_f, n_minus_f FROM all_time;
DROP VIEW spaced_clean, counted, accents, no_accents, long_name, all_time;
SELECT orchard.drop_model('spaced_model');
-- JSON that no float8 holds
SELECT orchard.clean_sql('visits', '[{"step": "clip", "low": 1e400}]');
SELECT orchard.diagnose('visits', NULL, '{"sample_rows": 1e400}');
SELECT orchard.clean_sql('visits', (repeat('[', 200) || repeat(']', 200))::jsonb);

-- what is refused
SELECT orchard.clean(NULL, 'v', '[]');
SELECT orchard.clean('visits', NULL, '[]');
SELECT orchard.clean('visits', '', '[]');
SELECT orchard.clean('visits', 'a.b.c.d', '[]');
-- moments and truth values that stand for nothing, each of its own type, and step parts that follow
SET TimeZone = 'Europe/Berlin';
CREATE TABLE ends AS SELECT i AS id, CASE WHEN i % 3 = 0 THEN date '9999-12-31' ELSE date '2024-01-01' + i END AS until,
    CASE WHEN i % 4 = 0 THEN timestamp '1970-01-01' ELSE timestamp '2024-01-01 10:00' + i * interval '1 hour' END AS seen,
    CASE WHEN i % 5 = 0 THEN timestamptz '1970-01-01 00:00+01' WHEN i % 7 = 0 THEN 'infinity' ELSE timestamptz '2024-01-01 10:00+01' + i * interval '1 day' END AS at, i % 2 = 0 AS paid
FROM generate_series(1, 60) AS i;
SELECT column_name, step, detail, changed FROM orchard.clean('ends', 'open_ends', '[{"step": "placeholders", "columns": "until", "values": ["9999-12-31"]}, {"step": "placeholders", "columns": ["seen", "at"], "values": ["1970-01-01", "1970-01-02T00:00:00"]},
    {"step": "placeholders", "kind": "boolean", "values": [true]}, {"step": "date_parts", "columns": "at", "parts": ["year", "hour"]}, {"step": "placeholders", "values": [1, "N/A"]}]');
SELECT pg_typeof(until) AS until, pg_typeof(seen) AS seen, pg_typeof(at) AS at, pg_typeof(paid) AS paid FROM open_ends LIMIT 1;
SELECT count(*), count(until) AS until, count(seen) AS seen, count(at) AS at, count(at_year) AS years, min(at_hour) AS hour, count(paid) AS paid, bool_or(paid) AS any_paid FROM open_ends;
SELECT column_name, placeholders, issue, suggestion FROM orchard.profile('SELECT until, seen, at FROM ends');
SELECT column_name, step, changed FROM orchard.clean('SELECT until, seen, at FROM ends', 'by_itself');
SELECT count(until) AS until, count(seen) AS seen, count(at) AS at FROM by_itself;
DROP VIEW open_ends, by_itself;
RESET TimeZone;
-- rows that differ beyond the digits of a float8 are counted as the view keeps them
CREATE TABLE digits AS SELECT 23850000000000000000 + i / 2 AS wide, 0.12345678901234567890 + (i / 3)::numeric / 1e20 AS fine, i % 2 AS n FROM generate_series(1, 60) AS i;
SELECT 'wide' AS key, changed, 60 - (SELECT count(DISTINCT wide) FROM digits) AS gone FROM orchard.clean('digits', 'by_wide', '[{"step": "drop_duplicates", "key": "wide"}]')
UNION ALL SELECT 'fine', changed, 60 - (SELECT count(DISTINCT fine) FROM digits) FROM orchard.clean('digits', 'by_fine', '[{"step": "drop_duplicates", "key": "fine"}]')
UNION ALL SELECT 'all', changed, 60 - (SELECT count(*) FROM (SELECT DISTINCT * FROM digits) AS d) FROM orchard.clean('digits', 'by_all', '[{"step": "drop_duplicates"}, {"step": "robust_scale", "columns": "n"}]');
SELECT (SELECT count(*) FROM by_wide) AS wide, (SELECT count(*) FROM by_fine) AS fine, (SELECT count(*) FROM by_all) AS both;
DROP VIEW by_wide, by_fine, by_all;

SELECT orchard.clean('visits', 'nowhere.v', '[]');
SELECT orchard.clean('no_table', 'v', '[]');
SELECT orchard.clean('SELECT 1 AS a; SELECT 2', 'v', '[]');
SELECT orchard.clean('SELECT 1 AS a, 2 AS a', 'v', '[]');
SELECT orchard.clean('visits', 'v', '{"step": "trim"}');
SELECT orchard.clean('visits', 'v', '["trim"]');
SELECT orchard.clean('visits', 'v', '[{"step": "wash"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "trim", "side": "left"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "trim", "columns": "Kind"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "trim", "columns": "amount"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "trim", "kind": "number"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "clip", "columns": "amount", "low": 5, "high": 5}]');
SELECT orchard.clean('visits', 'v', '[{"step": "impute", "strategy": "constant"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "impute", "columns": "kind", "strategy": "mean"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "impute", "columns": "amount", "by": "day"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "bin", "edges": [3, 2]}]');
SELECT orchard.clean('visits', 'v', '[{"step": "map_values", "columns": "amount", "values": {"a": 1}}]');
SELECT orchard.clean('visits', 'v', '[{"step": "target_encode", "columns": "kind"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "frequency_encode", "columns": "amount"}, {"step": "frequency_encode", "columns": "day"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "ratio", "numerator": "amount", "denominator": "day"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "difference", "left": "amount", "right": "visit", "name": "day"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "drop_duplicates"}, {"step": "drop_duplicates"}]');
SELECT orchard.clean('shop."Order Lines"', 'v', '[{"step": "drop_duplicates"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "drop_duplicates", "key": "visit", "order": "kind"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "drop_duplicates", "key": "visit", "keep": "last"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "mask_personal", "columns": "kind", "method": "redact_all", "salt": "x"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "placeholders", "columns": "amount"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "placeholders", "columns": "amount", "values": ["N/A"]}]');
SELECT orchard.clean('visits', 'v', '[{"step": "placeholders", "kind": "date", "values": [-999, "31.12.9999"]}]');
SELECT orchard.clean('SELECT true AS b', 'v', '[{"step": "placeholders", "columns": "b", "values": [-999]}]');
SELECT orchard.clean('SELECT now()::timestamp AS t', 'v', '[{"step": "placeholders", "columns": "t", "values": [0]}]');
SELECT orchard.clean('visits', 'v', '[{"step": "drop_rows", "where": {"column": "kind", "is": "<", "value": 3}}]');
SELECT orchard.clean('visits', 'v', '[{"step": "drop_rows", "where": {"column": "kind", "is": "like", "value": "a"}}]');
SELECT orchard.clean('visits', 'v', '[{"step": "drop_rows", "where": {"column": "kind", "is": "<", "value": "a"}}]');
SELECT orchard.clean('visits', 'v', '[{"step": "drop_rows", "where": {"column": "day", "is": "<", "value": "01/02/2024"}}]');
SELECT orchard.clean('visits', 'v', '[{"step": "drop_rows", "where": {"column": "amount", "is": "in", "value": ["a"]}}]');
SELECT orchard.clean('visits', 'v', '[{"step": "parse_boolean", "columns": "kind", "true": "x", "false": ["y", "X"]}]');
SELECT orchard.clean('visits', 'v', '[{"step": "ordinal", "columns": "kind", "order": ["a", "a"]}]');
SELECT orchard.clean('visits', 'v', '[{"step": "date_parts", "columns": "day", "parts": "hour"}]');
SELECT orchard.clean_sql('SELECT day, visit FROM visits', '[{"step": "drop_rows", "where": {"column": "day", "is": "<", "value": "2024-02-01"}}]');
SELECT orchard.clean('SELECT kind FROM visits', 'v', '[{"step": "drop_column", "columns": "kind"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "parse_timestamp", "columns": "kind"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "parse_timestamp", "columns": "kind", "format": "QQ"}]');
SELECT orchard.clean('visits', 'v', '[{"step": "map_values", "columns": "kind", "values": {"web": 1}, "other_to_null": false}]');
SELECT orchard.clean('SELECT ''level '' || i AS level FROM generate_series(1, 2001) AS i', 'v', '[{"step": "merge_levels", "columns": "level", "max_distance": 1}]');
SELECT orchard.clean('SELECT 20240131 AS day', 'v', '[{"step": "parse_timestamp", "columns": "day"}]');
SELECT orchard.clean('SELECT 20240131 AS day', 'v', '[{"step": "parse_timestamp", "columns": "day", "format": "DDMMYYYY"}]');
SELECT orchard.clean('SELECT 20241399 AS day', 'v', '[{"step": "parse_timestamp", "columns": "day", "format": "YYYYMMDD"}]');
SELECT orchard.change_case('a', 'title');
BEGIN READ ONLY;
SELECT orchard.clean_sql('SELECT visit FROM visits', '[]');
SELECT orchard.clean('visits', 'v', '[]');
ROLLBACK;
CREATE ROLE clean_reader;
GRANT USAGE ON SCHEMA shop TO clean_reader;
SET ROLE clean_reader;
SELECT orchard.clean('visits', 'shop.v', '[]');
SELECT orchard.clean('SELECT 1 AS a', 'shop.v', '[]');
RESET ROLE;

-- where there are too many spellings to compare, those that differ by case are merged all the same
SELECT detail, changed FROM orchard.clean('SELECT (CASE WHEN i = 1 THEN ''LEVEL '' ELSE ''level '' END) || (i + 1) / 2 AS level FROM generate_series(1, 4100) AS i', 'many_levels', '[{"step": "merge_levels"}]');

-- days, months and moments that are kept as whole numbers; what is none is NULL
CREATE TABLE warehouse (row_id int, day int, month int, loaded bigint, created_at bigint, seen_at bigint, share float8);
INSERT INTO warehouse VALUES (1, 20240131, 202401, 20240131102030, 1704277230, 1704277230500, 20240131), (2, 20240229, 202412, 20240229235959, 1704363630, 1704363630250, 20240131.5),
    (3, 0, NULL, 20240301000000, 1704450030, 1704450030125, 'NaN'), (4, 99991231, 202313, 20241301000000, 1e16::bigint, -1, 'Infinity');
SELECT column_name, detail, changed FROM orchard.clean('warehouse', 'warehouse_clean', '[{"step": "parse_timestamp", "columns": ["day", "share"], "format": "YYYYMMDD"}, {"step": "parse_timestamp", "columns": "month", "format": "YYYYMM", "type": "timestamp"},
    {"step": "parse_timestamp", "columns": "loaded", "format": "YYYYMMDDHH24MISS"}, {"step": "parse_timestamp", "columns": "created_at", "format": "EPOCH"}, {"step": "parse_timestamp", "columns": "seen_at", "format": "EPOCH_MS"}]');
SELECT * FROM warehouse_clean ORDER BY row_id;
SELECT column_name, role, issue, suggestion FROM orchard.profile('SELECT day, loaded, created_at, seen_at FROM warehouse WHERE row_id < 4');
SELECT column_name, step, detail, changed FROM orchard.clean('SELECT row_id, day, loaded, created_at, seen_at FROM warehouse WHERE row_id < 4', 'warehouse_auto') ORDER BY 1, 2;
SELECT * FROM warehouse_auto ORDER BY row_id;
SELECT orchard.clean_sql('SELECT day FROM warehouse', '[{"step": "parse_timestamp", "columns": "day", "format": "YYYYMMDD"}]');

DROP VIEW warehouse_clean, warehouse_auto;

-- any role may read the view, and it needs the extension no more
GRANT SELECT ON shop.lines TO clean_reader;
SET ROLE clean_reader;
SELECT count(*) FROM shop.lines;
RESET ROLE;
SELECT count(*) FROM orchard.clean('shop."Order Lines"', 'shop.plain', '[{"step": "trim"}, {"step": "placeholders"}, {"step": "parse_number", "columns": "价格"}, {"step": "parse_boolean", "columns": "size", "true": "small", "false": "large"},
    {"step": "merge_levels"}, {"step": "target_encode", "columns": "Ad \"Id\"", "target": "price", "key": "select"}, {"step": "rare_levels"}, {"step": "date_parts"}, {"step": "robust_scale"}]');
DROP EXTENSION orchard;
SELECT count(*), sum("价格") FROM shop.plain;
DROP OWNED BY clean_reader;
DROP ROLE clean_reader;

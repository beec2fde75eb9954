-- orchard.profile and orchard.profile_report.
\pset null '(null)'
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN price AS numeric(8, 2);
CREATE TABLE messy AS
SELECT i AS id, (ARRAY['$1,234.50', '$70.00', '$5.25', 'N/A'])[i % 4 + 1] AS revenue, (ARRAY['t', 'f', ''])[i % 3 + 1] AS active,
    (ARRAY['USA', 'usa ', 'Germany', 'unknown'])[i % 4 + 1] AS country, to_char(date '2024-01-01' + i % 60, 'DD.MM.YYYY') AS since,
    'user' || i || '@example.com' AS email, 'the same' AS source, NULL::text AS nothing, CASE WHEN i % 10 = 0 THEN 999 ELSE i % 28 END AS days,
    'Review ' || i || ': the room was lovely and the breakfast better than at home' AS review, i % 97 * 1.5 AS amount, i % 2 AS flag
FROM generate_series(1, 200) AS i;
SELECT column_name, data_type, role, rows, nulls, distinct_values, minimum, maximum FROM orchard.profile('messy');
SELECT column_name, issue FROM orchard.profile('messy') WHERE issue IS NOT NULL;
SELECT column_name, suggestion FROM orchard.profile('messy') WHERE suggestion IS NOT NULL;
SELECT column_name, mean, round(stddev::numeric, 4) AS stddev, round(skewness::numeric, 4) AS skewness, quantiles, outliers FROM orchard.profile('messy') WHERE mean IS NOT NULL;
SELECT column_name, blanks, placeholders, average_length, exact FROM orchard.profile('messy') WHERE average_length IS NOT NULL;
SELECT column_name, top_values -> 0 AS first, jsonb_array_length(top_values) AS shown FROM orchard.profile('messy');

-- numbers are those of SQL
SELECT p.mean = a.mean AS mean, abs(p.stddev - a.stddev) < 1e-9 AS stddev, p.quantiles -> 'p50' = to_jsonb(a.median) AS median
FROM orchard.profile('messy') AS p, (SELECT avg(amount)::float8 AS mean, stddev(amount)::float8 AS stddev, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median FROM messy) AS a
WHERE column_name = 'amount';

-- every type
CREATE TABLE types (a boolean, b smallint, c bigint, d numeric, e real, f date, g timestamp, h timestamptz, i interval, j uuid, k mood, l price, m char(4),
    n json, o jsonb, p bytea, q int[], r text[], s point, t inet, u money, v time, w int4range, x "char", y name, z bit(3));
INSERT INTO types VALUES
    (true, 1, 9007199254740993, 1.50, 0.1, '2024-01-02', '2024-01-02 03:04:05.678901', '2024-01-02 03:04:05+00', '40 days 2 hours', 'c0ffee00-0000-0000-0000-000000000001', 'ok', 2.50, 'ab',
     '{}', '{}', '\x00', '{1,2}', '{a}', '(1,2)', '10.0.0.1', '12.50', '10:00', '[1,2)', 'q', 'n', B'101'),
    (false, 2, 9007199254740992, 123456789012345678901234567890.5, 'NaN', 'infinity', '-infinity', '2031-05-06 07:08:09+02', '1 second', 'c0ffee00-0000-0000-0000-000000000002', 'happy', 3.75, 'cd',
     '[]', '[]', '\x01', '{}', '{}', '(3,4)', '10.0.0.2', '13.75', '11:00', '[3,4)', 'r', 'o', B'111');
INSERT INTO types DEFAULT VALUES;
SELECT column_name, data_type, role, nulls, distinct_values, minimum, maximum, quantiles -> 'p50' AS p50, top_values FROM orchard.profile('types');
SELECT count(*), min(role) FROM orchard.profile('SELECT NULL::json AS a, NULL::jsonb AS b FROM generate_series(1, 3)') WHERE role = 'empty';

-- any source: names, duplicates, no rows, no columns, a view, VALUES
SELECT column_name, role, rows FROM orchard.profile('SELECT 1 AS "Ad Id", 2 AS "Ad Id", 3, ''x'' AS "täglich ""q""", 4 AS "select"');
SELECT suggestion FROM orchard.profile('SELECT ''1.5'' AS "a ""b"" 跑鞋" FROM generate_series(1, 3) UNION ALL SELECT ''2.5''') ;
SELECT column_name, role, rows, distinct_values, minimum, mean, quantiles, top_values, issue, suggestion FROM orchard.profile('SELECT * FROM messy WHERE false') LIMIT 3;
SELECT count(*) FROM orchard.profile('SELECT FROM messy');
SELECT column_name, rows FROM orchard.profile('VALUES (1, ''a''), (2, ''b'')');
CREATE VIEW v AS SELECT amount FROM messy;
SELECT column_name, rows FROM orchard.profile('v');
SELECT data_type, role FROM orchard.profile('SELECT i::text AS a FROM generate_series(1, 30) AS i') ;

-- beyond the values that fit
SELECT role, distinct_values BETWEEN 97000 AND 100000 AS distinct, minimum, maximum, exact, top_values FROM orchard.profile('SELECT md5(i::text) AS text FROM generate_series(1, 100000) AS i');
SELECT role, mean, minimum, maximum, exact, suggestion FROM orchard.profile('SELECT ''€ '' || i AS price FROM generate_series(1, 50000) AS i');
SELECT role, mean, minimum, maximum, (quantiles ->> 'p50')::float8 BETWEEN 49500 AND 50500 AS median FROM orchard.profile('SELECT i + 0.5::float8 AS number FROM generate_series(0, 99999) AS i');
SELECT count(*), sum(rows), max(distinct_values) BETWEEN 2800 AND 3000 FROM orchard.profile((SELECT 'SELECT ' || string_agg('i * ' || j || ' AS c' || j, ', ') || ' FROM generate_series(1, 3000) AS i' FROM generate_series(1, 1600) AS j));
-- long texts
SELECT role, length(minimum) AS minimum, length(top_values -> 0 ->> 'value') AS shown, top_values -> 0 -> 'cut' AS cut FROM orchard.profile('SELECT repeat(''wörd '', 10000) || i % 2 AS text FROM generate_series(1, 6) AS i');

-- only read, with the caller's rights
CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO messy (id) VALUES (0); RETURN 1; END $$;
SELECT * FROM orchard.profile('SELECT writes()');
CREATE ROLE orchard_looker;
SET ROLE orchard_looker;
SELECT * FROM orchard.profile('messy');
SELECT column_name, role FROM orchard.profile('SELECT 1 AS a');
RESET ROLE;
BEGIN READ ONLY;
SELECT column_name FROM orchard.profile('v');
COMMIT;
-- errors
SELECT * FROM orchard.profile(NULL);
SELECT * FROM orchard.profile('');
SELECT * FROM orchard.profile('no_such_table');
SELECT * FROM orchard.profile('DELETE FROM messy');
SELECT * FROM orchard.profile('SELECT 1 / (i - 500) FROM generate_series(1, 1000) AS i');
SELECT * FROM orchard.profile_report(NULL);
SET orchard.max_memory = '1MB';
SELECT count(*) FROM orchard.profile('messy');
SELECT * FROM orchard.profile((SELECT 'SELECT ' || string_agg('1', ', ') FROM generate_series(1, 1600)));
RESET orchard.max_memory;
SET statement_timeout = 200;
SELECT * FROM orchard.profile('SELECT i::text FROM generate_series(1, 1000000000) AS i');
RESET statement_timeout;
-- within another query, and after an error
SELECT s.name, p.column_name FROM (VALUES ('v'), ('types')) AS s(name), orchard.profile(s.name) AS p WHERE p.role = 'number';

-- numerics that no float tells apart
SELECT column_name, role, distinct_values, exact, minimum, maximum, mean, top_values->0 AS top, issue, suggestion FROM orchard.profile('SELECT 23850000000000000::numeric + i AS ad, 23850000000000000000::numeric + (i * 7) % 100 AS campaign, 12345678901234567.25 + i % 2 AS cost FROM generate_series(1, 100) AS i');
SELECT role, distinct_values, right(minimum, 3) AS minimum, maximum, mean, top_values->0->>'rows' AS top, issue FROM orchard.profile('SELECT unnest(ARRAY[repeat(''1'', 400)::numeric, repeat(''1'', 400)::numeric, repeat(''1'', 399)::numeric * 10, ''Infinity'', ''NaN''])');
-- the ends of time
SELECT column_name, minimum, maximum, quantiles->'p50' AS median, top_values->0->'value' AS top FROM orchard.profile('SELECT timestamp ''294276-12-31 23:59:59.999999'' AS last, timestamp ''4714-11-24 00:00:00 BC'' AS first, date ''5874897-12-31'' AS day');

-- what cannot be known is said and not suggested
CREATE FUNCTION said(query text) RETURNS TABLE (issue text, suggestion jsonb) LANGUAGE sql AS $$ SELECT issue, suggestion FROM orchard.profile(query) $$;
SELECT * FROM said($$VALUES ('1.200 €'), ('1.200 €'), ('950 €'), ('80 €')$$);
SELECT * FROM said($$VALUES ('52,520'), ('48,137')$$);
SELECT * FROM said($$VALUES ('1,80 m'), ('1,75 m'), ('1,69 m')$$);
SELECT * FROM said($$VALUES ('(12)'), ('(1,234)'), ('(5)')$$);
SELECT * FROM said($$VALUES ('24/01/15'), ('24/02/20'), ('24/03/05')$$);
SELECT * FROM said($$VALUES ('05/03/45'), ('31/12/52'), ('25/07/68')$$);
SELECT * FROM said($$VALUES ('2008/09'), ('2009/10'), ('2010/11')$$);
SELECT * FROM said($$VALUES ('1445/06/23'), ('1445/07/01')$$);
SELECT * FROM said($$SELECT CASE WHEN i = 1 THEN '007' ELSE (1000 + i)::text END FROM generate_series(1, 200) AS i, generate_series(1, 2)$$);
SELECT * FROM said($$SELECT d FROM (VALUES ('01/02/2024', 96), ('03/04/2024', 96), ('13/02/2024', 1), ('02/13/2024', 1), ('02/14/2024', 1)) AS s(d, n), generate_series(1, n)$$);
SELECT * FROM said($$SELECT d FROM (VALUES ('2024-01-03', 97), ('2024-01-05 10:20:30', 3)) AS s(d, n), generate_series(1, n)$$);
SELECT * FROM said($$VALUES ('1½ l'), ('10³'), ('ａbc')$$);
SELECT * FROM said($$VALUES ('Müller'), ('Muller'), ('Red'), ('RED')$$);
SELECT * FROM said($$VALUES ('Kim'), ('Na'), ('Lee')$$);
-- words that are an answer, a state or a company's
SELECT * FROM said($$VALUES ('B.V.'), ('N.V.'), ('GmbH')$$);
SELECT * FROM said($$VALUES ('Missing'), ('Delivered'), ('Lost')$$);
SELECT * FROM said($$VALUES ('Yes'), ('No'), ('Not applicable')$$);
-- what no step may lose
SELECT * FROM said($$SELECT v FROM (VALUES ('< 10%', 1), ('12.5%', 30), ('33%', 30)) AS s(v, n), generate_series(1, n)$$);
SELECT * FROM said($$SELECT v FROM (VALUES ('Ongoing', 1), ('2024-01-05', 30), ('2024-02-06', 30)) AS s(v, n), generate_series(1, n)$$);
SELECT * FROM said($$VALUES ('10+'), ('1'), ('2'), ('3')$$);
SELECT * FROM said($$SELECT CASE i WHEN 39999 THEN 'Free' ELSE i || '.5' END FROM generate_series(1, 40000) AS i$$);
-- marks, lists, groups, thousands beside cents
SELECT * FROM said($$VALUES ('4-'), ('3'), ('2-'), ('1')$$);
SELECT * FROM said($$VALUES ('(5)'), ('7'), ('(3)')$$);
SELECT * FROM said($$VALUES ('1,2'), ('1'), ('2'), ('1,3'), ('3')$$);
SELECT * FROM said($$VALUES ('101,205'), ('309'), ('412,500')$$);
SELECT * FROM said($$VALUES ('€ 1.200'), ('€ 5.50')$$);
SELECT * FROM said($$VALUES ('1,200'), ('1200'), ('850')$$);
-- versions and times
SELECT * FROM said($$VALUES ('1.1'), ('1.10'), ('1.2')$$);
SELECT * FROM said($$VALUES ('1.9'), ('1.10'), ('2.3')$$);
SELECT * FROM said($$VALUES ('9.10'), ('9.35'), ('10.05'), ('18.45'), ('12.00')$$);
-- digits of calendars and orders
SELECT * FROM said($$VALUES ('20240115001'), ('20240115002'), ('20240116001')$$);
SELECT * FROM said($$SELECT v AS "Order No" FROM (VALUES ('20240115'), ('20240116'), ('20240203')) AS s(v)$$);
SELECT * FROM said($$VALUES ('202401'), ('202402'), ('202312')$$);
SELECT * FROM said($$VALUES ('202401'), ('202452'), ('202312')$$);
SELECT * FROM said($$SELECT v AS candidate_id FROM (VALUES ('1700000001'), ('1700000099'), ('1700200000')) AS s(v)$$);
SELECT * FROM said($$SELECT v AS "lastSeenAt" FROM (VALUES ('0'), ('1700000099'), ('1700200000')) AS s(v)$$);
-- calendars, zones, durations, units
SELECT * FROM said($$VALUES ('2081-01-15'), ('2080-11-02')$$);
SELECT issue FROM said($$VALUES (date '2567-01-15'), (date '2566-11-02')$$);
SELECT * FROM said($$VALUES ('2024-01-15 10:00:00 PST'), ('2024-07-15 10:00:00 PDT')$$);
SELECT * FROM said($$VALUES ('1:30:00'), ('0:45:10')$$);
SELECT * FROM said($$VALUES ('1.5 kg'), ('750 g')$$);
SELECT * FROM said($$VALUES ('MBps'), ('Mbps'), ('MBps')$$);
-- who did something, days without a year, dates beside words
SELECT * FROM said($$SELECT v AS "updatedBy" FROM (VALUES ('1700000001'), ('1700000099'), ('1700200000')) AS s(v)$$);
SELECT * FROM said($$SELECT v AS "Geburtstag" FROM (VALUES ('13.10'), ('07.03'), ('24.12')) AS s(v)$$);
SELECT role, issue, suggestion FROM orchard.profile($$SELECT CASE WHEN i % 10 = 0 THEN 'Never' ELSE to_char(date '2024-01-01' + i, 'DD.MM.YYYY') END AS seen FROM generate_series(1, 50) AS i$$);
-- numbers with words behind, zeros of book-keeping, words for nothing
SELECT * FROM said($$VALUES ('1,234 sqft'), ('980 sqft'), ('2,050 sqft')$$);
SELECT * FROM said($$VALUES (' - '), ('1250.50'), ('12.99')$$);
SELECT * FROM said($$VALUES ('Onbekend'), ('rood'), ('rood'), ('blauw'), ('blauw')$$);
-- what is clear is mended
SELECT * FROM said($$VALUES ('3. 6. 2022'), ('15. 12. 2024')$$);
SELECT * FROM said($$VALUES ('15 janv. 2024'), ('3 févr. 2024'), ('1 mars 2024')$$);
SELECT * FROM said($$VALUES ('15 de enero de 2024'), ('3 de mayo de 2024')$$);
SELECT * FROM said($$VALUES ('2024. 1. 15'), ('2024. 12. 3')$$);
SELECT * FROM said($$VALUES ('''10001'), ('''02134')$$);
SELECT * FROM said($$VALUES (U&'caf\00e9'), (U&'cafe\0301'), ('tea')$$);
SELECT role, issue FROM orchard.profile($$SELECT i * i * 7 + 13 AS number, (i * i * 7 + 13)::text AS text, (i * i * 7 + 13)::text AS revenue FROM generate_series(1, 40) AS i$$);
SELECT issue LIKE '%about % rows (_____%) have a percent sign%' AS about, suggestion FROM said($$SELECT CASE WHEN i % 2 = 0 THEN i || '%' ELSE i || '' END FROM generate_series(1, 100000) AS i$$);
-- clean without steps, a model that cleans by itself and the fixes of a diagnosis follow it
CREATE TABLE doubtful AS SELECT (ARRAY['1.200 €', '950 €', '80 €'])[1 + i % 3] AS price, (ARRAY['05/03/45', '31/12/52', '25/07/68'])[1 + i % 3] AS born, i % 2 = 0 AS y FROM generate_series(1, 300) AS i;
SELECT column_name, step FROM orchard.clean('doubtful', 'doubtful_clean');
SELECT column_name, finding, fix FROM orchard.diagnose('doubtful', 'y') WHERE finding LIKE 'text%';
SELECT model FROM orchard.train('doubtful_model', 'doubtful', 'y', 'decision_tree', '{"clean": "auto"}');
SELECT orchard.cleaned_row('doubtful_model', d) FROM doubtful AS d LIMIT 1;

-- the page
SELECT html LIKE '<!DOCTYPE html>%</html>%' AS whole, html LIKE '%<script%' AS scripts, html LIKE '%http%' AS links, (length(html) - length(replace(html, '<article', ''))) / 8 AS cards,
    position('>revenue<' IN html) < position('>amount<' IN html) AS worst_first
FROM orchard.profile_report('messy') AS html;
SELECT html LIKE '%&lt;script&gt;%' AS escaped, html LIKE '%<script>%' AS raw FROM orchard.profile_report('SELECT ''<script>'' AS "<script>" FROM generate_series(1, 3)') AS html;
SELECT orchard.profile_report('SELECT FROM messy') LIKE '%<dd>0</dd>%' AS empty;

-- not UTF8
CREATE DATABASE orchard_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c orchard_latin1
SET client_encoding = 'UTF8';
CREATE EXTENSION orchard;
SELECT * FROM orchard.profile('SELECT 1');
SELECT orchard.top_values(v), orchard.approx_distinct(v) FROM (VALUES ('é'), ('é'), ('e')) AS s(v);
CREATE TABLE words AS SELECT CASE i % 3 WHEN 0 THEN 'kä' ELSE 'k' END AS word, i % 3 = 0 AS y FROM generate_series(1, 300) AS i;
SELECT model FROM orchard.train('words', 'words', 'y', 'decision_tree');
SELECT * FROM orchard.diagnose('words', 'y');
SELECT model, score FROM orchard.train('words', 'SELECT left(word, 1) AS letter, length(word) AS letters, y FROM words', 'y', 'decision_tree');
EXPLAIN (COSTS OFF) SELECT orchard.predict('wörter', words) FROM words;
SELECT orchard.predict('wörter', words) FROM words;
CREATE TYPE word AS ENUM ('kä', 'kö');
SELECT * FROM orchard.diagnose('SELECT (enum_range(NULL::word))[1 + i % 2] AS word FROM generate_series(1, 300) AS i');
CREATE TABLE sizes ("größe" int);
SELECT * FROM orchard.diagnose('sizes');
\c test_profile
DROP DATABASE orchard_latin1;

-- money, barcodes, days written as numbers, clocks of a zone
SELECT column_name, data_type, role, issue, suggestion FROM orchard.profile('SELECT (i * 1.37)::numeric::money AS price, 4006381333900 + (ARRAY[31, 48, 55, 62, 79])[1 + i % 5] AS article, to_char(date ''2024-01-01'' + i, ''YYYYMMDD'')::int AS day,
    to_char(timestamp ''2024-01-01 01:02:03'' + i * interval ''7 hours'', ''YYYYMMDDHH24MISS'')::int8 AS moment, 45292 + i % 17 AS order_date, CASE WHEN i % 4 = 0 THEN timestamptz ''1970-01-01 00:00+00'' ELSE timestamptz ''2024-01-01 10:00+01'' + i * interval ''1 day'' END AS seen FROM generate_series(1, 60) AS i');

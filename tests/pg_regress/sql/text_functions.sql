-- The text functions: what they read, that nothing makes them fail, and what their strict twins say.
\pset null '(null)'
SET DateStyle = 'ISO';

-- Numbers
SELECT value, orchard.parse_number(value)
FROM unnest(ARRAY['$1,234.50', '1.234,50 €', '1 234,5', '1''234.5', '₹12,34,567', '12 %', '(1,234.50)', '1,234-', '−5', '$1.2M', '3 bn', '1e3',
    '１２３', '1,234', '1.234', '1,23', '-0', '', 'N/A', 'inf', 'NaN', '1e400', '12 kg', '2024-01-05', NULL]) AS value;
SELECT value, orchard.parse_number(value, '.') AS point, orchard.parse_number(value, ',') AS comma, orchard.parse_number(value, NULL) AS detected
FROM unnest(ARRAY['1,234', '1.234', '1,5', '1.234,5', NULL]) AS value;
SELECT orchard.parse_number(value => '5', "decimal" => ','), orchard.parse_number(NULL), orchard.parse_number(NULL, '.');
SELECT orchard.parse_number('5', ';');
SELECT orchard.parse_number_strict('$5'), orchard.parse_number_strict(NULL), orchard.parse_number_strict('1,5', ',');
SELECT orchard.parse_number_strict('five');
\echo :LAST_ERROR_SQLSTATE
SELECT orchard.parse_number_strict('1,5', '.');
SELECT orchard.parse_number_strict('1.5', ',');
SELECT orchard.parse_number_strict(repeat('ä', 100));

SELECT value, orchard.parse_number(value)
FROM unnest(ARRAY['17:-', '1 299:-', '%54,2', '₹2.5 Cr', '₹80 Lakh', 'Rs. 3 L', '500.00 Cr', '2 L', '١٢٣', '१२३', '%5%', '17:']) AS value;

-- Truth values
SELECT value, orchard.parse_boolean(value)
FROM unnest(ARRAY['t', 'TRUE', ' yes ', 'Y', 'on', '1', 'Ja', 'oui', 'sí', '✓', '是', 'f', 'No', 'nein', '✗', '否', '0', 'maybe', '2', '', NULL]) AS value;
SELECT orchard.parse_boolean_strict('Yes'), orchard.parse_boolean_strict(NULL);
SELECT orchard.parse_boolean_strict('maybe');
\echo :LAST_ERROR_SQLSTATE

-- Moments
SELECT value, orchard.parse_timestamp(value), orchard.parse_timestamp(value, 'Mon DD, YYYY') AS newspaper
FROM unnest(ARRAY['Sept. 3, 2024', 'June 1, 2024', '3rd of September 2024', '３rd of September 2024', '2021年3月21日(日)', '2021年3月21日(月)', '2024년 3월 21일', '２０２４年３月２１日', '٢٠٢٤-٠٣-٢١', '10 czerwca 2024', '3 Ağustos 2023']) AS value;
SELECT value, orchard.parse_timestamp(value)
FROM unnest(ARRAY['2024-01-05', '2024-01-05T10:20:30Z', '2024-01-05 10:20:30.5+02:00', '13/01/2024', '01/13/2024', '03/04/2024', '05/05/2024',
    '05.01.2024', '20240105', '3 Jan 2024', 'Jan 3, 2024 10:20 PM', '1704277230', '1704277230123', '2024-02-29', '2023-02-29', '30/02/2024',
    '2024-13-01', '2024-01-05 24:00', 'N/A', '15 janv. 2024', '15. März 2024', '15 de enero de 2024', '2024. 1. 15', '15 января 2024', '', NULL]) AS value;
SELECT format, orchard.parse_timestamp('03/04/2024 05:06', format)
FROM unnest(ARRAY['DD/MM/YYYY HH24:MI', 'MM/DD/YYYY HH24:MI', 'DD.MM.YYYY HH24:MI', 'DD/MM/YYYY', NULL]) AS format;
SELECT orchard.parse_timestamp('1.5', 'EPOCH'), orchard.parse_timestamp('-1500', 'EPOCH_MS'), orchard.parse_timestamp(NULL, 'YYYY');
SELECT pg_typeof(orchard.parse_timestamp('2024-01-05'));
SELECT orchard.parse_timestamp('2024', 'YYYY-QQ');
SELECT orchard.parse_timestamp('2024', '');
SELECT orchard.parse_timestamp('2024', repeat('YYYY', 100));
SELECT orchard.parse_timestamp_strict('2024-01-05'), orchard.parse_timestamp_strict(NULL), orchard.parse_timestamp_strict('05/01/2024', 'DD/MM/YYYY');
SELECT orchard.parse_timestamp_strict('soon');
\echo :LAST_ERROR_SQLSTATE
SELECT orchard.parse_timestamp_strict('03/04/2024');
SELECT orchard.parse_timestamp_strict('30/02/2024', 'DD/MM/YYYY');

-- What PostgreSQL writes is read back
SELECT count(*) FROM generate_series(timestamp '1995-01-01 03:04:05.678', '2035-01-01', '17 days 3 hours 1 second') AS moment
WHERE orchard.parse_timestamp(moment::text) IS DISTINCT FROM moment
    OR orchard.parse_timestamp(to_char(moment, 'Dy, DD Mon YYYY HH12:MI:SS.MS AM')) IS DISTINCT FROM moment
    OR orchard.parse_timestamp(to_char(moment, 'DD/MM/YY HH24:MI:SS.MS'), 'DD/MM/YY HH24:MI:SS.MS') IS DISTINCT FROM moment
    OR orchard.parse_timestamp(to_char(moment, 'YYYY-DDD HH24:MI:SS.US'), 'YYYY-DDD HH24:MI:SS.US') IS DISTINCT FROM moment;
SELECT count(*) FROM generate_series(-2000, 2000) AS i, LATERAL (SELECT i * 1234.5678 AS number) AS n
WHERE orchard.parse_number(number::text) IS DISTINCT FROM number::float8
    OR orchard.parse_number(to_char(number, '999,999,990.0000')) IS DISTINCT FROM number::float8
    OR orchard.parse_number(number::float8::text) IS DISTINCT FROM number::float8;

-- Texts
SELECT orchard.normalize_text(E'  “iPhone”\t ｐｒｏ\u200B ²'), orchard.normalize_text('ﬁ ²', 'nfc'), orchard.normalize_text(''), orchard.normalize_text(NULL);
SELECT orchard.normalize_text('e' || U&'\0301') = 'é' AS composed, orchard.normalize_text('a', 'NFC');
SELECT orchard.normalize_text('a', 'nfd');
SELECT value, orchard.blank_to_null(value), orchard.null_if_placeholder(value), orchard.null_if_placeholder(value, 'Sold Out', NULL, 'x')
FROM unnest(ARRAY['iPhone', '', '  ', 'N/A', ' null ', '-', '?', '#REF!', '(blank)', '-999', '9999-12-31', 'sold out', 'X', NULL]) AS value;
SELECT orchard.null_if_placeholder('b', VARIADIC ARRAY['a', 'b']), orchard.null_if_placeholder('b', VARIADIC '{}'), orchard.null_if_placeholder('b', VARIADIC '{{a},{B}}');
SELECT orchard.slug('Crème Brûlée: 50% off!'), orchard.slug('Straße nach Øster Ærø'), orchard.slug('iPhone 15 手机'), orchard.slug('!?'), orchard.slug(NULL);
SELECT orchard.mask_personal('Mail anna@example.com or call +49 30 1234567 by 2024-01-05');
SELECT orchard.mask_personal('Anna@Example.com', 'hash', 'a secret') = orchard.mask_personal('anna@example.com ', 'hash_all', 'a secret') AS joins,
    orchard.mask_personal('anna@example.com', 'hash', 'a secret') ~ '^email:[0-9a-f]{32}$' AS hash;
SELECT orchard.mask_personal('Anna Smith', 'redact_all'), orchard.mask_personal('Anna Smith', 'hash_all', 's') = orchard.mask_personal(' anna  smith', 'hash_all', 's') AS same;
SELECT orchard.mask_personal('4111 1111 1111 1111 / DE89 3704 0044 0532 0130 00 / 192.168.0.1 / 2001:db8::1'), orchard.mask_personal(NULL);
SELECT orchard.mask_personal('a', 'encrypt');
\echo :LAST_ERROR_SQLSTATE

-- Values that are long, compressed or out of line
CREATE TABLE texts (t text);
INSERT INTO texts VALUES (repeat(' ', 1000000) || '$1,234.50'), (repeat('a', 10000000)), (repeat('ä ', 100000) || 'a@b.com'), ('');
SELECT orchard.parse_number(t), orchard.parse_boolean(t), orchard.parse_timestamp(t), length(orchard.normalize_text(t)) AS normal,
    length(orchard.blank_to_null(t)) AS kept, length(orchard.null_if_placeholder(t)) AS no_placeholder, length(orchard.slug(t)) AS slug,
    right(orchard.mask_personal(t), 7) AS masked, left(orchard.mask_personal(t, 'hash_all'), 6) AS hashed
FROM texts;

-- No text makes them fail
DO $$
DECLARE
    alphabet text := '0123456789.,-+''() %$€£/:TZapmkM&@#_eE' || U&'\00A0\2009\200B\2212\FF11\0301\200D\FEFF';
    value text;
BEGIN
    PERFORM setseed(0.5);
    FOR i IN 1..20000 LOOP
        IF i % 2 = 0 THEN
            -- Any bytes but zero.
            SELECT convert_from(string_agg(set_byte('\x00', 0, 1 + floor(random() * 255)::int), ''), 'LATIN1')
            INTO value FROM generate_series(1, 1 + i % 23);
        ELSE
            SELECT string_agg(substr(alphabet, 1 + floor(random() * length(alphabet))::int, 1), '') INTO value FROM generate_series(1, 1 + i % 23);
        END IF;
        PERFORM orchard.parse_number(value), orchard.parse_number(value, '.'), orchard.parse_number(value, ','), orchard.parse_boolean(value),
            orchard.parse_timestamp(value), orchard.parse_timestamp(value, 'DD/MM/YYYY HH24:MI'), orchard.normalize_text(value),
            orchard.normalize_text(value, 'nfc'), orchard.blank_to_null(value), orchard.null_if_placeholder(value, value), orchard.slug(value),
            orchard.mask_personal(value), orchard.mask_personal(value, 'hash', 's'), orchard.mask_personal(value, 'redact_all'),
            orchard.mask_personal(value, 'hash_all');
        ASSERT orchard.parse_number(value) IS DISTINCT FROM 'NaN' AND abs(orchard.parse_number(value)) IS DISTINCT FROM 'Infinity', value;
        ASSERT orchard.normalize_text(orchard.normalize_text(value)) = orchard.normalize_text(value), value;
        ASSERT orchard.slug(orchard.slug(value)) = orchard.slug(value), value;
    END LOOP;
END
$$;

-- They run in parallel plans, and in indexes
SELECT proname, provolatile, proparallel, proisstrict FROM pg_proc
WHERE pronamespace = 'orchard'::regnamespace AND proname ~ '^(parse_|normalize_text|blank_to|null_if|slug|mask_)' AND (provolatile, proparallel) <> ('i', 's');
CREATE TABLE prices AS SELECT '$' || i AS price FROM generate_series(1, 1000) AS i;
CREATE INDEX ON prices (orchard.parse_number(price));
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM prices WHERE orchard.parse_number(price) = 5;
SELECT * FROM prices WHERE orchard.parse_number(price) = 5;

-- A database of another encoding
CREATE DATABASE test_text_latin1 ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C';
\c test_text_latin1
SET client_min_messages = warning;
CREATE EXTENSION orchard;
SET client_encoding = 'UTF8';
SELECT orchard.parse_number('$1,234.50'), orchard.slug('A b');
SELECT orchard.parse_number('£5');
SELECT orchard.slug('é');
\c postgres
DROP DATABASE test_text_latin1;

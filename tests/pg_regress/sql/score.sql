-- Scoring: every type, every way to call, and nothing in the data raises.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
CREATE TYPE mood AS ENUM ('happy', 'sad', 'so so');
CREATE DOMAIN money_amount AS numeric CHECK (VALUE > -1e9);
CREATE DOMAIN label AS varchar(20);
CREATE TABLE wide (
    gone integer, b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric, t text, v varchar(9),
    c char(5), nm name, e mood, u uuid, d date, ts timestamp, tz timestamptz, iv interval, dm money_amount, dl label,
    af float8[], ai integer[], an numeric[], big bigint, twice double precision GENERATED ALWAYS AS (2 * 3.5) STORED, y boolean);
ALTER TABLE wide DROP COLUMN gone;
INSERT INTO wide (b, i2, i4, i8, f4, f8, n, t, v, c, nm, e, u, d, ts, tz, iv, dm, dl, af, ai, an, big, y)
SELECT i % 2 = 0, i % 10, i % 100, i, i / 3.0, i / 7.0, i / 10.0, 't' || i % 5, 'v' || i % 3, 'c' || i % 4, 'n' || i % 2,
    (ARRAY['happy', 'sad', 'so so']::mood[])[i % 3 + 1], ('00000000-0000-0000-0000-00000000000' || i % 5)::uuid,
    date '2026-01-01' + i % 50, timestamp '2026-01-01' + i * interval '1 min', timestamptz '2026-01-01 00:00+00' + i % 77 * interval '1 h',
    i % 30 * interval '1 day', i / 2.0, 'l' || i % 6, ARRAY[i % 7, i % 11, NULL], ARRAY[i % 3], ARRAY[i % 5, i % 4.5],
    9007199254740993 + i % 3, i % 3 = 0
FROM generate_series(1, 600) AS i;
INSERT INTO wide (y) SELECT i % 3 = 0 FROM generate_series(1, 20) AS i;
SELECT task, features FROM orchard.train('wide', 'wide', 'y');
SELECT pg_get_function_arguments('predict_wide'::regproc);
SELECT count(*) AS rows, count(p) AS scored, min(p) >= 0 AND max(p) <= 1 AS probabilities
FROM (SELECT orchard.predict('wide', w) AS p FROM wide AS w) AS s;
-- the function, the record and JSON agree
SELECT count(*) AS rows, count(*) FILTER (WHERE a = r) AS record, count(*) FILTER (WHERE a = j) AS jsonb, count(*) FILTER (WHERE a = k) AS json
FROM (SELECT predict_wide(b, i2, i4, i8, f4, f8, n, t, v, c, nm, e, u, d, ts, tz, iv, dm, dl, af, ai, an, big, twice) AS a,
          orchard.predict('wide', w) AS r, orchard.predict('wide', to_jsonb(w)) AS j, orchard.predict('wide', row_to_json(w)) AS k
      FROM (SELECT * FROM wide LIMIT 300) AS w) AS s;

-- data that would break others
CREATE TABLE small AS SELECT i % 12 AS hour, (ARRAY['a', 'b', '', NULL])[i % 4 + 1] AS ad, i % 12 > 5 OR i % 4 = 1 AS y FROM generate_series(1, 2000) AS i;
SELECT task FROM orchard.train('small', 'small', 'y');
SELECT x, ad, predict_small(x, ad) BETWEEN 0 AND 1 AS ok
FROM (VALUES ('NaN'::float8), ('Infinity'), ('-Infinity'), (NULL), (0), (-0.0), (1e308), (5e-324)) AS a (x), (VALUES ('a'), (''), ('never seen'), (NULL)) AS b (ad);
SELECT predict_small(8, 'b') = predict_small(8::bigint, 'b'::varchar) AND predict_small(8, 'b') = predict_small(8.0::numeric, 'b'::name::text)
    AND predict_small(extract(hour FROM timestamp '2026-01-01 08:00'), 'b') = predict_small(8, 'b') AS every_number_fits;
SELECT orchard.predict('small', '{"hour": 8, "ad": "b", "more": [1]}') = predict_small(8, 'b') AS extra_keys_are_ignored,
    orchard.predict('small', '{"hour": "8", "ad": "b"}') = predict_small(8, 'b') AS a_number_in_quotes,
    orchard.predict('small', '{"hour": "eight"}') = predict_small(NULL, NULL) AS unreadable_is_missing,
    orchard.predict('small', '{}') = predict_small(NULL, NULL) AS absent_is_missing,
    orchard.predict('small', NULL::text) AS null_row, orchard.predict(NULL, '{}') AS null_model;
SELECT orchard.predict_label('small', '{"hour": 8, "ad": "b"}'), orchard.predict_proba('small', '{"hour": 8, "ad": "b"}') ->> 'true' IS NOT NULL AS has_true;

-- everywhere an expression may stand
CREATE VIEW scored AS SELECT *, predict_small(hour, ad) AS p FROM small;
SELECT count(*) FROM scored WHERE p > 0.5;
SELECT hour, count(*) FROM scored GROUP BY hour HAVING avg(p) > 0.9 ORDER BY avg(p) DESC, hour LIMIT 3;
PREPARE score(float8, text) AS SELECT predict_small($1, $2) > 0.5;
EXECUTE score(8, 'b');
EXECUTE score(NULL, NULL);
DO $$ BEGIN ASSERT (SELECT bool_and(predict_small(h, 'a') BETWEEN 0 AND 1) FROM generate_series(0, 11) AS h); END $$;
SELECT bool_and(orchard.predict('small', s) = predict_small(s.hour, s.ad)) AS same FROM (SELECT * FROM small ORDER BY ad, hour LIMIT 500) AS s;
SELECT bool_and(orchard.predict('small', (array_agg)[1]) IS NOT NULL) AS same FROM (SELECT array_agg(s) FROM small AS s GROUP BY hour) AS g;

-- the function is inlined, and runs in parallel workers
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query;
END $$;
SELECT regexp_replace(plan_of, '''[0-9a-f-]{36}''', '''id''') FROM plan_of('SELECT predict_small(hour, ad) > 2 FROM small') WHERE plan_of NOT LIKE '%Instructions%';
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT sum(predict_small(hour, ad)) > 0 AS ok, sum(orchard.predict('small', s)) > 0 AS by_name FROM small AS s;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- 99, 100 and 1,500 columns
\set ECHO none
SELECT 'CREATE TABLE many AS SELECT ' || string_agg(format('(i * %s) %% 97 AS c%s', n, n), ', ') || ', i % 2 = 0 AS y FROM generate_series(1, 200) AS i' FROM generate_series(1, 1500) AS n \gexec
SELECT 'SELECT features FROM orchard.train(''m99'', ''SELECT y, ' || string_agg('c' || n, ', ') || ' FROM many'', ''y'')' FROM generate_series(1, 99) AS n \gexec
SELECT 'SELECT features FROM orchard.train(''m100'', ''SELECT y, ' || string_agg('c' || n, ', ') || ' FROM many'', ''y'')' FROM generate_series(1, 100) AS n \gexec
\set ECHO all
SELECT features FROM orchard.train('m1500', 'many', 'y');
SELECT pronargs FROM pg_proc WHERE proname IN ('predict_m99', 'predict_m100', 'predict_m1500') ORDER BY pronargs, proname;
SELECT count(predict_m100(m)), count(predict_m1500(m)), count(orchard.predict('m99', m)) FROM many AS m;
SELECT predict_m100('{"c1": 5}'::jsonb) BETWEEN 0 AND 1 AS ok;

-- a variable of PL/pgSQL names another model in every round
SELECT task FROM orchard.train('opposite', 'SELECT hour, ad, NOT y AS y FROM small', 'y');
CREATE FUNCTION each_model(hour float8, ad text) RETURNS TABLE (name text, p float8) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH name IN ARRAY ARRAY['small', 'opposite', 'small'] LOOP
        p := orchard.predict(name, jsonb_build_object('hour', hour, 'ad', ad));
        RETURN NEXT;
    END LOOP;
END $$;
SELECT name, CASE name WHEN 'small' THEN p = predict_small(8, 'b') ELSE p = predict_opposite(8, 'b') END AS ok FROM each_model(8, 'b');
SELECT predict_small(8, 'b') <> predict_opposite(8, 'b') AS they_differ;

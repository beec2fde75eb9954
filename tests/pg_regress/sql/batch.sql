-- Plans that score many rows at once give what calls give, whatever stands around them.
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE t AS SELECT i AS id, i % 24 AS hour, 'd' || i % 5 AS device, CASE WHEN i % 11 > 0 THEN 'ad' || i * 7 % 300 END AS ad,
    CASE WHEN i % 13 > 0 THEN (i * 37 % 1000) / 100.0::float8 END AS bid, i % 3 AS part,
    (i * 7919 % 1000) < 80 + 300 * (i % 24 > 12)::int + 200 * (i % 5 = 1)::int AS y
FROM generate_series(1, 5000) AS i;
CREATE TABLE other AS SELECT id, 'note ' || id AS note FROM t WHERE id % 2 = 0;
ANALYZE t, other;
SELECT task FROM orchard.train('p', 'SELECT hour, device, ad, bid, y FROM t', 'y', 'gradient_boosting', '{"n_estimators": 20, "early_stopping_rounds": 0}');
SELECT task FROM orchard.train('l', 'SELECT hour, device, bid, part::text AS part FROM t', 'part', 'gradient_boosting', '{"n_estimators": 8, "early_stopping_rounds": 0}');
SELECT task FROM orchard.train('s', 'SELECT hour, device, bid FROM t', options => '{"n_clusters": 8, "n_init": 2}');
CREATE VIEW scored AS SELECT *, predict_p(hour, device, ad, bid) AS p FROM t;
-- Runs a query with and without the node; whether it was in the plan, and whether the rows are the same.
CREATE FUNCTION check_batch(query text) RETURNS TABLE (batched boolean, same boolean, rows bigint) LANGUAGE plpgsql AS $$
DECLARE
    line text;
    with_node text;
    without text;
BEGIN
    batched := false;
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
        batched := batched OR line LIKE '%Orchard Batch%';
    END LOOP;
    EXECUTE format('SELECT md5(coalesce(string_agg(q::text, chr(10) ORDER BY q::text), %L)), count(*) FROM (%s) AS q', '', query) INTO with_node, rows;
    PERFORM set_config('orchard.enable_batch', 'off', true);
    EXECUTE format('SELECT md5(coalesce(string_agg(q::text, chr(10) ORDER BY q::text), %L)) FROM (%s) AS q', '', query) INTO without;
    PERFORM set_config('orchard.enable_batch', 'on', true);
    same := with_node = without;
    RETURN NEXT;
END $$;
-- Sums are rounded: those of parallel workers differ by how many rows each got.
CREATE TABLE queries (number serial, query text);
INSERT INTO queries (query) VALUES
    ('SELECT id, p FROM scored'),
    ('SELECT p FROM scored'),
    ('SELECT * FROM scored'),
    ('SELECT round(sum(p)::numeric, 6), count(*) FROM scored'),
    ('SELECT hour, round(avg(p)::numeric, 9), max(device) FROM scored GROUP BY hour'),
    ('SELECT hour, round(avg(p)::numeric, 9) FROM scored GROUP BY hour HAVING max(p) > 0.4'),
    ('SELECT round(p::numeric, 1), count(*) FROM scored GROUP BY 1'),
    ('SELECT count(*) FILTER (WHERE p > 0.3), round(sum(p) FILTER (WHERE bid IS NOT NULL)::numeric, 6) FROM scored'),
    ('SELECT DISTINCT round(p::numeric, 2) FROM scored'),
    ('SELECT id, ntile(10) OVER (ORDER BY p, id) FROM scored'),
    ('SELECT id, p FROM scored ORDER BY p DESC, id LIMIT 500'),
    ('SELECT id, p FROM scored ORDER BY id LIMIT 300'),
    ('SELECT id, p, p + 1 AS q, p * p AS r FROM scored'),
    ('SELECT id, CASE WHEN p > 0.5 THEN ''high'' ELSE ad END FROM scored'),
    ('SELECT id, CASE WHEN hour > 3 THEN predict_p(hour, device, ad, bid) END, coalesce(ad, predict_p(1, device, NULL, 2)::text) FROM t'),
    ('SELECT id, CASE WHEN part > 0 THEN predict_p(hour / part, device, ad, bid) END FROM t'),
    ('SELECT id, predict_p(hour + 1, upper(device), ad || '''', bid * 2) FROM t'),
    ('SELECT id, predict_p(hour, ''d1'', ad, 3) FROM t'),
    ('SELECT id, predict_p(hour::numeric, device::varchar, ad, bid::real) FROM t'),
    ('SELECT id, predict_p(predict_p(hour, device, ad, bid) * 24, device, ad, bid) FROM t'),
    ('SELECT id, p, predict_l(hour, device, bid) FROM scored'),
    ('SELECT predict_l(hour, device, bid), count(*) FROM t GROUP BY 1'),
    ('SELECT s.id, note, p FROM scored AS s JOIN other USING (id)'),
    ('SELECT o.id, note, p FROM other AS o LEFT JOIN scored AS s ON s.id = o.id * 3'),
    ('SELECT o.note, s.p FROM other AS o LEFT JOIN (SELECT id, predict_p(hour, device, ad, bid) AS p FROM t WHERE hour < 20 OFFSET 0) AS s USING (id)'),
    ('SELECT * FROM (SELECT id, p FROM scored ORDER BY id LIMIT 1000) AS s WHERE p > 0.2'),
    ('WITH s AS MATERIALIZED (SELECT id, p FROM scored) SELECT a.id, b.p FROM s AS a JOIN s AS b ON a.id = b.id + 1'),
    ('SELECT id, p FROM scored UNION ALL SELECT -id, p / 2 FROM scored WHERE hour < 12'),
    ('SELECT p FROM scored EXCEPT SELECT p FROM scored WHERE id > 100'),
    ('SELECT o.hour, (SELECT round(avg(predict_p(o.hour, t.device, t.ad, t.bid))::numeric, 9) FROM t WHERE t.hour < 12) FROM generate_series(0, 3) AS o (hour)'),
    ('SELECT o.hour, s.* FROM generate_series(0, 3) AS o (hour), LATERAL (SELECT max(predict_p(t.hour, t.device, t.ad, t.bid + o.hour)), min(note) FROM t JOIN other USING (id)) AS s'),
    ('SELECT id, p FROM scored WHERE p > 0.4'),
    ('SELECT id, generate_series(1, 2), p FROM scored'),
    ('SELECT id, row_number() OVER (PARTITION BY hour ORDER BY id), p FROM scored'),
    ('SELECT hour, device, round(sum(p)::numeric, 6) FROM scored GROUP BY GROUPING SETS ((hour), (device), ())'),
    ('SELECT string_agg(ad, '','' ORDER BY p, id) FROM scored WHERE id < 1000'),
    ('SELECT id, p FROM scored WHERE id < 50'),
    ('SELECT id, p FROM scored WHERE false'),
    ('SELECT id, predict_s(hour, device, bid) FROM t'),
    ('SELECT predict_s(hour, device, bid), count(*), round(avg(p)::numeric, 9) FROM scored GROUP BY 1'),
    ('SELECT tableoid::regclass, ctid, id, s, predict_p(hour, device, ad, bid) FROM t AS s');
SELECT number, (check_batch(query)).*, query FROM queries ORDER BY number;
-- as other roads of the planner
SET enable_hashagg = off; SET enable_hashjoin = off;
SELECT number, (check_batch(query)).* FROM queries WHERE number IN (5, 6, 7, 9, 22, 23, 24, 27) ORDER BY number;
RESET enable_hashagg; RESET enable_hashjoin;
SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT number, (check_batch(query)).* FROM queries ORDER BY number;
SET max_parallel_workers_per_gather = 0;
SELECT set_config('orchard.simd', 'scalar', false);
SELECT (check_batch(query)).* FROM queries WHERE number = 1;
RESET orchard.simd;

-- the plan
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query;
END $$;
SELECT regexp_replace(plan, '''[0-9a-f-]{36}''', '''id''') FROM plan('SELECT hour, sum(p) FROM scored GROUP BY hour') WHERE plan NOT LIKE '%Instructions%';
SELECT regexp_replace(plan, '''[0-9a-f-]{36}''', '''id''') FROM plan('SELECT id, p * 2 FROM scored WHERE device = ''d1''') WHERE plan NOT LIKE '%Instructions%';

-- orchard.predict of a row is the same call with its columns
SELECT regexp_replace(plan, '''[0-9a-f-]{36}''', '''id''') FROM plan('SELECT id, orchard.predict(''p'', t) FROM t') WHERE plan NOT LIKE '%Instructions%';
SELECT (check_batch('SELECT id, orchard.predict(''p'', t), orchard.predict_label(''l'', t) FROM t')).*;
SELECT (check_batch('SELECT id, orchard.predict(''p'', s) FROM (SELECT bid, ad, device, hour + 1 AS hour, id FROM t) AS s')).*;
SELECT (check_batch('SELECT orchard.predict(''p'', s) FROM (SELECT * FROM t ORDER BY id LIMIT 1000) AS s')).*;
SELECT (check_batch('SELECT orchard.predict(''p'', scored) FROM scored')).*;
SELECT (check_batch('SELECT round(sum(orchard.predict(''p'', t))::numeric, 6) FROM t JOIN other USING (id)')).*;
SELECT count(*) AS rows, count(orchard.predict('p', t)) AS scored, count(predict_p(t.hour, t.device, t.ad, t.bid)) AS by_columns
FROM t RIGHT JOIN generate_series(4000, 6000) AS g (id) USING (id);
SELECT bool_and(orchard.predict('p', t) = predict_p(hour, device, ad, bid)) AS same, bool_and(orchard.predict_label('l', t) = predict_l(hour, device, bid)) AS labels,
    bool_and(orchard.predict('s', t) = predict_s(hour, device, bid)) AS segments FROM t;
SELECT orchard.predict('l', t) FROM t LIMIT 1;
SELECT orchard.predict('p', o) FROM other AS o LIMIT 1;
SELECT orchard.predict('p', s) FROM (SELECT hour::text AS hour, device, ad, bid FROM t) AS s LIMIT 1;
PREPARE by_row AS SELECT count(orchard.predict('again', t)) FROM t;
SELECT version FROM orchard.train('again', 'SELECT hour, y FROM t', 'y', 'decision_tree');
EXECUTE by_row;
SELECT orchard.drop_model('again');
SELECT version FROM orchard.train('again', 'SELECT device, hour, y FROM t', 'y', 'decision_tree');
EXECUTE by_row;
ALTER FUNCTION predict_again RENAME TO predict_gone;
EXECUTE by_row;
SELECT orchard.drop_model('gone');

-- partitions
CREATE TABLE parts (LIKE t) PARTITION BY LIST (part);
CREATE TABLE parts0 PARTITION OF parts FOR VALUES IN (0);
CREATE TABLE parts1 (part int, gone int, y boolean, bid float8, ad text, device text, hour int, id int);
ALTER TABLE parts1 DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION parts1 FOR VALUES IN (1, 2);
INSERT INTO parts SELECT * FROM t;
ANALYZE parts;
SELECT (check_batch('SELECT id, predict_p(hour, device, ad, bid) FROM parts')).*, (check_batch('SELECT part, round(sum(predict_p(hour, device, ad, bid))::numeric, 6) FROM parts GROUP BY part')).*;

-- writing
CREATE TABLE scores AS SELECT id, p FROM scored;
INSERT INTO scores SELECT -id, p FROM scored;
ALTER TABLE t ADD score float8;
UPDATE t SET score = predict_p(hour, device, ad, bid);
SELECT count(*), count(*) FILTER (WHERE t.score = s.p) AS updated, count(*) FILTER (WHERE r.p = s.p) AS inserted
FROM scored AS s JOIN t USING (id) JOIN scores AS r ON r.id = -s.id;
INSERT INTO scores SELECT id, p FROM scored WHERE id = 1 RETURNING p > 0;
WITH gone AS (DELETE FROM scores WHERE p < 0.2 RETURNING *) SELECT count(*) > 0 AS some FROM gone;

-- cursors, prepared statements, PL/pgSQL
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id, p IS NOT NULL AS scored FROM scored ORDER BY id;
FETCH 2 FROM c;
FETCH RELATIVE 400 FROM c;
FETCH BACKWARD 2 FROM c;
DECLARE d CURSOR FOR SELECT id, p IS NOT NULL AS scored FROM scored;
FETCH 1 FROM d \gset
\echo :scored
MOVE 1000 FROM d;
FETCH 1 FROM d \gset
\echo :scored
COMMIT;
SET plan_cache_mode = force_generic_plan;
PREPARE by_hour(int) AS SELECT count(*), round(sum(predict_p(hour, device, ad, $1 / 2.0))::numeric, 3) > 0 AS ok FROM t WHERE hour >= $1;
EXECUTE by_hour(0);
EXECUTE by_hour(20);
SELECT task FROM orchard.train('p', 'SELECT hour, device, ad, bid, NOT y AS y FROM t', 'y', 'gradient_boosting', '{"n_estimators": 25, "early_stopping_rounds": 0}');
PREPARE sums AS SELECT round(avg(p)::numeric, 1) FROM scored;
EXECUTE sums;
SELECT task FROM orchard.train('p', 'SELECT hour, device, ad, bid, y FROM t', 'y', 'gradient_boosting', '{"n_estimators": 25, "early_stopping_rounds": 0}');
EXECUTE sums;
RESET plan_cache_mode;

-- rights are asked when a row is scored
CREATE ROLE batch_reader;
GRANT SELECT ON scored, t TO batch_reader;
SET ROLE batch_reader;
SELECT sum(p) FROM scored;
EXPLAIN (COSTS OFF) SELECT sum(p) FROM scored;
RESET ROLE;
DROP OWNED BY batch_reader;
DROP ROLE batch_reader;
-- what the data makes fail, fails
SELECT sum(predict_p(hour / (hour - 5), device, ad, bid)) FROM t;
SELECT count(predict_p(CASE WHEN hour <> 5 THEN hour / (hour - 5) END, device, ad, bid)) FROM t;
-- Labels of a model without any are refused for many rows as for one.
SELECT task FROM orchard.train('r', 'SELECT hour, bid FROM t', 'bid', 'gradient_boosting', '{"n_estimators": 8, "early_stopping_rounds": 0}');
CREATE FUNCTION labels(rows int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    model uuid = substring(pg_get_functiondef('predict_r'::regproc) from '[0-9a-f]{8}-[0-9a-f-]{27}');
    answer text;
BEGIN
    EXECUTE format('SELECT max(orchard.score_label(%L::uuid, hour::float8)) FROM (SELECT * FROM t LIMIT %s) AS t', model, rows) INTO answer;
    RETURN answer;
EXCEPTION WHEN wrong_object_type THEN RETURN SQLERRM;
END $$;
SELECT rows, labels(rows) FROM (VALUES (1), (4000)) AS s(rows);

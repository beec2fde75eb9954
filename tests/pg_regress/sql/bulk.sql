-- orchard.score: the rows of a source with key, score and label.
\pset null '(null)'
SET client_min_messages = warning;
CREATE TABLE t AS SELECT i AS id, i / 2 AS "Ad Id", i % 24 AS hour, 'd' || i % 5 AS device, i % 24 > 11 AS y, i % 24 * 1.5 AS v, 'k' || i % 24 / 8 AS k
FROM generate_series(1, 3000) AS i;
ALTER TABLE t ADD PRIMARY KEY (id);
CREATE TABLE two (LIKE t, PRIMARY KEY (k, id));
INSERT INTO two SELECT * FROM t WHERE id <= 3;
SELECT task FROM orchard.train('p', 'SELECT hour, device, y FROM t', 'y', 'gradient_boosting', '{"n_estimators": 10}');
SELECT task FROM orchard.train('tree', 'SELECT hour, device, y FROM t', 'y', 'decision_tree');
SELECT task FROM orchard.train('r', 'SELECT hour, device, v FROM t', 'v', 'gradient_boosting', '{"n_estimators": 10}');
SELECT task FROM orchard.train('k', 'SELECT hour, device, k FROM t', 'k', 'gradient_boosting', '{"n_estimators": 10}');
SELECT task FROM orchard.train('s', 'SELECT hour, device FROM t', options => '{"n_clusters": 3}');

-- the key: a primary key, what is asked for, what the model does not know
SELECT key, round(score::numeric, 1) AS score, label FROM orchard.score('p', 't') LIMIT 2;
SELECT key FROM orchard.score('p', 'two') LIMIT 1;
SELECT key FROM orchard.score('p', 't', '{"Ad Id", device}') LIMIT 2;
SELECT key FROM orchard.score('p', 'SELECT y, hour, device, id % 2 AS "select", NULL::text AS "空" FROM t -- all') LIMIT 1;
SELECT key, score IS NOT NULL AS scored FROM orchard.score('s', 'SELECT hour, device FROM t;') LIMIT 1;
SELECT key FROM orchard.score('p', 't', '{}') LIMIT 1;

-- every task, as the functions of the models have it
SELECT count(*), bool_and(score = predict_p(hour, device) AND label = orchard.predict_label('p', t)) AS same FROM orchard.score('p', 't') JOIN t ON id = (key ->> 'id')::int;
SELECT count(*), bool_and(score = predict_tree(hour, device) AND label = orchard.predict_label('tree', t)) AS same FROM orchard.score('tree', 't') JOIN t ON id = (key ->> 'id')::int;
SELECT count(*), bool_and(score = predict_r(hour, device) AND label IS NULL) AS same FROM orchard.score('r', 't') JOIN t ON id = (key ->> 'id')::int;
SELECT count(*), bool_and(label = predict_k(hour, device) AND score = (orchard.predict_proba('k', t) ->> label)::float8) AS same FROM orchard.score('k', 't') JOIN t ON id = (key ->> 'id')::int;
SELECT count(*), bool_and(score = predict_s(hour, device) AND label IS NULL) AS same FROM orchard.score('s', 't') JOIN t ON id = (key ->> 'id')::int;
SELECT count(*) FROM orchard.score('p', 'SELECT * FROM t WHERE false');
SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT count(*), bool_and(score = predict_p(hour, device)) AS same FROM orchard.score('p', 't') JOIN t ON id = (key ->> 'id')::int;
RESET max_parallel_workers_per_gather; RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
BEGIN READ ONLY;
SELECT count(*) FROM orchard.score('p', 't');
COMMIT;
CREATE TABLE scores AS SELECT (key ->> 'id')::int AS id, score FROM orchard.score('p', 't');
SELECT count(*) FROM scores;

-- more than 99 columns
\set ECHO none
SELECT 'CREATE TABLE many AS SELECT ' || string_agg(format('(i * %s) %% 97 AS c%s', n, n), ', ') || ', i % 2 = 0 AS y, i % 3 || '''' AS z, i AS id FROM generate_series(1, 200) AS i' FROM generate_series(1, 120) AS n \gexec
\set ECHO all
SELECT task FROM orchard.train('wide', 'many', 'y', options => '{"exclude": ["z", "id"]}');
SELECT task FROM orchard.train('wide_classes', 'many', 'z', options => '{"exclude": ["y", "id"]}');
SELECT count(*), bool_and(score = orchard.predict('wide', many)) AS same FROM orchard.score('wide', 'many', '{id}') JOIN many ON id = (key ->> 'id')::int;
SELECT count(*), bool_and(label = orchard.predict_label('wide_classes', many)) AS same FROM orchard.score('wide_classes', 'many', '{id}') JOIN many ON id = (key ->> 'id')::int;
SELECT count(k) FROM (SELECT key AS k FROM orchard.score('p', 'SELECT many.*, 1 AS hour, ''d1'' AS device FROM many')) AS s;

-- errors
SELECT * FROM orchard.score(NULL, 't');
SELECT * FROM orchard.score('p', NULL);
SELECT * FROM orchard.score('nobody', 't');
SELECT * FROM orchard.score('p', 'nothing');
SELECT * FROM orchard.score('p', 't', '{nothing}');
SELECT * FROM orchard.score('p', 'SELECT hour FROM t');
SELECT * FROM orchard.score('p', 'SELECT device AS hour, device FROM t');
SELECT * FROM orchard.score('p', 'SELECT hour, device, hour FROM t');
SELECT * FROM orchard.score('p', 'SELECT hour, device FROM t; DROP TABLE t');
SELECT * FROM orchard.score('p', 'SELECT 1) AS s, (SELECT * FROM t');
SELECT * FROM orchard.score('p', 'WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone');
CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS $$BEGIN INSERT INTO scores VALUES (0, 0); RETURN 1; END$$;
SELECT * FROM orchard.score('p', 'SELECT writes() AS hour, device FROM t');
CREATE ROLE bulk_reader;
GRANT SELECT ON t TO bulk_reader;
SET ROLE bulk_reader;
SELECT * FROM orchard.score('p', 't');
RESET ROLE;
SELECT orchard.grant('p', 'bulk_reader');
SET ROLE bulk_reader;
SELECT count(*) FROM orchard.score('p', 't');
SELECT * FROM orchard.score('p', 'scores');
RESET ROLE;
DROP OWNED BY bulk_reader;
DROP ROLE bulk_reader;

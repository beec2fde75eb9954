-- Every message, with its SQLSTATE.
SET search_path = public;
CREATE TABLE t AS SELECT i % 2 = 0 AS y, i AS x, (i % 3)::text AS s, point(i, i) AS p FROM generate_series(1, 100) AS i;
CREATE FUNCTION attempt(statement text) RETURNS TABLE (code text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT '00000', 'no error', '', '';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;
SET client_min_messages = warning;
\x on
-- names
SELECT * FROM attempt($$SELECT orchard.train(NULL, 't', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('', 't', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('a.b.c', 't', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('"a', 't', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train(repeat('x', 56), 't', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('nowhere.m', 't', 'y')$$);
CREATE FUNCTION predict_mine(float8) RETURNS float8 LANGUAGE sql RETURN $1;
SELECT * FROM attempt($$SELECT orchard.train('mine', 't', 'y', options => '{"features": ["x"]}')$$);
-- sources
SELECT * FROM attempt($$SELECT orchard.train('m', NULL, 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', '  -- nothing', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'no_such_table', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'stored_models_pkey', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT * FROM t; DROP TABLE t', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT * INTO u FROM t', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT syntax error', 'y')$$);
CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS $$BEGIN INSERT INTO t VALUES (true, 0, '', NULL); RETURN 1; END$$;
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, writes() FROM t', 'y')$$);
SELECT count(*) FROM t;
CREATE SEQUENCE seq;
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, nextval(''seq'') FROM t', 'y')$$);
-- columns
SELECT * FROM attempt($$SELECT orchard.train('m', 't', 'z')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 't', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, x, x FROM t', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, x + 1 FROM t', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y FROM t', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, x FROM t WHERE false', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT NULL::boolean AS y, x FROM t', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT i::text AS y, i % 7 AS x FROM generate_series(1, 2000) AS i', 'y')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, ARRAY[x] AS a FROM t', 'a')$$);
-- targets and algorithms
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', NULL, 'decision_tree')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', 'kmeans')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', 'xgboost')$$);
-- options
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', options => '[]')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', options => '{"max_dept": 3}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', options => '{"n_clusters": 3}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', options => '{"max_depth": 0}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', options => '{"holdout": 1}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', options => '{"exclude": ["q"]}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', options => '{"positive_class": "maybe"}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 'y', options => '{"class_weight": {"maybe": 2}}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s FROM t', 's', options => '{"task": "regression"}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s, -1 AS w FROM t', 'y', options => '{"sample_weight": "w"}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT y, s, s AS w FROM t', 'y', options => '{"sample_weight": "w"}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT x, s FROM t', 'x', options => '{"splitter": "exact"}')$$);
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT x, s FROM t', 'x', options => '{"class_weight": "balanced"}')$$);
-- memory
SET orchard.max_memory = '1MB';
SELECT * FROM attempt($$SELECT orchard.train('m', 'SELECT i % 2 = 0 AS y, i % 1000 AS x FROM generate_series(1, 200000) AS i', 'y')$$);
RESET orchard.max_memory;
-- use
SELECT model FROM orchard.train('m', 'SELECT y, x, s FROM t', 'y', options => '{"features": ["x", "s"]}');
SELECT * FROM attempt($$SELECT orchard.predict('nothing', '{}')$$);
SELECT * FROM attempt($$SELECT orchard.predict('m', 'not json')$$);
SELECT * FROM attempt($$SELECT orchard.predict('m', '[1]')$$);
SELECT * FROM attempt($$SELECT orchard.predict('m', r) FROM (SELECT 1 AS x) AS r$$);
SELECT * FROM attempt($$SELECT orchard.predict('m', r) FROM (SELECT 'one'::text AS x, 's' AS s OFFSET 0) AS r$$);
SELECT * FROM attempt($$SELECT orchard.predict('m', ROW(1, 2))$$);
SELECT model FROM orchard.train('three', 'SELECT s, x, y FROM t', 's', options => '{"features": ["x"]}');
SELECT * FROM attempt($$SELECT orchard.predict('three', '{"x": 1}')$$);
SELECT model FROM orchard.train('number', 'SELECT x::float8 / 3 AS v, x FROM t', 'v', options => '{"features": ["x"]}');
SELECT * FROM attempt($$SELECT orchard.predict_label('number', '{"x": 1}')$$);
-- judging
SELECT * FROM attempt($$SELECT * FROM orchard.evaluate(NULL)$$);
SELECT * FROM attempt($$SELECT * FROM orchard.evaluate('m', 'SELECT x FROM t')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.evaluate('m', 'SELECT y, s AS x, s FROM t')$$);
SELECT * FROM attempt($$SELECT * FROM orchard.evaluate('three', 'SELECT ''other'' AS s, x FROM t')$$);
SELECT model FROM orchard.train('all', 'SELECT y, x FROM t', 'y', 'decision_tree', options => '{"holdout": 0, "features": ["x"]}');
SELECT * FROM attempt($$SELECT * FROM orchard.evaluate('all')$$);
-- read-only transactions
BEGIN READ ONLY;
SELECT * FROM attempt($$SELECT orchard.train('m', 't', 'y')$$);
SELECT orchard.predict('m', '{"x": 3}') BETWEEN 0 AND 1 AS scores;
COMMIT;
-- nothing was left behind
SELECT array_agg(model ORDER BY model) FROM orchard.models;

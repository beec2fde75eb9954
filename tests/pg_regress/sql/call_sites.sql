-- A call site serves the next statement that calls the same, as long as that could not tell it from a new one.
\pset null '(null)'
SET client_min_messages = warning;
SET plan_cache_mode = force_generic_plan;
CREATE ROLE orchard_reader;
CREATE ROLE orchard_readers;
GRANT orchard_readers TO orchard_reader;
CREATE TABLE visits AS SELECT i AS id, (i % 24)::float8 AS hour, 'ad' || i % 5 AS ad, i % 24 > 11 AS clicked FROM generate_series(1, 2000) AS i;
GRANT SELECT ON visits TO orchard_reader;
SELECT function FROM orchard.train('kept', 'visits', 'clicked', 'gradient_boosting', '{"exclude": ["id"], "n_estimators": 20}');
SELECT function FROM orchard.train('other', 'visits', 'hour', 'decision_tree', '{"exclude": ["id"]}');
SELECT orchard.grant('kept', 'orchard_readers');
PREPARE one(int) AS SELECT predict_kept(hour, ad)::numeric(3, 2) AS p FROM visits WHERE id = $1;
EXECUTE one(3);
EXECUTE one(20);
-- the same function with columns of other types, twice in a statement, and with what is missing
SELECT predict_kept(hour::int, ad::varchar) = predict_kept(hour, ad) AS same FROM visits WHERE id IN (3, 20);
SELECT predict_kept(NULL, NULL) = predict_kept(NULL::float8, NULL::text) AS same FROM visits WHERE id = 3;
EXECUTE one(3);
-- a statement that fails half-way leaves no site behind that is wrong
\set VERBOSITY terse
SELECT predict_kept(hour, ad) / (id - 3) FROM visits WHERE id IN (2, 3);
EXECUTE one(20);
-- a cursor has its site for itself
BEGIN;
DECLARE c CURSOR FOR SELECT id, predict_kept(hour, ad)::numeric(3, 2) AS p FROM visits WHERE id IN (3, 20) ORDER BY id;
FETCH c;
EXECUTE one(20);
FETCH c;
-- and a point to roll back to
SAVEPOINT s;
SELECT predict_kept(hour, ad) / (id - 3) FROM visits WHERE id IN (2, 3);
ROLLBACK TO s;
EXECUTE one(3);
COMMIT;
-- another version, as of the next statement; undone, the first again
CREATE TABLE turned AS SELECT id, hour, ad, NOT clicked AS clicked FROM visits;
BEGIN;
SELECT version, deployed FROM orchard.train('kept', 'turned', 'clicked', 'gradient_boosting', '{"exclude": ["id"], "n_estimators": 20}');
EXECUTE one(3);
ROLLBACK;
EXECUTE one(3);
-- a role that is a member, and one that is no longer
SET ROLE orchard_reader;
EXECUTE one(3);
RESET ROLE;
REVOKE orchard_readers FROM orchard_reader;
SET ROLE orchard_reader;
EXECUTE one(3);
RESET ROLE;
EXECUTE one(3);
GRANT orchard_readers TO orchard_reader;
SET ROLE orchard_reader;
EXECUTE one(3);
RESET ROLE;
SELECT orchard.revoke('kept', 'orchard_readers');
SET ROLE orchard_reader;
EXECUTE one(3);
RESET ROLE;
-- models that leave the cache
SET orchard.cache_size = 0;
EXECUTE one(3);
SELECT predict_other(ad, true) IS NOT NULL AS ok FROM visits WHERE id = 3;
EXECUTE one(3);
EXECUTE one(20);
RESET orchard.cache_size;
EXECUTE one(3);
EXECUTE one(20);
DISCARD TEMP;
EXECUTE one(3);
-- more sites at once than are kept
SELECT string_agg('predict_kept(hour, ad)', ' + ') AS calls FROM generate_series(1, 20) \gset
SELECT abs((:calls) / 20 - predict_kept(hour, ad)) < 1e-9 AS same FROM visits WHERE id = 20;
SELECT abs((:calls) / 20 - predict_kept(hour, ad)) < 1e-9 AS same FROM visits WHERE id = 3;
EXECUTE one(3);
-- dropped
SELECT orchard.drop_model('kept');
EXECUTE one(3);
SELECT orchard.drop_model('other');
DEALLOCATE ALL;
DROP TABLE visits, turned;
DROP ROLE orchard_reader, orchard_readers;

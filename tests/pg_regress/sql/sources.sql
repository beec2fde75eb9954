-- Whatever can be read: partitions, inheritance, materialised and foreign tables, 1,600 columns, a million levels, few rows or none.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
CREATE TABLE plain AS
SELECT (i * 7) % 24 AS hour, 'ad-' || (i * 13) % 40 AS ad, (i * 7) % 24 > 11 OR (i * 13) % 40 = 3 AS y FROM generate_series(1, 3000) AS i;
CREATE FUNCTION checksum_of(name text, source text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM orchard.train(name, source, 'y');
    RETURN (SELECT v.checksum FROM orchard.model_versions AS v WHERE v.model = name ORDER BY v.version DESC LIMIT 1);
END
$$;
SELECT checksum_of('expected', 'plain') AS expected \gset
-- partitioned, with a partition whose columns lie otherwise
CREATE TABLE parted (y boolean, gone integer, hour integer, ad text) PARTITION BY RANGE (hour);
CREATE TABLE parted_am PARTITION OF parted FOR VALUES FROM (0) TO (12);
CREATE TABLE parted_pm (ad text, hour integer, y boolean, gone integer);
ALTER TABLE parted ATTACH PARTITION parted_pm FOR VALUES FROM (12) TO (24);
ALTER TABLE parted DROP COLUMN gone;
INSERT INTO parted (hour, ad, y) SELECT hour, ad, y FROM plain;
SELECT checksum_of('m', 'SELECT hour, ad, y FROM parted') = :'expected' AS partitioned;
SELECT rows, features FROM orchard.train('parted', 'parted', 'y');
SELECT count(*), bool_and(orchard.predict('parted', p) BETWEEN 0 AND 1) FROM parted AS p;
-- inherited
CREATE TABLE parent (hour integer, ad text, y boolean);
CREATE TABLE child (more integer) INHERITS (parent);
INSERT INTO parent SELECT * FROM plain WHERE hour < 6;
INSERT INTO child SELECT *, 1 FROM plain WHERE hour >= 6;
SELECT checksum_of('m', 'parent') = :'expected' AS inherited;
SELECT rows < 3000 AS part FROM orchard.train('m', 'SELECT * FROM ONLY parent', 'y');
-- materialised, temporary, a view on a view, a function, a table of another schema
CREATE MATERIALIZED VIEW kept AS SELECT * FROM plain;
SELECT checksum_of('m', 'kept') = :'expected' AS materialised;
CREATE TEMP TABLE passing AS SELECT * FROM plain;
SELECT checksum_of('m', 'passing') = :'expected' AS temporary;
CREATE VIEW once AS SELECT * FROM plain;
CREATE VIEW twice AS SELECT * FROM once;
SELECT checksum_of('m', 'public.twice') = :'expected' AS viewed;
CREATE FUNCTION impressions(earliest integer) RETURNS SETOF plain STABLE LANGUAGE sql AS 'SELECT * FROM plain WHERE hour >= earliest';
SELECT checksum_of('m', 'SELECT * FROM impressions(0)') = :'expected' AS from_a_function;
-- foreign
SET orchard.warnings = off;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'file_fdw') THEN
        CREATE EXTENSION file_fdw;
        CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE far (i integer) SERVER files OPTIONS (program 'seq 1 3000');
        CREATE VIEW far_plain AS SELECT (i * 7) % 24 AS hour, 'ad-' || (i * 13) % 40 AS ad, (i * 7) % 24 > 11 OR (i * 13) % 40 = 3 AS y FROM far;
        IF checksum_of('m', 'far_plain') <> checksum_of('m', 'plain') THEN
            RAISE 'a foreign table gives another model';
        END IF;
        PERFORM orchard.train('m', 'SELECT i % 7 AS i FROM far', NULL, 'kmeans', '{"n_clusters": 2}');
    END IF;
END
$$;
-- what cannot be a source
SELECT orchard.train('m2', 'pg_catalog.nothing', 'y');
SELECT orchard.train('m2', 'CREATE TABLE made AS SELECT 1', 'y');
SELECT orchard.train('m2', 'SELECT 1 AS a, true AS y; SELECT 2', 'y');
SELECT orchard.train('m2', 'SELECT $1::integer AS a, true AS y', 'y');
SELECT orchard.train('m2', '', 'y');
SELECT orchard.train('m2', 'SELECT', 'y');
CREATE SEQUENCE counter;
SELECT orchard.train('m2', 'counter', 'y');
SELECT orchard.train('m2', 'plain_pkey', 'y');
-- few rows
SELECT orchard.train('m2', 'SELECT * FROM plain WHERE false', 'y');
SELECT orchard.train('m2', 'two words', 'y');
SELECT orchard.train('m2', 'a.b.c.d', 'y');
SELECT orchard.train('m2', 'SELECT hour, ad, NULL::boolean AS y FROM plain', 'y');
SELECT rows, metric, score FROM orchard.train('single', 'SELECT * FROM plain LIMIT 1', 'y');
SELECT rows, metric, score FROM orchard.train('two', '(SELECT * FROM plain WHERE y LIMIT 1) UNION ALL (SELECT * FROM plain WHERE NOT y LIMIT 1)', 'y');
SELECT predict_two(1, 'x') BETWEEN 0 AND 1 AS ok;
-- one class, constant and all-NULL columns
SELECT rows, metric, score FROM orchard.train('sure', 'SELECT hour, ad, true AS y FROM plain', 'y');
SELECT predict_sure(1, 'x');
SELECT features FROM orchard.train('flat', 'SELECT 1 AS c, NULL::text AS n, NULL::float8 AS f, hour, y FROM plain', 'y');
SELECT predict_flat(1, NULL, NULL, 20) > 0.5 AS ok, predict_flat(NULL, 'x', 3, 20) > 0.5 AS still;
SELECT features FROM orchard.train('nothing', 'SELECT 1 AS c, NULL::text AS n, y FROM plain', 'y');
SELECT round(predict_nothing(1, 'x')::numeric, 1) AS base_rate;
SELECT rows, metric FROM orchard.train('infinite', 'SELECT CASE WHEN hour = 3 THEN ''Infinity'' WHEN hour = 5 THEN ''NaN'' ELSE hour::text END::float8 AS v, CASE WHEN hour = 4 THEN ''-Infinity'' WHEN hour = 5 THEN ''NaN'' ELSE hour::text END::float8 AS y FROM plain', 'y');
SELECT predict_infinite('Infinity') IS NOT NULL AND predict_infinite('NaN') IS NOT NULL AS ok;
-- 1,600 columns (as many as a table can have)
DO $$
BEGIN
    EXECUTE (SELECT 'CREATE TABLE widest AS SELECT ' || string_agg(format('(i * %s) %% 101 AS c%s', n, n), ', ')
        || ', i % 2 = 0 AS y FROM generate_series(1, 300) AS i' FROM generate_series(1, 1599) AS n);
END
$$;
SELECT rows, features, function FROM orchard.train('widest', 'widest', 'y');
SELECT count(predict_widest(w)) FROM widest AS w;
SELECT count(orchard.predict('widest', w)) FROM widest AS w;
SELECT count(orchard.predict('widest', to_jsonb(w))) FROM (SELECT * FROM widest LIMIT 20) AS w;
-- a million levels
CREATE TABLE ads AS SELECT 'ad-' || i % 999999 AS ad, i % 3 AS day, i % 3 = 0 AS y FROM generate_series(1, 1000000) AS i;
SELECT rows, features FROM orchard.train('ads', 'ads', 'y', options => '{"features": ["ad", "day"]}');
SELECT count(*) FROM (SELECT predict_ads(ad, day) AS p FROM ads LIMIT 1000) AS s WHERE p BETWEEN 0 AND 1;
SELECT rows FROM orchard.train('ads_kmeans', 'SELECT ad, day FROM ads LIMIT 100000', NULL, 'kmeans', '{"n_clusters": 2, "n_init": 1, "features": ["ad", "day"]}');
-- memory beyond the limit is refused, and what was there stays
SET orchard.max_memory = '4MB';
SELECT orchard.train('ads', 'ads', 'y', options => '{"features": ["ad", "day"]}');
RESET orchard.max_memory;
SELECT version FROM orchard.models WHERE model = 'ads';

-- Principal components: what they explain, what they are made of, and the components of a row.
\pset null '(null)'
SET search_path = public;
CREATE TABLE parcels AS
SELECT i AS parcel_id, i % 7 AS length, (i * i) % 11 + 0.5 * (i % 7) AS width, (i * 37) % 23 / 4.0 AS height, i::float8 AS age, (i % 7) * 2.0 - (i * 37) % 23 / 10.0 AS price
FROM generate_series(1, 60) AS i;
-- The figures of scikit-learn 1.9.1: StandardScaler and PCA(svd_solver="full") of the same columns.
SELECT model, algorithm, task, rows, features, metric, round(score::numeric, 6) AS score, function
FROM orchard.train('boxes', 'SELECT length, width, height, age, price FROM parcels', algorithm => 'pca');
SELECT obj_description(p.oid) AS comment, p.prorettype::regtype AS returns FROM pg_proc AS p WHERE proname = 'predict_boxes';
SELECT component, round(explained_variance::numeric, 10) AS variance, round(explained_variance_ratio::numeric, 10) AS ratio, round(cumulative_ratio::numeric, 10) AS cumulative
FROM orchard.explained_variance('boxes');
SELECT component, feature, level, round(loading::numeric, 10) AS loading FROM orchard.components('boxes') WHERE component < 3;
SELECT array_agg(round(c::numeric, 9)) AS components FROM unnest(predict_boxes(3, 5, 1.75, 17, 4.4)) AS c;
SELECT bool_and(predict_boxes(length, width, height, age, price) = orchard.transform('boxes', p)) AS record,
    bool_and(orchard.transform('boxes', to_jsonb(p)) = orchard.transform('boxes', p)) AS jsonb,
    bool_and(orchard.transform('boxes', row_to_json(p)) = orchard.transform('boxes', p)) AS json,
    bool_and(orchard.transform('boxes', row_to_json(p)::text) = orchard.transform('boxes', p)) AS text,
    bool_and(orchard.transform('boxes', p, 1) = orchard.transform('boxes', p)) AS version,
    bool_and(orchard.transform((ARRAY['boxes'])[1 + parcel_id % 1], p) = orchard.transform('boxes', p)) AS named_by_row
FROM parcels AS p;
-- The components of the training rows have the variances that are told.
SELECT round(var_samp(c[1])::numeric, 9) AS first, round(var_samp(c[2])::numeric, 9) AS second, abs(covar_samp(c[1], c[2])) < 1e-12 AS apart
FROM (SELECT orchard.transform('boxes', p) AS c FROM parcels AS p) AS s;
SELECT orchard.transform('boxes', NULL::jsonb), orchard.transform(NULL, '{}'::jsonb);
-- A call by a row is planned as one by columns.
DO $$ DECLARE line text; BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS off) SELECT orchard.transform(''boxes'', p) FROM parcels AS p' LOOP
        RAISE NOTICE '%', regexp_replace(line, '[0-9a-f-]{36}', 'the id');
    END LOOP;
END $$;
SELECT orchard.transform('boxes', p, 7) FROM parcels AS p;
-- Options: a number, a share, whitened, centred only.
SELECT features, score > 0.6 AS most FROM orchard.train('two', 'SELECT length, width, height, age, price FROM parcels', algorithm => 'pca', options => '{"n_components": 2}');
SELECT array_length(predict_two(3, 5, 1.75, 17, 4.4), 1) AS two;
SELECT model FROM orchard.train('share', 'SELECT length, width, height, age, price FROM parcels', algorithm => 'pca', options => '{"n_components": 0.9, "whiten": true}');
SELECT count(*) AS components, max(cumulative_ratio) > 0.9 AS enough FROM orchard.explained_variance('share');
SELECT bool_and(abs(v - 1) < 1e-9) AS white FROM (SELECT var_samp(c) AS v FROM parcels AS p, unnest(orchard.transform('share', p)) WITH ORDINALITY AS u(c, n) GROUP BY n) AS s;
SELECT model FROM orchard.train('plain', 'SELECT length, width, height, age, price FROM parcels', algorithm => 'pca', options => '{"scale": false}');
SELECT round(explained_variance::numeric, 8) AS variance FROM orchard.explained_variance('plain');
SELECT model FROM orchard.train('one', 'SELECT length, width FROM parcels', algorithm => 'pca', options => '{"n_components": 1}');
SELECT array_length(orchard.transform('one', '{"length": 3}'), 1) AS one, array_length(orchard.transform('one', '{}'::jsonb), 1) AS of_nothing;
SELECT orchard.predict('one', '{"length": 3}');
SELECT option, type, default_value FROM orchard.options('pca') WHERE option IN ('n_components', 'whiten', 'scale', 'max_categories', 'holdout', 'seed', 'min_group') ORDER BY option;
SELECT orchard.train('bad', 'parcels', algorithm => 'pca', options => '{"n_components": 0}');
SELECT orchard.train('bad', 'parcels', algorithm => 'pca', options => '{"n_clusters": 3}');
SELECT orchard.train('bad', 'parcels', algorithm => 'pca', options => '{"standardize": true}');
SELECT orchard.train('bad', 'parcels', 'price', 'pca');
-- Categories have a dimension a level; what is missing, infinite or never seen has components too.
CREATE TABLE sales AS
SELECT i AS id, CASE WHEN i % 10 > 0 THEN (i * 7919 % 1000)::float8 END AS amount, CASE i % 50 WHEN 0 THEN 'Infinity'::float8 WHEN 1 THEN '-Infinity' ELSE (i * 31 % 97)::float8 END AS age,
    (ARRAY['red', 'green', NULL, 'blue'])[i % 4 + 1] AS colour, i % 3 = 0 AS member, ARRAY[i % 5, i % 6, i % 5 + i % 6]::float8[] AS taste,
    date '2026-01-01' + i % 60 AS day, 3 AS same, NULL::float8 AS nothing, i % 4 AS w
FROM generate_series(1, 2000) AS i;
SELECT features, metric, score BETWEEN 0.99 AND 1 AS all_of_it FROM orchard.train('sold', 'sales', algorithm => 'pca', options => '{"exclude": ["id", "w"], "sample_weight": "w", "holdout": 0.2}');
SELECT level, feature FROM orchard.components('sold') WHERE component = 1 AND level IS NOT NULL ORDER BY level;
SELECT DISTINCT feature FROM orchard.components('sold') ORDER BY 1;
SELECT bool_and(c BETWEEN -1e200 AND 1e200) AS finite, count(*) % (SELECT count(*) FROM orchard.explained_variance('sold')) AS left_over
FROM (VALUES (NULL::float8, NULL::text), ('NaN', 'never seen'), ('Infinity', ''), ('-Infinity', 'red'), (1e308, 'blue')) AS v(x, t),
    unnest(orchard.transform('sold', jsonb_build_object('amount', x::text, 'age', CASE WHEN x < 1e308 THEN x END, 'colour', t))) AS c;
SELECT bool_and(c BETWEEN -1e200 AND 1e200) AS finite FROM unnest(predict_sold('Infinity', 'NaN', 'x', NULL, '{}', NULL, 1e308, '-Infinity')) AS c;
SELECT metric, value BETWEEN 0 AND 1.0001 AS unit FROM orchard.evaluate('sold');
SELECT metric, value BETWEEN 0 AND 1.0001 AS unit, note FROM orchard.evaluate('sold', 'sales') WHERE metric <> 'n_components';
SELECT value FROM orchard.evaluate('sold', 'SELECT * FROM sales WHERE false') WHERE metric = 'explained_variance_ratio';
-- The same bytes for any order.
SELECT model FROM orchard.train('sold_again', 'SELECT * FROM sales ORDER BY md5(id::text)', algorithm => 'pca', options => '{"exclude": ["id", "w"], "sample_weight": "w", "holdout": 0.2}');
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model LIKE 'sold%';
-- Components of a view are features of other models.
CREATE VIEW sold_components AS SELECT id, orchard.transform('sold', s) AS component FROM sales AS s;
SELECT features, metric FROM orchard.train('groups', 'SELECT component FROM sold_components', options => '{"n_clusters": 3}');
-- Names that need quotes, and more columns than a function has arguments.
SELECT function FROM orchard.train('"Odd one"', 'SELECT length AS "a b", width AS "select", height AS "X" FROM parcels', algorithm => 'pca');
SELECT array_length("predict_Odd one"(1, 2, 3), 1) AS three;
DO $$ BEGIN EXECUTE 'CREATE TABLE wide AS SELECT ' || (SELECT string_agg(format('(i * %s %% 89)::float8 AS c%s', 7 + n * n, n), ', ') FROM generate_series(1, 120) AS n) || ' FROM generate_series(1, 60) AS i'; END $$;
SELECT features FROM orchard.train('broad', 'wide', algorithm => 'pca');
SELECT count(*) BETWEEN 30 AND 59 AS fewer_than_rows, max(cumulative_ratio) > 0.999999 AS all_of_it FROM orchard.explained_variance('broad');
SELECT bool_and(predict_broad(w) = orchard.transform('broad', w)) AS same FROM wide AS w;
-- Rights: who may use the model sees its components.
CREATE ROLE regress_pca_reader;
GRANT USAGE ON SCHEMA public TO regress_pca_reader;
SET ROLE regress_pca_reader;
SELECT * FROM orchard.components('boxes') LIMIT 1;
SELECT orchard.transform('boxes', '{}'::jsonb);
RESET ROLE;
SELECT orchard.grant('boxes', 'regress_pca_reader');
SET ROLE regress_pca_reader;
SET default_transaction_read_only = on;
SELECT count(*) FROM orchard.components('boxes');
SELECT array_length(orchard.transform('boxes', '{"age": 3}'::jsonb), 1) AS components;
SET default_transaction_read_only = off;
RESET ROLE;
-- What is kept, and what becomes of it.
SELECT feature, verdict FROM orchard.drift('sold', 'sales') WHERE feature IN ('(score)', 'amount', 'colour');
SELECT verdict FROM orchard.watch('sold', 'sales');
SELECT promoted, reason, metric FROM orchard.retrain('boxes', promote => 'always');
SELECT version FROM orchard.train('boxes', 'SELECT length, width, height, age, price FROM parcels', algorithm => 'pca', options => '{"n_components": 2}');
SELECT count(*) FILTER (WHERE version = 2) AS before, count(*) FILTER (WHERE version = 3) AS now
FROM (VALUES (2), (3)) AS v(version), orchard.explained_variance('boxes', version);
SELECT * FROM orchard.explained_variance('boxes', 9);
SELECT orchard.rollback('boxes');
SELECT orchard.import_model('boxes_copy', orchard.export_model('boxes'));
SELECT bool_and(orchard.transform('boxes_copy', p) = orchard.transform('boxes', p)) AS same FROM parcels AS p;
SELECT orchard.report('sold') ~ 'What the components are made of' AS page, orchard.report('sold', 'sales') ~ 'rows of the source' AS of_source, orchard.model_card('sold') ~ '## Components' AS card;
SELECT left(orchard.plot('sold', 'explained_variance'), 4) AS scree;
SELECT orchard.plot('sold', 'importance');
SELECT orchard.plot('groups', 'explained_variance');
SELECT feature, category, categories IS NOT NULL FROM (SELECT 'colour' AS feature, 'red' AS category, orchard.forget_categories('sold', 'colour', '{red}')::text AS categories) AS s;
SELECT DISTINCT level FROM orchard.components('sold') WHERE feature = 'colour' ORDER BY 1;
SELECT rank, distance < 1e-9 AS itself, prediction FROM orchard.similar_rows('boxes', (SELECT p FROM parcels AS p WHERE parcel_id = 17), 'parcels', 1);
-- Plain SQL says the same, whitened or not, and of rows that are out of the ordinary too.
DO $$ DECLARE apart float8; name text; BEGIN
    FOREACH name IN ARRAY ARRAY['sold', 'sold_again', 'share', 'plain'] LOOP
        EXECUTE format('SELECT max(abs(a - b)) FROM %s AS t, unnest(orchard.transform(%L, t), %s) AS u(a, b)',
            CASE WHEN name LIKE 'sold%' THEN 'sales' ELSE 'parcels' END, name, orchard.to_sql(name, alias => 't')) INTO apart;
        RAISE NOTICE '%: %', name, apart < 1e-9;
    END LOOP;
    EXECUTE 'SELECT max(abs(a - b)) FROM (VALUES (NULL::float8, NULL::float8, ''x''), (''NaN'', ''Infinity'', ''blue''), (''-Infinity'', -1e9, '''')) AS t(amount, age, colour)
        CROSS JOIN (SELECT NULL::boolean AS member, ARRAY[1, 2, 3]::float8[] AS taste, date ''2027-01-01'' AS day, 1 AS same, 2::float8 AS nothing) AS o
        CROSS JOIN LATERAL unnest(predict_sold_again(amount, age, colour, member, taste, day, same, nothing), ' || orchard.to_sql('sold_again') || ') AS u(a, b)' INTO apart;
    RAISE NOTICE 'odd rows: %', apart < 1e-3;
END $$;
SELECT orchard.to_sql('boxes', class => 'x');
-- What it is not for.
SELECT orchard.predict('boxes', p) FROM parcels AS p LIMIT 1;
SELECT orchard.predict_label('boxes', p) FROM parcels AS p LIMIT 1;
SELECT orchard.predict_proba('boxes', '{}'::jsonb);
SELECT orchard.distance('boxes', '{}'::jsonb);
SELECT orchard.transform('groups', s) FROM sold_components AS s LIMIT 1;
SELECT * FROM orchard.score('boxes', 'parcels');
SELECT * FROM orchard.explain('boxes', '{}'::jsonb);
SELECT * FROM orchard.counterfactual('boxes', '{}'::jsonb);
SELECT * FROM orchard.importance('boxes');
SELECT * FROM orchard.interactions('boxes', 'parcels');
SELECT * FROM orchard.partial_dependence('boxes', 'age', 'parcels');
SELECT * FROM orchard.roc_curve('boxes');
SELECT * FROM orchard.lift('boxes', 'parcels');
SELECT * FROM orchard.overfitting('boxes');
SELECT * FROM orchard.learning_curve('boxes', 'rows');
SELECT * FROM orchard.rules('boxes');
SELECT orchard.to_pmml('boxes');
SELECT * FROM orchard.segments('boxes');
SELECT * FROM orchard.anomalies('boxes', 'parcels');
SELECT * FROM orchard.components('groups');
SELECT * FROM orchard.explained_variance(NULL);
SELECT orchard.retrain('boxes');
SELECT orchard.tune('boxes', 'parcels', NULL, 'pca', '{"n_components": [1, 2]}');
SELECT * FROM orchard.evaluate('boxes', 'parcels', by => 'age');
SELECT orchard.train('none', 'SELECT 1 AS a, 2.5 AS b FROM parcels', algorithm => 'pca');
SELECT orchard.train('none', 'SELECT * FROM parcels WHERE false', algorithm => 'pca');
SELECT orchard.train('none', 'SELECT length, 0 AS w FROM parcels', algorithm => 'pca', options => '{"sample_weight": "w"}');
DROP TABLE wide;
REVOKE ALL ON SCHEMA public FROM regress_pca_reader;
DROP FUNCTION predict_boxes;
DROP ROLE regress_pca_reader;

-- Models that leave a database and come into one.
SET client_min_messages = warning;
CREATE SCHEMA imports;
SET search_path = imports;
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE TABLE seen AS
SELECT i, i % 7 AS n, (ARRAY['red', 'green', 'blue'])[1 + i % 3]::colour AS c, i % 2 = 0 AS b,
    CASE WHEN i % 11 > 0 THEN i / 10.0 END AS x, CASE WHEN i % 3 = 1 OR i % 7 > 4 THEN 'yes' ELSE 'no' END AS y
FROM generate_series(1, 600) AS i;
RESET client_min_messages;

-- Out and in again: the same answers, the same metrics, the same recipe.
SELECT model, version, algorithm, deployed FROM orchard.train('first', 'SELECT n, c, b, x, y FROM imports.seen', 'y',
    'gradient_boosting', '{"n_estimators": 5}');
CREATE TABLE exported AS SELECT orchard.export_model('first') AS data;
SELECT * FROM orchard.import_model('second', (SELECT data FROM exported));
SELECT count(*) AS different FROM seen AS s WHERE predict_first(n, c, b, x) IS DISTINCT FROM predict_second(n, c, b, x);
SELECT count(*) AS different FROM orchard.evaluate('first') AS a FULL JOIN orchard.evaluate('second') AS b USING (metric, value) WHERE a IS NULL OR b IS NULL;
SELECT a.source = b.source AND a.options = b.options AND a.search_path = b.search_path AND a.metrics = b.metrics AND a.checksum = b.checksum
    AND a.feature_list = b.feature_list AND a.rows = b.rows AS same
FROM orchard.model_versions AS a, orchard.model_versions AS b WHERE a.model = 'first' AND b.model = 'second';
SELECT pg_get_function_arguments('predict_second'::regproc);
SELECT step, event, version, deployed, previous FROM orchard.history WHERE model = 'second';
-- What is exported again is what was imported.
SELECT orchard.export_model('second') = data AS same FROM exported;

-- A second version, which is not deployed; then it is.
SELECT version, deployed FROM orchard.import_model('second', (SELECT data FROM exported), deploy => false);
SELECT orchard.deploy('second', 2);
SELECT orchard.rollback('second');
SELECT octet_length(orchard.export_model('second', 2)) > 1000 AS whole;
SELECT orchard.export_model('second', 9);

-- A type that is not here is a text.
ALTER TYPE colour RENAME TO paint;
SELECT function FROM orchard.import_model('third', (SELECT data FROM exported));
SELECT pg_get_function_arguments('predict_third'::regproc);
SELECT count(*) AS different FROM seen WHERE predict_first(n, c, b, x) IS DISTINCT FROM predict_third(n, c::text, b, x);
-- A type of that name that means something else is not taken for it.
CREATE TYPE colour AS (r integer);
SELECT pg_get_function_arguments(function::regproc) FROM orchard.import_model('fourth', (SELECT data FROM exported));

-- Damage is told.
SELECT orchard.import_model('broken', substr(data, 1, 20)) FROM exported;
SELECT orchard.import_model('broken', set_byte(data, 3000, get_byte(data, 3000) # 4)) FROM exported;
SELECT orchard.import_model('broken', '\x00');
SELECT orchard.import_model('broken', NULL);
SELECT orchard.import_model(NULL, '\x00');

-- A text of LightGBM.
CREATE TABLE texts (name text, data text);
INSERT INTO texts VALUES ('lightgbm', E'tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nobjective=binary sigmoid:1
feature_names=age city plan\nfeature_infos=[18:90] 0:1:2 [0:2]\n
Tree=0\nnum_leaves=4\nnum_cat=1\nsplit_feature=0 1 2\nsplit_gain=9 4 2\nthreshold=40.5 0 0.5\ndecision_type=10 1 2
left_child=1 -1 -2\nright_child=2 -3 -4\nleaf_value=0.5 -0.25 -1 1.5\nleaf_count=10 20 30 40\ninternal_count=100 40 60
cat_boundaries=0 1\ncat_threshold=5\nis_linear=0\nshrinkage=1\n\nend of trees\n
parameters:\n[categorical_feature: 1]\nend of parameters\n
pandas_categorical:[["Berlin", "Paris", "Rome"], ["basic", "plus", "pro"]]\n');
SELECT * FROM orchard.import_lightgbm('visit', (SELECT data FROM texts WHERE name = 'lightgbm'),
    '{"classes": ["stays", "leaves"], "target": "outcome"}');
SELECT pg_get_function_arguments('predict_visit'::regproc), obj_description('predict_visit'::regproc, 'pg_proc');
SELECT age, city, plan, round(predict_visit(age, city, plan)::numeric, 6) AS p, orchard.predict_label('visit', t)
FROM (VALUES (30, 'Berlin', 'basic'), (30, 'Paris', 'pro'), (50, 'Rome', 'basic'), (50, 'Rome', 'plus'), (NULL, 'Rome', NULL),
    (50, 'Oslo', 'gold'), (30, NULL, NULL)) AS t(age, city, plan);
SELECT orchard.predict('visit', '{"age": 30, "city": "Rome", "plan": "pro"}');
SELECT feature, round(contribution::numeric, 4) AS contribution FROM orchard.explain('visit', '{"age": 30, "city": "Rome", "plan": "pro"}');
SELECT condition, rows, round(value::numeric, 4) AS value FROM orchard.rules('visit');
SELECT orchard.to_sql('visit');
SELECT feature, round(importance::numeric, 4) AS importance, kind FROM orchard.importance('visit');
SELECT model, algorithm, task, target, features, rows, metric, score FROM orchard.models WHERE model = 'visit';
CREATE VIEW customers AS SELECT 20 + i % 60 AS age, (ARRAY['Berlin', 'Paris', 'Rome', 'Oslo'])[1 + i % 4] AS city, (ARRAY['basic', 'plus', 'pro'])[1 + i % 3] AS plan,
    CASE WHEN i % 60 > 25 THEN 'stays' ELSE 'leaves' END AS outcome FROM generate_series(1, 200) AS i;
SELECT metric, round(value::numeric, 4) AS value FROM orchard.evaluate('visit', 'customers') WHERE metric IN ('accuracy', 'roc_auc', 'log_loss');
SELECT length(orchard.report('visit')) > 1000 AS page, length(orchard.report('visit', 'customers')) > 1000 AS page_of_rows;
-- What needs the rows of the training says so.
SELECT orchard.evaluate('visit');
SELECT orchard.learning_curve('visit', by => 'rows');
SELECT orchard.retrain('visit');
SELECT orchard.drift('visit');
SELECT orchard.drift('visit', 'customers');
-- A newer one with other columns; the view that stands on the function keeps it.
CREATE VIEW scored AS SELECT predict_visit(age, city, plan) FROM customers;
SELECT orchard.import_lightgbm('visit', replace(data, 'feature_names=age', 'feature_names=years')) FROM texts WHERE name = 'lightgbm';
SELECT version, deployed FROM orchard.import_lightgbm('visit', (SELECT replace(data, 'feature_names=age', 'feature_names=years') FROM texts WHERE name = 'lightgbm'), '{"deploy": false}');
-- Without a target there is nothing to judge by.
SELECT model FROM orchard.import_lightgbm('untold', (SELECT data FROM texts WHERE name = 'lightgbm'));
SELECT orchard.evaluate('untold', 'customers');

-- Names of its own, codes for categories.
SELECT pg_get_function_arguments(function::regproc) FROM orchard.import_lightgbm('renamed', (SELECT data FROM texts WHERE name = 'lightgbm'),
    '{"feature_names": ["Age", "the city", "plan"], "categories": {"the city": ["B", "P", "R"]}}');
SELECT pg_get_function_arguments(function::regproc) FROM orchard.import_lightgbm('coded', (SELECT split_part(data, 'pandas_categorical', 1) FROM texts WHERE name = 'lightgbm'));
SELECT round(predict_coded(30, 2, 1)::numeric, 4) AS p, predict_coded(30, 2, 1) = orchard.predict('coded', '{"age": 30, "city": 2, "plan": 1}') AS by_name;

-- Whole numbers of every width are codes.
SELECT orchard.predict_proba('coded', a) = orchard.predict_proba('coded', b) AND orchard.predict_proba('coded', b) = orchard.predict_proba('coded', c)
    AND orchard.predict_proba('coded', c) = orchard.predict_proba('coded', '{"age": 30, "city": 2, "plan": 1}') AS same
FROM (SELECT 30 AS age, 2::smallint AS city, 1 AS plan) AS a, (SELECT 30 AS age, 2 AS city, 1 AS plan) AS b, (SELECT 30 AS age, 2::numeric AS city, 1 AS plan) AS c;

-- What is not read is refused by name.
SELECT orchard.import_lightgbm('no', replace(data, 'is_linear=0', 'is_linear=1')) FROM texts WHERE name = 'lightgbm';
SELECT orchard.import_lightgbm('no', replace(data, 'binary sigmoid:1', 'cross_entropy_lambda')) FROM texts WHERE name = 'lightgbm';
SELECT orchard.import_lightgbm('no', left(data, 300)) FROM texts WHERE name = 'lightgbm';
SELECT orchard.import_lightgbm('no', 'tree of knowledge');
SELECT orchard.import_lightgbm('no', data, '{"class": ["a"]}') FROM texts WHERE name = 'lightgbm';
SELECT orchard.import_lightgbm('no', data, '{"classes": ["a", "b", "c"]}') FROM texts WHERE name = 'lightgbm';
SELECT orchard.import_lightgbm('no', data, '{"categories": {"town": ["a"]}}') FROM texts WHERE name = 'lightgbm';

-- A document of XGBoost, as text, json, jsonb and bytea.
INSERT INTO texts VALUES ('xgboost', '{"learner": {"attributes": {}, "feature_names": ["age", "city", "member"], "feature_types": ["float", "c", "i"],
  "gradient_booster": {"model": {"cats": {"enc": [{"offsets": [], "values": []}, {"offsets": [0, 1, 3], "values": [97, 98, 99]}, {"offsets": [], "values": []}],
      "feature_segments": [0, 0, 2, 2], "sorted_idx": [0, 1]},
    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "1"}, "iteration_indptr": [0, 1], "tree_info": [0],
    "trees": [{"base_weights": [0, 0, 0, 0, 0, 0, 0], "categories": [1], "categories_nodes": [1], "categories_segments": [0], "categories_sizes": [1],
      "default_left": [1, 0, 1, 0, 0, 0, 0], "id": 0, "left_children": [1, 3, 5, -1, -1, -1, -1], "loss_changes": [9, 4, 2, 0, 0, 0, 0],
      "parents": [2147483647, 0, 0, 1, 1, 2, 2], "right_children": [2, 4, 6, -1, -1, -1, -1], "split_conditions": [1.1, 1E-45, 1, 5E-1, -2.5E-1, -1E0, 1.5E0],
      "split_indices": [0, 1, 2, 0, 0, 0, 0], "split_type": [0, 1, 0, 0, 0, 0, 0], "sum_hessian": [100, 40, 60, 10, 30, 20, 40],
      "tree_param": {"num_deleted": "0", "num_feature": "3", "num_nodes": "7", "size_leaf_vector": "1"}}]}, "name": "gbtree"},
  "learner_model_param": {"base_score": "[2.5E-1]", "boost_from_average": "1", "num_class": "0", "num_feature": "3", "num_target": "1"},
  "objective": {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}}}, "version": [3, 2, 0]}');
SELECT * FROM orchard.import_xgboost('member', (SELECT data FROM texts WHERE name = 'xgboost'));
SELECT pg_get_function_arguments('predict_member'::regproc);
-- 1.1 is above the float4 that is nearest to it, and in single precision is not below it.
SELECT age, city, member, round(predict_member(age, city, member)::numeric, 6) AS p
FROM (VALUES (1.0, 'a', true), (1.1, 'a', true), (1.1, 'a', false), (1.0, 'bc', NULL), (NULL, 'bc', NULL), (1.0, 'x', NULL), (1.0, NULL, NULL)) AS t(age, city, member);
SELECT version FROM orchard.import_xgboost('member', (SELECT data::json FROM texts WHERE name = 'xgboost'));
SELECT version FROM orchard.import_xgboost('member', (SELECT data::jsonb FROM texts WHERE name = 'xgboost'), '{"classes": ["no", "yes"]}');
SELECT version FROM orchard.import_xgboost('member', (SELECT convert_to(data, 'UTF8') FROM texts WHERE name = 'xgboost'));
SELECT count(DISTINCT round(score::numeric, 12)) FROM generate_series(1, 4) AS v, LATERAL (SELECT orchard.predict_proba('member', '{"age": 2}') ->> '1') AS s(score);
SELECT orchard.import_xgboost('no', replace(data, '"gbtree"', '"gblinear"')) FROM texts WHERE name = 'xgboost';
SELECT orchard.import_xgboost('no', replace(data, 'binary:logistic', 'binary:hinge')) FROM texts WHERE name = 'xgboost';
SELECT orchard.import_xgboost('no', replace(data, '"size_leaf_vector": "1"', '"size_leaf_vector": "3"')) FROM texts WHERE name = 'xgboost';
SELECT orchard.import_xgboost('no', replace(data, '"num_target": "1"', '"num_target": "2"')) FROM texts WHERE name = 'xgboost';
SELECT orchard.import_xgboost('no', left(data, 900)) FROM texts WHERE name = 'xgboost';
SELECT orchard.import_xgboost('no', repeat('[', 100000));
SELECT orchard.import_xgboost('no', '{"learner": ' || repeat('{"a": ', 100000));
SELECT orchard.import_xgboost('no', decode('7b4c0000000000000007', 'hex'));
BEGIN;
SET LOCAL orchard.max_memory = '1MB';
SELECT orchard.import_xgboost('no', '{"learner": {"feature_names": [' || repeat('"",', 100000) || '""]}}');
ROLLBACK;

-- Rights: who may make a function may import; who owns the model may add a version and export.
CREATE ROLE imports_other;
GRANT USAGE ON SCHEMA imports TO imports_other;
GRANT SELECT ON texts, exported TO imports_other;
SELECT orchard.grant('visit', 'imports_other');
SET ROLE imports_other;
SELECT orchard.import_model('mine', data) FROM exported;
SELECT orchard.import_model('visit', data) FROM exported;
SELECT orchard.export_model('visit');
SELECT orchard.export_model('first');
SELECT round(imports.predict_visit(30, 'Berlin', 'basic')::numeric, 4) AS p;
RESET ROLE;
BEGIN READ ONLY;
SELECT orchard.import_model('late', data) FROM exported;
ROLLBACK;
BEGIN;
SELECT model FROM orchard.import_model('late', (SELECT data FROM exported));
ROLLBACK;
SELECT count(*) FROM orchard.models WHERE model = 'late';

SET client_min_messages = warning;
DROP SCHEMA imports CASCADE;
DROP ROLE imports_other;
SELECT count(*) FROM orchard.stored_chunks;

-- Models of scikit-learn, in ONNX, and of CatBoost.
SET client_min_messages = warning;
CREATE SCHEMA imports_more;
SET search_path = imports_more;
RESET client_min_messages;

-- A decision tree behind a one-hot encoder, and a forest of two stumps, as skl2onnx writes them.
CREATE TABLE graphs (name text, data bytea);
INSERT INTO graphs VALUES ('tree', decode('
CAoSCHNrbDJvbm54GgYxLjE4LjAiB2FpLm9ubngoADIAOssICjQKBHBsYW4KBXBsYW4wEgZwbGFuMDEaBkdhdGhlciIGR2F0aGVyKgsKBGF4aXMYAaABAjoACnAKBnBsYW4wMRIJcGxhbjAxb3V0Gg
1PbmVIb3RFbmNvZGVyIg1PbmVIb3RFbmNvZGVyKiMKDGNhdHNfc3RyaW5nc0oFYmFzaWNKBHBsdXNKA3Byb6ABCCoMCgV6ZXJvcxgBoAECOgphaS5vbm54Lm1sCjgKCXBsYW4wMW91dAoMc2hhcGVf
dGVuc29yEgl2YXJpYWJsZTEaB1Jlc2hhcGUiB1Jlc2hhcGU6AApDCgNhZ2UKCXZhcmlhYmxlMRISdHJhbnNmb3JtZWRfY29sdW1uGgZDb25jYXQiBkNvbmNhdCoLCgRheGlzGAGgAQI6AAqQBQoSdH
JhbnNmb3JtZWRfY29sdW1uEgVsYWJlbBINcHJvYmFiaWxpdGllcxoWVHJlZUVuc2VtYmxlQ2xhc3NpZmllciIWVHJlZUVuc2VtYmxlQ2xhc3NpZmllcioWCgljbGFzc19pZHNAAEAAQABAAKABByoa
Cg1jbGFzc19ub2RlaWRzQAJAA0AFQAagAQcqGgoNY2xhc3NfdHJlZWlkc0AAQABAAEAAoAEHKiYKDWNsYXNzX3dlaWdodHM9AACAPz0AAAAAPbO96zs9tg59P6ABBionChNjbGFzc2xhYmVsc19zdH
JpbmdzSgZsZWF2ZXNKBXN0YXlzoAEIKiUKEm5vZGVzX2ZhbHNlbm9kZWlkc0AEQANAAEAAQAZAAEAAoAEHKiMKEG5vZGVzX2ZlYXR1cmVpZHNAAEADQABAAEADQABAAKABByoyCh9ub2Rlc19taXNz
aW5nX3ZhbHVlX3RyYWNrc190cnVlQABAAEAAQABAAEAAQACgAQcqTAoLbm9kZXNfbW9kZXNKCkJSQU5DSF9MRVFKCkJSQU5DSF9MRVFKBExFQUZKBExFQUZKCkJSQU5DSF9MRVFKBExFQUZKBExFQU
agAQgqIAoNbm9kZXNfbm9kZWlkc0AAQAFAAkADQARABUAGoAEHKiAKDW5vZGVzX3RyZWVpZHNAAEAAQABAAEAAQABAAKABByokChFub2Rlc190cnVlbm9kZWlkc0ABQAJAAEAAQAVAAEAAoAEHKjQK
DG5vZGVzX3ZhbHVlcz1mZi5CPQAAAD89AAAAAD0AAAAAPQAAAD89AAAAAD0AAAAAoAEGKhkKDnBvc3RfdHJhbnNmb3JtIgROT05FoAEDOgphaS5vbm54Lm1sEgFtKg4IARAHOgEAQgVwbGFuMCofCA
IQBzoL////////////AQNCDHNoYXBlX3RlbnNvcloTCgNhZ2USDAoKCAESBgoACgIIAVoUCgRwbGFuEgwKCggIEgYKAAoCCAFiEQoFbGFiZWwSCAoGCAgSAgoAYh0KDXByb2JhYmlsaXRpZXMSDAoK
CAESBgoACgIIAkIOCgphaS5vbm54Lm1sEAFCBAoAEBU=', 'base64'));
INSERT INTO graphs VALUES ('forest', decode('
CAoSCHNrbDJvbm54GgYxLjE4LjAiB2FpLm9ubngoADIAOvQECsEECgF4Egh2YXJpYWJsZRoVVHJlZUVuc2VtYmxlUmVncmVzc29yIhVUcmVlRW5zZW1ibGVSZWdyZXNzb3IqEAoJbl90YXJnZXRzGA
GgAQIqIwoSbm9kZXNfZmFsc2Vub2RlaWRzQAJAAEAAQAJAAEAAoAEHKiEKEG5vZGVzX2ZlYXR1cmVpZHNAAEAAQABAAEAAQACgAQcqMAofbm9kZXNfbWlzc2luZ192YWx1ZV90cmFja3NfdHJ1ZUAA
QABAAEAAQABAAKABBypACgtub2Rlc19tb2Rlc0oKQlJBTkNIX0xFUUoETEVBRkoETEVBRkoKQlJBTkNIX0xFUUoETEVBRkoETEVBRqABCCoeCg1ub2Rlc19ub2RlaWRzQABAAUACQABAAUACoAEHKh
4KDW5vZGVzX3RyZWVpZHNAAEAAQABAAUABQAGgAQcqIgoRbm9kZXNfdHJ1ZW5vZGVpZHNAAUAAQABAAUAAQACgAQcqLwoMbm9kZXNfdmFsdWVzPWZmMkI9AAAAAD0AAAAAPWZmMkI9AAAAAD0AAAAA
oAEGKhkKDnBvc3RfdHJhbnNmb3JtIgROT05FoAEDKhcKCnRhcmdldF9pZHNAAEAAQABAAKABByobCg50YXJnZXRfbm9kZWlkc0ABQAJAAUACoAEHKhsKDnRhcmdldF90cmVlaWRzQABAAEABQAGgAQ
cqJwoOdGFyZ2V0X3dlaWdodHM9AAAAAD0AAKBAPQAAAAA9AACgQKABBjoKYWkub25ueC5tbBIBbVoRCgF4EgwKCggBEgYKAAoCCAFiGAoIdmFyaWFibGUSDAoKCAESBgoACgIIAUIOCgphaS5vbm54
Lm1sEAFCBAoAEBU=', 'base64'));
SELECT * FROM orchard.import_sklearn('plan', (SELECT data FROM graphs WHERE name = 'tree'), '{"target": "outcome", "positive_class": "stays"}');
SELECT pg_get_function_arguments('predict_plan'::regproc), obj_description('predict_plan'::regproc, 'pg_proc');
-- The threshold is 43.6 in single precision, 43.5999985: what rounds to it is at most it.
SELECT age, plan, round(predict_plan(age, plan)::numeric, 6) AS p, orchard.predict_label('plan', t)
FROM (VALUES (30, 'basic'), (30, 'pro'), (60, 'basic'), (60, 'pro'), (60, 'gold'), (60, NULL), (43.6, 'basic'), (43.6000003, 'basic'), (43.6000005, 'basic'),
    (NULL, 'basic')) AS t(age, plan);
SELECT condition, round(value::numeric, 4) AS value FROM orchard.rules('plan');
SELECT orchard.to_sql('plan');
CREATE VIEW customers AS SELECT 20 + i % 60 AS age, (ARRAY['basic', 'plus', 'pro'])[1 + i % 3] AS plan,
    CASE WHEN (i % 60 > 25) <> (i % 3 = 2) THEN 'leaves' ELSE 'stays' END AS outcome FROM generate_series(1, 200) AS i;
SELECT metric, round(value::numeric, 4) AS value FROM orchard.evaluate('plan', 'customers') WHERE metric IN ('accuracy', 'roc_auc', 'log_loss');
SELECT length(orchard.report('plan')) > 1000 AS page;
-- ONNX does not say how many rows took each branch; compared with rows it is explained.
SELECT orchard.explain('plan', '{"age": 30, "plan": "pro"}');
SELECT feature, round(contribution::numeric, 4) AS contribution FROM orchard.explain('plan', '{"age": 30, "plan": "pro"}', background => 'customers');
SELECT orchard.predict('plan', row_to_json(c)) = predict_plan(age, plan) AS by_name, count(*) FROM customers AS c GROUP BY 1;

SELECT function, task FROM orchard.import_sklearn('amount', (SELECT data FROM graphs WHERE name = 'forest'), '{"feature_names": ["age"]}');
SELECT age, predict_amount(age) FROM (VALUES (30), (60), (NULL)) AS t(age);

SELECT orchard.import_sklearn('no', substr(data, 1, 400)) FROM graphs WHERE name = 'tree';
SELECT orchard.import_sklearn('no', replace(encode(data, 'escape'), 'OneHotEncoder', 'HotEncoderOne')::bytea) FROM graphs WHERE name = 'tree';
SELECT orchard.import_sklearn('no', replace(encode(data, 'escape'), 'NONE', 'NINE')::bytea) FROM graphs WHERE name = 'forest';
SELECT orchard.import_sklearn('no', '\x00');
SELECT orchard.import_sklearn('no', NULL);
SELECT orchard.import_sklearn('no', data, '{"classes": ["a"]}') FROM graphs WHERE name = 'tree';
SELECT orchard.import_sklearn('no', data, '{"classes": ["a", "b"]}') FROM graphs WHERE name = 'forest';
SELECT orchard.import_sklearn('no', data, '{"categories": {"plan": ["a"]}}') FROM graphs WHERE name = 'tree';
SELECT orchard.import_sklearn('no', data, '{"best_iteration": false}') FROM graphs WHERE name = 'tree';
BEGIN;
SET LOCAL orchard.max_memory = '1MB';
SELECT orchard.import_sklearn('no', data) FROM graphs WHERE name = 'tree';
ROLLBACK;

-- Text of CatBoost: a number with missing values, a category by one-hot splits, one of whole numbers by a statistic.
CREATE TABLE texts (name text, data text);
INSERT INTO texts VALUES ('catboost', '{"features_info": {
    "float_features": [{"borders": [0.5, 2.5], "feature_id": "visits", "feature_index": 0, "flat_feature_index": 1, "has_nans": true, "nan_value_treatment": "AsTrue"}],
    "categorical_features": [{"feature_id": "city", "feature_index": 0, "flat_feature_index": 0, "values": [-5]}, {"feature_id": "zone", "feature_index": 1, "flat_feature_index": 2}],
    "cat_features_hash": [{"hash": 4294967291, "value": "Rome"}, {"hash": 7, "value": "1"}, {"hash": 8, "value": "2"}],
    "ctrs": [{"borders": [0.5], "ctr_type": "Borders", "elements": [{"cat_feature_index": 1, "combination_element": "cat_feature_value"}], "identifier": "zone",
        "prior_denomerator": 1, "prior_numerator": 0.5, "scale": 1, "shift": 0, "target_border_idx": 0}]},
  "ctr_data": {"zone": {"counter_denominator": 0, "hash_map": ["14670935167156705519", 8, 1, "955288127856619208", 2, 7], "hash_stride": 3}},
  "model_info": {"class_params": {"class_names": ["no", "yes"]}, "params": {"loss_function": {"type": "Logloss"}}},
  "oblivious_trees": [{"leaf_values": [-2, -1, 1, 2, -0.5, 0.5, 1.5, 2.5], "leaf_weights": [10, 20, 30, 40, 5, 15, 25, 35],
    "splits": [{"split_type": "FloatFeature", "float_feature_index": 0, "border": 2.5, "split_index": 1},
      {"split_type": "OneHotFeature", "cat_feature_index": 0, "value": -5, "split_index": 2}, {"split_type": "OnlineCtr", "border": 0.5, "split_index": 3}]}],
  "scale_and_bias": [2, [0.25]]}');
SELECT * FROM orchard.import_catboost('buys', (SELECT data FROM texts));
SELECT pg_get_function_arguments('predict_buys'::regproc);
SELECT city, visits, zone, round(ln(p / (1 - p))::numeric, 6) AS score
FROM (VALUES ('Rome', 3, 1), ('Rome', 2.5, 2), ('Oslo', NULL, 2), (NULL, 1, 9), ('Oslo', 1, NULL)) AS t(city, visits, zone), LATERAL (SELECT predict_buys(city, visits, zone) AS p) AS s;
SELECT feature, round(contribution::numeric, 4) AS contribution FROM orchard.explain('buys', '{"city": "Rome", "visits": 3, "zone": 2}');
SELECT orchard.predict_proba('buys', '{"city": "Rome", "visits": 3, "zone": 2}') ? 'yes' AS labelled;
SELECT version FROM orchard.import_catboost('buys', (SELECT data::json FROM texts));
SELECT version FROM orchard.import_catboost('buys', (SELECT data::jsonb FROM texts), '{"classes": ["stays", "buys"]}');
SELECT model, algorithm, task, features, rows FROM orchard.models WHERE model IN ('plan', 'amount', 'buys') ORDER BY model;

SELECT orchard.import_catboost('no', replace(data, 'Logloss', 'MultiRMSE')) FROM texts;
SELECT orchard.import_catboost('no', replace(data, '"elements": [', '"elements": [{"cat_feature_index": 0, "combination_element": "cat_feature_value"}, ')) FROM texts;
SELECT orchard.import_catboost('no', replace(data, 'cat_features_hash', 'cat_features_mash')) FROM texts;
SELECT orchard.import_catboost('no', replace(data, '"Borders"', '"Corders"')) FROM texts;
SELECT orchard.import_catboost('no', replace(data, '"features_info"', '"features"')) FROM texts;
SELECT orchard.import_catboost('no', left(data, 500)) FROM texts;
SELECT orchard.import_catboost('no', repeat('[', 100000));
SELECT orchard.import_catboost('no', data, '{"categories": {"city": ["a"]}}') FROM texts;
BEGIN;
SET LOCAL orchard.max_memory = '1MB';
SELECT orchard.import_catboost('no', repeat(' ', 1000000));
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA imports_more CASCADE;

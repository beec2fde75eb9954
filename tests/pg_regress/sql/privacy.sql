-- What a model may know of people: "min_group", "personal_data", the card's list of what is remembered, and forgetting it.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
SET orchard.warnings = off;
CREATE TYPE tier AS ENUM ('free', 'pro', 'agency');
CREATE TABLE people AS SELECT i AS id, (18 + i * 7 % 60)::int AS age, (i * 37 % 1000) / 4.0 AS spend,
    CASE i WHEN 100 THEN 'Xanadu' WHEN 200 THEN '' ELSE (ARRAY['Berlin', 'Paris', 'Rome', NULL, 'Oslo', 'Berlin'])[1 + i * 5 % 6] END AS city,
    (ARRAY['free', 'pro', 'agency'])[1 + i / 3 % 3]::tier AS tier, i % 2 = 0 AS member,
    format('user%s@shop.example', i % 150) AS mail, (ARRAY['shoes on sale', 'a coat for winter', 'gift for summer', 'returned shoes'])[1 + i * 3 % 4] AS note,
    ((i * 7 % 60 > 25) <> (i % 11 = 0) OR i % 6 = 1 AND i % 4 = 0) AS bought FROM generate_series(1, 1800) AS i;
UPDATE people SET spend = 123456.75 WHERE id = 300;

-- The floor: no leaf of fewer rows, no rare level, no value of one person among what is stored.
CREATE FUNCTION holds(model_name name, what bytea) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM orchard.stored_models AS m JOIN orchard.stored_versions AS v ON v.model = m.id
    JOIN orchard.stored_chunks AS c ON c.version = v.id WHERE m.model_name = $1 AND position($2 IN c.data) > 0
$$;
CREATE FUNCTION holds(model_name name, what text) RETURNS bigint LANGUAGE sql AS $$
    SELECT holds($1, convert_to($2, 'UTF8')) + (SELECT count(*) FROM orchard.stored_models AS m JOIN orchard.stored_versions AS v ON v.model = m.id
    WHERE m.model_name = $1 AND v.features::text LIKE '%' || $2 || '%')
$$;
SET client_min_messages = notice;
SELECT version FROM orchard.train('floor', 'SELECT age, spend, city, tier, member, bought FROM people', 'bought', 'decision_tree', '{"min_group": 40, "min_samples_leaf": 1, "min_category_rows": 1}');
SET client_min_messages = warning;
SELECT min(rows) >= 40 AS enough FROM orchard.rules('floor') WHERE leaf;
SELECT holds('floor', 'Xanadu'), holds('floor', 'Paris') > 0 AS knows_paris;
SELECT f ->> 'maximum' AS maximum, f ->> 'minimum' AS minimum FROM orchard.model_versions, jsonb_array_elements(feature_list) AS f WHERE model = 'floor' AND f ->> 'name' = 'spend';
SELECT version FROM orchard.train('free', 'SELECT age, spend, city, tier, member, bought FROM people', 'bought', 'decision_tree', '{"min_samples_leaf": 1, "min_category_rows": 1, "holdout": 0}');
SELECT min(rows) < 40 AS less FROM orchard.rules('free') WHERE leaf;
SELECT holds('free', 'Xanadu') > 0 AS knows_one;
SELECT f ->> 'maximum' AS maximum FROM orchard.model_versions, jsonb_array_elements(feature_list) AS f WHERE model = 'free' AND f ->> 'name' = 'spend';
-- It belongs to the recipe.
SELECT version, promoted FROM orchard.retrain('floor', promote => 'always');
SELECT min(rows) >= 40 AS enough FROM orchard.rules('floor') WHERE leaf;
SELECT holds('floor', 'Xanadu');
-- A rare class, too few rows, too few drawn, a bad value.
SELECT orchard.train('hermits', 'SELECT age, spend, CASE WHEN id = 7 THEN ''hermit'' ELSE tier::text END AS kind FROM people', 'kind', options => '{"min_group": 5, "holdout": 0}');
SELECT orchard.train('few', 'SELECT member, spend, bought FROM people LIMIT 30', 'bought', 'decision_tree', '{"min_group": 31, "holdout": 0}');
SELECT orchard.train('few', 'SELECT age, spend FROM people LIMIT 30', algorithm => 'kmeans', options => '{"min_group": 31}');
SELECT orchard.train('few', 'SELECT age, bought FROM people LIMIT 300', 'bought', 'random_forest', '{"min_group": 100, "max_samples": 0.2, "holdout": 0}');
SELECT orchard.train('few', 'people', 'bought', 'decision_tree', '{"min_group": 0}');
SELECT orchard.tune('few', 'people', 'bought', 'decision_tree', '{"min_group": [1, 2]}');
SET client_min_messages = notice;
SELECT version FROM orchard.train('groups', 'SELECT age, spend, city FROM people', algorithm => 'kmeans', options => '{"n_clusters": 60, "min_group": 50}');
SET client_min_messages = warning;
SELECT min(n) >= 50 AS enough, count(*) > 3 AS several FROM (SELECT count(*) AS n FROM people GROUP BY predict_groups(age, spend, city)) AS s;

-- Personal data: left out, unless it is asked for by name; masked, kept, or an error.
SET client_min_messages = notice;
SELECT features FROM orchard.train('mails', 'SELECT age, city, mail, bought FROM people', 'bought', 'decision_tree');
SELECT features FROM orchard.train('mails', 'SELECT age, city, mail, bought FROM people', 'bought', 'decision_tree', '{"features": ["age", "mail"]}');
SELECT features FROM orchard.train('mails', 'SELECT age, city, mail, bought FROM people', 'bought', 'decision_tree', '{"personal_data": "keep"}');
SELECT features FROM orchard.train('masked', 'SELECT age, mail, bought FROM people', 'bought', 'decision_tree', '{"personal_data": "mask", "min_category_rows": 1}');
SELECT orchard.train('mails', 'SELECT age, city, mail, bought FROM people', 'bought', 'decision_tree', '{"personal_data": "refuse"}');
SELECT orchard.train('mails', 'SELECT mail, bought FROM people', 'bought', 'decision_tree');
SELECT orchard.train('mails', 'people', 'bought', 'decision_tree', '{"personal_data": "hide"}');
SELECT best FROM orchard.tune('tuned', 'SELECT age, mail, bought FROM people', 'bought', 'decision_tree', '{"max_depth": [2]}', '{"cv": 2, "personal_data": "mask"}');
SELECT version, promoted FROM orchard.retrain('masked', promote => 'always');
SET client_min_messages = warning;
-- What was decided of a column stays, and a column that is new does not come in unasked.
CREATE VIEW contacts AS SELECT age, mail, bought FROM people;
SELECT version FROM orchard.train('contacts', 'contacts', 'bought', 'decision_tree', '{"personal_data": "mask", "min_category_rows": 1}');
CREATE OR REPLACE VIEW contacts AS SELECT age, CASE WHEN id % 3 = 0 THEN mail ELSE 'shop ' || id % 9 END AS mail, bought, 'more' || id % 3 AS more FROM people;
SELECT version, promoted FROM orchard.retrain('contacts', promote => 'always');
SELECT holds('contacts', 'shop.example') AS addresses, holds('contacts', 'shop ') AS shops, proargnames FROM pg_proc WHERE proname = 'predict_contacts';
-- The masked column is given as it is; nothing stored has an address. The hash is that of orchard.mask_personal.
SELECT proargnames FROM pg_proc WHERE proname = 'predict_masked';
SELECT count(DISTINCT predict_masked(age, mail)) > 1 AS scores, bool_and(predict_masked(age, mail) = predict_masked(age, upper(mail))) AS by_hash FROM people;
SELECT holds('masked', 'shop.example'), holds('masked', orchard.mask_personal('user3@shop.example', 'hash_all', 'orchard 42')) > 0 AS hash;
SELECT predict_masked(30, NULL) IS NOT NULL AND predict_masked(30, '') IS NOT NULL AND predict_masked(30, 'nobody@nowhere.example') IS NOT NULL AS any_value;

-- The card says what is remembered.
SELECT version FROM orchard.train('notes', 'SELECT city, tier, note, member, bought FROM people', 'bought', 'gradient_boosting', '{"text_columns": ["note"], "n_estimators": 20, "min_category_rows": 1, "early_stopping_rounds": 0}');
SELECT line FROM orchard.model_card('notes') AS card, regexp_split_to_table(split_part(split_part(card, '## What it remembers by name', 2), '## Columns', 1), '\n') AS line WHERE line <> '';
SELECT orchard.report('notes') ~ 'What it remembers by name' AS page;
SELECT version FROM orchard.train('ages', 'SELECT age, spend FROM people', 'spend', 'decision_tree');
SELECT line FROM orchard.model_card('ages') AS card, regexp_split_to_table(split_part(split_part(card, '## What it remembers by name', 2), '## Columns', 1), '\n') AS line WHERE line <> '';

-- Forgetting: in every version; other rows are scored as before, to the bit.
SELECT version FROM orchard.train('notes', 'SELECT city, tier, note, member, bought FROM people', 'bought', 'decision_tree', '{"min_category_rows": 1, "deploy": false}');
CREATE TABLE before AS SELECT id, predict_notes(city, tier, note, member) AS one, orchard.predict('notes', p, version => 2) AS two FROM people AS p;
SELECT checksum AS old_sum FROM orchard.model_versions WHERE model = 'notes' AND deployed \gset
SELECT * FROM orchard.forget_categories('notes', 'city', ARRAY['Paris', 'Xanadu']);
SELECT holds('notes', 'Paris'), holds('notes', 'Xanadu'), holds('notes', 'Berlin') > 0 AS berlin;
SELECT bool_and(b.one = predict_notes(city, tier, note, member)) AS same_one, bool_and(b.two = orchard.predict('notes', p, version => 2)) AS same_two
FROM people AS p JOIN before AS b USING (id) WHERE city IS NULL OR city NOT IN ('Paris', 'Xanadu');
SELECT bool_and(predict_notes('Paris', tier, note, member) = predict_notes('never seen', tier, note, member)) AS unseen FROM people;
SELECT event, version, deployed, details FROM orchard.history WHERE model = 'notes' ORDER BY step;
SELECT version, deployed, checksum = :'old_sum' AS same, bytes > 0 AS bytes FROM orchard.model_versions WHERE model = 'notes' ORDER BY version;
-- Words, enum values, the empty text; what is not there is no error.
SET client_min_messages = notice;
SELECT * FROM orchard.forget_categories('notes', 'note', ARRAY['Shoes', 'zorkmid']);
SELECT * FROM orchard.forget_categories('notes', 'tier', ARRAY['agency']);
SELECT * FROM orchard.forget_categories('notes', NULL, ARRAY['']);
SELECT * FROM orchard.forget_categories('notes', 'city', ARRAY['Paris']);
SELECT * FROM orchard.forget_categories('notes', 'member');
SELECT predict_notes(NULL, NULL, NULL, NULL) IS NOT NULL AND predict_notes('', 'agency', 'shoes', true) IS NOT NULL AS scores;
SELECT f ->> 'name' AS name, f ->> 'levels' AS levels FROM orchard.model_versions, jsonb_array_elements(feature_list) WITH ORDINALITY AS t (f, n) WHERE model = 'notes' AND version = 1 ORDER BY n;
-- Everything; drift, evaluation, explanation and export go on.
SELECT version, column_name, forgotten > 0 AS some FROM orchard.forget_categories('notes');
SELECT * FROM orchard.forget_categories('notes');
SET client_min_messages = warning;
SELECT holds('notes', 'Berlin'), holds('notes', 'coat'), holds('notes', 'agency');
SELECT feature, unseen_rate > 0 AS unseen FROM orchard.drift('notes', 'people') WHERE feature IN ('city', 'tier') ORDER BY 1;
SELECT count(*) > 3 AS metrics FROM orchard.evaluate('notes');
SELECT count(*) AS columns FROM orchard.explain('notes', (SELECT p FROM people AS p WHERE id = 5));
SELECT version FROM orchard.import_model('again', orchard.export_model('notes'));
SELECT bool_and(predict_again(city, tier, note, member) = predict_notes(city, tier, note, member)) AS same FROM people;
SELECT line FROM orchard.model_card('notes') AS card, regexp_split_to_table(split_part(split_part(card, '## What it remembers by name', 2), '## Columns', 1), '\n') AS line WHERE line <> '';

-- Cleaning: what steps know goes with the levels; columns that are called after a level are called otherwise.
SELECT version FROM orchard.train('steps', 'SELECT city, age, bought FROM people', 'bought', 'decision_tree',
    '{"clean": [{"step": "case", "columns": "city", "to": "upper"}, {"step": "impute", "columns": "city"}, {"step": "map_values", "columns": "city", "values": {"ROME": "Roma"}}]}');
CREATE TABLE cleaned AS SELECT id, predict_steps(city, age) AS one FROM people;
SET client_min_messages = notice;
SELECT * FROM orchard.forget_categories('steps', 'city', ARRAY['berlin']);
SELECT * FROM orchard.forget_categories('steps', 'city', ARRAY['Roma']);
SET client_min_messages = warning;
SELECT holds('steps', 'BERLIN'), holds('steps', 'Roma'), holds('steps', 'ROME');
-- A missing city is still filled as it was.
SELECT bool_and(c.one = predict_steps(city, age)) AS same FROM people JOIN cleaned AS c USING (id) WHERE city IS NULL OR city IN ('Paris', 'Oslo', 'Xanadu', '');
SELECT version FROM orchard.train('hot', 'SELECT city, age, bought FROM people', 'bought', 'decision_tree', '{"clean": [{"step": "one_hot", "columns": "city"}], "importance": true}');
SELECT step FROM orchard.watch('hot', 'people');
SELECT * FROM orchard.forget_categories('hot', 'city', ARRAY['Oslo']);
SELECT holds('hot', 'Oslo'), (SELECT string_agg(i.feature, ' ' ORDER BY i.feature) FROM orchard.importance('hot') AS i WHERE kind = 'permutation' AND feature LIKE 'city%') AS columns;
SELECT string_agg(f ->> 'feature', ' ' ORDER BY f ->> 'feature') AS watched FROM orchard.monitor, jsonb_array_elements(features) AS f WHERE model = 'hot' AND f ->> 'feature' LIKE 'city%';

-- Segments, an odd name, a model that was renamed, a model from elsewhere.
SELECT version FROM orchard.train('"O''Neil "', 'SELECT city, age FROM people', algorithm => 'kmeans', options => '{"n_clusters": 3}');
ALTER FUNCTION "predict_O'Neil "(text, float8) RENAME TO "predict_Renamed ""x""";
SELECT * FROM orchard.forget_categories('"Renamed ""x"""', 'city', ARRAY['Rome']);
SELECT "predict_Renamed ""x"""('Rome', 40) = "predict_Renamed ""x"""('never', 40) AS unseen;
SELECT version FROM orchard.import_lightgbm('lgb', E'tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=0\nobjective=regression\nfeature_names=color\nfeature_infos=0:1:2\ntree_sizes=300\n\nTree=0\nnum_leaves=2\nnum_cat=1\nsplit_feature=0\nsplit_gain=1\nthreshold=0\ndecision_type=1\nleft_child=-1\nright_child=-2\nleaf_value=1 2\nleaf_weight=1 1\nleaf_count=10 10\ninternal_value=0\ninternal_weight=2\ninternal_count=20\ncat_boundaries=0 1\ncat_threshold=2\nis_linear=0\nshrinkage=1\n\n\nend of trees\n\npandas_categorical:[["blue", "red", "green"]]\n');
SELECT predict_lgb('red') AS red, predict_lgb('blue') AS blue, predict_lgb('other') AS other;
SELECT * FROM orchard.forget_categories('lgb', 'color', ARRAY['red']);
SELECT predict_lgb('red') AS red, predict_lgb('blue') AS blue, predict_lgb('green') AS green, holds('lgb', 'red');

-- The recipe is kept as it was written, and said.
SET client_min_messages = notice;
SELECT version FROM orchard.train('recipe', $$SELECT city, length(city) = 5 AS bought FROM people WHERE city IN ('Rome', 'Paris', 'Oslo')$$, 'bought', 'decision_tree');
SELECT * FROM orchard.forget_categories('recipe', 'city', ARRAY['Rome']);
SET client_min_messages = warning;

-- Errors.
SELECT orchard.forget_categories('recipe', 'town');
SELECT orchard.forget_categories('recipe', 'bought');
SELECT orchard.forget_categories('recipe', 'city', ARRAY[]::text[]);
SELECT orchard.forget_categories('recipe', 'city', ARRAY['a', NULL]);
SELECT orchard.forget_categories(NULL);
SELECT orchard.forget_categories('nobody', 'city');
BEGIN READ ONLY;
SELECT orchard.forget_categories('recipe');
ROLLBACK;
CREATE ROLE regress_privacy_reader;
SELECT orchard.grant('recipe', 'regress_privacy_reader');
SET ROLE regress_privacy_reader;
SELECT orchard.forget_categories('recipe');
RESET ROLE;
-- Taken back with its transaction.
BEGIN;
SELECT count(*) AS forgotten FROM orchard.forget_categories('recipe');
SELECT predict_recipe('Paris') = predict_recipe('never') AS same;
ROLLBACK;
SELECT holds('recipe', 'Oslo') > 0 AS back, count(*) FILTER (WHERE event = 'forget') AS steps FROM orchard.history WHERE model = 'recipe';
-- A prepared statement and PL/pgSQL see it at once; a rollback to another version has forgotten too.
PREPARE paris AS SELECT predict_recipe('Paris') = predict_recipe('never') AS unseen, count(*) FILTER (WHERE predict_recipe(city) > 0.5) AS likely FROM people;
EXECUTE paris;
DO $$
DECLARE was boolean; now boolean;
BEGIN
    was := predict_recipe('Paris') > 0.5;
    PERFORM orchard.forget_categories('recipe', 'city', ARRAY['Paris']);
    now := predict_recipe('Paris') > 0.5;
    RAISE WARNING 'likely: % then %', was, now;
END $$;
EXECUTE paris;
DROP OWNED BY regress_privacy_reader;
DROP ROLE regress_privacy_reader;

-- Linear models: coefficients with their standard errors, penalties, several classes, counts and amounts.
\pset null '(null)'
SET search_path = public;
CREATE TABLE offers AS
SELECT i AS offer_id, (i * 37 % 101) / 10.0 AS bid, CASE WHEN i % 13 > 0 THEN i * i % 17 - 8 END AS age, (ARRAY['desktop', 'phone', 'tablet', 'tv'])[i * 7 % 11 % 4 + 1] AS device,
    i % 2 = 0 AS member, date '2026-01-01' + i % 300 AS day, (i * 7919 % 10007) / 10007.0 AS u
FROM generate_series(1, 1200) AS i;
ALTER TABLE offers ADD score float8;
UPDATE offers SET score = 0.3 * bid - 0.2 * coalesce(age, 1) + CASE device WHEN 'phone' THEN 0.6 WHEN 'tablet' THEN -0.5 ELSE 0 END - 1.5;
ALTER TABLE offers ADD clicked boolean, ADD amount float8, ADD orders int, ADD basket text;
UPDATE offers SET clicked = u < 1 / (1 + exp(-score)), amount = score + 2 * (u - 0.5), orders = floor(exp(0.4 * score) * (0.3 + 1.6 * u)), basket = CASE WHEN u < 0.3 THEN 'none' WHEN u < 1 / (1 + exp(-score)) THEN 'large' ELSE 'small' END;
CREATE VIEW learned AS SELECT bid, age, device, member, clicked, amount, orders, basket, u FROM offers;
SELECT model, algorithm, task, rows, features, metric, score > 0.7 AS usual, function
FROM orchard.train('click', 'SELECT bid, age, device, member, clicked FROM learned', 'clicked', 'logistic_regression', '{"alpha": 0}');
SELECT class, feature, level, kind, round(coefficient::numeric, 5) AS coefficient, round(std_error::numeric, 5) AS std_error, round(statistic::numeric, 3) AS statistic, round(p_value::numeric, 6) AS p_value,
    round(low::numeric, 4) AS low, round(high::numeric, 4) AS high, round(odds_ratio::numeric, 4) AS odds_ratio
FROM orchard.coefficients('click');
-- A row of numbers 0 and of the references has the intercept for its score; coefficients add up.
SELECT abs(ln(p / (1 - p)) - (SELECT coefficient FROM orchard.coefficients('click') WHERE kind = 'intercept')) < 1e-9 AS intercept
FROM (SELECT predict_click(0, 0, (SELECT level FROM orchard.coefficients('click') WHERE kind = 'reference' AND feature = 'device'), false) AS p) AS s;
SELECT abs(ln(p / (1 - p)) - ln(q / (1 - q)) - 2 * (SELECT coefficient FROM orchard.coefficients('click') WHERE feature = 'bid')) < 1e-9 AS slope
FROM (SELECT predict_click(5, 1, 'phone', true) AS p, predict_click(3, 1, 'phone', true) AS q) AS s;
-- The other class has the opposite log-odds.
SELECT model FROM orchard.train('no_click', 'SELECT bid, age, device, member, clicked FROM learned', 'clicked', 'logistic_regression', '{"alpha": 0, "positive_class": false}');
SELECT bool_and(abs(a.coefficient + b.coefficient) < 1e-9) AS opposite, bool_and(abs(predict_click(3, 1, 'tv', true) + predict_no_click(3, 1, 'tv', true) - 1) < 1e-12) AS sums
FROM orchard.coefficients('click') AS a JOIN orchard.coefficients('no_click') AS b ON a.feature IS NOT DISTINCT FROM b.feature AND a.level IS NOT DISTINCT FROM b.level;
-- Whatever a row has, it has an answer.
SELECT predict_click(NULL, NULL, NULL, NULL) BETWEEN 0 AND 1 AS nothing, predict_click('Infinity', '-Infinity', 'never seen', true) BETWEEN 0 AND 1 AS odd, predict_click('NaN', 1e308, '', false) BETWEEN 0 AND 1 AS huge;
SELECT bool_and(predict_click(bid, age, device, member) = orchard.predict('click', l)) AS record, bool_and(orchard.predict('click', to_jsonb(l)) = orchard.predict('click', l)) AS jsonb FROM learned AS l;
-- As plain SQL, explained, and what columns are worth.
DO $$ DECLARE apart float8; BEGIN
    EXECUTE 'SELECT max(abs(predict_click(bid, age, device, member) - ' || orchard.to_sql('click') || ')) FROM learned' INTO apart;
    RAISE NOTICE 'plain SQL says the same: %', apart < 1e-12;
END $$;
SELECT feature, round(contribution::numeric, 6) AS contribution, sentence FROM orchard.explain('click', '{"bid": 9, "age": null, "device": "phone", "member": true}');
SELECT abs(sum(response_contribution) - max(predict_click(9, NULL, 'phone', true))) < 1e-12 AS adds_up FROM orchard.explain('click', '{"bid": 9, "device": "phone", "member": true}');
SELECT feature, kind, importance > 0.1 AS much, rank FROM orchard.importance('click');
SELECT kind, count(*) FROM orchard.importance('click', 'learned') GROUP BY kind ORDER BY kind;
SELECT count(*) FROM orchard.interactions('click', 'learned');
SELECT count(*) > 0 AS changes, bool_and(score_after >= 0.6) AS far_enough FROM orchard.counterfactual('click', '{"bid": 1, "age": 3, "device": "tablet", "member": false}', 0.6);
SELECT rank, round(similarity::numeric, 3) AS similarity FROM orchard.similar_rows('click', '{"bid": 9, "age": 3, "device": "phone", "member": true}', 'learned', 2);
SELECT count(*) > 2 AS points FROM orchard.partial_dependence('click', 'bid', 'learned');
SELECT feature, verdict FROM orchard.drift('click', 'learned') ORDER BY 1;
SELECT orchard.report('click') LIKE '%What columns say%' AS table_of_coefficients, orchard.report('click') LIKE '%lines go on there%' AS limits;
SELECT metric FROM orchard.evaluate('click', 'learned') WHERE metric IN ('roc_auc', 'log_loss') ORDER BY 1;
-- A penalty; several classes.
SELECT model, metric FROM orchard.train('kind', 'SELECT bid, age, device, basket FROM learned', 'basket', 'logistic_regression', '{"alpha": 2, "l1_ratio": 0.5}');
SELECT class, kind, count(*), count(std_error) AS errors, count(odds_ratio) AS ratios FROM orchard.coefficients('kind') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT predict_kind(3, 1, 'tv') AS label, abs(sum(value::float8) - 1) < 1e-12 AS one FROM jsonb_each_text(orchard.predict_proba('kind', '{"bid": 3, "age": 1, "device": "tv"}'));
DO $$ DECLARE apart float8; BEGIN
    EXECUTE 'SELECT max(abs((orchard.predict_proba(''kind'', l) ->> ''large'')::float8 - ' || orchard.to_sql('kind', class => 'large') || ')) FROM learned AS l' INTO apart;
    RAISE NOTICE 'plain SQL says the same: %', apart < 1e-12;
END $$;
-- Numbers: least squares, ridge, lasso and elastic net.
SELECT model, metric FROM orchard.train('spend', 'SELECT bid, age, device, member, amount FROM learned', 'amount', 'linear_regression', '{"holdout": 0}');
SELECT feature, level, kind, round(coefficient::numeric, 6) AS coefficient, round(std_error::numeric, 6) AS std_error, odds_ratio FROM orchard.coefficients('spend');
-- The same as PostgreSQL's own, of one column.
SELECT model FROM orchard.train('line', 'SELECT bid, amount FROM learned', 'amount', 'linear_regression', '{"holdout": 0}');
SELECT abs((SELECT coefficient FROM orchard.coefficients('line') WHERE kind = 'number') - regr_slope(amount, bid)) < 1e-12 AS slope, abs((SELECT coefficient FROM orchard.coefficients('line') WHERE kind = 'intercept') - regr_intercept(amount, bid)) < 1e-12 AS intercept,
    abs((SELECT std_error FROM orchard.coefficients('line') WHERE kind = 'number') - sqrt((regr_syy(amount, bid) - regr_sxy(amount, bid) ^ 2 / regr_sxx(amount, bid)) / (count(*) - 2) / regr_sxx(amount, bid))) < 1e-12 AS std_error FROM learned;
SELECT algorithm, metric, score < 1 AS usual FROM orchard.train('ridged', 'SELECT bid, age, device, member, u, amount FROM learned', 'amount', 'ridge', '{"alpha": 10}');
SELECT algorithm, metric, score < 1 AS usual FROM orchard.train('lean', 'SELECT bid, age, device, member, amount FROM learned', 'amount', 'lasso');
SELECT algorithm FROM orchard.train('leaner', 'SELECT bid, age, device, member, amount FROM learned', 'amount', 'lasso', '{"alpha": 0.3}');
SELECT feature, kind, round(coefficient::numeric, 6) AS coefficient, std_error FROM orchard.coefficients('leaner') WHERE kind <> 'reference';
SELECT algorithm FROM orchard.train('mixed', 'SELECT bid, age, device, member, amount FROM learned', 'amount', 'elastic_net', '{"l1_ratio": 0.2, "alpha": 0.1}');
-- Counts and amounts.
SELECT model, algorithm, task, metric FROM orchard.train('ordered', 'SELECT bid, age, device, orders FROM learned', 'orders', 'glm', '{"alpha": 0, "holdout": 0}');
SELECT feature, level, round(coefficient::numeric, 5) AS coefficient, round(p_value::numeric, 5) AS p_value, round(odds_ratio::numeric, 5) AS ratio FROM orchard.coefficients('ordered');
SELECT model FROM orchard.train('shown', 'SELECT bid, device, orders, 1 + offer_id % 9 AS views FROM offers', 'orders', 'glm', '{"exposure": "views"}');
SELECT predict_shown(5, 'phone') < 1 AS for_each_view;
SELECT model FROM orchard.train('spent', 'SELECT bid, device, CASE WHEN u < 0.3 THEN 0 ELSE exp(score) END AS paid FROM offers', 'paid', 'glm', '{"objective": "tweedie", "tweedie_variance_power": 1.4}');
SELECT model FROM orchard.train('paid', 'SELECT bid, device, exp(score) + u AS paid FROM offers', 'paid', 'glm', '{"objective": "gamma"}');
-- Parts of dates have a coefficient each; words of texts, too.
SELECT model FROM orchard.train('daily', 'SELECT day, amount FROM offers', 'amount', 'linear_regression');
SELECT feature, count(*) FROM orchard.coefficients('daily') GROUP BY feature ORDER BY feature;
SELECT orchard.predict('daily', '{"day": "2026-05-05"}') IS NOT NULL AS answer;
SELECT model FROM orchard.train('wordy', 'SELECT device || '' offer for '' || basket AS ad, clicked FROM offers', 'clicked', 'logistic_regression', '{"text_columns": ["ad"]}');
SELECT bool_or(feature = 'ad:phone') AS words FROM orchard.coefficients('wordy');
-- Searched over, trained again, exported, and forgotten in part.
SELECT parameters, best FROM orchard.tune('tuned', 'SELECT bid, age, device, clicked FROM learned', 'clicked', 'logistic_regression', '{"alpha": [0.1, 100000]}') ORDER BY rank;
SELECT promoted, metric FROM orchard.retrain('click', promote => 'always');
SELECT count(*) FROM orchard.coefficients('click', version => 1);
SELECT model, algorithm FROM orchard.import_model('copy', orchard.export_model('click'));
SELECT (SELECT array_agg(coefficient ORDER BY kind, feature, level) FROM orchard.coefficients('click')) = (SELECT array_agg(coefficient ORDER BY kind, feature, level) FROM orchard.coefficients('copy')) AS same;
SELECT column_name, forgotten FROM orchard.forget_categories('copy', 'device', ARRAY['tv']);
SELECT level FROM orchard.coefficients('copy') WHERE feature = 'device' ORDER BY level;
SELECT predict_copy(3, 1, 'tv', true) = predict_copy(3, 1, 'never seen', true) AS forgotten, predict_copy(3, 1, 'phone', true) = predict_click(3, 1, 'phone', true) AS kept;
-- The same bytes for any order of rows.
SELECT model FROM orchard.train('twin', 'SELECT bid, age, device, member, clicked FROM learned ORDER BY md5(learned::text)', 'clicked', 'logistic_regression', '{"alpha": 0}');
SELECT count(DISTINCT checksum) FROM orchard.model_versions WHERE model IN ('click', 'twin');
SELECT option, type, default_value FROM orchard.options('logistic_regression') WHERE option IN ('alpha', 'l1_ratio', 'max_iter', 'tol', 'min_category_rows');
SELECT option, default_value FROM orchard.options('glm') WHERE option IN ('objective', 'exposure', 'tweedie_variance_power');
-- What is said twice, what can be told apart without an error, and what does not fit.
SELECT model FROM orchard.train('twice', 'SELECT bid, 2 - 3 * bid AS same, amount FROM learned', 'amount', 'linear_regression');
SELECT model FROM orchard.train('apart', 'SELECT bid, bid > 5 AS large FROM learned', 'large', 'logistic_regression', '{"alpha": 0}');
SELECT orchard.train('none', 'learned', 'basket', 'linear_regression');
SELECT orchard.train('none', 'SELECT bid, amount FROM learned', 'amount', 'glm');
SELECT orchard.train('none', 'SELECT bid, orders FROM learned', 'orders', 'glm', '{"objective": "gamma"}');
SELECT orchard.train('none', 'learned', 'clicked', 'logistic_regression', '{"C": 1}');
SELECT orchard.train('none', 'learned', 'clicked', 'logistic_regression', '{"task": "regression"}');
SELECT orchard.train('none', 'learned', 'amount', 'linear_regression', '{"class_weight": "balanced"}');
SELECT orchard.train('none', 'learned', 'clicked', 'logistic_regression', '{"alpha": -1}');
SELECT orchard.train('none', 'learned', algorithm => 'lasso');
SELECT * FROM orchard.rules('click');
SELECT orchard.to_pmml('click');
SELECT model FROM orchard.train('tree', 'SELECT bid, clicked FROM learned', 'clicked', 'decision_tree');
SELECT * FROM orchard.coefficients('tree');
SELECT * FROM orchard.coefficients('nobody');
SELECT * FROM orchard.coefficients(NULL);

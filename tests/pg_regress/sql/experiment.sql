-- Tests of variants: what they say, whether their rows are right, how many they need, when they may be stopped.
\pset null '(null)'
SET search_path = public;
SET extra_float_digits = 0;
CREATE TABLE visits AS
SELECT i AS visit, i / 3 AS "User Id", (ARRAY['control', 'green', 'Ünï 中文'])[1 + i / 3 % 3] AS "Ad Id",
    (i * 7919 % 1000) < CASE i / 3 % 3 WHEN 0 THEN 100 WHEN 1 THEN 140 ELSE 105 END AS bought,
    ((i * 104729 % 5000) / 100.0 + i / 3 % 3)::numeric(8, 2) AS revenue, ((i * 104729 % 5000) / 80.0 + i * 31 % 7)::float8 AS before,
    1 + i % 4 AS pages, (ARRAY['mobile', 'desktop'])[1 + i % 2] AS device
FROM generate_series(0, 5999) AS i;
-- Shares.
SELECT variant_name, control_name, rows_control, rows_variant, round(mean_control::numeric, 4) AS control, round(mean_variant::numeric, 4) AS variant,
    round(difference::numeric, 4) AS difference, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high, round(statistic::numeric, 4) AS z, df,
    round(p_value::numeric, 6) AS p, round(adjusted_p_value::numeric, 6) AS adjusted, significant, test
FROM orchard.ab_test('visits', 'Ad Id', 'bought');
SELECT variant_name, round(relative_difference::numeric, 4) AS relative, round(relative_low::numeric, 4) AS low, round(relative_high::numeric, 4) AS high,
    variance_reduction, round(probability_best::numeric, 6) AS best, round(expected_loss::numeric, 6) AS loss FROM orchard.ab_test('visits', 'Ad Id', 'bought');
-- By hand: the z statistic of two proportions with the pooled variance.
WITH n AS (SELECT "Ad Id" AS v, count(*)::float8 AS n, sum(bought::int)::float8 AS s FROM visits GROUP BY 1), p AS (SELECT c.n AS cn, c.s / c.n AS cp, v.n AS vn, v.s / v.n AS vp, (c.s + v.s) / (c.n + v.n) AS pooled
    FROM n AS c, n AS v WHERE c.v = 'control' AND v.v = 'green')
SELECT abs(statistic - (vp - cp) / sqrt(pooled * (1 - pooled) * (1 / cn + 1 / vn))) < 1e-12 AS same FROM p, orchard.ab_test('visits', 'Ad Id', 'bought') WHERE variant_name = 'green';
-- Numbers, with each kind of option.
SELECT variant_name, round(difference::numeric, 5) AS difference, round(low::numeric, 5) AS low, high, round(df::numeric, 3) AS df, round(p_value::numeric, 6) AS p, test
FROM orchard.ab_test('visits', 'Ad Id', 'revenue', '{"alternative": "larger", "alpha": 0.1}');
SELECT variant_name, round(difference::numeric, 5) AS difference, round(variance_reduction::numeric, 5) AS reduction, significant, test FROM orchard.ab_test('visits', 'Ad Id', 'revenue', '{"covariate": "before"}');
SELECT variant_name, round(mean_control::numeric, 5) AS control, round(p_value::numeric, 6) AS p, test FROM orchard.ab_test('visits', 'Ad Id', 'revenue', '{"denominator": "pages"}');
-- Of users.
SELECT variant_name, rows_control, rows_variant, round(mean_control::numeric, 4) AS control, test FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"unit": "User Id"}');
SELECT variant_name, rows_control, round(mean_control::numeric, 4) AS control, test FROM orchard.ab_test('visits', 'Ad Id', 'revenue', '{"unit": "User Id"}');
SELECT sum(revenue) / count(DISTINCT "User Id") AS control FROM visits WHERE "Ad Id" = 'control';
SELECT variant_name, rows_control, round(mean_control::numeric, 4) AS control, test FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"unit": "User Id", "aggregate": "mean"}');
SELECT variant_name, rows_control, round(mean_control::numeric, 4) AS control, test FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"unit": "User Id", "denominator": "pages"}');
-- By segment, and as corrections differ.
SELECT segment, variant_name, rows_control, round(p_value::numeric, 6) AS p, round(adjusted_p_value::numeric, 6) AS adjusted FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"segment": "device"}');
SELECT c, variant_name, round(adjusted_p_value::numeric, 6) AS adjusted FROM unnest(ARRAY['none', 'bonferroni', 'holm', 'benjamini-hochberg']) AS c,
    LATERAL orchard.ab_test('visits', 'Ad Id', 'bought', jsonb_build_object('segment', 'device', 'correction', c)) WHERE segment = 'mobile' AND variant_name = 'green';
-- Looked at while it runs.
SELECT variant_name, round(low::numeric, 5) AS low, round(high::numeric, 5) AS high, round(p_value::numeric, 6) AS p, significant, test FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"sequential": true}');
SELECT variant_name, round(p_value::numeric, 6) AS p, significant FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"sequential": true, "sequential_rows": 1e6}');
SELECT look, variant_name, round(p_value::numeric, 6) AS p, significant, round(low::numeric, 5) AS low FROM generate_series(1, 4) AS look, LATERAL orchard.ab_test('visits', 'Ad Id', 'bought', jsonb_build_object('looks', 4, 'look', look)) WHERE variant_name = 'green';
SELECT look, round(information::numeric, 4) AS information, round(alpha_spent::numeric, 6) AS spent, round(boundary::numeric, 4) AS boundary, round(p_value::numeric, 6) AS p FROM orchard.sequential_boundaries(5);
SELECT look, round(boundary::numeric, 4) AS boundary FROM orchard.sequential_boundaries(3, 0.025, 'pocock', '{"information": [0.2, 0.5, 1], "alternative": "smaller"}');
-- What cannot be used is left out; the control is found or named.
SELECT variant_name, control_name, rows_control, rows_variant, difference, p_value, significant FROM orchard.ab_test(
    $$VALUES ('A', 1.0), ('A', 2), ('b', 4), ('b', 5.5), (NULL, 1), ('b', NULL), ('A', 'NaN'), ('b', 'Infinity'), ('A', 1e200)$$, 'column1', 'column2');
SELECT variant_name, control_name, mean_variant FROM orchard.ab_test('SELECT i % 2 = 0 AS v, i::real AS m FROM generate_series(1, 9) AS i', 'v', 'm');
SELECT variant_name, control_name, mean_variant FROM orchard.ab_test('SELECT date ''2026-01-01'' + i % 2 AS v, i::real AS m FROM generate_series(1, 9) AS i', 'v', 'm', '{"control": "01-02-2026"}');
CREATE TYPE arm AS ENUM ('zebra', 'ant');
SELECT variant_name, control_name, rows_variant FROM orchard.ab_test('SELECT (ARRAY[''zebra'', ''ant''])[1 + i % 2]::arm AS v, i AS m FROM generate_series(1, 9) AS i', 'v', 'm');
SELECT variant_name, rows_control, rows_variant, difference, low, p_value, significant, probability_best FROM orchard.ab_test('VALUES (''a'', 2.5), (''b'', 3.5)', 'column1', 'column2');
SELECT variant_name, difference, relative_difference, low, p_value, probability_best FROM orchard.ab_test('SELECT (ARRAY[''a'', ''b''])[1 + i % 2] AS v, 3 + i % 2 AS m FROM generate_series(1, 8) AS i', 'v', 'm');
SELECT variant_name, difference, round(low::numeric, 6) AS low, p_value, relative_difference FROM orchard.ab_test('SELECT (ARRAY[''a'', ''b''])[1 + i % 2] AS v, false AS m FROM generate_series(1, 8) AS i', 'v', 'm');
SELECT variant_name, rows_control FROM orchard.ab_test('SELECT (ARRAY[''a'', ''b''])[1 + i % 2] AS v, i % 3 AS m, CASE WHEN i > 2 THEN i / 4 END AS u, CASE WHEN i > 4 THEN i END AS c FROM generate_series(1, 40) AS i', 'v', 'm', '{"unit": "u"}');
SELECT variant_name, rows_control, variance_reduction > 0 AS reduced FROM orchard.ab_test('SELECT (ARRAY[''a'', ''b''])[1 + i % 2] AS v, i % 3 AS m, CASE WHEN i > 4 THEN i END AS c FROM generate_series(1, 40) AS i', 'v', 'm', '{"covariate": "c"}');
-- The order of the rows does not matter.
SELECT count(*) FROM (SELECT * FROM orchard.ab_test('SELECT * FROM visits ORDER BY visit', 'Ad Id', 'revenue', '{"unit": "User Id", "covariate": "before"}')
    EXCEPT SELECT * FROM orchard.ab_test('SELECT * FROM visits ORDER BY md5(visit::text)', 'Ad Id', 'revenue', '{"unit": "User Id", "covariate": "before"}')) AS x;
-- Whether rows are shared out as they should be.
SELECT variant_name, rows, expected_rows, round(share::numeric, 4) AS share, round(statistic::numeric, 4) AS statistic, df, round(p_value::numeric, 6) AS p, verdict FROM orchard.sample_ratio('visits', 'Ad Id');
SELECT variant_name, rows, expected_rows, expected_share, round(p_value::numeric, 6) AS p, verdict FROM orchard.sample_ratio('visits', 'Ad Id', '{"control": 2, "green": 1, "Ünï 中文": 1, "none": 1}');
SELECT variant_name, rows, verdict FROM orchard.sample_ratio('SELECT visit / 2 AS u, "Ad Id" FROM visits WHERE visit < 100', 'Ad Id', NULL, '{"unit": "u", "alpha": 0.01}');
-- Before a test.
SELECT rows_control, rows_variant, rows_total, round(effect_size::numeric, 5) AS h, round(achieved_power::numeric, 5) AS power, test FROM orchard.sample_size(0.1, 0.02);
SELECT rows_control, rows_variant, round(achieved_power::numeric, 5) AS power, test FROM orchard.sample_size(0.1, 0.2, 0.9, 0.01, '{"relative": true, "ratio": 0.5, "method": "arcsine", "alternative": "larger"}');
SELECT rows_control, rows_total, effect_size, test FROM orchard.sample_size(50, 2, options => '{"stddev": 20}');
SELECT round(orchard.test_power(0.1, 0.02, 3841)::numeric, 5) AS power, round(orchard.minimum_detectable_effect(0.1, 3841)::numeric, 5) AS effect,
    round(orchard.minimum_detectable_effect(0.1, 3841, options => '{"relative": true, "alternative": "smaller"}')::numeric, 5) AS less, orchard.minimum_detectable_effect(0.1, 2) AS none;
-- Errors.
SELECT * FROM orchard.ab_test('SELECT ''a'' AS v, 1 AS m WHERE false', 'v', 'm');
SELECT * FROM orchard.ab_test('SELECT ''a'' AS v, 1 AS m', 'v', 'm');
SELECT * FROM orchard.ab_test('visits', 'Ad', 'bought');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'device');
SELECT * FROM orchard.ab_test('visits', NULL, 'bought');
SELECT * FROM orchard.ab_test('visits', 'visit', 'bought');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"control": "red"}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"controls": "red"}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"alpha": 1}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"alternative": "greater"}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"denominator": "pages", "covariate": "before"}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"aggregate": "sum"}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"look": 1}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"looks": 2, "look": 3}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"looks": 2, "look": 1, "sequential": true}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"sequential": true, "alternative": "larger"}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'revenue', '{"interval": "wald"}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '{"unit": "user"}');
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought', '[]');
SELECT * FROM orchard.sample_ratio('visits', 'Ad Id', '{"control": 1}');
SELECT * FROM orchard.sample_ratio('visits', 'Ad Id', '{"control": 0}');
SELECT * FROM orchard.sample_ratio('visits', 'Ad Id', '[]');
SELECT * FROM orchard.sample_ratio('visits', 'ad');
SELECT * FROM orchard.sample_ratio('SELECT 1 AS v', 'v');
SELECT * FROM orchard.sample_ratio('SELECT 1 AS v WHERE false', 'v');
SELECT * FROM orchard.sample_ratio('visits', 'visit');
SELECT * FROM orchard.sample_size(10, 2);
SELECT * FROM orchard.sample_size(0.9, 0.2);
SELECT * FROM orchard.sample_size(0.1, 0);
SELECT * FROM orchard.sample_size(0.1, -0.05, options => '{"alternative": "larger"}');
SELECT * FROM orchard.sample_size(0.1, 0.05, 1);
SELECT * FROM orchard.sample_size(0, 0.5, options => '{"relative": true}');
SELECT * FROM orchard.sample_size(0.1, 0.05, options => '{"stddev": -1}');
SELECT * FROM orchard.sample_size(0.1, 0.05, options => '{"stddev": 1, "method": "normal"}');
SELECT * FROM orchard.sample_size('NaN', 0.05, options => '{"stddev": 1}');
SELECT * FROM orchard.sample_size(NULL, 0.05);
SELECT orchard.test_power(0.1, 0.05, 1);
SELECT * FROM orchard.sequential_boundaries(0);
SELECT * FROM orchard.sequential_boundaries(3, 0.05, 'haybittle');
SELECT * FROM orchard.sequential_boundaries(3, 0.05, 'pocock', '{"information": [0.5, 1]}');
SELECT * FROM orchard.sequential_boundaries(2, 0.05, 'pocock', '{"information": [0.5, 0.4]}');
-- Read-only, as another role, with too little memory.
BEGIN READ ONLY;
SELECT count(*) FROM orchard.ab_test('visits', 'Ad Id', 'bought');
COMMIT;
CREATE ROLE experimenter;
GRANT USAGE ON SCHEMA public, orchard TO experimenter;
SET ROLE experimenter;
SELECT * FROM orchard.ab_test('visits', 'Ad Id', 'bought');
SELECT rows_total FROM orchard.sample_size(0.1, 0.02);
RESET ROLE;
REVOKE USAGE ON SCHEMA public, orchard FROM experimenter;
DROP ROLE experimenter;
SET orchard.max_memory = '1MB';
SELECT * FROM orchard.ab_test('SELECT i % 2 AS v, sqrt(i) AS m, i AS u FROM generate_series(1, 200000) AS i', 'v', 'm', '{"unit": "u"}');
RESET orchard.max_memory;

-- Which arm to show next, and what another policy would have earned.
\pset null '(null)'
SET search_path = public;
SET extra_float_digits = 0;
CREATE TABLE shown AS SELECT (ARRAY['red', 'green', 'Ad "7" 中文'])[1 + i % 3] AS ad, (i * 7919 % 1000) < (ARRAY[40, 70, 55])[1 + i % 3] AS clicked, (i * 31 % 97)::numeric AS spent FROM generate_series(0, 1499) AS i;
SELECT arm_name, trials, round(mean::numeric, 4) AS mean, round(propensity::numeric, 6) AS propensity FROM orchard.choose('shown', 'ad', 'clicked');
SELECT count(*) FILTER (WHERE chosen) AS chosen, round(sum(propensity)::numeric, 12) AS all FROM orchard.choose('shown', 'ad', 'clicked');
-- The same of rows that are counted already, and with a key always the same.
SELECT count(*) FROM (SELECT arm_name, trials, propensity FROM orchard.choose('shown', 'ad', 'clicked') EXCEPT
    SELECT arm_name, trials, propensity FROM orchard.choose('SELECT ad, spent > 50 AS part, count(*) AS n, sum(clicked::int) AS s FROM shown GROUP BY 1, 2', 'ad', 's', '{"trials": "n"}')) AS x;
SELECT count(DISTINCT arm_name) FROM generate_series(1, 20), LATERAL orchard.choose('shown', 'ad', 'clicked', '{"key": "visit 7"}') WHERE chosen;
-- Chosen as often as the propensity says.
SELECT arm_name, abs(avg(chosen::int) - avg(propensity)) < 0.1 AS fair FROM generate_series(1, 300) AS i, LATERAL orchard.choose('SELECT ad, count(*) AS n, sum(clicked::int) AS s FROM shown GROUP BY 1', 'ad', 's', jsonb_build_object('trials', 'n', 'epsilon', 0.5, 'key', i)) GROUP BY arm_name ORDER BY arm_name COLLATE "C";
-- Methods.
SELECT m, arm_name, round(propensity::numeric, 6) AS propensity FROM unnest(ARRAY['thompson', 'ucb', 'epsilon_greedy']) AS m, LATERAL orchard.choose('shown', 'ad', 'clicked', jsonb_build_object('method', m, 'epsilon', 0.15)) ORDER BY m, arm_name COLLATE "C";
SELECT arm_name, propensity FROM orchard.choose('shown', 'ad', 'clicked', '{"method": "ucb", "exploration": 0}');
SELECT arm_name, round(propensity::numeric, 6) AS propensity FROM orchard.choose('shown', 'ad', 'clicked', '{"prior": [20, 400]}');
-- Numbers: of rows, and of counts with the sum of squares, which are the same.
SELECT arm_name, round(mean::numeric, 4) AS mean, round(propensity::numeric, 6) AS propensity FROM orchard.choose('shown', 'ad', 'spent');
SELECT arm_name, round(mean::numeric, 4) AS mean, round(propensity::numeric, 6) AS propensity FROM orchard.choose('SELECT ad, count(*) AS n, sum(spent) AS s, sum(spent * spent) AS q FROM shown GROUP BY 1', 'ad', 's', '{"trials": "n", "sum_of_squares": "q"}');
-- Arms that were never tried, or one alone.
SELECT arm_name, trials, mean, round(propensity::numeric, 6) AS propensity FROM orchard.choose('SELECT * FROM (VALUES (''a'', 1), (''a'', 0), (''new'', NULL)) AS v (a, r)', 'a', 'r');
SELECT arm_name, trials, propensity, chosen FROM orchard.choose('SELECT 1 AS a, 0 AS r', 'a', 'r', '{"method": "ucb"}');
SELECT arm_name, propensity, chosen FROM orchard.choose('SELECT * FROM (VALUES (''a'', 0, 0), (''b'', 0, 0), (NULL, 1, 1), (''c'', -1, 0)) AS v (a, n, r)', 'a', 'r', '{"trials": "n", "key": 1}');
SELECT arm_name, round(propensity::numeric, 6) AS propensity FROM orchard.choose('SELECT * FROM (VALUES (''a'', 5.5), (''b'', 5.5)) AS v (a, r)', 'a', 'r');
-- One for each request.
WITH p AS (SELECT array_agg(arm_name ORDER BY arm_name COLLATE "C") AS arms, array_agg(propensity ORDER BY arm_name COLLATE "C") AS propensities FROM orchard.choose('shown', 'ad', 'clicked', '{"epsilon": 0.6}')),
drawn AS (SELECT orchard.choose(arms, propensities, 'summer:' || i) AS arm FROM p, generate_series(1, 10000) AS i)
SELECT arm, abs(count(*) / 10000.0 - max(propensities[array_position(arms, arm)])) < 0.02 AS fair FROM drawn, p GROUP BY arm ORDER BY arm COLLATE "C";
SELECT orchard.choose(ARRAY['a', 'b'], ARRAY[0.5, 0.5], 'x') AS arm, ('x' || left(md5('x'), 13))::bit(52)::bigint / 2 ^ 52 < 0.5 AS first;
SELECT orchard.choose(ARRAY['a', 'b'], ARRAY[0.5, 0.5], NULL) AS none, orchard.choose(ARRAY[NULL, 'b'], ARRAY[1, 0], 'x') AS named_null, orchard.choose('{a,b}'::text[], '{0,3}', 'x') AS b;
-- The value of a policy. The log shows red to 4 of 5, which brings 1, and blue, which brings 3 on mobile and 2 elsewhere.
CREATE TABLE logged AS SELECT i, CASE WHEN i % 5 < 4 THEN 'red' ELSE 'blue' END AS action, CASE WHEN i % 5 < 4 THEN 0.8 ELSE 0.2 END AS propensity,
    CASE WHEN i % 5 < 4 THEN 1.0 WHEN i % 2 = 0 THEN 3 ELSE 2 END AS reward, 'blue'::text AS best, CASE WHEN i % 5 < 4 THEN 0.5 ELSE 0.5 END AS half,
    CASE WHEN i % 5 < 4 THEN 1.1 ELSE 2.6 END AS guess, 2.6 AS guess_best FROM generate_series(0, 999) AS i;
SELECT estimator, round(value::numeric, 4) AS value, round(standard_error::numeric, 5) AS error, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high, rows, round(effective_rows::numeric, 2) AS effective, round(mean_weight::numeric, 4) AS mean, max_weight, clipped_rows
FROM orchard.policy_value('logged', 'action', 'reward', 'propensity', 'best', '{"predicted": "guess", "predicted_policy": "guess_best"}');
SELECT estimator, round(value::numeric, 4) AS value FROM orchard.policy_value('logged', 'action', 'reward', 'propensity', 'half', '{"policy_is": "probability"}');
SELECT estimator, round(value::numeric, 4) AS value, clipped_rows FROM orchard.policy_value('logged', 'action', 'reward', 'propensity', 'best', '{"clip": 2}');
-- By hand.
SELECT abs(value - (SELECT avg((action = best)::int * reward / propensity) FROM logged)) < 1e-12 AS ips FROM orchard.policy_value('logged', 'action', 'reward', 'propensity', 'best') WHERE estimator = 'ips';
-- Propensities that cannot be, and what follows from wrong ones.
SELECT estimator, round(value::numeric, 4) AS value, rows FROM orchard.policy_value('SELECT *, CASE i WHEN 1 THEN 0 WHEN 2 THEN 1.5 WHEN 3 THEN NULL WHEN 4 THEN ''NaN'' ELSE propensity END AS p, nullif(best, CASE i WHEN 5 THEN ''blue'' END) AS b FROM logged', 'action', 'reward', 'p', 'b');
SELECT estimator, round(value::numeric, 4) AS value FROM orchard.policy_value('SELECT *, 0.5 AS p FROM logged', 'action', 'reward', 'p', 'best');
SELECT estimator, value, standard_error FROM orchard.policy_value('SELECT 1 AS a, 2 AS r, 0.5 AS p, 1 AS b', 'a', 'r', 'p', 'b');
SELECT estimator, value, effective_rows FROM orchard.policy_value('SELECT 1 AS a, 2 AS r, 0.5 AS p, 7 AS b', 'a', 'r', 'p', 'b');
SELECT count(*) FROM (SELECT * FROM orchard.policy_value('SELECT * FROM logged ORDER BY i', 'action', 'reward', 'propensity', 'best') EXCEPT SELECT * FROM orchard.policy_value('SELECT * FROM logged ORDER BY md5(i::text)', 'action', 'reward', 'propensity', 'best')) AS x;
-- Errors.
SELECT * FROM orchard.choose('SELECT 1 AS a, 1 AS r WHERE false', 'a', 'r');
SELECT * FROM orchard.choose('shown', 'ads', 'clicked');
SELECT * FROM orchard.choose('SELECT 1 AS a, 5 AS n, 10 AS s, 1 AS q', 'a', 's', '{"trials": "n", "sum_of_squares": "q"}');
SELECT * FROM orchard.choose('shown', 'ad', 'ad');
SELECT * FROM orchard.choose('shown', NULL, 'clicked');
SELECT * FROM orchard.choose('shown', 'ad', 'clicked', '{"method": "softmax"}');
SELECT * FROM orchard.choose('shown', 'ad', 'clicked', '{"epsilon": 2}');
SELECT * FROM orchard.choose('shown', 'ad', 'clicked', '{"exploration": 1}');
SELECT * FROM orchard.choose('shown', 'ad', 'clicked', '{"method": "ucb", "prior": [1, 1]}');
SELECT * FROM orchard.choose('shown', 'ad', 'clicked', '{"prior": [0, 1]}');
SELECT * FROM orchard.choose('shown', 'ad', 'spent', '{"prior": [1, 1]}');
SELECT * FROM orchard.choose('shown', 'ad', 'clicked', '{"sum_of_squares": "spent"}');
SELECT * FROM orchard.choose('SELECT ''a'' AS a, 3 AS n, 5 AS s', 'a', 's', '{"trials": "n"}');
SELECT * FROM orchard.choose('shown', 'ad', 'clicked', '{"seed": 1}');
SELECT orchard.choose(ARRAY['a', 'b'], ARRAY[0.5], 'x');
SELECT orchard.choose(ARRAY['a', 'b'], ARRAY[0, 0], 'x');
SELECT orchard.choose(ARRAY['a', 'b'], ARRAY[0.5, NULL], 'x');
SELECT * FROM orchard.policy_value('logged', 'action', 'action', 'propensity', 'best');
SELECT * FROM orchard.policy_value('logged', 'action', 'reward', 'p', 'best');
SELECT * FROM orchard.policy_value('logged', 'action', 'reward', 'propensity', 'best', '{"predicted": "guess"}');
SELECT * FROM orchard.policy_value('logged', 'action', 'reward', 'propensity', 'best', '{"policy_is": "probability"}');
SELECT * FROM orchard.policy_value('logged', 'action', 'reward', 'propensity', 'best', '{"clip": 0}');
SELECT * FROM orchard.policy_value('SELECT * FROM logged WHERE false', 'action', 'reward', 'propensity', 'best');
SELECT * FROM orchard.policy_value('logged', 'action', 'reward', 'propensity', 'best', '{"alpha": "x"}');
-- Read-only.
BEGIN READ ONLY;
SELECT count(*) FROM orchard.choose('shown', 'ad', 'clicked');
COMMIT;

-- Sharing a budget out among campaigns.
\pset null '(null)'
SET search_path = public;
-- What is true: search saturates early, social late, print brings little, brand is a line through few points.
CREATE FUNCTION truth(campaign text, spend float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE campaign WHEN 'search' THEN 400 * (1 - exp(-spend / 150)) WHEN 'social' THEN 900 * spend / (spend + 800) WHEN 'print' THEN 0.8 * spend ^ 0.6 END $$;
CREATE TABLE spent AS
SELECT c AS campaign, d AS day, s AS spend, truth(c, s) * (0.95 + 0.1 * ((d * 37 % 100) / 100.0)) AS conversions
FROM unnest(ARRAY['search', 'social', 'print']) AS c, generate_series(1, 90) AS d, LATERAL (SELECT (100 + (d * 53 % 500))::float8 AS s) AS x;
SELECT campaign_name, periods, round(current_spend) AS now, round(allocated_spend) AS allocated, expected_outcome > current_outcome AS brings_more, curve, r2 > 0.5 AS fits
FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions');
-- It brings more in truth than the spending of now, than equal shares, and than all for the campaign of the best mean return; it is the budget, and close to the best there is.
WITH a AS (SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budget": 900}')),
best AS (SELECT max(truth('search', x) + truth('social', y) + truth('print', 900 - x - y)) AS brings
    FROM generate_series(0, 900, 10) AS x, generate_series(0, 900, 10) AS y WHERE x + y <= 900)
SELECT round(sum(allocated_spend)) AS spent, sum(truth(campaign_name, allocated_spend)) > sum(truth(campaign_name, 300)) AS beats_equal,
    sum(truth(campaign_name, allocated_spend)) > max(truth('search', 900)) AS beats_one, sum(truth(campaign_name, allocated_spend)) > 0.99 * max(brings) AS near_best
FROM a, best;
-- The last unit brings the same wherever a limit does not hold.
SELECT max(marginal) / min(marginal) < 1.001 AS same FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budget": 900}') WHERE allocated_spend > 0;
-- Limits.
SELECT campaign_name, round(allocated_spend) AS allocated FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budget": 900, "minimum": {"print": 200}, "maximum": {"social": 100, "search": 250}}');
SELECT campaign_name, round(allocated_spend) AS allocated FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budget": 1000000}');
SELECT campaign_name, round(allocated_spend) AS allocated FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budget": 1000000, "reach": 1}');
SELECT campaign_name, allocated_spend FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budget": 0}');
SELECT campaign_name, allocated_spend FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budget": 300, "minimum": 100}');
-- What cannot be used is left out; a campaign without a curve too.
SELECT campaign_name, periods, curve, r2 FROM orchard.allocate_budget(
    $$VALUES ('a', 10.0, 5::float8), ('a', NULL, 5), ('a', 'NaN', 1), (NULL, 3, 3), ('b', 0, 2), ('b', 0, 3), ('c', -1, 2), ('d', 1e300, 'Infinity'), ('Ünï 中文', 5, 0)$$, 'column1', 'column2', 'column3');
SELECT campaign_name, current_spend FROM orchard.allocate_budget('SELECT 7 AS c, 10::numeric AS s, 5::real AS o', 'c', 's', 'o');
-- Spending that changes nothing gets nothing; a campaign that was never off keeps what it has; one without spending is shown.
SELECT campaign_name, round(current_spend) AS now, round(allocated_spend) AS allocated, marginal < 0.1 AS little, curve FROM orchard.allocate_budget(
    $$SELECT 'tv' AS c, (i % 2 * 100)::float8 AS s, 1000 + (i % 2)::float8 AS o FROM generate_series(1, 40) AS i
    UNION ALL SELECT 'web', 100 + i * 10, 400 * (1 - exp(-(100 + i * 10) / 150.0)) FROM generate_series(1, 30) AS i
    UNION ALL SELECT 'always', 50, 10 FROM generate_series(1, 30) UNION ALL SELECT 'new', 0, 5$$, 'c', 's', 'o', '{"budget": 500, "minimum": {"new": 20}}');
SELECT campaign_name FROM orchard.allocate_budget('SELECT date ''2024-01-05'' + i AS c, 10 + i AS s, 5 AS o FROM generate_series(0, 1) AS i', 'c', 's', 'o') ORDER BY 1;
-- The order of the rows does not matter.
SELECT count(*) FROM (SELECT * FROM orchard.allocate_budget('SELECT * FROM spent ORDER BY day', 'campaign', 'spend', 'conversions')
    EXCEPT SELECT * FROM orchard.allocate_budget('SELECT * FROM spent ORDER BY md5(day::text)', 'campaign', 'spend', 'conversions')) AS x;
-- Errors.
SELECT * FROM orchard.allocate_budget('SELECT ''a'' AS c, 0 AS s, 1 AS o WHERE false', 'c', 's', 'o');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'clicks');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'campaign', 'conversions');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'spend');
SELECT * FROM orchard.allocate_budget('SELECT ''a'' AS c, ''1'' AS s, 1 AS o', 'c', 's', 'o');
SELECT * FROM orchard.allocate_budget('spent', NULL, 'spend', 'conversions');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budgets": 1}');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budget": -1}');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"budget": 1e308}');
SELECT campaign_name, r2 FROM orchard.allocate_budget('VALUES (''a'', 1e308::float8, 1e308::float8), (''b'', 2, 3), (''b'', 5, 4)', 'column1', 'column2', 'column3');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"minimum": {"search": "much"}}');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"minimum": {"serach": 1}}');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"minimum": 200, "maximum": 100}');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '{"minimum": 200, "budget": 100}');
SELECT * FROM orchard.allocate_budget('spent', 'campaign', 'spend', 'conversions', '[]');

-- What campaigns bring by what is spent on them, now and before.
\pset null '(null)'
SET search_path = public;
-- tv works on for long, radio a little, search not at all; what works saturates.
CREATE TABLE weekly AS
WITH RECURSIVE w AS (
    SELECT c AS campaign, 0 AS week, 0.0::float8 AS spend, 0.0::float8 AS works, d FROM (VALUES ('tv', 0.8), ('radio', 0.4), ('search', 0.0)) AS x (c, d)
    UNION ALL
    SELECT campaign, week + 1, s, (1 - d) * s + d * works, d FROM w, LATERAL (SELECT (CASE WHEN week * 5 % 7 < 3 THEN 0 ELSE week * 53 % 400 END)::float8 AS s) AS x WHERE week < 200)
SELECT campaign, date '2022-01-03' + 7 * week AS "Week of", spend, 20 + 500 * works / (works + 150) + (week * 7919 % 11 - 5) / 5.0 AS sales FROM w WHERE week > 0;
SELECT campaign_name, periods, round(decay::numeric, 1) AS decay, round(half_life::numeric) AS half_life, r2 > 0.95 AS fits, r2 - r2_without_decay > 0.3 AS better, round(current_spend) AS spend, marginal > 0 AS more,
    abs(current_outcome / (20 + 500 * current_spend / (current_spend + 150)) - 1) < 0.03 AS close
FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales');
-- The row is the curve.
SELECT campaign_name, abs(current_outcome - CASE curve WHEN 'power' THEN base + gain * current_spend ^ bend WHEN 'exponential' THEN base + gain * (1 - exp(-current_spend / bend)) ELSE base + gain * current_spend / (current_spend + bend) END) < 1e-9 AS same
FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales');
-- A given decay, for all or by campaign.
SELECT campaign_name, decay, half_life FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales', '{"decay": 0.5}');
SELECT campaign_name, round(decay::numeric, 1) AS decay FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales', '{"decay": {"search": 0.5}}');
-- Timestamps and numbers of days are as good; the order of rows and the threads do not matter; a week in parts is a week.
CREATE TABLE kept AS SELECT * FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales');
CREATE FUNCTION differs(source text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM (TABLE kept EXCEPT SELECT * FROM orchard.response_curve(source, 'campaign', 'Week of', 'spend', 'sales')) AS x $$;
SELECT differs('SELECT campaign, "Week of"::timestamptz, spend, sales FROM weekly') AS timestamps, differs('SELECT campaign, "Week of" - date ''2000-01-01'' AS "Week of", spend, sales FROM weekly') AS numbers,
    differs('SELECT * FROM weekly ORDER BY md5(campaign || "Week of")') AS shuffled, differs('SELECT campaign, "Week of", spend / 2 AS spend, sales / 2 AS sales FROM weekly, generate_series(1, 2)') AS halves;
SET orchard.threads = 1;
SELECT differs('weekly') AS one_thread;
RESET orchard.threads;
-- It feeds the budget: what works on gets what its long run is worth.
SELECT campaign_name, periods, round(current_spend) AS now, round(sum(allocated_spend) OVER ()) AS budget, allocated_spend > 0 AS gets FROM orchard.allocate_budget('weekly', 'campaign', 'spend', 'sales', '{"event_time": "Week of", "budget": 600}') ORDER BY 1;
WITH found AS (SELECT * FROM orchard.allocate_budget('weekly', 'campaign', 'spend', 'sales', '{"event_time": "Week of", "budget": 600}')), without AS (SELECT * FROM orchard.allocate_budget('weekly', 'campaign', 'spend', 'sales', '{"budget": 600}'))
SELECT (SELECT sum(500 * allocated_spend / (allocated_spend + 150)) FROM found) > (SELECT sum(500 * allocated_spend / (allocated_spend + 150)) FROM without) AS brings_more_in_truth;
SELECT campaign_name, b.current_outcome = c.current_outcome AS same FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales', '{"decay": 0.4}') AS c
JOIN orchard.allocate_budget('weekly', 'campaign', 'spend', 'sales', '{"event_time": "Week of", "decay": 0.4}') AS b USING (campaign_name) ORDER BY 1;
-- Ends: few periods, one, none, what cannot be used, what does not vary.
SELECT campaign_name, periods, decay, half_life, r2 FROM orchard.response_curve($$VALUES ('a', 1, 5.0, 10::float8), ('a', NULL, 5, 10), (NULL, 2, 5, 10), ('a', 2, -1, 10), ('a', 3, 'NaN', 10), ('b 中文', 1, 0, 3), ('c', 1, 5, 'Infinity')$$, 'column1', 'column2', 'column3', 'column4');
SELECT campaign_name, periods, decay, curve, r2, r2_without_decay FROM orchard.response_curve('SELECT ''a'' AS c, i AS t, 5 AS s, 7 AS o FROM generate_series(1, 30) AS i', 'c', 't', 's', 'o');
SELECT * FROM orchard.response_curve('SELECT * FROM weekly WHERE false', 'campaign', 'Week of', 'spend', 'sales');
-- A cancel is heard.
SET statement_timeout = '100ms';
SELECT count(*) FROM orchard.response_curve('SELECT i % 20 AS c, i AS t, i * 7919 % 1009 AS s, i * 31 % 977 AS o FROM generate_series(1, 40000) AS i', 'c', 't', 's', 'o');
-- Within one curve of many periods, too.
SET statement_timeout = '1500ms';
DO $$
DECLARE began timestamptz := clock_timestamp();
BEGIN
    PERFORM * FROM orchard.allocate_budget('SELECT ''a'' AS c, i * 7919::bigint % 1000003 AS s, i * 31 % 977 AS o FROM generate_series(1, 1000000) AS i', 'c', 's', 'o');
EXCEPTION WHEN query_canceled THEN
    RAISE NOTICE 'soon: %', clock_timestamp() - began < interval '5 s';
END $$;
RESET statement_timeout;
SET orchard.max_memory = '16MB';
SELECT * FROM orchard.allocate_budget('SELECT ''a'' AS c, i AS s, i AS o FROM generate_series(1, 400000) AS i', 'c', 's', 'o');
RESET orchard.max_memory;
-- Errors.
SELECT * FROM orchard.response_curve('SELECT ''{}''::jsonb AS c, 1 AS t, 2 AS s, 3 AS o', 'c', 't', 's', 'o');
SELECT * FROM orchard.response_curve('weekly', 'campaign', NULL, 'spend', 'sales');
SELECT * FROM orchard.response_curve('weekly', 'campaign', 'week', 'spend', 'sales');
SELECT * FROM orchard.response_curve('weekly', 'campaign', 'campaign', 'spend', 'sales');
SELECT * FROM orchard.response_curve('SELECT campaign, ''a'' AS t, spend, sales FROM weekly', 'campaign', 't', 'spend', 'sales');
SELECT * FROM orchard.response_curve('weekly', 'campaign', 'spend', 'Week of', 'sales');
SELECT * FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales', '{"decay": 1}');
SELECT * FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales', '{"decay": {"radio ": 0.5}}');
SELECT * FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales', '{"adstock": 0.5}');
SELECT * FROM orchard.response_curve('weekly', 'campaign', 'Week of', 'spend', 'sales', '[]');
SELECT * FROM orchard.allocate_budget('weekly', 'campaign', 'spend', 'sales', '{"decay": 0.5}');
SELECT * FROM orchard.allocate_budget('weekly', 'campaign', 'spend', 'sales', '{"event_time": "Week of", "decay": 2}');
SELECT * FROM orchard.allocate_budget('weekly', 'campaign', 'spend', 'sales', '{"event_time": 7}');
SELECT * FROM orchard.allocate_budget('weekly', 'campaign', 'spend', 'sales', '{"event_time": "campaign"}');

\echo
\echo '==> 9. Customer segments: no target, k-means finds the groups'
SET client_min_messages = warning;
-- Four kinds of customers, which the model is not told: students, families, savers, big spenders.
CREATE TABLE customers AS
SELECT i AS customer_id, round((age + 4 * noise_a)::numeric, 0) AS age, round(greatest(1, visits + 3 * noise_b)::numeric, 0) AS visits,
       CASE WHEN unit(i, 24) >= 0.03 THEN round(greatest(5, spend * (1 + 0.2 * noise_c))::numeric, 2) END AS spend,
       CASE WHEN unit(i, 25) < app THEN 'app' ELSE 'web' END AS channel
FROM generate_series(1, 4000) AS i
JOIN (VALUES (0, 22, 25, 40, 0.9), (1, 40, 8, 180, 0.4), (2, 66, 4, 60, 0.05), (3, 48, 15, 600, 0.5))
     AS kind (n, age, visits, spend, app) ON n = i % 4
-- The sum of three uniform numbers is near enough to a bell curve.
CROSS JOIN LATERAL (SELECT unit(i, 11) + unit(i, 12) + unit(i, 13) - 1.5, unit(i, 14) + unit(i, 15) + unit(i, 16) - 1.5,
                           unit(i, 17) + unit(i, 18) + unit(i, 19) - 1.5) AS noise (noise_a, noise_b, noise_c);
RESET client_min_messages;
\set ECHO queries
\x on
SELECT * FROM orchard.train('segments', 'SELECT age, visits, spend, channel FROM customers',
                            algorithm => 'kmeans', options => '{"n_clusters": 4}');
\x off
SELECT predict_segments(age, visits, spend, channel) AS segment, count(*) AS customers, round(avg(age)) AS age,
       round(avg(visits)) AS visits, round(avg(spend)) AS spend, round(avg((channel = 'app')::int), 2) AS share_app
FROM customers GROUP BY segment ORDER BY segment;

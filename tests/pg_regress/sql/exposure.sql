-- Rates: counts and amounts for each unit of an exposure, with offsets.
SET search_path = public;
CREATE TABLE shows AS
SELECT i AS id, 'site-' || i % 30 AS site, 'ad-' || (i * 31) % 700 AS ad, (i * 7) % 24 AS hour, 1 + (i * i) % 997 AS impressions,
    (hashint4(i)::bigint + 2147483648) / 4294967296.0 AS luck
FROM generate_series(1, 8000) AS i;
ALTER TABLE shows ADD rate float8, ADD clicks bigint, ADD spend float8;
UPDATE shows SET rate = 0.01 + 0.002 * hour + 0.02 * (site = 'site-3')::int;
UPDATE shows SET clicks = floor(impressions * rate * (0.5 + luck) + 0.5);
UPDATE shows SET spend = CASE WHEN luck < 0.3 THEN 0 ELSE impressions * rate * 1.5 * (0.5 + luck) END;
SELECT task, features, metric FROM orchard.train('rates', 'SELECT site, hour, impressions, clicks FROM shows', 'clicks', 'gradient_boosting',
    '{"objective": "poisson", "exposure": "impressions", "n_estimators": 100}');
SELECT obj_description('predict_rates'::regproc);
-- per impression, whatever the exposure was
SELECT abs(predict_rates('site-1', 20) - 0.05) < 0.004 AS near, abs(predict_rates('site-3', 3) - 0.036) < 0.004 AS higher;
SELECT abs(sum(predict_rates(site, hour) * impressions) / sum(clicks) - 1) < 0.02 AS adds_up FROM shows;
-- metrics are of counts, on the held-out rows and on a source
SELECT metric, value BETWEEN 0.6 AND 1 AS good FROM orchard.evaluate('rates') WHERE metric = 'r2';
SELECT metric, value BETWEEN 0.6 AND 1 AS good FROM orchard.evaluate('rates', 'shows') WHERE metric = 'r2';
SELECT abs(value) < 0.3 AS unbiased FROM orchard.evaluate('rates', 'shows') WHERE metric = 'mean_error';
SELECT abs(value - (SELECT sqrt(avg((predict_rates(site, hour) * impressions - clicks) ^ 2)) FROM shows)) < 1e-9 AS same
FROM orchard.evaluate('rates', 'shows') WHERE metric = 'rmse';
SET client_min_messages = warning;
-- an offset of ln(impressions) is the same as that exposure
SELECT model FROM orchard.train('logged', 'SELECT site, hour, ln(impressions::float8) AS o, clicks FROM shows', 'clicks', 'gradient_boosting',
    '{"objective": "poisson", "offset": "o", "n_estimators": 100, "holdout": 0, "early_stopping_rounds": 0}');
SELECT model FROM orchard.train('exposed', 'SELECT site, hour, impressions, clicks FROM shows', 'clicks', 'gradient_boosting',
    '{"objective": "poisson", "exposure": "impressions", "n_estimators": 100, "holdout": 0, "early_stopping_rounds": 0}');
SELECT avg(abs(predict_logged(site, hour) / predict_exposed(site, hour) - 1)) < 0.03 AS same FROM shows;
SELECT metric, value > 0.6 AS good FROM orchard.evaluate('logged', 'SELECT site, hour, ln(impressions::float8) AS o, clicks FROM shows') WHERE metric = 'r2';
-- amounts, wide categories by their rates, both together, weights
SELECT model FROM orchard.train('amounts', 'SELECT site, hour, impressions, spend FROM shows', 'spend', 'gradient_boosting',
    '{"objective": "tweedie", "exposure": "impressions", "n_estimators": 100}');
SELECT abs(sum(predict_amounts(site, hour) * impressions) / sum(spend) - 1) < 0.05 AS adds_up FROM shows;
SELECT model FROM orchard.train('ads', 'SELECT ad, impressions * (1 + 99 * (id % 700 < 350)::int) AS n, (impressions * (1 + 99 * (id % 700 < 350)::int) * (0.01 + 0.03 * ((id * 31) % 700 < 100)::int))::int AS y FROM shows', 'y', 'gradient_boosting',
    '{"objective": "poisson", "exposure": "n", "n_estimators": 60, "max_subset_levels": 16, "min_category_rows": 5}');
SELECT abs(avg(predict_ads('ad-' || i)) FILTER (WHERE i < 100) - 0.04) < 0.004 AS high, abs(avg(predict_ads('ad-' || i)) FILTER (WHERE i >= 100) - 0.01) < 0.003 AS low FROM generate_series(0, 699) AS i;
SELECT model FROM orchard.train('both', 'SELECT site, hour, impressions, 0.5 AS o, 1 + id % 3 AS w, clicks FROM shows', 'clicks', 'gradient_boosting',
    '{"objective": "poisson", "exposure": "impressions", "offset": "o", "sample_weight": "w", "n_estimators": 100}');
SELECT abs(sum(predict_both(site, hour) * exp(0.5) * impressions) / sum(clicks) - 1) < 0.02 AS adds_up FROM shows;
-- extremes
SELECT model FROM orchard.train('far', 'SELECT hour, CASE WHEN id % 2 = 0 THEN 1e-9 ELSE 1e9 END AS e, CASE WHEN id % 2 = 0 THEN 0 ELSE 5e7 END AS y FROM shows', 'y', 'gradient_boosting',
    '{"objective": "poisson", "exposure": "e", "n_estimators": 20}');
SELECT abs(predict_far(3) - 0.05) < 0.005 AS near;
SELECT model FROM orchard.train('never', 'SELECT hour, impressions, 0 AS y FROM shows', 'y', 'gradient_boosting', '{"task": "regression", "objective": "poisson", "exposure": "impressions", "n_estimators": 20}');
SELECT predict_never(3) BETWEEN 0 AND 1e-6 AS nothing;
-- what does not fit
SELECT orchard.train('no', 'SELECT hour, clicks, id % 5 AS e FROM shows', 'clicks', 'gradient_boosting', '{"objective": "poisson", "exposure": "e"}');
SELECT orchard.train('no', 'SELECT hour, clicks, -impressions AS e FROM shows', 'clicks', 'gradient_boosting', '{"objective": "poisson", "exposure": "e"}');
SELECT orchard.train('no', 'SELECT hour, clicks, nullif(impressions, 2) AS e FROM shows', 'clicks', 'gradient_boosting', '{"objective": "poisson", "exposure": "e"}');
SELECT orchard.train('no', 'SELECT hour, clicks, ''Infinity''::float8 AS e FROM shows', 'clicks', 'gradient_boosting', '{"objective": "poisson", "exposure": "e"}');
SELECT orchard.train('no', 'SELECT hour, clicks, NULL::float8 AS o FROM shows', 'clicks', 'gradient_boosting', '{"objective": "poisson", "offset": "o"}');
SELECT orchard.train('no', 'SELECT hour, clicks, site FROM shows', 'clicks', 'gradient_boosting', '{"objective": "poisson", "exposure": "site"}');
SELECT orchard.train('no', 'SELECT hour, clicks, ARRAY[1] AS e FROM shows', 'clicks', 'gradient_boosting', '{"objective": "poisson", "offset": "e"}');
SELECT orchard.train('no', 'SELECT hour, clicks FROM shows', 'clicks', 'gradient_boosting', '{"objective": "poisson", "exposure": "hours"}');
SELECT orchard.train('no', 'SELECT hour, clicks, impressions FROM shows', 'clicks', 'gradient_boosting', '{"exposure": "impressions"}');
SELECT orchard.evaluate('rates', 'SELECT site, hour, clicks FROM shows');
SELECT orchard.evaluate('rates', 'SELECT site, hour, clicks, 0 AS impressions FROM shows');
SELECT orchard.evaluate('rates', 'SELECT site, hour, clicks, site AS impressions FROM shows');

-- The data of the tour: 250,000 ad impressions, the same on every machine (hashes instead of random()), whose true
-- click probability is known and kept aside, so that predictions can be held against it.
\echo
\echo '==> 1. An ad log as it comes: 200,000 impressions, 5,000 ads, untidy text'
SET client_min_messages = warning;

-- A number in [0, 1) that depends on nothing but a row's number and the purpose.
CREATE FUNCTION unit(i bigint, purpose bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(i, purpose) & 4503599627370495)::float8 / 4503599627370496;

CREATE TABLE history AS
SELECT i AS impression_id,
       timestamp '2026-03-01' + floor(unit(i, 1) * 30 * 86400) * interval '1 second' AS shown_at,
       (ARRAY['mobile', 'desktop', 'tablet'])[CASE WHEN unit(i, 2) < 0.6 THEN 1 WHEN unit(i, 2) < 0.9 THEN 2 ELSE 3 END] AS device,
       -- The 5,000 ads are shown log-uniformly: the first in 8 % of the rows, most of them a few times.
       floor(exp(unit(i, 3) * ln(5000::float8)))::int AS ad,
       round((0.2 + 1.8 * unit(i, 4) ^ 2)::numeric, 2) AS bid,
       unit(i, 5) < 0.35 AS returning_visitor
FROM generate_series(1, 250000) AS i;

-- The truth: phones click more, evenings more, some ads are better than others, a higher bid buys a better place.
CREATE TABLE truth AS
SELECT impression_id,
       1 / (1 + exp(-(-3.4 + CASE device WHEN 'mobile' THEN 0.7 WHEN 'tablet' THEN 0.2 ELSE 0 END
                      + 0.5 * cos((extract(hour FROM shown_at)::float8 - 20) * pi() / 12)
                      + CASE WHEN unit(ad, 6) < 0.15 THEN 1.6 WHEN unit(ad, 6) < 0.5 THEN 0.4 ELSE -0.3 END
                      + 0.6 * ln(bid::float8)))) AS click_probability
FROM history;
ALTER TABLE truth ADD PRIMARY KEY (impression_id);

-- What the ad server logged: the device as its many clients spell it, or not at all.
CREATE TABLE impressions AS
SELECT impression_id, shown_at,
       CASE floor(unit(impression_id, 7) * 20)::int
           WHEN 0 THEN upper(device) WHEN 1 THEN initcap(device) WHEN 2 THEN ' ' || initcap(device)
           WHEN 3 THEN device || '  ' WHEN 4 THEN 'N/A' WHEN 5 THEN NULL ELSE device END AS device,
       'ad-' || lpad(ad::text, 4, '0') AS ad_id, returning_visitor,
       CASE WHEN unit(impression_id, 8) >= 0.02 THEN bid END AS bid,
       unit(impression_id, 9) < click_probability AS clicked
FROM history JOIN truth USING (impression_id)
WHERE impression_id <= 200000;

-- Tomorrow's requests: not yet shown, so never seen by training. The hour is a bigint here.
CREATE TABLE requests AS
SELECT impression_id AS request_id, device, extract(hour FROM shown_at)::bigint AS hour,
       'ad-' || lpad(ad::text, 4, '0') AS ad_id, bid
FROM history WHERE impression_id > 200000;
ALTER TABLE requests ADD PRIMARY KEY (request_id);
DROP TABLE history;
ANALYZE impressions, truth, requests;

\set ECHO queries
SELECT * FROM impressions ORDER BY impression_id LIMIT 8;
SELECT device, count(*) AS impressions FROM impressions GROUP BY device ORDER BY 2 DESC LIMIT 8;

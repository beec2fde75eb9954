-- A small table to train on, for the tests of clients: 6,000 rows of most types, missing values included, the same
-- on every machine.
CREATE TABLE clicks AS
SELECT i AS id,
       (ARRAY['mobile', 'desktop', 'tablet', NULL])[1 + h1 % 4] AS device,
       (h2 % 24)::smallint AS hour,
       9007199254740000 + h3 % 50 AS ad_id,
       CASE WHEN h4 % 20 > 0 THEN (h4 % 300)::numeric / 100 END AS bid,
       timestamptz '2026-03-01 00:00+00' + h2 * interval '1 second' AS shown_at,
       h1 % 4 = 0 AND h5 % 10 < 6 OR h5 % 10 = 0 AS clicked
FROM (SELECT i, hashint8extended(i, 1) & 1048575 AS h1, hashint8extended(i, 2) & 1048575 AS h2,
             hashint8extended(i, 3) & 1048575 AS h3, hashint8extended(i, 4) & 1048575 AS h4,
             hashint8extended(i, 5) & 1048575 AS h5
      FROM generate_series(1, 6000) AS i) AS hashed;
ANALYZE clicks;

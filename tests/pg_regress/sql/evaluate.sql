-- Judging on the holdout and on sources.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
SET extra_float_digits = -3;
CREATE TABLE t AS SELECT i % 24 AS hour, i % 5 AS day, (i * 31 % 100)::float8 AS noise, i % 24 > 11 AS y, (i % 24 + i % 5)::float8 AS v, (ARRAY['a', 'b', 'c'])[i % 24 / 8 + 1] AS k
FROM generate_series(1, 2400) AS i;
SELECT metric, round(score::numeric, 3) AS score FROM orchard.train('b', 'SELECT hour, day, noise, y FROM t', 'y');
SELECT metric, round(value::numeric, 3) AS value, note FROM orchard.evaluate('b');
SELECT metric, round(value::numeric, 3) AS value, note FROM orchard.evaluate('b', 'SELECT * FROM t WHERE hour > 11');
SELECT metric, value, note FROM orchard.evaluate('b', 'SELECT * FROM t WHERE false');
SELECT metric, round(value::numeric, 3) AS value FROM orchard.evaluate('b', 'SELECT hour::text::numeric AS hour, day::int8 AS day, noise::float4 AS noise, y FROM t');
SELECT metric, round(value::numeric, 3) AS value FROM orchard.evaluate('b', 'SELECT hour, day, noise, nullif(y, hour = 3) AS y FROM t') WHERE metric = 'rows';
SELECT task, metric FROM orchard.train('r', 'SELECT hour, day, v FROM t', 'v');
SELECT metric, round(value::numeric, 3) AS value FROM orchard.evaluate('r');
SELECT task, metric FROM orchard.train('m', 'SELECT hour, day, k FROM t', 'k');
SELECT metric, round(value::numeric, 3) AS value FROM orchard.evaluate('m');
SELECT task, metric FROM orchard.train('s', 'SELECT hour, day FROM t', options => '{"n_clusters": 2}');
SELECT metric, round(value::numeric, 3) AS value FROM orchard.evaluate('s');
SELECT metric, round(value::numeric, 3) AS value FROM orchard.evaluate('s', 't');

-- a click table of few combinations: the holdout is not fooled
CREATE TABLE combinations AS
SELECT d AS device, h AS hour, p, hashint8extended(i * 1000 + d * 24 + h, 0)::numeric / 18446744073709551616.0 + 0.5 < p AS clicked
FROM generate_series(1, 5) AS d, generate_series(0, 23) AS h, LATERAL (SELECT 0.02 + 0.01 * d + 0.005 * h AS p) AS rate, generate_series(1, 500) AS i;
SELECT rows FROM orchard.train('combos', 'SELECT device, hour, clicked FROM combinations', 'clicked');
WITH truth AS (
    SELECT sum(above * positives + positives * negatives / 2.0) / (sum(positives) * sum(negatives)) AS auc
    FROM (SELECT p, count(*) FILTER (WHERE clicked) AS positives, count(*) FILTER (WHERE NOT clicked) AS negatives,
              sum(count(*) FILTER (WHERE NOT clicked)) OVER (ORDER BY p ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS above
          FROM combinations GROUP BY p) AS g)
SELECT abs(value - auc) < 0.02 AS near_the_truth FROM orchard.evaluate('combos'), truth WHERE metric = 'roc_auc';

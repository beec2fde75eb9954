-- Models of every learner and task over columns of every type, and 100,000 rows with whatever a row can hold, to compare what is written of the models
-- with the models.
SET client_min_messages = warning;
CREATE FUNCTION random_number(i int, seed int, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashint8extended(i, seed)) % n)::int $$;
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE ads AS
SELECT i AS id, (ARRAY['phone', 'tablet', 'it''s "\o/', NULL])[i * 7 % 4 + 1] AS device, i % 24 AS "Hour", 'ad-' || i * 31 % 97 AS ad,
    CASE WHEN i % 11 > 0 THEN (i * 37 % 100) / 10.0 END AS bid, (i % 77)::real / 7 AS share,
    CASE i % 13 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' ELSE sin(i) END::float8 AS wave,
    timestamp '2026-01-05' + i % 500 * interval '1 hour' AS shown_at, date '2026-01-01' + i % 90 AS shown_on,
    timestamptz '2026-03-20 00:00+00' + i % 500 * interval '1 hour' AS seen_at, i % 50 * interval '7 hours' + i % 3 * interval '1 month' AS age,
    (ARRAY['happy', 'sad']::mood[])[i % 2 + 1] AS mood, ARRAY[i % 5, i % 7]::float8[] AS e, i % 3 = 0 AS back,
    9007199254740992::numeric + i % 5 AS big, md5((i % 6)::text)::uuid AS u
FROM generate_series(1, 3000) AS i;
ALTER TABLE ads ADD clicked boolean, ADD level text, ADD revenue float8;
UPDATE ads SET clicked = (id * 13 % 17 + CASE device WHEN 'phone' THEN 6 ELSE 0 END + CASE WHEN "Hour" > 17 THEN 5 ELSE 0 END + id * 31 % 97 % 3
        + extract(hour FROM shown_at) / 8 + extract(isodow FROM seen_at) + (big - 9007199254740992)) > 21,
    level = CASE WHEN "Hour" < 8 THEN 'gold' WHEN device = 'phone' AND bid > 3 THEN 'silver' ELSE 'bro"nze' END,
    revenue = 2 + coalesce(bid, 1) * (CASE device WHEN 'phone' THEN 3 ELSE 1 END) + id * 13 % 17 / 10.0 + extract(epoch FROM age) / 1e6;
CREATE FUNCTION learn(model text, target text, algorithm text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
SELECT model FROM orchard.train(model, 'SELECT * FROM ads', target, algorithm,
    jsonb_build_object('exclude', to_jsonb(array_remove(ARRAY['id', 'level', 'revenue', 'clicked'], target))) || options) $$;
CREATE TABLE probes AS
SELECT i AS id,
    CASE random_number(i, 1, 12) WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'never seen' WHEN 3 THEN 'tablet' WHEN 4 THEN 'it''s "\o/' WHEN 5 THEN 'Phone' ELSE 'phone' END AS device,
    CASE WHEN random_number(i, 2, 9) > 0 THEN random_number(i, 3, 26) - 1 END AS "Hour",
    CASE WHEN random_number(i, 4, 9) > 0 THEN 'ad-' || random_number(i, 5, 110) END AS ad,
    CASE random_number(i, 6, 15) WHEN 0 THEN NULL WHEN 1 THEN 'NaN'::numeric WHEN 2 THEN 12345.678901 WHEN 3 THEN -1 ELSE random_number(i, 7, 101) / 10.0 END AS bid,
    CASE random_number(i, 8, 15) WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' WHEN 3 THEN '-Infinity' ELSE (random_number(i, 9, 80) / 7.0)::real END AS share,
    CASE random_number(i, 10, 15) WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' WHEN 3 THEN '-Infinity' WHEN 4 THEN 1e300 WHEN 5 THEN 5e-324 ELSE sin(i) END::float8 AS wave,
    CASE random_number(i, 11, 15) WHEN 0 THEN NULL WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '9999-12-31' WHEN 4 THEN '0044-03-15 BC'
        ELSE timestamp '2026-01-01' + random_number(i, 12, 100000000) * interval '31 ms' END AS shown_at,
    CASE random_number(i, 13, 15) WHEN 0 THEN NULL WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '9999-12-31' ELSE date '2025-12-25' + random_number(i, 14, 100) END AS shown_on,
    CASE random_number(i, 15, 15) WHEN 0 THEN NULL WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '0044-03-15 BC'
        ELSE timestamptz '2026-03-15 00:00+00' + random_number(i, 16, 100000000) * interval '31 ms' END AS seen_at,
    CASE WHEN random_number(i, 17, 9) > 0 THEN random_number(i, 18, 100) - 10 END * interval '5 hours 1.234567 s' + random_number(i, 19, 4) * interval '1 month' AS age,
    CASE random_number(i, 20, 3) WHEN 0 THEN 'happy' WHEN 1 THEN 'sad' END::mood AS mood,
    CASE random_number(i, 21, 6) WHEN 0 THEN NULL WHEN 1 THEN '{}' WHEN 2 THEN '{NULL,3}' WHEN 3 THEN '{NaN,1,7}' ELSE ARRAY[random_number(i, 22, 6), random_number(i, 23, 8)]::float8[] END AS e,
    CASE random_number(i, 24, 3) WHEN 0 THEN true WHEN 1 THEN false END AS back,
    CASE WHEN random_number(i, 25, 9) > 0 THEN 9007199254740990::numeric(30, 2) + random_number(i, 26, 9) END AS big,
    CASE WHEN random_number(i, 27, 9) > 0 THEN md5(random_number(i, 28, 8)::text)::uuid END AS u
FROM generate_series(1, 100000) AS i;
SELECT learn('tree', 'clicked', 'decision_tree', '{"max_depth": 6}');
SELECT learn('other_class', 'clicked', 'decision_tree', '{"positive_class": "false", "splitter": "exact"}');
SELECT learn('tree_classes', 'level', 'decision_tree');
SELECT learn('tree_value', 'revenue', 'decision_tree', '{"max_depth": 8}');
SELECT learn('forest', 'clicked', 'random_forest', '{"n_estimators": 10, "max_depth": 12}');
SELECT learn('forest_classes', 'level', 'random_forest', '{"n_estimators": 10, "calibration": "isotonic"}');
SELECT learn('forest_value', 'revenue', 'random_forest', '{"n_estimators": 10, "max_depth": 8}');
SELECT learn('extra_sigmoid', 'clicked', 'extra_trees', '{"n_estimators": 10, "max_depth": 10, "calibration": "sigmoid"}');
SELECT learn('boosted', 'clicked', 'gradient_boosting', '{"n_estimators": 50, "calibration": "none"}');
SELECT learn('boosted_sigmoid', 'clicked', 'gradient_boosting', '{"n_estimators": 20, "calibration": "sigmoid", "positive_class": "false"}');
SELECT learn('boosted_isotonic', 'clicked', 'gradient_boosting', '{"n_estimators": 20, "calibration": "isotonic"}');
SELECT learn('boosted_classes', 'level', 'gradient_boosting', '{"n_estimators": 20, "calibration": "none"}');
SELECT learn('classes_sigmoid', 'level', 'gradient_boosting', '{"n_estimators": 20, "calibration": "sigmoid"}');
SELECT learn('boosted_value', 'revenue', 'gradient_boosting', '{"n_estimators": 30}');
SELECT learn('poisson', 'revenue', 'gradient_boosting', '{"n_estimators": 30, "objective": "poisson"}');

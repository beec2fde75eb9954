-- Parts of dates and timestamps: which there are, whose clocks they are read by, and odd moments.
\pset null '(null)'
SET search_path = public;
SET client_min_messages = warning;
SET TimeZone = 'Europe/Berlin';
CREATE TABLE shown AS
SELECT i AS n, timestamptz '2023-01-01 00:00+00' + i * interval '7 hours 13 minutes' AS shown_at FROM generate_series(0, 3999) AS i;
CREATE FUNCTION features_of(name text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(f ->> 'name', ' ' ORDER BY n)
    FROM orchard.model_versions AS v, jsonb_array_elements(v.feature_list) WITH ORDINALITY AS x (f, n)
    WHERE v.model = $1 AND v.deployed
$$;
-- which parts there are
SELECT features FROM orchard.train('tz', 'SELECT shown_at, extract(hour FROM shown_at) AS y FROM shown', 'y');
SELECT features_of('tz');
SELECT pg_get_function_arguments('predict_tz'::regproc);
SELECT features_of(model) FROM orchard.train('ts', 'SELECT shown_at AT TIME ZONE ''Europe/Berlin'' AS shown_at, extract(hour FROM shown_at) AS y FROM shown', 'y');
SELECT features_of(model) FROM orchard.train('d', 'SELECT shown_at::date AS shown_at, extract(dow FROM shown_at) AS y FROM shown', 'y', 'gradient_boosting', '{"n_estimators": 5, "early_stopping_rounds": 3}');
SELECT features_of(model) FROM orchard.train('midnight', 'SELECT date_trunc(''day'', shown_at) AS shown_at, n FROM shown', 'n');
SELECT features_of(model) FROM orchard.train('one_month', 'SELECT shown_at, n FROM shown WHERE shown_at < ''2023-01-20''', 'n');
SELECT features_of(model) FROM orchard.train('one_moment', 'SELECT timestamp ''2024-02-29 10:00'' AS t, n FROM shown', 'n');
SELECT features_of(model) FROM orchard.train('none', 'SELECT NULL::date AS t, n % 7 AS k, n FROM shown', 'n');
SELECT features_of(model) FROM orchard.train('whole', 'SELECT shown_at, n FROM shown', 'n', options => '{"date_parts": false}');
SELECT features_of(model) FROM orchard.train('rising', 'SELECT shown_at, shown_at::date AS d, n FROM shown', 'n', 'gradient_boosting', '{"n_estimators": 5, "monotone_constraints": {"shown_at": 1, "d": 0}}');
SELECT features_of(model) FROM orchard.train('groups', 'SELECT shown_at, n FROM shown', options => '{"n_clusters": 2}');
SELECT features_of(model) FROM orchard.train('by_time', 'SELECT shown_at, shown_at::date AS on_day, n FROM shown', 'n', options => '{"time_column": "shown_at"}');
SELECT jsonb_pretty(feature_list -> 1) FROM orchard.model_versions WHERE model = 'tz';
SELECT jsonb_pretty((feature_list -> 0) - '{mean,stddev,minimum,maximum}'::text[]) FROM orchard.model_versions WHERE model = 'tz';
SELECT orchard.train('m', 'shown', 'n', options => '{"date_parts": "yes"}');
SELECT orchard.train('m', 'shown', options => '{"date_parts": true}');
-- the hour is known, in the zone of the training, whatever the zone of the session
SELECT count(*) FILTER (WHERE round(predict_tz(shown_at)) <> extract(hour FROM shown_at)) AS wrong FROM shown;
SELECT sum(predict_tz(shown_at) * (1 + n % 7)) AS sum FROM shown \gset
SET TimeZone = 'America/New_York';
SELECT sum(predict_tz(shown_at) * (1 + n % 7)) = :sum AS same FROM shown;
SELECT sum(orchard.predict('tz', s) * (1 + n % 7)) = :sum AS same FROM shown AS s;
SELECT sum(orchard.predict('tz', to_jsonb(s)) * (1 + n % 7)) = :sum AS same FROM shown AS s;
SELECT sum(orchard.predict('tz', row_to_json(s)) * (1 + n % 7)) = :sum AS same FROM shown AS s;
SELECT sum(predict_ts(shown_at AT TIME ZONE 'Europe/Berlin') * (1 + n % 7)) = :sum AS same FROM shown;
SELECT metric, round(value::numeric, 9) AS value FROM orchard.evaluate('tz', 'SELECT shown_at, extract(hour FROM shown_at AT TIME ZONE ''Europe/Berlin'') AS y FROM shown') WHERE metric = 'rmse';
-- the day changes with the model's clocks, not at Greenwich
SELECT round(predict_tz('2024-07-01 21:59:59.999999+00')) AS before, abs(round(predict_tz('2024-07-01 22:00+00'))) AS midnight, round(predict_tz('2024-07-01 22:00')) AS in_new_york;
-- a column of another type stands in: a date, a timestamp, a domain
CREATE DOMAIN moment AS timestamptz;
SELECT abs(round(orchard.predict('tz', row_of))) FROM (SELECT date '2024-03-31' AS shown_at) AS row_of;
SELECT abs(round(orchard.predict('tz', row_of))) FROM (SELECT timestamp '2024-03-31 17:20' AS shown_at) AS row_of;
SELECT abs(round(orchard.predict('tz', row_of))) FROM (SELECT moment '2024-03-31 17:20+02' AS shown_at) AS row_of;
SELECT abs(round(orchard.predict('ts', row_of))) FROM (SELECT date '2024-03-31' AS shown_at) AS row_of;
SELECT round(orchard.predict('d', row_of)::numeric, 2) = round(predict_d('2024-03-31')::numeric, 2) AS same FROM (SELECT timestamp '2024-03-31 23:59:59.999999' AS shown_at) AS row_of;
SELECT round(orchard.predict('d', '{"shown_at": "2024-03-31T23:59:59"}')::numeric, 2) = round(predict_d('2024-03-31')::numeric, 2) AS same;
SELECT orchard.predict('tz', row_of) FROM (SELECT 7 AS shown_at) AS row_of;
SELECT round(value::numeric, 9) AS value FROM orchard.evaluate('tz', 'SELECT (shown_at AT TIME ZONE ''Europe/Berlin'')::moment::timestamp AS shown_at, extract(hour FROM (shown_at AT TIME ZONE ''Europe/Berlin'')::moment) AS y FROM shown') WHERE metric = 'rmse';
-- JSON: with an offset a point in time, without one what the model's clocks show
SELECT abs(round(orchard.predict('tz', '{"shown_at": "2024-07-01T12:30:00+00:00"}'))) AS utc, abs(round(orchard.predict('tz', '{"shown_at": "2024-07-01T12:30:00Z"}'))) AS zulu,
    abs(round(orchard.predict('tz', '{"shown_at": "2024-07-01 12:30-05:30"}'))) AS west, abs(round(orchard.predict('tz', '{"shown_at": "2024-07-01 12:30"}'))) AS berlin,
    abs(round(orchard.predict('tz', '{"shown_at": "2024-07-01"}'))) AS midnight;
-- odd moments have a path
SELECT count(predict_tz(t)) FROM unnest(ARRAY[NULL, 'infinity', '-infinity', '4713-01-01 00:00+00 BC', '0001-01-01 00:00+00', '294276-12-31 23:59:59+00']::timestamptz[]) AS t;
SELECT round(predict_tz('0044-03-15 10:30+00:53:28 BC')) AS ides, round(predict_tz('294276-12-31 23:30+01')) AS last, predict_tz('infinity') = predict_tz('-infinity') AS no_hour_forever;
SELECT count(predict_ts(t)) FROM unnest(ARRAY[NULL, 'infinity', '-infinity', '4713-01-01 BC', '0001-01-01', '294276-12-31']::timestamp[]) AS t;
SELECT count(predict_d(t)) FROM unnest(ARRAY[NULL, 'infinity', '-infinity', '4713-01-01 BC', '0001-01-01', '5874897-12-31']::date[]) AS t;
SELECT count(*) FROM unnest(ARRAY[NULL, 'infinity', '-infinity', '4713-01-01 BC', '0001-01-01', '294277-01-01', '5874897-12-31']::date[]) AS d, LATERAL (SELECT d AS shown_at) AS r WHERE orchard.predict('d', r) IS DISTINCT FROM orchard.predict('d', to_jsonb(r));
SELECT count(orchard.predict('tz', jsonb_build_object('shown_at', j))) FROM unnest(ARRAY['1e300', '-1e300', 'null', '"infinity"', '"-infinity"', '"0044-03-15T10:00:00+00:00 BC"', '"x"', '""', 'true', '[]', '"2024-99-01"']::jsonb[]) AS j;
SELECT orchard.predict('tz', '{}') = predict_tz(NULL) AS same;
SELECT features FROM orchard.train('odd', $$SELECT t, n FROM unnest(ARRAY[NULL, 'infinity', '-infinity', '0044-03-15 10:30 BC', '2024-02-29', '294276-12-31 12:00+00']::timestamptz[]) AS t, generate_series(1, 50) AS n$$, 'n');
-- every zone's clocks are those of AT TIME ZONE, through changes of an hour, of half an hour, within a month, and of the date
CREATE TABLE moments AS
SELECT '2020-01-01 00:00+00'::timestamptz + i * interval '20 minutes' AS t FROM generate_series(1, 60000) AS i
UNION ALL SELECT '1850-01-01 00:00+00'::timestamptz + i * interval '11 days 7 hours 23 minutes 17.25 seconds' FROM generate_series(1, 20000) AS i
UNION ALL SELECT '2011-12-28 00:00+00'::timestamptz + i * interval '10 minutes' FROM generate_series(1, 700) AS i
UNION ALL SELECT '4000-01-01 00:00+00 BC'::timestamptz + i * interval '17 years 5 days 3 hours' FROM generate_series(1, 500) AS i
UNION ALL SELECT '9000-01-01 00:00+00'::timestamptz + i * interval '101 years 5 days 3 hours' FROM generate_series(1, 2000) AS i;
CREATE FUNCTION wrong_in(zone text) RETURNS TABLE (zone_name text, hours bigint, weekdays bigint, days bigint, months bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('TimeZone', zone, true);
    PERFORM orchard.train('h', 'SELECT shown_at AS t, extract(hour FROM shown_at) AS y FROM shown', 'y', 'decision_tree', '{"holdout": 0, "max_depth": 40, "min_samples_leaf": 1}');
    PERFORM orchard.train('w', 'SELECT shown_at AS t, extract(isodow FROM shown_at) AS y FROM shown', 'y', 'decision_tree', '{"holdout": 0, "max_depth": 40, "min_samples_leaf": 1}');
    PERFORM orchard.train('day', 'SELECT shown_at AS t, extract(day FROM shown_at) AS y FROM shown', 'y', 'decision_tree', '{"holdout": 0, "max_depth": 40, "min_samples_leaf": 1}');
    PERFORM orchard.train('month', 'SELECT shown_at AS t, extract(month FROM shown_at) AS y FROM shown', 'y', 'decision_tree', '{"holdout": 0, "max_depth": 40, "min_samples_leaf": 1}');
    PERFORM set_config('TimeZone', 'UTC', true);
    RETURN QUERY EXECUTE 'SELECT $1, count(*) FILTER (WHERE round(predict_h(t)) <> extract(hour FROM l)), count(*) FILTER (WHERE round(predict_w(t)) <> extract(isodow FROM l)),
        count(*) FILTER (WHERE round(predict_day(t)) <> extract(day FROM l)), count(*) FILTER (WHERE round(predict_month(t)) <> extract(month FROM l))
        FROM (SELECT t, t AT TIME ZONE $1 AS l FROM moments ORDER BY md5(t::text)) AS m' USING zone;
END
$$;
SELECT wrong_in(zone) FROM unnest(ARRAY['UTC', 'Europe/Berlin', 'Europe/London', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Kolkata', 'Pacific/Apia', 'America/Sao_Paulo', 'Antarctica/Troll', '<+0530>-05:30', 'XST3YST,M3.2.0,M3.4.0']) AS zone;
SET TimeZone = -3;
SELECT features FROM orchard.train('fixed', 'SELECT shown_at, extract(hour FROM shown_at) AS y FROM shown', 'y');
SET TimeZone = 'Asia/Tokyo';
SELECT round(predict_fixed('2024-07-01 02:30+00'));
-- the same rows in the same zone are the same model; a day is one of the zone
SET TimeZone = 'UTC';
SELECT model FROM orchard.train('a', 'SELECT shown_at, n FROM shown', 'n');
SELECT model FROM orchard.train('b', 'SELECT shown_at, n FROM shown ORDER BY md5(n::text)', 'n');
SET TimeZone = 'Asia/Tokyo';
SELECT model FROM orchard.train('c', 'SELECT shown_at, n FROM shown', 'n');
SELECT count(DISTINCT checksum) FILTER (WHERE model <> 'c') AS same_zone, count(DISTINCT checksum) AS both_zones FROM orchard.model_versions WHERE model IN ('a', 'b', 'c');

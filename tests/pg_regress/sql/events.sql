-- Features from tables of events.
\set SHOW_CONTEXT never
\pset null '(null)'
SET search_path = public;
SET TimeZone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 0;
CREATE FUNCTION attempt(statement text) RETURNS TABLE (code text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT '00000', 'no error', '', '';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;

-- a small table by hand: customer 3 is of the future, 4 has no amounts, NULLs and infinities are nobody's past
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, at timestamptz, amount numeric(10,2), channel text);
INSERT INTO orders VALUES
    (1, 1, '2026-01-01 10:00', 10, 'mail'), (2, 1, '2026-01-03 12:00', 20, NULL), (3, 1, '2026-01-03 12:10', 5, 'ads'),
    (4, 1, '2026-01-10 12:00', 40, 'search'), (5, 2, '2026-01-02 08:00', 7, 'ads'), (6, 3, '2027-01-01 00:00', 9, 'mail'),
    (7, 4, '2026-01-04 00:00', NULL, 'mail'), (8, NULL, '2026-01-02 00:00', 1000, 'mail'), (9, 1, NULL, 1000, 'mail'),
    (10, 1, '-infinity', 1000, 'old'), (11, 1, 'infinity', 1000, 'new');

-- recency, frequency, monetary value
SELECT * FROM orchard.rfm('orders', 'customers_rfm', 'customer_id', 'at', 'amount', '2026-01-15');
SELECT * FROM customers_rfm ORDER BY customer_id;
SELECT obj_description('customers_rfm'::regclass), col_description('customers_rfm'::regclass, 3);
SELECT column_name, data_type FROM orchard.rfm('orders', 'no_amounts', 'customer_id', 'at', options => '{"as_of": "latest", "order_id": "channel"}');
SELECT * FROM no_amounts ORDER BY customer_id;
SELECT count(*) FROM orchard.rfm('orders', 'of_a_week', 'customer_id', 'at', 'amount', '2026-01-15', '{"window": "1 week"}');
SELECT * FROM of_a_week;
-- by default to now: customer 3 comes with the first reading after 2027 began
SELECT count(*) FROM orchard.rfm('orders', 'until_now', 'customer_id', 'at');
SELECT customer_id, frequency FROM until_now WHERE customer_id <> 3 ORDER BY 1;
SELECT recency = floor(extract(epoch FROM now() - last_event) / 86400) AS to_now FROM until_now WHERE customer_id = 1;
SELECT orchard.rfm_sql('orders', 'customer_id', 'at', 'amount', '2026-01-15');

-- against naive SQL: 500 customers, ties in all three
CREATE TABLE many AS
SELECT abs(hashint8extended(i, 1)) % 500 AS customer, timestamp '2026-01-01' + abs(hashint8extended(i, 2)) % 5000 * interval '1 hour' AS at,
    (abs(hashint8extended(i, 3)) % 40)::float4 / 4 AS amount, 'order-' || abs(hashint8extended(i, 4)) % 900 AS order_id
FROM generate_series(1, 3000) AS i;
SELECT count(*) FROM orchard.rfm('many', 'many_rfm', 'customer', 'at', 'amount', '2026-06-01', '{"order_id": "order_id"}');
WITH sums AS (
    SELECT customer, max(at) AS last_event, timestamp '2026-06-01' - max(at) AS age,
        count(DISTINCT order_id) AS frequency, sum(amount::float8) AS monetary
    FROM many WHERE at < '2026-06-01' GROUP BY customer
), naive AS (
    SELECT customer, last_event, extract(day FROM age)::int AS recency, frequency, monetary FROM sums
), scored AS (
    SELECT *,
        least(5, 1 + 5 * (SELECT count(*) FROM naive AS x WHERE x.recency > n.recency) / (SELECT count(*) FROM naive)) AS r,
        least(5, 1 + 5 * (SELECT count(*) FROM naive AS x WHERE x.frequency < n.frequency) / (SELECT count(*) FROM naive)) AS f,
        least(5, 1 + 5 * (SELECT count(*) FROM naive AS x WHERE x.monetary < n.monetary) / (SELECT count(*) FROM naive)) AS m
    FROM naive AS n
)
SELECT count(*) AS customers,
    count(*) FILTER (WHERE (s.last_event, s.recency, s.frequency, s.monetary, s.r, s.f, s.m, s.r::text || s.f || s.m)
        IS DISTINCT FROM (v.last_event, v.recency, v.frequency, v.monetary, v.r_score, v.f_score, v.m_score, v.rfm)) AS different
FROM scored AS s FULL JOIN many_rfm AS v ON v.customer = s.customer;
SELECT segment, array_agg(DISTINCT r_score ORDER BY r_score) AS r, array_agg(DISTINCT f_score ORDER BY f_score) AS f FROM many_rfm GROUP BY segment ORDER BY segment;
-- the order of the table does not matter
CREATE TABLE many_again AS SELECT * FROM many ORDER BY hashtext(order_id || at);
SELECT count(*) FROM orchard.rfm('many_again', 'again_rfm', 'customer', 'at', 'amount', '2026-06-01', '{"order_id": "order_id"}');
SELECT count(*) FROM (SELECT * FROM many_rfm EXCEPT SELECT * FROM again_rfm) AS different;

-- features of moments
CREATE TABLE visits AS
SELECT i AS id, abs(hashint8extended(i, 1)) % 60 AS customer_id,
    timestamptz '2026-01-01' + abs(hashint8extended(i, 2)) % 2000 * interval '37 minutes' AS at,
    nullif(abs(hashint8extended(i, 3)) % 9, 0) AS amount, (abs(hashint8extended(i, 4)) % 700)::float4 / 7 AS score,
    (ARRAY['ads', 'mail', 'search', NULL, 'Übersicht', 'it''s "odd"'])[1 + abs(hashint8extended(i, 5)) % 6] AS channel,
    (ARRAY['view', 'cart', 'buy'])[1 + abs(hashint8extended(i, 6)) % 3]::varchar(9) AS kind
FROM generate_series(1, 4000) AS i;
INSERT INTO visits SELECT 4000 + i, CASE WHEN i % 3 > 0 THEN i END, CASE i % 2 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' END::timestamptz, 1000, 1000, 'never', 'view' FROM generate_series(1, 30) AS i;
INSERT INTO visits SELECT 5000 + i, i, NULL, 1000, 1000, 'never', 'view' FROM generate_series(1, 30) AS i;
-- moments: those of events themselves (ties), of customers without events, NULL and infinite ones, twice the same
CREATE TABLE moments AS
SELECT i AS row_id, i % 70 AS customer_id,
    CASE WHEN i % 4 = 0 THEN (SELECT v.at FROM visits AS v WHERE v.customer_id = i % 70 AND isfinite(v.at) ORDER BY v.at OFFSET i % 7 LIMIT 1)
        WHEN i % 97 = 0 THEN 'infinity' WHEN i % 98 = 0 THEN '-infinity'
        ELSE timestamptz '2026-01-01' + abs(hashint8extended(i, 7)) % 60 * interval '1 day' END AS moment
FROM generate_series(1, 400) AS i;
INSERT INTO moments SELECT * FROM moments WHERE row_id < 5;
INSERT INTO moments VALUES (500, NULL, '2026-02-01'), (501, 1, NULL);

SELECT column_name, data_type, feature FROM orchard.event_features('visits', 'visit_features', 'customer_id', 'at', 'moments', options => '{
    "windows": ["12 hours", "7 days", "1 month", "30 days", "all"], "event_type": "kind", "event_types": ["view", "buy"],
    "numbers": ["amount", "score"], "distinct": ["channel"], "lags": {"amount": 3, "channel": 1}, "tie_breaker": "id",
    "first_touch": ["channel"], "last_touch": ["channel", "kind"], "sessions": true, "weekend_share": true}');
CREATE INDEX ON visits (customer_id, at);
CREATE TABLE got AS SELECT * FROM visit_features;
SELECT count(*) = (SELECT count(*) FROM moments) AS a_row_a_moment FROM got;

-- against naive SQL
CREATE FUNCTION past(customer bigint, moment timestamptz, since interval DEFAULT NULL) RETURNS SETOF visits LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM visits AS v
    WHERE v.customer_id = customer AND v.at < moment AND isfinite(v.at) AND isfinite(moment) AND (since IS NULL OR v.at >= moment - since);
END;
CREATE FUNCTION sessions(customer bigint, moment timestamptz, since interval DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    event record;
    before timestamptz;
    number bigint := 0;
BEGIN
    FOR event IN SELECT at FROM past(customer, moment, since) ORDER BY at LOOP
        number := number + (before IS NULL OR event.at - before > interval '30 minutes')::int;
        before := event.at;
    END LOOP;
    RETURN number;
END $$;
SELECT count(*) AS rows,
    count(*) FILTER (WHERE days_since_last IS DISTINCT FROM (SELECT extract(epoch FROM moment - max(at)) / 86400.0 FROM past(customer_id, moment))::float8) AS last,
    count(*) FILTER (WHERE days_since_first IS DISTINCT FROM (SELECT extract(epoch FROM moment - min(at)) / 86400.0 FROM past(customer_id, moment))::float8) AS first,
    count(*) FILTER (WHERE days_between_last_two IS DISTINCT FROM
        (SELECT extract(epoch FROM (array_agg(at ORDER BY at DESC))[1] - (array_agg(at ORDER BY at DESC))[2]) / 86400.0 FROM past(customer_id, moment))::float8) AS between,
    count(*) FILTER (WHERE (amount_lag_1, amount_lag_2, amount_lag_3) IS DISTINCT FROM
        (SELECT ((array_agg(amount ORDER BY at DESC, id DESC))[1], (array_agg(amount ORDER BY at DESC, id DESC))[2], (array_agg(amount ORDER BY at DESC, id DESC))[3])
         FROM past(customer_id, moment))) AS lags,
    count(*) FILTER (WHERE (channel_lag_1) IS DISTINCT FROM (SELECT channel FROM past(customer_id, moment) ORDER BY at DESC, id DESC LIMIT 1)) AS lag,
    count(*) FILTER (WHERE channel_first_touch IS DISTINCT FROM
        (SELECT channel FROM past(customer_id, moment) WHERE channel IS NOT NULL ORDER BY at, id LIMIT 1)) AS first_touch,
    count(*) FILTER (WHERE channel_last_touch IS DISTINCT FROM
        (SELECT channel FROM past(customer_id, moment) WHERE channel IS NOT NULL ORDER BY at DESC, id DESC LIMIT 1)) AS last_touch,
    count(*) FILTER (WHERE kind_last_touch IS DISTINCT FROM (SELECT kind FROM past(customer_id, moment) ORDER BY at DESC, id DESC LIMIT 1)) AS kind_touch,
    count(DISTINCT days_since_last) > 200 AND count(DISTINCT channel_first_touch) > 3 AS they_vary
FROM got;
CREATE FUNCTION different(suffix text, since interval) RETURNS TABLE (feature text, different bigint) LANGUAGE plpgsql AS $$
DECLARE
    pair record;
BEGIN
    FOR pair IN SELECT * FROM (VALUES ('events', 'count(*)'), ('view', 'count(*) FILTER (WHERE kind = ''view'')'),
        ('buy', 'count(*) FILTER (WHERE kind = ''buy'')'), ('amount_sum', 'coalesce(sum(amount), 0)'), ('amount_avg', 'avg(amount)'),
        ('amount_min', 'min(amount)'), ('amount_max', 'max(amount)'), ('score_max', 'max(score::float8)'), ('channel_distinct', 'count(DISTINCT channel)'),
        ('weekend_share', 'avg((to_char(at, ''ID'') IN (''6'', ''7''))::int)::float8'), ('sessions', NULL)) AS v (name, expression)
    LOOP
        feature := pair.name;
        EXECUTE format('SELECT count(*) FROM got WHERE %I IS DISTINCT FROM %s', pair.name || '_' || suffix,
            CASE WHEN pair.expression IS NULL THEN 'sessions(customer_id, moment, $1)'
            ELSE '(SELECT ' || pair.expression || ' FROM past(customer_id, moment, $1))' END) INTO different USING since;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT d.feature, sum(d.different) AS different
FROM (VALUES ('12h', interval '12 hours'), ('7d', '7 days'), ('1mon', '1 month'), ('30d', '30 days'), ('all', NULL)) AS w (suffix, since), different(w.suffix, w.since) AS d
GROUP BY d.feature ORDER BY d.feature;
SELECT count(*) FROM got WHERE abs(score_sum_all - coalesce((SELECT sum(score::float8) FROM past(customer_id, moment)), 0)) > 1e-9
    OR abs(score_avg_7d - (SELECT avg(score::float8) FROM past(customer_id, moment, interval '7 days'))) > 1e-9;
SELECT sum(events_all) AS events, count(*) FILTER (WHERE sessions_all < events_all) > 50 AS sessions_have_events, count(*) FILTER (WHERE events_12h > 0) > 100 AS near FROM got;
-- without events: counts and sums are 0, the rest is unknown
\x on
SELECT * FROM got WHERE row_id = 62;
\x off
SELECT row_id, events_all, amount_sum_all, days_since_last FROM got WHERE row_id IN (97, 98, 500, 501) ORDER BY 1;

-- no leak: whatever happens at a row's moment or later changes nothing of it
CREATE FUNCTION leaks(change text, which text DEFAULT 'true') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    different bigint;
BEGIN
    EXECUTE change;
    EXECUTE format('SELECT count(*) FROM (SELECT * FROM got WHERE %1$s EXCEPT ALL SELECT * FROM visit_features WHERE %1$s) AS d', which) INTO different;
    RAISE EXCEPTION USING MESSAGE = different;
EXCEPTION WHEN raise_exception THEN
    RETURN SQLERRM::bigint;
END $$;
SELECT leaks($$INSERT INTO visits SELECT 10000 + row_id, customer_id, moment, 99999, 99999, 'leak', 'buy' FROM moments AS m
    WHERE moment = (SELECT max(x.moment) FROM moments AS x WHERE x.customer_id = m.customer_id)$$) AS at_the_last_moments;
SELECT leaks($$INSERT INTO visits SELECT 10000 + n, n, timestamptz '2026-03-01 00:00' + n * interval '1 hour', 99999, 99999, 'leak', 'buy' FROM generate_series(0, 99) AS n$$) AS afterwards;
SELECT leaks($$UPDATE visits AS v SET amount = -1, score = -1, channel = 'leak', kind = 'leak'
    WHERE at >= (SELECT max(moment) FROM moments AS m WHERE m.customer_id = v.customer_id AND isfinite(moment))$$) AS changed_later_ones;
SELECT leaks($$DELETE FROM visits AS v WHERE at >= (SELECT max(moment) FROM moments AS m WHERE m.customer_id = v.customer_id AND isfinite(moment))$$) AS deleted_later_ones;
SELECT leaks('UPDATE visits SET amount = amount + 1') > 0 AS the_test_can_fail;
-- the same row by row: of each row all events that are not before it are changed or taken away, and others put there
SELECT count(*) AS rows,
    sum(leaks(format('DELETE FROM visits WHERE at >= %L', moment), format('row_id = %s', row_id))) AS deleted,
    sum(leaks(format($$UPDATE visits SET amount = 7777, score = 7777, channel = 'leak', kind = 'leak' WHERE at >= %L$$, moment), format('row_id = %s', row_id))) AS changed,
    sum(leaks(format($$INSERT INTO visits SELECT 0, %s, %L::timestamptz + n * interval '1 second', 7777, 7777, 'leak', 'buy' FROM generate_series(0, 9) AS n$$, customer_id, moment), format('row_id = %s', row_id))) AS inserted,
    sum(leaks(format('DELETE FROM visits WHERE at < %L', moment), format('row_id = %s', row_id))) > 60 AS the_past_matters
FROM moments WHERE row_id BETWEEN 5 AND 90 AND customer_id < 60 AND isfinite(moment);

-- the planner leaves out what is not asked for, and finds the index
CREATE FUNCTION looks(statement text) RETURNS TABLE (by_index bigint, of_all bigint) LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    by_index := 0;
    of_all := 0;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        by_index := by_index + (line ~ 'Index Cond: \(\(customer_id = .*\(at < ')::int;
        of_all := of_all + (line ~ ' on visits')::int;
    END LOOP;
    RETURN NEXT;
END $$;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT * FROM looks('SELECT * FROM visit_features');
SELECT * FROM looks('SELECT row_id, days_since_last FROM visit_features');
SELECT * FROM looks('SELECT count(*) FROM visit_features');
RESET enable_seqscan;
RESET enable_bitmapscan;

-- the text alone
SELECT orchard.event_features_sql('visits', 'customer_id', 'at', 'moments', options => '{"windows": ["7 days", "all"], "numbers": "amount", "aggregates": "sum", "last_touch": "channel", "sessions": true, "prefix": "past_"}');
-- the view needs nothing of Orchard
SELECT count(*) FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
WHERE r.ev_class IN ('visit_features'::regclass, 'customers_rfm'::regclass) AND d.refclassid = 'pg_proc'::regclass;

-- dates
CREATE TABLE day_events (customer int, day date, amount int);
INSERT INTO day_events VALUES (1, '2026-01-01', 1), (1, '2026-01-02', 2), (1, '2026-01-03', 4), (1, '2026-02-02', 8), (2, '-infinity', 16), (2, 'infinity', 32);
SET client_min_messages = warning;
SELECT column_name, data_type FROM orchard.event_features('day_events', 'day_features', 'customer', 'day',
    'SELECT * FROM (VALUES (1, timestamp ''2026-01-03 23:59''), (1, ''2026-02-03 00:00''), (2, ''2026-02-03'')) AS v (customer, moment)',
    options => '{"windows": ["2 days", "1 month"], "numbers": "amount", "aggregates": ["sum"], "weekend_share": true}');
SELECT * FROM day_features;
SELECT count(*) FROM orchard.rfm('day_events', 'day_rfm', 'customer', 'day', 'amount', '2026-02-02 12:00');
SELECT * FROM day_rfm;
-- the zone of the view, not of the session
SELECT count(*) FROM orchard.event_features('SELECT 1 AS customer, timestamptz ''2026-01-03 00:30+01'' AS at', 'paris', 'customer', 'at',
    'SELECT 1 AS customer, date ''2026-01-03'' + n AS day FROM generate_series(0, 1) AS n', 'day', '{"windows": "all", "weekend_share": true, "recency": false, "time_zone": "Europe/Paris"}');
SELECT * FROM paris;
SET TimeZone = 'America/New_York';
SELECT * FROM paris;
SELECT count(*) FROM orchard.rfm('SELECT 1 AS customer, timestamp ''2026-01-03 00:30'' AS at', 'york', 'customer', 'at', as_of => '2026-01-04 00:29');
SELECT last_event, recency FROM york;
SET TimeZone = 'Asia/Tokyo';
SELECT last_event, recency FROM york;
SET TimeZone = 'UTC';

-- odd names, and names that the text uses itself
CREATE SCHEMA "Räume";
CREATE TABLE "Räume"."ad ""events""" ("Ad Id" text, "e" timestamp, "b" real, "渠道" text, "nth" int, "from" varchar, "k" text);
INSERT INTO "Räume"."ad ""events""" VALUES ('a', '2026-01-01', 1, '搜索', 1, 'x', 'k'), ('a', '2026-01-02', 2, '邮件', 2, 'y', 'l');
CREATE TABLE "s" AS SELECT 'a'::varchar AS "Ad Id", timestamp '2026-01-03' AS "l", 1 AS "w", 2 AS "values_1", 3 AS "r", 4 AS f;
SELECT column_name FROM orchard.event_features('"Räume"."ad ""events"""', '"Räume"."Die Sicht"', 'Ad Id', 'e', 's', 'l',
    '{"windows": "1 day", "numbers": ["b", "nth"], "aggregates": "max", "lags": {"from": 1, "e": 1}, "first_touch": ["渠道", "k"], "event_type": "渠道", "event_types": ["邮件", "''"], "sessions": true, "prefix": "past "}');
SELECT * FROM "Räume"."Die Sicht" \gx
SELECT count(*) FROM orchard.rfm('"Räume"."ad ""events"""', '"Räume".RFM', 'Ad Id', 'e', 'b', '2026-01-03');
SELECT * FROM "Räume".rfm;
-- a query with comments, a backslash and a semicolon
SELECT column_name FROM orchard.rfm(E'SELECT ''a\\b'' AS c, now() AS at -- the end\n;', 'of_query', 'c', 'at', options => '{"as_of": "latest"}');
SELECT c, recency, frequency FROM of_query;
-- domains, whole numbers of two sizes, enums, and a type of an extension's kind
CREATE DOMAIN moment_type AS timestamptz(0);
CREATE DOMAIN money_type AS numeric CHECK (VALUE >= 0);
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE typed (customer smallint, at moment_type, amount money_type, mood mood, code char(3));
INSERT INTO typed VALUES (1, '2026-01-01', 5, 'sad', 'a');
SELECT column_name, data_type FROM orchard.event_features('typed', 'typed_features', 'customer', 'at', 'SELECT 1::bigint AS who, now()::moment_type AS moment',
    options => '{"windows": "all", "numbers": "amount", "lags": {"mood": 1, "code": 1}, "event_type": "mood", "event_types": "sad", "moments_customer": "who"}');
SELECT events_all, sad_all, amount_sum_all, mood_lag_1, code_lag_1 FROM typed_features;
-- partitions, temporary tables, views, materialised views
CREATE TABLE parts (customer int, at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO parts SELECT 1, timestamptz '2026-01-30' + n * interval '1 day' FROM generate_series(0, 5) AS n;
SET client_min_messages = notice;
SELECT count(*) FROM orchard.event_features('parts', 'part_features', 'customer', 'at', 'SELECT 1 AS customer, timestamptz ''2026-02-03'' AS moment');
SELECT * FROM part_features;
CREATE INDEX ON parts (customer, at);
CREATE VIEW parts_view AS SELECT * FROM parts;
CREATE TEMP TABLE kept AS SELECT * FROM parts;
SELECT count(*) FROM orchard.event_features('parts', 'part_features', 'customer', 'at', 'SELECT 1 AS customer, timestamptz ''2026-02-03'' AS moment', options => '{"replace": true}');
SELECT count(*) FROM orchard.event_features('parts_view', 'view_features', 'customer', 'at', 'parts', 'at', '{"prefix": "p_"}');
SET client_min_messages = warning;
SELECT count(*) FROM orchard.event_features('kept', 'pg_temp.temp_features', 'customer', 'at', 'kept', 'at');
SELECT customer, events_all FROM pg_temp.temp_features ORDER BY at;
SET client_min_messages = warning;

-- nobody's functions or operators stand between
CREATE SCHEMA evil;
CREATE FUNCTION evil.lies(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
CREATE OPERATOR evil.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = evil.lies);
CREATE FUNCTION evil.lies(varchar, varchar) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
CREATE OPERATOR evil.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = evil.lies);
CREATE FUNCTION evil.isfinite(timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
CREATE FUNCTION evil.more(int, varchar) RETURNS int LANGUAGE sql IMMUTABLE RETURN 666;
CREATE AGGREGATE evil.count(varchar) (SFUNC = evil.more, STYPE = int, INITCOND = '666');
CREATE TABLE trusting (customer varchar, at timestamptz, kind varchar);
INSERT INTO trusting VALUES ('a', '2026-01-01', 'x'), ('b', '2026-01-01', 'y'), ('a', '2026-01-09', 'x');
SET search_path = evil, pg_catalog, public;
SELECT count(*) FROM orchard.event_features('trusting', 'public.trusting_features', 'customer', 'at', 'SELECT ''a''::varchar AS customer, timestamptz ''2026-01-05'' AS moment',
    options => '{"windows": "all", "event_type": "kind", "event_types": ["x", "y"], "distinct": "kind"}');
SET search_path = public;
SELECT events_all, x_all, y_all, kind_distinct_all FROM trusting_features;
-- nor types of the session
CREATE TEMP TABLE date (x int);
SELECT count(*) FROM orchard.event_features('day_events', 'days_anyway', 'customer', 'day', 'SELECT 1 AS customer, timestamptz ''2026-02-01'' AS moment',
    options => '{"windows": ["1 day", "1 month"], "recency": false, "time_zone": "UTC"}');
DROP TABLE date;
SELECT * FROM days_anyway;

-- rights
CREATE ROLE orchard_events;
GRANT USAGE ON SCHEMA public TO orchard_events;
CREATE SCHEMA theirs AUTHORIZATION orchard_events;
SET ROLE orchard_events;
SELECT * FROM attempt($$SELECT orchard.rfm('visits', 'theirs.v', 'customer_id', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('SELECT 1 AS c, now() AS at', 'evil.v', 'c', 'at')$$);
SELECT count(*) FROM orchard.rfm('SELECT 1 AS c, now() AS at', 'theirs.v', 'c', 'at');
SELECT * FROM attempt($$SELECT orchard.event_features('theirs.v', 'theirs.w', 'c', 'last_event', 'SELECT customer_id AS c, moment FROM moments')$$);
SET search_path = nowhere;
SELECT * FROM public.attempt($$SELECT orchard.rfm('SELECT 1 AS c, now() AS at', 'v', 'c', 'at')$$);
SET search_path = public;
RESET ROLE;
BEGIN READ ONLY;
SELECT orchard.rfm('orders', 'v', 'customer_id', 'at');
ROLLBACK;
BEGIN READ ONLY;
SELECT length(orchard.rfm_sql('orders', 'customer_id', 'at')) > 100 AS a_text;
ROLLBACK;
DROP OWNED BY orchard_events;
DROP ROLE orchard_events;

-- errors
\x on
CREATE VIEW mine AS SELECT 1 AS x;
CREATE TABLE mine_too (x int);
CREATE TABLE shapes (customer json, at timestamptz, spot point, tags int[]);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'mine', 'customer_id', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'mine_too', 'customer_id', 'at', options => '{"replace": true}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'mine', 'customer_id', 'at', options => '{"replace": true}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'customers_rfm', 'customer_id', 'at', options => '{"replace": true}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'until_now', 'customer_id', 'at', 'amount', options => '{"replace": true}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'until_now', 'customer_id', 'at', options => '{"replace": true, "window": "30 days"}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'nowhere.v', 'customer_id', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'a.b.c', 'customer_id', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', '', 'customer_id', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', NULL, 'customer_id', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm(NULL, 'v', 'customer_id', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', NULL, 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'channel')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'at', 'channel')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('shapes', 'v', 'customer', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('SELECT 1 AS segment, now() AS at', 'v', 'segment', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'at', as_of => 'infinity')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'at', as_of => now(), options => '{"as_of": "latest"}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'at', options => '{"as_of": "yesterday"}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'at', options => '{"windows": "1 day"}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'at', options => '{"window": "all"}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'at', options => '{"time_zone": "Mars/Olympus"}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'at', options => '{"time_zone": "cet"}')$$);
SET TimeZone = 'EET';
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments')$$);
SET TimeZone = 'UTC';
SELECT * FROM attempt($$SELECT orchard.rfm('orders', 'v', 'customer_id', 'at', options => '[]')$$);
SELECT * FROM attempt($$SELECT orchard.rfm_sql('orders', 'customer_id', 'at', options => '{"replace": true}')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('SELECT 1 AS c, now() AS at, 1 AS c', 'v', 'c', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.rfm('SELECT 1) AS x; DROP TABLE orders; --', 'v', 'c', 'at')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', 'when')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'SELECT 1 AS id, now() AS moment')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', NULL)$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'SELECT 1 AS customer_id, current_date AS moment')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'SELECT ''1'' AS customer_id, now() AS moment')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'SELECT 1 AS customer_id, 5 AS moment')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'SELECT 1 AS customer_id, now() AS moment, 2 AS events_all')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"numbers": ["amounts"]}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"numbers": ["channel"]}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"number": ["amount"]}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"windows": ["a while"]}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"windows": ["1 day", "1 day"]}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"lags": {"amount": 0}}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"event_types": ["buy"]}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"event_type": "at", "event_types": ["2026-01-01"]}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"sessions": true, "session_gap": "1 month"}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"windows": [], "recency": false}')$$);
SELECT * FROM attempt(format($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', 'moments', options => '{"prefix": "%s"}')$$, repeat('x', 60)));
SELECT * FROM attempt($$SELECT orchard.event_features('SELECT 1 AS customer, now() AS at, ''{1}''::int[] AS tags', 'v', 'customer', 'at', 'SELECT 1 AS customer, now() AS moment', options => '{"lags": {"tags": 1}}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('day_events', 'v', 'customer', 'day', 'day_events', 'day', '{"windows": "6 hours"}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('day_events', 'v', 'customer', 'day', 'day_events', 'day', '{"windows": "6 days", "sessions": true}')$$);
SELECT * FROM attempt($$SELECT orchard.event_features('visits', 'v', 'customer_id', 'at', format('SELECT 1 AS customer_id, now() AS moment, %s', (SELECT string_agg('1 AS c' || i, ', ') FROM generate_series(1, 1600) AS i)))$$);
SELECT * FROM attempt($$SELECT orchard.url_part('https://a.com', 'hots')$$);
\x off
SELECT option, type, default_value FROM orchard.options('rfm');
SELECT option, default_value FROM orchard.options('event_features');

-- URLs and user agents
SELECT p AS part, orchard.url_part('https://user:pw@www.Example.co.uk:8080/shop/shoes?utm_source=a#top', p) AS value
FROM unnest('{scheme,host,port,domain,subdomain,path,first_segment,last_segment,query,fragment}'::text[]) AS p;
SELECT url, orchard.url_part(url, 'domain') AS domain, orchard.url_part(url, 'path') AS path, orchard.url_parameter(url, 'utm_source') AS source, orchard.utm(url) AS utm
FROM (VALUES ('example.com/x?utm_source=a'), ('/x?UTM_SOURCE=news%20letter+May&gclid=7'), ('?utm_source=caf%C3%A9'), ('utm_source=%FF%00'), ('不是 url'), (''), (NULL)) AS v (url);
SELECT orchard.user_agent_family(ua) AS family, orchard.user_agent_device(ua) AS device, orchard.user_agent_os(ua) AS os
FROM (VALUES ('Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'),
    ('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0'),
    ('Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'), ('?'), (NULL)) AS v (ua);
SELECT count(orchard.url_part(t, 'host')), count(orchard.utm(t)), count(orchard.user_agent_family(t)) FROM (SELECT string_agg(chr(i), '' ORDER BY i) AS t FROM generate_series(1, 50000) AS i WHERE i NOT BETWEEN 55296 AND 57343) AS v;
-- a NaN is a missing value in every feature
CREATE TABLE nan_events (customer int, at timestamp, amount float8);
INSERT INTO nan_events VALUES (1, '2024-01-01', 5), (1, '2024-01-02', 'NaN'), (2, '2024-01-01', 'NaN');
CREATE TABLE nan_moments AS SELECT c AS customer, timestamp '2024-02-01' AS moment FROM generate_series(1, 2) AS c;
SELECT count(*) FROM orchard.event_features('nan_events', 'nan_features', 'customer', 'at', 'nan_moments', options => '{"numbers": "amount", "aggregates": ["sum", "avg", "min", "max"], "windows": ["all"], "lags": {"amount": 2}, "last_touch": "amount", "recency": false}');
SELECT * FROM nan_features ORDER BY customer;
DROP VIEW nan_features;

-- of a text beyond 1 MB the first 1 MB is read
SELECT length(orchard.url_parameter('https://a.com/?q=' || repeat('%C3%A9', 100000), 'q')), length(orchard.url_parameter('https://a.com/?q=' || repeat('é', 1000000) || '&r=1', 'q')),
    orchard.url_parameter(repeat('x', 2000000) || '?q=1', 'q');
SELECT provolatile, proparallel, proisstrict, count(*) FROM pg_proc WHERE pronamespace = 'orchard'::regnamespace AND (proname ~ '^(url|user_agent)_' OR proname = 'utm') GROUP BY 1, 2, 3;
DROP EXTENSION orchard;
SELECT count(*) > 0 AS views_stay FROM visit_features;

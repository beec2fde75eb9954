\echo
\echo '==> 2. Tidy up in plain SQL: one spelling a device, "N/A" is a missing value'
\set ECHO queries
CREATE VIEW tidy_impressions AS
SELECT nullif(lower(btrim(device)), 'n/a') AS device, extract(hour FROM shown_at) AS hour, ad_id, bid, clicked
FROM impressions;
\set ECHO none

\echo
\echo '==> 3. Train: a query in, a model and a function out (one row in five is held out to judge it)'
\set ECHO queries
\x on
SELECT * FROM orchard.train('ctr', 'SELECT device, hour, ad_id, bid, clicked FROM tidy_impressions',
                            target => 'clicked', algorithm => 'decision_tree', options => '{"max_depth": 8}');
\x off
\set ECHO none

\echo
\echo '==> 4. How good is it, on the rows it has not seen?'
\set ECHO queries
SELECT * FROM orchard.evaluate('ctr');
\set ECHO none

\echo
\echo '==> 5. Use it: the click probability of each request, as a column of an ordinary query'
\set ECHO queries
SELECT request_id, device, hour, ad_id, bid, round(predict_ctr(device, hour, ad_id, bid)::numeric, 4) AS click_probability
FROM requests ORDER BY request_id LIMIT 5;
\set ECHO none
\echo '    ... with literals, with extract(), with an ad never seen before, with nothing known at all:'
\set ECHO queries
SELECT predict_ctr('mobile', 20, 'ad-0001', 1.50) AS literals,
       predict_ctr('mobile', extract(hour FROM timestamp '2026-04-01 20:15'), 'ad-0001', 1.50) AS by_extract,
       predict_ctr('mobile', 20, 'an ad of tomorrow', 1.50) AS unseen_ad,
       predict_ctr(NULL, NULL, NULL, NULL) AS nothing_known;
\set ECHO none
\echo '    ... or matched by name, whatever other columns the table has:'
\set ECHO queries
SELECT r.ad_id, orchard.predict('ctr', r) AS click_probability
FROM requests AS r ORDER BY click_probability DESC, request_id LIMIT 3;
\set ECHO none

\echo
\echo '==> 6. Is a score a probability? 50,000 requests in ten groups, predicted against the true click rate'
\set ECHO queries
SELECT decile, count(*) AS requests, round(avg(predicted)::numeric, 4) AS predicted, round(avg(actual)::numeric, 4) AS truth
FROM (SELECT predict_ctr(device, hour, ad_id, bid) AS predicted, click_probability AS actual,
             ntile(10) OVER (ORDER BY predict_ctr(device, hour, ad_id, bid) DESC, request_id) AS decile
      FROM requests JOIN truth ON impression_id = request_id) AS scored
GROUP BY decile ORDER BY decile;

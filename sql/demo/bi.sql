\echo
\echo '==> 7. A scored view for the dashboard, read by another role'
\set ECHO queries
CREATE VIEW scored_requests AS
SELECT *, predict_ctr(device, hour, ad_id, bid) AS click_probability FROM requests;
GRANT USAGE ON SCHEMA marketing TO bi;
GRANT SELECT ON scored_requests TO bi;
\set ECHO none
\echo '    The dashboard may read the view, but may not use the model yet:'
\connect - bi
\set ON_ERROR_STOP off
\set ECHO queries
SELECT * FROM scored_requests LIMIT 3;
\set ECHO none
\set ON_ERROR_STOP on
\connect - analyst
\set ECHO queries
SELECT orchard.grant('ctr', 'bi');
\set ECHO none
\connect - bi
\set ECHO queries
SELECT * FROM scored_requests ORDER BY request_id LIMIT 3;
\set ECHO none

\echo
\echo '==> 8. Always up to date: the analyst triples a bid, the dashboard sees the new score at once'
\connect - analyst
\set ECHO queries
UPDATE requests SET bid = bid * 3 WHERE request_id = 200002;
\set ECHO none
\connect - bi
\set ECHO queries
SELECT * FROM scored_requests ORDER BY request_id LIMIT 3;

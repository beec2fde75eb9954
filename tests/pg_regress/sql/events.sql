SET search_path = public;
CREATE TABLE orders (id int, customer_id int, at timestamptz, amount numeric, channel text);
INSERT INTO orders VALUES (1, 1, '2026-01-01 10:00+00', 10, 'mail'), (2, 1, '2026-01-05 10:00+00', 20, 'ads');
\d orders
SELECT * FROM orchard.rfm('orders', 'orders_rfm', 'customer_id', 'at', 'amount', '2026-07-01');
SELECT * FROM orders_rfm;
SELECT orchard.rfm_sql('orders', 'customer_id', 'at', 'amount');
CREATE TABLE m AS SELECT 1 AS customer_id, timestamptz '2026-01-05 10:00+00' AS moment;
SELECT * FROM orchard.event_features('orders', 'f', 'customer_id', 'at', 'm', options => '{"sessions": true, "weekend_share": true, "numbers": ["amount"], "lags": {"amount": 2, "channel": 1}, "first_touch": ["channel"], "last_touch": "channel", "distinct": ["channel"], "event_type": "channel", "event_types": ["mail"]}');
\x on
SELECT * FROM f;
\x off
SELECT orchard.event_features_sql('orders', 'customer_id', 'at', 'm', options => '{"sessions": true, "weekend_share": true, "numbers": ["amount"], "lags": {"amount": 2, "channel": 1}, "first_touch": ["channel"], "last_touch": "channel", "distinct": ["channel"], "event_type": "channel", "event_types": ["mail"]}');
SELECT orchard.url_part('https://www.Example.co.uk:8080/a/b?x=1#y', p) FROM unnest(ARRAY['scheme','host','port','domain','subdomain','path','first_segment','last_segment','query','fragment']) AS p;
SELECT orchard.utm('example.com/?utm_source=a+b&UTM_Medium=caf%C3%A9&gclid=1');

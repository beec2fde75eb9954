-- Cleaning of texts with collations.
SELECT count(*) < 50 AS without_icu FROM pg_collation WHERE collprovider = 'i' \gset
\if :without_icu
\echo this server is built without ICU
\quit
\endif
-- texts are compared by their bytes whatever the collation, and the view means the same whatever standard_conforming_strings was
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE collated (i int, c text COLLATE ci, v varchar(20) COLLATE ci);
INSERT INTO collated VALUES (1, 'Red', ' v  a '), (2, 'RED', 'V A'), (3, 'red', 'b');
SET standard_conforming_strings = off;
SELECT column_name, step, changed FROM orchard.clean('collated', 'by_bytes', '[{"step": "trim"}, {"step": "map_values", "columns": "c", "values": {"red": "rot"}}, {"step": "one_hot", "columns": "v"}, {"step": "drop_rows", "where": {"column": "c", "is": "=", "value": "RED"}}]');
RESET standard_conforming_strings;
SELECT * FROM by_bytes ORDER BY i;
SELECT collation_name FROM information_schema.columns WHERE table_name = 'by_bytes' AND column_name = 'c';
SELECT changed FROM orchard.clean('SELECT DISTINCT c FROM collated', 'one_of', '[{"step": "drop_duplicates"}]');
DROP VIEW by_bytes, one_of;

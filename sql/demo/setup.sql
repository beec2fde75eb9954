-- Once per database, by the superuser: the extension, and an analyst who owns nothing but one schema.
SET client_min_messages = warning;
SELECT format('CREATE ROLE %I LOGIN', r) FROM unnest(ARRAY['analyst', 'bi']) AS r
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r)
\gexec
DROP DATABASE IF EXISTS :"database" WITH (FORCE);
CREATE DATABASE :"database";
ALTER DATABASE :"database" SET search_path = marketing, public;
\connect :"database"
CREATE EXTENSION orchard;
CREATE SCHEMA marketing AUTHORIZATION analyst;

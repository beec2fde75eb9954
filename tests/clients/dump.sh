#!/usr/bin/env bash
# A dump carries the models: scores, owner and grants are the same after pg_dump and pg_restore, in plain text, as an
# archive (also by parallel jobs), as schema and data apart, and when the owner of the database dumps.
set -euo pipefail
here=$(dirname "$0")
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

# The roles are the cluster's, so they go away whatever happens.
cleanup() {
    for database in plain archive parallel apart; do sql -d postgres -c "DROP DATABASE IF EXISTS dump_$database"; done
    sql <<'SQL'
DROP OWNED BY dump_analyst, dump_bi CASCADE;
DROP ROLE dump_analyst, dump_bi;
SQL
}
sql -c 'CREATE ROLE dump_analyst LOGIN' -c 'CREATE ROLE dump_bi LOGIN' -c 'CREATE SCHEMA marketing AUTHORIZATION dump_analyst'
trap cleanup EXIT
sql -U dump_analyst <<SQL
SET search_path = marketing;
\i $here/../lib/clicks.sql
SET client_min_messages = warning;
SELECT rows FROM orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', '{"max_depth": 6, "exclude": ["id"]}');
SELECT rows FROM orchard.train('"Ctr Q"', 'SELECT device, bid, clicked FROM clicks', 'clicked', 'decision_tree');
SELECT rows FROM orchard.train('segments', 'SELECT hour, bid FROM clicks', algorithm => 'kmeans', options => '{"n_clusters": 3}');
SELECT orchard.grant('ctr', 'dump_bi');
CREATE VIEW scored AS SELECT id, predict_ctr(device, hour, ad_id, bid, shown_at) AS score FROM clicks;
GRANT USAGE ON SCHEMA marketing TO dump_bi;
GRANT SELECT ON scored TO dump_bi;
SQL

# Everything that must be the same afterwards, as text. The view is read by a role that needs the grant.
state() {
    sql -d "$1" -U dump_bi -c 'SELECT md5(string_agg(score::text, $$ $$ ORDER BY id)) FROM marketing.scored'
    sql -d "$1" -c 'SET search_path = marketing' -c 'SELECT md5(string_agg(predict_segments(hour, bid)::text, $$ $$ ORDER BY id)),
            md5(string_agg("predict_Ctr Q"(device, bid)::text, $$ $$ ORDER BY id)) FROM clicks' \
        -c 'SELECT model, version, schema, owner, rows, score, checksum FROM orchard.model_versions ORDER BY model, version' \
        -c "SELECT proname, proowner::regrole, proacl FROM pg_proc WHERE proname LIKE 'predict\_%' AND pronamespace = 'marketing'::regnamespace ORDER BY 1" \
        -c "SELECT * FROM orchard.evaluate('ctr')"
    if sql -d "$1" -U dump_bi -c 'SELECT marketing.predict_segments(1, 1)' 2>/dev/null; then
        echo "a role without a grant could use the model in $1"
        return 1
    fi
}

same() {
    state "dump_$1" >"$WORK/$1.txt"
    diff -u "$WORK/before.txt" "$WORK/$1.txt"
    echo "$1: the same"
    # What was restored is alive: it can be trained again and dropped.
    sql -d "dump_$1" -U dump_analyst -c 'SET search_path = marketing; SET client_min_messages = warning' \
        -c "SELECT version FROM orchard.train('ctr', 'clicks', 'clicked', 'decision_tree', '{\"exclude\": [\"id\"]}')" \
        -c "SELECT orchard.drop_model('segments')" >"$WORK/$1.retrained"
    [ "$(sed '/^$/d' "$WORK/$1.retrained")" = 2 ] || { echo "the retraining in $1 gave no version 2"; return 1; }
}

state "$PGDATABASE" >"$WORK/before.txt"
cat "$WORK/before.txt"

createdb dump_plain
pg_dump -f "$WORK/plain.sql"
sql -d dump_plain -f "$WORK/plain.sql" >/dev/null
same plain

createdb dump_archive
pg_dump -Fc -f "$WORK/archive.dump"
pg_restore --exit-on-error -d dump_archive "$WORK/archive.dump"
same archive

createdb dump_parallel
pg_restore --exit-on-error -j 2 -d dump_parallel "$WORK/archive.dump"
same parallel

createdb dump_apart
pg_dump --schema-only -f "$WORK/schema.sql"
pg_dump --data-only -f "$WORK/data.sql"
sql -d dump_apart -f "$WORK/schema.sql" >/dev/null
sql -d dump_apart -f "$WORK/data.sql" >/dev/null
same apart

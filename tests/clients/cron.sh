#!/usr/bin/env bash
# Nightly retraining, hourly scoring and watching as pg_cron runs them: as the role that scheduled them, in a session that knows nothing of the one in
# which the model was trained. On a server of its own, because pg_cron must be preloaded. It runs a job at the full minute, so this takes one.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib/common.sh"
. "$ROOT/tests/lib/server.sh"
need_private
PGBIN=$(dirname "$(command -v postgres)")
PG_MAJOR=$(pg_config --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
rm -rf "$PRIVATE/cron"
start_server cron "shared_preload_libraries = 'pg_cron'" "cron.database_name = 'shop'" "cron.use_background_workers = on" "max_worker_processes = 20"
trap 'stop_servers cron >/dev/null' EXIT
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "${database:-shop}" "$@"; }
database=postgres sql -c 'CREATE DATABASE shop'
sql <<'SQL'
CREATE EXTENSION pg_cron;
CREATE EXTENSION orchard;
CREATE ROLE analyst LOGIN;
CREATE SCHEMA marketing AUTHORIZATION analyst;
GRANT USAGE ON SCHEMA cron TO analyst;
SQL
sql -U analyst <<SQL
SET search_path = marketing;
SET timezone = 'Europe/Berlin';
\i $ROOT/tests/lib/clicks.sql
SET client_min_messages = warning;
SELECT version FROM orchard.train('ctr', 'SELECT * FROM clicks WHERE id <= 500', 'clicked', 'decision_tree', '{"exclude": ["id"], "max_depth": 3}');
SELECT version FROM orchard.train('growing', 'clicks', 'clicked', 'decision_tree', '{"exclude": ["id"], "max_depth": 1}');
CREATE TABLE scores (scored_at timestamptz DEFAULT now(), id jsonb, score float8);
SELECT cron.schedule('nightly', '* * * * *', \$\$SELECT orchard.retrain('marketing.ctr', promote => 'always')\$\$);
SELECT cron.schedule('twin', '* * * * *', \$\$SELECT orchard.retrain('marketing.ctr', promote => 'never')\$\$);
SELECT cron.schedule('hourly', '* * * * *', \$\$INSERT INTO marketing.scores (id, score) SELECT key, score FROM orchard.score('marketing.growing', 'SELECT * FROM marketing.clicks WHERE id > 5000', ARRAY['id'])\$\$);
SELECT cron.schedule('watch', '* * * * *', \$\$SELECT orchard.watch('marketing.growing')\$\$);
SELECT cron.schedule('nobody', '* * * * *', \$\$SELECT orchard.retrain('ctr')\$\$);
SQL
runs() { sql -c "SELECT count(DISTINCT jobid) FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')"; }
for _ in $(seq 150); do
    if [ "$(runs)" -ge 5 ]; then break; fi
    sleep 1
done
sql -U analyst -c 'SELECT cron.unschedule(jobid) FROM cron.job' >/dev/null
sql -c 'SELECT j.command, status, return_message FROM cron.job_run_details AS j ORDER BY runid'
expect() {
    local found
    found=$(sql -c "$2")
    [ "$found" = "$1" ] || die "$2: $found, not $1"
}
# By name: a job whose schema is not on its path does not find the model, all others do their work.
expect t "SELECT bool_and(return_message LIKE '%model \"ctr\" does not exist%') FROM cron.job_run_details WHERE command LIKE '%(''ctr'')%'"
expect t "SELECT bool_and(status = 'succeeded') FROM cron.job_run_details WHERE command LIKE '%score%' OR command LIKE '%watch%'"
# Of two retrainings of one model at a time at least one is done; the other came later, or was told.
expect t "SELECT bool_or(status = 'succeeded') AND bool_and(status = 'succeeded' OR return_message LIKE '%is being trained or deployed%')
    FROM cron.job_run_details WHERE command LIKE '%marketing.ctr%'"
expect t "SELECT count(*) > 0 AND bool_and(role = 'analyst') FROM orchard.history WHERE event = 'retrain'"
expect Europe/Berlin "SELECT DISTINCT time_zone FROM orchard.model_versions WHERE model = 'ctr'"
expect t "SELECT count(*) >= 1000 AND count(*) = count(score) FROM marketing.scores"
expect t "SELECT bool_and(verdict = 'stable' AND rows = 6000) FROM orchard.monitor"

#!/usr/bin/env bash
# pgbench with a script that scores: no transaction fails, while another session trains the model again and again.
set -euo pipefail
here=$(dirname "$0")
psql -X -q -v ON_ERROR_STOP=1 -f "$here/../lib/clicks.sql"
train="SELECT version FROM orchard.train('ctr', 'SELECT device, hour, bid, clicked FROM clicks', 'clicked', 'decision_tree')"
psql -X -q -v ON_ERROR_STOP=1 -c "$train"
cat >"$WORK/score.sql" <<'SQL'
\set id random(1, 6000)
SELECT id, predict_ctr(device, hour, bid) FROM clicks WHERE id = :id;
SELECT count(*) FROM clicks WHERE predict_ctr(device, hour, bid) > 0.5;
SQL
for _ in 1 2 3; do psql -X -q -v ON_ERROR_STOP=1 -c "$train"; done >/dev/null 2>"$WORK/trainer.log" &
trainer=$!
for mode in simple extended prepared; do
    pgbench -n -M $mode -c 2 -T 2 -f "$WORK/score.sql" | tee "$WORK/pgbench.$mode"
    grep -q '^number of failed transactions: 0' "$WORK/pgbench.$mode"
    done=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$WORK/pgbench.$mode")
    [ "$done" -gt 20 ] || { echo "only $done transactions in 2 s"; exit 1; }
done
wait "$trainer" || { cat "$WORK/trainer.log"; exit 1; }

#!/usr/bin/env bash
# The smaller verbs of the Makefile: main.sh build | install | stop | clean | psql
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/common.sh"
. "$ROOT/tests/lib/setup.sh"
. "$ROOT/tests/lib/build.sh"
. "$ROOT/tests/lib/server.sh"
mkdir -p "$RUN"

case ${1:-} in
build)
    leave_sudo "$0" build
    need_rust
    need_postgres
    need_compiler
    build
    ;;
install)
    # As root through sudo, only the copying is done as root.
    need_postgres
    "$ROOT/tests/lib/main.sh" build
    LIBRARY=${ORCHARD_LIBRARY:-${CARGO_TARGET_DIR:-$ROOT/target}/release/liborchard.so}
    lib=${DESTDIR:-}$("$PG_CONFIG" --pkglibdir)
    share=${DESTDIR:-}$("$PG_CONFIG" --sharedir)
    [ -n "${DESTDIR:-}" ] || [ -w "$lib" ] || die "$lib is not writable: run 'sudo make install PG_CONFIG=$PG_CONFIG'"
    put_files "$lib" "$share"
    echo "installed for PostgreSQL $PG_MAJOR into $lib and $share/extension; next, in a database: CREATE EXTENSION orchard;"
    ;;
stop)
    leave_sudo "$0" stop
    stop_servers demo test cron
    ;;
clean)
    remove_private
    rm -rf "$RUN"
    if command -v cargo >/dev/null; then (cd "$ROOT" && cargo clean -q); fi
    ;;
psql)
    leave_sudo "$0" psql
    [ -f "$RUN/connect" ] || die "no demo is running; start one with 'make demo'"
    # shellcheck disable=SC1091 # written by the demo
    . "$RUN/connect"
    exec "$PGBIN/psql" "$CONNECT"
    ;;
*) die "usage: main.sh build | install | stop | clean | psql" ;;
esac

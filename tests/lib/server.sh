# Private throw-away servers. Each runs from a private copy of PostgreSQL, so that nothing is installed into the
# system and several versions can run side by side: a PostgreSQL finds its files relative to its own executable.
# They listen on a Unix socket in a directory that only their user may enter, never on TCP.
# shellcheck shell=bash

# Sets PRIVATE: a directory of the server's user, outside the checkout, which that user may be unable to reach
# (/root), and with a short path, as a socket's may have only about 100 bytes.
need_private() {
    local state=$RUN/private.$SERVER_USER
    mkdir -p "$RUN"
    PRIVATE=$(cat "$state" 2>/dev/null || true)
    if [ -d "$PRIVATE" ] && [ "$(stat -c %U "$PRIVATE")" = "$SERVER_USER" ]; then return 0; fi
    PRIVATE=$(as_server mktemp -d "${TMPDIR:-/var/tmp}/orchard.XXXXXX")
    [ "${#PRIVATE}" -lt 80 ] || die "$PRIVATE is too long a path for a socket: set TMPDIR to a shorter one"
    echo "$PRIVATE" >"$state"
}

# private_postgres: after need_postgres and build. Sets PGBIN and installs Orchard into the copy.
private_postgres() {
    local tree=$PRIVATE/pg$PG_MAJOR dir stamp
    stamp="$PG_CONFIG $("$PG_CONFIG" --version) $(stat -c %Y "$BINDIR/postgres")"
    if [ "$(cat "$tree/stamp" 2>/dev/null)" != "$stamp" ]; then
        stop_servers demo test cron # they may run from what goes away now
        rm -rf "$tree"
        # PG_TREE_ALSO: what else the binaries look for beside themselves.
        for dir in "$BINDIR" "$("$PG_CONFIG" --pkglibdir)" "$("$PG_CONFIG" --sharedir)" ${PG_TREE_ALSO:-}; do
            mkdir -p "$tree$dir"
            cp -a "$dir/." "$tree$dir"
        done
        chmod -R a+rX "$tree"
        echo "$stamp" >"$tree/stamp"
    fi
    PGBIN=$tree$BINDIR
    put_files "$tree$("$PG_CONFIG" --pkglibdir)" "$tree$("$PG_CONFIG" --sharedir)"
}

# start_server NAME [SETTING...]: makes it if need be; sets PGHOST and PGPORT for the clients.
start_server() {
    local dir=$PRIVATE/$1 data
    shift
    data=$dir/data$PG_MAJOR
    if ! [ -f "$data/PG_VERSION" ]; then
        as_server mkdir -p -m 700 "$dir"
        as_server rm -rf "$data"
        as_server "$PGBIN/initdb" -D "$data" -U postgres -A trust --no-locale --encoding=UTF8 --no-sync \
            >"$RUN/initdb.log" 2>&1 </dev/null || die "initdb failed; see $RUN/initdb.log"
        printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$dir'" "unix_socket_permissions = 0700" \
            "port = 5432" "timezone = 'UTC'" "log_timezone = 'UTC'" "fsync = off" "$@" |
            as_server tee -a "$data/postgresql.conf" >/dev/null
    fi
    export PGHOST=$dir PGPORT=5432
    if ! as_server "$PGBIN/pg_ctl" -D "$data" status >/dev/null; then
        as_server "$PGBIN/pg_ctl" -D "$data" -w -t 60 -l "$dir/server.log" start >/dev/null </dev/null ||
            die "the server did not start; see $dir/server.log"
    fi
}

# stop_servers NAME...: those that this checkout started, each found by its own pid file.
stop_servers() {
    local names=("$@") state private name pid data ctl
    for state in "$RUN"/private.*; do
        [ -f "$state" ] || continue
        private=$(cat "$state")
        for name in "${names[@]}"; do
            for pid in "$private/$name"/data*/postmaster.pid; do
                [ -f "$pid" ] || continue
                data=$(dirname "$pid")
                ctl=$(find "$private/pg$(cat "$data/PG_VERSION")" -name pg_ctl -type f | head -n 1)
                SERVER_USER=$(stat -c %U "$data") as_server "$ctl" -D "$data" -m fast -w stop >/dev/null || continue
                echo "stopped the server in $data"
            done
        done
    done
}

# Everything that servers leave: their data and the private copies of PostgreSQL.
remove_private() {
    local state private
    stop_servers demo test cron
    for state in "$RUN"/private.*; do
        [ -f "$state" ] || continue
        private=$(cat "$state")
        case $private in */orchard.??????) rm -rf "$private" ;; esac
    done
}

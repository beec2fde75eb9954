# What every script here starts with: where things are, who runs the server, how to speak.
# Sourced by bash scripts with `set -euo pipefail`.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export RUN=$ROOT/.run # logs and state; never committed

say() { printf '\n==> %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# rustup puts cargo where neither sudo's nor cron's PATH looks.
if ! command -v cargo >/dev/null && [ -x "${HOME:-/root}/.cargo/bin/cargo" ]; then
    PATH=$HOME/.cargo/bin:$PATH
fi

# `sudo make ...` in one's own checkout: carry on as oneself, so that no file in it ends up owned by root and the
# server's socket is one's own. Root's own checkouts (containers, CI) stay with root.
leave_sudo() {
    local home
    if [ "$(id -u)" -ne 0 ] || [ "${SUDO_USER:-root}" = root ]; then return 0; fi
    runuser -u "$SUDO_USER" -- test -w "$ROOT" || return 0
    home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
    exec runuser -u "$SUDO_USER" -- env -u SUDO_USER HOME="$home" PATH="$home/.cargo/bin:$PATH" "$@"
}

# PostgreSQL refuses to run as root: then an unprivileged account of the system runs it.
if [ "$(id -u)" -ne 0 ]; then
    SERVER_USER=$(id -un)
elif id -u postgres >/dev/null 2>&1; then
    SERVER_USER=postgres
else
    SERVER_USER=nobody
fi

# Run a command as the server's user. A RUST_BACKTRACE in the server's environment would put a backtrace into every
# error message and slow it down, so it never gets there.
as_server() {
    (
        cd /
        exec 9>&- # a server outlives the lock of the run that started it
        if [ "$(id -u)" -eq 0 ]; then
            exec runuser -u "$SERVER_USER" -- env -u RUST_BACKTRACE "$@"
        fi
        exec env -u RUST_BACKTRACE "$@"
    )
}

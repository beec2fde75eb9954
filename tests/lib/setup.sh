# Install what is missing on Debian and Ubuntu, and only that.
# shellcheck shell=bash

APT_UPDATED=
apt_update() {
    [ -z "$APT_UPDATED" ] || return 0
    as_root apt-get -q update >"$RUN/apt.log" 2>&1 || die "apt-get update failed; see $RUN/apt.log"
    APT_UPDATED=yes
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# apt_install WHY PACKAGE...
apt_install() {
    local why=$1
    shift
    command -v apt-get >/dev/null ||
        die "$why is missing and this is not Debian or Ubuntu (no apt-get): install the equivalent of: $*"
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        die "$why is missing; there is no sudo, so run as root: apt-get install $*"
    say "$why is missing: installing $*"
    apt_update
    as_root apt-get -q install -y --no-install-recommends "$@" >>"$RUN/apt.log" 2>&1 </dev/null ||
        die "apt-get install $* failed; see $RUN/apt.log"
}

# The number of the PostgreSQL that the distribution carries.
distribution_major() {
    apt_update
    apt-cache show postgresql 2>/dev/null | sed -n 's/^Depends:.*postgresql-\([0-9][0-9]*\).*/\1/p' | head -n 1
}

need_rust() {
    local want have
    want=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -n 1)
    command -v cargo >/dev/null ||
        die "cargo is missing: install Rust $want or newer, for example from https://rustup.rs, and try again"
    have=$(cd "$ROOT" && rustc --version | sed 's/^rustc \([0-9.]*\).*/\1/')
    [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1)" = "$want" ] ||
        die "Rust $have is too old: Orchard needs $want or newer (rustup update stable)"
}

# Sets PG_CONFIG (an absolute path), PG_MAJOR and BINDIR; installs server and headers if need be.
need_postgres() {
    local major
    PG_CONFIG=${PG_CONFIG:-pg_config}
    if ! command -v "$PG_CONFIG" >/dev/null; then
        [ "$PG_CONFIG" = pg_config ] || die "PG_CONFIG=$PG_CONFIG is not a program"
        command -v apt-get >/dev/null || die "pg_config is missing: install PostgreSQL 15 to 18 with its server headers"
        major=$(distribution_major)
        [ -n "$major" ] || die "the distribution has no package 'postgresql'"
        apt_install "PostgreSQL $major" "postgresql-$major" "postgresql-server-dev-$major"
    fi
    PG_CONFIG=$(command -v "$PG_CONFIG")
    PG_MAJOR=$("$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
    case $PG_MAJOR in
    15 | 16 | 17 | 18) ;;
    *) die "$PG_CONFIG is of PostgreSQL $PG_MAJOR: Orchard runs on 15 to 18 (choose another with PG_CONFIG=/path/to/pg_config)" ;;
    esac
    [ -f "$("$PG_CONFIG" --includedir-server)/postgres.h" ] ||
        apt_install "the headers of PostgreSQL $PG_MAJOR" "postgresql-server-dev-$PG_MAJOR"
    BINDIR=$("$PG_CONFIG" --bindir)
    if ! [ -x "$BINDIR/postgres" ] || ! [ -x "$BINDIR/psql" ]; then
        apt_install "the server of PostgreSQL $PG_MAJOR" "postgresql-$PG_MAJOR"
    fi
}

# A C compiler to link with, and libclang, with which pgrx reads PostgreSQL's headers. To be asked after
# need_postgres, as Debian's headers of PostgreSQL bring both.
need_compiler() {
    command -v cc >/dev/null || apt_install "a C compiler" gcc libc6-dev
    [ -n "${LIBCLANG_PATH:-}" ] || ldconfig -p 2>/dev/null | grep -q libclang ||
        ls /usr/lib/llvm-*/lib/libclang*.so* >/dev/null 2>&1 || apt_install libclang libclang-dev
}

# PYTHON: one with psycopg, in an environment of our own. Only tests use it, the product never does.
need_python() {
    local python=/usr/bin/python3
    PYTHON=$RUN/venv/bin/python
    if "$PYTHON" -c 'import psycopg' 2>/dev/null; then return 0; fi
    "$python" -c 'import ensurepip' 2>/dev/null || apt_install "Python for the tests" python3-venv
    "$python" -m venv --clear "$RUN/venv" && "$RUN/venv/bin/pip" install -q 'psycopg[binary]==3.2.*' </dev/null
}

# The distribution's pg_cron, put into the private copy of its PostgreSQL; false where it has none. To be asked after private_postgres.
need_cron() {
    local lib=/usr/lib/postgresql/$PG_MAJOR/lib share=/usr/share/postgresql/$PG_MAJOR/extension
    [ "$("$PG_CONFIG" --pkglibdir)" = "$lib" ] || return 1
    if ! [ -f "$lib/pg_cron.so" ]; then
        apt_update
        apt-cache show "postgresql-$PG_MAJOR-cron" >/dev/null 2>&1 || return 1
        apt_install "pg_cron, for the test of schedules," "postgresql-$PG_MAJOR-cron"
    fi
    cp -a "$lib/pg_cron.so" "$PRIVATE/pg$PG_MAJOR$lib/"
    cp -a "$share"/pg_cron* "$PRIVATE/pg$PG_MAJOR$share/"
}

# A browser for the pages of reports; false where the distribution has none as a package (Ubuntu's comes as a snap).
need_browser() {
    local browser
    for browser in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$browser" >/dev/null && "$browser" --version >/dev/null 2>&1; then return 0; fi
    done
    grep -q '^ID=debian' /etc/os-release 2>/dev/null || return 1
    apt_install "a browser for the test of reports" chromium
}

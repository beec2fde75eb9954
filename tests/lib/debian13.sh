# PostgreSQL 17 is that of Debian 13: its packages in a directory, where a test can be run as on a machine of its own.
# shellcheck shell=bash

DEBIAN=$RUN/debian13

# Make the directory, or say why not and be false: that takes root, and Debian's tools.
need_debian13() {
    local mirror=()
    if [ "$(id -u)" -ne 0 ]; then
        say "PostgreSQL 17 is skipped: a change of root needs root"
        return 1
    fi
    command -v debootstrap >/dev/null || apt_install "debootstrap, for PostgreSQL 17," debootstrap
    if ! [ -f "$DEBIAN/usr/bin/pg_config" ]; then
        say "fetching Debian 13 with PostgreSQL 17"
        rm -rf "$DEBIAN"
        if grep -q '^ID=debian' /etc/os-release; then
            # From where this machine's own packages come.
            apt_update
            # shellcheck disable=SC2016
            mapfile -t mirror < <(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
        fi
        debootstrap --variant=minbase --include=postgresql-17,postgresql-server-dev-17,ca-certificates,git,make,tzdata-legacy \
            trixie "$DEBIAN" "${mirror[@]}" >"$RUN/debootstrap.log" 2>&1 </dev/null ||
            { rm -rf "$DEBIAN" && die "debootstrap failed; see $RUN/debootstrap.log"; }
    fi
    cp -L /etc/resolv.conf "$DEBIAN/etc/resolv.conf"
    # Networks that look into connections have certificates of their own.
    cp -L /etc/ssl/certs/ca-certificates.crt "$DEBIAN/etc/ssl/certs/ca-certificates.crt"
}

# in_debian13 COMMAND...: in this checkout, seen there as /orchard, with logs and state of its own in .run/pg17 and this machine's Rust.
# The mounts go with the process.
in_debian13() {
    local rust=${RUSTUP_HOME:-$HOME/.rustup} cargo=${CARGO_HOME:-$HOME/.cargo}
    mkdir -p "$RUN/pg17" "$DEBIAN/orchard" "$DEBIAN/rust/rustup" "$DEBIAN/rust/cargo"
    # shellcheck disable=SC2016
    unshare --mount --propagation private bash -c '
        set -e
        debian=$1 root=$2 run=$3 rustup=$4 cargo=$5
        shift 5
        mount --bind "$root" "$debian/orchard"
        mount --bind "$run" "$debian/orchard/.run"
        mount --bind "$rustup" "$debian/rust/rustup"
        mount --bind "$cargo" "$debian/rust/cargo"
        mount --rbind /dev "$debian/dev"
        mount -t proc proc "$debian/proc"
        exec chroot "$debian" env -u PG_CONFIG -u ORCHARD_LIBRARY RUSTUP_HOME=/rust/rustup CARGO_HOME=/rust/cargo PATH="/rust/cargo/bin:$PATH" "$@"
    ' - "$DEBIAN" "$ROOT" "$RUN/pg17" "$rust" "$cargo" "$@"
}

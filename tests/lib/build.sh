# Build the extension for one PostgreSQL, and put its files somewhere.
# shellcheck shell=bash

# Sets LIBRARY. CARGO_TARGET_DIR is cargo's own variable; ORCHARD_LIBRARY=file.so uses a library built before.
build() {
    LIBRARY=${ORCHARD_LIBRARY:-}
    [ -z "$LIBRARY" ] || return 0
    local target=${CARGO_TARGET_DIR:-$ROOT/target}
    say "building Orchard for PostgreSQL $PG_MAJOR (the first time takes a few minutes)"
    (cd "$ROOT" && CARGO_TARGET_DIR=$target PGRX_PG_CONFIG_PATH=$PG_CONFIG \
        cargo build --release --locked --lib --no-default-features --features "pg$PG_MAJOR") || die "the build failed"
    LIBRARY=$target/release/liborchard.so
}

# put_files PKGLIBDIR SHAREDIR: `install` replaces by unlinking, so a running server keeps the library it has mapped.
put_files() {
    install -d "$1" "$2/extension"
    install -m 755 "$LIBRARY" "$1/orchard.so"
    install -m 644 "$ROOT/orchard.control" "$ROOT"/sql/orchard--*.sql "$2/extension/"
}

# load_csv FILE: any CSV with a header line, plain or gzipped, into the table `data`, its column types read off the
# values. Nothing but POSIX tools and SQL. Sourced by `run`, which provides `tour`, `say` and `die`.
# shellcheck shell=bash

# The file as UTF-8 with unix line ends and no byte order mark, whatever spreadsheet wrote it.
csv_text() {
    case $1 in
    *.gz) gzip -dc -- "$1" ;;
    *) cat -- "$1" ;;
    esac | LC_ALL=C sed '1s/^\xef\xbb\xbf//' | iconv -f "$2" -t UTF-8 | LC_ALL=C sed 's/\r$//'
}

csv_encoding() {
    local start
    start=$(case $1 in *.gz) gzip -dc -- "$1" ;; *) cat -- "$1" ;; esac 2>/dev/null | head -c 2 | od -An -tx1 | tr -d ' ' || true)
    if [ "$start" = fffe ] || [ "$start" = feff ]; then
        echo UTF-16
    elif csv_text "$1" UTF-8 >/dev/null 2>&1; then
        echo UTF-8
    else
        echo LATIN1 # every byte is a letter there
    fi
}

load_csv() {
    local file=$1 encoding header delimiter
    say "1. Load $file"
    encoding=$(csv_encoding "$file")
    [ "$encoding" = UTF-8 ] || echo "    it is not UTF-8: read as $encoding"
    # The reader stops after one line, which is no error of the writers before it.
    header=$(set +o pipefail; csv_text "$file" "$encoding" 2>/dev/null | head -n 1)
    [ -n "$header" ] || die "$file: no header line"
    # The delimiter is what the header has most of, outside quotes.
    delimiter=$(printf '%s\n' "$header" | awk '{
        gsub(/"[^"]*"/, ""); best = ","; most = 0
        n = split(",|;|\t||", d, "|"); d[4] = "|"
        for (i = 1; i <= 4; i++) { k = split($0, cells, d[i] == "|" ? "[|]" : d[i]); if (k > most) { most = k; best = d[i] } }
        print best }')
    tour -v header="$header" -v delimiter="$delimiter" <"$ROOT/sql/demo/csv_columns.sql"
    csv_text "$file" "$encoding" |
        tour -c "COPY raw FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER '$delimiter')" || die "$file could not be loaded"
    tour -v file="$file" -v target="${TARGET:-}" <"$ROOT/sql/demo/csv_types.sql"
}

"""Text functions against what PostgreSQL has: numbers with currency and separators against regexp_replace, and the others beside them.

python -m venv venv && venv/bin/pip install 'psycopg[binary]'
PGHOST=... PGDATABASE=... venv/bin/python benches/text.py [--rows N] [--repeat N]

The database has the extension. Every statement reads the same table in one process; the peers take turns, and the median of the repeats counts.
"""

import argparse
import statistics
import time

import psycopg

TABLE = """
CREATE TABLE text_bench AS
SELECT to_char((abs(hashint8extended(i, 1)) % 1000000) / 100.0, 'FM$9,999,990.00') AS price,
       (ARRAY['Yes', 'no', 'TRUE', 'f'])[1 + abs(hashint8extended(i, 2)) % 4] AS flag,
       to_char(timestamp '2020-01-01' + (abs(hashint8extended(i, 3)) % 100000000) * interval '1 second', 'YYYY-MM-DD HH24:MI:SS') AS moment,
       '  Device ' || abs(hashint8extended(i, 4)) % 1000 || E'\\t ' AS device,
       (ARRAY['N/A', 'null', 'iPhone', 'Galaxy S' || i % 9])[1 + abs(hashint8extended(i, 5)) % 4] AS model,
       'Write to user' || i || '@example.com or call +49 30 ' || 1000000 + i % 1000000 AS note
FROM generate_series(1, {rows}) AS i
"""

# What is compared: Orchard's statement and PostgreSQL's own way, where it has one that does the like.
CASES = {
    "parse_number": ("sum(orchard.parse_number(price))", "sum(regexp_replace(price, '[^0-9.-]', '', 'g')::numeric)"),
    "parse_number, decimal given": ("sum(orchard.parse_number(price, '.'))", "sum(regexp_replace(price, '[^0-9.-]', '', 'g')::float8)"),
    "parse_boolean": ("count(orchard.parse_boolean(flag))", "count(flag::boolean)"),
    "parse_timestamp": ("max(orchard.parse_timestamp(moment))", "max(moment::timestamp)"),
    "parse_timestamp, format given": (
        "max(orchard.parse_timestamp(moment, 'YYYY-MM-DD HH24:MI:SS'))", "max(to_timestamp(moment, 'YYYY-MM-DD HH24:MI:SS'))"),
    "normalize_text": ("max(length(orchard.normalize_text(device)))",
                       r"max(length(btrim(regexp_replace(normalize(device, NFKC), '\s+', ' ', 'g'))))"),
    "blank_to_null": ("count(orchard.blank_to_null(model))", "count(nullif(nullif(nullif(lower(btrim(model)), 'n/a'), 'null'), ''))"),
    "null_if_placeholder": ("count(orchard.null_if_placeholder(model))", None),
    "slug": ("max(length(orchard.slug(device)))", r"max(length(btrim(regexp_replace(lower(device), '[^a-z0-9]+', '-', 'g'), '-')))"),
    "mask_personal": ("max(length(orchard.mask_personal(note)))",
                      r"max(length(regexp_replace(note, '[[:alnum:]._%+-]+@[[:alnum:].-]+\.[[:alpha:]]{2,}', '[email]', 'g')))"),
    "mask_personal, hash": ("max(length(orchard.mask_personal(note, 'hash', 'salt')))", None),
}


def seconds(db, what):
    start = time.perf_counter()
    db.execute(f"SELECT {what} FROM text_bench").fetchone()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    with psycopg.connect(autocommit=True) as db:
        db.execute("DROP TABLE IF EXISTS text_bench")
        db.execute(TABLE.format(rows=args.rows))
        db.execute("VACUUM ANALYZE text_bench")
        db.execute("SET max_parallel_workers_per_gather = 0")
        seconds(db, "count(price)")
        print(f"{args.rows:,} rows, milliseconds")
        print(f"{'':32}{'count':>8}{'Orchard':>9}{'PostgreSQL':>12}{'ratio':>8}")
        for name, (own, peer) in CASES.items():
            times = [[seconds(db, what) for what in ("count(price)", own, peer or "count(price)")] for _ in range(args.repeat)]
            base, ours, theirs = (statistics.median(t) for t in zip(*times))
            shown = f"{theirs * 1e3:>12.0f}{theirs / ours:>8.1f}" if peer else ""
            print(f"{name:32}{base * 1e3:>8.0f}{ours * 1e3:>9.0f}{shown}")
        db.execute("DROP TABLE text_bench")


main()

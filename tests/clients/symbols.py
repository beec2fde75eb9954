"""Every C function that the SQL file declares is in the code, with the same arguments, and the other way round."""

import pathlib
import re

import psycopg

SRC = pathlib.Path(__file__).resolve().parents[2] / "src"
# What a Rust argument is in SQL.
TYPES = {"&str": "text", "crate::json::JsonArgument": "jsonb", "bool": "boolean", "&core::ffi::CStr": "name", "pgrx::Uuid": "uuid", "pg_sys::Oid": "oid",
         "TimestampWithTimeZone": "timestamp with time zone", "i32": "integer", "&[u8]": "bytea", "i64": "bigint", "f64": "double precision",
         "Vec<Option<String>>": "text[]", "Vec<Option<f64>>": "double precision[]"}


def externs():
    """The arguments of each #[pg_extern] by its C symbol."""
    found = {}
    for path in sorted(SRC.rglob("*.rs")):
        text = path.read_text()
        for match in re.finditer(r"#\[pg_extern\(sql = false\)\](?:\s*#\[[^\]]*\])*\s*fn (\w+)\(([^)]*)\)", text):
            name, arguments = match.groups()
            types = [a.split(":", 1)[1].strip() for a in arguments.split(",") if a.strip()]
            types = [re.sub(r"^Option<(.*)>$", r"\1", t) for t in types]
            found[name + "_wrapper"] = [TYPES[t] for t in types]
    return found


def main():
    text = "".join(path.read_text() for path in sorted(SRC.rglob("*.rs")))
    raw = set(re.findall(r"entry!\((?:row )?(\w+), pg_finfo_(?:\w+),", text))
    code = externs()
    assert raw and code, "nothing found in the code"
    with psycopg.connect() as db:
        declared = db.execute(
            """SELECT prosrc, oid::regprocedure::text, ARRAY(SELECT format_type(t, NULL) FROM unnest(proargtypes) AS t)
               FROM pg_proc WHERE pronamespace = 'orchard'::regnamespace AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')"""
        ).fetchall()
    for symbol, function, types in declared:
        if symbol in raw:
            continue
        assert symbol in code, f"{function} names {symbol}, which is not in the code"
        assert code[symbol] == types, f"{function}: the code takes {code[symbol]}, the SQL declares {types}"
    unused = (raw | code.keys()) - {symbol for symbol, _, _ in declared}
    assert not unused, f"no SQL function names {unused}"
    print(f"{len(declared)} functions agree")


main()

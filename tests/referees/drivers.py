"""orchard.key_drivers beside pandas and statsmodels, on real tables: segments are taken apart again in pandas, and the standard errors of those that are found by
their mean are those of an interaction of least squares with White's variances (HC0). And planted drivers at full size, with the time it takes.

python -m venv venv && venv/bin/pip install pandas==2.3.3 statsmodels==0.15.0 psycopg
PGDATABASE=... venv/bin/python tests/referees/drivers.py DIRECTORY-OF-THE-DATA
"""

import io
import json
import sys
import time

import numpy as np
import pandas as pd
import psycopg
import statsmodels.api as sm

data = sys.argv[1].rstrip("/") + "/"
db = psycopg.connect(autocommit=True)


def load(name, frame):
    kinds = {"i": "bigint", "f": "double precision", "b": "boolean"}
    columns = ", ".join(f'"{c}" {kinds.get(t.kind, "text")}' for c, t in frame.dtypes.items())
    db.execute(f'DROP TABLE IF EXISTS "{name}"; CREATE TABLE "{name}" ({columns})')
    out = io.StringIO()
    frame.to_csv(out, index=False, header=False)
    with db.cursor().copy(f'COPY "{name}" FROM STDIN WITH (FORMAT csv)') as copy:
        copy.write(out.getvalue())


def holds(frame, segment):
    keep = np.ones(len(frame), bool)
    for column, level in segment.items():
        values = frame[column]
        if level is None:
            keep &= values.isna()
        elif isinstance(level, str) and level[0] in "[(" and level.endswith(")") and values.dtype.kind in "if":
            low, high = (float(x) if x else None for x in level[1:-1].split(","))
            keep &= values.notna() & ((values >= low) if low is not None else True) & ((values < high) if high is not None else True)
        else:
            keep &= values == level
    return keep


def told(number):
    return "-" if number is None else f"{number:.5g}"


def compare(title, metric, frames, options):
    for name, frame in zip(["drivers_before", "drivers_after"], frames):
        load(name, frame)
    start = time.time()
    found = db.execute("SELECT * FROM orchard.key_drivers(%s, 'drivers_before', 'drivers_after', %s)", (metric, json.dumps(options)))
    names = [c.name for c in found.description]
    rows = [dict(zip(names, row)) for row in found]
    print(f"{title}: {len(rows)} rows, {time.time() - start:.2f} s")
    denominator = options.get("denominator")
    y = [f[metric].astype(float) for f in frames]
    n = [f[denominator].astype(float) if denominator else pd.Series(1.0, f.index) for f in frames]
    big_n, big_y = [s.sum() for s in n], [s.sum() for s in y]
    whole = [a / b for a, b in zip(big_y, big_n)]
    change = whole[1] - whole[0] if denominator else big_y[1] - big_y[0]
    left, worst = [np.ones(len(f), bool) for f in frames], 0.0
    for row in rows:
        inside = [l & holds(f, row["segment"] or {}) for l, f in zip(left, frames)]
        ys, ns = [s[i].sum() for s, i in zip(y, inside)], [s[i].sum() for s, i in zip(n, inside)]
        w = [a / b for a, b in zip(ns, big_n)]
        r = [a / b if b > 0 else np.nan for a, b in zip(ys, ns)]
        r = [r[i] if r[i] == r[i] else r[1 - i] for i in (0, 1)]
        if denominator:
            own = dict(volume_effect=0.0, mix_effect=(w[1] - w[0]) * (sum(r) / 2 - sum(whole) / 2), rate_effect=sum(w) / 2 * (r[1] - r[0]))
            own["change"] = own["mix_effect"] + own["rate_effect"]
        else:
            own = dict(volume_effect=sum(r) / 2 * sum(w) / 2 * (big_n[1] - big_n[0]), mix_effect=sum(r) / 2 * sum(big_n) / 2 * (w[1] - w[0]),
                       rate_effect=sum(ns) / 2 * (r[1] - r[0]), change=ys[1] - ys[0])
        own |= dict(share_before=w[0], share_after=w[1], rows_before=inside[0].sum(), rows_after=inside[1].sum(), share_of_change=own["change"] / change,
                    metric_before=r[0] if denominator else ys[0], metric_after=r[1] if denominator else ys[1])
        scale = abs(change) if denominator else max(map(abs, big_y))
        for key, value in own.items():
            if row[key] is not None:
                worst = max(worst, abs(row[key] - value) / max(abs(value), scale if key.endswith(("effect", "change")) else 1))
        line = f"  {row['segment']}  {told(row['metric_before'])} -> {told(row['metric_after'])}  change {row['change']:.5g}"
        if row["z"] is not None:
            line += f"  z {row['z']:.2f}"
            if denominator and min(i.sum() for i in inside) > 1:
                unit = [(s / m)[l & (m > 0)] for s, m, l in zip(y, n, left)]
                weight = [m[l & (m > 0)] for m, l in zip(n, left)]
                flag = [i[l & (m > 0)].astype(float) for i, l, m in zip(inside, left, n)]
                after = np.r_[np.zeros(len(unit[0])), np.ones(len(unit[1]))]
                own = np.concatenate(flag)
                x = np.column_stack([np.ones(len(own)), after, own, after * own])
                fit = sm.WLS(np.concatenate(unit), x, weights=np.concatenate(weight)).fit(cov_type="HC0")
                line += f"  (statsmodels, interaction: {fit.tvalues[3]:.2f})"
        print(line)
        left = [l & ~i for l, i in zip(left, inside)]
    total = sum(row["change"] for row in rows)
    print(f"  sum of changes {total:.12g}, change {change:.12g}; largest deviation from pandas {worst:.1e}")
    assert worst < 1e-9 and abs(total - change) <= 1e-9 * max(1, abs(change))


h = pd.read_csv(data + "hillstrom.csv.gz").rename(columns=str.lower)
h["mails"] = 1
h["recency"] = h.recency.astype("int64")
parts = [h[h.segment == s].drop(columns=["segment", "history", "conversion", "spend"]).reset_index(drop=True) for s in ("No E-Mail", "Mens E-Mail")]
compare("hillstrom, visits a customer, no mail and mens mail", "visit", parts, {"denominator": "mails"})
parts = [h[h.segment == s].drop(columns=["segment", "mails"]).reset_index(drop=True) for s in ("No E-Mail", "Mens E-Mail")]
compare("hillstrom, spend", "spend", parts, {"dimensions": ["history_segment", "mens", "womens", "zip_code", "newbie", "channel", "history"], "bins": 5, "max_depth": 3})
b = pd.read_csv(data + "bike_sharing_hour.csv.gz")
parts = [b[b.yr == y][["season", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit", "temp", "cnt"]].reset_index(drop=True) for y in sorted(b.yr.unique())]
compare("bike sharing, 2011 and 2012", "cnt", parts, {"dimensions": ["season", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit", "temp"]})
a = pd.read_csv(data + "adult.csv.gz")
a.columns = [c.strip().replace("-", "_") for c in a.columns]
income = [c for c in a.columns if a[c].astype(str).str.contains(">50K").any()][0]
a["rich"] = a[income].astype(str).str.contains(">50K")
a["one"] = 1
sex = a["sex"].astype(str).str.strip()
keep = [c for c in a.columns if a[c].dtype == object and c not in (income, "sex", "split")]
parts = [a[sex == s][keep + ["rich", "one"]].reset_index(drop=True) for s in ("Female", "Male")]
compare("adult, women and men", "rich", parts, {"denominator": "one"})


def planted(seed, moved, rows=1_000_000):
    random = np.random.default_rng(seed)
    sizes = [3, 5, 8, 12, 4, 20, 6, 2]
    t = pd.DataFrame({f"d{i}": pd.Series(random.integers(0, s, rows)).map("level {}".format) for i, s in enumerate(sizes)})
    chance = 0.05 + 0.01 * (t.d0 == "level 1")
    if moved:
        chance = chance * np.where((t.d1 == "level 2") & (t.d3 == "level 7"), 0.4, 1) * np.where(t.d4 == "level 3", 1.2, 1)
    t["impressions"] = random.integers(1, 20, rows)
    t["clicks"] = random.binomial(t.impressions, chance)
    t["revenue"] = np.round(t.clicks * random.lognormal(0, 1, rows), 2)
    return t[~((t.d5 == "level 9") & (random.random(rows) < 0.5))].reset_index(drop=True) if moved else t


parts = [planted(1, False), planted(2, True)]
dimensions = [f"d{i}" for i in range(8)]
for metric, options in [("clicks", {"denominator": "impressions"}), ("clicks", {}), ("revenue", {}), ("revenue", {"max_depth": 3})]:
    compare(f"planted, {metric} {options}", metric, parts, options | {"dimensions": dimensions})

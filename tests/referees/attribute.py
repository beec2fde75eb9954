"""Attribution by ChannelAttribution, for engine/tests/attribute.rs.

python -m venv venv && venv/bin/pip install ChannelAttribution==2.2.5
venv/bin/python tests/referees/attribute.py > engine/tests/fixtures/attribute.json

ChannelAttribution simulates its Markov chain. So its matrix of transitions is solved by numpy, too: that is exact, and must be what Orchard says; the simulation must be near.
"""

import contextlib
import io
import json

import numpy as np
import pandas as pd

with contextlib.redirect_stdout(io.StringIO()):
    import ChannelAttribution

rng = np.random.default_rng(3)
channels = ["affiliate", "display", "email", "search", "social"]
rows = {}
for _ in range(3000):
    path = tuple(rng.choice(channels, size=1 + rng.poisson(1.5), p=[0.1, 0.3, 0.15, 0.3, 0.15]))
    chance = 0.05 + 0.1 * ("search" in path) + 0.15 * ("email" in path and path[-1] == "search")
    row = rows.setdefault(path, [0, 0, 0.0])
    if rng.random() < chance:
        row[0] += 1
        row[2] += float(rng.integers(10, 100)) * (2 if path[-1] == "email" else 1)
    else:
        row[1] += 1
paths = [[list(path), *row] for path, row in sorted(rows.items())]
frame = pd.DataFrame({"path": [" > ".join(p[0]) for p in paths], "conv": [p[1] for p in paths], "null": [p[2] for p in paths], "value": [p[3] for p in paths]})
with contextlib.redirect_stdout(io.StringIO()):
    heuristic = ChannelAttribution.heuristic_models(frame, "path", "conv", var_value="value", flg_pro=False)
    markov = ChannelAttribution.markov_model(frame, "path", "conv", var_value="value", var_null="null", nsim_start=2_000_000, seed=1, conv_par=0.01, out_more=True, flg_pro=False, max_step=1000)
    steps = ChannelAttribution.transition_matrix(frame, "path", "conv", "null", flg_pro=False)


def effects():
    """1 - P(conversion without the channel) / P(conversion), of the matrix of transitions."""
    table, names = steps["transition_matrix"], steps["channels"]
    name = dict(zip(names["id_channel"].astype(str), names["channel_name"]))
    chance = {(name.get(str(r.channel_from), r.channel_from), name.get(str(r.channel_to), r.channel_to)): r.transition_probability for r in table.itertuples()}

    def conversion(without):
        states = ["(start)"] + [c for c in channels if c != without]
        q = np.array([[chance.get((a, b), 0.0) for b in states] for a in states])
        r = np.array([chance.get((a, "(conversion)"), 0.0) for a in states])
        return np.linalg.solve(np.eye(len(states)) - q, r)[0]

    whole = conversion(None)
    return [1 - conversion(c) / whole for c in channels]


def column(table, key):
    table = table.set_index("channel_name")
    return [float(table.loc[c, key]) for c in channels]


print(json.dumps({
    "channels": channels,
    "paths": [[[channels.index(c) for c in p[0]], *p[1:]] for p in paths],
    **{f"{m}_{w}": column(heuristic, f"{m}_touch_{k}" if m != "linear" else f"linear_touch_{k}") for m in ("first", "last", "linear") for w, k in (("conversions", "conversions"), ("value", "value"))},
    "effects": effects(),
    "simulated_effects": column(markov["removal_effects"], "removal_effects_conversion" if "removal_effects_conversion" in markov["removal_effects"] else "removal_effects"),
    "simulated_value_effects": column(markov["removal_effects"], "removal_effects_conversion_value"),
    "simulated_conversions": column(markov["result"], "total_conversions"),
    "simulated_value": column(markov["result"], "total_conversion_value"),
}))

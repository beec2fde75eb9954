"""Adstock by pandas and curves by scipy, for engine/tests/response.rs.

python -m venv venv && venv/bin/pip install pandas scipy
venv/bin/python tests/referees/response.py > engine/tests/fixtures/response.json

What works of a series of spends is an exponentially weighted mean. For each decay of a grid the three curves are fitted by scipy from several starts; the best of all is what Orchard
must come near.
"""

import json
import warnings

import numpy as np
import pandas as pd
from scipy.optimize import curve_fit

rng = np.random.default_rng(8)
CURVES = {
    "power": (lambda s, gain, bend, base: base + gain * s**bend, [0.3, 0.6], (0.05, 1.0)),
    "exponential": (lambda s, gain, bend, base: base + gain * -np.expm1(-s / bend), [50, 200, 800], (1, 1e5)),
    "hyperbola": (lambda s, gain, bend, base: base + gain * s / (s + bend), [50, 200, 800], (1, 1e5)),
}


def works(spend, decay):
    # Before the first period as much worked as is spent on average.
    return pd.Series(np.concatenate([[spend.mean()], spend])).ewm(alpha=1 - decay, adjust=False).mean().to_numpy()[1:]


def best(spend, outcome):
    found = (-np.inf, None, None)
    for decay in np.arange(0, 0.96, 0.05):
        x = works(spend, decay)
        for name, (curve, starts, (low, high)) in CURVES.items():
            for start in starts:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        p, _ = curve_fit(curve, x, outcome, [np.ptp(outcome), start, max(outcome.min(), 0)], bounds=([0, low, 0], [np.inf, high, np.inf]), max_nfev=400)
                    except RuntimeError:
                        continue
                r2 = 1 - ((outcome - curve(x, *p)) ** 2).sum() / ((outcome - outcome.mean()) ** 2).sum()
                if r2 > found[0]:
                    found = (float(r2), float(decay), name)
    return found


cases = []
for decay, curve, p in [(0.6, "hyperbola", (800, 300, 40)), (0.3, "exponential", (500, 150, 100)), (0.0, "power", (6, 0.6, 20)), (0.8, "exponential", (900, 200, 0))]:
    spend = np.round(rng.gamma(1.2, 180, 160) * (rng.random(160) < 0.8), 2)
    outcome = np.round(CURVES[curve][0](works(spend, decay), *p) + rng.normal(0, 12, 160), 3)
    r2, at, name = best(spend, outcome)
    cases.append({"spend": spend.tolist(), "outcome": outcome.tolist(), "true_decay": decay, "works_0.35": works(spend, 0.35).tolist(), "r2": r2, "decay": at, "curve": name})
print(json.dumps(cases))

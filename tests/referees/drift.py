"""KS of scipy 1.17 and PSI by numpy, for engine/tests/drift.rs.

python -m venv venv && venv/bin/pip install numpy scipy==1.17.1
venv/bin/python tests/referees/drift.py > engine/tests/fixtures/drift.json
"""

import json

import numpy as np
from scipy.stats import chi2, ks_2samp

rng = np.random.default_rng(11)


def psi(training, now):
    """Half a row is added to every bin that has rows on either side."""
    used = (training + now) > 0
    p, q = training[used] + 0.5, now[used] + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def numbers(training, now, binned):
    training, now = np.sort(training), np.sort(now)
    return {"training": training.tolist(), "now": now.tolist(), "exact": not binned, "ks": ks_2samp(training, now).statistic}


def shares(bins, n, m, shift):
    p = rng.dirichlet(np.ones(bins) * 3)
    q = p * np.exp(shift * rng.normal(size=bins))
    training, now = rng.multinomial(n, p).astype(float), rng.multinomial(m, q / q.sum()).astype(float)
    return {"training": training.tolist(), "now": now.tolist(), "psi": psi(training, now)}


json.dump({
    "ks": [
        numbers(rng.integers(0, 9, 300), rng.integers(0, 9, 50), False),
        numbers(rng.integers(0, 200, 1000) / 7, rng.integers(20, 220, 400) / 7, False),
        numbers(np.round(rng.normal(size=200), 2), np.round(rng.normal(0.4, 1.2, 150), 2), False),
        numbers(np.array([1.0, 1.0, 2.0]), np.array([3.0, 4.0]), False),
        numbers(np.round(rng.normal(size=2000), 4), np.round(rng.normal(0.3, 1, 1000), 4), True),
        numbers(np.round(rng.exponential(size=2000), 4), np.round(rng.exponential(size=1000), 4), True),
    ],
    "psi": [shares(10, 5000, 1000, 0.0), shares(10, 5000, 1000, 0.5), shares(3, 100, 40, 1.0), shares(22, 200000, 50000, 0.2)],
    # The quantile of the chi-squared variable that PSI is a multiple of.
    "chance": [{"bins": b, "rows": 10000, "now": 500, "psi": chi2.ppf(0.99, b - 1) * (1 / 10000 + 1 / 500)} for b in (2, 5, 11, 23)],
}, __import__("sys").stdout)

"""Tests of variants by scipy 1.17 and statsmodels 0.15, tails by mpmath, for engine/tests/experiment.rs.

python -m venv venv && venv/bin/pip install scipy==1.17.1 statsmodels==0.15.0 mpmath==1.4.1
venv/bin/python tests/referees/experiment.py > engine/tests/fixtures/experiment.json
"""

import json

import mpmath as mp
import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, power_proportions_2indep, proportions_ztest, proportion_effectsize

mp.mp.dps = 40
out = {}

# Tails, with 40 digits.
t = [[x, df, float(mp.betainc(mp.mpf(df) / 2, 0.5, 0, df / (mp.mpf(df) + mp.mpf(x) ** 2), regularized=True) / 2)]
     for x in (0.01, 0.5, 1.96, 4.0, 12.0) for df in (1, 2.5, 9, 100, 12345.6, 3e6)]
chi2 = [[x, k, float(mp.gammainc(mp.mpf(k) / 2, mp.mpf(x) / 2, mp.inf, regularized=True))] for x in (0.02, 1.0, 3.84, 30.0, 150.0) for k in (1, 2, 5, 40, 100)]
normal = [[z, float(mp.erfc(z / mp.sqrt(2)) / 2)] for z in (-3.0, -0.1, 0.5, 1.96, 6.0, 20.0)]
beta = [[x, a, b, float(mp.betainc(a, b, 0, x, regularized=True))] for x in (0.001, 0.1, 0.47, 0.95) for a, b in ((1, 1), (2.5, 0.5), (30, 70), (450, 550), (3, 2000))]
out["tails"] = {"t": t, "chi2": chi2, "normal": normal, "beta": beta}
out["t_isf"] = [[p, df, float(stats.t.isf(p, df))] for p in (1e-10, 0.001, 0.025, 0.3, 0.7) for df in (1, 3.3, 50, 1e5)]
out["beta_ppf"] = [[p, a, b, float(stats.beta.ppf(p, a, b))] for p in (0.001, 0.3, 0.975) for a, b in ((1, 1), (30, 70), (3, 2000))]
out["normal_isf"] = [[p, float(stats.norm.isf(p))] for p in (1e-200, 1e-10, 0.001, 0.025, 0.3, 0.5, 0.9, 0.999)]
out["noncentral_t"] = [[x, df, d, float(stats.nct.sf(x, df, d))] for x in (-1.0, 1.97, 2.5) for df in (4, 60, 2000) for d in (0.0, 1.0, 2.8)]

# Two shares.
shares = []
for c, n in (([120, 150], [1000, 1010]), ([0, 7], [50, 60]), ([3, 900], [1000, 1000]), ([50_000, 50_600], [1_000_000, 1_000_100])):
    for name in ("two-sided", "larger", "smaller"):
        z, p = proportions_ztest([c[1], c[0]], [n[1], n[0]], alternative=name)
        row = {"successes": c, "rows": n, "alternative": name, "z": z, "p": p}
        if name == "two-sided":
            for method in ("newcomb", "wald"):
                row[method] = confint_proportions_2indep(c[1], n[1], c[0], n[0], method=method, compare="diff")
            if min(c) > 0:
                row["ratio"] = confint_proportions_2indep(c[1], n[1], c[0], n[0], method="log", compare="ratio")
        shares.append(row)
out["shares"] = shares

# Means, with a past that tells a part.
rng = np.random.default_rng(7)
past = [np.round(rng.normal(50, 20, k), 2) for k in (80, 60, 45)]
value = [np.round(0.8 * x + rng.normal(0, 8 + 3 * i, len(x)) + 4 * i, 2) for i, x in enumerate(past)]
out["past"], out["value"] = [x.tolist() for x in past], [x.tolist() for x in value]


def welch(a, b, name="two-sided", level=0.95):
    r = stats.ttest_ind(b, a, equal_var=False, alternative={"larger": "greater", "smaller": "less"}.get(name, name))
    i = r.confidence_interval(level)
    return {"t": r.statistic, "p": r.pvalue, "df": r.df, "low": i.low if np.isfinite(i.low) else None, "high": i.high if np.isfinite(i.high) else None}


out["welch"] = [{"variant": k, "alternative": name, **welch(value[0], value[k], name)} for k in (1, 2) for name in ("two-sided", "larger", "smaller")]
p = [welch(value[0], value[k])["p"] for k in (1, 2)]
out["adjusted"] = {ours: list(multipletests(p, method=theirs)[1]) for ours, theirs in (("bonferroni", "bonferroni"), ("holm", "holm"), ("benjamini-hochberg", "fdr_bh"))}
# CUPED: the slope within variants, which is that of an analysis of covariance; then Welch.
y, x = np.concatenate(value), np.concatenate(past)
g = np.repeat([0, 1, 2], [len(v) for v in value])
model = sm.OLS(y, np.column_stack([g == 0, g == 1, g == 2, x]).astype(float)).fit()
theta = model.params[3]
adjusted = [v - theta * (u - x.mean()) for v, u in zip(value, past)]
out["cuped"] = [{"variant": k, "difference": model.params[k] - model.params[0], "mean": adjusted[k].mean(), **welch(adjusted[0], adjusted[k])} for k in (1, 2)]
# A part of the past is not known.
holes = [np.where(np.arange(len(u)) % 7 == 3, np.nan, u) for u in past]
filled = [np.where(np.isnan(u), np.nanmean(np.concatenate(holes)), u) for u in holes]
design = np.column_stack([g == 0, g == 1, g == 2, np.concatenate(filled)]).astype(float)
theta = sm.OLS(y, design).fit().params[3]
adjusted = [v - theta * (u - np.nanmean(np.concatenate(holes))) for v, u in zip(value, filled)]
out["cuped_holes"] = [{"variant": k, "mean": adjusted[k].mean(), **welch(adjusted[0], adjusted[k])} for k in (1, 2)]


def ratio(y, x):
    r = y.mean() / x.mean()
    return r, np.var(y - r * x, ddof=1) / len(y) / x.mean() ** 2


r = [ratio(v, u) for v, u in zip(value, past)]
out["ratio"] = []
for k in (1, 2):
    d, e = r[k][0] - r[0][0], np.sqrt(r[k][1] + r[0][1])
    out["ratio"].append({"variant": k, "mean": r[k][0], "difference": d, "z": d / e, "p": 2 * stats.norm.sf(abs(d / e)), "low": d - stats.norm.isf(0.025) * e, "high": d + stats.norm.isf(0.025) * e})

# Power.
power = []
for ratio_ in (0.5, 1.0, 2.0):
    for name in ("two-sided", "larger", "smaller"):
        sign = -1 if name == "smaller" else 1
        for rows in (200, 5000):
            # Of statsmodels the first sample is the variant; ours counts variant per control.
            het = power_proportions_2indep(sign * 0.02, 0.1, rows * ratio_, ratio=1 / ratio_, alternative=name, return_results=False)
            h = proportion_effectsize(0.1 + sign * 0.02, 0.1)
            arc = NormalIndPower().power(h, rows, 0.05, ratio=ratio_, alternative=name)
            mean = TTestIndPower().power(sign * 0.1, rows, 0.05, ratio=ratio_, alternative=name)
            power.append({"ratio": ratio_, "alternative": name, "rows": rows, "proportions": het, "arcsine": arc, "means": mean})
out["power"] = power
out["sizes"] = {"arcsine": NormalIndPower().solve_power(proportion_effectsize(0.12, 0.1), power=0.8, alpha=0.05),
                "means": TTestIndPower().solve_power(0.1, power=0.8, alpha=0.05)}


# Boundaries of Lan and DeMets, by Simpson's rule on a grid of 6,001 points.
def boundaries(shares, spend):
    found, before, spent, grid, density = [], 0.0, 0.0, np.array([0.0]), np.array([1.0])
    for i, s in enumerate(shares):
        due, step = spend(s) - spent, np.sqrt(s - before)
        low, high = 0.0, 12.0
        for _ in range(80):
            z = (low + high) / 2
            crosses = np.sum(density * stats.norm.sf((z * np.sqrt(s) - grid) / step))
            low, high = (z, high) if crosses > due else (low, z)
        found.append(z)
        nodes = np.linspace(-z * np.sqrt(s), z * np.sqrt(s), 6001)
        w = np.where(np.arange(6001) % 2 == 1, 4, 2) * (nodes[1] - nodes[0]) / 3.0
        w[[0, -1]] = (nodes[1] - nodes[0]) / 3.0
        new = np.zeros(6001)
        for part in np.array_split(np.arange(len(grid)), max(1, len(grid) // 500)):
            new += (density[part] * stats.norm.pdf((nodes[:, None] - grid[part]) / step) / step).sum(axis=1)
        grid, density, before, spent = nodes, new * w, s, spend(s)
    return found


def obf(s):
    return 2 * stats.norm.sf(stats.norm.isf(0.0125) / np.sqrt(s))


def pocock(s):
    return 0.025 * np.log(1 + (np.e - 1) * s)


out["boundaries"] = [{"information": s, "spending": name, "z": boundaries(s, f)} for s in ([0.2, 0.4, 0.6, 0.8, 1.0], [0.1, 0.35, 0.4, 1.0]) for name, f in (("obrien_fleming", obf), ("pocock", pocock))]

# P(an arm is the best), by quadrature of 30 digits.
arms = [[21, 981], [31, 971], [25, 900], [2, 20]]
mp.mp.dps = 30


def best(i):
    def f(x):
        v = mp.power(x, arms[i][0] - 1) * mp.power(1 - x, arms[i][1] - 1) / mp.beta(*arms[i])
        for j, (a, b) in enumerate(arms):
            if j != i:
                v *= mp.betainc(a, b, 0, x, regularized=True)
        return v
    return float(mp.quad(f, [0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.4, 1]))


out["best"] = {"arms": arms, "probability": [best(i) for i in range(4)]}
# The value of a policy, by the formulas.
n = 300
logged = rng.integers(0, 3, n)
propensity = np.round(rng.uniform(0.1, 0.9, n), 3)
policy = np.where(rng.random(n) < 0.4, 1.0, 0.0) * np.round(rng.uniform(0.2, 1, n), 3)
reward = np.round(rng.normal(2, 1, n) + logged, 3)
guess, guess_policy = np.round(reward + rng.normal(0, 0.5, n), 3), np.round(rng.normal(3, 0.5, n), 3)
w = policy / propensity


def estimate(terms):
    return [terms.mean(), terms.std(ddof=1) / np.sqrt(n)]


snips = (w * reward).sum() / w.sum()
out["policy"] = {
    "rows": np.column_stack([reward, propensity, policy, guess, guess_policy]).tolist(),
    "logged": estimate(reward), "ips": estimate(w * reward), "snips": [snips, np.sqrt(((w * (reward - snips)) ** 2).sum()) / w.sum()],
    "direct": estimate(guess_policy), "doubly_robust": estimate(guess_policy + w * (reward - guess)),
    "effective": w.sum() ** 2 / (w**2).sum(), "mean": w.mean(),
}
print(json.dumps(out))

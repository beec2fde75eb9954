"""The models of customers of the package lifetimes 0.11, for engine/tests/lifetime.rs.

python -m venv venv && venv/bin/pip install lifetimes==0.11.3 'setuptools<80'
venv/bin/python tests/referees/lifetime.py > engine/tests/fixtures/lifetime.json
"""

import json
import warnings

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
from lifetimes.utils import summary_data_from_transaction_data
from scipy.optimize import minimize
from scipy.special import gammaln

warnings.simplefilter("ignore")
rng = np.random.default_rng(11)
rows = []
for c in range(400):
    rate, leave, mean = rng.gamma(0.8, 1 / 40), rng.beta(0.9, 2.5), 6 * 15 / rng.gamma(4, 1)
    day = int(rng.integers(0, 200))
    while day < 365:
        rows.append([c, day, round(float(rng.gamma(6, mean / 6)), 2)])
        if rng.random() < leave and len([r for r in rows if r[0] == c]) > 1:
            break
        day += max(0, int(rng.exponential(1 / rate)))
rows.sort(key=lambda r: (r[1], r[0]))
table = pd.DataFrame(rows, columns=["customer", "day", "amount"])
table["time"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(table.day, unit="D")
end = pd.Timestamp("2025-01-01") + pd.Timedelta(days=330)
s = summary_data_from_transaction_data(table, "customer", "time", "amount", observation_period_end=end, freq="D", freq_multiplier=7)
bg = BetaGeoFitter(penalizer_coef=0.0).fit(s.frequency, s.recency, s["T"])
back = s[s.frequency > 0]


def gg(logs):
    p, q, v = np.exp(logs[0]), 1 + np.exp(logs[1]), np.exp(logs[2])
    x, m = back.frequency.to_numpy(), back.monetary_value.to_numpy()
    return -np.mean(gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v) + (p * x - 1) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(v + x * m))


paid = back[back.monetary_value > 0]
spend = GammaGammaFitter(penalizer_coef=0.001).fit(paid.frequency, paid.monetary_value)
best = minimize(gg, np.log([spend.params_["p"], max(spend.params_["q"] - 1, 0.1), spend.params_["v"]]), method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-15, "maxiter": 20000})
p, q, v = np.exp(best.x[0]), 1 + np.exp(best.x[1]), np.exp(best.x[2])
# With the fitted parameters given, so that predictions are compared apart from the search for the maximum.
bg.params_[:] = [0.7, 5.5, 0.8, 2.5]
spend.params_[:] = [6.0, 4.0, 15.0]
out = {
    "rows": rows,
    "summary": s.reset_index()[["customer", "frequency", "recency", "T", "monetary_value"]].to_numpy().tolist(),
    "gamma_gamma": [p, q, v],
    "alive": bg.conditional_probability_alive(s.frequency, s.recency, s["T"]).tolist(),
    "purchases": {str(t): bg.predict(t, s.frequency, s.recency, s["T"]).tolist() for t in (1, 12, 52, 520)},
    "spend": spend.conditional_expected_average_profit(s.frequency, s.monetary_value).tolist(),
}
fit = BetaGeoFitter().fit(s.frequency, s.recency, s["T"])
start = np.log(fit.params_.to_numpy())


def nll(logs):
    return BetaGeoFitter._negative_log_likelihood(logs, s.frequency.to_numpy(), s.recency.to_numpy(), s["T"].to_numpy(), np.ones(len(s)), 0)


polished = minimize(nll, start, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-15, "maxiter": 20000})
polished = minimize(nll, polished.x, method="BFGS", options={"gtol": 1e-10})
out["bg_nbd"] = {"parameters": np.exp(polished.x).tolist(), "nll": polished.fun}
month = table.time.dt.to_period("M")
first = month.groupby(table.customer).transform("min")
cells = table.assign(cohort=first, number=(month - first).map(lambda d: d.n)).groupby(["cohort", "number"]).agg(active=("customer", "nunique"), revenue=("amount", "sum")).reset_index()
size = table.assign(cohort=first).groupby("cohort").customer.nunique()
out["cohorts"] = [[(c.cohort.start_time - pd.Timestamp("2000-01-01")).days, int(c.number), int(size[c.cohort]), int(c.active), float(c.revenue)] for c in cells.itertuples()]
print(json.dumps(out))

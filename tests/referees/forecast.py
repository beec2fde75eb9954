"""Makes the constants of the tests of forecasts from statsforecast, statsmodels and numpy, and compares forecasts of real series with statsforecast's.

    python tests/referees/forecast.py                  # prints the constants
    python tests/referees/forecast.py FILE SEASON H    # one number a line: MASE of statsforecast's AutoETS, AutoTheta and their mean over the last H
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
    print(dict(zip(fit.model.param_names, fit.params)))


def compare(path, season, horizon):
    y = np.array([float(line) for line in open(path)])
    past, truth = y[:-horizon], y[-horizon:]
    scale = np.mean(np.abs(past[season:] - past[:-season]))
    ets = AutoETS(season_length=season).forecast(past, horizon)["mean"]
    theta = AutoTheta(season_length=season).forecast(past, horizon)["mean"]
    for name, mean in [("AutoETS", ets), ("AutoTheta", theta), ("mean", (ets + theta) / 2)]:
        print(f"{name} MASE {np.mean(np.abs(mean - truth)) / scale:.4f}")


if len(sys.argv) > 3:
    compare(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
else:
    constants()

"""Metrics of uplift by scikit-uplift on the rows of engine/src/judge/uplift.rs.

    pip install scikit-uplift && python tests/referees/uplift.py
"""

import numpy as np
from sklift.metrics import qini_auc_score, uplift_auc_score

state = 12345


def draw():
    global state
    state = (state * 1103515245 + 12345) % (1 << 31)
    return state / (1 << 31)


scores, outcome, treated = [], [], []
for _ in range(40):
    a, b, c = draw(), draw(), draw()
    score = np.floor(a * 10.0) / 10.0 - 0.3
    is_treated = b < 0.6
    scores.append(score)
    treated.append(int(is_treated))
    outcome.append(int(c < 0.3 + (score * 0.5 if is_treated else 0.0)))
print("QINI", repr(float(qini_auc_score(outcome, scores, treated))))
print("AUUC", repr(float(uplift_auc_score(outcome, scores, treated))))

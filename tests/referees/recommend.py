"""implicit 0.7 and scikit-surprise 1.1 on MovieLens, beside orchard.train: NDCG@10 and RMSE of the same split, seconds of a fit on one thread.

python -m venv venv && venv/bin/pip install implicit==0.7.3 scikit-surprise==1.1.5 pandas scipy psycopg[binary]
venv/bin/python tests/referees/recommend.py movielens_ratings.csv.gz "host=... dbname=..."

The file has userId, movieId, rating and timestamp. The database has the extension; a table orchard_referee is made and dropped. Each user's
latest fifth is held out, and a random fifth; both are judged by the same lines below.
"""

import os
import sys
import time

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np
import pandas as pd
import psycopg
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender, TFIDFRecommender
from surprise import SVD, Dataset, KNNBaseline, Reader

K = 10
ratings = pd.read_csv(sys.argv[1])
db = psycopg.connect(sys.argv[2], autocommit=True)


def held_out(key):
    held = np.zeros(len(ratings), bool)
    for _, own in ratings.assign(key=key).groupby("userId"):
        count = round(len(own) * 0.2)
        if count:
            held[own.sort_values("key").index[-count:]] = True
    return held


def ndcg(top, relevant):
    found = []
    for user, liked in relevant.items():
        gain = sum(1 / np.log2(rank + 2) for rank, item in enumerate(top.get(user, [])[:K]) if item in liked)
        found.append(gain / sum(1 / np.log2(rank + 2) for rank in range(min(K, len(liked)))))
    return np.mean(found)


def timed(work):
    start = time.perf_counter()
    out = work()
    return out, time.perf_counter() - start


random = np.random.RandomState(7).rand(len(ratings))
for split, key in (("random", random), ("latest", ratings.timestamp + random / 2)):
    held = held_out(key)
    train, test = ratings[~held], ratings[held]
    users, items = np.unique(train.userId), np.unique(train.movieId)
    places = np.searchsorted(users, train.userId), np.searchsorted(items, train.movieId)
    has = sp.csr_matrix((np.ones(len(train), np.float32), places), shape=(len(users), len(items)))
    relevant = {user: set(own) for user, own in test.groupby("userId").movieId}

    def ranked(scores):
        scores = np.array(scores)
        scores[has.nonzero()] = -np.inf
        first = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        return ndcg({user: items[row] for user, row in zip(users, first)}, relevant)

    def error(said):
        return np.sqrt(np.mean((said - test.rating.to_numpy()) ** 2))

    print(split, "popular", "ndcg", round(ranked(np.tile(np.asarray(has.sum(0)), (len(users), 1))), 4))
    for regularization, alpha in ((0.01, 1), (0.01, 2), (5, 2), (20, 2)):
        model = AlternatingLeastSquares(factors=64, regularization=regularization, alpha=alpha, iterations=15, num_threads=1, random_state=1)
        _, seconds = timed(lambda: model.fit(has, show_progress=False))
        print(split, "implicit als", regularization, alpha, "ndcg", round(ranked(model.user_factors @ model.item_factors.T), 4), "seconds", round(seconds, 2))
    for kind in (CosineRecommender, TFIDFRecommender):
        model = kind(K=50, num_threads=1)
        _, seconds = timed(lambda: model.fit(has, show_progress=False))
        print(split, "implicit", kind.__name__, "ndcg", round(ranked((has @ model.similarity).toarray()), 4), "seconds", round(seconds, 2))
    data = Dataset.load_from_df(train[["userId", "movieId", "rating"]], Reader(rating_scale=(0.5, 5))).build_full_trainset()
    for model in (SVD(n_factors=100, random_state=1), KNNBaseline(k=40, sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False)):
        _, seconds = timed(lambda: model.fit(data))
        said = np.array([model.predict(user, item).est for user, item in zip(test.userId, test.movieId)])
        print(split, "surprise", type(model).__name__, "rmse", round(error(said), 4), "seconds", round(seconds, 2))

    db.execute("SET orchard.threads = 1")
    db.execute("DROP TABLE IF EXISTS orchard_referee")
    db.execute("CREATE TABLE orchard_referee (user_id int, item_id int, rating float8, held boolean)")
    with db.cursor().copy("COPY orchard_referee FROM STDIN") as copy:
        for row in zip(ratings.userId, ratings.movieId, ratings.rating, held):
            copy.write_row([int(row[0]), int(row[1]), float(row[2]), bool(row[3])])
    source = "SELECT user_id, item_id{} FROM orchard_referee WHERE NOT held"
    for algorithm, options in (("als", '{"holdout": 0}'), ("item_knn", '{"holdout": 0}'), ("item_knn", '{"holdout": 0, "similarity": "cosine"}')):
        call = "SELECT seconds FROM orchard.train('referee', %s, algorithm => %s, options => %s::jsonb)"
        _, seconds = timed(lambda: db.execute(call, (source.format(""), algorithm, options)).fetchone())
        rows, all_seconds = timed(lambda: db.execute("SELECT user_id::int, item::int, rank FROM orchard.recommend_all('referee', 10)").fetchall())
        top = {}
        for user, item, _ in rows:
            top.setdefault(user, []).append(item)
        _, hundred = timed(lambda: db.execute("SELECT count(*), sum(score) FROM orchard.recommend_all('referee', 100)").fetchone())
        print(split, "orchard", algorithm, options, "ndcg", round(ndcg(top, relevant), 4), "seconds", round(seconds, 2), "top 100 of all", round(hundred, 3))
    for algorithm, options in (("als", '{"holdout": 0, "factors": 100}'), ("item_knn", '{"holdout": 0}'), ("popular", '{"holdout": 0}')):
        call = "SELECT seconds FROM orchard.train('referee', %s, 'rating', %s, %s::jsonb)"
        _, seconds = timed(lambda: db.execute(call, (source.format(", rating"), algorithm, options)).fetchone())
        said = db.execute("SELECT sqrt(avg((predict_referee(user_id, item_id) - rating) ^ 2)) FROM orchard_referee WHERE held").fetchone()[0]
        print(split, "orchard", algorithm, options, "rmse", round(said, 4), "seconds", round(seconds, 2))
    db.execute("SELECT orchard.drop_model('referee')")
    db.execute("DROP TABLE orchard_referee")

-- Naive Bayes: classes by what each column says by itself.
\pset null '(null)'
SET search_path = public;
CREATE TABLE mails AS
SELECT i AS mail_id, (i * 37 % 101) / 10.0 + CASE WHEN i % 3 = 0 THEN 4 ELSE 0 END AS links, (ARRAY['friend', 'shop', 'unknown'])[1 + (i * 7 % 11 + CASE WHEN i % 3 = 0 THEN 2 ELSE 0 END) % 3] AS sender,
    i % 5 < 2 OR i % 3 = 0 AS attached, CASE WHEN i % 3 = 0 THEN 'win money now' WHEN i % 2 = 0 THEN 'meeting at noon' ELSE 'new shoes for you' END || CASE WHEN i % 7 = 0 THEN ' money' ELSE '' END AS subject,
    i % 3 = 0 AS spam, (ARRAY['spam', 'offer', 'private'])[CASE WHEN i % 3 = 0 THEN 1 ELSE 2 + i % 2 END] AS folder
FROM generate_series(1, 900) AS i;
SELECT model, algorithm, task, features, metric, score > 0.8 AS usual, function FROM orchard.train('filter', 'SELECT links, sender, attached, spam FROM mails', 'spam', 'naive_bayes');
-- The posterior of a row that says nothing is the share of the class.
SELECT abs(predict_filter(NULL, NULL, NULL) - 1.0 / 3) < 0.01 AS prior, predict_filter('Infinity', 'never seen', NULL) BETWEEN 0 AND 1 AS odd, predict_filter('NaN', '', true) BETWEEN 0 AND 1 AS odder;
-- Bayes by hand, of one column of levels: the count of the level and one more.
SELECT model FROM orchard.train('hand', 'SELECT sender, spam FROM mails', 'spam', 'naive_bayes', '{"holdout": 0}');
SELECT bool_and(abs(predict_hand(sender) - yes / (yes + no)) < 1e-12) AS same FROM (
    SELECT sender, (1 + count(*) FILTER (WHERE spam)) / (3 + max(t.spam_rows)) * max(t.spam_rows) AS yes, (1 + count(*) FILTER (WHERE NOT spam)) / (3 + max(t.other_rows)) * max(t.other_rows) AS no
    FROM mails, (SELECT count(*) FILTER (WHERE spam)::float8 AS spam_rows, count(*) FILTER (WHERE NOT spam)::float8 AS other_rows FROM mails) AS t GROUP BY sender) AS s;
DO $$ DECLARE apart float8; BEGIN
    EXECUTE 'SELECT max(abs(predict_filter(links, sender, attached) - ' || orchard.to_sql('filter') || ')) FROM mails' INTO apart;
    RAISE NOTICE 'plain SQL says the same: %', apart < 1e-12;
END $$;
SELECT feature, sentence FROM orchard.explain('filter', '{"links": 12, "sender": "unknown", "attached": true}');
SELECT abs(sum(response_contribution) - max(predict_filter(12, 'unknown', true))) < 1e-12 AS adds_up FROM orchard.explain('filter', '{"links": 12, "sender": "unknown", "attached": true}');
SELECT feature, kind FROM orchard.importance('filter') WHERE rank = 1;
-- Words of a text are counted; several folders.
SELECT model, metric, score > 0.9 AS usual FROM orchard.train('folders', 'SELECT subject, links, folder FROM mails', 'folder', 'naive_bayes', '{"text_columns": ["subject"]}');
SELECT predict_folders('win money', 11) AS folder, predict_folders('the meeting', 2) AS other, predict_folders(NULL, NULL) IS NOT NULL AS nothing;
SELECT orchard.report('folders') LIKE '%naive_bayes%' AS page;
SELECT model FROM orchard.train('counts', 'SELECT i * 3 % 7 AS a, i * 5 % 4 AS b, ''k'' || i % 3 AS kind FROM generate_series(1, 300) AS i', 'kind', 'naive_bayes', '{"distribution": "multinomial", "alpha": 0.5, "fit_prior": false}');
SELECT promoted, metric FROM orchard.retrain('filter', promote => 'always');
SELECT parameters FROM orchard.tune('filter', 'SELECT links, sender, attached, spam FROM mails', 'spam', 'naive_bayes', '{"alpha": [0.1, 1, 10]}') WHERE trial = 1;
SELECT option, type, default_value FROM orchard.options('naive_bayes') WHERE option IN ('distribution', 'alpha', 'var_smoothing', 'fit_prior', 'min_category_rows');
SELECT orchard.train('none', 'SELECT links - 5 AS x, spam FROM mails', 'spam', 'naive_bayes', '{"distribution": "multinomial"}');
SELECT orchard.train('none', 'SELECT links, spam FROM mails', 'spam', 'naive_bayes', '{"distribution": "bernoulli"}');
SELECT orchard.train('none', 'SELECT links, mail_id % 17 AS y FROM mails', 'y', 'naive_bayes', '{"distribution": "normal"}');
SELECT * FROM orchard.coefficients('filter');

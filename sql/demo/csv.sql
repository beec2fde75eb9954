-- Train, judge and use a model of the table `data`; variables target, algorithm, features, exclude, options.
-- Lists may be given as JSON or as names with commas between them.
\set default_options '{}'
SELECT (:'algorithm' = 'decision_tree' AND :'options' = '')::text AS plain_tree \gset
\if :plain_tree
    \set default_options '{"max_depth": 8}'
\endif
SELECT :'default_options'::jsonb || coalesce(nullif(:'options', '')::jsonb, '{}') || coalesce(jsonb_object_agg(key, names), '{}') AS options,
       CASE WHEN :'target' = '' THEN 'NULL' ELSE quote_literal(:'target') END AS target_literal,
       quote_ident(:'target') AS target_column, nullif(:'target', '') AS target_given
FROM (SELECT key, CASE WHEN list LIKE '[%' THEN list::jsonb ELSE to_jsonb(regexp_split_to_array(btrim(list), '\s*,\s*')) END AS names
      FROM (VALUES ('features', :'features'), ('exclude', :'exclude')) AS given (key, list) WHERE list <> '') AS lists
\gset

\echo
\echo '==> 2. Train'
\set ECHO queries
\x on
SELECT * FROM orchard.train('outcome', 'data', target => :target_literal, algorithm => :'algorithm', options => :'options');
\x off
\set ECHO none

SELECT (task = 'regression')::text AS is_regression, (task = 'classification')::text AS is_classification FROM orchard.models
WHERE model = 'outcome' \gset
\echo
\if :{?target_given}
    \echo '==> 3. How good is it, on the rows it has not seen?'
\else
    \echo '==> 3. How good is it?'
\endif
\set ECHO queries
SELECT * FROM orchard.evaluate('outcome');
\set ECHO none

-- How predict_outcome is called with the columns of the table.
SELECT format('predict_outcome(%s)', string_agg(quote_ident(argument), ', ' ORDER BY n)) AS call,
       (prorettype = 'float8'::regtype)::text AS is_number
FROM pg_proc, unnest(proargnames) WITH ORDINALITY AS a (argument, n) WHERE proname = 'predict_outcome' GROUP BY prorettype \gset

\echo
\if :is_regression
    \echo '==> 4. Use it: predicted beside actual values'
    \set ECHO queries
    SELECT :target_column AS actual, :call AS predicted FROM data ORDER BY md5(data::text) LIMIT 10;
    \set ECHO none
    \echo '==> 5. All rows in ten groups by prediction (training rows included)'
    SELECT decile, count(*) AS rows, avg(predicted)::numeric(20, 4) AS predicted, avg(actual)::numeric(20, 4) AS actual
    FROM (SELECT :target_column AS actual, predicted, ntile(10) OVER (ORDER BY predicted DESC) AS decile
          FROM (SELECT :target_column, :call AS predicted FROM data WHERE :target_column IS NOT NULL) AS s) AS scored
    GROUP BY decile ORDER BY decile;
\elif :is_classification
    \echo '==> 4. Use it: the prediction of a row, as a column of an ordinary query'
    \set ECHO queries
    SELECT :target_column AS actual, :call AS predicted FROM data ORDER BY md5(data::text) LIMIT 10;
    \set ECHO none
    \if :is_number
        \echo '==> 5. All rows in ten groups by predicted probability: the share of each outcome (training rows included)'
        SELECT decile, sum(n) AS rows, (sum(total) / sum(n))::numeric(6, 4) AS predicted,
               string_agg(format('%s: %s', actual, round(n / all_n, 4)), ', ' ORDER BY actual COLLATE "C" DESC) AS actual
        FROM (SELECT decile, actual, count(*) AS n, sum(predicted) AS total, sum(count(*)) OVER (PARTITION BY decile) AS all_n
              FROM (SELECT actual, predicted, ntile(10) OVER (ORDER BY predicted DESC) AS decile
                    FROM (SELECT (:target_column)::text AS actual, :call AS predicted FROM data WHERE :target_column IS NOT NULL) AS s) AS scored
              GROUP BY decile, actual) AS counted
        GROUP BY decile ORDER BY decile;
    \else
        \echo '==> 5. Predicted against actual labels, most frequent first (training rows included)'
        SELECT :target_column AS actual, :call AS predicted, count(*) AS rows FROM data GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 20;
    \endif
\else
    \echo '==> 4. Use it: the size of each segment'
    \set ECHO queries
    SELECT :call AS segment, count(*) AS rows FROM data GROUP BY 1 ORDER BY 1;
    \set ECHO none
\endif

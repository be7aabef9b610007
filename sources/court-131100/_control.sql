-- Control totals: the database's own counts and sums, to hold against what was read and what goes out. Goes on
-- from `_control_cases.sql`. `_register` is every case by stage; the datasets are the rows of the cases an exchange selects.
-- Amounts are in fen.
, cccz AS (
    SELECT c.fydm, COUNT(*) AS n, SUM(ROUND(cz.pgj * 100)) AS pg, SUM(ROUND(cz.cjj * 100)) AS cj
    FROM chosen AS c JOIN pc_cccz AS cz ON cz.ajbs = c.ajbs
    GROUP BY c.fydm
)
SELECT fydm AS court_code, '_register' AS dataset, TRIM(ajzt_dm) AS stage, 'rows' AS measure,
       CAST(COUNT(*) AS VARCHAR) AS figure
FROM pc_aj WHERE fydm IN :courts GROUP BY fydm, TRIM(ajzt_dm)
UNION ALL
SELECT fydm, 'bankruptcy_case', stage, 'rows', CAST(COUNT(*) AS VARCHAR) FROM chosen GROUP BY fydm, stage
UNION ALL
SELECT c.fydm, 'case_debtor', NULL, 'rows', CAST(COUNT(*) AS VARCHAR)
FROM chosen AS c JOIN pc_zwr AS z ON z.ajbs = c.ajbs GROUP BY c.fydm
UNION ALL
SELECT c.fydm, 'case_event', NULL, 'rows', CAST(COUNT(*) AS VARCHAR)
FROM chosen AS c JOIN pc_jd AS jd ON jd.ajbs = c.ajbs GROUP BY c.fydm
UNION ALL
SELECT fydm, 'asset_disposal', NULL, 'rows', CAST(n AS VARCHAR) FROM cccz
UNION ALL
SELECT fydm, 'asset_disposal', NULL, 'appraised_amount', CAST(CAST(pg AS BIGINT) AS VARCHAR) FROM cccz
UNION ALL
SELECT fydm, 'asset_disposal', NULL, 'deal_amount', CAST(CAST(cj AS BIGINT) AS VARCHAR) FROM cccz

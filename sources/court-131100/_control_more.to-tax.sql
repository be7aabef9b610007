-- Control totals of what the tax bureau alone gets: its claims in the table of claims, and the payments on them.
-- Goes on from `_control_cases.sql`.
, zqsh AS (
    SELECT c.fydm, COUNT(*) AS n, SUM(ROUND(sh.sbje * 100)) AS sb, SUM(ROUND(sh.qrje * 100)) AS qr
    FROM chosen AS c JOIN pc_zqsh AS sh ON sh.ajbs = c.ajbs
    WHERE sh.zqrmc LIKE '%税务%'
    GROUP BY c.fydm
),
fp AS (
    SELECT c.fydm, COUNT(*) AS n, SUM(ROUND(p.yfje * 100)) AS yf, SUM(ROUND(p.sfje * 100)) AS sf
    FROM chosen AS c JOIN pc_fp AS p ON p.ajbs = c.ajbs
    LEFT JOIN (
        SELECT ajbs, sbh, MAX(CASE WHEN zqrmc LIKE '%税务%' THEN 1 ELSE 0 END) AS ours
        FROM pc_zqsh
        WHERE ajbs IN (SELECT ajbs FROM chosen)
        GROUP BY ajbs, sbh
    ) AS whose ON whose.ajbs = p.ajbs AND whose.sbh = p.sbh
    WHERE COALESCE(whose.ours, 1) = 1
    GROUP BY c.fydm
)
SELECT fydm AS court_code, 'claim_review' AS dataset, NULL AS stage, 'rows' AS measure,
       CAST(n AS VARCHAR) AS figure
FROM zqsh
UNION ALL
SELECT fydm, 'claim_review', NULL, 'declared_amount', CAST(CAST(sb AS BIGINT) AS VARCHAR) FROM zqsh
UNION ALL
SELECT fydm, 'claim_review', NULL, 'confirmed_amount', CAST(CAST(qr AS BIGINT) AS VARCHAR) FROM zqsh
UNION ALL
SELECT fydm, 'distribution', NULL, 'rows', CAST(n AS VARCHAR) FROM fp
UNION ALL
SELECT fydm, 'distribution', NULL, 'payable_amount', CAST(CAST(yf AS BIGINT) AS VARCHAR) FROM fp
UNION ALL
SELECT fydm, 'distribution', NULL, 'paid_amount', CAST(CAST(sf AS BIGINT) AS VARCHAR) FROM fp

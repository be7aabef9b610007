-- Control totals of what the social-security bureau alone gets: its own claims in the table of claims, as in
-- claim_review.to-ss.sql. Goes on from `_control_cases.sql`.
, zqsh AS (
    SELECT c.fydm, COUNT(*) AS n, SUM(ROUND(sh.sbje * 100)) AS sb, SUM(ROUND(sh.qrje * 100)) AS qr
    FROM chosen AS c JOIN pc_zqsh AS sh ON sh.ajbs = c.ajbs
    WHERE sh.zqrmc LIKE '%社会保险%' AND sh.zqrmc NOT LIKE '%税务%'
    GROUP BY c.fydm
)
SELECT fydm AS court_code, 'claim_review' AS dataset, NULL AS stage, 'rows' AS measure,
       CAST(n AS VARCHAR) AS figure
FROM zqsh
UNION ALL
SELECT fydm, 'claim_review', NULL, 'declared_amount', CAST(CAST(sb AS BIGINT) AS VARCHAR) FROM zqsh
UNION ALL
SELECT fydm, 'claim_review', NULL, 'confirmed_amount', CAST(CAST(qr AS BIGINT) AS VARCHAR) FROM zqsh

-- Payments on the tax bureau's claims. The table does not say who was paid; a payment on a claim that the review
-- lists under other creditors alone is left out.
SELECT
    CAST(aj.ajbs AS VARCHAR) AS _record,
    aj.ah                    AS case_no,
    fp.sbh                   AS claim_no,
    fp.zqxz_dm               AS rank,
    CAST(fp.yfje AS VARCHAR) AS payable_amount,
    CAST(fp.sfje AS VARCHAR) AS paid_amount,
    CAST(fp.fprq AS VARCHAR) AS paid_on
FROM cases AS aj
JOIN pc_fp AS fp ON fp.ajbs = aj.ajbs
LEFT JOIN (
    SELECT ajbs, sbh, MAX(CASE WHEN zqrmc LIKE '%税务%' THEN 1 ELSE 0 END) AS ours
    FROM pc_zqsh
    WHERE ajbs IN (SELECT ajbs FROM cases)
    GROUP BY ajbs, sbh
) AS whose ON whose.ajbs = fp.ajbs AND whose.sbh = fp.sbh
WHERE COALESCE(whose.ours, 1) = 1
ORDER BY fp.fpbs

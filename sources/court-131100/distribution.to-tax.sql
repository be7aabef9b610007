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
WHERE NOT EXISTS (
        SELECT 1 FROM pc_zqsh AS other WHERE other.ajbs = fp.ajbs AND other.sbh = fp.sbh
    )
    OR EXISTS (
        SELECT 1 FROM pc_zqsh AS own
        WHERE own.ajbs = fp.ajbs AND own.sbh = fp.sbh AND own.zqrmc LIKE '%税务%'
    )
ORDER BY fp.fpbs

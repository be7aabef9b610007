-- Only the tax bureau's claims. Those of other creditors are none of its business: the contract has no column that
-- would say whose a claim is, so they are left out here. A claim without a creditor's name is left out too.
SELECT
    CAST(aj.ajbs AS VARCHAR) AS _record,
    aj.ah                    AS case_no,
    sh.sbh                   AS claim_no,
    sh.zqxz_dm               AS rank,
    CAST(sh.sbje AS VARCHAR) AS declared_amount,
    CAST(sh.qrje AS VARCHAR) AS confirmed_amount,
    CAST(sh.shzt_dm AS VARCHAR) AS review_status,
    CAST(sh.shrq AS VARCHAR) AS reviewed_on,
    sh.ly                    AS reason
FROM cases AS aj
JOIN pc_zqsh AS sh ON sh.ajbs = aj.ajbs
WHERE sh.zqrmc LIKE '%税务%'
ORDER BY sh.shbs

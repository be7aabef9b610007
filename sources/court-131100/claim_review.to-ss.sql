-- Only the social-security bureau's own claims; see claim_review.to-tax.sql. Social insurance premiums the tax bureau
-- collects and declares are the tax bureau's claims, not these.
SELECT
    CAST(aj.ajbs AS VARCHAR) AS _record,
    aj.ah                    AS case_no,
    sh.sbh                   AS claim_no,
    sh.zqxz_dm               AS rank,
    CAST(sh.sbje AS VARCHAR) AS declared_amount,
    CAST(sh.qrje AS VARCHAR) AS confirmed_amount,
    CAST(sh.shzt_dm AS VARCHAR) AS review_status,
    CAST(sh.shrq AS VARCHAR) AS reviewed_on
FROM cases AS aj
JOIN pc_zqsh AS sh ON sh.ajbs = aj.ajbs
WHERE sh.zqrmc LIKE '%社会保险%' AND sh.zqrmc NOT LIKE '%税务%'
ORDER BY sh.shbs

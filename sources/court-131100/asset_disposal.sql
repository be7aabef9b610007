SELECT
    CAST(aj.ajbs AS VARCHAR) AS _record,
    aj.ah                    AS case_no,
    CAST(cz.czbs AS VARCHAR) AS disposal_no,
    cz.cclx_dm               AS asset_kind,
    cz.ccms                  AS description,
    CAST(cz.pgj AS VARCHAR)  AS appraised_amount,
    CAST(cz.cjj AS VARCHAR)  AS deal_amount,
    CAST(cz.cjrq AS VARCHAR) AS dealt_on,
    cz.msr                   AS buyer,
    cz.pt                    AS platform
FROM cases AS aj
JOIN pc_cccz AS cz ON cz.ajbs = aj.ajbs
ORDER BY cz.czbs

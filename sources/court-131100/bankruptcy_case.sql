-- One row per case. Of several administrators the one appointed last counts, then by name, so that the choice is
-- always the same. Clerks (sjy) and notes (bz) stay in the court.
SELECT
    CAST(aj.ajbs AS VARCHAR)    AS _record,
    aj.ah                       AS case_no,
    aj.fydm                     AS court_code,
    fy.fymc                     AS court_name,
    aj.ajlx_dm                  AS "procedure",
    aj.ajzt_dm                  AS stage,
    CAST(aj.larq AS VARCHAR)    AS filed_on,
    CAST(aj.slrq AS VARCHAR)    AS accepted_on,
    CAST(aj.ggrq AS VARCHAR)    AS announced_on,
    CAST(aj.zqsbjzrq AS VARCHAR) AS claims_due_on,
    CAST(aj.dychyrq AS VARCHAR) AS first_meeting_on,
    CAST(aj.xgrq AS VARCHAR)    AS declared_on,
    CAST(aj.zjrq AS VARCHAR)    AS terminated_on,
    aj.mc                       AS administrator_name,
    aj.fzr                      AS administrator_lead,
    aj.lxdh                     AS administrator_phone,
    CAST(aj.zdrq AS VARCHAR)    AS administrator_appointed_on,
    aj.cbr                      AS judge,
    CAST(aj.sfzd AS VARCHAR)    AS is_major,
    CAST(aj.gxsj AS VARCHAR)    AS source_updated_at
FROM (
    SELECT cases.*, glr.mc, glr.fzr, glr.lxdh, glr.zdrq,
           ROW_NUMBER() OVER (
               PARTITION BY cases.ajbs
               ORDER BY CASE WHEN glr.zdrq IS NULL THEN 1 ELSE 0 END, glr.zdrq DESC, glr.mc, glr.fzr, glr.lxdh
           ) AS nth
    FROM cases
    LEFT JOIN pc_glr AS glr ON glr.ajbs = cases.ajbs
) AS aj
LEFT JOIN fy ON fy.fydm = aj.fydm
WHERE aj.nth = 1
ORDER BY aj.ajbs

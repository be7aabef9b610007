SELECT
    CAST(aj.ajbs AS VARCHAR) AS _record,
    aj.ah                    AS case_no,
    CAST(jd.jdbs AS VARCHAR) AS event_no,
    jd.jdlx_dm               AS event,
    CAST(jd.jdrq AS VARCHAR) AS happened_on,
    jd.wsh                   AS document_no,
    jd.wsmc                  AS document_title
FROM cases AS aj
JOIN pc_jd AS jd ON jd.ajbs = aj.ajbs
ORDER BY jd.jdbs

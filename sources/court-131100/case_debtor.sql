-- The legal representative's id number (fddbrsfz) never leaves the court.
SELECT
    CAST(aj.ajbs AS VARCHAR)   AS _record,
    aj.ah                      AS case_no,
    CAST(zwr.zwrbs AS VARCHAR) AS debtor_no,
    zwr.mc                     AS name,
    zwr.cym                    AS former_name,
    zwr.tyshxydm               AS uscc,
    zwr.nsrsbh                 AS old_taxpayer_id,
    zwr.zcdz                   AS address,
    zwr.fddbr                  AS legal_representative,
    zwr.hydm                   AS industry_code
FROM cases AS aj
JOIN pc_zwr AS zwr ON zwr.ajbs = aj.ajbs
ORDER BY zwr.zwrbs

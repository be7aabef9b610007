-- Every case the courts' register holds, petitions and ended ones too: its numbers are looked through for gaps, and
-- what should have been read is held against what was. Nothing of it is sent. The common beginning of the folder's
-- queries is not put before it.
SELECT
    CAST(aj.ajbs AS VARCHAR) AS _record,
    aj.ah                    AS case_no,
    aj.fydm                  AS court_code,
    aj.ajzt_dm               AS stage,
    CAST(aj.zjrq AS VARCHAR) AS terminated_on,
    CAST(aj.gxsj AS VARCHAR) AS source_updated_at
FROM pc_aj AS aj
WHERE aj.fydm IN :courts
ORDER BY aj.ajbs

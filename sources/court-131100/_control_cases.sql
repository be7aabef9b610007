-- The cases an exchange selects, as every query of control totals counts them: put before each of `_control*.sql`. Written
-- without `_cases.sql`, so that a fault there shows.
WITH chosen AS (
    SELECT aj.ajbs, aj.fydm, TRIM(aj.ajzt_dm) AS stage
    FROM pc_aj AS aj
    WHERE aj.fydm IN :courts
      AND COALESCE(TRIM(aj.ajzt_dm), '') NOT IN ('10', '90')
      AND NOT (
          COALESCE(CAST(aj.zjrq AS VARCHAR), '') LIKE '____-__-__%'
          AND CAST(aj.zjrq AS VARCHAR) < :since
          AND (aj.gxsj IS NULL OR CAST(aj.gxsj AS VARCHAR) < :since)
      )
)

-- The cases of the courts that an exchange may select; put before every query of this folder.
-- It may return more than is selected, never less: only what can't be selected is left out, which is a petition,
-- a refusal, and what both ended and was last updated before the quarter. A null or unknown stage stays.
-- Dates are compared as text, in ISO form on both PostgreSQL and SQLite; one that is none counts as none.
WITH cases AS (
    SELECT aj.*
    FROM pc_aj AS aj
    WHERE aj.fydm IN :courts
      AND (aj.ajzt_dm IS NULL OR aj.ajzt_dm NOT IN ('10', '90'))
      AND (aj.zjrq IS NULL OR aj.gxsj IS NULL
           OR CAST(aj.zjrq AS VARCHAR) NOT LIKE '____-__-__%'
           OR CAST(aj.zjrq AS VARCHAR) >= :since OR CAST(aj.gxsj AS VARCHAR) >= :since)
)

-- Leads that judges and enforcement officers noted in economic disputes. The court adds the table ms_ssxs (sources/README.md);
-- a database without it holds no leads, and the exchange says so. Natural persons are left out here: whoever has no USCC.
SELECT
    CAST(xs.xsbs AS VARCHAR) AS _record,
    CAST(xs.xsbs AS VARCHAR) AS lead_no,
    xs.fydm                  AS court_code,
    xs.ah                    AS case_no,
    xs.xslx_dm               AS lead_kind,
    xs.yj_dm                 AS basis,
    xs.nsrmc                 AS taxpayer_name,
    xs.nsrdm                 AS taxpayer_uscc,
    xs.dfmc                  AS counterparty_name,
    xs.dfdm                  AS counterparty_uscc,
    CAST(xs.je AS VARCHAR)   AS amount,
    CAST(xs.fsrq AS VARCHAR) AS happened_on,
    CAST(xs.cprq AS VARCHAR) AS judged_on,
    xs.wsh                   AS document_no,
    CAST(xs.fxrq AS VARCHAR) AS found_on,
    CAST(xs.gxsj AS VARCHAR) AS source_updated_at
FROM ms_ssxs AS xs
WHERE xs.fydm IN :courts AND xs.nsrdm IS NOT NULL AND xs.nsrdm <> ''
ORDER BY xs.xsbs

"""A court's database written as its exchange XML, one document a case, in the encodings and date forms courts use."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

NAMESPACE: Final = "http://dataexchange.court.gov.cn/2009/data"
LISTS: Final[Mapping[str, str]] = {
    "破产管理人": (
        "SELECT mc 破产管理人, fzr 负责人, lxdh 办公电话, zdrq 管理人指定日期 FROM pc_glr WHERE ajbs = ? "
        "ORDER BY zdrq IS NULL, zdrq DESC, mc, fzr, lxdh LIMIT 1"
    ),
    "与案实体名录": (
        "SELECT zwrbs 序号, mc 名称, cym 曾用名, tyshxydm 统一社会信用代码, nsrsbh 纳税人识别号, "
        "zcdz 地址, fddbr 法定代表人, "
        "fddbrsfz 证件号码, hydm 行业代码 FROM pc_zwr WHERE ajbs = ? ORDER BY zwrbs"
    ),
    "审理进程": (
        "SELECT jdbs 序号, jdlx_dm 类型, jdrq 日期, wsh 文书号, wsmc 文书名称 "
        "FROM pc_jd WHERE ajbs = ? ORDER BY jdbs"
    ),
    "财产处置": (
        "SELECT czbs 序号, cclx_dm 类型, ccms 描述, pgj 评估价, cjj 成交价, cjrq 成交日期, msr 买受人, pt 平台 "
        "FROM pc_cccz WHERE ajbs = ? ORDER BY czbs"
    ),
    "债权审查": (
        "SELECT zqrmc 债权人, sbh 申报编号, zqxz_dm 债权性质, sbje 申报金额, qrje 确认金额, "
        "shzt_dm 审查状态, "
        "shrq 审查日期, "
        "ly 理由 FROM pc_zqsh WHERE ajbs = ? ORDER BY shbs"
    ),
    "财产分配": (
        "SELECT coalesce((SELECT max(zqrmc) FROM pc_zqsh s WHERE s.ajbs = f.ajbs AND s.sbh = f.sbh), "
        "'税务') "
        "债权人, "
        "sbh 申报编号, zqxz_dm 债权性质, yfje 应付金额, sfje 实付金额, "
        "fprq 分配日期 FROM pc_fp f WHERE ajbs = ? ORDER BY fpbs"
    ),
}  # fmt: skip
CASE: Final[Sequence[tuple[str, str]]] = (
    ("经办法院/代码", "fydm"), ("经办法院/名称", "fymc"), ("收案信息/案号", "ah"), ("收案信息/收案日期", "larq"),
    ("审理信息/程序类型", "ajlx_dm"), ("审理信息/程序阶段", "ajzt_dm"), ("审理信息/裁定受理日期", "slrq"),
    ("审理信息/公告日期", "ggrq"), ("审理信息/债权申报截止日期", "zqsbjzrq"),
    ("审理信息/第一次债权人会议日期", "dychyrq"),
    ("审理信息/承办人", "cbr"), ("审理信息/是否重大", "sfzd"), ("审理信息/更新时间", "gxsj"),
    ("破产清算情况/宣告破产日期", "xgrq"), ("破产清算情况/裁定终结破产程序日期", "zjrq"),
)  # fmt: skip


def write_court_xml(database: Path, folder: Path, *, court: str | None = None) -> int:
    """One document for each case of a court, or of all; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        wanted = "SELECT aj.*, fy.fymc FROM pc_aj aj LEFT JOIN fy ON fy.fydm = aj.fydm WHERE ? IS NULL OR aj.fydm = ?"
        cases = connection.execute(wanted, (court, court)).fetchall()
        for n, case in enumerate(cases):
            encoding = "GB18030" if n % 2 else "UTF-8"
            text = f'<?xml version="1.0" encoding="{encoding}"?>\n{_document(connection, case, compact=n % 3 == 0)}'
            (folder / f"{case['ajbs']:09d}.xml").write_bytes(text.encode(encoding))
    connection.close()
    return len(cases)


def write_register(database: Path, folder: Path, *, court: str, since: str) -> None:
    """The court's register document: every case, and the counts and sums of the quarter's that begins on `since`."""
    queries = Path(__file__).parents[2] / "sources/court-131100"
    chosen = (queries / "_control_cases.sql").read_text(encoding="utf-8")
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        cases = connection.execute(
            "SELECT ajbs 案件标识, ah 案号, fydm 经办法院代码, ajzt_dm 程序阶段, zjrq 裁定终结破产程序日期, "
            "gxsj 更新时间 "
            "FROM pc_aj WHERE fydm = ?",
            (court,),
        ).fetchall()
        body = f"<案件>{''.join(map(_entry, cases))}</案件>"
        scopes = {"全部": "_control", "税务": "_control_more.to-tax", "社会保险": "_control_more.to-ss"}
        for scope, name in scopes.items():
            query = (chosen + (queries / f"{name}.sql").read_text(encoding="utf-8")).replace("IN :courts", "= :court")
            for row in connection.execute(query, {"court": court, "since": since}).fetchall():
                names = ("经办法院代码", "数据集", "程序阶段", "项目", "数值")
                inside = "".join(_leaf(n, value, compact=False) for n, value in zip(names, tuple(row), strict=True))
                body += f"<统计><R><范围>{scope}</范围>{inside}</R></统计>"
    connection.close()
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<案件登记簿 xmlns="{NAMESPACE}">{body}</案件登记簿>'
    (folder / "register.xml").write_text(text, encoding="utf-8")


def _entry(row: sqlite3.Row) -> str:
    return f"<R>{''.join(_leaf(name, row[name], compact=False) for name in row.keys())}</R>"  # noqa: SIM118


def _document(connection: sqlite3.Connection, case: sqlite3.Row, *, compact: bool) -> str:
    groups: dict[str, str] = {}
    for path, column in CASE:
        group, name = path.split("/")
        groups[group] = groups.get(group, "") + _leaf(name, case[column], compact)
    body = "".join(f"<{group}>{inside}</{group}>" for group, inside in groups.items())
    for name, query in LISTS.items():
        rows = connection.execute(query, (case["ajbs"],)).fetchall()
        inside = "".join(f"<R>{''.join(_leaf(k, row[k], compact) for k in row.keys())}</R>" for row in rows)  # noqa: SIM118
        body += f"<{name}>{inside}</{name}>"
    return f'<破产案件 xmlns="{NAMESPACE}"><案件标识>{case["ajbs"]}</案件标识>{body}</破产案件>'


def _leaf(name: str, value: Any, compact: bool) -> str:
    if value is None:
        return ""
    text = str(value)
    if compact and name.endswith("日期"):
        text = text.replace("-", "")
    return f"<{name}>{escape(text).replace(chr(13), '&#13;')}</{name}>"

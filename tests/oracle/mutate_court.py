"""Defects in the court's own database: case numbers, courts, stages, dates, debtors, amounts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import date, timedelta

from tests.oracle.forms import case_number, uscc_is_right
from tests.oracle.world import World, uscc

BLANKS = (" ", "\u3000", "\u00a0", "\t", "\u200b", "\u200c", "\u200d", "\ufeff", "\u2003", "\u2060", "\n")
PAIRS = (
    "()",
    "（）",
    "〔〕",
    "[]",
    "［］",
    "【】",
    "{}",
    "｛｝",
    "〈〉",
    "《》",
    "「」",
    "『』",
    "〖〗",
    "(）",
    "〔)",
    "﹙﹚",
    "﹝﹞",
)
SUFFIXES = ("号之一", "之一号", "号-1", "-1号", "号之1", "之12号", "号之十二", "号－1", "－２号", "号-１")
LEGACY = (
    "（2015）江宁商破字第17号",
    "(2015)衡民破字第03号",
    "（2015）衡商破字第17号之一",
    "（2014）冀衡破第5号",
    "（2015）冀1103民破2号",
    "2016冀1103民破02号",
    "2016冀11民破2号",
    "（2016冀1126民算3号",
    "2016川14民破2号",
    "（2016）冀民破7号",
    "（2016）冀1181民破7号",
    "［2016］冀1181民破8号",
)
MALFORMED = (
    "2026年破产第7号",
    "2026冀1103破3号",
    "（2026）冀1103破03号",
    "（2026）冀1103破0号",
    "（1999）冀1103破3号",
    "（2026）最高法破3号",
    "（2026）冀破3号",
    "（2026）冀1破3号",
    "（2026）冀11031破3号",
    "（2026）冀1103民初3号",
    "（2026）冀1103执3号",
    "（2026）冀1103破3",
    "（2026）冀1103破3号之一之二",
    "（2026）冀1103破3号附",
    "关于（2026）冀1103破3号",
    "（2026）（冀1103）破3号",
    "（26）冀1103破3号",
    "（2026）冀1103破三号",
    "（2026）龘1103破3号",
    "（2015）衡民破字17号",
    "号",
    "-1号",
)
CODES = ("冀1181", "冀1103", "冀11", "冀1102", "冀0102", "冀110", "冀1182", "京01", "冀1126", "兵01")
TYPES = ("破", "破申", "强清", "清申", "破终", "破监", "清终", "清监", "民破", "民算")
STAGES = (None, "", "47", "00", "5", "8", "10", "20", "30", "40", "50", "60", "70", "80", "90", "80", "20")
FORMULAS = ("=SUM(A1)", "+河北", "-河北", "@河北", "＝河北", "＋河北", "－河北", "＠河北", "河北=1", "'=河北", "–河北")
MASKS = ("河北*公司", "河北＊公司", "*", "＊＊有限公司", "河北×公司", "河北·公司")


def blanks(rng: random.Random, text: str, times: int = 2, outer: bool = False) -> str:
    for _ in range(rng.randint(1, times)):
        at = rng.choice((0, len(text))) if outer else rng.randint(0, len(text))
        text = text[:at] + rng.choice(BLANKS) + text[at:]
    return text


def wide(rng: random.Random, text: str, share: float = 1.0) -> str:
    """Some of the ASCII letters and digits in full width."""
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() and rng.random() < share else c for c in text)


def restyled(rng: random.Random, number: str) -> str:
    """A case number as somebody else might have typed it."""
    if rng.random() < 0.4 and re.search(r"[^之-][0-9]+号$", number) and case_number(number) == number:
        number = number[:-1] + rng.choice(SUFFIXES)
    if rng.random() < 0.6:
        pair = rng.choice(PAIRS)
        number = number.replace("（", pair[0]).replace("）", pair[1])
    if rng.random() < 0.3:
        number = wide(rng, number, rng.choice((0.2, 1.0)))
    return blanks(rng, number) if rng.random() < 0.4 else number


def number_style(w: World) -> None:
    case = w.case()
    w.set_case(case, ah=restyled(w.rng, case_number(case["ah"] or "（2026）冀1103破77号")))


def number_form(w: World) -> None:
    case = w.case()
    number = w.rng.choice(w.rng.choice((LEGACY, MALFORMED)))
    w.set_case(case, ah=restyled(w.rng, number) if w.rng.random() < 0.3 else number)
    if w.rng.random() < 0.5:
        w.set_case(case, fydm=w.rng.choice(("冀1103", "冀11", "冀1126")))


def number_code(w: World) -> None:
    case = w.case()
    year, serial = w.rng.choice((2015, 2016, 2024, 2026)), w.rng.randint(1, 60)
    w.set_case(case, ah=f"（{year}）{w.rng.choice(CODES)}{w.rng.choice(TYPES)}{serial}号")
    if w.rng.random() < 0.5:
        w.set_case(case, fydm=w.rng.choice((*w.courts, "冀1181", "冀0102", None)))


def number_empty(w: World) -> None:
    for _ in range(w.rng.randint(1, 3)):
        w.set_case(w.case(), ah=w.rng.choice((None, "")))


def number_twice(w: World) -> None:
    first = w.case()
    number = case_number(first["ah"] or "") or "（2026）冀1103破88号"
    if w.rng.random() < 0.3:
        number = w.rng.choice((*LEGACY, "（2026）冀1103破088号", "（2026）冀1181破88号", "（2026）冀1103破88号"))
        w.set_case(first, ah=number)
    for _ in range(w.rng.randint(1, 2)):
        other = w.case()
        w.set_case(other, ah=restyled(w.rng, number) if w.rng.random() < 0.5 else number)
        if w.rng.random() < 0.3:
            w.set_case(other, fydm=first["fydm"])


def court(w: World) -> None:
    w.set_case(w.case(), fydm=w.rng.choice((*w.courts, "冀1181", "冀0102", "", None)))


def stage(w: World) -> None:
    w.set_case(w.case(), ajzt_dm=w.rng.choice(STAGES))


def ended(w: World) -> None:
    start, rng = w.start, w.rng
    on = start + timedelta(days=rng.choice((-400, -2, -1, 0, 1, 200, 400)))
    updated = rng.choice(
        (
            f"{start - timedelta(days=1)} 23:59:59",
            f"{start} 00:00:00",
            f"{start} 07:59:59",
            f"{start + timedelta(days=1)} 00:00:00",
            "2024-01-01 00:00:00",
            "2028-01-01 00:00:00",
        )
    )
    w.set_case(w.case(), zjrq=rng.choice((on, on, None)), gxsj=updated)
    if rng.random() < 0.5:
        w.set_case(w.case(), zjrq=on, gxsj=updated, ajzt_dm=rng.choice(("80", "70", None, "47")))


def nothing(w: World) -> None:
    """A date that is missing."""
    for name in w.rng.sample(("slrq", "ggrq", "zqsbjzrq", "dychyrq", "xgrq", "zjrq"), w.rng.randint(1, 3)):
        w.set_case(w.case(), **{name: None})


def accepted(w: World) -> None:
    day = w.as_of + timedelta(days=w.rng.choice((-9, -8, -7, -6, -1, 0, 1, 2, 300)))
    w.set_case(w.case(), slrq=day)


def due_soon(w: World) -> None:
    w.set_case(w.case(), zqsbjzrq=w.as_of + timedelta(days=w.rng.choice((-2, -1, 0, 1, 6, 7, 8))))


def claim_period(w: World) -> None:
    case, rng = w.case(), w.rng
    announced = rng.choice(
        (
            date(2025, 11, 30),
            date(2024, 11, 30),
            date(2026, 8, 31),
            date(2026, 3, 31),
            date(2025, 7, 1),
            date(2025, 11, 1),
            date(2026, 1, 31),
            date(2026, 9, 30),
            date(2026, 10, 1),
            date(2026, 10, 2),
            date(2026, 11, 15),
            date(2026, 12, 31),
            date(2027, 1, 31),
            date(2027, 7, 1),
            date(2027, 2, 1),
            w.as_of - timedelta(days=rng.randint(0, 400)),
            w.as_of - timedelta(days=rng.randint(0, 400)),
        )
    )
    span = rng.choice((-1, 0, 1, 28, 29, 30, 31, *range(87, 104)))
    due = announced + timedelta(days=span)
    meeting = rng.choice((None, due + timedelta(days=rng.choice((-1, 0, 1, 10)))))
    w.set_case(case, ggrq=announced, zqsbjzrq=due, dychyrq=meeting)


def meeting(w: World) -> None:
    case = w.case()
    if case["zqsbjzrq"]:
        day = date.fromisoformat(str(case["zqsbjzrq"])) + timedelta(days=w.rng.choice((-1, 0, 1)))
        w.set_case(case, dychyrq=day)


def major(w: World) -> None:
    w.set_case(w.case(), sfzd=1)
    if w.rng.random() < 0.5:
        w.set_case(w.case(), sfzd=1, ajzt_dm=w.rng.choice((None, "47", "", "80", "10")))


def procedure(w: World) -> None:
    w.set_case(w.case(), ajlx_dm=w.rng.choice(("01", "02", "03", "04", "04")))


def debtors(w: World) -> None:
    case = w.case()
    if w.rng.random() < 0.4:
        w.db.execute("DELETE FROM pc_zwr WHERE ajbs = ?", (case["ajbs"],))
    else:
        for _ in range(w.rng.randint(1, 3)):
            w.add_debtor(case)


def bad_code(rng: random.Random, code: str) -> str | None:
    """A unified social credit code with one thing about it."""
    body = list(code)
    at = rng.randint(0, 17)
    swapped = {"0": "O", "1": "I", "5": "S", "2": "Z", "U": "V"}
    near = [n for n, c in enumerate(body) if c in swapped] or [at]
    near_at = rng.choice(near)
    return rng.choice(
        (
            code.lower(),
            wide(rng, code, rng.choice((0.2, 1.0))),
            wide(rng, code.lower(), rng.choice((0.2, 1.0))),
            blanks(rng, code),
            blanks(rng, code.lower()),
            blanks(rng, wide(rng, code, 0.3)),
            code[:17] + rng.choice("0123456789ABCDEFGHJKLMNPQRTUWXY"),
            code[:near_at] + swapped.get(code[near_at], "O") + code[near_at + 1 :],
            code[:17],
            code + "0",
            code[:15],
            uscc(rng, "N2" + code[2:17]),
            uscc(rng, code[:3] + "A" + code[4:17]),
            "131103730200012",
            "无",
            "",
            None,
        )
    )


def debtor_code(w: World) -> None:
    case = w.case()
    for debtor in w.debtors(case):
        if debtor["tyshxydm"]:
            code = case_number(debtor["tyshxydm"]).upper()
            changed = bad_code(w.rng, code if uscc_is_right(code) else uscc(w.rng))
            w.set("pc_zwr", "zwrbs", debtor["zwrbs"], tyshxydm=changed)


def old_id(w: World) -> None:
    case = w.case()
    for debtor in w.debtors(case)[:1] or [w.add_debtor(case)]:
        given = w.rng.choice(("131103730200012", "13110373020001X", "", None))
        w.set("pc_zwr", "zwrbs", debtor["zwrbs"], nsrsbh=given)
        if w.rng.random() < 0.8:
            w.set("pc_zwr", "zwrbs", debtor["zwrbs"], tyshxydm=w.rng.choice((None, "")))


def names(w: World) -> None:
    case = w.case()
    for debtor in w.debtors(case)[:1]:
        rng = w.rng
        bad = rng.choice((*FORMULAS, *MASKS, "𠀋龘有限公司", "河北（集团）公司", "河北(集团)公司"))
        value = rng.choice((bad, bad, blanks(rng, bad, outer=True), blanks(rng, debtor["mc"], outer=True)))
        w.set("pc_zwr", "zwrbs", debtor["zwrbs"], **{rng.choice(("mc", "cym")): value})


def former_blank(w: World) -> None:
    for debtor in w.debtors(w.case())[:1]:
        w.set("pc_zwr", "zwrbs", debtor["zwrbs"], cym=w.rng.choice(("", None, "旧名有限公司", " 旧名有限公司\u3000")))


def amounts(w: World) -> None:
    case, rng = w.case(), w.rng
    amount = rng.choice(("-0.01", "-100.00", "-0.00", "0.00", "0.01"))
    spot = rng.choice(("deal", "deal", "appraised", "review", "payment"))
    if spot in ("deal", "appraised"):
        column = {"deal": "cjj", "appraised": "pgj"}[spot]
        row = {"pgj": "5.00", "cjj": rng.choice((None, "5.00"))} | {column: amount}
        fixed = {"cclx_dm": "03", "ccms": "车辆", "cjrq": w.as_of, "msr": "某", "pt": "某"}
        w.insert("pc_cccz", czbs=w.new_id(), ajbs=case["ajbs"], **row, **fixed)
        return
    table, key, columns = {
        "review": ("pc_zqsh", "shbs", ("sbje", "qrje")),
        "payment": ("pc_fp", "fpbs", ("yfje", "sfje")),
    }[spot]
    row = rng.choice(w.all(f"SELECT * FROM {table} ORDER BY {key}"))
    w.set(table, key, row[key], **{rng.choice(columns): amount})


def only_blanks(w: World) -> None:
    """Text of blanks alone where a value is expected."""
    case, rng = w.case(), w.rng
    text = rng.choice((" ", "\u3000", "\u200b", "  \t"))
    spot = rng.choice(("ah", "tyshxydm", "nsrsbh", "cym"))
    if spot == "ah":
        w.set_case(case, ah=text)
    for debtor in w.debtors(case)[:1] if spot != "ah" else ():
        w.set("pc_zwr", "zwrbs", debtor["zwrbs"], **{spot: text})


COURT: tuple[Callable[[World], None], ...] = (
    number_style,
    number_style,
    number_form,
    number_code,
    number_empty,
    number_twice,
    number_twice,
    court,
    stage,
    ended,
    nothing,
    accepted,
    due_soon,
    claim_period,
    claim_period,
    claim_period,
    meeting,
    major,
    procedure,
    debtors,
    debtor_code,
    debtor_code,
    old_id,
    names,
    former_blank,
    amounts,
)

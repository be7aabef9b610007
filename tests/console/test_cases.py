"""一案一档: found in any writing, one page a case, names masked until asked for, on one side of A4."""

from __future__ import annotations

from urllib.parse import quote, unquote

from exchange.console.case_file import read_case
from exchange.domain.canonical import canonical_json
from tests.console.kit import Console, plain

PAID_SHORT, SILENT, MANY = "（2026）冀1182破4号", "（2026）冀1122破2号", "（2025）冀1126破5号"


def test_one_hit_opens_the_case_several_are_listed_none_says_what_to_try(ends: tuple[Console, Console]) -> None:
    for end in ends:
        client = end.as_("audit-1")
        for typed in ("(2026) 冀1182 破4号", "2026冀1182破4", "９１１３１１82n6j3gqp6eu", "安泰瑞丰建材"):
            answer = client.get(f"/cases?q={quote(typed)}")
            assert unquote(answer.headers["location"]) == f"/cases/{PAID_SHORT}", typed
        several = plain(client.page(f"/cases?q={quote('隆昌')}"))
        assert "件" in several
        assert "隆昌" in several
        none = client.page(f"/cases?q={quote('<b>没有</b>')}")
        assert "未找到" in none
        assert "<b>没有" not in none
        assert "第 51–100 条" in plain(client.page("/cases?page=2"))
        assert plain(client.page("/cases?stage=terminated")).count("程序已终结") > 2


def test_a_case_tells_its_books_its_steps_and_all_that_happened(ends: tuple[Console, Console]) -> None:
    court, tax = (plain(end.as_("liaison-1").page(f"/cases/{quote(PAID_SHORT)}")) for end in ends)
    for text in (court, tax):
        for said in ("1,466,171.66", "1,466,111.66", "−60.00", "首次申报", "分配 1,530,063.00，少付 60.00", "宣告破产"):
            assert said in text, said
    assert "滞纳金复算一致" in court
    assert "对账由法院端进行" in tax
    assert "收到税务答复" in court
    silent = plain(ends[0].as_("liaison-1").page(f"/cases/{quote(SILENT)}"))
    assert "超期 119 日" in silent
    assert "本案尚无税费债权" in silent
    assert ends[0].as_("liaison-1").get("/cases/none").status_code == 404


def test_names_are_masked_until_a_click_that_is_recorded(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    file = read_case(court.house.parts, PAID_SHORT)
    assert file is not None
    person = str(file.debtors[0]["legal_representative"])
    one, other = court.as_("liaison-1"), court.as_("chief-1")
    path = f"/cases/{quote(PAID_SHORT)}"
    assert person not in one.page(path)
    assert one.post(f"{path}/reveal").status_code == 303
    event = list(court.house.parts.ledger.events(kind="looked_at"))[-1]
    assert (event.actor, event.body) == ("liaison-1", {"what": "names", "subject": PAID_SHORT})
    assert person in one.page(path)
    assert person not in one.page(f"/cases/{quote(SILENT)}")
    assert person not in other.page(path)
    assert one.post(f"{path}/printed").status_code == 204
    assert list(court.house.parts.ledger.events(kind="looked_at"))[-1].body["what"] == "case_printed"


def test_the_next_exchange_is_planned_and_a_reason_is_read_by_who_asked_for_it(
    fresh_ends: tuple[Console, Console],
) -> None:
    court, tax = fresh_ends
    case, reason = "（2026）冀1103破10号", "公告刊登迟延，已附说明"
    told = {
        "point": "a" * 16, "rule": "announced_late", "dataset": "bankruptcy_case", "case_no": case, "row_key": None,
        "note": "", "category": "confirmed_at_source", "reason": reason, "by": "liaison-1",
        "at": "2026-10-09T02:30:47+00:00", "since": None,
    }  # fmt: skip
    for end, name in ((court, "content/reasons.json"), (tax, "inside/reasons.json")):
        [key] = [e.key for e in end.house.parts.ledger.exchanges(kind="Q")]
        end.house.parts.vault.put(key, name, canonical_json([told, {**told, "case_no": "（2026）冀1103破6号"}]))
        officer = end.as_("chief-1")
        said = plain(officer.page(f"/cases/{case}"))
        assert said.count("已说明：受理后逾二十五日才公告") == 1
        assert "下一批次 2026Q4，截止" in said
        assert reason not in said
        officer.post(f"/cases/{case}/reveal")
        assert reason in plain(officer.page(f"/cases/{case}"))
        assert "下一批次" not in plain(officer.page("/cases/（2025）冀1102破1号")), "a case that ended"

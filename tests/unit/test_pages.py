"""The answer's page at the tax end: what its data says, that it shows no value, and how pages behave at their edges."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchange.adapters.pages import HtmlPages
from exchange.domain.answer_report import answer_report, counts_of
from exchange.domain.answering import Answer, check_answer
from exchange.domain.content import stage_content
from exchange.domain.tabular import read_csv
from exchange.domain.wording import SHOWN
from tests.unit import reconcile_worlds as worlds
from tests.unit.test_reconcile_steps import BACK, OUT, End, make_end, sent_rows

RETURN = worlds.WORLDS / "sample" / "tax_return"


@pytest.fixture
def tax(tmp_path: Path) -> Iterator[End]:
    end = make_end(worlds.TAX, tmp_path / "tax")
    end.land(OUT, sent_rows(tmp_path))
    yield end
    end.ledger.close()


def faulty(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """A copy of the sample's return with (file, old, new) changed once each."""
    shutil.copytree(RETURN, folder)
    for name, old, new in changes:
        path = folder / f"{name}.csv"
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def data(folder: Path, tmp_path: Path, *, stopped: bool = False, more: Any = lambda found: found) -> dict[str, Any]:
    """The page's data of a return, checked against the sample's quarter."""
    route, sent = worlds.agreed().route(BACK), sent_rows(tmp_path)
    frames = {
        c.dataset: read_csv((folder / f"{c.dataset}.csv").read_bytes(), c, zero_one_bools=True)
        for c in route.carries("A")
        if not route.line(c.dataset).optional
    }
    found: Answer = more(
        check_answer(
            frames,
            route=route,
            code_lists=worlds.agreed().codes,
            cases=sent["bankruptcy_case"],
            debtors=sent["case_debtor"],
        )
    )
    content = stage_content(found.frames, route, tmp_path)
    return answer_report(
        found,
        content,
        {name: len(frame) for name, frame in frames.items()},
        counts_of(found.frames),
        agreement=worlds.agreed(),
        route=route,
        key="131100-claims.A.0123456789ab",
        as_of="2026-10-09",
        made_at=datetime(2026, 10, 9, 1, 30, tzinfo=UTC),
        stopped=stopped,
    )


def rows(name: str) -> list[dict[str, str]]:
    with (RETURN / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def by(told: list[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    return {one["of"][0]: (one["count"], one.get("sum", "")) for one in told}


def in_force() -> list[dict[str, str]]:
    """The lines of each claim's highest version, none of a withdrawn one; reckoned the long way."""
    newest = {c["claim_no"]: c for c in sorted(rows("tax_claim"), key=lambda c: int(c["version"]))}
    live = {(c["claim_no"], c["version"]) for c in newest.values() if c["kind"] != "withdrawal"}
    return [line for line in rows("tax_claim_line") if (line["claim_no"], line["version"]) in live]


def reckoned(of: Callable[[dict[str, str]], str]) -> dict[str, tuple[int, str]]:
    """Lines in force and their sum, by a word."""
    found: dict[str, tuple[int, Decimal]] = {}
    for line in in_force():
        count, total = found.get(of(line), (0, Decimal(0)))
        found[of(line)] = (count + 1, total + Decimal(line["amount"]))
    return {word: (count, f"{total:.2f}") for word, (count, total) in found.items()}


def test_sums_are_of_the_versions_in_force(tmp_path: Path) -> None:
    told = data(RETURN, tmp_path)
    ranks, levies = worlds.agreed().codes["rank"].names_zh, worlds.agreed().codes["levy"].extra
    kinds = {"tax": "税收", "social_insurance": "社会保险费", "surcharge": "附加费", "nontax": "非税收入"}
    assert by(told["ranks"]) == reckoned(lambda line: ranks[line["rank"]])
    assert by(told["levies"]) == reckoned(lambda line: kinds[levies[line["levy_code"]]["kind"]])
    assert told["sum"] == f"{sum(Decimal(line['amount']) for line in in_force()):.2f}"
    assert len(in_force()) < len(rows("tax_claim_line"))


def test_claims_and_status_are_counted(tmp_path: Path) -> None:
    told = data(RETURN, tmp_path)
    assert told["claims"] == {"given": 88, "sent": 88, "held": 0}
    assert by(told["kinds"]) == {
        "首次申报": (86, ""), "变更申报": (1, ""), "补充申报": (1, ""), "撤回申报": (2, ""), "无欠税费": (1, ""),
    }  # fmt: skip
    status = rows("tax_status")
    assert by(told["debtors"])["非正常"][0] == sum(one["registration"] == "abnormal" for one in status)
    assert by(told["debtors"])["停供发票"][0] == sum(one["invoices_suspended"] == "1" for one in status)
    assert (told["party_kind"], told["made_at"]) == ("tax", "2026-10-09 09:30")


def test_what_stays_is_listed_by_file_and_line_with_rule_and_remedy(tmp_path: Path) -> None:
    folder = faulty(
        tmp_path / "files",
        ("tax_claim_line", ",30216,", ",99999,"),
        ("tax_claim", ",original,", ",first,"),
        ("tax_status", "\n", "\n91131100MA0ABCDE67,2026-10-09,normal,0,0\n"),
    )
    told = data(folder, tmp_path)
    assert [(one["file"], one["line"], one["name"]) for one in told["held"]["shown"]] == [
        ("tax_claim.csv", 2, "kind"), ("tax_claim_line.csv", 2, "levy_code"),
    ]  # fmt: skip
    assert {one["rule"] for one in told["held"]["shown"]} == {("代码不在代码表", "A code is not in its list")}
    (refused,) = told["refused"]["shown"]
    assert (refused["file"], refused["line"], refused["column"][0]) == ("tax_status.csv", 2, "债务人统一社会信用代码")
    assert "征管法" in refused["remedy"][0]
    kept = {one["dataset"][0]: one["given"] - one["sent"] for one in told["rows"]}
    assert (kept["税费债权申报"], kept["涉税状态"]) == (1, 1)
    assert all(all(one[name]) for one in told["held"]["shown"] for name in ("rule", "column", "remedy"))


def test_the_page_is_the_tax_ends_and_shows_no_debtor(tax: End, tmp_path: Path) -> None:
    stranger = "91131100MA0ABCDE67"
    folder = faulty(tmp_path / "files", ("tax_status", "\n", f"\n{stranger},2026-10-09,normal,0,0\n"))
    key = tax.answer(folder)
    page = tax.vault.get(key, "report.html").decode()
    known = tax.ledger.exchange(key)
    assert known is not None
    assert known.content_hash is not None
    assert known.content_hash[:4] in page
    assert 'data-party="tax"' in page
    secrets = [c[name] for c in rows("tax_claim") for name in ("debtor_name", "debtor_uscc") if c[name]]
    assert [value for value in [*secrets, stranger] if value in page] == []
    assert "http" not in page.replace("http-equiv", "")


def test_an_answer_without_rows_has_a_page_too(tmp_path: Path) -> None:
    folder = shutil.copytree(RETURN, tmp_path / "files")
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    told = data(folder, tmp_path)
    assert (told["sum"], told["ranks"], told["in_force"]) == ("0.00", [], 0)
    assert "没有退回的申报" in HtmlPages().answer(told)


def test_a_stopped_answer_says_so(tmp_path: Path) -> None:
    assert "整批停止" in HtmlPages().answer(data(RETURN, tmp_path, stopped=True))


def test_a_long_list_is_cut_and_says_how_much_is_left(tmp_path: Path) -> None:
    told = data(RETURN, tmp_path, more=lambda found: replace(found, findings=found.findings[:1] * (SHOWN + 7)))
    assert (told["warned"]["count"], len(told["warned"]["shown"])) == (SHOWN + 7, SHOWN)
    assert "其余 7 条" in HtmlPages().answer(told)


def test_everything_on_the_page_is_there_in_both_languages(tmp_path: Path) -> None:
    page = HtmlPages().answer(data(RETURN, tmp_path))
    chinese, english = re.findall(r'<span class="zh">', page), re.findall(r'<span class="en" lang="en">', page)
    assert len(chinese) == len(english) > 50
    both = r'<span class="zh">[^<]*</span>|<[^>]*lang="zh-CN">[^<]*<|<title>[^<]*<|<style>.*?</style>'
    rest = re.sub(both, "<", page, flags=re.DOTALL)
    assert re.findall(r">[^<]*[\u4e00-\u9fff][^<]*<", rest) == []

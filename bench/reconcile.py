"""Our comparison of the books against DuckDB doing the joins and sums in SQL, on the same generated frames.

    python bench/reconcile.py [--short]

For 1,000 to 1,000,000 cases (one claim of three lines each, about one in twenty with a defect): best of three runs in
seconds, by the clock and of CPU, their ratios, the frames themselves and each one's peak memory above them in MiB, our
peak with the frames over the frames, and the exponent of our CPU seconds over the sizes. DuckDB uses every core: on an
idle machine look at `ratio`, on a busy one at `cpu`. Both read the same text frames; DuckDB finds the same breaks
(asserted) but makes neither identities, amounts, limits nor findings. The aims are a ratio of 1.5 and a peak of 2.0 at
the largest size.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from bench.measure import Spent, forget_peak, peak_mib, timed
from exchange.adapters.contracts_files import load_agreement
from exchange.domain.books import Books
from exchange.domain.reconciliation import reconcile_books

agreement = cache(load_agreement)
ROOT = Path(__file__).resolve().parents[1]
AS_OF = date(2026, 10, 9)
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def made_books(cases: int, seed: int = 20261009) -> Books:
    """Books of so many cases with a claim of three lines each: two principals and a late fee."""
    random = np.random.default_rng(seed)
    number = np.arange(cases)
    case_no = pd.Series([f"（2026）冀{1103 + n % 20}破{n // 20 + 1}号" for n in number], dtype="str")
    claim_no = pd.Series([f"131103TSSB2026{n:07d}" for n in number], dtype="str")
    uscc = pd.Series([f"91131103{n:010d}" for n in number], dtype="str")
    name = pd.Series([f"冀州第{n}有限公司" for n in number], dtype="str")
    accepted = np.datetime64("2025-06-01") + random.integers(0, 400, cases)
    due = accepted + 60
    late = random.random(cases)
    ended = random.random(cases) < 0.1
    cases_frame = pd.DataFrame(
        {
            "case_no": case_no,
            "stage": _texts(np.where(ended, "terminated", "claims_open")),
            "procedure": _texts(np.where(random.random(cases) < 0.9, "liquidation", "compulsory_liquidation")),
            "accepted_on": _days(accepted),
            "claims_due_on": _days(due),
            "terminated_on": _days(np.where(ended, due + 90, np.datetime64("NaT"))).replace("NaT", None),
        }
    )
    debtors = pd.DataFrame(
        {"case_no": case_no, "debtor_no": claim_no, "name": name, "former_name": _none(cases), "uscc": uscc,
         "old_taxpayer_id": _none(cases)}
    )  # fmt: skip
    answered = np.flatnonzero(random.random(cases) < 0.95)
    cutoff = accepted + np.where(late < 0.01, 30, 0)
    lines, totals, by_rank = _lines(random, claim_no, accepted, cutoff, answered)
    claims = pd.DataFrame(
        {
            "claim_no": claim_no,
            "version": _texts(np.full(cases, "1")),
            "kind": _texts(np.full(cases, "original")),
            "supplements": _none(cases),
            "case_no": case_no,
            "debtor_uscc": uscc,
            "debtor_old_taxpayer_id": _none(cases),
            "debtor_name": name,
            "filed_on": _days(due - 5 + np.where(random.random(cases) < 0.01, 20, 0)),
            "cutoff_on": _days(cutoff),
            "total_amount": _money(totals + np.where(random.random(cases) < 0.01, 10_000, 0)),
        }
    ).iloc[answered]
    reviews = _reviews(random, case_no, claim_no, by_rank, answered)
    statuses = pd.DataFrame(
        {"debtor_uscc": uscc, "as_of": _texts(np.full(cases, "2026-10-01")),
         "registration": _texts(np.full(cases, "normal"))}
    ).iloc[answered]  # fmt: skip
    return Books(
        cases=cases_frame,
        debtors=debtors,
        reviews=reviews,
        distributions=_distributions(random, reviews),
        claims=claims.reset_index(drop=True),
        lines=lines,
        statuses=statuses.reset_index(drop=True),
    )


def _lines(
    random: np.random.Generator, claim_no: pd.Series, accepted: Any, cutoff: Any, answered: Any
) -> tuple[pd.DataFrame, Any, Any]:
    count = len(claim_no)
    principal = random.integers(100_000, 100_000_000, (count, 2))
    due_on = accepted - random.integers(100, 1500, count)
    days = (cutoff - due_on).astype(np.int64)
    fee = (2 * principal[:, 0] * 5 * days + 10_000) // 20_000
    fee += np.where(random.random(count) < 0.01, 12_345, 0)
    amounts = np.column_stack([principal, fee])
    rank = np.tile(np.array(["tax", "tax", "ordinary"]), (count, 1))
    rank[random.random(count) < 0.005, 2] = "tax"
    start = due_on - 105
    frame = pd.DataFrame(
        {
            "claim_no": _texts(np.repeat(claim_no.to_numpy(), 3)),
            "version": _texts(np.full(count * 3, "1")),
            "line_no": _texts(np.tile(np.array(["1", "2", "3"]), count)),
            "levy_code": _texts(np.tile(np.array(["10101", "10104", "10101"]), count)),
            "period_start": _days(np.repeat(start, 3)),
            "period_end": _days(np.repeat(start + 89, 3)),
            "due_on": _days(np.repeat(due_on, 3)),
            "component": _texts(np.tile(np.array(["principal", "principal", "late_fee"]), count)),
            "amount": _money(amounts.ravel()),
            "rank": _texts(rank.ravel()),
        }
    )
    in_tax = rank == "tax"
    by_rank = np.column_stack([(amounts * in_tax).sum(axis=1), (amounts * ~in_tax).sum(axis=1)])
    rows = (answered[:, None] * 3 + np.arange(3)).ravel()
    return frame.iloc[rows].reset_index(drop=True), amounts.sum(axis=1), by_rank


def _reviews(
    random: np.random.Generator, case_no: pd.Series, claim_no: pd.Series, by_rank: Any, answered: Any
) -> pd.DataFrame:
    declared = by_rank[answered].ravel()
    declared = np.where(random.random(len(declared)) < 0.005, declared // 10_000, declared)
    declared = declared + np.where(random.random(len(declared)) < 0.005, 50_000, 0)
    confirmed = declared - np.where(random.random(len(declared)) < 0.01, 7_700, 0)
    return pd.DataFrame(
        {
            "case_no": _texts(np.repeat(case_no.to_numpy()[answered], 2)),
            "claim_no": _texts(np.repeat(claim_no.to_numpy()[answered], 2)),
            "rank": _texts(np.tile(np.array(["tax", "ordinary"]), len(answered))),
            "declared_amount": _money(declared),
            "confirmed_amount": _money(confirmed),
            "reviewed_on": _texts(np.full(len(declared), "2026-08-01")),
        }
    )


def _distributions(random: np.random.Generator, reviews: pd.DataFrame) -> pd.DataFrame:
    some = reviews[random.random(len(reviews)) < 0.2].reset_index(drop=True)
    payable = random.integers(1_000, 1_000_000, len(some))
    return pd.DataFrame(
        {
            "case_no": some["case_no"],
            "claim_no": some["claim_no"],
            "rank": some["rank"],
            "payable_amount": _money(payable),
            "paid_amount": _money(payable - np.where(random.random(len(some)) < 0.02, 6_000, 0)),
            "paid_on": _texts(np.full(len(some), "2026-09-30")),
        }
    ).reset_index(drop=True)


def _texts(values: Any) -> pd.Series:
    return pd.Series(values, dtype="str")


def _none(count: int) -> pd.Series:
    return pd.Series([None] * count, dtype="str")


def _days(values: Any) -> pd.Series:
    return pd.Series(np.datetime_as_string(values.astype("datetime64[D]")), dtype="str")


def _money(fen: Any) -> pd.Series:
    return pd.Series([f"{value // 100}.{value % 100:02d}" for value in fen.tolist()], dtype="str")


SQL = """
CREATE TEMP TABLE head AS
SELECT claim_no, arg_max(version::INT, version::INT) AS version, arg_max(kind, version::INT) AS kind,
       arg_min(filed_on, version::INT)::DATE AS first_filed, arg_max(case_no, version::INT) AS case_no,
       arg_max(debtor_uscc, version::INT) AS uscc, arg_max(debtor_old_taxpayer_id, version::INT) AS old_id,
       arg_max(debtor_name, version::INT) AS name, arg_max(cutoff_on, version::INT)::DATE AS cutoff_on,
       arg_max(total_amount, version::INT)::DECIMAL(18, 2) AS total
FROM claims GROUP BY claim_no;

CREATE TEMP TABLE live AS
SELECT h.*, c.case_no IS NOT NULL AS known, c.accepted_on::DATE AS accepted_on, c.claims_due_on::DATE AS claims_due_on,
       c.procedure = 'compulsory_liquidation' AS compulsory,
       CASE WHEN c.procedure = 'compulsory_liquidation' THEN h.cutoff_on ELSE c.accepted_on::DATE END AS cut_off
FROM head h LEFT JOIN cases c USING (case_no) WHERE h.kind <> 'withdrawal';

CREATE TEMP TABLE line AS
SELECT l.claim_no, l.line_no::INT AS line_no, l.levy_code, l.period_start, l.period_end, l.due_on::DATE AS due_on,
       l.component, l.amount::DECIMAL(18, 2) AS amount, l.rank, v.case_no, v.cut_off, v.accepted_on, v.compulsory,
       coalesce(v.uscc, v.old_id) AS debtor, v.first_filed, y.kind AS levy_kind
FROM lines l JOIN live v ON v.claim_no = l.claim_no AND v.version = l.version::INT AND v.known
LEFT JOIN levy y ON y.code = l.levy_code;

CREATE TEMP TABLE fee AS
SELECT f.*, p.principal, round(p.principal * 0.0005 * greatest(date_diff('day', f.due_on, f.cut_off), 0), 2) AS expected
FROM line f JOIN (SELECT claim_no, levy_code, period_start, period_end, sum(amount) AS principal
                  FROM line WHERE component = 'principal' GROUP BY ALL) p
USING (claim_no, levy_code, period_start, period_end) WHERE f.component = 'late_fee';

CREATE TEMP TABLE rank_sum AS SELECT claim_no, rank, sum(amount) AS claimed FROM line GROUP BY ALL;

CREATE TEMP TABLE review AS
SELECT r.claim_no, r.rank, r.declared_amount::DECIMAL(18, 2) AS declared,
       r.confirmed_amount::DECIMAL(18, 2) AS confirmed, coalesce(s.claimed, 0) AS claimed
FROM reviews r JOIN live v ON v.claim_no = r.claim_no AND v.known
LEFT JOIN rank_sum s ON s.claim_no = r.claim_no AND s.rank = r.rank;

CREATE TEMP TABLE found AS
SELECT 'UNKNOWN_CASE' AS code, claim_no, NULL::VARCHAR AS place FROM live WHERE NOT known
UNION ALL SELECT 'NO_RESPONSE', case_no, NULL FROM cases
    WHERE stage IN ('claims_open', 'meeting_held', 'declared', 'plan_approved', 'distribution')
    AND claims_due_on::DATE < DATE '2026-10-09' AND case_no NOT IN (SELECT case_no FROM live WHERE case_no IS NOT NULL)
UNION ALL SELECT 'DEBTOR_MISMATCH', claim_no, NULL FROM live v WHERE known AND NOT EXISTS (
    SELECT 1 FROM debtors d WHERE d.case_no = v.case_no
    AND CASE WHEN v.uscc IS NULL THEN d.old_taxpayer_id = v.old_id ELSE d.uscc = v.uscc END)
UNION ALL SELECT 'NAME_DIFFERS', v.claim_no, NULL FROM live v JOIN debtors d ON d.case_no = v.case_no
    AND d.uscc = v.uscc WHERE v.name <> d.name AND v.name IS DISTINCT FROM d.former_name
UNION ALL SELECT 'TOTAL_DIFFERS', v.claim_no, NULL FROM live v
    LEFT JOIN (SELECT claim_no, sum(amount) AS amount FROM line GROUP BY ALL) l USING (claim_no)
    WHERE known AND abs(total - coalesce(l.amount, 0)) > 0.01
UNION ALL SELECT 'CUTOFF_DIFFERS', claim_no, NULL FROM live WHERE known AND NOT compulsory AND cutoff_on <> accepted_on
UNION ALL SELECT 'FILED_LATE', claim_no, NULL FROM live WHERE known AND first_filed > claims_due_on
UNION ALL SELECT DISTINCT 'DUPLICATE_CLAIM', claim_no, NULL FROM (
    SELECT claim_no, first_filed, min((first_filed, claim_no)) OVER (
        PARTITION BY case_no, debtor, levy_code, period_start, period_end, component) AS first_of FROM line)
    WHERE (first_filed, claim_no) > first_of
UNION ALL SELECT CASE WHEN abs(abs(amount - expected) - principal * 0.0005) <= 0.05 THEN 'LATE_FEE_ONE_DAY'
    ELSE 'LATE_FEE_DIFFERS' END, claim_no, line_no::VARCHAR FROM fee WHERE abs(amount - expected) > 0.05
UNION ALL SELECT 'LATE_FEE_OVER_PRINCIPAL', claim_no, line_no::VARCHAR FROM fee WHERE amount > principal
UNION ALL SELECT 'RANK_DIFFERS', l.claim_no, l.line_no::VARCHAR FROM line l
    JOIN ranks r ON r.component = l.component AND r.kind = l.levy_kind WHERE r.rank <> l.rank
UNION ALL SELECT 'POST_ACCEPTANCE_PERIOD', claim_no, line_no::VARCHAR FROM line
    WHERE NOT compulsory AND period_start::DATE > accepted_on
UNION ALL SELECT CASE WHEN abs(declared * 10000 - claimed) <= 50 THEN 'UNIT_SUSPECT' ELSE 'DECLARED_DIFFERS' END,
    claim_no, rank FROM review WHERE abs(declared - claimed) > 0.01
UNION ALL SELECT 'CONFIRMED_DIFFERS', claim_no, rank FROM review
    WHERE abs(declared - claimed) <= 0.01 AND abs(confirmed - claimed) > 0.01
UNION ALL SELECT DISTINCT 'WITHDRAWN_STILL_LISTED', h.claim_no, NULL FROM head h JOIN reviews r USING (claim_no)
    WHERE h.kind = 'withdrawal'
UNION ALL SELECT 'PAID_DIFFERS', d.claim_no, d.rank
    FROM distributions d JOIN live v ON v.claim_no = d.claim_no AND v.known
    WHERE d.paid_on::DATE <= DATE '2026-10-09' GROUP BY d.claim_no, d.rank
    HAVING abs(sum(d.paid_amount::DECIMAL(18, 2)) - sum(d.payable_amount::DECIMAL(18, 2))) > 0.01;
"""


def by_duckdb(books: Books) -> Counter[str]:
    """Codes and how many, by SQL."""
    agreed = agreement(ROOT)
    levy = agreed.codes["levy"]
    ranks = agreed.route("131100-cases").rank_table(AS_OF)
    with duckdb.connect() as connection:
        for name in ("cases", "debtors", "reviews", "distributions", "claims", "lines"):
            connection.register(name, getattr(books, name))
        connection.register("levy", pd.DataFrame([{"code": c, "kind": levy.extra[c]["kind"]} for c in levy.names_zh]))
        connection.register(
            "ranks", pd.DataFrame([{"component": c, "kind": k, "rank": r} for (c, k), r in ranks.items()])
        )
        connection.execute("SET enable_progress_bar = false")
        connection.execute(SQL)
        rows = connection.execute("SELECT code, claim_no, place FROM found").fetchall()
    return Counter(code for code, _, _ in rows)


def by_us(books: Books) -> Counter[str]:
    """Codes and how many, by the exchange."""
    agreed = agreement(ROOT)
    result = reconcile_books(
        books, route_out=agreed.route("131100-cases"), levy=agreed.codes["levy"], as_of=AS_OF
    )  # fmt: skip
    return Counter(found.code for found in (*result.breaks, *result.infos))


Measured = tuple[Spent, float, float, Counter[str]]


def measured(work: Callable[[Books], Counter[str]], cases: int, runs: int) -> Measured:
    """Best seconds, peak MiB above the frames, MiB of the frames, what was found; long runs in a process of
    their own."""
    if runs == 1:
        return _measure(work, cases, runs)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (work, cases, runs))


def _measure(work: Callable[[Books], Counter[str]], cases: int, runs: int) -> Measured:
    work(made_books(100))
    books = made_books(cases)
    data = sum(getattr(books, f.name).memory_usage(deep=True).sum() for f in fields(books)) / 2**20
    before = forget_peak()
    found: list[Counter[str]] = []
    spent = [timed(lambda: found.append(work(books))) for _ in range(runs)]
    best = Spent(min(one.seconds for one in spent), min(one.cpu for one in spent))
    return best, peak_mib() - before, data, found[-1]


def main() -> None:
    """Print one line per size, and the exponent of our time."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument(
        "--short", action="store_true", help="1,000 and 10,000 cases, one run, in this process; under 10 seconds"
    )
    short = arguments.parse_args().short
    sizes, runs = (SIZES[:2], 1) if short else (SIZES, 3)
    print("reconcile: the three books compared, against DuckDB finding the same breaks in SQL\n")
    print(
        f"{'cases':>9} {'breaks':>7} {'ours s':>8} {'duckdb s':>9} {'ratio':>6} {'ours cpu':>9} {'duckdb cpu':>11}"
        f" {'cpu':>6} {'data MiB':>9} {'ours MiB':>9} {'duckdb MiB':>11} {'peak':>5}"
    )
    ours = []
    for cases in sizes:
        we, peak, data, found = measured(by_us, cases, runs)
        they, their_peak, _, their_found = measured(by_duckdb, cases, runs)
        assert found == their_found, f"ours {found - their_found}, theirs {their_found - found}"
        ours.append(we.cpu)
        print(
            f"{cases:>9} {found.total():>7} {we.seconds:>8.3f} {they.seconds:>9.3f} {we.seconds / they.seconds:>6.2f}"
            f" {we.cpu:>9.3f} {they.cpu:>11.3f} {we.cpu / they.cpu:>6.2f} {data:>9.1f} {peak:>9.1f}"
            f" {their_peak:>11.1f} {(data + peak) / data:>5.2f}",
            flush=True,
        )
    exponent = math.log(ours[-1] / ours[0]) / math.log(sizes[-1] / sizes[0])
    print(f"our CPU seconds grow with cases to the power of {exponent:.2f}\n")


if __name__ == "__main__":
    main()

"""The tax bureau's claims on a case and the administrator's table of them, in agreement until a plant changes one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from exchange.sample.rows import Claim, Debtor, Estate, Line, Payment, Review, Version
from exchange.sample.setting import Setting

if TYPE_CHECKING:
    from exchange.sample.making import Maker

BUREAU: Final = "国家税务总局衡水市税务局"
_KIND_WEIGHTS: Final = (("tax", 70), ("surcharge", 12), ("social_insurance", 12), ("nontax", 6))
_DRAWN: Final = tuple(kind for kind, weight in _KIND_WEIGHTS for _ in range(weight))


class Claiming:
    """Makes claims, their lines, reviews and payments for a `Maker`'s cases."""

    def __init__(self, setting: Setting, maker: Maker) -> None:
        self.setting, self.maker = setting, maker
        self.numbers = 0

    def claim(
        self, e: Estate, debtor: Debtor | None = None, *, kind: str = "original", filed: date | None = None,
        cutoff: date | None = None, blocks: int | None = None, supplements: str = "",
    ) -> Claim:  # fmt: skip
        """A claim on a case, filed in time, its late fees counted to the cut-off."""
        s, rng = self.setting, self.maker.rng
        debtor = debtor or e.debtors[0]
        self.numbers += 1
        due = e.due or s.as_of
        day = filed or min(s.as_of, max(due - timedelta(days=rng.randint(0, 18)), e.announced or e.filed))
        version = Version(
            version=1, kind=kind, case_no=e.number, uscc=debtor.uscc or "", old_id=debtor.old_id or "",
            name=debtor.name, filed=day, cutoff=cutoff or e.accepted or s.as_of, total=0, supplements=supplements,
        )  # fmt: skip
        number = f"{s.authority}TSSB{s.as_of.year}{self.numbers:06d}"
        made = Claim(no=number, authority=e.division, versions=[version])
        e.claims.append(made)
        if kind != "nil":
            for _ in range(blocks if blocks is not None else rng.randint(1, 4)):
                self.block(e, made)
        version.add_up()
        return made

    def block(
        self, e: Estate, claim: Claim, *, levy: str | None = None, principal: int | None = None,
        days: int | None = None, fee: int | None = None, component: str = "late_fee",
    ) -> list[Line]:  # fmt: skip
        """A principal line of the next quarter back and what is due on it; the total is not added up anew.

        `days` from the limit to the cut-off sets the limit; `fee` in fen puts another amount beside the principal.
        """
        s, rng, version = self.setting, self.maker.rng, claim.last
        e.blocks += 1
        levy = levy or rng.choice(s.levies.get(rng.choice(_DRAWN)) or s.levies["tax"])
        start, end = self._quarter(e)
        cutoff = version.cutoff
        due = cutoff - timedelta(days=days) if days is not None else s.workday(end + timedelta(days=15))
        amount = principal if principal is not None else rng.randint(50_000, 60_000_000)
        lines = [self.line(claim, levy, start, end, due, "principal", amount)]
        beside = fee if fee is not None else s.fee(amount, (cutoff - due).days)
        if fee is not None or (beside and rng.random() < 0.75):
            lines.append(self.line(claim, levy, start, end, due, component, beside))
        elif rng.random() < 0.1:
            lines.append(self.line(claim, levy, start, end, due, "fine", amount // 2))
        elif rng.random() < 0.05:
            lines.append(self.line(claim, levy, start, end, due, "interest", amount // 20 + 1))
        return lines

    def line(self, claim: Claim, levy: str, start: date, end: date, due: date, component: str, amount: int) -> Line:
        """One more line of the last version, in the rank agreed for it."""
        version = claim.last
        made = Line(
            no=len(version.lines) + 1, levy=levy, start=start, end=end, due=due, component=component, amount=amount,
            rank=self.setting.ranks[component, self.setting.kind_of[levy]],
        )  # fmt: skip
        version.lines.append(made)
        return made

    def amend(self, claim: Claim, *, kind: str = "amendment", version: int | None = None, days: int = 10) -> Version:
        """A further version that restates every line, filed some days later."""
        last = claim.last
        made = replace(
            last, version=version or last.version + 1, kind=kind,
            filed=min(last.filed + timedelta(days=days), self.setting.as_of),
            lines=[] if kind == "withdrawal" else [replace(line) for line in last.lines],
        )  # fmt: skip
        made.add_up()
        claim.versions.append(made)
        return made

    def review(self, e: Estate, claim: Claim, on: date | None = None) -> None:
        """The administrator's rows of a claim: declared and confirmed as claimed."""
        day = min(on or e.meeting or self.setting.as_of, self.setting.as_of)
        for rank, amount in self.by_rank(claim).items():
            e.reviews.append(
                Review(claim_no=claim.no, rank=rank, declared=amount, confirmed=amount, on=day, creditor=BUREAU)
            )

    def listed(self, e: Estate, claim: Claim, rank: str) -> Review:
        """The administrator's row of a claim and rank, made when there is none."""
        for row in e.reviews:
            if (row.claim_no, row.rank) == (claim.no, rank):
                return row
        amount = self.by_rank(claim).get(rank, 0)
        row = Review(
            claim_no=claim.no, rank=rank, declared=amount, confirmed=amount, on=e.meeting or self.setting.as_of,
            creditor=BUREAU,
        )  # fmt: skip
        e.reviews.append(row)
        return row

    def distribute(self, e: Estate, claim: Claim) -> None:
        """One distribution at a rate by rank, paid as it was payable."""
        rng, s = self.maker.rng, self.setting
        on = max(e.declared or e.meeting or s.ago(40), s.ago(rng.randint(22, 70)))
        on = min(on, e.terminated or on)
        for rank, amount in self.by_rank(claim).items():
            if rank != "subordinated" and amount > 0:
                part = amount * (rng.randint(30, 100) if rank != "ordinary" else rng.randint(1, 12)) // 100
                e.payments.append(Payment(claim_no=claim.no, rank=rank, payable=part, paid=part, on=min(on, s.as_of)))

    def by_rank(self, claim: Claim) -> Mapping[str, int]:
        """The sums of the last version's lines."""
        found: defaultdict[str, int] = defaultdict(int)
        for line in claim.last.lines:
            found[line.rank] += line.amount
        return found

    def _quarter(self, e: Estate) -> tuple[date, date]:
        """The quarter so many back from acceptance: each block of a case has its own, all before it."""
        accepted = e.accepted or self.setting.as_of
        months = accepted.year * 12 + (accepted.month - 1) // 3 * 3 - 3 * e.blocks
        after = months + 3
        start = date(months // 12, months % 12 + 1, 1)
        return start, date(after // 12, after % 12 + 1, 1) - timedelta(days=1)

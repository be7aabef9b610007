"""How a case comes to be: numbers in order, dates that follow each other, debtors, events, claims that agree.

What `Maker` makes agrees in all books and breaks no rule; a plant then changes one thing and says what follows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Final

from exchange.domain.period import Period
from exchange.domain.route import Court
from exchange.sample import names
from exchange.sample.claiming import Claiming
from exchange.sample.rows import Claim, Debtor, Disposal, Estate, Event, Status
from exchange.sample.setting import Setting

OPEN: Final = ("accepted", "claims_open", "meeting_held", "declared", "plan_approved", "distribution")
"""Stages of a case that goes on."""

RULINGS: Final = (
    ("accepted", "acceptance", "1", "受理裁定书"),
    ("announced", "announcement", "2", "受理公告"),
    ("declared", "declaration", "5", "宣告破产裁定书"),
    ("terminated", "termination", "8", "终结裁定书"),
)
"""Date of the case, event, number of the document within the case, its title."""

AGE: Final = {"accepted": 9, "claims_open": 40, "meeting_held": 110, "declared": 190, "plan_approved": 260,
               "distribution": 330, "terminated": 420}  # fmt: skip
"""Days since acceptance at which a case usually stands at a stage."""

_KINDS: Final = {"liquidation": "破", "reorganisation": "破", "settlement": "破", "compulsory_liquidation": "强清"}
_ASSETS: Final = (
    ("real_estate", "厂房及土地使用权"), ("equipment", "生产设备一批"), ("vehicle", "货车三辆"), ("other", "应收账款"),
)  # fmt: skip


class Maker:
    """Makes the cases of one world one after the other; the same seed and order give the same cases."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.rng = setting, Random()
        self.claims = Claiming(setting, self)
        self.records = self.bodies = self.debtor_ids = self.records_of_form = 0
        self.serials: defaultdict[tuple[int, str, str], int] = defaultdict(int)

    def begin(self, what: object) -> None:
        """Draw from here on as the seed and `what` say, whatever was made before."""
        self.rng.seed(f"{self.setting.seed}/{what}")

    def on(self, period: str, as_of: date, what: object) -> None:
        """Make what follows as of another day."""
        self.setting = self.claims.setting = replace(self.setting, period=Period.parse(period), as_of=as_of)
        self.begin(what)

    def court(self) -> Court:
        """One of the world's courts."""
        return self.rng.choice(self.setting.courts)

    def number(self, court: Court, filed: date, kind: str = "破") -> tuple[str, str]:
        """The next number of a court in a year, and the court's code in it: no serial is left out."""
        in_force = [c.code for c in court.codes if (c.since or date.min) <= filed <= (c.until or date.max)]
        return self.serial(filed.year, in_force[0] if in_force else court.codes[0].code, kind)

    def serial(self, year: int, code: str, kind: str = "破") -> tuple[str, str]:
        """The next number under a court's code."""
        self.serials[year, code, kind] += 1
        return f"（{year}）{code}{kind}{self.serials[year, code, kind]}号", code

    def case(
        self, *, stage: str = "meeting_held", procedure: str = "liquidation", court: Court | None = None,
        accepted: date | None = None, announced: date | None = None, due: date | None = None,
        meeting: date | None = None, terminated: date | None = None, debtors: int = 1,
        claim: str | None = "original", number: str | None = None, selected: bool = True,
    ) -> Estate:  # fmt: skip
        """A case at a stage, all books agreeing. `claim`: original, nil, None for none, `usual` for what comes."""
        s, rng = self.setting, self.rng
        court = court or self.court()
        accepted = accepted or s.workday(s.ago(AGE[stage] + rng.randint(1, 25)))
        accepted = min(accepted, s.as_of)
        filed = accepted - timedelta(days=rng.randint(12, 28))
        given, code = (number, court.codes[0].code) if number else self.number(court, filed, _KINDS[procedure])
        self.records += 1
        estate = Estate(
            record=self.records, case_no=given, number=given, court=court.id, code=code, division=court.division,
            procedure=procedure, stage=stage, filed=filed, accepted=accepted, selected=selected,
        )  # fmt: skip
        self._run(estate, announced, due, meeting, terminated)
        self._people(estate)
        for _ in range(debtors):
            self.debtor(estate)
        self._events(estate)
        self._assets(estate)
        self._claims(estate, claim)
        estate.updated = f"{min(self._last(estate), s.as_of)} {rng.randint(8, 17):02d}:{rng.randint(0, 59):02d}:00"
        return estate

    def unaccepted(self, stage: str, *, court: Court | None = None, number: str | None = None) -> Estate:
        """A petition under review, or one that was refused: nobody exchanges it."""
        s, court = self.setting, court or self.court()
        filed = s.workday(s.ago(self.rng.randint(20, 400)))
        given, code = (number, court.codes[0].code) if number else self.number(court, filed, "破申")
        self.records += 1
        estate = Estate(
            record=self.records, case_no=given, number=given, court=court.id, code=code, division=court.division,
            procedure="liquidation", stage=stage, filed=filed, updated=f"{filed} 09:30:00", selected=False,
        )  # fmt: skip
        estate.judge, estate.clerk = names.person(self.rng), names.person(self.rng)
        self.debtor(estate)
        return estate

    def debtor(self, estate: Estate, *, kind: str = "91", name: str | None = None) -> Debtor:
        """A further debtor of a case with its status in the tax register."""
        rng = self.rng
        self.debtor_ids += 1
        self.bodies += 1
        made = Debtor(
            id=self.debtor_ids, name=name or names.company(rng), uscc=names.uscc(estate.division, self.bodies, kind),
            address=f"河北省衡水市工业路{rng.randint(1, 900)}号", representative=names.person(rng),
            representative_id=names.id_number(rng), industry=f"C{rng.randint(13, 43)}",
        )  # fmt: skip
        estate.debtors.append(made)
        if estate.selected and made.uscc:
            gone = estate.stage == "terminated"
            registration = "deregistered" if gone else "abnormal" if rng.random() < 0.12 else "normal"
            estate.statuses.append(
                Status(
                    uscc=made.uscc, on=self.setting.as_of, registration=registration, suspended=rng.random() < 0.2,
                    inspection=not gone and rng.random() < 0.1,
                )
            )  # fmt: skip
        return made

    def _run(
        self, e: Estate, announced: date | None, due: date | None, meeting: date | None, ended: date | None
    ) -> None:
        """The dates a case of its stage has, each on a working day, none before the one it follows.

        The claim period is between 32 and 80 days: within both limits of article 45, whatever is rolled.
        """
        s, rng, stage = self.setting, self.rng, e.stage
        accepted = e.accepted or s.as_of
        if stage == "accepted":
            return
        e.announced = announced or min(s.workday(accepted + timedelta(days=rng.randint(5, 18))), s.as_of)
        e.due = due or s.workday(e.announced + timedelta(days=rng.randint(32, 34 if stage == "claims_open" else 50)))
        if stage == "claims_open":
            e.meeting = meeting or s.workday(e.due + timedelta(days=rng.randint(3, 14)))
            return
        e.meeting = meeting or s.workday(e.due + timedelta(days=rng.randint(3, 12)))
        if stage in ("declared", "distribution", "terminated") and e.procedure == "liquidation":
            e.declared = s.workday(e.meeting + timedelta(days=rng.randint(15, 45)))
        if stage == "terminated":
            e.terminated = ended or max(s.period.first_day, s.ago(rng.randint(0, 20)))

    def _people(self, e: Estate) -> None:
        rng = self.rng
        e.judge, e.clerk = names.person(rng), names.person(rng)
        e.administrator = (
            rng.choice(names.ADMINISTRATORS), names.person(rng), names.telephone(rng), e.accepted or e.filed,
        )  # fmt: skip

    def _events(self, e: Estate) -> None:
        for name, event, suffix, title in RULINGS:
            on = getattr(e, name)
            if on is not None:
                e.events.append(Event(event=event, on=on, document_no=f"{e.number}之{suffix}", title=title))

    def _assets(self, e: Estate) -> None:
        rng = self.rng
        if e.stage not in ("declared", "distribution", "terminated") or rng.random() < 0.3:
            return
        kind, what = rng.choice(_ASSETS)
        appraised = rng.randint(2_000_000, 900_000_000)
        sold = appraised * rng.randint(70, 105) // 100 if e.stage != "declared" else None
        on = (e.declared or self.setting.ago(30)) + timedelta(days=30)
        e.disposals.append(
            Disposal(
                kind=kind, what=what, appraised=appraised, price=sold, on=on if sold else None,
                buyer=names.company(rng) if sold else "", platform=rng.choice(("京东拍卖", "阿里拍卖", "协议转让")),
            )
        )  # fmt: skip

    def _claims(self, e: Estate, kind: str | None) -> None:
        """What the tax bureau filed, what the administrator made of it, what was paid."""
        if kind is None or e.stage == "accepted":
            return
        for debtor in e.debtors:
            claim = self._usual(e, debtor) if kind == "usual" else self.claims.claim(e, debtor, kind=kind)
            if e.stage in ("meeting_held", "declared", "plan_approved", "distribution", "terminated"):
                self.claims.review(e, claim)
            if e.stage in ("distribution", "terminated") and e.procedure != "reorganisation":
                self.claims.distribute(e, claim)

    def _usual(self, e: Estate, debtor: Debtor) -> Claim:
        """Mostly an original claim; some owe nothing, some are amended by what was found later."""
        luck = self.rng.random()
        claim = self.claims.claim(e, debtor, kind="nil" if luck < 0.1 else "original")
        if luck > 0.95:
            version = self.claims.amend(claim)
            self.claims.block(e, claim)
            version.add_up()
        return claim

    def _last(self, e: Estate) -> date:
        days = [e.filed, e.accepted, e.announced, e.declared, e.terminated]
        return max(day for day in days if day is not None)

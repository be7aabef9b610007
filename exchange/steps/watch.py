"""Watch: limits that run become alerts, one per rule, case and day. Overdue is computed, never stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from exchange.domain import alert_life, lifecycle
from exchange.domain.alert_words import ESCALATION, TITLES
from exchange.domain.break_due import ANSWER_DAYS, REMIND_DAYS, asking
from exchange.domain.break_view import ANSWER, ITEM
from exchange.domain.calendar import WorkCalendar
from exchange.domain.case_number import reference
from exchange.domain.errors import RetryLater
from exchange.domain.meeting_life import fold, meeting_key
from exchange.domain.meeting_sharing import partners, way_to
from exchange.domain.packet import parse_packet_name
from exchange.domain.period import Period
from exchange.domain.route import Agreement, Route
from exchange.domain.statement_terms import HEARD
from exchange.domain.urgency import UrgentRound
from exchange.ports import Alert, Event, ExchangeRecord, Ledger, Notifier

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

_RUNGS: Final[Mapping[str, str]] = {lifecycle.SENT: "opened", lifecycle.RECEIVED: "validated"}
"""Where an exchange of ours waits, and for which receipt."""


def watch(
    *,
    urgent: UrgentRound,
    agreement: Agreement,
    party: str,
    ledger: Ledger,
    notifier: Notifier,
    calendar: WorkCalendar,
    today: date,
) -> dict[str, int]:
    """Alert about urgent cases and limits; return how many alerts went out by rule, and `packets` opened.

    An alert names a case number or an exchange, the rule and what to do: never a person, a name or an amount. One that
    an officer has acknowledged rests for the agreed days; those nobody has, within the agreed working days, go to the
    reviewers in one message.
    A mail server that is away leaves the alert unclaimed, so that the next watch brings it. Raises RetryLater 108.
    """
    sent: Counter[str] = Counter()
    failed: RetryLater | None = None
    limits = _limits(agreement, party, ledger, calendar, today)
    ends = _overlaps(agreement, party, ledger, today)
    again = _agreed_days(agreement, party, "alert_again_days", today)
    breaks = _breaks(agreement, party, ledger, calendar, today)
    resolved = _resolutions(agreement, party, ledger, today)
    statements = _statements(ledger)
    for alert in (*_urgent(urgent, today), *limits, *ends, *_incidents(ledger), *breaks, *statements, *resolved):
        try:
            sent[alert.rule] += _bring(alert, ledger, notifier, again)
        except RetryLater as error:
            failed = error
    try:
        sent[ESCALATION] += _escalate(agreement, party, ledger, notifier, calendar, today)
    except RetryLater as error:
        failed = error
    if failed is not None:
        raise failed
    return {**{rule: n for rule, n in sent.items() if n}, "packets": len(urgent.keys)}


def _agreed_days(agreement: Agreement, party: str, figure: str, today: date) -> int | None:
    """The shortest that any route of this end has on a day; None when none has it."""
    routes = [r for r in agreement.routes.values() if party in (r.sender, r.receiver) and r.figures.get(figure)]
    return min((route.days(figure, today) for route in routes), default=None)


def _bring(alert: Alert, ledger: Ledger, notifier: Notifier, again: int | None) -> int:
    known = ledger.alert(alert.rule, alert.case_no)
    if known is not None and (known.quiet(alert.day, again) or known.last_day >= alert.day):
        return 0
    with ledger.transaction() as write:
        if not write.claim_alert(rule=alert.rule, case_no=alert.case_no, day=alert.day):
            return 0
        write.append(
            "alert_sent", exchange=None, actor="system",
            body={"rule": alert.rule, "subject": alert.case_no, "day": alert.day.isoformat()},
        )  # fmt: skip
        notifier.send(alert)
    return 1


def _escalate(
    agreement: Agreement, party: str, ledger: Ledger, notifier: Notifier, calendar: WorkCalendar, today: date
) -> int:
    """One message about every open alert whose days to be acknowledged are over, once for each."""
    within = _agreed_days(agreement, party, "alert_acknowledge_workdays", today)
    if within is None:
        return 0
    waiting = ledger.alerts(state=alert_life.OPEN, escalated=False)
    late = [one for one in waiting if today > calendar.add_workdays(one.first_day, within)]
    if not late:
        return 0
    with ledger.transaction() as write:
        for one in late:
            body = {"rule": one.rule, "subject": one.subject, "day": today.isoformat()}
            write.append(
                alert_life.ESCALATED, exchange=alert_life.alert_key(one.rule, one.subject), actor="system", body=body
            )
        rules = Counter(TITLES[one.rule][0] for one in late if one.rule in TITLES)
        told = "；".join(f"{title} {n} 项" for title, n in rules.most_common())
        notifier.send(_alert(ESCALATION, f"{len(late)} 项", today, f"{told}。请在控制台“预警”中确认。"))
    return len(late)


def _alert(rule: str, subject: str, today: date, then: str) -> Alert:
    chinese, english = TITLES[rule]
    return Alert(
        rule=rule,
        case_no=subject,
        day=today,
        title=f"【破产信息交换】{chinese}：{subject}",
        text=f"{subject}\n{chinese}。\n{then}\n\n{subject}: {english}.\n",
    )


def _urgent(urgent: UrgentRound, today: date) -> Iterator[Alert]:
    for case in urgent.cases:
        subject = reference(case.case_no, case.record)
        for reason in case.reasons:
            yield _alert(reason, subject, today, "请在系统中查看该案的传送情况（exchange status）。")
        if case.held:
            yield _alert("held", subject, today, "请按校验结果更正来源数据，更正后会自动传送。")


def _limits(agreement: Agreement, party: str, ledger: Ledger, calendar: WorkCalendar, today: date) -> Iterator[Alert]:
    released = _unconfirmed(ledger)
    for route in agreement.routes_from(party):
        for exchange in ledger.exchanges(route=route.id, states=list(_RUNGS)):
            yield from _overdue(exchange, route, ledger, calendar, today)
        for exchange in ledger.exchanges(route=route.id, kind="U", states=[lifecycle.CHECKED, lifecycle.PREPARED]):
            then = f"请说明理由或批准（exchange points {exchange.key}）。"
            yield _alert("urgent_waits", exchange.key, today, then)
        for key in [key for key in released if key.startswith(f"{route.id}.U.")]:
            within = route.days("review_after_workdays", released[key])
            if today > calendar.add_workdays(released[key], within):
                yield _alert("review_overdue", key, today, "请由另一名人员复核（exchange review confirm）。")
        yield from _sent_back(route.id, ledger, today)
        yield from _quarter(route, ledger, calendar, today)
    if not calendar.is_official(Period.of(today).next().last_day.year):
        yield _alert("calendar_not_official", str(Period.of(today).next()), today, "请按国务院办公厅通知补充日历文件。")


def _sent_back(route: str, ledger: Ledger, today: date) -> Iterator[Alert]:
    """What the other side refused and nobody has tried anew, each day."""

    def state_of(key: str) -> str | None:
        known = ledger.exchange(key)
        return known.state if known else None

    for exchange in ledger.exchanges(route=route, states=[lifecycle.REJECTED]):
        base = ".".join(exchange.key.split(".")[:3])
        if lifecycle.attempt(base, state_of, lambda *_: False) == exchange.key:
            yield _alert("rejected", exchange.key, today, "请按回执中的代码更正后重新传送（exchange show 查看代码）。")


def _overlaps(agreement: Agreement, party: str, ledger: Ledger, today: date) -> Iterator[Alert]:
    """The end of an overlap: at the receiver each day from `warn_days` before it, at the sender each time a receipt
    says that a packet was accepted by the earlier version and the new one isn't installed there."""
    for route in agreement.routes.values():
        end = route.overlap
        if end is None or route.receiver != party:
            continue
        if end.until - timedelta(days=end.warn_days) <= today <= end.until:
            then = f"旧版 {end.route.version} 接收至 {end.until}，现行 {route.version}。请提醒发送方换用新版。"
            yield _alert("contract_overlap_ends", route.id, today, then)
    for event in ledger.events(kind="receipt_validated"):
        told = event.body.get("overlap")
        if told is not None and today.isoformat() <= told["until"] and _newest(event, agreement, ledger, told):
            day = event.at.astimezone(SHANGHAI).date()
            then = f"对方按旧版 {told['version']} 接收，至 {told['until']} 止，此后拒收（E406）。请安装新版约定。"
            yield _alert("contract_overlap_ends", str(event.exchange), day, then)


def _newest(event: Event, agreement: Agreement, ledger: Ledger, told: Mapping[str, str]) -> bool:
    """Whether the version a packet was accepted by is the newest installed here."""
    known = ledger.exchange(str(event.exchange))
    route = agreement.routes.get(known.route) if known is not None else None
    return route is None or (route.followed_by or route).version == told["version"]


def _incidents(ledger: Ledger) -> Iterator[Alert]:
    """Arrived packets that were not taken in, once each."""
    for rule in ("packet_refused", "packet_fork"):
        for event in ledger.events(kind=rule):
            day = event.at.astimezone(SHANGHAI).date()
            then = f"代码 E{event.body['code']}。请按手册处理；对方会收到回执。"
            yield _alert(rule, str(event.body["packet_id"]), day, then)


def _breaks(agreement: Agreement, party: str, ledger: Ledger, calendar: WorkCalendar, today: date) -> Iterator[Alert]:
    """Lists of breaks that lack answers past the days agreed: ours once those are over, theirs from the reminder on;
    once for each list."""
    for route in agreement.routes.values():
        if party not in (route.sender, route.receiver) or ANSWER_DAYS not in route.figures or not route.answered_by:
            continue
        ours = route.sender == party
        rule = "breaks_unanswered" if ours else "break_answers_due"
        for exchange in ledger.exchanges(route=route.id, kind="B"):
            told = _day_of(exchange.key, "receipt_validated" if ours else "taken_in", ledger)
            if told is None or ledger.alert(rule, exchange.key) is not None:
                continue
            last = calendar.add_workdays(told, route.days(ANSWER_DAYS, told))
            due = today > last if ours else today >= _reminder(route, told, calendar)
            waiting = _unanswered(route, exchange, ledger, agreement, ours=ours) if due else 0
            if waiting:
                then = "请联系对方联络员" if ours else "请答复并送出"
                yield _alert(
                    rule, exchange.key, last, f"{waiting} 项差异，期限 {last}。{then}（exchange breaks list）。"
                )


def _reminder(route: Route, told: date, calendar: WorkCalendar) -> date:
    within, before = route.days(ANSWER_DAYS, told), route.days(REMIND_DAYS, told)
    return calendar.add_workdays(told, max(within - before, 0))


def _unanswered(route: Route, exchange: ExchangeRecord, ledger: Ledger, agreement: Agreement, *, ours: bool) -> int:
    """Breaks of a list that ask for an answer, still do, and have none: that we noted, or that we sent."""
    number = parse_packet_name(str(exchange.packet_id)).number
    listed, now = ledger.history(route, ITEM, number=number), ledger.landed(route, ITEM)
    if ours:
        answered = {work.id for work in ledger.break_works(route=route.id) if work.answer}
    else:
        answered = set(ledger.landed(agreement.route(str(route.answered_by)), ANSWER)["id"])
    return len((asking(listed) & asking(now)) - answered)


def _resolutions(agreement: Agreement, party: str, ledger: Ledger, today: date) -> Iterator[Alert]:
    """Resolutions of joint meetings this end sees to that are past their day by more than the days agreed."""
    within = _agreed_days(agreement, party, "resolution_overdue_days", today)
    if within is None:
        return
    for other in partners(agreement, party):
        alone = way_to(agreement, party, other) is None
        for one in fold(ledger.events(exchange=meeting_key(other)), alone=alone).unfinished():
            if one.late(today, within) and (alone or one.owner_party == party):
                then = f"期限 {one.due_on}，会议 {one.meeting}。请在控制台“联席会议”中办理（exchange meetings list）。"
                yield _alert("resolution_overdue", one.id, today, then)


def _statements(ledger: Ledger) -> Iterator[Alert]:
    """What the other side's statements brought that an officer has to see, once each."""
    for rule in ("statement_differs", "statement_refused_there"):
        for event in ledger.events(kind=rule):
            day, count = event.at.astimezone(SHANGHAI).date(), event.body["differing"]
            then = f"差异 {count} 处（exchange statement compare --period {event.body['period']}）。"
            yield _alert(rule, str(event.exchange), day, then)
    for event in ledger.events(kind=HEARD):
        if event.body["act"] == "unusable":
            day = event.at.astimezone(SHANGHAI).date()
            yield _alert(
                "statement_unusable", str(event.exchange), day, f"代码 E{event.body['code']}。请联系对方重新签署。"
            )


def _overdue(
    exchange: ExchangeRecord, route: Route, ledger: Ledger, calendar: WorkCalendar, today: date
) -> Iterator[Alert]:
    if exchange.direction != "out":
        return
    sent_on = _day_of(exchange.key, "sent", ledger)
    if sent_on is None:
        return
    within = route.days(f"receipt_{_RUNGS[exchange.state]}_workdays", sent_on)
    if today > calendar.add_workdays(sent_on, within):
        yield _alert("receipt_overdue", exchange.key, today, "请联系对方联络员，并按手册核对通道与密钥。")


def _unconfirmed(ledger: Ledger) -> dict[str, date]:
    """The days on which exchanges were released that nobody has looked at since."""
    found: dict[str, date] = {}
    last = 0
    while released := ledger.unconfirmed(after=last):
        found |= {str(event.exchange): event.at.astimezone(SHANGHAI).date() for event in released}
        last = released[-1].seq
    return found


def _quarter(route: Route, ledger: Ledger, calendar: WorkCalendar, today: date) -> Iterator[Alert]:
    """The last complete quarter has to be out by the agreed working day after its end."""
    last = Period.of(today).previous()
    if today <= calendar.nth_workday_after(last.last_day, route.days("quarter_due_workdays", last.last_day)):
        return
    known = ledger.exchanges(route=route.id, kind="Q")
    if known and not any(e.period == str(last) and e.packet_id for e in known):
        then = "请查看本季度交换停在哪一步（exchange status）。"
        yield _alert("quarter_overdue", f"{route.id}.Q.{last}", today, then)


def _day_of(key: str, kind: str, ledger: Ledger) -> date | None:
    moments: Sequence[datetime] = [event.at for event in ledger.events(exchange=key, kind=kind)]
    return moments[-1].astimezone(SHANGHAI).date() if moments else None

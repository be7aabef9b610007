"""Work an alert: an officer has seen it and says in a word what is done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from exchange.domain.alert_life import ACKNOWLEDGED, SEEN, AlertRecord, alert_key
from exchange.domain.break_life import note_name
from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.officers import check_duty
from exchange.domain.reason import A_WORD, clean_reason
from exchange.ports import Ledger, Vault


def acknowledge_alerts(
    alerts: Sequence[tuple[str, str]],
    *,
    by: str,
    word: str,
    ledger: Ledger,
    vault: Vault,
    officers: Mapping[str, Sequence[str]],
    today: date,
) -> list[AlertRecord]:
    """Acknowledge alerts named by rule and subject, all or none; as they then stand, in the order given.

    What is acknowledged already stays as it is: the first word counts. The word is kept in the vault, the ledger holds
    its hash, since it may name people. Raises NeedsPerson 910 (no officer), 914 (no such alert), 947 (no word).
    """
    check_duty(by, "acknowledge an alert", ("prepare", "approve"), officers)
    said = clean_reason(word, "--word", least=A_WORD)
    known = [_known(rule, subject, ledger) for rule, subject in dict.fromkeys(alerts)]
    fresh = [alert for alert in known if alert.state != ACKNOWLEDGED]
    sha256 = sha256_hex(said.encode())
    for alert in fresh:
        vault.put(alert_key(alert.rule, alert.subject), note_name(sha256), said.encode())
    with ledger.transaction() as write:
        for alert in fresh:
            body = {"rule": alert.rule, "subject": alert.subject, "day": today.isoformat(), "word_sha256": sha256}
            write.append(SEEN, exchange=alert_key(alert.rule, alert.subject), actor=by, body=body)
    return [_known(alert.rule, alert.subject, ledger) for alert in known]


def _known(rule: str, subject: str, ledger: Ledger) -> AlertRecord:
    alert = ledger.alert(rule, subject)
    if alert is None:
        raise NeedsPerson(
            914, "There is no such alert.", where=f"alert {rule}", next_step="List them with `exchange alerts list`."
        )  # fmt: skip
    return alert

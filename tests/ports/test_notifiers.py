"""Alerts by mail and into the log, against a real mail server on this host."""

from __future__ import annotations

import json
import ssl
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from exchange.adapters.notify_apprise import AppriseNotifier
from exchange.adapters.notify_log import LogNotifier
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.ports import Alert
from tests.servers import free_port

ALERT = Alert(
    rule="claims_due",
    case_no="（2026）冀1103破1号",
    day=date(2026, 7, 20),
    title="时限预警：债权申报期限将届满",
    text="（2026）冀1103破1号 债权申报期限还有 7 日。\n请登录控制台查看。Open the console.",
)


class Mailbox(MessageHandler):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.mails.append(message)


@dataclass
class Server:
    port: int
    mailbox: Mailbox = field(default_factory=Mailbox)

    def address(self, extra: str, *, scheme: str = "mailto", user: str = "") -> str:
        people = "from=exchange@court.example&to=liaison-1@court.example&to=liaison-2@court.example"
        return f"{scheme}://{user}localhost:{self.port}/?{people}&format=text&{extra}"


@pytest.fixture
def mail() -> Iterator[Server]:
    server = Server(free_port())
    controller = Controller(server.mailbox, hostname="127.0.0.1", port=server.port)
    controller.start()
    yield server
    controller.stop()


@pytest.fixture
def mail_with_starttls(tmp_path: Path) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    server = Server(free_port())
    controller = Controller(
        server.mailbox, hostname="127.0.0.1", port=server.port, tls_context=context, require_starttls=True,
        auth_required=True, authenticator=lambda *a: AuthResult(success=a[4].password == b"right", handled=False),
    )  # fmt: skip
    controller.start()
    yield server
    controller.stop()


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(private + certificate.public_bytes(pem))
    return folder / "both.pem"


def test_a_mail_arrives_in_chinese_with_nothing_but_the_alert(mail: Server, tmp_path: Path):
    log = tmp_path / "alerts.log"
    AppriseNotifier(mail.address("mode=insecure"), then=LogNotifier(log)).send(ALERT)
    (one,) = mail.mailbox.mails
    assert str(make_header(decode_header(one["Subject"]))) == ALERT.title
    assert one.get_content_type() == "text/plain"
    assert one.get_content_charset() == "utf-8"
    assert one.get_payload(decode=True).decode("utf-8").replace("\r\n", "\n").strip() == ALERT.text
    assert json.loads(log.read_text("utf-8"))["rule"] == ALERT.rule


def test_several_alerts_do_not_wait_for_each_other(mail: Server):
    notifier = AppriseNotifier(mail.address("mode=insecure"))
    started = datetime.now(UTC)
    for _ in range(4):
        notifier.send(ALERT)
    assert len(mail.mailbox.mails) == 4
    assert datetime.now(UTC) - started < timedelta(seconds=4)


def test_starttls_with_login(mail_with_starttls: Server):
    AppriseNotifier(mail_with_starttls.address("verify=no", scheme="mailtos", user="exchange:right@")).send(ALERT)
    assert len(mail_with_starttls.mailbox.mails) == 1


@pytest.mark.parametrize(
    ("user", "extra"),
    [
        ("exchange:right@", "verify=yes"),  # a certificate nobody vouches for
        ("exchange:wrong@", "verify=no"),
    ],
)
def test_what_the_server_refuses_is_tried_later(mail_with_starttls: Server, tmp_path: Path, user: str, extra: str):
    log = tmp_path / "alerts.log"
    address = mail_with_starttls.address(extra, scheme="mailtos", user=user)
    with pytest.raises(RetryLater) as later:
        AppriseNotifier(address, then=LogNotifier(log)).send(ALERT)
    assert later.value.code == 108
    assert "exchange:" not in str(later.value)
    assert mail_with_starttls.mailbox.mails == []
    assert len(log.read_text("utf-8").splitlines()) == 1


def test_starttls_is_not_given_up_when_the_server_has_none(mail: Server):
    with pytest.raises(RetryLater):
        AppriseNotifier(mail.address("verify=no", scheme="mailtos", user="exchange:right@")).send(ALERT)
    assert mail.mailbox.mails == []


def test_a_mail_server_that_is_away():
    with pytest.raises(RetryLater) as later:
        AppriseNotifier(Server(free_port()).address("mode=insecure")).send(ALERT)
    assert later.value.code == 108


def test_a_wrong_address_is_refused_at_once_and_not_shown():
    with pytest.raises(NeedsPerson) as refused:
        AppriseNotifier("pigeon://user:sesame@roof")
    assert refused.value.code == 905
    assert "sesame" not in str(refused.value)


def test_the_log_is_one_private_line_of_json_an_alert(tmp_path: Path):
    log = LogNotifier(tmp_path / "deep" / "alerts.log")
    log.send(ALERT)
    log.send(ALERT)
    path = tmp_path / "deep" / "alerts.log"
    first, second = map(json.loads, path.read_text("utf-8").splitlines())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first["title"] == ALERT.title
    assert "时限预警" in path.read_text("utf-8")
    assert set(first) == {"rule", "case_no", "day", "title", "text", "event", "level", "timestamp"} == set(second)

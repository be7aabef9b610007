"""Alerts by mail, or by any other service Apprise has an address form for (WeCom, DingTalk, Feishu of one's own).

The address is a secret: it may hold a password, so it never stands in an error. Mail forms that matter here:
`mailtos://user:password@mail.example:587/?mode=starttls&from=a@b&to=c@d` (the default for `mailtos`),
`mode=ssl` for port 465, and `mailto://…?mode=insecure` for a relay on this host. Certificates are verified.
"""

from __future__ import annotations

from typing import Any

from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.ports import Alert, Notifier


class AppriseNotifier:
    """Sends each alert to one Apprise address, after `then` (the alert log) was told of it.

    Raises NeedsPerson 905 when made with an address Apprise does not understand.
    """

    def __init__(self, url: str, *, then: Notifier | None = None) -> None:
        self._url = url
        self._then = then
        self._service()

    def send(self, alert: Alert) -> None:
        """Deliver to the log and the address; RetryLater 108 when the server is away or refuses."""
        if self._then is not None:
            self._then.send(alert)
        title = " ".join(alert.title.split())
        if not self._service().notify(title=title, body=alert.text, body_format="text"):
            raise RetryLater(
                108,
                "The alert could not be handed to its mail server.",
                where=f"alert {alert.rule}",
                next_step="Check the mail server and `mail_url`; the alert stands in the alert log meanwhile.",
            )

    def _service(self) -> Any:
        """A fresh service each time: a used one waits seconds before it sends again."""
        import apprise

        service = apprise.Apprise()
        if not service.add(self._url):
            raise NeedsPerson(
                905,
                "The address for alerts is not one Apprise understands.",
                where="mail_url",
                next_step="Write it like mailtos://user:password@host:587/?from=a@b&to=c@d.",
            )
        return service

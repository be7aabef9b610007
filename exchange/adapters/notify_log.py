"""Alerts as lines of JSON in one file: the notifier that needs no server, and the record beside every other one."""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from exchange.domain.errors import RetryLater
from exchange.ports import Alert


class LogNotifier:
    """Appends each alert to `path` (mode 0600), one JSON object a line, UTF-8, with the UTC time it was told."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, alert: Alert) -> None:
        """Write the line; RetryLater 108 when the disk refuses."""
        try:
            self._write(alert)
        except OSError as error:
            raise RetryLater(
                108,
                f"The alert can't be written down ({type(error).__name__}).",
                where=str(self._path),
                next_step="Check the file's owner and mode, and that its disk has room; the alert is brought later.",
            ) from None

    def _write(self, alert: Alert) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(
            os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
        ) as out:
            line = structlog.wrap_logger(
                structlog.WriteLogger(out),
                processors=[
                    structlog.processors.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                    structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
                ],
                wrapper_class=structlog.BoundLogger,
                cache_logger_on_first_use=False,
            )
            line.warning(
                "alert",
                rule=alert.rule,
                case_no=alert.case_no,
                day=alert.day.isoformat(),
                title=alert.title,
                text=alert.text,
            )

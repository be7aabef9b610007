"""The command line: every step by hand, on any day. `exchange --help` lists it; docs/commands.md tells it."""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback

import structlog
import typer

from exchange.cli import (
    alerts,
    breaks,
    cases,
    complete,
    console,
    contracts,
    demo,
    keys,
    matches,
    meetings,
    points,
    records,
    rounds,
    sample,
    sampling,
    source,
    statements,
)
from exchange.cli.common import EXIT_FAULT, EXIT_NEEDS_PERSON, EXIT_RETRY, err, show_error
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater

app = typer.Typer(
    name="exchange",
    help="Court–tax exchange of bankruptcy-case data (法院—税务破产涉税信息交换).\n\n"
    "Exit codes: 0 done · 1 a fault of this program · 2 wrong usage · 3 a person is needed · 4 try again later · "
    "5 a check found something.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for module in (
    rounds,
    sampling,
    breaks,
    matches,
    alerts,
    cases,
    records,
    points,
    contracts,
    keys,
    complete,
    statements,
    meetings,
    source,
    console,
    demo,
    sample,
):
    module.register(app)


def main() -> None:
    """Run a command; turn the product's errors into a clear text and a documented exit code.

    What a command makes is for its user alone, whatever the umask it was started with.
    """
    os.umask(0o077)
    _log_to_stderr()
    try:
        app()
    except RetryLater as error:
        show_error(error)
        sys.exit(EXIT_RETRY)
    except ExchangeError as error:
        show_error(error)
        sys.exit(EXIT_NEEDS_PERSON)
    except Exception as fault:
        if isinstance(fault, OSError) and fault.filename is not None:
            show_error(_refused_by_system(fault))
            sys.exit(EXIT_NEEDS_PERSON)
        if os.environ.get("EXCHANGE_DEBUG"):
            raise
        _show_fault(fault)
        sys.exit(EXIT_FAULT)


def _refused_by_system(error: OSError) -> NeedsPerson:
    """A file or folder of this machine that no adapter could say more about."""
    code = 906 if error.errno in (errno.ENOSPC, errno.EDQUOT) else 905
    return NeedsPerson(
        code,
        f"The system refuses: {error.strerror}.",
        where=str(error.filename),
        next_step="Check that it is there, its owner and mode, and the room on its disc.",
    )


def _show_fault(fault: Exception) -> None:
    """A fault of ours: its kind and place. Its message may quote a row, so it stays out of terminals and logs."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(fault.__traceback__)]
    err.print(f"[red]程序故障 a fault of this program:[/] {type(fault).__name__}")
    for place in places[-4:]:
        err.print(f"  {place}", soft_wrap=True)
    err.print("请告知维护人员。Tell the maintainers; EXCHANGE_DEBUG=1 shows all of it (it may hold data).")


def _log_to_stderr() -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    for chatty in ("paramiko", "asyncssh", "alembic", "great_expectations"):
        logging.getLogger(chatty).setLevel(logging.ERROR)

"""The order of steps, once. Airflow's DAGs, the command line and the tests all travel here.

A journey runs to the next gate in the ledger (approval, receipt, answer) and ends; `sweep` takes up whatever has
become ready since. Nothing waits here, so a restart, a lost event or an approval after three weeks changes nothing.

A step is imported by the journey that takes it: pandas and what else it brings cost a second, which a command that only
looks, or a sweep that finds nothing, need not spend.
"""

from exchange.journeys.calling import GATES, Swept, agreed, call, record
from exchange.journeys.incoming import fetch, hear, receive, reconcile, verify
from exchange.journeys.looking import audit, audited, looked, looked_at_case, prove
from exchange.journeys.meetings import (
    hear_meetings,
    meet,
    meeting_book,
    meeting_left_out,
    meeting_text,
    meeting_unheard,
    meeting_untold,
    meeting_with,
    share_meeting,
)
from exchange.journeys.outgoing import (
    OUTGOING,
    answer,
    assemble,
    batches,
    deliver,
    extract,
    onward,
    open_quarter,
    preview_urgent,
    quarterly,
    quarterly_routes,
    share,
    urgent,
    validate,
    watch,
)
from exchange.journeys.statements import (
    compare_statement,
    hear_statement,
    last_statement,
    refuse_statement,
    sign_statement,
    statement,
    statement_compared,
    statement_route,
    statement_status,
    tell_statement,
)
from exchange.journeys.sweeping import sweep

__all__ = [
    "GATES",
    "OUTGOING",
    "Swept",
    "agreed",
    "answer",
    "assemble",
    "audit",
    "audited",
    "batches",
    "call",
    "compare_statement",
    "deliver",
    "extract",
    "fetch",
    "hear",
    "hear_meetings",
    "hear_statement",
    "last_statement",
    "looked",
    "looked_at_case",
    "meet",
    "meeting_book",
    "meeting_left_out",
    "meeting_text",
    "meeting_unheard",
    "meeting_untold",
    "meeting_with",
    "onward",
    "open_quarter",
    "preview_urgent",
    "prove",
    "quarterly",
    "quarterly_routes",
    "receive",
    "reconcile",
    "record",
    "refuse_statement",
    "share",
    "share_meeting",
    "sign_statement",
    "statement",
    "statement_compared",
    "statement_route",
    "statement_status",
    "sweep",
    "tell_statement",
    "urgent",
    "validate",
    "verify",
    "watch",
]

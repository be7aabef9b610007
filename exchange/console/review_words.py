"""Words of exchanges, packets and events: message ids of the catalogue, with the icon and tone of a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Status = tuple[str, str, str]
"""(tone, icon, message id) of a state, as the macro `st` draws it."""

STATES: Final[Mapping[str, Status]] = {
    "opened": ("run", "clock", "Being read"),
    "extracted": ("run", "clock", "Being assembled"),
    "checked": ("wait", "review", "To be submitted"),
    "stopped": ("bad", "warn", "Stopped"),
    "prepared": ("run", "clock", "Waiting for review"),
    "approved": ("ok", "ok", "Approved"),
    "packed": ("run", "lock", "Sealed"),
    "sent": ("run", "send", "Sent"),
    "received": ("run", "send", "Opened by the other side"),
    "accepted": ("ok", "ok", "Received and validated"),
    "rejected": ("bad", "x", "Refused by the other side"),
    "refused": ("", "undo", "Sent back"),
    "taken_in": ("ok", "ok", "Taken in"),
}
"""State of an exchange → how it is shown."""

PACKET_STATES: Final[Mapping[str, Status]] = {
    "numbered": ("", "dash", "Numbered"),
    "sealed": ("run", "lock", "Sealed"),
    "sent": ("ok", "send", "Sent"),
    "collected": ("run", "clock", "Collected"),
    "accepted": ("ok", "ok", "Taken in"),
    "held": ("wait", "clock", "Held: one before it is missing"),
    "refused": ("bad", "x", "Refused"),
    "fork": ("bad", "x", "Two packets of one number"),
    "void": ("", "void", "Void"),
}
"""State of a packet → how it is shown."""

WHY: Final[Mapping[str, str]] = {"new": "New", "changed": "Changed", "closed": "Closed", "unchanged": "Unchanged"}
"""Why a case goes."""

TABS: Final[Mapping[str, str]] = {
    "overview": "Overview",
    **WHY,
    "held": "To correct",
    "points": "To explain",
    "gaps": "Completeness",
    "sample": "Sample",
    "checks": "Checks",
    "files": "Files",
    "history": "Record",
}
"""Tabs of an exchange of ours, in order."""

EVENTS: Final[Mapping[str, str]] = {
    "exchange_opened": "Opened",
    "batch_extracted": "A batch read",
    "batch_validated": "A batch checked",
    "extracted": "Assembled",
    "checked": "Checked",
    "stopped": "Stopped: too many are held",
    "stop_lifted": "The stop lifted",
    "explained": "Reasons given",
    "overruled": "A rule overruled",
    "docket_turned_up": "Missing serials turned up",
    "sample_checked": "A case of the sample checked",
    "prepared": "Submitted for review",
    "approved": "Approved",
    "released": "Released",
    "confirmed": "Reviewed afterwards",
    "refused": "Sent back",
    "packed": "Sealed",
    "sent": "Sent",
    "receipt_opened": "Receipt: opened there",
    "receipt_validated": "Receipt: validated there",
    "receipt_refused": "Receipt: refused there",
    "receipt_missing": "Receipt: numbers missing",
    "receipt_packed": "A receipt sealed",
    "receipt_sent": "A receipt sent",
    "collected": "Fetched",
    "taken_in": "Taken in",
    "packet_refused": "A packet refused",
    "packet_held": "A packet held",
    "packet_fork": "Two packets of one number",
    "reissued": "Stored bytes sent again",
    "reconciled": "Reconciled",
    "breaks_listed": "The list of breaks opened",
    "break_assigned": "A break assigned",
    "break_commented": "A break commented",
    "break_decided": "A break decided",
    "break_confirmed": "A decision on a break confirmed",
    "break_reopened": "A break reopened",
    "break_closed": "A break closed",
    "break_answered": "A break answered by the other side",
    "break_answer_given": "A break answered by us",
    "break_answers_noted": "Answers to breaks noted",
    "question_filed": "A question filed for the joint meeting",
    "question_answered": "A question answered",
    "question_settled": "A question settled by an answer",
    "question_withdrawn": "A question withdrawn",
    "question_put": "A question put on the agenda",
    "question_taken_off": "A question taken off the agenda",
    "meeting_called": "A joint meeting called",
    "meeting_moved": "A joint meeting moved",
    "meeting_called_off": "A joint meeting called off",
    "meeting_held": "A joint meeting held",
    "resolution_noted": "A resolution noted",
    "resolution_assigned": "A resolution's owner named",
    "resolution_finished": "A resolution done",
    "resolution_reopened": "A resolution not done after all",
    "figure_proposed": "A figure proposed",
    "meeting_shared": "Acts of the joint meeting to be sent",
    "meeting_noted": "Acts of the joint meeting noted",
    "match_decided": "A match decided",
    "match_confirmed": "A match confirmed",
    "match_revoked": "A match revoked",
    "looked_at": "Looked at",
    "alert_sent": "An alert sent",
    "key_made": "A key made",
    "key_pinned": "A certificate pinned",
    "key_unpinned": "A certificate unpinned",
    "person_added": "An account added",
    "person_changed": "An account changed",
    "password_set": "A password set",
    "delegated": "A role delegated",
    "signed_in": "Signed in",
    "sign_in_failed": "A sign-in failed",
    "signed_out": "Signed out",
    "chain_verified": "The chain verified",
}
"""Kind of an event → what it says. One that is not here is shown by its own name."""

KINDS: Final = ("Q", "U", "C", "N", "A", "B", "M", "S", "V", "T")
"""Kinds of exchanges, in the order they are offered; their words are the domain's."""

CHECK_TEXTS: Final[Mapping[str, str]] = {
    "prepared": "Submitted by %(who)s",
    "to_prepare": "Not yet submitted",
    "checked": "Checks passed: %(count)s rules",
    "checks_done": "Checks passed",
    "not_checked": "Checks not finished",
    "stopped": "Stopped: %(share)s held, the limit is %(limit)s",
    "sample": "Sample checked: %(count)s",
    "sample_open": "Sample: %(count)s not yet checked",
    "no_sample": "No sample is drawn of this kind",
    "points": "Reasons given: %(count)s points",
    "points_open": "To explain: %(count)s without a reason",
    "columns": "The files hold the agreed columns alone",
}
"""Lines of the checklist."""

JOBS: Final[Mapping[str, str]] = {
    "quarterly": "A quarter is read and checked",
    "answer": "An answer is made",
    "sweep": "Collecting and sending",
    "assemble": "An exchange is assembled anew",
    "reconcile": "The books are compared",
    "verify": "The chain is verified",
}
"""Kinds of work that outlast a page."""

SWEPT: Final[Mapping[str, str]] = {
    "sent": "Exchanges sealed and sent",
    "delivered": "Packets delivered",
    "taken in": "Packets taken in",
    "refused": "Packets refused",
    "held": "Packets held",
    "duplicate": "Packets that came twice",
    "reconciled": "Exchanges reconciled",
    "answers noted": "Packets of answers to breaks noted",
    "meetings noted": "Packets of the joint meeting noted",
    "list of breaks opened": "Lists of breaks opened",
}
"""What a sweep counts."""

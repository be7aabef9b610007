"""One module a page, named by what an officer does; each has a `router`."""

from exchange.console.pages import (
    account,
    admin,
    alerts,
    breaks,
    cases,
    evidence,
    exchanges,
    house_sign_in,
    ledger,
    matches,
    meetings,
    reports,
    review,
    review_work,
    sign_in,
    statements,
    today,
    urgent,
)

ROUTERS = (
    sign_in.router,
    house_sign_in.router,
    account.router,
    today.router,
    exchanges.router,
    review.router,
    review_work.router,
    cases.router,
    evidence.router,
    breaks.router,
    matches.router,
    alerts.router,
    urgent.router,
    statements.router,
    ledger.router,
    meetings.router,
    reports.router,
    admin.router,
)
"""In the order of the rail."""

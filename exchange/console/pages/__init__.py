"""One module a page, named by what an officer does; each has a `router`."""

from exchange.console.pages import (
    account,
    admin,
    breaks,
    cases,
    exchanges,
    home,
    house_sign_in,
    ledger,
    matches,
    meetings,
    review,
    review_work,
    sign_in,
)

ROUTERS = (
    sign_in.router,
    house_sign_in.router,
    account.router,
    home.router,
    exchanges.router,
    review.router,
    review_work.router,
    cases.router,
    breaks.router,
    matches.router,
    ledger.router,
    meetings.router,
    admin.router,
)
"""In the order of the rail."""

"""One module a page, named by what an officer does; each has a `router`."""

from exchange.console.pages import account, admin, breaks, home, house_sign_in, matches, sign_in

ROUTERS = (
    sign_in.router, house_sign_in.router, account.router, home.router, matches.router, breaks.router, admin.router,
)  # fmt: skip
"""In the order of the rail."""

"""One module a page, named by what an officer does; each has a `router`."""

from exchange.console.pages import account, admin, home, house_sign_in, sign_in

ROUTERS = (sign_in.router, house_sign_in.router, account.router, home.router, admin.router)
"""In the order of the rail."""

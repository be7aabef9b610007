"""A real Chromium before a real server: pages are opened, watched and pictured.

A page watched fails its test on a request to another host, a breach of the content policy, a script error or a serious
fault of accessibility (axe-core). Pictures go to `build/pictures/`.
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvicorn
from playwright.sync_api import Browser, Locator, Page, Playwright, sync_playwright
from pypdf import PdfReader

from exchange.console.render import make_words
from tests.console.kit import PASSWORD, ROOT, Console

CHROMIUM: Final = "/usr/bin/chromium"
PICTURES: Final = ROOT / "build/pictures"
AXE: Final = ROOT / "tests/console/vendor/axe-core-4.14.1/axe.min.js"
WIDE, NARROW = (1366, 768), (390, 844)
_QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--font-render-hinting=none",
)  # fmt: skip
_WATCH: Final = """
window.__breaches = [];
window.print = () => {};
document.addEventListener('securitypolicyviolation',
  (e) => window.__breaches.push(e.violatedDirective + ' ' + e.blockedURI));
"""
_BROKEN: Final = """
[...document.querySelectorAll('.cn')].filter((n) => n.getClientRects().length > 1)
  .map((n) => 'broken: ' + n.textContent)
"""
# Preloading serves one rule that is experimental and one of moderate faults: neither is looked at here.
_RUN_AXE: Final = """
(off) => axe.run(document, {
  resultTypes: ['violations'], preload: false, rules: Object.fromEntries(off.map((rule) => [rule, {enabled: false}])),
})
"""


@contextmanager
def started() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        try:
            yield browser
        finally:
            browser.close()


def _launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(_QUIET))


@contextmanager
def served(console: Console) -> Iterator[str]:
    """The console on a port of this machine; its address."""
    server = uvicorn.Server(uvicorn.Config(console.app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)


@dataclass(kw_only=True)
class Desk:
    """Somebody at a screen: a page of the browser, watched. `problems` must be empty at the end."""

    page: Page
    address: str
    language: str = "zh"
    problems: list[str] = field(default_factory=list)

    @property
    def main(self) -> Locator:
        """The page itself, without bar and rail."""
        return self.page.locator("main")

    def say(self, text: str, **values: object) -> str:
        """What the page says for a message id of the catalogue, in this desk's language."""
        return make_words().say(self.language, text, **values)

    def press(self, text: str, **values: object) -> None:
        """Click the first button that says this."""
        self.main.get_by_role("button", name=self.say(text, **values)).first.click()

    def follow(self, text: str, **values: object) -> None:
        """Click the first link that says this."""
        self.main.get_by_role("link", name=self.say(text, **values)).first.click()

    def reads(self, text: str, **values: object) -> None:
        """Wait until the page says this."""
        self.main.get_by_text(self.say(text, **values)).first.wait_for()

    def taken(self, selector: str) -> bytes:
        """What a click on a link downloads."""
        with self.page.expect_download() as download:
            self.page.locator(selector).first.click()
        return download.value.path().read_bytes()

    def sign_in(self, person: str, password: str = PASSWORD) -> Desk:
        """Through the form, as people do."""
        self.page.goto(f"{self.address}/sign-in")
        self.page.fill("#person", person)
        self.page.fill("#password", password)
        self.page.click("main form button")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        return self

    def go(self, path: str) -> Page:
        """Open a page and wait until it is quiet (live streams aside)."""
        self.page.goto(f"{self.address}{path}", wait_until="load")
        return self.page

    def picture(self, name: str, *, whole: bool = False) -> Path:
        """What is seen, kept as build output."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        self.page.screenshot(path=str(path), full_page=whole)
        return path

    def seen(self, name: str) -> None:
        """Pictured whole, and checked."""
        self.picture(name, whole=True)
        self.check()

    def paper(self, name: str, *, most: int) -> str:
        """Printed on A4, on so many sides at most, with no control on it; the text. Kept as `<name>-paper.pdf`."""
        self.page.emulate_media(media="print")
        shown = self.page.locator("button:visible, input:visible, select:visible, textarea:visible, .side:visible")
        left = shown.evaluate_all("(all) => all.map((one) => one.outerHTML.slice(0, 120))")
        assert left == [], f"{self.page.url}: on paper {left}"
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}-paper.pdf"
        self.page.pdf(path=str(path), prefer_css_page_size=True)
        self.page.emulate_media(media="screen")
        sides = PdfReader(path).pages
        assert 1 <= len(sides) <= most, f"{self.page.url}: {len(sides)} sides"
        return unicodedata.normalize("NFKC", "".join(side.extract_text() for side in sides))

    def check(self, *, rules_off: tuple[str, ...] = ()) -> None:
        """Accessible, within its width, case numbers whole, nothing from elsewhere: raises with what is not so."""
        wrong = [*self.problems, *self.page.evaluate("window.__breaches || []")]
        if self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
            wrong.append("the page is wider than the window")
        wrong += self.page.evaluate(_BROKEN)
        wrong += self._axe(rules_off)
        assert wrong == [], f"{self.page.url}: {wrong}"

    def _axe(self, rules_off: tuple[str, ...]) -> list[str]:
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate(_RUN_AXE, list(rules_off))
        return [
            f"{v['impact']} {v['id']}: {'; '.join(n['html'][:140] for n in v['nodes'][:3])}"
            for v in found["violations"] if v["impact"] in ("serious", "critical")
        ]  # fmt: skip


@contextmanager
def at(browser: Browser, address: str, *, size: tuple[int, int] = WIDE, language: str = "zh", script: bool = True,
       ) -> Iterator[Desk]:  # fmt: skip
    """A browser window of its own before a console."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="zh-CN", timezone_id="Asia/Shanghai",
        java_script_enabled=script, bypass_csp=False, reduced_motion="reduce",
    )  # fmt: skip
    context.set_default_timeout(90_000)
    context.add_cookies([{"name": "exchange_language", "value": language, "url": address}])
    context.add_init_script(_WATCH)
    page = context.new_page()
    desk = Desk(page=page, address=address, language=language)
    page.on("request", lambda r: _elsewhere(desk, r.url))
    page.on("pageerror", lambda e: desk.problems.append(f"script error: {e}"))
    page.on("console", lambda m: _said(desk, m))
    try:
        yield desk
    finally:
        context.close()
    assert desk.problems == [], desk.problems


def _said(desk: Desk, message: Any) -> None:
    if message.type == "error" and not re.search(
        r"status of 4\d\d|ERR_INTERNET_DISCONNECTED|ERR_INCOMPLETE", message.text
    ):
        desk.problems.append(f"console: {message.text}")


def _elsewhere(desk: Desk, url: str) -> None:
    if not url.startswith((desk.address, "data:", "blob:", "about:")):
        desk.problems.append(f"request to another host: {url}")

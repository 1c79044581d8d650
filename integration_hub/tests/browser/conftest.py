"""Headless Chromium over Django's live server, people logged in, and axe-core."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from integration_hub.companies.models import Company, User
from integration_hub.contract import registry
from integration_hub.hub.tests.conftest import Drawer, fill
from integration_hub.hub.tests.paper import PROVIDER

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
SCREENS = ("light", "phone")  # `flaws` makes them dark too
# Colours fade into others. A paused animation never ends, and a script has no time-out of its own.
STILL = """Promise.race([
    new Promise((done) => setTimeout(done, 1000)),
    Promise.allSettled(document.getAnimations()
        .filter((one) => one.effect.getComputedTiming().iterations !== Infinity).map((one) => one.finished)),
]).then(() => null)"""
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}


@pytest.fixture(autouse=True)
def paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_providers", {PROVIDER.key: PROVIDER})


@pytest.fixture
def drawer(company: Company) -> Drawer:
    return fill(company)


Opened = Callable[..., BrowserContext]


@pytest.fixture
def opened(browser: Browser, live_server: Any) -> Iterator[Opened]:
    """A browser window, logged in as somebody where one is given. Whatever the console says is an error."""
    windows: list[BrowserContext] = []
    said: list[str] = []

    def open_window(user: User | None = None, look: str = "light") -> BrowserContext:
        window = browser.new_context(base_url=live_server.url, **LOOKS[look])
        window.set_default_timeout(10_000)
        window.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        window.on("weberror", lambda error: said.append(str(error.error)))
        if user is not None:
            client = Client()
            client.force_login(user)
            window.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
            )
        windows.append(window)
        return window

    yield open_window
    for window in windows:
        window.close()
    # A refused form is the page's own business, and so is an answer that nobody waits for any more.
    expected = ("the server responded with a status of 4", "htmx:sendAbort")
    assert [text for text in said if not any(part in text for part in expected)] == []


def violations(page: Page, **how: Any) -> list[str]:
    """What axe-core finds wrong, one line for each rule and element."""
    page.evaluate(AXE)
    options = {"preload": False, "resultTypes": ["violations"], **how}
    found = page.evaluate("(options) => axe.run(document, options)", options)["violations"]
    return [f"{rule['id']} ({rule['impact']}): {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def flaws(page: Page) -> list[str]:
    """What is wrong with a page at the width it has, light and dark. In the dark the rules about colours are asked
    again; the others look at nothing that could have changed."""
    wrong = violations(page) + ["wider than the screen"] * (overflow(page) > 0)
    page.emulate_media(color_scheme="dark")
    page.evaluate(STILL)
    wrong += [f"in the dark: {each}" for each in violations(page, runOnly=COLOURS)]
    page.emulate_media(color_scheme="light")
    page.evaluate(STILL)
    return wrong


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

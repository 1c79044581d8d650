"""Walking every page a person can reach by links, and what must never stand in one: inline script or style."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from django.test import Client

NOT_PAGES = ("/static/", "/api/", "/docs", "/accounts/logout/", "/healthz", "/readyz", "/metrics")


class Page(HTMLParser):
    """The links of a page, and everything inline in it that a strict policy would have to allow."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a" and (named.get("href") or "").startswith("/"):
            self.links.append(str(named["href"]).partition("#")[0])
        if tag == "style" or (tag == "script" and not named.get("src") and "json" not in (named.get("type") or "")):
            self.inline.append(f"<{tag}>")
        self.inline += [f"{tag} {name}={value}" for name, value in attrs if name == "style" or name.startswith("on")]
        self.inline += [f"{tag} {name}={value}" for name, value in attrs if (value or "").startswith("javascript:")]


def pages(client: Client, start: str) -> Iterator[tuple[str, Any, Page]]:
    """(address, answer, page) of everything reachable from `start`; of each list only one filtered or sorted view."""
    waiting, seen = [start], {start}
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        if answer.status_code == 302 or "Content-Disposition" in answer:  # a file is no page
            list(answer)  # to its end: closing it earlier would close the test's own connection
            continue
        page = Page(answer.content.decode())
        yield address, answer, page
        for link in page.links:
            shape = link.partition("?")[0] + ("?" if "?" in link else "")
            if shape not in seen and not link.startswith(NOT_PAGES):
                seen.add(shape)
                waiting.append(link)

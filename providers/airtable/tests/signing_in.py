"""What tests of signing in share: the hub's own host, the simulator's consent page, and a person who walks through."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from django.test import Client

START = "/connect/airtable/"
HOST = "localhost:8000"


@dataclass
class Person:
    """Somebody with a browser: the hub's pages by Django's client, the provider's by HTTP."""

    browser: Client
    provider: requests.Session

    def start(self, path: str = START, **fields: str) -> str:
        """Says yes on the hub's page; the address of the consent page."""
        answer = self.browser.post(path, fields)
        assert answer.status_code == 302, answer.content.decode()[:3000]
        return str(answer.headers["Location"])

    def consent(self, address: str, answer: str = "grant", **more: str) -> str:
        """Answers the consent page; the path by which the provider sends back."""
        page = self.provider.get(address, timeout=10)
        assert page.status_code == 200, page.text
        parts = urlsplit(address)
        form = {**dict(parse_qsl(parts.query)), "answer": answer, **more}
        sent = self.provider.post(address.split("?")[0], data=form, allow_redirects=False, timeout=10)
        assert sent.status_code == 302, sent.text
        back = urlsplit(sent.headers["Location"])
        assert back.netloc == HOST
        return f"{back.path}?{back.query}"

    def arrive(self, path: str) -> Any:
        return self.browser.get(path)

    def dance(self, path: str = START, **more: str) -> Any:
        return self.arrive(self.consent(self.start(path), **more))


def browser_of(user: Any) -> Client:
    client = Client(headers={"host": HOST})
    client.force_login(user)
    return client


def person(user: Any) -> Person:
    provider = requests.Session()
    provider.trust_env = False
    return Person(browser_of(user), provider)

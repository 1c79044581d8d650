"""What a fresh hub needs before anybody can look at it: a company, two logins, an API token, a connected sandbox.

All of it is made once and found again at the next start; the logins and the token are kept in var/run.json, which
only its owner can read.
"""

import json
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from integration_hub.companies import scope, tokens
from integration_hub.companies.models import Company, Membership, Role, User
from integration_hub.connections.inputs import InvalidInput, settings_of
from integration_hub.connections.models import Connection
from integration_hub.contract import Provider, ProviderError, registry
from integration_hub.sandbox.world import registered
from integration_hub.sync import setup

ACTOR = "first start"
FILE = "run.json"
SANDBOX_SECONDS = 30.0

Say = Callable[[str], None]
Run = dict[str, Any]


def read(var: Path) -> Run:
    """What the last start wrote; empty at the first one, and when the file cannot be read."""
    try:
        run = json.loads((var / FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return run if isinstance(run, dict) else {}


def write(var: Path, run: Run) -> None:
    aside = var / f"{FILE}.new"
    aside.unlink(missing_ok=True)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(run, file, indent=2, ensure_ascii=False)
        file.write("\n")
    aside.replace(var / FILE)


def make_run(before: Run, company: Company, *, demo: bool, address: str, sandbox: str) -> Run:
    """Everything run.json says. `before`: logins and token of the last start, or made just now."""
    return {
        "address": address,
        "admin": login("admin", company, Role.ADMIN, before.get("admin", {}), is_superuser=True),
        "staff": login("staff", company, Role.STAFF, before.get("staff", {})),
        "token": token(company, before.get("token", ""), unthrottled=demo),
        "sandbox": {"address": sandbox, "credentials": {each.key: each.credentials() for each in registered()}},
    }


def login(name: str, company: Company, role: Role, known: dict[str, str], **rights: bool) -> dict[str, str]:
    """The person with that user name, made where missing; a password nobody knows any more is replaced."""
    username = known.get("username", name)
    password = known.get("password") or secrets.token_urlsafe(12)
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User(username=username, email=f"{username}@example.com", is_staff=True, **rights)
    if user.pk is None or not known:
        user.set_password(password)
        user.save()
    Membership.everywhere.get_or_create(company=company, user=user, defaults={"role": role})
    return {"username": username, "password": password}


def token(company: Company, known: str, *, unthrottled: bool) -> str:
    row = tokens.find(known) if known else None
    if row is not None and row.company_id == company.pk:
        return known
    return tokens.issue(company, "First token", list(tokens.SCOPES), unthrottled=unthrottled)[1]


# --- the sandbox -----------------------------------------------------------------------------------------------------
def wait_for(sandbox: str, seconds: float = SANDBOX_SECONDS) -> bool:
    """False when the sandbox does not answer in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(sandbox, timeout=2):  # noqa: S310 - the sandbox's own address
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.1)
    return False


def connect_all(company: Company, credentials: dict[str, dict[str, str]], say: Say) -> None:
    """Connect every provider that has a simulator and was never connected, with the keys its simulator takes."""
    for provider in unconnected(company, credentials):
        given = credentials[provider.key]
        named = {secret.name for secret in provider.secrets}
        keys = {name: value for name, value in given.items() if name in named}
        try:
            with scope.entered(company.pk):
                setup.connect(company, provider.key, keys, _settings(provider, given), actor=ACTOR)
        except InvalidInput as error:
            say(f"{provider.name}: not connected to the sandbox. {error}")
        except ProviderError as error:
            say(f"{provider.name}: not connected to the sandbox. {error.sentence}")


def unconnected(company: Company, credentials: dict[str, dict[str, str]]) -> Iterator[Provider]:
    there = set(Connection.everywhere.filter(company=company).values_list("provider", flat=True))
    for key in sorted(set(credentials) - there):
        yield registry.provider(key)


def _settings(provider: Provider, given: dict[str, str]) -> dict[str, Any]:
    """The simulator's own settings, and automatic sync on: a demo should move."""
    declared = {setting.name for setting in settings_of(provider)}
    return {name: value for name, value in {**given, "auto_sync_enabled": True}.items() if name in declared}

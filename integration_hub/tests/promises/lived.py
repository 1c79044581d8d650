"""Promises that are lived: the provider is connected to its simulator, and the whole hub looks on."""

import html
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import Client

from integration_hub.companies import tokens
from integration_hub.companies.models import Membership, User
from integration_hub.connections.models import Connection
from integration_hub.contract import ProviderError
from integration_hub.sync import setup, streams
from integration_hub.sync.models import SyncRun, WorkRow
from integration_hub.sync.models.stream import StreamState
from integration_hub.tests.promises.case import Case, drain

SHORTEST = 4  # characters of a secret worth looking for


def it_works_against_its_simulator(case: Case) -> Iterator[str]:
    """Connecting names the account, records go over, streams are read to their end."""
    try:
        connection = case.connect()
    except Exception as error:
        yield f"{case.where('provider.py')}: connecting to the simulator fails: {type(error).__name__}: {error}"
        return
    if not connection.account_id or not connection.account_label:
        yield f"{case.where('provider.py')}: check does not say whose account it is (id and label)."
    drain()
    for row in WorkRow.everywhere.exclude(hold=""):
        yield f"{case.where('sinks.py')}: a record is held ({row.hold}): {row.sentence}"
    for run in SyncRun.everywhere.filter(kind="full"):
        if (run.state, run.failed, run.done) != ("done", 0, run.total):
            yield f"{case.where('sinks.py')}: the first sync ended {run.state}: {run.failed} of {run.total} failed."
    for state in StreamState.everywhere.filter(connection=connection):
        if state.error or state.last_at is None:
            yield f"{case.where('streams.py')}: {state.key} was not read to its end: {state.error or 'it never ended'}"


def a_wrong_key_is_never_saved(case: Case) -> Iterator[str]:
    secrets, settings = case.typed()
    wrong = {name: value[:-4] + ("0000" if value[-4:] != "0000" else "1111") for name, value in secrets.items()}
    try:
        setup.connect(case.here.company, case.key, wrong, settings, actor="tests")
        yield f"{case.where('provider.py')}: check accepts a wrong key."
    except ProviderError as refusal:
        if any(value in str(refusal) for value in wrong.values()):
            yield f"{case.where('provider.py')}: the refusal of a wrong key repeats the key."
    except Exception as error:
        yield f"{case.where('client.py')}: a wrong key raises {type(error).__name__} instead of AuthFailed."
    if Connection.everywhere.filter(provider=case.key).exclude(status="not_connected").exists():
        yield f"{case.where('provider.py')}: a wrong key was saved."


def a_dead_key_becomes_needs_reconnect(case: Case) -> Iterator[str]:
    """People are asked to reconnect, nothing is given up, and what was read stays where it was."""
    connection = case.connect()
    drain()
    if "expire_token" not in case.simulator.commands:
        yield f"{case.where('sandbox.py')}: the simulator takes no order expire_token."
        return
    case.here.sandbox.control(case.key, "expire_token")
    before = _cursors(connection)
    if "order" in case.provider.ready:
        case.order()
    streams.poke([(connection.pk, stream.key) for stream in case.provider.streams])
    drain()
    connection.refresh_from_db()
    if (case.provider.streams or case.provider.ready) and connection.status != "needs_reconnect":
        yield (
            f"{case.where('client.py')}: a key that died leaves the connection {connection.status!r}; "
            "its refusal must be AuthFailed."
        )
    for row in WorkRow.everywhere.exclude(hold=""):
        yield f"{case.where('client.py')}: a record is given up because of a dead key: {row.sentence}"
    if _cursors(connection) != before:
        yield f"{case.where('streams.py')}: a cursor moved although nothing could be read."


def _cursors(connection: Connection) -> list[Any]:
    return list(StreamState.everywhere.filter(connection=connection).order_by("key").values_list("key", "cursor"))


def secrets_stay_secret(case: Case) -> Iterator[str]:
    """Neither repr nor logs, pages or answers of the API show a secret, also while something goes wrong."""
    with _listening() as lines:
        connection = case.connect()
        drain()
        if case.provider.webhook:
            for _name, body in case.fixtures("webhooks"):
                made = case.report(body, connection)
                address = made.url.split(":8000", 1)[1]
                headers = {name: value for name, value in made.headers.items() if name != "content-type"}
                Client().generic(made.method, address, made.raw, "application/json", headers=headers)
            drain()
        case.here.sandbox.fault(case.key, status=500, count=3, body={"error": "planted"})
        streams.poke([(connection.pk, stream.key) for stream in case.provider.streams])
        drain()
        told = {"a page": _pages(case), "the API": _answers(case)}
    told |= {"repr": f"{connection!r} {connection} {case.provider!r}", "the log": "\n".join(lines)}
    for name, value in case.typed()[0].items():
        for place, text in told.items():
            if len(value) >= SHORTEST and value in text:
                yield f"{case.folder.name}: the secret {name!r} is shown in {place}."


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Every line that is logged meanwhile, whole."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {record.exc_info}")

    root, listener = logging.getLogger(), Listener(level=logging.DEBUG)
    before = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(listener)
        root.setLevel(before)


def _pages(case: Case) -> str:
    """What an admin sees of it."""
    user = User.objects.create_user("looker", "looker@example.com", "password", is_staff=True)
    Membership.everywhere.create(company=case.here.company, user=user, role="admin")
    browser = Client()
    browser.force_login(user)
    paths = ["/admin/hub/", f"/admin/hub/{case.key}/", "/admin/hub/problems/", "/admin/webhooks/webhookevent/"]
    return html.unescape("".join(browser.get(path).content.decode() for path in paths))


def _answers(case: Case) -> str:
    _row, text = tokens.issue(case.here.company, "looker", ["read", "write", "admin"])
    client = Client(headers={"Authorization": f"Bearer {text}"})
    paths = ["/api/integrations", f"/api/integrations/{case.key}", "/api/runs", "/api/webhook-events"]
    return "".join(client.get(path).content.decode() for path in paths)


def another_company_sees_nothing(case: Case) -> Iterator[str]:
    connection = case.connect()
    drain()
    user = User.objects.create_user("stranger", "stranger@example.com", "password", is_staff=True)
    Membership.everywhere.create(company=case.here.other, user=user, role="admin")
    browser = Client()
    browser.force_login(user)
    page = html.unescape(browser.get(f"/admin/hub/{case.key}/").content.decode())
    for word in (connection.account_label, str(connection.pk), case.here.company.name):
        if word and word in page:
            yield f"{case.folder.name}: another company's page shows {word!r}."

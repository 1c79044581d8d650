"""Promises about webhooks. A provider without a webhook keeps them all."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.apps import apps
from django.test import Client
from django.utils.module_loading import import_string

from integration_hub.companies.managers import CompanyOwned
from integration_hub.contract import Incoming, Refused, Webhook
from integration_hub.tests.promises.case import Case, drain
from integration_hub.webhooks.models import WebhookEvent

SECRET = "tests-only-signing-secret-0123456789"
URL = "https://hub.example.com/api/webhooks/x"
OLD = 3600  # seconds


def events_handlers_and_fixtures_fit(case: Case) -> Iterator[str]:
    """Every handled event has a fixture, every fixture a handler or an explicit ignore."""
    webhook = case.provider.webhook
    if webhook is None:
        return
    there = {}
    for name, body in case.fixtures("webhooks"):
        made = _reported(case, body, time.time())
        there[webhook.event_type(made.headers, webhook.payload(made.headers, made.raw))] = name
    for kind in sorted(set(webhook.handles) - set(there)):
        yield f"{case.where('tests/fixtures/webhooks')}: holds no payload of {kind!r}, which webhooks.py handles."
    for kind in sorted(set(there) - set(webhook.handles) - set(webhook.ignores)):
        yield f"{case.where('webhooks.py')}: neither handles nor ignores {kind!r} ({there[kind]})."
    for kind in sorted(set(webhook.handles) & set(webhook.ignores)):
        yield f"{case.where('webhooks.py')}: both handles and ignores {kind!r}."


def forged_deliveries_are_refused(case: Case) -> Iterator[str]:
    """Unsigned, altered, old, signed by somebody else: none is let in, and none breaks the check. A true one is let in,
    also by the secret that is just being replaced."""
    webhook = case.provider.webhook
    if webhook is None or not webhook.signed_with:
        return
    for name, body in case.fixtures("webhooks"):
        now = time.time()
        true = _reported(case, body, now)
        where = f"{case.where('webhooks.py')}: verify"
        if said := _verdict(webhook, ("a new one", SECRET), true):
            yield f"{where} refuses {name} as the simulator signs it: {said}"
        for word, forged in _forgeries(case, webhook, body, true, now):
            said = _verdict(webhook, (SECRET,), forged)
            if said is None:
                yield f"{where} lets {word} delivery of {name} in."
            elif said.startswith("breaks"):
                yield f"{where} {said} on {word} delivery of {name}; it must raise Refused."


def _forgeries(case: Case, webhook: Webhook, body: Any, true: Incoming, now: float) -> Iterator[tuple[str, Incoming]]:
    yield "an unsigned", replace(true, headers={"content-type": true.headers.get("content-type", "")})
    yield "an altered", replace(true, raw=true.raw.replace(b"}", b" }", 1) if b"}" in true.raw else true.raw + b" ")
    yield "another's", replace(_reported(case, body, now, "somebody else's secret 012345"), at=now)
    yield "a garbled", replace(true, headers=dict.fromkeys(true.headers, "�, =;v1="))
    if webhook.timed:
        yield "an old", replace(_reported(case, body, now - OLD), at=now)
        yield "an early", replace(_reported(case, body, now + OLD), at=now)


def _reported(case: Case, body: Any, at: float, secret: str = SECRET) -> Incoming:
    made: Incoming = import_string(case.provider.simulator)().report(body, secret=secret, url=URL, at=at)
    return made


def _verdict(webhook: Webhook, secrets: tuple[str, ...], incoming: Incoming) -> str | None:
    """Why it is refused; None when it is let in."""
    try:
        webhook.verify(secrets, incoming)
    except Refused as refused:
        return f"refused, {refused}"
    except Exception as error:
        return f"breaks with {type(error).__name__}"
    return None


def a_repeated_delivery_has_one_effect(case: Case) -> Iterator[str]:
    """Each event sent twice, each time signed anew: one row, applied, and the hub as after the first."""
    webhook = case.provider.webhook
    if webhook is None:
        return
    connection = case.connect()
    drain()
    browser = Client()
    for name, body in case.fixtures("webhooks"):
        seen = []
        for later in range(2):
            made = case.report(body, connection, later)
            given = {one: value for one, value in made.headers.items() if one != "content-type"}
            kind = made.headers.get("content-type", "application/json")
            answer = browser.generic(made.method, made.url.split(":8000", 1)[1], made.raw, kind, headers=given)
            if answer.status_code != 200:
                yield f"{name}: the hub answered {answer.status_code} to what the simulator sent."
                return
            drain()
            seen.append(_contents())
        rows = list(WebhookEvent.everywhere.filter(connection=connection))
        if len(rows) != 1:
            yield f"{case.where('webhooks.py')}: event_id is not the same for two deliveries of {name}."
        elif rows[0].type in webhook.handles and rows[0].state != "done":
            yield f"{case.where('webhooks.py')}: the handler of {rows[0].type!r} failed: {rows[0].sentence}"
        for table in (table for table, told in seen[1].items() if told != seen[0][table]):
            yield f"{case.where('webhooks.py')}: a second delivery of {name} changed {table} once more."
        WebhookEvent.everywhere.all().delete()


BOOKKEEPING = ("webhooks", "sync", "http", "sessions")


def _contents() -> dict[str, Any]:
    """What every table of a company's things holds."""
    owned = [model for model in apps.get_models() if issubclass(model, CompanyOwned)]
    told = [model for model in owned if model._meta.app_label not in BOOKKEEPING]
    told.append(apps.get_model("notices", "AuditEvent"))  # type: ignore[arg-type]
    return {
        model._meta.db_table: sorted(
            str({k: v for k, v in row.items() if k not in ("updated_at", "last_sync_at")})
            for row in model.everywhere.values()
        )
        for model in told
    }

"""Who is let in: a ping counts only with the secret of the very webhook it names, over the bytes as they came."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integration_hub.connections import services as connections
from integration_hub.connections.models import Connection
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync.models import Mapping
from integration_hub.webhooks.models import WebhookEvent
from providers.airtable.models import AirtableWebhook
from providers.airtable.simulator.pinging import HEADER, Ping, signature
from providers.airtable.tests.hooks.conftest import Post, add, deliver, drain, edit

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
OTHER = "YW5vdGhlciB3ZWJob29rJ3Mgc2VjcmV0IDEyMzQ1Njc="


@pytest.fixture
def ping(mapping: Mapping, post: Post) -> Ping:
    """One as it came."""
    WebhookEvent.everywhere.all().delete()
    return post.sent[-1]


def secret() -> str:
    return str(AirtableWebhook.everywhere.get().secret)


def resigned(ping: Ping, raw: bytes, key: str) -> dict[str, Any]:
    return {"raw": raw, "headers": {**ping.headers, HEADER: signature(key, raw)}}


def test_the_secret_lies_encrypted(mapping: Mapping) -> None:
    from django.db import connection as database

    with database.cursor() as cursor:
        cursor.execute("SELECT secret FROM airtable_webhooks")
        assert secret() not in cursor.fetchone()[0]
    assert secret() not in repr(vars(AirtableWebhook.everywhere.get()))


def test_a_true_one_is_stored_and_answered(ping: Ping, post: Post) -> None:
    assert post.again(ping) == 200
    assert WebhookEvent.everywhere.get().type == "ping"


@pytest.mark.parametrize(
    "mac", ["", "hmac-sha256=", "hmac-sha256=" + "0" * 64, "sha256={}", "{}", "hmac-sha256={}0", "hmac-sha1={}"]
)
def test_a_wrong_signature_is_refused(ping: Ping, post: Post, mac: str) -> None:
    true = ping.headers[HEADER].removeprefix("hmac-sha256=")
    assert post.again(ping, headers={**ping.headers, HEADER: mac.format(true)}) == 401
    assert not WebhookEvent.everywhere.exists()


def test_without_a_signature_it_is_refused(ping: Ping, post: Post) -> None:
    assert post.again(ping, headers={"Content-Type": "application/json"}) == 401


@pytest.mark.parametrize("change", [(b"}", b" }"), (b'"app', b'"apq'), (b"20", b"21")])
def test_an_altered_body_is_refused(ping: Ping, post: Post, change: tuple[bytes, bytes]) -> None:
    assert post.again(ping, raw=ping.raw.replace(*change, 1)) == 401
    assert not WebhookEvent.everywhere.exists()


def test_the_secret_of_another_webhook_does_not_count(ping: Ping, post: Post, mapping: Mapping) -> None:
    """Although both belong to this connection."""
    AirtableWebhook.everywhere.create(
        connection_id=mapping.connection_id,
        company_id=mapping.company_id,
        base_id="appAnother0000001",
        hook_id="achAnother0000001",
        secret=OTHER,
    )
    assert post.again(ping, **resigned(ping, ping.raw, OTHER)) == 401
    other = ping.raw.replace(ping.hook.encode(), b"achAnother0000001")
    assert post.again(ping, **resigned(ping, other, secret_of(ping.hook))) == 401
    assert post.again(ping, **resigned(ping, other, OTHER)) == 200


def secret_of(hook: str) -> str:
    return str(AirtableWebhook.everywhere.get(hook_id=hook).secret)


def test_one_of_an_unknown_webhook_is_refused_and_leaves_no_row(ping: Ping, post: Post) -> None:
    unknown = ping.raw.replace(ping.hook.encode(), b"achNobody00000001")
    for key in (secret(), OTHER):
        assert post.again(ping, **resigned(ping, unknown, key)) == 401
    assert not WebhookEvent.everywhere.exists()


def test_one_to_another_connection_is_refused(ping: Ping, post: Post, other_company: Any) -> None:
    stranger = Connection.everywhere.create(company=other_company, provider="airtable", status="connected")
    path = ping.url.rsplit("/", 1)[0]
    assert post.again(replace(ping, url=f"{path}/{stranger.pk}")) == 401
    nobody = replace(ping, url=f"{path}/8f6f6c1e-5f0b-4b52-9a2f-4a8f7f0f0001")
    assert post.again(nobody) == 404


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"null", b'{"webhook": 5}', b'{"webhook": {}}', b"\xff", b"[" * 9000]
)
def test_what_is_no_ping_is_refused(ping: Ping, post: Post, raw: bytes) -> None:
    assert post.again(ping, **resigned(ping, raw, secret())) == 401
    assert not WebhookEvent.everywhere.exists()


def test_too_large_a_body_is_not_read(ping: Ping, post: Post) -> None:
    assert post.again(ping, raw=ping.raw + b" " * 20_000) == 413


def test_a_clock_that_is_wrong_by_ten_minutes_matters_to_nobody(mapping: Mapping, sandbox: Sandbox, post: Post) -> None:
    """Airtable's is ahead, then ours."""
    sandbox.control("airtable", "advance", seconds=600)
    record = add(sandbox, **{"Order number": "A-1", "Currency": "EUR", "Status": "Sent"})
    deliver(sandbox)
    from integration_hub.records.models import Order

    assert Order.everywhere.get(record_id=record).status == "Sent"
    with clock.shifted(timedelta(minutes=20)):
        edit(sandbox, record, Status="Delivered")
        deliver(sandbox)
        assert Order.everywhere.get(record_id=record).status == "Delivered"


def test_refusals_are_told_without_asking_for_a_secret_that_nobody_can_type(ping: Ping, post: Post) -> None:
    for number in range(3):
        post.again(ping, raw=ping.raw + b" " * number + b" ")
    problem = Problem.everywhere.get(closed_at=None, key__endswith=":refused")
    assert "enter it again" not in problem.sentence
    assert "removes there what it does not know" in problem.sentence
    post.again(ping)
    assert not Problem.everywhere.filter(closed_at=None, key__endswith=":refused").exists()


def test_whoever_disconnected_hears_nobody(ping: Ping, post: Post) -> None:
    connections.disconnect(Connection.everywhere.get(), actor="alice")
    assert post.again(ping) == 401
    drain()
    assert not WebhookEvent.everywhere.exists()


def test_json_may_come_in_another_order(ping: Ping, post: Post) -> None:
    """Bytes are signed, not meaning; and whatever else is told beside is borne."""
    told = {"timestamp": "2026-04-24T15:07:42.000Z", "new": [1], **json.loads(ping.raw)}
    assert post.again(ping, **resigned(ping, json.dumps(told).encode(), secret())) == 200

"""A provider that reports: it signs time and body, and its handlers leave a line in the audit trail as their effect."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integration_hub.contract import (
    Account,
    Api,
    ApiKey,
    Batch,
    Delivery,
    Incoming,
    Poke,
    Provider,
    Pull,
    Secret,
    Stream,
    TransientError,
    Webhook,
    registry,
)
from integration_hub.contract.signing import check_signature, check_time, hmac_hex
from integration_hub.http import clock
from integration_hub.notices import audit
from integration_hub.notices.models import AuditEvent

KEY = "hooked"
SECRET = "whsec-of-the-toy"


class Remote:
    """What the stream reads: pages of records. `before` runs at every page and may raise."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.pages: list[list[str]] = []
        self.reads: list[Any] = []
        self.before: Any = None
        self.stored: Any = None
        self.handled: Any = None


REMOTE = Remote()


def effect(delivery: Delivery) -> None:
    audit.record("toy.effect", company_id=delivery.company_id, target=delivery.payload.get("what", delivery.id))
    if REMOTE.handled:
        REMOTE.handled(delivery)


def fails(delivery: Delivery) -> None:
    effect(delivery)
    raise TransientError("The parcel is not known yet.")


def breaks(delivery: Delivery) -> None:
    effect(delivery)
    raise ZeroDivisionError("planted")


class Hook(Webhook):
    handles = {"done": effect, "fails": fails, "breaks": breaks, "news": Poke("things")}
    ignores = ("seen",)
    addresses = (f"api/webhooks/{KEY}",)
    largest = 2000

    def verify(self, secrets: Sequence[str], incoming: Incoming) -> None:
        sent = incoming.headers.get("x-time", "")
        check_signature(
            (hmac_hex(secret, sent, ".", incoming.raw) for secret in secrets),
            incoming.headers.get("x-signature", "").split(","),
        )
        check_time(sent, incoming)

    def event_type(self, headers: Mapping[str, str], payload: Any) -> str:
        return str(payload["type"])

    def event_id(self, headers: Mapping[str, str], payload: Any) -> str:
        return str(payload.get("id", ""))

    def challenge(self, secrets: Sequence[str], incoming: Incoming) -> Any:
        asked = json.loads(incoming.raw).get("prove") if incoming.raw.startswith(b'{"prove"') else None
        return {"proof": hmac_hex(secrets[0], asked)} if asked else None

    def route(self, headers: Mapping[str, str], raw: bytes) -> Sequence[str]:
        return (headers.get("x-account", ""),)


class Things(Stream[Remote]):
    key = "things"
    minutes = 30

    def read(self, client: Remote, cursor: Any) -> Iterator[Batch]:
        start = int(cursor or 0)
        client.reads.append(cursor)
        for number, page in enumerate(client.pages[start:], start + 1):
            if client.before:
                client.before(number)
            yield Batch(page, number, last=number == len(client.pages))

    def store(self, pull: Pull, batch: Batch) -> None:
        for name in batch.records:
            audit.record("toy.stored", company_id=pull.company_id, target=name, data={"whole": pull.whole})
        if REMOTE.stored:
            REMOTE.stored(batch)


class Hooked(Provider):
    key = KEY
    name = "Hooked"
    category = "tests"
    auth = ApiKey((Secret("key", "Key"), Secret("webhook_secret", "Webhook secret", required=False)))
    api = Api("http://127.0.0.1:1")
    streams = (Things(),)
    webhook = Hook()

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {}

    def client(self, session: Any) -> Remote:
        return REMOTE

    def check(self, client: Remote) -> Account:
        return Account("acct", "The toy's account")


PROVIDER = Hooked()


def register() -> None:
    REMOTE.reset()
    registry.register(PROVIDER)


def unregister() -> None:
    registry._providers.pop(KEY, None)


def body(kind: str = "done", **more: Any) -> bytes:
    return json.dumps({"type": kind, **more}).encode()


def signed(raw: bytes, secret: str = SECRET, *, age: float = 0) -> dict[str, str]:
    sent = str(int(clock.seconds() - age))
    return {"X-Time": sent, "X-Signature": hmac_hex(secret, sent, ".", raw)}


def effects(action: str = "toy.effect") -> list[str]:
    return list(AuditEvent.everywhere.filter(action=action).order_by("pk").values_list("target", flat=True))

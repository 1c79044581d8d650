"""A provider that keeps every promise, so that faults can be planted: parcels, read, and reported when delivered."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from integration_hub.contract import (
    Account,
    Api,
    ApiKey,
    Batch,
    Delivery,
    Incoming,
    Provider,
    Pull,
    Secret,
    Stream,
    Webhook,
)
from integration_hub.contract.signing import check_signature, check_time, hmac_hex
from integration_hub.notices import audit
from integration_hub.sandbox.reporting import Reports
from integration_hub.sandbox.sheets import Card
from integration_hub.sandbox.simulator import Simulator
from integration_hub.sandbox.wire import Request, Response, json_answer

KEY = "parcel"
TOKEN, SECRET = "parcel-token-0123456789", "parcel-secret-0123456789"


class Client:
    def __init__(self, session: Any) -> None:
        self.session = session

    def account(self) -> Any:
        return self.session.call("account", "GET", "/v1/account").json()

    def parcels(self, after: int = 0) -> Any:
        return self.session.call("parcels", "GET", "/v1/parcels", params={"after": str(after)}).json()

    def add(self, name: str) -> Any:
        return self.session.call("add", "POST", "/v1/parcels", json={"name": name}).json()


class Parcels(Stream[Client]):
    key = "parcels"

    def read(self, client: Client, cursor: Any) -> Iterator[Batch]:
        page = client.parcels(int(cursor or 0))
        yield Batch(page["parcels"], page["next"], last=True)

    def store(self, pull: Pull, batch: Batch) -> None:
        for name in batch.records:
            audit.record("parcel.stored", company_id=pull.company_id, target=name)


def delivered(delivery: Delivery) -> None:
    audit.record("parcel.delivered", company_id=delivery.company_id, target=delivery.payload["parcel"])


class Hook(Webhook):
    handles: ClassVar = {"delivered": delivered}
    ignores = ("seen",)

    def verify(self, secrets: Sequence[str], incoming: Incoming) -> None:
        sent = incoming.headers.get("x-time", "")
        given = [incoming.headers.get("x-signature", "")]
        check_signature((hmac_hex(secret, sent, ".", incoming.raw) for secret in secrets), given)
        check_time(sent, incoming)

    def event_type(self, headers: Mapping[str, str], payload: Any) -> str:
        return str(payload["type"])

    def event_id(self, headers: Mapping[str, str], payload: Any) -> str:
        return str(payload["id"])


class ParcelSimulator(Simulator, Reports):
    key = KEY
    name = "Parcel"

    def reset(self) -> None:
        self.alive, self.names = True, ["one", "two"]

    def credentials(self) -> dict[str, str]:
        return {"key": TOKEN, "webhook_secret": SECRET}

    def admit(self, request: Request) -> Response | Callable[[], Response]:
        if not self.alive or request.bearer != TOKEN:
            return json_answer({"error": "Who are you?"}, 401)
        return lambda: self._answer(request)

    def _answer(self, request: Request) -> Response:
        if request.path == "v1/account":
            return json_answer({"id": "acct", "name": "Parcels of the tests"})
        if request.method == "POST":
            self.names.append(request.json["name"])
            return json_answer({"name": request.json["name"]}, 201)
        after = int(request.param("after", "0"))
        return json_answer({"parcels": self.names[after:], "next": len(self.names)})

    def report(self, payload: Any, *, secret: str, url: str, at: float) -> Incoming:
        raw, sent = json.dumps(payload).encode(), str(int(at))
        headers = {"content-type": "application/json", "x-time": sent}
        return Incoming("POST", url, {**headers, "x-signature": hmac_hex(secret, sent, ".", raw)}, raw, at)

    def expire_token(self) -> None:
        self.alive = False

    commands: ClassVar = {"expire_token": expire_token}

    def dump(self) -> dict[str, Any]:
        return {}

    def load(self, state: dict[str, Any]) -> None:
        self.reset()

    def view(self) -> dict[str, Any]:
        return {"parcels": self.names}

    def card(self) -> Card:
        return Card("Parcels.", ())


class Parcel(Provider):
    key = KEY
    name = "Parcel"
    category = "tests"
    auth = ApiKey((Secret("key", "Key"), Secret("webhook_secret", "Webhook secret", required=False)))
    api = Api("https://parcel.example.com")
    streams = (Parcels(),)
    webhook = Hook()
    simulator = f"{__name__}.ParcelSimulator"

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {secrets['key']}"}

    def client(self, session: Any) -> Client:
        return Client(session)

    def check(self, client: Client) -> Account:
        found = client.account()
        return Account(found["id"], found["name"])


FILES = {
    "README.md": "# Parcel\n\n## How to get the keys\n\nAsk for one there.\n\n"
    "## What works\n\nParcels are read here.\n\n## Known limits\n\nThere are none yet.\n",
    "provider.py": '"""The declaration."""\n',
    "tests/test_client.py": "ACCOUNT = 'account'\n",
    "tests/calls.py": "CALLS = {'account': lambda c: c.account(), 'parcels': lambda c: c.parcels(1),\n"
    "         'add': lambda c: c.add('three')}\nCONTRACTS = ('openapi.yaml',)\n",
    "tests/fixtures/api/account.json": '{"id": "acct"}',
    "tests/fixtures/webhooks/delivered.json": '{"type": "delivered", "id": "e1", "parcel": "one"}',
    "tests/fixtures/webhooks/seen.json": '{"type": "seen", "id": "e2"}',
}
PUBLISHED = """
openapi: 3.1.0
servers: [{url: https://parcel.example.com/v1}]
paths:
  /account: {get: {}}
  /parcels:
    get: {parameters: [{name: after, in: query, required: true, schema: {type: integer}}]}
    post:
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/New"}}}
components:
  schemas:
    New: {type: object, required: [name], additionalProperties: false, properties: {name: {type: string}}}
"""


def write(place: Path) -> Path:
    """The folder of the provider, made there."""
    folder = place / KEY
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder

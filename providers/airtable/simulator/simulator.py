"""Airtable as the sandbox serves it: the table of endpoints, the entrance, and the state behind them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar

from integration_hub.contract import Incoming
from integration_hub.sandbox.parts import Parts
from integration_hub.sandbox.reporting import Reports
from integration_hub.sandbox.routing import find
from integration_hub.sandbox.sheets import Card, Posted, Sheet
from integration_hub.sandbox.simulator import Command, Simulator
from integration_hub.sandbox.wire import Request, Response, json_answer
from providers.airtable.simulator import (
    access,
    attachments,
    demo,
    hands,
    hooks,
    listing,
    meta,
    model,
    parts,
    people,
    pinging,
    records,
    reporting,
    showing,
    signing_in,
)
from providers.airtable.simulator.call import Call, Endpoint
from providers.airtable.simulator.errors import AirtableError, NoSuchPath
from providers.airtable.simulator.model import State

LONGEST_URL = 16_000
READ, WRITE = "data.records:read", "data.records:write"
SCHEMA, BUILD = "schema.bases:read", "schema.bases:write"
TABLES = "v0/meta/bases/{base}/tables"
HOOKS, HOOK = "v0/bases/{base}/webhooks", "webhook:manage"
UPLOAD = "v0/{base}/{record}/{field}/uploadAttachment"
CREATING, EDITING, DELETING = (f"{verb} records {{table}}" for verb in ("create", "update", "delete"))

ENDPOINTS = (
    Endpoint("GET", "v0/meta/whoami", meta.whoami),
    Endpoint("GET", "v0/meta/bases", meta.list_bases, SCHEMA),
    Endpoint("POST", "v0/meta/bases", meta.create_base, BUILD),
    Endpoint("GET", TABLES, meta.list_tables, SCHEMA),
    Endpoint("POST", TABLES, meta.create_table, BUILD, "create"),
    Endpoint("PATCH", TABLES + "/{table}", meta.update_table, BUILD, "create"),
    Endpoint("POST", TABLES + "/{table}/fields", meta.create_field, BUILD, "create"),
    Endpoint("PATCH", TABLES + "/{table}/fields/{field}", meta.update_field, BUILD, "create"),
    Endpoint("GET", HOOKS, hooks.list_all, HOOK, "create"),
    Endpoint("POST", HOOKS, hooks.create, HOOK, "create"),
    Endpoint("GET", HOOKS + "/{hook}/payloads", hooks.payloads, HOOK, "create"),
    Endpoint("POST", HOOKS + "/{hook}/refresh", hooks.refresh, HOOK, "create"),
    Endpoint("POST", HOOKS + "/{hook}/enableNotifications", hooks.enable, HOOK, "create"),
    Endpoint("DELETE", HOOKS + "/{hook}", hooks.delete, HOOK, "create"),
    Endpoint("POST", UPLOAD, attachments.upload, WRITE, "edit"),
    Endpoint("POST", "v0/{base}/{table}/listRecords", listing.list_records_by_post, READ),
    Endpoint("GET", "v0/{base}/{table}", listing.list_records, READ),
    Endpoint("GET", "v0/{base}/{table}/{record}", records.get_record, READ),
    Endpoint("POST", "v0/{base}/{table}", records.create_records, WRITE, "edit", CREATING),
    Endpoint("PATCH", "v0/{base}/{table}", records.update_records, WRITE, "edit", EDITING),
    Endpoint("PUT", "v0/{base}/{table}", records.update_records, WRITE, "edit", EDITING),
    Endpoint("PATCH", "v0/{base}/{table}/{record}", records.update_record, WRITE, "edit", EDITING),
    Endpoint("PUT", "v0/{base}/{table}/{record}", records.update_record, WRITE, "edit", EDITING),
    Endpoint("DELETE", "v0/{base}/{table}", records.delete_records, WRITE, "edit", DELETING),
    Endpoint("DELETE", "v0/{base}/{table}/{record}", records.delete_record, WRITE, "edit", DELETING),
)


class AirtableSimulator(Simulator, Reports):
    """See `demo` for what is in it at first, `people` for the orders it takes."""

    key: ClassVar[str] = "airtable"
    name: ClassVar[str] = "Airtable"
    commands: ClassVar[Mapping[str, Command]] = people.COMMANDS | signing_in.COMMANDS | reporting.COMMANDS
    state: State

    def __init__(self) -> None:
        self.handed = parts.Handed()
        self.pinger = pinging.Pinger(self)
        super().__init__()

    def reset(self) -> None:
        self._take(self.first_state())

    def first_state(self) -> State:
        return demo.state(self.clock.now())

    def _take(self, state: State) -> None:
        self.state = state
        self.gate = access.Gate()
        self.iterators = listing.Iterators()
        if state.hooks:  # pings that waited when the sandbox was stopped
            self.pinger.wake()

    def credentials(self) -> dict[str, str]:
        token = self.token("demo")
        return {"token": token, "base_id": demo.SALES}

    def token(self, name: str) -> str:
        """A key by its name in `demo.tokens`."""
        return demo.token(name)

    def admit(self, request: Request) -> Response | Callable[[], Response]:
        if host := request.headers.get("host"):
            self.state.address = f"http://{host}/{self.key}"
        if request.segments[0] == "files" and request.method == "GET":
            return partial(attachments.download, self.state, request, self.clock.now())
        if request.segments[: len(signing_in.PLACE)] == signing_in.PLACE:
            return partial(signing_in.answer, self, request)
        try:
            return partial(_answer, self._call(request))
        except AirtableError as refusal:
            return refusal.answer()

    def _call(self, request: Request) -> Call:
        """The key first, then the address, then how often it was asked."""
        limits, now = self.state.limits, self.clock.at(request.arrived)
        token = access.token_of(self.state, request.bearer, self.clock.now())
        if request.url_length > LONGEST_URL:
            raise AirtableError("URI_TOO_LONG")
        found = find(ENDPOINTS, request.method, request.segments)
        if found is None:
            raise NoSuchPath
        endpoint, named = found
        largest = limits.file_bytes * attachments.ENLARGED if endpoint.pattern == UPLOAD else limits.body_bytes
        if len(request.body) > largest:
            raise AirtableError("REQUEST_TOO_LARGE")
        if "base" in named:
            self.gate.admit(named["base"], limits.per_base, limits, now)
        self.gate.admit(token.user, limits.per_user, limits, now)
        if endpoint.billed and limits.quota is not None:
            if limits.quota <= 0:
                raise AirtableError("PUBLIC_API_BILLING_LIMIT_EXCEEDED")
            limits.quota -= 1
        return Call(self, request, token, endpoint, named)

    def refuse_body(self) -> Response:
        return AirtableError("REQUEST_TOO_LARGE").answer()

    def dump(self) -> dict[str, Any]:
        return self.state.dump()

    def load(self, state: dict[str, Any]) -> None:
        self._take(model.load(state))

    def parts(self, *, whole: bool) -> Parts:
        return self.handed.take(self.state, whole=whole)

    def load_parts(self, given: Iterable[tuple[str, str, Any]]) -> bool:
        state = parts.load(given)
        if state is not None:
            self._take(state)
            self.handed = parts.Handed(state)
        return state is not None

    def view(self) -> dict[str, Any]:
        return {"bases": self.state.dump()["bases"], "limits": dict(vars(self.state.limits))}

    def card(self) -> Card:
        return showing.card(self)

    def sheet(self, places: tuple[str, ...], page: int) -> Sheet | None:
        return showing.sheet(self, places, page)

    def obey(self, places: tuple[str, ...], posted: Posted) -> str:
        return hands.obey(self, places, posted)

    def report(self, payload: Any, *, secret: str, url: str, at: float) -> Incoming:
        raw = json.dumps(payload).encode()
        headers = {"content-type": "application/json", pinging.HEADER.lower(): pinging.signature(secret, raw)}
        return Incoming("POST", url, headers, raw, at)

    def rows(self, table: str = "", base: str = "") -> list[dict[str, Any]]:
        """The rows of a table as the API shows them: for tests."""
        with self.lock:
            return people.rows(self, table=table, base=base)


def _answer(call: Call) -> Response:
    try:
        call.permitted()
        return json_answer(call.endpoint.endpoint(call))
    except AirtableError as refusal:
        return refusal.answer()

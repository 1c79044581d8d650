"""The provider against its own simulator, over the real door and a real socket."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from integration_hub.companies.models import Company
from integration_hub.connections import clients, services
from integration_hub.connections.models import Connection
from integration_hub.contract import AuthFailed, ConfigError, FieldRefused, Row, RowsGone, Target, Written
from integration_hub.sandbox.testing import Sandbox, running
from providers.airtable.client import AirtableClient
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.sinks import RecordsSink
from providers.airtable.tests.conftest import order_type

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
SINK = RecordsSink()
VALUES: dict[str, Any] = {
    "order_number": "1001",
    "customer_name": "Ana Pop",
    "customer_email": "ana.pop@example.com",
    "status": "Pending",
    "priority": "High",
    "payment_state": "",
    "currency": "EUR",
    "total": Decimal("1234567.89"),
    "notes": "",
    "items": "2 × Standard\n1 × Early bird",
    "placed_at": datetime(2026, 11, 20, 9, 15, 42, tzinfo=UTC),
    "updated_at": None,
}


@pytest.fixture
def sandbox(wire: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with running(AirtableSimulator()) as server:
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        yield server


@pytest.fixture
def connect(company: Company, sandbox: Sandbox) -> Callable[..., Connection]:
    def make(key: str = "demo", **settings: Any) -> Connection:
        token = sandbox.simulator("airtable").token(key)
        return services.connect(company, "airtable", {"token": token}, settings, actor="alice")

    return make


@pytest.fixture
def client(connect: Callable[..., Connection], sandbox: Sandbox) -> AirtableClient:
    made = connect(base_id=sandbox.simulator("airtable").credentials()["base_id"])
    opened: AirtableClient = clients.open_client(made)
    return opened


@pytest.fixture
def orders(client: AirtableClient) -> Target:
    ready = SINK.ready(client, Connection.everywhere.get().settings, order_type())
    return Target(str(UUID(int=1)), "order", ready.place, ready.merge_on, ready.fields)


def row(orders: Target, hub_id: str, remote_id: str | None = None, **changed: Any) -> Row:
    values = VALUES | changed
    cells = {mapped.remote_id: SINK.convert(values[mapped.ours.name], mapped) for mapped in orders.fields}
    return Row(hub_id, remote_id, cells)


def put(client: AirtableClient, orders: Target, *rows: Row) -> list[Written]:
    return list(SINK.upsert(client, orders, rows))


def shown(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [one["fields"] for one in sandbox.control("airtable", "rows")]


def test_an_order_arrives_whole_and_is_found_again(client: AirtableClient, orders: Target, sandbox: Sandbox) -> None:
    unmatched = {field.name for field in order_type().fields} - {mapped.ours.name for mapped in orders.fields}
    left = {"notes", "customer_link", "attachments"}
    assert unmatched == left, "every other field of an order has its place in the demo table"
    hub_id = str(uuid4())
    (made,) = put(client, orders, row(orders, hub_id))
    (same,) = put(client, orders, row(orders, hub_id, status="Sent"))
    (known,) = put(client, orders, row(orders, hub_id, made.remote_id, status="Delivered"))
    assert (made.created, same.created, known.created) == (True, False, False)
    assert made.remote_id == same.remote_id == known.remote_id
    (fields,) = shown(sandbox)
    assert (fields["Hub ID"], fields["Order number"], fields["Status"]) == (hub_id, "1001", "Delivered")
    assert (fields["Total"], fields["Items"]) == (1234567.89, "2 × Standard\n1 × Early bird")
    assert fields["Placed at"] == "2026-11-20T09:15:42.000Z"
    assert "Payment" not in fields and "Updated at" not in fields


def test_ten_at_once_new_and_known(client: AirtableClient, orders: Target, sandbox: Sandbox) -> None:
    ids = [str(uuid4()) for _ in range(10)]
    first = put(client, orders, *[row(orders, hub_id, order_number=str(n)) for n, hub_id in enumerate(ids[:5])])
    known = {one.hub_id: one.remote_id for one in first}
    both = put(
        client, orders, *[row(orders, hub_id, known.get(hub_id), order_number=str(n)) for n, hub_id in enumerate(ids)]
    )
    assert {one.hub_id for one in both if one.created} == set(ids[5:])
    assert [one["Order number"] for one in shown(sandbox)] == [str(n) for n in range(10)]


def test_one_bad_row_refuses_the_batch_and_changes_nothing(
    client: AirtableClient, orders: Target, sandbox: Sandbox
) -> None:
    bad = row(orders, str(uuid4()))
    total = next(mapped.remote_id for mapped in orders.fields if mapped.ours.name == "total")
    with pytest.raises(FieldRefused) as refused:
        put(client, orders, row(orders, str(uuid4())), Row(bad.hub_id, None, {**bad.cells, total: "much"}))
    assert (refused.value.fields, refused.value.lasting) == ((total,), False), "the engine asks the table, then bisects"
    assert shown(sandbox) == []


def test_deleted_over_there_is_named(client: AirtableClient, orders: Target, sandbox: Sandbox) -> None:
    one, two = str(uuid4()), str(uuid4())
    made = {written.hub_id: written.remote_id for written in put(client, orders, row(orders, one), row(orders, two))}
    sandbox.control("airtable", "delete", record=made[one])
    with pytest.raises(RowsGone) as refused:
        put(client, orders, row(orders, one, made[one]), row(orders, two, made[two]))
    assert refused.value.hub_ids == (one,)
    assert [fields["Hub ID"] for fields in shown(sandbox)] == [two]


def test_a_copy_is_named_and_the_oldest_kept(client: AirtableClient, orders: Target, sandbox: Sandbox) -> None:
    hub_id = str(uuid4())
    (made,) = put(client, orders, row(orders, hub_id))
    sandbox.control("airtable", "advance", seconds=60)
    copy = sandbox.control("airtable", "duplicate", record=made.remote_id)
    (written,) = put(client, orders, row(orders, hub_id, status="Sent"))
    assert (written.remote_id, written.copies, written.created) == (made.remote_id, (copy["id"],), False)
    assert [fields["Status"] for fields in shown(sandbox)] == ["Sent", "Pending"]


def test_deleting_what_is_partly_gone(client: AirtableClient, orders: Target, sandbox: Sandbox) -> None:
    made = [one.remote_id for one in put(client, orders, *[row(orders, str(uuid4())) for _ in range(3)])]
    sandbox.control("airtable", "delete", record=made[1])
    SINK.delete(client, orders, made)
    SINK.delete(client, orders, made)
    assert shown(sandbox) == []


def test_a_renamed_field_is_still_found_a_deleted_one_is_named(
    client: AirtableClient, orders: Target, sandbox: Sandbox
) -> None:
    sandbox.control("airtable", "rename_field", field="Total", name="Sum")
    put(client, orders, row(orders, str(uuid4())))
    assert shown(sandbox)[0]["Sum"] == 1234567.89
    sandbox.control("airtable", "delete_field", field="Sum")
    total = next(mapped.remote_id for mapped in orders.fields if mapped.ours.name == "total")
    with pytest.raises(FieldRefused, match="Choose another one in the mapping") as refused:
        put(client, orders, row(orders, str(uuid4())))
    assert (refused.value.fields, refused.value.lasting) == ((total,), True)


@pytest.mark.parametrize("gone", ["delete_table", "delete_base"])
def test_table_or_base_deleted(client: AirtableClient, orders: Target, sandbox: Sandbox, gone: str) -> None:
    (made,) = put(client, orders, row(orders, str(uuid4())))
    sandbox.control("airtable", gone)
    for attempt in (
        lambda: put(client, orders, row(orders, str(uuid4()))),
        lambda: put(client, orders, row(orders, made.hub_id, made.remote_id)),
        lambda: SINK.delete(client, orders, [made.remote_id]),
        lambda: SINK.ready(client, Connection.everywhere.get().settings, order_type()),
    ):
        with pytest.raises(ConfigError):
            attempt()


def test_an_expired_token(client: AirtableClient, orders: Target, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "expire_token")
    with pytest.raises(AuthFailed):
        put(client, orders, row(orders, str(uuid4())))
    with pytest.raises(AuthFailed):
        services.test(Connection.everywhere.get(), actor="alice")
    assert Connection.everywhere.get().status == "needs_reconnect"


@pytest.mark.parametrize("key", ["read_only", "no_schema"])
def test_under_scoped_tokens_are_refused(connect: Callable[..., Connection], key: str) -> None:
    with pytest.raises(ConfigError, match="cannot do without"):
        connect(key)
    assert not Connection.everywhere.exists()


def test_a_token_that_may_only_look(connect: Callable[..., Connection], sandbox: Sandbox) -> None:
    made = connect("viewer", base_id=sandbox.simulator("airtable").credentials()["base_id"])
    with pytest.raises(ConfigError, match="may only look at the base"):
        SINK.ready(clients.open_client(made), made.settings, order_type())

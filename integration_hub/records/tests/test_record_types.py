"""What the engine is told of records."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from integration_hub.contract import registry
from integration_hub.contract.records import FileRef, Ref
from integration_hub.records.models import Order, Ticket
from integration_hub.records.record_types import RECORD_TYPES
from integration_hub.records.services import customers, orders

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
KINDS = {
    "boolean": bool, "integer": int, "number": Decimal, "money": Decimal, "percent": Decimal, "datetime": datetime,
    "link": Ref, "file": FileRef,
}  # fmt: skip


def test_all_are_registered_once():
    assert [kind.key for kind in registry.record_types() if kind in RECORD_TYPES] == [
        "order", "order_item", "customer", "event", "ticket", "appointment", "branch", "staff",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", RECORD_TYPES, ids=lambda kind: kind.key)
def test_what_is_declared_is_what_is_read(kind, everything, company, other_company):
    everything(1)
    everything(2, company=other_company)
    (pk,) = kind.scan(company.pk, None, 10)
    values = kind.load(company.pk, [pk])[pk]
    read = [field for field in kind.fields if field.kind != "files"]  # nothing of those goes out
    assert list(values) and set(values) == {field.name for field in read}
    for field in read:
        value = values[field.name]
        assert value is None or isinstance(value, KINDS.get(field.kind, str)), field
        assert field.kind != "choice" or value in (*field.choices, "")
        assert field.kind != "link" or value is None or (value.record_type, bool(value.title)) == (field.to, True)
        assert not field.labels or len(field.labels) == len(field.choices)
        assert field.kind != "datetime" or value is None or value.tzinfo is not None
    assert kind.title(values)
    assert resolve(kind.address(pk)).url_name.endswith("_change")
    assert kind.count(company.pk) == 1
    (theirs,) = kind.scan(other_company.pk, None, 10)
    assert kind.load(company.pk, [theirs]) == {}


def test_lines_of_an_order_as_text(company):
    ana = customers.create(company, {"name": "Ana", "email": "ana@example.com"})
    lines = [
        {"description": "Standard", "quantity": 2, "unit_price": "50", "discount": "0.1"},
        {"description": "Gift", "unit_price": "0.125", "discount": "0.125"},
        {"description": "Programme", "unit_price": "5"},
    ]
    order = orders.create(company, {"customer": ana, "items": lines})
    values = registry.record_type("order").load(company.pk, [order.pk])[order.pk]
    assert values["items"] == "2 × Standard @ 50.00 −10 %\n1 × Gift @ 0.125 −12.5 %\n1 × Programme @ 5.00"
    assert (values["customer_name"], values["total"]) == ("Ana", Decimal("95.11"))
    assert str(values["total"]) == "95.11"
    assert values["customer_link"] == Ref("customer", ana.pk, "ana@example.com")
    nobody = orders.create(company, {})
    assert registry.record_type("order").load(company.pk, [nobody.pk])[nobody.pk]["customer_link"] is None


def test_choices_are_called_what_people_call_them():
    field = registry.record_type("order").field("payment_state")
    assert field.choices == ("unpaid", "paid", "partly_refunded", "refunded")
    assert field.labels == ("Unpaid", "Paid", "Partly refunded", "Refunded")
    assert field.label_of("partly_refunded") == "Partly refunded"


def test_a_deleted_record_is_absent_and_the_code_stays_at_home(company, everything):
    made = everything()
    kind = registry.record_type("ticket")
    assert Ticket.everywhere.get().code not in str(kind.load(company.pk, [made["Ticket"].pk]))
    orders.delete(made["Order"])
    for key, name in (("order", "Order"), ("ticket", "Ticket")):
        kind = registry.record_type(key)
        assert kind.load(company.pk, [made[name].pk]) == {}
        assert kind.scan(company.pk, None, 10) == []
        assert kind.count(company.pk) == 0


def test_scan_walks_all_in_order(company):
    made = sorted(orders.create(company, {}).pk for _number in range(5))
    kind = registry.record_type("order")
    assert kind.scan(company.pk, None, 3) == made[:3]
    assert kind.scan(company.pk, made[2], 3) == made[3:]
    assert kind.scan(company.pk, made[4], 3) == []


def test_reading_many_takes_few_queries(company):
    line = [{"description": "x", "unit_price": "5"}]
    for _number in range(12):
        orders.create(company, {"items": line})
    ids = list(Order.everywhere.values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as queries:
        assert len(registry.record_type("order").load(company.pk, ids)) == 12
    assert len(queries) == 2

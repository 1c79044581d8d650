"""What the tests of the mapping page share: a connected cabinet, the page as it is read, and forms."""

import html
import re
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.utils import timezone

from integration_hub.companies import scope
from integration_hub.companies.models import Company, User
from integration_hub.connections import discovery
from integration_hub.connections.models import Connection, Discovery
from integration_hub.hub.tests.cabinet import ORDERS
from integration_hub.records.models import Order
from integration_hub.records.services import customers, orders
from integration_hub.sync import mappings as service
from integration_hub.sync.drafts import Draft, Pair
from integration_hub.sync.models import Mapping

Login = Callable[[User], Client]
TAB = "/admin/hub/cabinet/"
NEW = f"{TAB}mappings/new/"
CHOSEN = {"records": "order", "base": "cab1", "table": "tab1"}
FIRST = {**CHOSEN, "remote.order_number": "col1", "mode.order_number": "always", "every": "60", "is_live": "1"}


def know(connection: Connection, *resources: Any) -> None:
    """As if a discovery had just found these."""
    for resource in resources:
        discovery.put(connection, resource)
        found = {"found_at": timezone.now(), "asked_at": None, "error": ""}
        Discovery.everywhere.filter(connection=connection, within=resource.parent).update(**found)


def order(company: Company, **told: Any) -> Order:
    buyer = customers.create(company, {"name": "Ion Popescu", "email": "ion@example.com"}, actor="t")
    line = {"description": "Ticket", "quantity": 2, "unit_price": "75.00"}
    return orders.create(company, {"customer": buyer, "items": [line], **told}, actor="t")


def mapped(connection: Connection, *pairs: Pair, **told: Any) -> Mapping:
    wanted = {"pairs": pairs or (Pair("order_number", "col1"), Pair("status", "col2")), **told}
    with scope.entered(connection.company_id):
        return service.save(connection, Draft("order", ORDERS, **wanted), actor="t")


def address(mapping: Mapping) -> str:
    return f"{TAB}mappings/{mapping.pk}/"


def text(answer: Any) -> str:
    """The page as it is read: tags away, entities resolved."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def select(page: str, name: str) -> str:
    found = re.search(rf'<select[^>]*name="{re.escape(name)}".*?</select>', page, re.S)
    assert found, name
    return found[0]


def chosen(page: str, name: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)"[^>]*\bselected', select(page, name))


def cells(answer: Any) -> dict[str, str]:
    """What the examples say, by our field."""
    found = re.findall(r'id="example-([a-z_]+)-0"[^>]*>(.*?)</div>', answer.content.decode(), re.S)
    return {name: html.unescape(re.sub(r"<[^>]+>", "", said)).strip() for name, said in found}

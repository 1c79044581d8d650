"""Some records of a file beside what the database knows of them: tried out while checking, saved while saving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration_hub.companies.models import Company
from integration_hub.records import phones
from integration_hub.records.importing.appointments import Appointments
from integration_hub.records.importing.finding import Finder, Wanted, wanted
from integration_hub.records.importing.folding import Draft
from integration_hub.records.importing.simple import Many
from integration_hub.records.importing.tickets import Tickets
from integration_hub.records.models import Customer, Order
from integration_hub.records.services import bulk


@dataclass(frozen=True)
class There:
    """An order that is there already, as far as a file may say it less exactly than we know it."""

    placed_at: datetime
    notes: str
    customer: Wanted

    def says(self, name: str, value: str) -> bool:
        """Whether a file that says this means what is there: files know whole seconds and one kind of line break."""
        if name == "placed_at":
            return datetime.fromisoformat(value) == self.placed_at.replace(microsecond=0)
        return name == "notes" and same_text(value, self.notes)


def same_text(one: str, other: str) -> bool:
    return one == other.replace("\r\n", "\n").strip()


class Chunk:
    """Drafts of one kind."""

    def __init__(self, company: Company, kind: str, drafts: Sequence[Draft]) -> None:
        self.company, self.kind, self.drafts = company, kind, drafts
        self.new_customers: list[Customer] = []  # once saved: those made for orders
        self.there = _there(company, [draft.key for draft in drafts]) if kind == "orders" else {}
        self.finder = Finder(company, [wanted(kind, draft) for draft in drafts if not self._keeps_customer(draft)])

    def prepare(self) -> None:
        """All that needs no lock, before the transaction. Invalid and Ambiguous when one of them is wrong."""
        if self.kind == "orders":
            self.orders = [self.order(draft) for draft in self.drafts]
            self.looked = bulk.look(self.company, self.orders)

    def save(self) -> bulk.Outcome:
        """Save all of them, which are prepared, in one transaction. Invalid and Ambiguous when one is wrong."""
        if self.kind == "customers":
            return bulk.save_customers(self.company, [self.customer(draft) for draft in self.drafts])
        self.new_customers = made_customers(self.orders)
        return bulk.save_orders(self.company, self.orders, looked=self.looked)

    def moved(self) -> bool:
        """Whether somebody changed the customers of this chunk since they were read; locked, they stay as they are."""
        if self.kind != "customers":
            return False  # orders lock what they change themselves
        found = {customer.pk: customer.updated_at for customer in self.finder.customers()}
        rows = Customer.everywhere.filter(pk__in=found, deleted_at=None).order_by("pk").select_for_update(no_key=True)
        return dict(rows.values_list("pk", "updated_at")) != found

    def customer(self, draft: Draft) -> bulk.CustomerEntry:
        values = dict(draft.values)
        country, number = values.pop("country", None), values.pop("phone", None)
        at_home = self.company.country if country is None else phones.country_code(country)
        read = phones.e164(number, at_home) if number else None
        if read:
            values["phone"] = read
        customer = self.finder.found_or_new(wanted("customers", draft))
        if "notes" in values and same_text(values["notes"], customer.notes):
            values["notes"] = customer.notes
        return bulk.CustomerEntry(customer, values, phone_raw="" if read else (number or "")[:60])

    def order(self, draft: Draft) -> bulk.OrderEntry:
        there = self.there.get(draft.key)
        data: dict[str, object] = {
            name: value
            for name, value in draft.values.items()
            if not name.startswith("customer_") and not (there and there.says(name, value))
        }
        shipped = data.pop("shipped_at", None) is not None
        if draft.items:
            data["items"] = [item(line) for line in draft.items]
        about = wanted("orders", draft)
        customer = self.finder.found_or_new(about) if about and not self._keeps_customer(draft) else None
        return bulk.OrderEntry(data, customer, shipped=shipped)

    def _keeps_customer(self, draft: Draft) -> bool:
        """An order whose customer is just as the row says keeps them, also where another one is called the same."""
        there = self.there.get(draft.key)
        if there is None:
            return False
        return wanted("orders", draft).is_just(there.customer)


KINDS: Mapping[str, type[Chunk | Many]] = {
    "customers": Chunk,
    "orders": Chunk,
    "tickets": Tickets,
    "appointments": Appointments,
}


def chunk_of(company: Company, kind: str, drafts: Sequence[Draft]) -> Chunk | Many:
    return KINDS.get(kind, Many)(company, kind, drafts)


def _there(company: Company, numbers: Sequence[str]) -> dict[str, There]:
    rows = Order.everywhere.filter(company_id=company.pk, deleted_at=None, order_number__in=numbers)
    about = ("customer__reference", "customer__email", "customer__name")
    found = rows.order_by().values_list("order_number", "placed_at", "notes", *about)
    return {
        number: There(placed_at, notes, Wanted(*(value or "" for value in customer)))
        for number, placed_at, notes, *customer in found
    }


def item(line: Mapping[str, str]) -> dict[str, Any]:
    """A line of an order; where only the product's number is known, that is its description."""
    data = {name: value for name, value in line.items() if name != "product"}
    if "product" in line:
        data.setdefault("description", f"#{line['product']}")
    return data


def made_customers(entries: Sequence[bulk.OrderEntry]) -> list[Customer]:
    """The new customers of these orders, each once."""
    new = [entry.customer for entry in entries if entry.customer is not None and entry.customer._state.adding]
    return list(dict.fromkeys(new))

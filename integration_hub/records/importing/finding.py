"""Which customer a row means: by reference, else by e-mail, else by name; each chunk asks the database three times."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records.importing.folding import Draft
from integration_hub.records.models import Customer

BY = ("reference", "email", "name")


class Ambiguous(ValueError):
    """Several customers fit; `by` is the field that does not tell them apart."""

    def __init__(self, by: str, sentence: str) -> None:
        self.by = by
        super().__init__(sentence)


@dataclass(frozen=True)
class Wanted:
    """What a row says of a customer; "" where it says nothing."""

    reference: str = ""
    email: str = ""
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.reference or self.email or self.name)

    def is_just(self, other: "Wanted") -> bool:
        """Whether all that is said here is so there, and something is."""
        pairs = ((self.reference, other.reference), (self.email, other.email), (self.name, other.name))
        return bool(self) and all(one == theirs for one, theirs in pairs if one)


def wanted(kind: str, draft: Draft) -> Wanted:
    """The customer a record is about."""
    prefix = "" if kind == "customers" else "customer_"
    get = draft.values.get
    return Wanted(get(f"{prefix}reference", ""), get(f"{prefix}email", ""), get(f"{prefix}name", ""))


class Finder:
    """The customers of a company that a chunk of rows may mean."""

    def __init__(self, company: Company, wanted: Iterable[Wanted]) -> None:
        self.company = company
        everyone = list(wanted)
        rows = Customer.everywhere.filter(company_id=company.pk, deleted_at=None)
        self.known: dict[str, dict[str, list[Customer]]] = {by: defaultdict(list) for by in BY}
        for by in BY:
            values = {getattr(one, by) for one in everyone} - {""}
            if by == "email":
                values |= {value.lower() for value in values}
            for customer in rows.filter(**{f"{by}__in": values}).order_by("pk") if values else ():
                customer.company = company
                self.remember(by, customer)

    def remember(self, by: str, customer: Customer) -> None:
        self.known[by][_folded(by, getattr(customer, by))].append(customer)

    def customers(self) -> list[Customer]:
        """All that were found, each once."""
        found = {one.pk: one for known in self.known.values() for several in known.values() for one in several}
        return list(found.values())

    def found(self, wanted: Wanted) -> Customer | None:
        """The customer meant; None when there is none. Ambiguous when several are."""
        for by in BY:
            value = getattr(wanted, by)
            fitting = [c for c in self.known[by][_folded(by, value)] if _may_be(c, wanted)] if value else []
            if len(fitting) > 1:
                said = _("%(count)s customers have this %(by)s: “%(value)s”. Say which one by its reference.")
                raise Ambiguous(by, said % {"count": len(fitting), "by": by, "value": value})
            if fitting:
                return fitting[0]
        return None

    def found_or_new(self, wanted: Wanted) -> Customer:
        """The customer meant, or a new unsaved one, which later rows of the chunk will find too."""
        customer = self.found(wanted)
        if customer is None:
            name = wanted.name or wanted.email or wanted.reference
            customer = Customer(company=self.company, reference=wanted.reference, email=wanted.email, name=name)
            for by in BY:
                if getattr(wanted, by):
                    self.remember(by, customer)
        return customer


def _may_be(customer: Customer, wanted: Wanted) -> bool:
    """Two customers with different references are never the same."""
    return not (wanted.reference and customer.reference and wanted.reference != customer.reference)


def _folded(by: str, value: str) -> str:
    return value.lower() if by == "email" else value

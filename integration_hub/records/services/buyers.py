"""Whose an order is that names its customer by e-mail and name: found by e-mail, else by name, else made."""

from collections.abc import Iterable
from typing import Any, Protocol

from django.db.models import Q
from django.db.models.functions import Upper

from integration_hub.companies.models import Company
from integration_hub.records.models import Customer
from integration_hub.records.services import customers, statements
from integration_hub.records.services.together import Alone
from integration_hub.records.services.unit import Unit


class Find(Protocol):
    """Who is meant."""

    def __call__(self, company: Company, email: str, name: str, *, prio: int) -> Customer | None: ...


def buyer(company: Company, email: str, name: str, *, prio: int) -> Customer | None:
    """The customer meant; None where nothing is said. A customer with another e-mail is not meant by the name alone."""
    email, name = email.strip(), name.strip()
    if not email and not name:
        return None
    alive = Customer.everywhere.filter(company_id=company.pk, deleted_at=None).order_by("created_at", "pk")
    found = alive.filter(email__iexact=email).first() if email else None
    if found is None and name:
        called = alive.filter(name=name)
        found = (called.filter(email="") if email else called).first()
    if found is None:
        return customers.create(company, {"name": name or email, "email": email}, prio=prio)
    found.company = company
    return customers.update(found, {"email": email}, prio=prio) if email and not found.email else found


class Buyers:
    """What `buyer` would answer for many orders of which all e-mails and names are known beforehand. Those it makes are
    saved by `save`. Alone where it cannot know."""

    def __init__(self, company: Company, said: Iterable[tuple[Any, Any]]) -> None:
        pairs = [(_text(email), _text(name)) for email, name in said]
        self.emails, self.names = {email.upper() for email, _name in pairs}, {name for _email, name in pairs}
        if not all(text.isascii() for text in self.emails) or any("\x00" in text for text in self.names):
            raise Alone  # databases have their own minds about such capitals, and take no such signs
        self.new: list[Customer] = []
        alive = Customer.everywhere.filter(company_id=company.pk, deleted_at=None).annotate(upper=Upper("email"))
        fitting = Q(upper__in=self.emails - {""}) | Q(name__in=self.names - {""})
        self.known = list(alive.filter(fitting).order_by("created_at", "pk"))
        for customer in self.known:
            customer.company = company

    def buyer(self, company: Company, email: str, name: str, *, prio: int) -> Customer | None:
        email, name = email.strip(), name.strip()
        if not email and not name:
            return None
        if email.upper() not in self.emails or name not in self.names:
            raise Alone
        found = self._found(email, name)
        if found is None:
            made = customers.noun.built(company, {"name": name or email, "email": email})
            self.new.append(made)
            return made
        if email and not found.email:
            raise Alone  # it gets its e-mail, which others show
        return found

    def _found(self, email: str, name: str) -> Customer | None:
        everybody = [*self.known, *self.new]
        found = next((one for one in everybody if email and one.email.upper() == email.upper()), None)
        if found is None and name:
            called = [one for one in everybody if one.name == name and (not email or not one.email)]
            found = next(iter(called), None)
        return found

    def forget(self, mark: int) -> None:
        """Those that were made since are not wanted."""
        del self.new[mark:]

    def save(self, unit: Unit) -> None:
        statements.insert(self.new)
        unit.made("customer", *(customer.pk for customer in self.new))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""

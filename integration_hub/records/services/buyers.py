"""Whose an order is that names its customer by e-mail and name: found by e-mail, else by name, else made."""

from integration_hub.companies.models import Company
from integration_hub.records.models import Customer
from integration_hub.records.services import customers


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

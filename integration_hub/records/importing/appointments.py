"""Appointments from files: whose, with whom and where they are is found by name, e-mail or number."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from integration_hub.records.importing.finding import Finder, Wanted, wanted
from integration_hub.records.importing.folding import Draft
from integration_hub.records.importing.simple import Many
from integration_hub.records.models import Appointment, Customer, Staff
from integration_hub.records.services import Invalid, many

RELATED = ("customer", "staff", "branch")


class Appointments(Many):
    """Found by their number, else by when they are, what they are, and with whom. Customers that are not there are
    made, as for orders."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.finder = Finder(self.company, [wanted(self.kind, draft) for draft in self.drafts])
        self.staff = self._staff()

    def _there(self) -> dict[str, list[Any]]:
        """By number and by start."""
        numbers = {draft.values["reference"] for draft in self.drafts if "reference" in draft.values}
        starts = {draft.values["starts_at"] for draft in self.drafts if "starts_at" in draft.values}
        rows = self.living().filter(Q(reference__in=numbers) | Q(starts_at__in=starts)).select_related(*RELATED)
        found: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            row.company = self.company
            found[f"number {row.reference}"].append(row)
            found[row.starts_at.isoformat()].append(row)
        return found

    def _staff(self) -> dict[str, list[Staff]]:
        """By e-mail in small letters, and by name."""
        said = {
            draft.values[name] for draft in self.drafts for name in ("staff", "staff_email") if name in draft.values
        }
        rows = Staff.everywhere.filter(company_id=self.company.pk, deleted_at=None).order_by("pk")
        found: dict[str, list[Staff]] = defaultdict(list)
        for person in rows.filter(Q(name__in=said) | Q(email__in=said | {one.lower() for one in said})) if said else ():
            person.company = self.company
            found[person.name].append(person)
            if person.email:
                found[person.email.lower()].append(person)
        return found

    def entries(self, draft: Draft) -> list[many.Entry]:
        data: dict[str, Any] = {name: value for name, value in draft.values.items() if not name.startswith("customer_")}
        self.place(data)
        self._with_staff(data)
        known = self._known(draft, data)
        _ended(data, known)
        about = wanted(self.kind, draft)
        if about and not (known and about.is_just(_called(known.customer))):
            data["customer"] = self._customer(about)
        return [(data, known)]

    def _customer(self, about: Wanted) -> Customer:
        customer = self.finder.found_or_new(about)
        if customer._state.adding and customer not in self.new_customers:
            self.new_customers.append(customer)
        return customer

    def _with_staff(self, data: dict[str, Any]) -> None:
        """The staff member instead of e-mail or name."""
        email, name = data.pop("staff_email", ""), data.pop("staff", "")
        if not email and not name:
            return
        field, said = ("staff_email", email) if email else ("staff", name)
        fitting = self.staff.get(said.lower() if email else said, [])
        if len(fitting) > 1:
            several = _("%(count)s staff members are called “%(name)s”. Say which one by the e-mail.")
            raise Invalid({field: [several % {"count": len(fitting), "name": said}]})
        if not fitting:
            nobody = _("There is no staff member “%(name)s”. Bring the staff first, or leave the column out.")
            raise Invalid({field: [nobody % {"name": said}]})
        data["staff"] = fitting[0]

    def _known(self, draft: Draft, data: dict[str, Any]) -> Appointment | None:
        """The appointment that is meant, if it is there."""
        number = draft.values.get("reference", "")
        if number and (found := self.there.get(f"number {number}")):
            return found[0]
        at_this_time = self.there.get(draft.values.get("starts_at", ""), [])
        fitting = [one for one in at_this_time if one.title == draft.values.get("title")]
        if number:  # one that had none yet
            fitting = [one for one in fitting if not one.reference]
        if "staff" in data:
            fitting = [one for one in fitting if one.staff_id == data["staff"].pk]
        if about := wanted(self.kind, draft):
            fitting = self._of_customer(fitting, about)
        if len(fitting) > 1:
            said = _("%(count)s appointments are just like this one already. Change them by hand.")
            raise Invalid({"starts_at": [said % {"count": len(fitting)}]})
        return next(iter(fitting), None)

    def _of_customer(self, fitting: list[Appointment], about: Wanted) -> list[Appointment]:
        """Those of the customer a row means; one who is just as it says is meant, also where others are called so."""
        if not fitting:
            return []
        if same := [one for one in fitting if about.is_just(_called(one.customer))]:
            return same
        customer = self.finder.found(about)
        return [one for one in fitting if customer and one.customer_id == customer.pk]


def _called(customer: Customer | None) -> Wanted:
    return Wanted(customer.reference, customer.email, customer.name) if customer else Wanted()


def _ended(data: dict[str, Any], known: Appointment | None) -> None:
    """The end, where only the duration is said."""
    minutes = data.pop("duration", None)
    if minutes is None or "ends_at" in data:
        return
    starts = datetime.fromisoformat(data["starts_at"]) if "starts_at" in data else known and known.starts_at
    if starts:
        data["ends_at"] = (starts + timedelta(minutes=int(minutes))).isoformat()

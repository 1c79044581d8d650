"""Kinds whose rows are one record each, found by what tells them apart: events, branches, staff.

Tickets and appointments are made on the same last: what differs is how they are found, and what they name.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records.importing.columns import KEYS, WHOLE_KEYS
from integration_hub.records.importing.folding import Draft
from integration_hub.records.importing.keys import key_of
from integration_hub.records.models import Branch, Customer
from integration_hub.records.services import (
    Invalid,
    appointments,
    branches,
    bulk,
    events,
    images,
    many,
    staff,
    tickets,
)
from integration_hub.records.services.noun import Noun

NOUNS: Mapping[str, Noun[Any]] = {
    "events": events.noun,
    "tickets": tickets.noun,
    "branches": branches.noun,
    "staff": staff.noun,
    "appointments": appointments.noun,
}


@dataclass
class Many:
    """Drafts of one of these kinds beside the records and branches they name; a few queries for all."""

    company: Company
    kind: str
    drafts: Sequence[Draft]

    def __post_init__(self) -> None:
        self.new_customers: list[Customer] = []  # once saved: those made for these records
        self.noun = NOUNS[self.kind]
        self.there = self._there()
        named = {draft.values["branch"] for draft in self.drafts if "branch" in draft.values}
        rows = Branch.everywhere.filter(company_id=self.company.pk, deleted_at=None, name__in=named)
        self.branches = {branch.name: branch for branch in rows.order_by("-pk")} if named else {}

    def living(self) -> Any:
        """The records of this kind."""
        return self.noun.model.everywhere.filter(company_id=self.company.pk, deleted_at=None).order_by("pk")

    def _there(self) -> dict[str, list[Any]]:
        """Those that are there already, by the key that a row naming them has."""
        keys = KEYS[self.kind]
        found: dict[str, list[Any]] = defaultdict(list)
        for name in keys[:1] if self.kind in WHOLE_KEYS else keys:
            said = {draft.values[name] for draft in self.drafts if name in draft.values}
            for row in self.living().filter(**{f"{name}__in": said}) if said else ():
                row.company = self.company
                told = keys if self.kind in WHOLE_KEYS else (name,)
                found[key_of(self.kind, {key: images.plain(getattr(row, key)) for key in told})].append(row)
        return found

    def prepare(self) -> None:
        self.prepared = [entry for draft in self.drafts for entry in self.entries(draft)]

    def moved(self) -> bool:
        return False  # each is locked when it is saved

    def plans(self, draft: Draft) -> list[bulk.Plan[Any]]:
        """What saving the draft would do; Invalid when it cannot be."""
        return [many.plan(self.noun, self.company, entry) for entry in self.entries(draft)]

    def save(self) -> bulk.Outcome:
        return many.save(self.noun, self.company, self.prepared, self.new_customers)

    def entries(self, draft: Draft) -> list[many.Entry]:
        """What is said of which record: one, or several where the file has several alike."""
        data: dict[str, Any] = dict(draft.values)
        self.place(data)
        several = self.there.get(draft.key, [])
        if len(several) > 1:
            said = _("%(count)s of them are called “%(name)s” already. Change it by hand.")
            name = next(key for key in KEYS[self.kind] if key in draft.values)
            raise Invalid({name: [said % {"count": len(several), "name": draft.values[name]}]})
        return [(data, next(iter(several), None))]

    def place(self, data: dict[str, Any]) -> None:
        """The branch instead of its name."""
        if "branch" not in data:
            return
        name = data["branch"]
        data["branch"] = self.branches.get(name)
        if data["branch"] is None:
            said = _("There is no branch “%(name)s”. Bring the branches first, or leave the column out.")
            raise Invalid({"branch": [said % {"name": name}]})

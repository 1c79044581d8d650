"""One mapping's values as people read them: ours and theirs in the same words, and where each is seen."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.contract import Field, MappedField, ProviderError, registry
from integration_hub.contract.api import Json
from integration_hub.hub import values
from integration_hub.sync import linking, targets
from integration_hub.sync.canonical import canonical
from integration_hub.sync.links import rows_of
from integration_hub.sync.models import Mapping, RecordLink


class Lens:
    """What is known of one mapping, read once a page."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.provider = registry.provider(mapping.connection.provider)
        self.record_type = registry.record_type(mapping.record_type)
        self.sink = targets.sink_of(mapping)
        self.target = targets.target_of(mapping, self.record_type)
        self.mapped: dict[str, MappedField] = {one.ours.name: one for one in self.target.fields}
        self.by_name: dict[str, Field] = {field.name: field for field in self.record_type.fields}
        self.by_label: dict[str, Field] = {field.label: field for field in self.record_type.fields}

    def label(self, name: str) -> str:
        """What people call our field; its name where there is no such field any more."""
        return _(self.by_name[name].label) if name in self.by_name else name

    def ours(self, name: str, value: Json) -> str:
        """Our canonical value."""
        return values.of_field(value, self.by_name.get(name))

    def theirs(self, name: str, cell: Json) -> str:
        """Their cell in our words; as it is, where it cannot be read as our field."""
        if (mapped := self.mapped.get(name)) is None:
            return values.said(cell)
        try:
            return values.of_field(canonical(self.sink.back(cell, mapped)), mapped.ours)
        except (ProviderError, NotImplementedError):
            return values.said(cell)

    def record_url(self, record: UUID) -> str:
        return self.record_type.address(record)

    def row_url(self, remote_id: str) -> str:
        """Where people see the row at the provider; empty where it has no such page."""
        return self.sink.remote_url(self.target, remote_id) if remote_id else ""

    def name_links(self, rows: Sequence[Any]) -> None:
        """Say links of these conflicts, `mine` and `yours`, by the titles of the records they lead to."""
        fields = {row.field for row in rows if row.field in self.by_name and self.by_name[row.field].kind == "link"}
        for name in fields & self.mapped.keys():
            self._name_links(self.mapped[name], [row for row in rows if row.field == name])

    def _name_links(self, mapped: MappedField, rows: Sequence[Any]) -> None:
        theirs = {row.pk: self._rows_of(row.theirs, mapped) for row in rows}
        parent = linking.parents_of(self.mapping.connection, self.sink, [mapped]).get(mapped.remote_id)
        known: dict[str, UUID] = {}
        if parent is not None:
            wanted = {one for ids in theirs.values() for one in ids}
            found = RecordLink.everywhere.filter(target=parent, remote_id__in=wanted, deleted_at=None)
            known = dict(found.values_list("remote_id", "record_id"))
        ours = {row.pk: UUID(row.ours[0]) for row in rows if isinstance(row.ours, list) and row.ours}
        kind = registry.record_type(mapped.ours.to)
        values_of = kind.load(self.mapping.company_id, list({*known.values(), *ours.values()}))
        titles = {pk: kind.title(mine) for pk, mine in values_of.items()}
        for row in rows:
            row.mine = titles.get(ours[row.pk], row.mine) if row.pk in ours else row.mine
            named = [titles.get(known[one], one) if one in known else one for one in theirs[row.pk]]
            row.yours = ", ".join(named) or row.yours

    def _rows_of(self, cell: Json, mapped: MappedField) -> tuple[str, ...]:
        try:
            return rows_of(self.sink.back(cell, mapped))
        except (ProviderError, NotImplementedError):
            return ()


def lenses(company: Company, only: Iterable[UUID] | None = None) -> dict[UUID, Lens]:
    """Of the company's mappings, those out of use too; two queries."""
    found = Mapping.everywhere.filter(company=company).select_related("connection").prefetch_related("fields")
    if only is not None:
        found = found.filter(pk__in=set(only))
    return {mapping.pk: Lens(mapping) for mapping in found.order_by("created_at")}

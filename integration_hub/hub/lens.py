"""One mapping's values as people read them: ours and theirs in the same words, and where each is seen."""

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.contract import Field, MappedField, ProviderError, registry
from integration_hub.contract.api import Json
from integration_hub.hub import values
from integration_hub.sync import targets
from integration_hub.sync.canonical import canonical
from integration_hub.sync.models import Mapping


class Lens:
    """What is known of one mapping, read once a page."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.provider = registry.provider(mapping.connection.provider)
        self.record_type = registry.record_type(mapping.record_type)
        self.sink = targets.sink_of(mapping)
        self.target = targets.target_of(mapping, self.record_type, read=True)
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


def lenses(company: Company, only: Iterable[UUID] | None = None) -> dict[UUID, Lens]:
    """Of the company's mappings, those out of use too; two queries."""
    found = Mapping.everywhere.filter(company=company).select_related("connection").prefetch_related("fields")
    if only is not None:
        found = found.filter(pk__in=set(only))
    return {mapping.pk: Lens(mapping) for mapping in found.order_by("created_at")}

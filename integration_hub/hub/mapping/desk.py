"""What the mapping page knows of both sides: our kind of record, the table as it was discovered, and how sure that is.

Nothing here calls the provider; what is not known yet is asked for in the background.
"""

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from integration_hub.connections import discovery
from integration_hub.connections.discovery import Known
from integration_hub.connections.models import Connection
from integration_hub.contract import Field, Provider, RecordType, RemoteField, Resource, Sink, registry
from integration_hub.sync import targets, ways
from integration_hub.sync.models import Mapping

MAY = {"": "", "create": ""}  # what the key may do in a base, in its provider's word -> what that is called


@dataclass(frozen=True)
class Desk:
    """`within` is the id of what the table lies in, `base` that resource; `resource` None: the table is not known
    (yet). `beside` names what lies in the same base."""

    connection: Connection
    provider: Provider
    sink: Sink[Any]
    record_type: RecordType
    within: str
    base: Resource | None
    resource: Resource | None
    known: Known
    beside: Map[str, str] = field(default_factory=dict)
    fields: tuple[RemoteField, ...] = ()
    merge_id: str = ""

    @property
    def looking(self) -> bool:
        return self.known.asked

    @property
    def is_gone(self) -> bool:
        """A complete listing does not have the table any more."""
        return self.resource is None and not self.looking and self.known.fresh and not self.known.error

    @cached_property
    def remote(self) -> dict[str, RemoteField]:
        return {one.id: one for one in self.fields}

    @cached_property
    def ours(self) -> dict[str, Field]:
        return {one.name: one for one in self.record_type.fields}

    @property
    def may_read(self) -> bool:
        """Whether rows of the table can become records."""
        return ways.may_read(self.record_type, self.sink)

    @property
    def cannot_make(self) -> str:
        """Why nothing can be created over there; empty where it can."""
        return cannot_make(self.base, self.provider)


def of_mapping(mapping: Mapping, *, ask: bool) -> Desk:
    """Where a stored mapping goes. `ask`: whoever looks may choose, so an old listing is renewed meanwhile."""
    sink = targets.sink_of(mapping)
    table = sink.resource_id(mapping.place) if sink.mappable else ""
    within = next((str(part) for part in mapping.place.values() if part != table), "") if table else ""
    return _desk(mapping.connection, sink, registry.record_type(mapping.record_type), within, table, ask=ask)


def of_choice(connection: Connection, sink: Sink[Any], record_type: RecordType, within: str, table: str) -> Desk:
    """Where a new mapping would go."""
    return _desk(connection, sink, record_type, within, table, ask=True)


def _desk(
    connection: Connection, sink: Sink[Any], record_type: RecordType, within: str, table: str, *, ask: bool
) -> Desk:
    provider = registry.provider(connection.provider)
    if not table:
        return Desk(connection, provider, sink, record_type, "", None, None, Known())
    known = discovery.known(connection, within, ask_when_stale=ask)
    resource = discovery.resource(connection, table, within)
    return Desk(
        connection,
        provider,
        sink,
        record_type,
        within,
        discovery.resource(connection, within, "") if within else None,
        resource,
        known,
        {one.id: one.label for one in known.resources},
        tuple(sink.fields(resource)) if resource else (),
        sink.merge_field(resource) if resource else "",
    )


def cannot_make(base: Resource | None, provider: Provider) -> str:
    """Why tables and fields cannot be made in this base; empty where nothing speaks against it."""
    permission = str(base.details.get("permission") or "") if base else ""
    if base is None or permission in MAY:
        return ""
    text = _(
        "Tables and fields cannot be made from here: in “%(base)s” this key has the permission “%(permission)s”, and "
        "%(name)s asks for “create”. Let a creator of the base make them, or raise the permission there."
    )
    return text % {"base": base.label, "permission": permission, "name": provider.name}


def preview_page(mapping: Mapping, provider: str = "") -> str:
    """Where people see what this mapping would do, and apply it. `provider`: its key, where it is known already."""
    return reverse("hub:preview", args=[provider or mapping.connection.provider, mapping.pk])

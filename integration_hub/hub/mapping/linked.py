"""What a mapping has to do with others: which records to map first, and which can have a table of their own."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from integration_hub.contract import Field, MappedField, RecordType, registry
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.typed import Typed
from integration_hub.sync import linking, targets


@dataclass(frozen=True)
class Child:
    """Records that link to these and are not mapped yet."""

    key: str
    plural: str


def hints(desk: Desk, typed: Typed) -> dict[str, str]:
    """By remote field id: for a link whose table has no mapping of the linked records, which to map first."""
    links = _links(desk, typed)
    parents = linking.parents_of(desk.connection, desk.sink, links)
    said = _("Map %(records)s to the table “%(table)s” first; until then this cell stays empty.")
    return {
        one.remote_id: said
        % {
            "records": _(registry.record_type(one.ours.to).plural),
            "table": desk.beside.get(table := desk.sink.links_to(one), table),
        }
        for one in links
        if one.remote_id in parents and parents[one.remote_id] is None
    }


def children(desk: Desk) -> list[Child]:
    """Kinds of records that could link to this table, had they one of their own."""
    if not desk.sink.mappable:
        return []
    mapped = {mapping.record_type for mapping in targets.current(desk.connection)}
    return [
        Child(kind.key, _(kind.plural))
        for kind in registry.record_types()
        if kind.key not in mapped and _links_to(kind, desk.record_type)
    ]


def _links_to(kind: RecordType, parent: RecordType) -> bool:
    return kind.key != parent.key and any(one.kind == "link" and one.to == parent.key for one in kind.fields)


def _links(desk: Desk, typed: Typed) -> list[MappedField]:
    ours: dict[str, Field] = {one.name: one for one in desk.record_type.fields if one.kind == "link"}
    return [
        MappedField(ours[pair.ours], theirs.id, theirs.label, theirs.type, theirs.options)
        for pair in typed.pairs
        if pair.ours in ours and (theirs := desk.remote.get(pair.remote_id)) is not None
    ]

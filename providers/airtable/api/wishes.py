"""A sync as a program wants it, as a draft of a mapping: names become our fields and Airtable's ids."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.connections.models import Connection
from integration_hub.contract import Field, RecordType, RemoteField, Resource, registry
from integration_hub.sync import filters, mappings
from integration_hub.sync.mappings import Draft, InvalidMapping, Pair
from integration_hub.sync.models import Mapping
from providers.airtable.api.checking import known, named
from providers.airtable.schema import alike
from providers.airtable.sinks import RecordsSink

SINK = RecordsSink()
# Fields of the body by what `sync.mappings` calls them.
SPELLED = {"record_type": "data_type", "place": "table_id", "fields": "field_mapping"}


@dataclass(frozen=True)
class Wish:
    """What the body asks for. `names`: our fields as the body calls them, with the Airtable fields as it calls those;
    None where the body does not say: then what is mapped stays, or fields are matched by name. `options`: those of
    filter, create_choices, is_live, minutes that were given."""

    record_type: RecordType
    names: Map[str, str] | None
    write_modes: Map[str, str]
    options: Map[str, Any] = field(default_factory=dict)

    def draft(self, connection: Connection, table: Resource, mapping: Mapping | None) -> Draft:
        """The mapping as it should be; InvalidMapping names, by field of the body, what there is not."""
        pairs = self._pairs(table, mapping)
        if mapping is not None:
            kept = mappings.draft_of(mapping, table)
            given = {"filter": kept.filter, "create_choices": kept.create_choices, "is_live": kept.is_live}
            options = {**given, "minutes": kept.minutes, **self.options}
            return Draft(self.record_type.key, table, pairs, SINK.key, on_delete=kept.on_delete, **options)
        return Draft(self.record_type.key, table, pairs, SINK.key, **{**usual(connection), **self.options})

    def _pairs(self, table: Resource, mapping: Mapping | None) -> list[Pair]:
        stored = {(row.ours, row.remote_id): row.write_mode for row in mapping.fields.all()} if mapping else {}
        if self.names is not None:
            chosen = resolved(self.record_type, SINK.fields(table), self.names)
        else:
            chosen = list(stored) or list(SINK.suggest(self.record_type, table).items())
        modes = our_names(self.record_type, self.write_modes)
        return [
            Pair(ours, theirs, modes.get(ours) or stored.get((ours, theirs)) or Pair.write_mode)
            for ours, theirs in chosen
        ]


def usual(connection: Connection) -> dict[str, Any]:
    """How a new mapping runs: as the connection's settings say."""
    automatic = bool(connection.settings.get("auto_sync_enabled", True))
    return {"is_live": automatic, "minutes": int(connection.settings.get("sync_interval") or 60) if automatic else None}


def same(draft: Draft, mapping: Mapping) -> bool:
    """Whether the stored mapping is what the draft wants already."""
    stored = mappings.draft_of(mapping, draft.resource)
    record_type = registry.record_type(draft.record_type)
    ways = (draft.create_choices, draft.is_live, draft.minutes) == (
        stored.create_choices,
        stored.is_live,
        stored.minutes,
    )
    return ways and set(draft.pairs) == set(stored.pairs) and _filter(record_type, draft) == list(stored.filter)


def _filter(record_type: RecordType, draft: Draft) -> list[Any]:
    try:
        return list(filters.checked(record_type, list(draft.filter)))
    except filters.InvalidFilter as refused:
        raise InvalidMapping({"filter": str(refused)}) from refused


def record_type_of(word: str) -> RecordType:
    """orders, order, Orders, order_items, Order item …; InvalidMapping lists them."""
    for kind in registry.record_types():
        names = (kind.key, f"{kind.key}s", kind.label, kind.plural, _(kind.label), _(kind.plural))
        if any(alike(word, name) for name in names):
            return kind
    known_types = ", ".join(kind.key for kind in registry.record_types())
    text = _("There are no records called “%(key)s”. There are: %(known)s.")
    raise InvalidMapping({"record_type": text % {"key": word[:100], "known": known_types}})


def our_field(record_type: RecordType, word: str) -> Field | None:
    """By name or label, whatever its accents and case."""
    exact = [one for one in record_type.fields if one.name == word]
    found = exact or [
        one for one in record_type.fields if any(alike(word, name) for name in (one.name, one.label, _(one.label)))
    ]
    return found[0] if found else None


def our_names(record_type: RecordType, given: Map[str, Any]) -> dict[str, Any]:
    """By our fields' names; InvalidMapping for those there are not."""
    found: dict[str, Any] = {}
    for word, value in given.items():
        ours = our_field(record_type, word)
        if ours is None:
            raise InvalidMapping({f"write_modes.{word}": _unknown(record_type, word)})
        found[ours.name] = value
    return found


def resolved(record_type: RecordType, theirs: Sequence[RemoteField], names: Map[str, str]) -> list[tuple[str, str]]:
    """(our field's name, Airtable field id); InvalidMapping with everything that is unknown, and what is known."""
    found: list[tuple[str, str]] = []
    errors: dict[str, str] = {}
    for word, wanted in names.items():
        ours, remote = our_field(record_type, word), named(theirs, wanted)
        if ours is None:
            errors[f"fields.{word}"] = _unknown(record_type, word)
        elif remote is None:
            text = _("The table has no field “%(name)s”. It has: %(known)s.")
            errors[f"fields.{word}"] = text % {"name": wanted[:200], "known": known(theirs)}
        else:
            found.append((ours.name, remote.id))
    if errors:
        raise InvalidMapping(errors)
    return found


def _unknown(record_type: RecordType, word: str) -> str:
    ours = ", ".join(one.name for one in record_type.fields)
    return _("There is no hub field “%(name)s”. There are: %(known)s.") % {"name": word[:100], "known": ours}


def by_body(refused: InvalidMapping) -> dict[str, list[str]]:
    """The sentences by field of the body."""
    told: dict[str, list[str]] = {}
    for name, sentence in refused.errors.items():
        first, dot, rest = name.partition(".")
        told.setdefault(SPELLED.get(first, first) + dot + rest, []).append(sentence)
    return told

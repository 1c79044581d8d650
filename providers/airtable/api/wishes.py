"""A sync as a program wants it, as a draft of a mapping: names become our fields and Airtable's ids."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, Field, RecordType, RemoteField, Resource, registry
from integration_hub.sync import filters, mappings, ways
from integration_hub.sync.drafts import Draft, InvalidMapping, Pair
from integration_hub.sync.merge import Policy
from integration_hub.sync.models import Mapping
from providers.airtable.api.checking import known, named
from providers.airtable.schema import alike
from providers.airtable.sinks import RecordsSink

SINK = RecordsSink()
# Fields of the body by what `sync.mappings` calls them.
SPELLED = {"record_type": "data_type", "place": "table_id", "fields": "field_mapping", "direction": "mode"}


# What a mapping that begins to read is, where the body does not say: nothing is overwritten unseen.
FIRST = {Direction.PULL: Policy.PROVIDER_WINS.value, Direction.BOTH: Policy.ASK.value}


@dataclass(frozen=True)
class Wish:
    """What the body asks for. `names`: our fields as the body calls them, with the Airtable fields as it calls those;
    None where the body does not say: then what is mapped stays, or fields are matched by name. `directions`: of single
    fields. `options`: those fields of a draft that were given. `preview`: nothing is to be written yet."""

    record_type: RecordType
    names: Map[str, str] | None
    write_modes: Map[str, str]
    options: Map[str, Any] = field(default_factory=dict)
    directions: Map[str, str] = field(default_factory=dict)
    preview: bool = False

    def draft(self, connection: Connection, table: Resource, mapping: Mapping | None) -> Draft:
        """The mapping as it should be; InvalidMapping names, by field of the body, what there is not."""
        if mapping is not None:
            kept = mappings.draft_of(mapping, table)
        else:
            kept = Draft(self.record_type.key, table, (), SINK.key, **usual(connection))
        wanted = replace(kept, **self.options)
        wanted = replace(wanted, pairs=self._pairs(table, wanted))
        return replace(wanted, **self._meeting(kept, wanted))

    def _pairs(self, table: Resource, wanted: Draft) -> list[Pair]:
        stored = {(pair.ours, pair.remote_id): pair for pair in wanted.pairs}
        chosen = self._chosen(table, wanted, stored)
        modes = our_names(self.record_type, self.write_modes, "write_modes")
        directions = our_names(self.record_type, self.directions, "directions")
        theirs = {one.id: one for one in SINK.fields(table)}
        return [
            replace(
                known,
                write_mode=modes.get(ours, known.write_mode),
                direction=directions.get(ours) or _direction(wanted, known, theirs.get(remote_id)),
            )
            for ours, remote_id in chosen
            for known in [stored.get((ours, remote_id)) or Pair(ours, remote_id)]
        ]

    def _chosen(self, table: Resource, wanted: Draft, stored: Map[tuple[str, str], Pair]) -> list[tuple[str, str]]:
        """What was not named and has no part in this direction stays out."""
        theirs = {one.id: one for one in SINK.fields(table)}
        if self.names is not None:
            return resolved(self.record_type, list(theirs.values()), self.names)
        known = stored or {pair: Pair(*pair) for pair in SINK.suggest(self.record_type, table).items()}
        return [pair for pair in known if not _apart(self.record_type, wanted, known[pair], theirs.get(pair[1]))]

    def _meeting(self, kept: Draft, wanted: Draft) -> dict[str, Any]:
        """How rows and records meet that were never linked: where reading begins, as far as the body does not say."""
        begins, found = wanted.reads and not kept.reads, dict[str, Any]()
        if begins and "first" not in self.options:
            found["first"] = FIRST[Direction(wanted.direction)]
        mapped = [pair.ours for pair in wanted.pairs]
        if "match_on" in self.options:
            keys = tuple(our_names(self.record_type, dict.fromkeys(self.options["match_on"]), "match_on"))
        elif begins:
            keys = ways.best_key(self.record_type, mapped)
        else:
            keys = tuple(name for name in kept.match_on if name in mapped)
        return {**found, "match_on": keys}


def _direction(wanted: Draft, known: Pair, theirs: RemoteField | None) -> str:
    """A computed field can only be read."""
    only_read = wanted.reads and theirs is not None and not theirs.writable
    return Direction.PULL.value if only_read else known.direction


def _apart(record_type: RecordType, wanted: Draft, pair: Pair, theirs: RemoteField | None) -> bool:
    if theirs is None:
        return False
    can = ways.of_field(SINK, record_type.field(pair.ours), theirs)
    return ways.apart(Direction(wanted.direction), Direction(pair.direction), can)


def usual(connection: Connection) -> dict[str, Any]:
    """How a new mapping runs: as the connection's settings say."""
    automatic = bool(connection.settings.get("auto_sync_enabled", True))
    return {"is_live": automatic, "minutes": int(connection.settings.get("sync_interval") or 60) if automatic else None}


def same(draft: Draft, mapping: Mapping) -> bool:
    """Whether the stored mapping is what the draft wants already."""
    stored = mappings.draft_of(mapping, draft.resource)
    record_type = registry.record_type(draft.record_type)
    wanted = replace(draft, pairs=(), filter=tuple(_filter(record_type, draft)), match_on=tuple(draft.match_on))
    return set(draft.pairs) == set(stored.pairs) and wanted == replace(stored, pairs=())


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


def our_names(record_type: RecordType, given: Map[str, Any], place: str) -> dict[str, Any]:
    """By our fields' names; InvalidMapping for those there are not. `place`: where in the body they were named."""
    found: dict[str, Any] = {}
    for word, value in given.items():
        ours = our_field(record_type, word)
        if ours is None:
            raise InvalidMapping({f"{place}.{word}": _unknown(record_type, word)})
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

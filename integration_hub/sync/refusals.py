"""What speaks against a mapping as somebody wants it: a sentence for each field of the form, none where it may be."""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, Field, RecordType, RemoteField, Sink, WriteMode, registry
from integration_hub.sync import filters, ways
from integration_hub.sync.drafts import Draft, Pair
from integration_hub.sync.merge import Policy
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.mapping import DeletePolicy, RemoteDelete

LISTED = 50  # fields that a sentence names
# Settings that are one of a few words.
WORDS: Map[str, Iterable[str]] = {
    "policy": Policy,
    "first": Policy,
    "on_delete": DeletePolicy.values,
    "on_remote_delete": RemoteDelete.values,
}


def of_draft(draft: Draft, record_type: RecordType, sink: Sink[Any]) -> dict[str, str]:
    """Whatever can be said without knowing other mappings."""
    errors = {**_settings(draft, record_type), **_direction(draft, record_type, sink)}
    if "direction" not in errors:
        errors |= _pairs(draft, record_type, sink)
    try:
        filters.checked(record_type, list(draft.filter))
    except filters.InvalidFilter as refused:
        errors["filter"] = str(refused)
    if draft.minutes is not None and draft.minutes < 1:
        errors["minutes"] = _("Give a whole number of minutes, at least 1.")
    return errors


def of_place(
    connection: Connection, draft: Draft, record_type: RecordType, sink: Sink[Any], mapping: Mapping | None
) -> dict[str, str]:
    """The table: does it know our ids, and is it anybody else's already?"""
    name = {"table": draft.resource.label, "records": _(record_type.plural)}
    if draft.writes and not sink.merge_field(draft.resource):
        text = _("The table “%(table)s” has no field for the hub's own id yet. Press “Create missing fields”.")
        return {"place": text % name}
    here = sink.place(draft.resource)
    for other in Mapping.everywhere.filter(connection=connection, retired_at=None, record_type=record_type.key):
        if other.place == here and (mapping is None or other.pk != mapping.pk):
            return {"place": _("%(records)s already go to the table “%(table)s”. Change that mapping.") % name}
    if mapping is not None and (mapping.place != here or mapping.record_type != record_type.key):
        return {"place": _("A mapping keeps its table. Remove it and make another one.")}
    return {}


def one_of(words: Iterable[str]) -> str:
    return _("Choose one of: %(known)s.") % {"known": ", ".join(words)}


# --- settings ---------------------------------------------------------------------------------------------------------


def _settings(draft: Draft, record_type: RecordType) -> dict[str, str]:
    errors = {name: one_of(words) for name, words in WORDS.items() if getattr(draft, name) not in tuple(words)}
    if draft.reads and draft.on_remote_delete not in may_happen(record_type):
        errors["on_remote_delete"] = one_of(may_happen(record_type))
    if keys := _keys(draft, record_type):
        errors["match_on"] = keys
    return errors


def may_happen(record_type: RecordType) -> list[str]:
    """What may become of a record whose row is deleted."""
    can = {RemoteDelete.CANCEL: record_type.cancel, RemoteDelete.DELETE: record_type.remove}
    return [one.value for one in RemoteDelete if one not in can or can[one] is not None]


def _keys(draft: Draft, record_type: RecordType) -> str:
    known = [one.name for one in ways.keys(record_type, [one.name for one in record_type.fields])]
    mapped = {pair.ours for pair in draft.pairs}
    for name in draft.match_on:
        if name not in known:
            told = {"name": name, "known": ", ".join(known) or "–"}
            return _("Rows cannot be recognised by “%(name)s”. There are: %(known)s.") % told
        if name not in mapped:
            told = {"name": _(record_type.field(name).label)}
            return _("Map “%(name)s” to a field first: rows are recognised by it.") % told
    return ""


def _direction(draft: Draft, record_type: RecordType, sink: Sink[Any]) -> dict[str, str]:
    if draft.direction not in tuple(Direction):
        return {"direction": one_of(Direction)}
    if draft.reads and not ways.may_read(record_type, sink):
        text = _("%(records)s can only be written, never read. Choose “push”.")
        return {"direction": text % {"records": _(record_type.plural)}}
    if draft.match_on and not sink.readable:
        return {"match_on": _("Rows of this table cannot be read, so none can be recognised.")}
    return {}


# --- pairs ------------------------------------------------------------------------------------------------------------


@dataclass
class _Judge:
    """`taken`: remote fields that are used; `read`: our fields that some remote field is read into."""

    draft: Draft
    sink: Sink[Any]
    ours: Map[str, Field]
    theirs: Map[str, RemoteField]
    taken: set[str]
    read: set[str] = field(default_factory=set)

    def error(self, pair: Pair) -> str:
        mine, theirs = self.ours.get(pair.ours), self.theirs.get(pair.remote_id)
        if mine is None:
            known = ", ".join(sorted(self.ours))
            return _("There is no hub field “%(name)s”. There are: %(known)s.") % {"name": pair.ours, "known": known}
        if theirs is None:
            known = ", ".join(one.label for one in list(self.theirs.values())[:LISTED])
            text = _("The table has no field “%(name)s”. It has: %(known)s.")
            return text % {"name": pair.remote_id, "known": known}
        if pair.write_mode not in tuple(WriteMode):
            return one_of(WriteMode)
        if pair.direction not in tuple(Direction):
            return one_of(Direction)
        names = {"ours": _(mine.label), "theirs": theirs.label, "type": theirs.words or theirs.type}
        if pair.remote_id in self.taken:
            return _("The field “%(theirs)s” is taken already. Use each field once.") % names
        return self._way(pair, mine, theirs) % names

    def _way(self, pair: Pair, mine: Field, theirs: RemoteField) -> str:
        whole, own = Direction(self.draft.direction), Direction(pair.direction)
        can, wish = ways.of_field(self.sink, mine, theirs), ways.within(whole, own)
        if wish is None:
            return _("%(ours)s would go neither way: its own direction is not the mapping's. Choose another one.")
        if not theirs.writable and wish is not Direction.PULL:
            return _computed(whole, can)
        if wish is Direction.PULL and can in (None, Direction.PUSH):
            return _unread(self.sink, mine, theirs)
        if can is None or (can is Direction.PULL and wish is not can):
            return _("The field “%(theirs)s” (%(type)s) does not take %(ours)s.")
        if can is not Direction.PUSH and wish is not Direction.PUSH:
            if mine.name in self.read:
                return _("%(ours)s is read from another field already. Let this one only be written.")
            self.read.add(mine.name)
        return ""


def _computed(whole: Direction, can: Direction | None) -> str:
    if whole is not Direction.PUSH and can is Direction.PULL:
        return _("The field “%(theirs)s” is computed over there (%(type)s): it can only be read. Choose “pull” for it.")
    return _("The field “%(theirs)s” is computed over there (%(type)s) and cannot be written.")


def _unread(sink: Sink[Any], mine: Field, theirs: RemoteField) -> str:
    if sink.gives(mine, theirs):
        return _("%(ours)s is made here and can only be written. Leave it out, or let the mapping write as well.")
    return _("The field “%(theirs)s” (%(type)s) cannot be read as %(ours)s.")


def _pairs(draft: Draft, record_type: RecordType, sink: Sink[Any]) -> dict[str, str]:
    errors: dict[str, str] = {}
    ours = {one.name: one for one in record_type.fields}
    theirs = {one.id: one for one in sink.fields(draft.resource)}
    judge = _Judge(draft, sink, ours, theirs, {sink.merge_field(draft.resource)})
    for pair in draft.pairs:
        sentence = judge.error(pair)
        judge.taken.add(pair.remote_id)
        if sentence:
            errors[f"fields.{pair.ours}"] = sentence
    if not draft.pairs:
        errors["fields"] = _("Map at least one field.")
    return errors


def known_type(key: str) -> RecordType | str:
    """The type of this name, else the sentence that lists those there are."""
    try:
        return registry.record_type(key)
    except KeyError:
        known = ", ".join(kind.key for kind in registry.record_types())
        text = _("There are no records called “%(key)s”. There are: %(known)s.")
        return text % {"key": key, "known": known}

"""One mapping being edited: what is known, what is typed, what is stored, and what the page shows of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from integration_hub.companies.models import Role
from integration_hub.connections.models import Connection
from integration_hub.contract import ProviderError, Resource
from integration_hub.hub.access import PageRequest
from integration_hub.hub.mapping import (
    columns,
    comparing,
    conditions,
    desk,
    filtering,
    linked,
    making,
    settings,
    showing,
    turning,
    typed,
)
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.typed import Typed
from integration_hub.sync import mappings as service
from integration_hub.sync.models import FieldMapping, Mapping
from integration_hub.sync.models.mapping import Write

REFUSED, CONFLICT = 422, 409


@dataclass
class Editing:
    """`mapping` None: it does not exist yet. `errors` by field as the service names them; `differences` to what
    somebody else saved meanwhile; `asks` what another filter would change, before it is saved; `status` of the
    answer."""

    desk: Desk
    typed: Typed
    mapping: Mapping | None = None
    errors: dict[str, str] = field(default_factory=dict)
    differences: Sequence[comparing.Difference] = ()
    asks: filtering.Asked | None = None
    status: int = 200

    @classmethod
    def stored(cls, where: Desk, mapping: Mapping) -> "Editing":
        return cls(where, _stored(where, mapping), mapping)

    @cached_property
    def rows(self) -> dict[str, FieldMapping]:
        """The stored pairs by remote id."""
        return {row.remote_id: row for row in self.mapping.fields.all()} if self.mapping else {}

    # --- what the buttons do ------------------------------------------------------------------------------------------

    def with_record(self, record: UUID | None, q: str) -> Typed:
        return replace(self.typed, record=record, q=q.replace("\x00", "")[:100])

    def change_conditions(self, do: str, number: str) -> None:
        lines = list(self.typed.conditions)
        if do == "add_condition":
            lines.append(conditions.blank(self.desk.record_type))
        elif do == "remove_condition" and number.isdecimal() and int(number) < len(lines):
            del lines[int(number)]
        self.typed = replace(self.typed, conditions=tuple(lines))

    def suggest(self) -> None:
        self.typed = turning.suggested(self.typed, self.desk)

    def make_fields(self, request: PageRequest, actor: str) -> None:
        """Create the chosen fields over there, and map ours to them."""
        names = [name for name in self.typed.make if name in {one.name for one in self.desk.record_type.fields}]
        if not names and self.desk.merge_id:
            return self._refuse({"make": _("Choose the fields to create.")})
        if self.desk.resource is None:
            return self._refuse({"make": _not_known()})
        try:
            made = making.fields(self.desk, names, actor=actor)
        except ProviderError as error:
            return self._refuse({"make": error.sentence})
        before = set(self.desk.remote)
        self._now(made)
        messages.success(
            request, _("Created: %(names)s. Save the mapping to use it.") % {"names": ", ".join(self._labels(before))}
        )
        self.typed = replace(turning.suggested(self.typed, self.desk, names), make=())
        return None

    def make_again(self, request: PageRequest, actor: str, ours: str) -> None:
        """Create the field anew that one of ours went to and that is gone over there."""
        remote = self.desk.remote
        kept = tuple(pair for pair in self.typed.pairs if pair.ours != ours or pair.remote_id in remote)
        self.typed = replace(self.typed, pairs=kept, make=(ours,))
        self.make_fields(request, actor)

    def save(self, actor: str, agreed: str = "") -> Mapping | None:
        """None: `errors` say what does not fit, `differences` that somebody else was quicker, or `asks` whether another
        filter is to hold; `agreed` is the sign of the one somebody was asked about and wants."""
        if self.desk.resource is None:
            self._refuse({"place": _not_known()})
            return None
        self.asks = filtering.ask(self.desk, self.typed, self.mapping, agreed)
        if self.asks is not None:
            return None
        try:
            with transaction.atomic():
                locked = self._lock()
                if locked is not None and locked.version != self.typed.version:
                    self._compare(locked)
                    return None
                wanted = turning.draft(self.typed, self.desk)
                return service.save(self.desk.connection, wanted, actor=actor, mapping=locked)
        except service.InvalidMapping as invalid:
            self._refuse(invalid.errors)
        return None

    def look_again(self) -> None:
        """After something changed what is known."""
        where = self.desk
        if self.mapping is not None:
            self.desk = desk.of_mapping(self.mapping, ask=True)
        elif where.resource is not None:
            self.desk = desk.of_choice(where.connection, where.sink, where.record_type, where.within, where.resource.id)

    def _lock(self) -> Mapping | None:
        """The mapping as it is now and stays until it is saved; pairs first, as `sync.schema` does. For a new one the
        connection, so that two people do not make it twice."""
        if self.mapping is None:
            list(Connection.everywhere.select_for_update(no_key=True).filter(pk=self.desk.connection.pk).values("pk"))
            return None
        list(FieldMapping.objects.select_for_update().filter(mapping=self.mapping).values("pk"))
        rows = Mapping.everywhere.select_for_update(of=("self",)).select_related("connection")
        return rows.get(pk=self.mapping.pk)

    def _compare(self, saved: Mapping) -> None:
        labels = {row.remote_id: row.remote_label for row in saved.fields.all()}
        labels |= {one.id: one.label for one in self.desk.fields}
        theirs = _stored(self.desk, saved)
        self.differences = comparing.differences(self.desk, theirs, self.typed, labels)
        self.typed, self.mapping, self.status = replace(self.typed, version=saved.version), saved, CONFLICT

    def _refuse(self, errors: dict[str, str]) -> None:
        self.errors, self.status = errors, REFUSED

    def _now(self, made: Resource) -> None:
        sink = self.desk.sink
        self.desk = replace(self.desk, resource=made, fields=tuple(sink.fields(made)), merge_id=sink.merge_field(made))

    def _labels(self, before: set[str]) -> list[str]:
        return [one.label for one in self.desk.fields if one.id not in before]

    # --- what the page shows ------------------------------------------------------------------------------------------

    def page(self, request: PageRequest) -> dict[str, Any]:
        """Everything the page and its preview show."""
        shown = showing.record(self.desk, self.typed)
        notes = columns.Notes(self.errors, linked.hints(self.desk, self.typed), self.rows, showing.examples(shown))
        lines = columns.lines(self.desk, self.typed, notes)
        offered = columns.offered(self.desk, self.typed)
        return {
            "editing": self,
            "desk": self.desk,
            "typed": self.typed,
            "mapping": self.mapping,
            "preview_page": desk.preview_page(self.mapping) if self.mapping else "",
            "arrow": columns.ARROWS[self.typed.goes],
            "provider": self.desk.provider,
            "record_type": self.desk.record_type,
            "may_edit": self._may_edit(request),
            "lines": lines,
            "lists": columns.shared_lists(lines),
            "mapped": len({pair.ours for pair in self.typed.pairs}),
            "whole": len(self.desk.record_type.fields),
            "offered": offered,
            "unmapped": columns.unmapped(self.desk, self.typed),
            "may_suggest": len(turning.suggested(self.typed, self.desk).pairs) > len(self.typed.pairs),
            "children": linked.children(self.desk),
            "shown": shown,
            "records": self._records(request),
            "how_many": self._how_many(),
            "modes": Write.choices,
            **settings.offered(self.desk, self.typed),
            "errors": self.errors,
            "addresses": self.addresses,
            **self.filter_part(),
            **self.found_part(""),
        }

    def filter_part(self) -> dict[str, Any]:
        kind = self.desk.record_type
        return {
            "conditions": conditions.lines(kind, self.typed.conditions),
            "sentences": conditions.sentences(kind, self.typed.conditions),
            "record_type": kind,
            "editing": self,
            "errors": self.errors,
            "addresses": self.addresses,
        }

    def found_part(self, seen: str) -> dict[str, Any]:
        """The line about how sure all this is. `seen`: how the table was when the page was shown."""
        now = self._digest()
        return {
            "desk": self.desk,
            "known": self.desk.known,
            "provider": self.desk.provider,
            "seen": seen or now,
            "changed": bool(seen) and seen != now,
            "addresses": self.addresses,
            "mapping": self.mapping,
        }

    @cached_property
    def addresses(self) -> dict[str, str]:
        """Where the page's parts are asked for."""
        key = self.desk.provider.key
        if self.mapping is not None:
            names = ("mapping", "mapping_example", "mapping_found", "mapping_refresh")
            found = [reverse(f"hub:{name}", args=[key, self.mapping.pk]) for name in names]
        else:
            found = [
                reverse(f"hub:{name}", args=[key], query=self.query)
                for name in ("mapping_new", "mapping_new_example", "mapping_new_found", "mapping_new_refresh")
            ]
        return dict(zip(("here", "example", "found", "refresh"), found, strict=True))

    @property
    def left_out(self) -> list[str]:
        """What people call our fields that are mapped and have no part in this direction."""
        return [_(self.desk.ours[name].label) for name in turning.left_out(self.typed, self.desk)]

    @property
    def query(self) -> dict[str, str]:
        """What a mapping that does not exist yet is known by."""
        table = self.desk.resource.id if self.desk.resource else ""
        return {"records": self.desk.record_type.key, "base": self.desk.within, "table": table}

    def _may_edit(self, request: PageRequest) -> bool:
        return request.role is Role.ADMIN and self.desk.sink.mappable and self.desk.resource is not None

    def _records(self, request: PageRequest) -> list[showing.Found]:
        if not self.typed.q:
            return []
        return showing.find(request, self.desk.record_type, self.desk.connection.company_id, self.typed.q)

    def _how_many(self) -> str:
        wanted = [line for line in self.typed.conditions if line["field"]]
        return showing.how_many(self.desk.record_type, self.desk.connection.company_id, wanted)

    def _digest(self) -> str:
        told = [(one.id, one.label, one.type) for one in self.desk.fields]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _stored(where: Desk, mapping: Mapping) -> Typed:
    return typed.stored(service.draft_of(mapping, where.resource or Resource("", "", mapping.label)), mapping.version)


def _not_known() -> str:
    return _("The table is not known yet. Press Refresh, and save when it has been found.")

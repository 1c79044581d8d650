"""One request's changes to a base: made as it is read, taken back whole when any part is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any

from integration_hub.contract.api import Json
from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.fields import new_choice
from providers.airtable.simulator.model import Base, Field, Table, new_id
from providers.airtable.simulator.rows import Record


class Draft:
    """`with Draft(...)`: an exception inside undoes every change. `typecast` also lets values create what they name;
    choices only where the user is a `builder`, somebody who may change fields. `journal` is told when all is done;
    `before` holds what each row that was touched held at first, None where it was made."""

    def __init__(
        self,
        base: Base,
        *,
        now: float,
        user: str,
        users: Iterable[dict[str, str]],
        typecast: bool,
        builder: bool = True,
        files: dict[str, dict[str, Any]] | None = None,
        journal: Callable[[Draft], None] | None = None,
    ) -> None:
        self.base, self.now, self.user, self.typecast = base, now, user, typecast
        self.builder, self.files = builder, files if files is not None else {}
        self.users = list(users)
        self.journal = journal
        self.before: dict[str, tuple[Table, dict[str, Json] | None]] = {}
        self._undo: list[Callable[[], object]] = []
        self._changed: dict[str, Table] = {}

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is not None:
            for step in reversed(self._undo):
                step()
        else:
            for row, table in self._changed.items():
                table.records.renew(row)
            if self.journal is not None and self.before:
                self.journal(self)

    def create(self, table: Table) -> Record:
        table.last_number += 1
        record = Record(new_id("rec"), table.last_number, self.now, self.now, self.user, self.user)
        table.records.add(record)
        self._undo.append(lambda: table.records.remove(record.id))
        self._changed[record.id] = table
        self.before[record.id] = table, None
        return record

    def remove(self, table: Table, record: Record) -> None:
        self.before.setdefault(record.id, (table, dict(record.cells)))
        for field in table.fields:
            self.set(table, record, field, None)
        table.records.remove(record.id)

    def set(self, table: Table, record: Record, field: Field, value: Json) -> None:
        """Put a cell that was accepted. The same value again is no change."""
        old = record.cells.get(field.id)
        if old == value and type(old) is type(value):
            return
        self._put(table, record, field, value)
        if field.type == "multipleRecordLinks":
            self._mirror(field, record, _ids(old), _ids(value))

    def _put(self, table: Table, record: Record, field: Field, value: Json) -> None:
        if record.id not in self._changed:
            before = dict(record.cells), dict(record.touched), record.modified, record.modified_by
            self.before.setdefault(record.id, (table, before[0]))
            self._undo.append(lambda: _restore(table, record, before))
            self._changed[record.id] = table
        if value is None:
            record.cells.pop(field.id, None)
        else:
            record.cells[field.id] = value
        record.touched[field.id] = record.modified = self.now
        record.modified_by = self.user
        table.records.note(record.id)

    def _mirror(self, field: Field, record: Record, old: list[str], new: list[str]) -> None:
        """The linked rows name this one in their own link field, where there is one."""
        options = field.options or {}
        other = self.base.table(options["linkedTableId"])
        inverse = other.columns().get(options.get("inverseLinkFieldId", ""))
        if inverse is None or inverse.type != "multipleRecordLinks":
            return
        for linked in {*old, *new} & set(other.records):
            theirs = [each for each in _ids(other.records[linked].cells.get(inverse.id)) if each != record.id]
            self._put(other, other.records[linked], inverse, [*theirs, *([record.id] if linked in new else [])] or None)

    def choice(self, field: Field, name: str) -> str:
        """The choice of that name; made when typecast allows, refused otherwise."""
        choices = field.choices
        if any(choice["name"] == name for choice in choices):
            return name
        if not (self.typecast and self.builder):
            raise AirtableError("INVALID_MULTIPLE_CHOICE_OPTIONS", name)
        choices.append(new_choice(name, len(choices)))
        self._undo.append(choices.pop)
        return name

    def file(self, attachment: str) -> dict[str, Json]:
        """What a cell keeps of a file; KeyError when there is none."""
        return {name: value for name, value in self.files[attachment].items() if name != "content"}

    def note(self, name: str, kind: str, content: bytes | None = None) -> dict[str, Json]:
        """A new file, as a cell keeps it. Without content only its address was told, and nobody fetches it here."""
        key = new_id("att")
        inside = {"content": base64.b64encode(content).decode()} if content is not None else {}
        self.files[key] = {"id": key, "filename": name, "size": len(content or b""), "type": kind, **inside}
        self._undo.append(lambda: self.files.pop(key))
        return self.file(key)

    def linked(self, field: Field, key: str) -> str:
        """The id of a linked row; with typecast, found or made by the text of its primary field."""
        table = self.base.table((field.options or {})["linkedTableId"])
        if key in table.records:
            return key
        if not self.typecast:
            raise AirtableError("ROW_DOES_NOT_EXIST", key)
        for record in table.records.with_values([table.primary.id], (key,)):
            return record.id
        record = self.create(table)
        self._put(table, record, table.primary, key)
        return record.id


def _ids(value: Json) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _restore(table: Table, record: Record, before: tuple[dict[str, Json], dict[str, float], float, str]) -> None:
    record.cells, record.touched, record.modified, record.modified_by = before
    table.records.note(record.id)

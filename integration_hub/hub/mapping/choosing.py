"""Before there is a mapping: which records, which base, which table. Reads only what was discovered."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.connections import discovery
from integration_hub.connections.discovery import Known
from integration_hub.connections.models import Connection
from integration_hub.contract import RecordType, Resource, registry
from integration_hub.hub.mapping.desk import cannot_make
from integration_hub.hub.mapping.typed import Named, chosen
from integration_hub.sync import targets

MOST_OPTIONS = 60  # more than that are typed, with a list of what there is


@dataclass(frozen=True)
class Pick:
    """One thing to choose from a list. `listed`: too many for a select."""

    name: str
    options: Sequence[Named]
    value: str = ""

    @property
    def listed(self) -> bool:
        return len(self.options) > MOST_OPTIONS

    @property
    def current(self) -> Named | None:
        return next((one for one in self.options if one.id == self.value), None)

    @property
    def typed(self) -> str:
        return f"{self.current.label} ({self.current.id})" if self.current else self.value


@dataclass(frozen=True)
class Choice:
    """What was chosen so far; `bases` and `tables` say what is known of them."""

    connection: Connection
    record_types: Sequence[RecordType]
    record_type: RecordType | None
    bases: Known
    base: Pick
    tables: Known
    table: Pick
    mapped: Map[str, int]

    @property
    def looking(self) -> bool:
        """Nothing has been found yet, and somebody is at it."""
        return self._unknown(self.bases) or bool(self.base.current and self._unknown(self.tables))

    @property
    def asked(self) -> bool:
        return self.bases.asked or self.tables.asked

    @property
    def cannot_make(self) -> str:
        base = self.base.current
        return cannot_make(base if isinstance(base, Resource) else None, registry.provider(self.connection.provider))

    @property
    def taken(self) -> bool:
        """These records go somewhere already: another place is another mapping."""
        return bool(self.record_type and self.mapped.get(self.record_type.key))

    @property
    def query(self) -> dict[str, str]:
        kind = self.record_type.key if self.record_type else ""
        return {"records": kind, "base": self.base.value, "table": self.table.value}

    @property
    def seen(self) -> str:
        """Differs when there is something else to choose from."""
        return f"{len(self.bases.resources)}-{self.base.value}-{len(self.tables.resources)}"

    def _unknown(self, known: Known) -> bool:
        return known.asked and not known.resources


def choice(connection: Connection, asked: Map[str, str]) -> Choice:
    """`asked`: records, base and table as chosen or typed. The only base there is chooses itself."""
    bases = discovery.known(connection, details=True, ask_when_stale=True)
    base = _pick("base", bases.resources, asked.get("base", ""))
    if not base.value and len(bases.resources) == 1 and not bases.asked:
        base = Pick("base", bases.resources, bases.resources[0].id)
    tables = discovery.known(connection, base.value, ask_when_stale=True) if base.current else Known()
    mapped: dict[str, int] = {}
    for mapping in targets.current(connection):
        mapped[mapping.record_type] = mapped.get(mapping.record_type, 0) + 1
    types = registry.record_types()
    wanted = asked.get("records", "")
    return Choice(
        connection,
        types,
        next((one for one in types if one.key == wanted), None),
        bases,
        base,
        tables,
        _pick("table", tables.resources, asked.get("table", "")),
        mapped,
    )


def _pick(name: str, options: Sequence[Named], text: str) -> Pick:
    return Pick(name, options, chosen(text.replace("\x00", "").strip(), options) if text else "")


def complaints(choice: Choice, *, table: bool) -> dict[str, str]:
    """What is still to be chosen, by field. `table`: one that exists must be chosen."""
    said: dict[str, Any] = {}
    if choice.record_type is None:
        said["records"] = _("Choose the records first.")
    if choice.base.current is None:
        said["base"] = _("Choose a base.")
    elif table and choice.table.current is None:
        said["table"] = _("Choose a table.")
    return said

"""What Airtable keeps: bases, tables, fields, records. Plain values, JSON in and out."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.airtable.simulator import rows
from providers.airtable.simulator.grants import SCOPES, Code, Grant
from providers.airtable.simulator.hooks import Hook, Kept
from providers.airtable.simulator.rows import Rows

ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """17 characters: three letters and 14 alphanumerics."""
    return prefix + "".join(random.choices(ALPHABET, k=14))  # noqa: S311 - an id, no secret


@dataclass
class Field:
    """`locked`: a person restricted who may edit its cells."""

    id: str
    name: str
    type: str
    options: dict[str, Any] | None = None
    description: str = ""
    locked: bool = False

    def view(self) -> dict[str, Any]:
        described = {"description": self.description} if self.description else {}
        options = {"options": self.options} if self.options is not None else {}
        return {"type": self.type, "id": self.id, "name": self.name, **described, **options}

    @property
    def choices(self) -> list[dict[str, str]]:
        """The choices of a select field."""
        choices: list[dict[str, str]] = (self.options or {}).get("choices", [])
        return choices


@dataclass
class Table:
    """`fields[0]` is the primary field. Records stand in the order in which they were made."""

    id: str
    name: str
    fields: list[Field]
    views: list[dict[str, str]]
    description: str = ""
    records: Rows = field(default_factory=Rows)
    last_number: int = 0

    @property
    def primary(self) -> Field:
        return self.fields[0]

    def columns(self) -> dict[str, Field]:
        """Fields by name and by id."""
        return {**{each.name: each for each in self.fields}, **{each.id: each for each in self.fields}}

    def field(self, key: str) -> Field:
        """By name or id; KeyError when there is none."""
        return self.columns()[key]

    def head(self) -> dict[str, Any]:
        """Everything but the records, as it is kept."""
        return {**vars(self), "fields": [dict(vars(each)) for each in self.fields], "records": []}

    def view(self) -> dict[str, Any]:
        described = {"description": self.description} if self.description else {}
        fields = [each.view() for each in self.fields]
        head = {"id": self.id, "name": self.name, **described, "primaryFieldId": self.primary.id}
        return {**head, "fields": fields, "views": self.views}


@dataclass
class Base:
    id: str
    name: str
    tables: list[Table] = field(default_factory=list)

    def table(self, key: str) -> Table:
        """By id or name; KeyError when there is none."""
        for table in self.tables:
            if key in (table.id, table.name):
                return table
        raise KeyError(key)


@dataclass
class Token:
    """A personal access token. `bases` maps the granted bases to permission levels; None means all, as creator."""

    name: str
    value: str
    user: str
    email: str
    scopes: list[str]
    bases: dict[str, str] | None = None
    expired: bool = False

    def level(self, base_id: str) -> str:
        return "create" if self.bases is None else self.bases.get(base_id, "none")


@dataclass
class Limits:
    """Calls per `window` seconds; after a refusal nothing succeeds for `penalty` seconds. `quota`: data calls left
    this month, None for plenty. `file_seconds`: how long a link to an attachment works."""

    per_base: int = 5
    per_user: int = 50
    window: float = 1.0
    penalty: float = 30.0
    quota: int | None = None
    iterator_seconds: float = 300.0
    bases_per_page: int = 1000
    body_bytes: int = 5 * 1024 * 1024
    file_bytes: int = 5 * 1024 * 1024
    file_seconds: float = 2 * 3600.0


@dataclass
class State:
    """Everything there is. `files`: attachments by id, with their `content` in base64 where it was uploaded; `address`
    is where the sandbox was last asked, for the links to them. `grants`: what people allowed the integration, which may
    ask for what is `offered`; `codes` wait to become grants. `hooks` are the webhooks of all bases, `kept` their
    payloads."""

    bases: list[Base]
    tokens: list[Token]
    limits: Limits = field(default_factory=Limits)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    address: str = "http://localhost/airtable"
    grants: list[Grant] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)
    offered: list[str] = field(default_factory=lambda: list(SCOPES))
    hooks: list[Hook] = field(default_factory=list)
    kept: Kept = field(default_factory=Kept)
    transactions: int = 0

    def base(self, key: str) -> Base:
        """By id or name, the first one for an empty key; KeyError when there is none."""
        for base in self.bases:
            if key in ("", base.id, base.name):
                return base
        raise KeyError(key)

    def users(self) -> Iterator[dict[str, str]]:
        for token in self.tokens:
            yield {"id": token.user, "email": token.email, "name": token.email.split("@")[0].title()}

    def tables(self) -> Iterator[Table]:
        for base in self.bases:
            yield from base.tables

    def dump(self) -> dict[str, Any]:
        bases = [_dump_base(base, [_dump_table(table) for table in base.tables]) for base in self.bases]
        files = {key: dict(file) for key, file in self.files.items()}
        return {**self.head(), "bases": bases, "files": files, "payloads": dict(self.kept.payloads)}

    def head(self) -> dict[str, Any]:
        """Everything but records, files and payloads."""
        return {
            "bases": [
                {"id": base.id, "name": base.name, "tables": [table.head() for table in base.tables]}
                for base in self.bases
            ],
            "tokens": [dict(vars(token)) for token in self.tokens],
            "limits": dict(vars(self.limits)),
            "grants": [dict(vars(grant)) for grant in self.grants],
            "codes": [dict(vars(code)) for code in self.codes],
            "offered": list(self.offered),
            "hooks": [dict(vars(hook)) for hook in self.hooks],
            "transactions": self.transactions,
        }


def load(state: Mapping[str, Any]) -> State:
    """The reverse of `State.dump`."""
    return State(
        bases=[_load_base(base) for base in state["bases"]],
        tokens=[Token(**token) for token in state["tokens"]],
        limits=Limits(**state["limits"]),
        files=dict(state.get("files", {})),
        grants=[Grant(**grant) for grant in state.get("grants", ())],
        codes=[Code(**code) for code in state.get("codes", ())],
        offered=list(state.get("offered", SCOPES)),
        hooks=[Hook(**hook) for hook in state.get("hooks", ())],
        kept=Kept(dict(state.get("payloads", {}))),
        transactions=state.get("transactions", 0),
    )


def _dump_base(base: Base, tables: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": base.id, "name": base.name, "tables": tables}


def _dump_table(table: Table) -> dict[str, Any]:
    return {**table.head(), "records": [record.dump() for record in table.records.values()]}


def _load_base(base: Mapping[str, Any]) -> Base:
    return Base(base["id"], base["name"], [_load_table(table) for table in base["tables"]])


def _load_table(table: Mapping[str, Any]) -> Table:
    fields = [Field(**each) for each in table["fields"]]
    records = Rows({record["id"]: rows.load(record) for record in table.get("records", ())})
    return Table(**{**table, "fields": fields, "records": records})

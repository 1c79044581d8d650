"""New tables and fields for our records, ready for Kanban and calendar: what to order from Airtable, and ordering it.

https://airtable.com/developers/web/api/create-table
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.utils.translation import gettext as _

from integration_hub.contract import ConfigError, Field, RecordType, Resource
from providers.airtable.cells import made_for
from providers.airtable.client import AirtableClient, Body
from providers.airtable.nouns import NOUNS
from providers.airtable.schema import (
    HUB_ID,
    HUB_ID_SAYS,
    alike,
    fields_of,
    merge_field_of,
    table_resource,
)

TITLES = ("text", "email", "phone")  # kinds that may name a row, the best first
LONGEST_NAME = 255  # characters of a table's or field's name
HUB_ID_FIELD: Body = {"name": HUB_ID, "type": "singleLineText", "description": HUB_ID_SAYS}


def make_table(
    client: AirtableClient, base: str, label: str, record_type: RecordType, names: Sequence[str]
) -> Resource:
    """The primary field is the first of ours that names a record; without one it is the Hub ID."""
    tables = client.tables(base)
    name = label.strip()[:LONGEST_NAME]
    if not name:
        raise ConfigError(_("Give the new table a name."), code="no_name")
    if any(alike(table["name"], name) or table["name"].lower() == name.lower() for table in tables):
        text = _("The base has a table “%(name)s” already. Choose it, or give the new one another name.")
        raise ConfigError(text % {"name": name}, code="DUPLICATE_TABLE_NAME")
    specs = table_specs(wanted(record_type, names), tables)
    with building():
        return table_resource(base, client.create_table(base, name, specs))


def make_missing(client: AirtableClient, resource: Resource, record_type: RecordType, names: Sequence[str]) -> Resource:
    """Looks first: what an attempt that broke off has made already is not made again."""
    tables = client.tables(resource.parent)
    now = next((table for table in tables if table["id"] == resource.id), None)
    if now is None:
        text = _("The table “%(table)s” is gone over there, or the key may no longer see it.")
        raise ConfigError(text % {"table": resource.label}, code="table_gone")
    known = {field["id"] for field in fields_of(resource)}
    specs = missing_specs(now, known, wanted(record_type, names), tables)
    with building():
        made = [client.create_field(resource.parent, resource.id, spec) for spec in specs]
    return table_resource(resource.parent, {**now, "fields": [*now["fields"], *made]})


@contextmanager
def building() -> Iterator[None]:
    """What is missing to make tables and fields is said as such: it is more than writing rows takes."""
    try:
        yield
    except ConfigError as refusal:
        if refusal.code != "INVALID_PERMISSIONS":
            raise
        text = _(
            "The token may not make tables and fields. Give it the scope schema.bases:write and make its owner a "
            "creator of the base, or make the table there by hand."
        )
        raise ConfigError(text, code=refusal.code, status=refusal.status) from refusal


def wanted(record_type: RecordType, names: Sequence[str]) -> list[Field]:
    """Our fields of these names, in our order; KeyError when there is no such field."""
    chosen = {record_type.field(name).name for name in names}
    return [field for field in record_type.fields if field.name in chosen]


def table_specs(fields: Sequence[Field], tables: Sequence[Body]) -> list[Body]:
    """The fields of a new table: the one that names the row, the rest, and the Hub ID."""
    primary = next((field for kind in TITLES for field in fields if field.kind == kind), None)
    ordered = [primary, *(field for field in fields if field is not primary)] if primary else list(fields)
    specs: list[Body] = [] if primary else [dict(HUB_ID_FIELD)]
    taken = [HUB_ID]
    for field in ordered:
        specs.append(spec(field, _free(_(field.label), taken), tables))
        taken.append(specs[-1]["name"])
    return [*specs, dict(HUB_ID_FIELD)] if primary else specs


def missing_specs(now: Body, known: Iterable[str], fields: Sequence[Field], tables: Sequence[Body]) -> Iterator[Body]:
    """One new field for each of ours. One that came since we looked, of our name and type, was made by us before."""
    there = now["fields"]
    since = [(field["name"], field["type"]) for field in there if field["id"] not in set(known)]
    taken = [field["name"] for field in there]
    for field in fields:
        made = spec(field, _free(_(field.label), taken), tables)
        if any(alike(name, _(field.label)) and kind == made["type"] for name, kind in since):
            continue
        taken.append(made["name"])
        yield made
    if not merge_field_of(table_resource("", now)):
        yield {**HUB_ID_FIELD, "name": _free(HUB_ID, taken)}


def spec(field: Field, name: str, tables: Sequence[Body]) -> Body:
    """One field as create_table and create_field take it."""
    return made_for(field, name=name, link_table=table_of(field.to, tables) if field.to else "")


def table_of(record_type: str, tables: Sequence[Body]) -> str:
    """The id of the table of this base that holds such records: it has a Hub ID and a name we know for them."""
    names = NOUNS.get(record_type, ())
    ours = [table for table in tables if merge_field_of(table_resource("", table))]
    return next((str(table["id"]) for table in ours for noun in names if alike(table["name"], noun)), "")


def _free(label: str, taken: Iterable[str]) -> str:
    """A name that no field has, whatever the case of its letters."""
    used = {name.lower() for name in taken}
    name = label[: LONGEST_NAME - 5]
    candidates = (name, *(f"{name} {number}" for number in range(2, len(used) + 3)))
    return next(one for one in candidates if one.lower() not in used)

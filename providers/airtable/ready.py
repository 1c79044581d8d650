"""Ready mappings: which base and table records go to, and which fields take ours. Found by name, kept by id."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.contract import ConfigError, Direction, MappedField, ReadyTarget, RecordType, Resource
from providers.airtable.building import make_missing, table_of
from providers.airtable.client import AirtableClient, Body
from providers.airtable.schema import HUB_ID, alike, merge_field_of, place_of, remote_fields, table_resource
from providers.airtable.suggestions import suggest

MAY_WRITE = ("edit", "create")
NAMED = 10  # bases or tables that a sentence lists


def ready_target(client: AirtableClient, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
    """Orders go to the table of the settings, other records to the table that is called after them. ConfigError with
    what to do when the base, the table or its "Hub ID" field is not there."""
    base = _base(list(client.bases()), str(settings.get("base_id") or "").strip())
    if refusal := _refusal(base):
        raise ConfigError(refusal)
    tables = client.tables(base["id"])
    if record_type.key == "order":
        table = _table(tables, str(settings.get("table") or "").strip(), base["name"])
    else:
        table = _table(tables, table_of(record_type.key, tables) or _(record_type.plural), base["name"])
    return target_from(table_resource(base["id"], table), record_type, base["name"])


def mirror_target(client: AirtableClient, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
    """The table of the settings, both ways; only read where the key may not write there, or where the field for our id
    is missing and may not be made."""
    base = _base(list(client.bases()), str(settings.get("base_id") or "").strip())
    table = _table(client.tables(base["id"]), str(settings.get("table") or "").strip(), base["name"])
    resource, lacks = table_resource(base["id"], table), _refusal(base)
    if not lacks and not merge_field_of(resource):
        try:
            resource = make_missing(client, resource, record_type, ())
        except ConfigError as refusal:
            lacks = f"{_no_hub_id(resource)} {refusal.sentence}"
    found = _fields(resource, record_type, base["name"], merge_field_of(resource), reads=True)
    return replace(found, direction=Direction.PULL if lacks else Direction.BOTH, lacks=lacks)


def target_from(resource: Resource, record_type: RecordType, base: str) -> ReadyTarget:
    """The mapping of a discovered table whose fields are called as we know them; those that are not stay out. `base`:
    what the base is called."""
    hub_id = merge_field_of(resource)
    if not hub_id:
        raise ConfigError(_no_hub_id(resource))
    return _fields(resource, record_type, base, hub_id)


def _no_hub_id(resource: Resource) -> str:
    text = _(
        "The table “%(table)s” has no text field “%(field)s”. Add one there, of the type “Single line text”: by it "
        "the hub finds its rows again."
    )
    return text % {"table": resource.label, "field": HUB_ID}


def _fields(resource: Resource, record_type: RecordType, base: str, hub_id: str, *, reads: bool = False) -> ReadyTarget:
    theirs = {field.id: field for field in remote_fields(resource) if field.id != hub_id}
    pairs = suggest(record_type, list(theirs.values()), by_type=False, reads=reads)
    fields = [(record_type.field(name), theirs[remote_id]) for name, remote_id in pairs.items()]
    return ReadyTarget(
        label=f"{base} · {resource.label}",
        place=place_of(resource),
        merge_on=hub_id,
        fields=tuple(MappedField(ours, one.id, one.label, one.type, one.options) for ours, one in fields),
    )


def _base(bases: Sequence[Body], wanted: str) -> Body:
    found = [base for base in bases if wanted in ("", base["id"]) or alike(wanted, base["name"])]
    if not bases:
        raise ConfigError(
            _("The token sees no base. Add one under “Access” of the token at airtable.com/create/tokens.")
        )
    if not found:
        text = _("The token has no access to the base %(wanted)s. It sees: %(names)s. Change the base or the token.")
        raise ConfigError(text % {"wanted": wanted, "names": _names(bases)})
    if len(found) > 1:
        text = _(
            "The token sees %(count)d bases: %(names)s. Choose one in a mapping, or type its id (app…) in the settings."
        )
        raise ConfigError(text % {"count": len(found), "names": _names(bases, with_id=True)})
    return found[0]


def _refusal(base: Body) -> str:
    """Why nothing can be written to this base; empty where it can."""
    if base.get("permissionLevel", "edit") in MAY_WRITE:
        return ""
    text = _("The token's owner may only look at the base %(name)s. Make that person an editor there.")
    return text % {"name": base["name"]}


def _table(tables: Sequence[Body], wanted: str, base: str) -> Body:
    for table in tables:
        if wanted == table["id"] or alike(wanted, table["name"]):
            return table
    text = _("The base %(base)s has no table “%(wanted)s”. It has: %(names)s. Make it there, or name another one.")
    raise ConfigError(text % {"base": base, "wanted": wanted, "names": _names(tables)})


def _names(things: Sequence[Body], *, with_id: bool = False) -> str:
    named = [f"{thing['name']} ({thing['id']})" if with_id else str(thing["name"]) for thing in things[:NAMED]]
    return ", ".join(named) + (" …" if len(things) > NAMED else "")

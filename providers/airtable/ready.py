"""The ready mapping: which base and table records go to, and which fields take ours. Found by name, kept by id."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.contract import ConfigError, Field, MappedField, ReadyTarget, RecordType
from providers.airtable.cells import TAKES, TEXT_TYPES
from providers.airtable.client import AirtableClient, Body

HUB_ID = "Hub ID"
MAY_WRITE = ("edit", "create")
NAMED = 10  # bases or tables that a sentence lists

# Our field → the names it may have over there, besides its own label.
ACCEPTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "order": {
        "order_number": ("Order number", "Order no", "Order #", "Order ID", "Order", "Number", "Name"),
        "customer_name": ("Customer name", "Customer", "Client", "Buyer"),
        "customer_email": ("Customer email", "E-mail", "Email", "Email address"),
        "status": ("Status", "Order status"),
        "priority": ("Priority",),
        "payment_state": ("Payment state", "Payment status", "Payment"),
        "currency": ("Currency",),
        "total": ("Total", "Order total", "Total amount", "Amount"),
        "items": ("Items", "Order items", "Lines", "Line items"),
        "notes": ("Notes", "Order notes", "Comments", "Remarks"),
        "placed_at": ("Placed at", "Order date", "Ordered at", "Date", "Placed"),
        "updated_at": ("Updated at", "Last updated", "Updated"),
    }
}


def ready_target(client: AirtableClient, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
    """ConfigError with what to do when the base, the table or its "Hub ID" field is not there."""
    base = _base(list(client.bases()), str(settings.get("base_id") or "").strip())
    table = _table(client.tables(base["id"]), str(settings.get("table") or "").strip(), base["name"])
    hub_id = _hub_id(table)
    return ReadyTarget(
        label=f"{base['name']} · {table['name']}",
        place={"base": base["id"], "table": table["id"]},
        merge_on=hub_id["id"],
        fields=tuple(_matched(record_type, [field for field in table["fields"] if field["id"] != hub_id["id"]])),
    )


def _base(bases: Sequence[Body], wanted: str) -> Body:
    found = [base for base in bases if wanted in ("", base["id"]) or _alike(wanted, base["name"])]
    if not bases:
        raise ConfigError(
            _("The token sees no base. Add one under “Access” of the token at airtable.com/create/tokens.")
        )
    if not found:
        text = _("The token has no access to the base %(wanted)s. It sees: %(names)s. Change the base or the token.")
        raise ConfigError(text % {"wanted": wanted, "names": _names(bases)})
    if len(found) > 1:
        text = _("The token sees %(count)d bases: %(names)s. Enter the id of one (app…) in the settings.")
        raise ConfigError(text % {"count": len(found), "names": _names(bases, with_id=True)})
    if found[0].get("permissionLevel", "edit") not in MAY_WRITE:
        text = _("The token's owner may only look at the base %(name)s. Make that person an editor there.")
        raise ConfigError(text % {"name": found[0]["name"]})
    return found[0]


def _table(tables: Sequence[Body], wanted: str, base: str) -> Body:
    for table in tables:
        if wanted == table["id"] or _alike(wanted, table["name"]):
            return table
    text = _("The base %(base)s has no table “%(wanted)s”. It has: %(names)s. Make it there, or name another one.")
    raise ConfigError(text % {"base": base, "wanted": wanted, "names": _names(tables)})


def _hub_id(table: Body) -> Body:
    for field in table["fields"]:
        if _alike(field["name"], HUB_ID) and field["type"] in TEXT_TYPES:
            return dict(field)
    text = _(
        "The table “%(table)s” has no text field “%(field)s”. Add one there, of the type “Single line text”: by it the "
        "hub finds its rows again."
    )
    raise ConfigError(text % {"table": table["name"], "field": HUB_ID})


def _matched(record_type: RecordType, fields: Sequence[Body]) -> Iterator[MappedField]:
    """Each of our fields with the first name that fits; a field over there is taken once."""
    taken: set[str] = set()
    for ours in record_type.fields:
        for field in _candidates(ours, ACCEPTED.get(record_type.key, {}).get(ours.name, ()), fields):
            if field["id"] not in taken:
                taken.add(field["id"])
                yield MappedField(ours, field["id"], field["name"], field["type"], field.get("options") or {})
                break


def _candidates(ours: Field, names: Iterable[str], fields: Sequence[Body]) -> Iterator[Body]:
    takes = TAKES.get(ours.kind, frozenset())
    for name in (ours.label, *names):
        yield from (field for field in fields if _alike(field["name"], name) and field["type"] in takes)


def _alike(one: str, other: str) -> bool:
    return _letters(one) == _letters(other)


def _letters(text: str) -> str:
    """Case, spaces, hyphens and underscores make no difference: order_number is Order Number."""
    return "".join(text.casefold().replace("_", " ").replace("-", " ").split())


def _names(things: Sequence[Body], *, with_id: bool = False) -> str:
    named = [f"{thing['name']} ({thing['id']})" if with_id else str(thing["name"]) for thing in things[:NAMED]]
    return ", ".join(named) + (" …" if len(things) > NAMED else "")

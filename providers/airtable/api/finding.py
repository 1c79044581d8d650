"""Bases and tables by id or name, from what was discovered; asked for anew when that is old or does not suffice."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils.translation import gettext as _

from integration_hub.connections import discovery
from integration_hub.connections.discovery import Known
from integration_hub.connections.models import Connection
from integration_hub.contract import Resource
from integration_hub.http import clock
from integration_hub.rest.problems import Problem
from providers.airtable.api.asking import explained
from providers.airtable.schema import alike

BELIEVED = timedelta(seconds=60)  # a listing that old is asked for again before something is said not to be there
LISTED = 30  # names in a sentence


def fresh(connection: Connection, within: str = "", *, refresh: bool = False) -> Known:
    """What there is, not older than an hour; `refresh`: as of now. Where Airtable cannot be asked, what was known
    before, with the reason in `error`; a Problem when nothing was, or when it was to be as of now."""
    known = discovery.known(connection, within)
    if known.fresh and not refresh:
        return known
    try:
        return renewed(connection, within)
    except Problem as problem:
        passing = problem.kind.code in ("unavailable", "provider-unreachable", "provider-unsure")
        if refresh or known.found_at is None or not passing:
            raise
        return discovery.known(connection, within)


def renewed(connection: Connection, within: str) -> Known:
    """As of now, unless another request is just asking: then what was known, Problem 503 when nothing was."""
    with explained(connection):
        discovery.renew(connection, within)
    known = discovery.known(connection, within)
    if known.found_at is None:
        text = _("Airtable is being asked just now. Repeat the request in 2 seconds.")
        raise Problem("unavailable", text, headers={"Retry-After": "2"})
    return known


def base(connection: Connection, wanted: str) -> Resource:
    """Problem 404 names the bases there are."""
    found = _find(connection, "", wanted)
    if isinstance(found, Resource):
        return found
    text = _("The key sees no base “%(wanted)s”. It sees: %(known)s.")
    raise Problem("not-found", text % {"wanted": wanted[:200], "known": names(found)})


def table(connection: Connection, base: Resource, wanted: str) -> Resource:
    """With its fields. Problem 404 names the tables there are."""
    found = _find(connection, base.id, wanted)
    if isinstance(found, Resource) and (whole := discovery.resource(connection, found.id, base.id)):
        return whole
    text = _("The base “%(base)s” has no table “%(wanted)s”. It has: %(known)s.")
    known = names(discovery.known(connection, base.id).resources)
    raise Problem("not-found", text % {"base": base.label, "wanted": wanted[:200], "known": known})


def table_anywhere(connection: Connection, table_id: str) -> Resource:
    """The table with this id, in whichever base. Bases that nobody looked into yet are not looked through for it."""
    known = discovery.resource(connection, table_id) if table_id.isascii() and table_id.isalnum() else None
    if known is not None and known.kind == "table":
        return known
    text = _("No table with the id %(id)s is known. Name its base too: …/bases/{baseId}/tables/%(id)s/fields.")
    raise Problem("not-found", text % {"id": table_id[:200]})


def newer(connection: Connection, table: Resource) -> Resource | None:
    """The table as it is now, when what we know of it is no longer quite new; None when it is."""
    if not _old(discovery.known(connection, table.parent)):
        return None
    renewed(connection, table.parent)
    return discovery.resource(connection, table.id, table.parent)


def named(resources: Sequence[Resource], wanted: str) -> Resource | None:
    """By id, by name, or by the only name that differs in accents, case or punctuation."""
    exact = [one for one in resources if one.id == wanted] or [one for one in resources if one.label == wanted]
    found = exact or [one for one in resources if alike(one.label, wanted)]
    return found[0] if len(found) == 1 else None


def names(resources: Sequence[Resource]) -> str:
    shown = ", ".join(f"{one.label} ({one.id})" for one in resources[:LISTED])
    return shown + (" …" if len(resources) > LISTED else "") if resources else "–"


def _find(connection: Connection, within: str, wanted: str) -> Resource | Sequence[Resource]:
    """The resource, else all there are."""
    known = fresh(connection, within)
    found = named(known.resources, wanted)
    if found is None and _old(known):
        known = renewed(connection, within)
        found = named(known.resources, wanted)
    return found or known.resources


def _old(known: Known) -> bool:
    return known.found_at is None or known.found_at < clock.now() - BELIEVED

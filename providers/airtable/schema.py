"""Bases and tables as resources of the hub, and their fields: Airtable's schema in the contract's words. Pure.

https://airtable.com/developers/web/api/get-base-schema. Types that nobody here knows are shown and left alone.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any

from integration_hub.contract import Field, RemoteField, Resource
from providers.airtable.cells import TEXT_TYPES, gives, takes, words, writable
from providers.airtable.client import Body

HUB_ID = "Hub ID"
# What our id field says of itself: by this it is known again after somebody renamed it. Never translated.
HUB_ID_SAYS = "The Integration Hub finds its rows by this field. Leave its contents alone; you may hide it."


def base_resource(body: Mapping[str, Any]) -> Resource:
    return Resource("base", body["id"], body["name"], details={"permission": body.get("permissionLevel", "")})


def table_resource(base: str, body: Body) -> Resource:
    details = {
        "fields": body.get("fields") or [],
        "primary": body.get("primaryFieldId", ""),
        "description": body.get("description") or "",
    }
    return Resource("table", body["id"], body["name"], parent=base, details=details)


def place_of(resource: Resource) -> dict[str, str]:
    return {"base": resource.parent, "table": resource.id}


def fields_of(resource: Resource) -> list[Body]:
    """The fields as Airtable tells them; empty where the resource was read without its details."""
    fields = resource.details.get("fields")
    return [dict(field) for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []


def remote_field(body: Mapping[str, Any]) -> RemoteField:
    kind = str(body["type"])
    options = body.get("options")
    return RemoteField(
        id=body["id"],
        label=body["name"],
        type=kind,
        words=words(kind),
        writable=writable(kind),
        options=options if isinstance(options, dict) else {},
    )


def remote_fields(resource: Resource) -> tuple[RemoteField, ...]:
    return tuple(remote_field(body) for body in fields_of(resource))


def merge_field_of(resource: Resource) -> str:
    """The id of the text field that holds our ids: known by its name, or by what we made it say of itself."""
    texts = [field for field in fields_of(resource) if field.get("type") in TEXT_TYPES]
    named = (field["id"] for field in texts if alike(field["name"], HUB_ID))
    marked = (field["id"] for field in texts if field.get("description") == HUB_ID_SAYS)
    return next(named, "") or next(marked, "")


def fits(ours: Field, theirs: RemoteField) -> bool:
    """Whether our values can be written there at all."""
    return theirs.writable and takes(ours, theirs.type)


def readable(ours: Field, theirs: RemoteField) -> bool:
    """Whether what stands there can be read as our values; a formula by what it results in."""
    result = theirs.options.get("result")
    return gives(ours, theirs.type, str(result.get("type") or "") if isinstance(result, dict) else "")


def linked_table(options: Mapping[str, Any]) -> str:
    """The id of the table whose rows a link field names; empty where it does not say."""
    return str(options.get("linkedTableId") or "")


def letters(text: str) -> str:
    """What is left to compare of a name: no accents, no case, no spaces, no punctuation."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in bare if unicodedata.category(letter)[0] in "LN")


def alike(one: str, other: str) -> bool:
    """Whether both would be taken for one name. Names without letters (emoji, say) are compared as they are."""
    return letters(one) == letters(other) if letters(one) else one.strip() == other.strip()

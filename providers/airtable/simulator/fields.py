"""Field types: which may be created, be primary, be written, be merged on; and the options each must bring.

https://airtable.com/developers/web/api/field-model
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.model import Field, Table, new_id

COLOURS = ("blueLight2", "cyanLight2", "tealLight2", "greenLight2", "yellowLight2", "orangeLight2", "redLight2")
DATE_FORMATS = {
    "local": "l",
    "friendly": "LL",
    "us": "M/D/YYYY",
    "european": "D/M/YYYY",
    "iso": "YYYY-MM-DD",
}
TIME_FORMATS = {"12hour": "h:mma", "24hour": "HH:mm"}
Options = dict[str, Any]


class BadOptions(ValueError):
    """The options do not fit the type."""


def _precision(most: int, *, symbol: bool = False) -> Callable[[Options], Options]:
    def check(given: Options) -> Options:
        precision = given.get("precision")
        _need(isinstance(precision, int) and not isinstance(precision, bool) and 0 <= precision <= most)
        if not symbol:
            return {"precision": precision}
        _need(isinstance(given.get("symbol"), str))
        return {"precision": precision, "symbol": given["symbol"]}

    return check


def _choices(given: Options) -> Options:
    choices = given.get("choices")
    _need(isinstance(choices, list) and all(isinstance(each, dict) and each.get("name") for each in choices))
    names = [each["name"] for each in choices or []]
    _need(len(set(names)) == len(names))
    return {"choices": [new_choice(each["name"], number, each) for number, each in enumerate(choices or [])]}


def new_choice(name: str, number: int, given: Options | None = None) -> dict[str, str]:
    colour = (given or {}).get("color", COLOURS[number % len(COLOURS)])
    return {"id": (given or {}).get("id") or new_id("sel"), "name": name, "color": colour}


def _checkbox(given: Options) -> Options:
    _need(isinstance(given.get("icon"), str) and isinstance(given.get("color"), str))
    return {"icon": given["icon"], "color": given["color"]}


def _rating(given: Options) -> Options:
    most = given.get("max")
    _need(isinstance(most, int) and 1 <= most <= 10)
    return {**_checkbox(given), "max": most}


def _date(given: Options) -> Options:
    return {"dateFormat": _format(given.get("dateFormat"), DATE_FORMATS)}


def _date_time(given: Options) -> Options:
    zone = given.get("timeZone")
    _need(zone in ("utc", "client") or zone in available_timezones())
    return {**_date(given), "timeFormat": _format(given.get("timeFormat"), TIME_FORMATS), "timeZone": zone}


def _format(given: Any, known: dict[str, str]) -> dict[str, str]:
    name = given.get("name") if isinstance(given, dict) else None
    _need(name in known and given.get("format", known[name]) == known[name])
    return {"name": str(name), "format": known[str(name)]}


def _duration(given: Options) -> Options:
    _need(given.get("durationFormat") in ("h:mm", "h:mm:ss", "h:mm:ss.S", "h:mm:ss.SS", "h:mm:ss.SSS"))
    return {"durationFormat": given["durationFormat"]}


def _links(given: Options) -> Options:
    _need(isinstance(given.get("linkedTableId"), str))
    extra: Options = {key: given[key] for key in ("inverseLinkFieldId", "viewIdForRecordSelection") if key in given}
    single = bool(given.get("prefersSingleRecordLink", False))
    return {"linkedTableId": given["linkedTableId"], "isReversed": False, "prefersSingleRecordLink": single, **extra}


def _need(fits: bool) -> None:
    if not fits:
        raise BadOptions


@dataclass(frozen=True)
class Kind:
    """One field type. `options` checks and completes the given options; None where the type takes none."""

    options: Callable[[Options], Options] | None = None
    creatable: bool = True
    primary: bool = False
    mergeable: bool = False


_COMPUTED = (
    "aiText",
    "autoNumber",
    "button",
    "count",
    "createdBy",
    "createdTime",
    "externalSyncSource",
    "formula",
    "lastModifiedBy",
    "lastModifiedTime",
    "manualSort",
    "multipleLookupValues",
    "rollup",
)
KINDS: dict[str, Kind] = {
    "singleLineText": Kind(primary=True, mergeable=True),
    "multilineText": Kind(primary=True, mergeable=True),
    "richText": Kind(),
    "email": Kind(primary=True),
    "url": Kind(primary=True),
    "phoneNumber": Kind(primary=True),
    "number": Kind(_precision(8), primary=True, mergeable=True),
    "percent": Kind(_precision(8), primary=True),
    "currency": Kind(_precision(7, symbol=True), primary=True),
    "duration": Kind(_duration, primary=True),
    "date": Kind(_date, primary=True, mergeable=True),
    "dateTime": Kind(_date_time, primary=True),
    "barcode": Kind(primary=True),
    "checkbox": Kind(_checkbox),
    "rating": Kind(_rating),
    "singleSelect": Kind(_choices, mergeable=True),
    "multipleSelects": Kind(_choices, mergeable=True),
    "singleCollaborator": Kind(),
    "multipleCollaborators": Kind(),
    "multipleRecordLinks": Kind(_links),
    "multipleAttachments": Kind(),
    **{name: Kind(creatable=False) for name in _COMPUTED},
}


def is_computed(field: Field) -> bool:
    """Whether Airtable fills it itself; types nobody knows count as computed."""
    return field.type not in KINDS or not KINDS[field.type].creatable


def make(spec: Any, taken: list[Field], *, by_hand: bool = False) -> Field:
    """A new field from a request's JSON, refused as Airtable refuses it. `by_hand`: people may make computed ones."""
    if not isinstance(spec, dict) or not isinstance(spec.get("type"), str):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    name = free_name(spec.get("name"), taken)
    kind = KINDS.get(spec["type"])
    if kind is None:
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    if not kind.creatable:
        if not by_hand:
            raise AirtableError("UNSUPPORTED_FIELD_TYPE_FOR_CREATE", spec["type"])
        return Field(new_id("fld"), name, spec["type"], spec.get("options"), description_of(spec))
    return Field(new_id("fld"), name, spec["type"], _options(kind, spec), description_of(spec))


def _options(kind: Kind, spec: dict[str, Any]) -> Options | None:
    given = spec.get("options")
    try:
        if kind.options is None:
            _need(not given)
            return None
        _need(isinstance(given, dict))
        return kind.options(given or {})
    except BadOptions:
        raise AirtableError("INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", str(spec["name"])) from None


def make_all(specs: Any) -> list[Field]:
    """The fields of a new table; the first becomes the primary one."""
    if not isinstance(specs, list) or not specs:
        raise AirtableError("INVALID_REQUEST_MISSING_FIELDS", "fields")
    made: list[Field] = []
    for spec in specs:
        made.append(make(spec, made))
    if not KINDS[made[0].type].primary:
        raise AirtableError("INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", made[0].name)
    return made


def free_name(name: Any, taken: list[Field], *, own: Field | None = None) -> str:
    """The name, trimmed; refused when it is empty or another field's, whatever the case of its letters."""
    text = name.strip() if isinstance(name, str) else ""
    if not text or any(each.name.lower() == text.lower() for each in taken if each is not own):
        raise AirtableError("DUPLICATE_OR_EMPTY_FIELD_NAME", text)
    return text


def description_of(spec: dict[str, Any]) -> str:
    text = spec.get("description") or ""
    if not isinstance(text, str) or len(text) > 20_000:
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    return text


def new_table(name: str, fields: list[Field], description: str = "") -> Table:
    view = {"id": new_id("viw"), "name": "Grid view", "type": "grid"}
    return Table(new_id("tbl"), name, fields, [view], description)

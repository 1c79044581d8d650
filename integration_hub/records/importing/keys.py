"""What tells the records of a file apart, as the file says it: rows with the same key are about the same record."""

from collections.abc import Callable, Mapping

from integration_hub.records.importing.columns import KEYS, WHOLE_KEYS

Values = Mapping[str, str]
NUMBERED = "number:"  # so begins the key of a record that the file gives a number of its own


def key_of(kind: str, values: Values) -> str:
    """The key of a row; "" when the row does not say."""
    if kind in TOLD:
        return f"{NUMBERED}{values['reference']}" if "reference" in values else TOLD[kind](values)
    keys = KEYS[kind]
    if kind in WHOLE_KEYS:
        return " ".join(values[name] for name in keys) if all(name in values for name in keys) else ""
    if len(keys) == 1:
        return values.get(keys[0], "")
    return next((f"{name[0]}:{values[name]}" for name in keys if name in values), "")


def _ticket(values: Values) -> str:
    """The event, what was sold, and whose it is: at least the participant or the order. Several tickets may say so."""
    who = values.get("participant_email", "").lower() or values.get("participant_name", "")
    order = values.get("order_number", "")
    if "event" not in values or not (who or order):
        return ""
    what = (values["event"], values.get("event_starts_at", ""), values.get("ticket_type", "").casefold())
    return "\x1f".join((*what, order, who))


def _appointment(values: Values) -> str:
    """When it is, what it is, and with whom."""
    if "starts_at" not in values or "title" not in values:
        return ""
    said = (values.get(f"customer_{name}", "") for name in ("reference", "email", "name"))
    staff = values.get("staff_email", "").lower() or values.get("staff", "")
    return "\x1f".join((values["starts_at"], values["title"], next(filter(None, said), ""), staff))


# Kinds that other systems number, and how their records are told apart where the file has no numbers.
TOLD: Mapping[str, Callable[[Values], str]] = {"tickets": _ticket, "appointments": _appointment}


def is_one(kind: str, key: str) -> bool:
    """Whether all rows with this key are one record; tickets that look alike are as many as there are rows."""
    return kind != "tickets" or key.startswith(NUMBERED)

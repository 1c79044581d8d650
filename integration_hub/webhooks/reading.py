"""What a delivery says, as the row keeps it. Pure: whatever a provider sends becomes texts that any database takes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from integration_hub.contract import Webhook
from integration_hub.notices.secrecy import is_secret_name

LONGEST = 200  # characters of a type or an id that are kept


@dataclass(frozen=True)
class Told:
    """A readable event: `body` is its payload as JSON, in ASCII."""

    id: str
    type: str
    body: str


def read(webhook: Webhook, headers: Mapping[str, str], raw: bytes) -> Told | None:
    """None when it cannot be read, whatever the provider's code stumbled over."""
    try:
        payload = webhook.payload(headers, raw)
        kind = str(webhook.event_type(headers, payload))
        own = str(webhook.event_id(headers, payload) or "")
        body = json.dumps(payload, separators=(",", ":"))
    except Exception:  # noqa: BLE001 - it is not known what may come
        return None
    return Told(short(own) or digest(raw, kind), short(kind), body)


def short(text: str) -> str:
    """The text itself where it fits into the row, else a fingerprint of it."""
    return text if text.isprintable() and len(text) <= LONGEST else digest(text.encode("utf-8", "surrogatepass"))


def digest(raw: bytes, kind: str = "") -> str:
    """Equal deliveries have equal ones."""
    return "sha256:" + hashlib.sha256(raw + b"\0" + kind.encode("utf-8", "surrogatepass")).hexdigest()


def headers_text(headers: Mapping[str, str]) -> str:
    """Those that may be stored, as JSON: no signatures, no keys."""
    kept = {name: value for name, value in headers.items() if not is_secret_name(name) and value.isprintable()}
    return json.dumps(kept)

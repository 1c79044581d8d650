"""What a webhook says, as text: type, timestamp and data, at most 20 KB. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rest_framework.utils.encoders import JSONEncoder

LARGEST = 20 * 1024  # bytes


def body(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """JSON in ASCII. Where it would be too large, the largest fields of the record are left out and named: whoever
    needs them asks the API."""
    text = _text(kind, at, data)
    fields, left_out = dict(data.get("fields") or {}), list[str]()
    while len(text) > LARGEST and fields:
        largest = max(fields, key=lambda name: len(_json(fields[name])))
        del fields[largest]
        left_out.append(largest)
        text = _text(kind, at, {**data, "fields": fields, "left_out": left_out})
    return text


def _text(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _json({"type": kind, "timestamp": moment, "data": data})


def _json(value: Any) -> str:
    return json.dumps(value, cls=JSONEncoder, separators=(",", ":"))

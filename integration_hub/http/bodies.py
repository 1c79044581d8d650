"""Reading a good answer: it must be JSON, whole, unless the status says that there is nothing to read."""

import json
from dataclasses import dataclass

from django.utils.translation import gettext as _

from integration_hub.contract import Reply, TransientError
from integration_hub.contract.api import Json

EMPTY_IS_FINE = (202, 204, 205)


@dataclass(frozen=True)
class ReadReply(Reply):
    """A reply whose JSON was read once and for all."""

    parsed: Json = None

    def json(self) -> Json:
        return self.parsed


def read(name: str, method: str, reply: Reply) -> ReadReply:
    """TransientError when the answer is empty, cut off, or a web page."""
    if not reply.body.strip() and (reply.status in EMPTY_IS_FINE or method == "HEAD"):
        return ReadReply(reply.status, reply.headers, reply.body)
    try:
        parsed: Json = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise TransientError(_complaint(reply) % {"name": name}, code="unreadable", status=reply.status) from None
    return ReadReply(reply.status, reply.headers, reply.body, parsed)


def _complaint(reply: Reply) -> str:
    if not reply.body.strip():
        return _("%(name)s answered, but sent nothing. We try again by ourselves.")
    if reply.body.lstrip()[:1] == b"<" or "html" in reply.headers.get("Content-Type", ""):
        return _("%(name)s answered with a web page instead of data. We try again by ourselves.")
    return _("%(name)s sent an answer that breaks off in the middle. We try again by ourselves.")

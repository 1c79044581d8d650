"""What an answer, or none, means for a delivery and for its endpoint. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from integration_hub.contract import Reply
from integration_hub.http import statuses
from integration_hub.http.redaction import redact

KEPT = 1024  # bytes of an answer


class End(StrEnum):
    """DONE: it arrived. AGAIN: try later. WAIT: the same, and the endpoint asks for a rest. GONE: never again."""

    DONE = "done"
    AGAIN = "again"
    WAIT = "wait"
    GONE = "gone"


@dataclass(frozen=True)
class Outcome:
    """`rest`: seconds the endpoint asked for. `slow`: it held our thread until the time was over."""

    end: End
    status: int | None = None
    response: str = ""
    sentence: str = ""
    rest: float | None = None
    slow: bool = False
    milliseconds: int = 0


def answered(reply: Reply, milliseconds: int) -> Outcome:
    """2xx is success. Whatever else is tried again, but 410: the endpoint wants no more."""
    told = redact(reply.body[:KEPT].decode("utf-8", "replace").replace("\0", ""))
    if reply.ok:
        return Outcome(End.DONE, reply.status, told, milliseconds=milliseconds)
    end, rest = End.AGAIN, statuses.retry_after(reply)
    if reply.status == 410:
        end = End.GONE
    elif reply.status == 429 or rest is not None:
        end, rest = End.WAIT, statuses.PAUSE if rest is None else rest
    return Outcome(end, reply.status, told, _refusal(reply.status), rest, milliseconds=milliseconds)


def _refusal(status: int) -> str:
    told = {"status": status}
    if status == 410:
        return _("The endpoint answered that it is gone (status 410).")
    if 300 <= status < 400:
        return _("The endpoint sent us elsewhere (status %(status)d). Enter the final address: we follow none.") % told
    if status == 429:
        return _("The endpoint asked us to slow down (status 429).")
    return _("The endpoint answered with status %(status)d.") % told

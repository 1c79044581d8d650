"""The kinds of problem the API answers with: RFC 9457 `type`, `title` and `status`, and what to do about each."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """`meaning` is shown where the problem's type is looked up, and as the detail when nobody said more."""

    code: str
    status: int
    title: Any
    meaning: Any

    @property
    def address(self) -> str:
        return f"{settings.PUBLIC_URL}/api/problems/{self.code}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "type": self.address,
            "title": gettext(self.title),
            "status": self.status,
            "detail": gettext(self.meaning),
        }


_KINDS = (
    Kind("malformed", 400, _("Malformed request"), _("The request cannot be read. Send valid JSON in UTF-8.")),
    Kind("invalid", 400, _("Invalid input"), _("One or more fields are wrong. `errors` says which and why.")),
    Kind("parameter", 400, _("Invalid parameter"), _("A parameter of the address is unknown or wrong.")),
    Kind("unauthenticated", 401, _("Who are you?"), _("Send `Authorization: Bearer <token>` with a valid API token.")),
    Kind("forbidden", 403, _("Not allowed"), _("The token's scopes or the person's role do not allow this.")),
    Kind("not-found", 404, _("Not found"), _("There is nothing here, or it belongs to another company.")),
    Kind("method", 405, _("Method not allowed"), _("This address takes other methods; see the header Allow.")),
    Kind("not-acceptable", 406, _("Not acceptable"), _("The API answers in JSON; accept application/json.")),
    Kind("conflict", 409, _("Conflict"), _("The request does not fit the present state. Read it again, then repeat.")),
    Kind("company-switched", 409, _("Another company"), _("The page was made for another company. Reload it.")),
    Kind(
        "still-running", 409, _("Still running"), _("A request with this Idempotency-Key is running. Repeat it soon.")
    ),
    Kind("too-large", 413, _("Too large"), _("The body is larger than the hub takes. Send less at once.")),
    Kind("media-type", 415, _("Unsupported media type"), _("Send JSON, with Content-Type: application/json.")),
    Kind("key-reused", 422, _("Idempotency-Key used before"), _("This key came with another request. Use a new one.")),
    Kind("provider-refused", 422, _("The provider refused"), _("The provider was asked and said no.")),
    Kind("throttled", 429, _("Too many requests"), _("Wait as long as Retry-After says, then go on.")),
    Kind("internal", 500, _("Our mistake"), _("The hub made a mistake. It was logged. Nothing was changed.")),
    Kind("provider-unreachable", 502, _("The provider did not answer"), _("Try again in a minute.")),
    Kind("unavailable", 503, _("Busy"), _("The hub is busy. Wait as long as Retry-After says, then repeat.")),
    Kind(
        "provider-unsure",
        504,
        _("The provider did not answer in time"),
        _("What was asked may have been done there all the same. Look there before you repeat it."),
    ),
)
KINDS: dict[str, Kind] = {kind.code: kind for kind in _KINDS}


def kind_for(status: int) -> Kind:
    """The first kind with this status, else the one of 400 or 500."""
    fallback = KINDS["malformed"] if status < 500 else KINDS["internal"]
    return next((kind for kind in _KINDS if kind.status == status), fallback)

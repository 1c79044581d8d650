"""What Airtable's refusals mean: a table from its error types to an error named by its remedy, with a sentence.

https://airtable.com/developers/web/api/errors – `error` is a word or an object with type and message; older answers
carry a list `errors`. Whatever is not in the table is judged by its status.
"""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from integration_hub.contract import (
    AuthFailed,
    ConfigError,
    ProviderError,
    RateLimited,
    Rejected,
    Reply,
    TransientError,
)
from integration_hub.contract.api import Json

PENALTY = 30.0  # seconds for which a base answers nothing after one call too many
AFRESH = 5.0  # seconds before a list that was closed is begun again
QUOTA_WAIT = 6 * 3600.0  # a workspace's month is used up: seconds until it is asked again

# Types that may mean "this row is gone" as well as "this table is gone".
PERHAPS_GONE = frozenset(
    {"ROW_DOES_NOT_EXIST", "NOT_FOUND", "MODEL_ID_NOT_FOUND", "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"}
)

Make = Callable[[str, str, int], ProviderError]


def explain(reply: Reply) -> ProviderError | None:
    """The error an answer stands for; None for a good one."""
    if reply.ok:
        return None
    code, message = _error(reply)
    make = BY_TYPE.get(code) or BY_STATUS.get(reply.status) or (_trouble if reply.status >= 500 else _rejected)
    return make(code, message, reply.status)


def _error(reply: Reply) -> tuple[str, str]:
    """Type and message, however they are wrapped; empty where the body is not Airtable's."""
    try:
        body = reply.json()
    except ValueError:
        return "", ""
    found: Json = body.get("error") if isinstance(body, dict) else None
    if found is None and isinstance(body, dict) and isinstance(errors := body.get("errors"), list) and errors:
        found = errors[0]
    if isinstance(found, str):
        return found, ""
    if not isinstance(found, dict):
        return "", ""
    return str(found.get("type") or found.get("error") or ""), str(found.get("message") or "")


def _said(message: str) -> str:
    return " " + _("Airtable says: %(message)s") % {"message": message} if message else ""


def _token(code: str, message: str, status: int) -> ProviderError:
    text = _("Airtable does not accept the token: it was revoked, has expired or was mistyped. Enter a new one.")
    return AuthFailed(text, code=code, status=status)


def _plan(code: str, message: str, status: int) -> ProviderError:
    text = _("The Airtable plan of this workspace does not allow that. Upgrade it or use another base.")
    return ConfigError(text + _said(message), code=code, status=status)


def _no_permission(code: str, message: str, status: int) -> ProviderError:
    text = _("The token may not do that. Give it access to the base and make its owner an editor there.")
    return ConfigError(text + _said(message), code=code, status=status)


def _not_found(code: str, message: str, status: int) -> ProviderError:
    text = _(
        "Airtable does not find the base or table, or the token has no access to it. Choose it anew in the settings."
    )
    return ConfigError(text, code=code, status=status)


def _field_gone(code: str, message: str, status: int) -> ProviderError:
    text = _(
        "A field the hub writes to is no longer in the Airtable table. Test the connection to match the fields anew."
    )
    return ConfigError(text + _said(message), code=code, status=status)


def _busy(code: str, message: str, status: int) -> ProviderError:
    text = _("Airtable asks for a pause of 30 seconds. The hub goes on by itself.")
    return RateLimited(text, retry_after=PENALTY, scope="bucket", code=code or "RATE_LIMIT_REACHED", status=status)


def _quota(code: str, message: str, status: int) -> ProviderError:
    text = _(
        "The Airtable calls of this workspace are used up for this month. Upgrade the plan there, or wait for the next "
        "month: the hub asks again every 6 hours and loses nothing."
    )
    return RateLimited(text, retry_after=QUOTA_WAIT, scope="account", code=code, status=status)


def _trouble(code: str, message: str, status: int) -> ProviderError:
    text = _("Airtable has trouble of its own (%(status)d). The hub tries again by itself.") % {"status": status}
    # 503 and 504 may be time-outs inside Airtable: the write may still land.
    return TransientError(text, code=code, status=status, unsure=status in (503, 504))


def _again(code: str, message: str, status: int) -> ProviderError:
    text = _("The list took too long to read and Airtable closed it. The hub starts it again by itself.")
    # Not at once: asking for the same page again would be refused again.
    return TransientError(text, code=code, status=status, retry_after=AFRESH)


def _rejected(code: str, message: str, status: int) -> ProviderError:
    text = _("Airtable refused the values of this record. Correct it here, or the field there.")
    return Rejected(text + _said(message), code=code, status=status)


def _choice(code: str, message: str, status: int) -> ProviderError:
    text = _("A choice of this record is not among those of the Airtable field. Add it there, or change it here.")
    return Rejected(text + _said(message), code=code, status=status)


def _row_gone(code: str, message: str, status: int) -> ProviderError:
    return Rejected(_("The row is no longer in the Airtable table."), code=code, status=status)


def _too_large(code: str, message: str, status: int) -> ProviderError:
    return Rejected(_("The record is larger than Airtable takes. Shorten its texts."), code=code, status=status)


BY_TYPE: Mapping[str, Make] = {
    "AUTHENTICATION_REQUIRED": _token,
    "UNAUTHORIZED": _token,
    "INVALID_PERMISSIONS": _no_permission,
    "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND": _not_found,
    "NOT_FOUND": _not_found,
    "MODEL_ID_NOT_FOUND": _not_found,
    "TABLE_NOT_FOUND": _not_found,
    "VIEW_NAME_NOT_FOUND": _not_found,
    "UNKNOWN_FIELD_NAME": _field_gone,
    "RATE_LIMIT_REACHED": _busy,
    "PUBLIC_API_BILLING_LIMIT_EXCEEDED": _quota,
    "LIST_RECORDS_ITERATOR_NOT_AVAILABLE": _again,
    "RETRIABLE_ERROR": _trouble,
    "INVALID_MULTIPLE_CHOICE_OPTIONS": _choice,
    "ROW_DOES_NOT_EXIST": _row_gone,
    "REQUEST_TOO_LARGE": _too_large,
}
BY_STATUS: Mapping[int, Make] = {
    401: _token,
    402: _plan,
    403: _no_permission,
    404: _not_found,
    408: _trouble,
    413: _too_large,
    429: _busy,
}

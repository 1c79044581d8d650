"""What Airtable's refusals mean: one table from its error types to an error named by its remedy, and a sentence.

https://airtable.com/developers/web/api/errors – `error` is a word or an object with type and message; older answers
carry a list `errors`. Whatever is not in the table is judged by its status.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from integration_hub.contract import (
    AuthFailed,
    ConfigError,
    FieldRefused,
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


@dataclass(frozen=True)
class Refusal:
    """What Airtable answered: its word for it (or empty), its message (or empty), the status."""

    code: str
    message: str
    status: int


Make = Callable[[Refusal, str], ProviderError]


def explain(reply: Reply) -> ProviderError | None:
    """The error an answer stands for; None for a good one."""
    if reply.ok:
        return None
    found = Refusal(*_error(reply), reply.status)
    phrase = PHRASES.get(found.code) or BY_STATUS.get(reply.status) or (TROUBLE if reply.status >= 500 else REJECTED)
    return phrase.error(found)


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


# --- fields that a message names --------------------------------------------------------------------------------------

BLAMED = (
    re.compile(r"in field .*\((?P<one>fld\w+)\)", re.DOTALL),
    re.compile(r'^Unknown field names?: "(?P<one>.+)"$', re.DOTALL),
    re.compile(r"^Unknown field names?: (?P<several>.+)$", re.DOTALL),
    re.compile(r'^Field "(?P<one>.+)" cannot accept', re.DOTALL),
)


def blamed(message: str) -> tuple[str, ...]:
    """The ids or names of the fields that a refusal speaks of; empty when it names none."""
    for pattern in BLAMED:
        if found := pattern.search(message):
            named = found.groupdict()
            return (named["one"],) if named.get("one") else tuple(part.strip() for part in named["several"].split(","))
    return ()


# --- the phrase table -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Phrase:
    """One kind of refusal: the error it becomes, its sentence, and whether Airtable's own words follow."""

    make: Make
    text: str
    told: bool = False

    def error(self, refusal: Refusal) -> ProviderError:
        sentence = gettext(self.text) % {"status": refusal.status}
        if self.told and refusal.message:
            sentence += " " + gettext("Airtable says: %(message)s") % {"message": refusal.message}
        return self.make(refusal, sentence)


def reconnect(refusal: Refusal, sentence: str) -> ProviderError:
    return AuthFailed(sentence, code=refusal.code, status=refusal.status)


def configure(refusal: Refusal, sentence: str) -> ProviderError:
    return ConfigError(sentence, code=refusal.code, status=refusal.status)


def give_up(refusal: Refusal, sentence: str) -> ProviderError:
    return Rejected(sentence, code=refusal.code, status=refusal.status)


def field(refusal: Refusal, sentence: str) -> ProviderError:
    """No record can be written to this field."""
    return FieldRefused(sentence, fields=blamed(refusal.message), code=refusal.code, status=refusal.status)


def field_or_value(refusal: Refusal, sentence: str) -> ProviderError:
    """Perhaps the field changed its type, perhaps only this value does not fit. A computed field takes none."""
    lasting = re.search('" cannot accept .*computed', refusal.message) is not None
    fields = blamed(refusal.message)
    return FieldRefused(sentence, fields=fields, lasting=lasting, code=refusal.code, status=refusal.status)


def permission(refusal: Refusal, sentence: str) -> ProviderError:
    """To a field, or to the base."""
    if blamed(refusal.message):
        return LOCKED_FIELD.error(refusal)
    return configure(refusal, sentence)


def pause(refusal: Refusal, sentence: str) -> ProviderError:
    code = refusal.code or "RATE_LIMIT_REACHED"
    return RateLimited(sentence, retry_after=PENALTY, scope="bucket", code=code, status=refusal.status)


def quota(refusal: Refusal, sentence: str) -> ProviderError:
    return RateLimited(sentence, retry_after=QUOTA_WAIT, scope="account", code=refusal.code, status=refusal.status)


def again(refusal: Refusal, sentence: str) -> ProviderError:
    """Not at once: asking for the same page again would be refused again."""
    return TransientError(sentence, code=refusal.code, status=refusal.status, retry_after=AFRESH)


def trouble(refusal: Refusal, sentence: str) -> ProviderError:
    """503 and 504 may be time-outs inside Airtable: the write may still land."""
    unsure = refusal.status in (503, 504)
    return TransientError(sentence, code=refusal.code, status=refusal.status, unsure=unsure)


TOKEN = Phrase(
    reconnect,
    _("Airtable does not accept the token: it was revoked, has expired or was mistyped. Enter a new one."),
)
PLAN = Phrase(
    configure, _("The Airtable plan of this workspace does not allow that. Upgrade it or use another base."), told=True
)
NO_PERMISSION = Phrase(
    permission,
    _("The token may not do that. Give it access to the base and make its owner an editor there."),
    told=True,
)
LOCKED_FIELD = Phrase(
    field,
    _("The token may not write to a field of the Airtable table. Allow its owner to edit the field there."),
    told=True,
)
NOT_FOUND = Phrase(
    configure,
    _("Airtable does not find the base or table, or the token has no access to it. Choose it anew in the settings."),
)
VIEW_GONE = Phrase(configure, _("Airtable does not find the view. Choose it anew in the settings."), told=True)
FIELD_GONE = Phrase(
    field,
    _("A field the hub writes to is no longer in the Airtable table. Choose another one in the mapping."),
    told=True,
)
NO_VALUE = Phrase(
    field_or_value,
    _("An Airtable field does not take what the hub writes to it. Correct the value here, or the field there."),
    told=True,
)
NO_CHOICE = Phrase(
    field,
    _("A choice is not among those of the Airtable field. Add it there, or let the mapping create choices."),
    told=True,
)
BUSY = Phrase(pause, _("Airtable asks for a pause of 30 seconds. The hub goes on by itself."))
QUOTA = Phrase(
    quota,
    _(
        "The Airtable calls of this workspace are used up for this month. Upgrade the plan there, or wait for the next "
        "month: the hub asks again every 6 hours and loses nothing."
    ),
)
TROUBLE = Phrase(trouble, _("Airtable has trouble of its own (%(status)d). The hub tries again by itself."))
CLOSED = Phrase(again, _("The list took too long to read and Airtable closed it. The hub starts it again by itself."))
REJECTED = Phrase(
    give_up, _("Airtable refused the values of this record. Correct it here, or the field there."), told=True
)
FORMULA = Phrase(
    give_up, _("Airtable does not understand the question for its rows. Look whether the Hub ID field is still there."),
    told=True,
)  # fmt: skip
ROW_GONE = Phrase(give_up, _("The row is no longer in the Airtable table."))
TOO_LARGE = Phrase(give_up, _("The record is larger than Airtable takes. Shorten its texts."))
TOO_MANY = Phrase(give_up, _("Airtable takes at most 10 records at once. Send fewer."))
FILE = Phrase(
    give_up, _("Airtable did not take the file. Look at its name and type, then send the record again."), told=True
)
WEBHOOKS = Phrase(
    configure,
    _("The base has as many webhooks as Airtable allows. Remove one that is not needed any more, at Airtable."),
)
TABLE_NAME = Phrase(configure, _("The base has a table of this name already. Give the new one another name."))
FIELD_NAME = Phrase(configure, _("The table has a field of this name already. Give the new one another name."))
FIELD_TYPE = Phrase(
    configure, _("Airtable does not let programs make a field of this type. Make it there by hand."), told=True
)

PHRASES: Mapping[str, Phrase] = {
    "AUTHENTICATION_REQUIRED": TOKEN,
    "UNAUTHORIZED": TOKEN,
    "INVALID_PERMISSIONS": NO_PERMISSION,
    "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND": NOT_FOUND,
    "NOT_FOUND": NOT_FOUND,
    "MODEL_ID_NOT_FOUND": NOT_FOUND,
    "TABLE_NOT_FOUND": NOT_FOUND,
    "VIEW_NAME_NOT_FOUND": VIEW_GONE,
    "UNKNOWN_FIELD_NAME": FIELD_GONE,
    "INVALID_VALUE_FOR_COLUMN": NO_VALUE,
    "INVALID_MULTIPLE_CHOICE_OPTIONS": NO_CHOICE,
    "INVALID_FILTER_BY_FORMULA": FORMULA,
    "ROW_DOES_NOT_EXIST": ROW_GONE,
    "LIST_RECORDS_ITERATOR_NOT_AVAILABLE": CLOSED,
    "ATTACHMENTS_FAILED_UPLOADING": FILE,
    "INVALID_ATTACHMENT_OBJECT": FILE,
    "INVALID_RECORDS": TOO_MANY,
    "INVALID_REQUEST_UNKNOWN": REJECTED,
    "INVALID_REQUEST_BODY": REJECTED,
    "INVALID_REQUEST_MISSING_FIELDS": REJECTED,
    "REQUEST_TOO_LARGE": TOO_LARGE,
    "DUPLICATE_TABLE_NAME": TABLE_NAME,
    "DUPLICATE_OR_EMPTY_FIELD_NAME": FIELD_NAME,
    "UNSUPPORTED_FIELD_TYPE_FOR_CREATE": FIELD_TYPE,
    "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE": FIELD_TYPE,
    "TOO_MANY_WEBHOOKS_IN_BASE": WEBHOOKS,
    "RATE_LIMIT_REACHED": BUSY,
    "PUBLIC_API_BILLING_LIMIT_EXCEEDED": QUOTA,
    "SERVER_ERROR": TROUBLE,
    "RETRIABLE_ERROR": TROUBLE,
}
BY_STATUS: Mapping[int, Phrase] = {
    401: TOKEN,
    402: PLAN,
    403: NO_PERMISSION,
    404: NOT_FOUND,
    408: TROUBLE,
    413: TOO_LARGE,
    429: BUSY,
}

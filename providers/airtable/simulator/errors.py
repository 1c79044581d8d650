"""Refusals, worded and shaped as Airtable does: `error` is a string for a bad path and an object elsewhere.

https://airtable.com/developers/web/api/errors
"""

from __future__ import annotations

from integration_hub.sandbox.wire import Response, json_answer

# type: (status, message with {} for the details)
REFUSALS: dict[str, tuple[int, str]] = {
    "INVALID_REQUEST_BODY": (400, "Could not parse request body"),
    "AUTHENTICATION_REQUIRED": (401, "Authentication required"),
    "UNAUTHORIZED": (401, "Invalid authentication token"),
    "INVALID_PERMISSIONS": (403, "You are not permitted to {}"),
    "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND": (
        403,
        "Invalid permissions, or the requested model was not found. Check that both your user and your token have the "
        "required permissions, and that the model names and/or ids are correct.",
    ),
    "NOT_FOUND": (404, ""),
    "MODEL_ID_NOT_FOUND": (404, 'Could not find a record with ID "{}".'),
    "REQUEST_TOO_LARGE": (413, "The request is too large."),
    "URI_TOO_LONG": (414, "The URL is longer than 16,000 characters."),
    "INVALID_REQUEST_UNKNOWN": (422, "Invalid request: parameter validation failed. Check your request data."),
    "INVALID_REQUEST_MISSING_FIELDS": (422, 'Could not find field "{}" in the request body'),
    "INVALID_RECORDS": (422, "You can only {} up to 10 records per request."),
    "UNKNOWN_FIELD_NAME": (422, 'Unknown field name: "{}"'),
    "INVALID_VALUE_FOR_COLUMN": (422, 'Field "{}" cannot accept the provided value'),
    "INVALID_MULTIPLE_CHOICE_OPTIONS": (422, 'Insufficient permissions to create new select option ""{}""'),
    "INVALID_ATTACHMENT_OBJECT": (422, 'Invalid attachment object for field "{}"'),
    "INVALID_FILTER_BY_FORMULA": (422, "The formula for filtering records is invalid: {}"),
    "ROW_DOES_NOT_EXIST": (422, "Record ID {} does not exist in this table"),
    "LIST_RECORDS_ITERATOR_NOT_AVAILABLE": (422, "The iterator is no longer available. Start from the first page."),
    "VIEW_NAME_NOT_FOUND": (422, "View {} not found"),
    "DUPLICATE_TABLE_NAME": (422, "Duplicate table name: {}"),
    "DUPLICATE_OR_EMPTY_FIELD_NAME": (422, 'Duplicate or empty field name: "{}"'),
    "UNSUPPORTED_FIELD_TYPE_FOR_CREATE": (422, "Creating {} fields is not supported at this time"),
    "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE": (422, 'Invalid options for field "{}"'),
    "TOO_MANY_WEBHOOKS_IN_BASE": (422, "There are too many webhooks in this base."),
    "RATE_LIMIT_REACHED": (429, "Rate limit exceeded. Please try again later"),
    "PUBLIC_API_BILLING_LIMIT_EXCEEDED": (429, "The API billing plan limit has been exceeded for this workspace."),
}
COMPUTED = 'Field "{}" cannot accept a value because the field is computed'
NOTES = {"RATE_LIMIT_REACHED": "rate_limited", "PUBLIC_API_BILLING_LIMIT_EXCEEDED": "quota"}


class AirtableError(Exception):
    """A refusal by its type; the details go into the message, `message` replaces it."""

    def __init__(self, kind: str, *details: str, message: str = "") -> None:
        self.kind = kind
        self.status, words = REFUSALS[kind]
        self.message = message or words.format(*details)
        super().__init__(f"{self.status} {kind}: {self.message}")

    def answer(self) -> Response:
        error = {"type": self.kind, "message": self.message} if self.message else {"type": self.kind}
        return json_answer({"error": error}, self.status, NOTES.get(self.kind, ""))


class NoSuchPath(AirtableError):
    """The one refusal whose `error` is a bare string."""

    def __init__(self) -> None:
        super().__init__("NOT_FOUND")

    def answer(self) -> Response:
        return json_answer({"error": "NOT_FOUND"}, 404)

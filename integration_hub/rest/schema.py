"""What the API document says of our grammar: how to authenticate, and how every error looks."""

from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from integration_hub.rest.kinds import KINDS
from integration_hub.rest.problems import MEDIA_TYPE, document


class HubSchema(AutoSchema):
    """Gives every operation a short title beside its description."""

    verbs: ClassVar = {
        "list": "List {plural}",
        "create": "Create {article}",
        "retrieve": "Read {article}",
        "partial_update": "Change {article}",
        "destroy": "Delete {article}",
    }

    def get_summary(self) -> str | None:
        model = getattr(self.view, "model", None)
        verb = self.verbs.get(getattr(self.view, "action", ""))
        if model is None or verb is None:
            return None
        noun = str(model._meta.verbose_name)
        article = ("an " if noun[0] in "aeiou" else "a ") + noun
        return verb.format(plural=model._meta.verbose_name_plural, article=article)


UNSAFE = ("post", "put", "patch", "delete")
_ALWAYS = ("unauthenticated", "forbidden", "not-acceptable", "throttled", "internal", "unavailable")
_UNSAFE = ("conflict", "too-large", "media-type", "key-reused")


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "integration_hub.rest.authentication.TokenAuthentication"
    name = "apiToken"  # stands before "session", also in the alphabet

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A company's API token, made in the admin under API tokens; scopes: read, write, admin.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "integration_hub.rest.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The browser's session. Unsafe methods need X-CSRFToken; X-Hub-Company is checked.",
        }


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "detail", "errors", "error"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "The kind of problem; the address explains it."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What happened, in one sentence."},
        "errors": {
            "type": "object",
            "description": "Sentences by field; nested fields are dotted (items.0.quantity).",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "error": {"type": "string", "description": "The same as detail."},
    },
}


GUIDE = """
Records of one company, its integrations and their runs.

* **Who you are**: `Authorization: Bearer <token>`. A token belongs to one company and has the scopes `read`, `write`
  (records) and `admin` (integrations), each on its own.
* **Lists** answer `count`, `page`, `page_size` (50, at most 200) and `results`. Pages end at row 10,000; read on with
  `after=<id of the last row>`, which is the fastest way through a long list anyway. A page past the last one is a 404.
* **Errors** are RFC 9457 problem documents (`application/problem+json`): `detail` says what is wrong in a sentence,
  `errors` says it by field, and the address in `type` explains the kind. Unknown fields and parameters are errors.
* **Repeating**: send `Idempotency-Key` with POST, PUT, PATCH and DELETE, and a request that is repeated within 24 hours
  has one effect; the kept answer carries `Idempotency-Replayed: true`.
* **Money** is a decimal string, **times** are UTC (`2026-11-20T10:00:00Z`) and need an offset in bodies, **days** in
  filters are days of the company's time zone, **ids** are UUIDs.
* **Limits**: 600 requests a minute for each token and 60 for each address without one, unless set otherwise; then 429
  with `Retry-After`.
"""


def describe_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Postprocessing hook: every operation says which problems it may answer with, with an example of each."""
    result["info"]["description"] = GUIDE.strip()
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    components["responses"] = {str(status): _response(codes) for status, codes in _by_status().items()}
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            _complete(path, method, operation)
    return result


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    statuses = {KINDS[code].status for code in (*_ALWAYS, *(_UNSAFE if method in UNSAFE else ()))} | {400}
    if "{" in path or method == "get":
        statuses.add(404)
    if "/integrations/" in path and method in UNSAFE:
        statuses |= {422, 502}
    if "/integrations/" in path and "{provider}" not in path:  # a provider's own: each of them may call out
        statuses |= {404, 409, 422, 502, 504}
    if path.endswith("/auth"):  # the hub may be unknown to the provider
        statuses.add(409)
    for status in sorted(statuses):
        operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
    if method in UNSAFE:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_PARAMETER)


IDEMPOTENCY_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "Repeat a request with the same key for 24 hours: one effect, the same answer.",
}


def _by_status() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for kind in KINDS.values():
        found.setdefault(kind.status, []).append(kind.code)
    return found


def _response(codes: list[str]) -> dict[str, Any]:
    kinds = [KINDS[code] for code in codes]
    examples = {kind.code: {"summary": str(kind.title), "value": document(kind, str(kind.meaning))} for kind in kinds}
    response: dict[str, Any] = {
        "description": " / ".join(str(kind.title) for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
    }
    if kinds[0].status in (429, 503):
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
    return response

"""Every error of the API is an RFC 9457 problem document, whoever raised it and wherever."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.log import log_response
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework import exceptions
from rest_framework.settings import api_settings

from integration_hub.contract import AuthFailed, ConfigError, ProviderError, RateLimited, Rejected, TransientError
from integration_hub.rest.kinds import KINDS, Kind, kind_for

MEDIA_TYPE = "application/problem+json"
WHOLE = api_settings.NON_FIELD_ERRORS_KEY
BUSY_RETRY_AFTER = "2"
Errors = Mapping[str, list[str]]


class Problem(exceptions.APIException):
    """An error with a kind (a code of KINDS). `errors` are sentences by field, dotted for nested ones."""

    def __init__(
        self, code: str, detail: str = "", *, errors: Errors | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.kind = KINDS[code]
        self.status_code = self.kind.status
        self.errors = {field: [str(text) for text in texts] for field, texts in (errors or {}).items()}
        self.headers = dict(headers or {})
        super().__init__(detail or summary(self.errors) or str(self.kind.meaning), code)


def invalid(errors: Errors) -> Problem:
    """400: these fields are wrong, and why."""
    return Problem("invalid", errors=errors)


def bad_parameter(name: str, sentence: str) -> Problem:
    """400: this parameter of the address is wrong, and why."""
    return Problem("parameter", errors={name: [sentence]})


def refuse(code: str, detail: str = "") -> NoReturn:
    raise Problem(code, detail)


def summary(errors: Errors) -> str:
    """The first sentence, and how many more there are."""
    sentences = [text if field == WHOLE else f"{field}: {text}" for field, texts in errors.items() for text in texts]
    if not sentences:
        return ""
    more = len(sentences) - 1
    rest = ngettext("and %(n)d more error", "and %(n)d more errors", more) % {"n": more}
    return f"{sentences[0]} ({rest})" if more else sentences[0]


def flatten(detail: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """DRF's nested errors as (dotted field, sentence): {"items": [{}, {"quantity": ["…"]}]} → items.1.quantity."""
    if isinstance(detail, dict):
        for name, value in detail.items():
            inner = prefix if name == WHOLE else f"{prefix}.{name}".strip(".")
            yield from flatten(value, inner)
    elif isinstance(detail, list):
        for number, value in enumerate(detail):
            nested = isinstance(value, dict | list)
            yield from flatten(value, f"{prefix}.{number}".strip(".") if nested else prefix)
    else:
        yield prefix or WHOLE, str(detail)


def by_field(detail: Any) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for field, sentence in flatten(detail):
        errors.setdefault(field, []).append(sentence)
    return errors


def document(kind: Kind, detail: str, errors: Errors | None = None) -> dict[str, Any]:
    """The problem as the client reads it. `error` repeats `detail` for clients that look there."""
    return {
        "type": kind.address,
        "title": str(kind.title),
        "status": kind.status,
        "detail": detail,
        "errors": dict(errors or {}),
        "error": detail,
    }


def answer(problem: Problem) -> HttpResponse:
    """The response itself; plain Django, so that it needs no renderer and works outside views too."""
    response = JsonResponse(document(problem.kind, str(problem.detail), problem.errors), status=problem.kind.status)
    response["Content-Type"] = MEDIA_TYPE
    for name, value in problem.headers.items():
        response[name] = value
    return response


def _validation(exc: exceptions.ValidationError) -> Problem:
    return invalid(by_field(exc.detail))


def _unauthenticated(exc: exceptions.APIException) -> Problem:
    header = getattr(exc, "auth_header", "") or "Bearer"
    detail = "" if isinstance(exc, exceptions.NotAuthenticated) else str(exc.detail)
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": header})


def _throttled(exc: exceptions.Throttled) -> Problem:
    seconds = max(1, int(getattr(exc, "wait", None) or 1))
    sentence = ngettext(
        "Too many requests. Go on in %(n)d second.", "Too many requests. Go on in %(n)d seconds.", seconds
    )
    return Problem("throttled", sentence % {"n": seconds}, headers={"Retry-After": str(seconds)})


def _not_found(exc: Exception) -> Problem:
    return Problem("not-found")


def _api_exception(exc: exceptions.APIException) -> Problem:
    return Problem(kind_for(exc.status_code).code, str(exc.detail))


def _busy(exc: Exception) -> Problem:
    return Problem("unavailable", headers={"Retry-After": BUSY_RETRY_AFTER})


def _wait(exc: RateLimited) -> Problem:
    return Problem("unavailable", exc.sentence, headers={"Retry-After": str(max(1, round(exc.retry_after)))})


def _refused(exc: ProviderError) -> Problem:
    return Problem("provider-refused", exc.sentence)


def _unreachable(exc: ProviderError) -> Problem:
    return Problem("provider-unreachable", exc.sentence)


# First match wins, so subclasses stand before their bases.
_TRANSLATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], Problem]], ...] = (
    (Problem, lambda exc: exc),
    (exceptions.ValidationError, _validation),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), _unauthenticated),
    (exceptions.Throttled, _throttled),
    ((exceptions.NotFound, Http404), _not_found),
    (DjangoPermissionDenied, lambda exc: Problem("forbidden")),
    (RequestDataTooBig, lambda exc: Problem("too-large")),
    ((SuspiciousOperation, BadRequest), lambda exc: Problem("malformed")),
    (exceptions.APIException, _api_exception),
    (OperationalError, _busy),
    (RateLimited, _wait),
    (TransientError, _unreachable),
    ((AuthFailed, ConfigError, Rejected), _refused),
)


def translate(exc: Exception) -> Problem:
    """What this exception is to a client. Whatever nobody foresaw is our mistake and tells nothing."""
    for classes, make in _TRANSLATIONS:
        if isinstance(exc, classes):
            return make(exc)
    return Problem("internal")


def handle(exc: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's EXCEPTION_HANDLER. Our own mistakes are logged with their traceback, as Django does outside the API."""
    problem = translate(exc)
    response = answer(problem)
    request = context["request"]._request
    if problem.kind.code in ("internal", "unavailable") and not isinstance(exc, Problem | RateLimited):
        log_response("%s: %s", problem.kind.title, request.path, response=response, request=request, exception=exc)
    if problem.kind.code == "internal":
        got_request_exception.send(sender=type(context["view"]), request=request)
    return response


def missing_scope(needed: str, has: list[str]) -> Problem:
    detail = _("This token lacks the scope “%(needed)s”; it has: %(has)s. Make a token with it under API tokens.")
    return Problem("forbidden", detail % {"needed": needed, "has": ", ".join(has)})

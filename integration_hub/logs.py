"""Logs: one JSON object per line (text in DEBUG), the same for our own and every library's, with secrets taken out.

Every line carries what it was written for: `request_id` (a caller sent it or was given it in X-Request-ID), `company`,
and whatever is bound with `structlog.contextvars.bound_contextvars(run=…)`.
"""

import logging
import logging.config
import re
import sys
import time
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any, cast

import structlog
from django.http import HttpRequest, HttpResponse

from integration_hub.companies import scope
from integration_hub.http.redaction import redact

HEADER = "X-Request-ID"
SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Their INFO says what our own lines say better, many times a second.
QUIET = ("celery", "kombu", "amqp", "urllib3", "asyncio", "granian", "django.request", "django.server", "httpx")

Event = MutableMapping[str, Any]
PLAIN = (str, int, float, dict, list, tuple, set, frozenset, type(None))
_USUAL = frozenset((str, int, type(None)))


def add_company(logger: Any, name: str, event: Event) -> Event:
    if company := scope.current_or_none():
        event.setdefault("company", str(company))
    return event


def take_secrets_out(logger: Any, name: str, event: Event) -> Event:
    """Objects become text first: what they print may hold a secret too."""
    kept = {
        key: value if type(value) in _USUAL or isinstance(value, PLAIN) else str(value) for key, value in event.items()
    }
    return cast(Event, redact(kept))


def as_text(value: object) -> str:
    return redact(str(value))


SHARED: list[Callable[[Any, str, Event], Any]] = [
    structlog.contextvars.merge_contextvars,
    add_company,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(options: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: options are `level` and `format` (json | console)."""
    renderer: Any = structlog.processors.JSONRenderer(default=as_text, ensure_ascii=False)
    if options["format"] == "console":
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *SHARED],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            take_secrets_out,
            renderer,
        ],
    }
    # Nobody is told which line of code or which thread wrote a line, and looking for it costs as much as the line.
    logging._srcfile = None  # the way that Python's own guide names
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": formatter},
            "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"}},
            "root": {"handlers": ["out"], "level": options["level"]},
            "loggers": {name: {"level": "WARNING"} for name in QUIET},
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class RequestLogMiddleware:
    """Gives every request an id, and writes one line about it when it is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.log = structlog.get_logger("access")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_of(request)
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            self.write(request, response, (time.perf_counter() - began) * 1000)
        response[HEADER] = request_id
        return response

    def write(self, request: HttpRequest, response: HttpResponse, took: float) -> None:
        line: dict[str, Any] = {
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "ms": round(took, 1),
        }
        if request.GET:
            line["query"] = {name: ",".join(request.GET.getlist(name)) for name in request.GET}
        if company := getattr(request, "company", None):
            line["company"] = str(company.pk)
        self.log.info("request", **line)


def request_id_of(request: HttpRequest) -> str:
    """The caller's id where it is one, otherwise a new one."""
    sent = request.headers.get(HEADER, "")
    return sent if SANE_ID.fullmatch(sent) else uuid.uuid4().hex

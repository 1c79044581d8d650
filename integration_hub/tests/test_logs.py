"""Log lines are JSON, carry what they were written for, and hold no secret."""

import io
import json
import logging

import pytest
import structlog
from django.conf import settings
from django.http import HttpResponse

from integration_hub import logs
from integration_hub.companies import scope

SECRET = "patAbCdEfGhIjKlMn.0123456789abcdef0123456789abcdef"


@pytest.fixture
def lines():
    """What is written while the test runs, parsed."""
    logs.configure({"level": "INFO", "format": "json"})
    handler = logging.getLogger().handlers[-1]
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(before)
    logs.configure(settings.LOGGING)


def test_a_librarys_line_looks_like_ours(lines):
    logging.getLogger("some.library").warning("took %s s", 3, extra={"tries": 2})
    structlog.get_logger("ours").info("integration sync started", records=7)
    library, ours = lines()
    assert (library["event"], library["tries"], library["level"]) == ("took 3 s", 2, "warning")
    assert (ours["event"], ours["records"], ours["logger"]) == ("integration sync started", 7, "ours")
    assert {"timestamp", "logger", "level", "event"} <= library.keys() & ours.keys()


def test_no_secret_is_written(lines):
    log = logging.getLogger("some.library")
    log.info("Authorization: Bearer %s", SECRET)
    structlog.get_logger("ours").info("sent", token=SECRET, headers={"X-Api-Key": SECRET}, url=f"/x?api_key={SECRET}")
    try:
        raise ValueError(f"refused: {SECRET}")
    except ValueError:
        log.exception("failed")
    assert len(lines()) == 3
    assert "refused" in lines()[2]["exception"]
    assert SECRET not in json.dumps(lines())
    assert SECRET.split(".")[1] not in json.dumps(lines())


def test_an_object_that_prints_a_secret_is_redacted(lines):
    class Request:
        def __repr__(self):
            return f"<Request /x?token={SECRET}>"

    logging.getLogger("some.library").info("seen", extra={"request": Request(), "all": [Request()]})
    assert lines()[0]["request"].startswith("<Request /x?token=")
    assert SECRET not in json.dumps(lines())


def test_a_line_names_its_company_and_run(lines, company):
    with scope.entered(company.pk), structlog.contextvars.bound_contextvars(run="r-1"):
        logging.getLogger("some.library").info("inside")
    logging.getLogger("some.library").info("outside")
    inside, outside = lines()
    assert (inside["company"], inside["run"]) == (str(company.pk), "r-1")
    assert "company" not in outside
    assert "run" not in outside


def answer(rf, path, **headers):
    """One request through the middleware."""

    def view(request):
        logging.getLogger("a.view").info("at work")
        return HttpResponse("ok", status=207)

    return logs.RequestLogMiddleware(view)(rf.get(path, headers=headers))


def test_every_request_is_one_line_and_its_id_is_everywhere(lines, rf):
    response = answer(rf, "/api/orders?page=2&token=abcdef123456&q=a&q=b", **{"X-Request-ID": "call-42"})
    assert response["X-Request-ID"] == "call-42"
    work, access = lines()
    assert work["request_id"] == access["request_id"] == "call-42"
    assert (access["method"], access["path"], access["status"]) == ("GET", "/api/orders", 207)
    assert access["query"] == {"page": "2", "token": "[hidden]", "q": "a,b"}
    assert access["ms"] >= 0


@pytest.mark.parametrize("sent", ["", "x" * 65, "two words", 'a"b', "a\tb"])
def test_an_id_that_is_none_is_replaced(lines, rf, sent):
    response = answer(rf, "/", **{"X-Request-ID": sent})
    assert len(response["X-Request-ID"]) == 32
    assert response["X-Request-ID"] != sent


def test_the_id_of_one_request_is_not_the_nexts(lines, rf):
    answer(rf, "/", **{"X-Request-ID": "first"})
    logging.getLogger("later").info("between")
    answer(rf, "/")
    between = lines()[2]
    assert between["event"] == "between"
    assert "request_id" not in between
    assert lines()[3]["request_id"] != "first"


def test_the_console_says_the_same_in_words(lines):
    logs.configure({"level": "INFO", "format": "console"})
    stream = io.StringIO()
    logging.getLogger().handlers[-1].setStream(stream)
    try:
        raise ValueError(f"token={SECRET}")
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    assert "failed" in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    assert SECRET not in stream.getvalue()

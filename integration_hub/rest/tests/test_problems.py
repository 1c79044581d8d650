"""Every error is a problem document, whoever raised it."""

import json
import logging

import pytest
from django.test import Client

from integration_hub.companies.models import ApiToken
from integration_hub.rest.kinds import KINDS
from integration_hub.rest.problems import by_field, document, summary
from integration_hub.rest.tests.test_access import problem

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def post(client, body, content_type="application/json"):
    return client.post("/api/things", body, content_type)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "not valid JSON"),
        ("", "name"),
        ("[]", "dictionary"),
        ('"text"', "dictionary"),
        ('{"name": NaN}', "NaN"),
        ('{"name": 1e999999999}', "too many digits"),
        ('{"name": ' + "9" * 5000 + "}", "not valid JSON"),
        ('{"name": "a", "name": "b"}', "'name' is there twice"),
        (b'{"name": "\xff"}', "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_bodies_that_cannot_be_read_are_400(program, body, says):
    assert says in problem(post(program, body), 400)["detail"]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"name": 5}, "name", "text in quotes"),
        ({"name": "x" * 21}, "name", "20"),
        ({"name": ""}, "name", "blank"),
        ({"name": None}, "name", "null"),
        ({"name": "a\x00b"}, "name", "Null"),
        ({"name": "a", "colour": "red"}, "colour", "at, kind, name, other, parts, price, wanted"),
        ({"name": "a", "id": "5"}, "id", "set by the hub"),
        ({"name": "a", "kind": "huge"}, "kind", "“huge” is not one of: small, large"),
        ({"name": "a", "kind": 5}, "kind", "text in quotes"),
        ({"name": "a", "price": True}, "price", "decimal number"),
        ({"name": "a", "price": [1]}, "price", "decimal number"),
        ({"name": "a", "price": "1e5"}, "price", "decimal number"),
        ({"name": "a", "price": 0.125}, "price", "2 digits"),
        ({"name": "a", "price": "1.234"}, "price", "2 digits"),
        ({"name": "a", "price": "-1"}, "price", "at least 0"),
        ({"name": "a", "price": "1001"}, "price", "at most 1000"),
        ({"name": "a", "price": "12345678901"}, "price", "10 digits"),
        ({"name": "a", "at": "2026-05-01T18:00:00"}, "at", "offset"),
        ({"name": "a", "at": "0001-01-01T00:00:00+14:00"}, "at", ""),
        ({"name": "a", "at": 5}, "at", "text in quotes"),
        ({"name": "a", "wanted": "true"}, "wanted", "without quotes"),
        ({"name": "a", "wanted": 1}, "wanted", "without quotes"),
        ({"name": "a", "other": 5}, "other", "8-4-4-4-12"),
        ({"name": "a", "other": "5"}, "other", "8-4-4-4-12"),
        ({"name": "a", "parts": {}}, "parts", "list"),
        ({"name": "a", "parts": [{"quantity": 1}, {"quantity": 0}]}, "parts.1.quantity", "1"),
        ({"name": "a", "parts": [{"quantity": True}]}, "parts.0.quantity", "whole number"),
        ({"name": "a", "parts": [{"quantity": 1.5}]}, "parts.0.quantity", "whole number"),
        ({"name": "a", "parts": [{"quantity": 1, "size": 2}]}, "parts.0.size", "quantity"),
    ],
)
def test_wrong_fields_are_400_by_field(program, body, field, says):
    answer = problem(post(program, body), 400)
    assert list(answer["errors"]) == [field]
    assert says in answer["errors"][field][0]
    assert answer["detail"] == f"{field}: {answer['errors'][field][0]}"
    assert answer["type"] == "http://localhost:8000/api/problems/invalid"
    assert ApiToken.everywhere.count() == 1


def test_right_fields_are_taken(program):
    body = {"name": " a ", "kind": "small", "price": "12.50", "at": "2026-05-01T18:00:00+02:00", "wanted": True}
    answer = post(program, body | {"parts": [{"quantity": 2.0}]})
    assert answer.status_code == 201
    assert answer.json()["name"] == "a"


def test_other_content_types_are_415(program):
    problem(post(program, "name=a", "application/x-www-form-urlencoded"), 415)
    problem(post(program, "<a/>", "application/xml"), 415)


def test_a_body_over_the_limit_is_413(program, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    problem(post(program, json.dumps({"name": "x" * 200})), 413)


def test_accepting_no_json_is_406(program):
    problem(program.get("/api/things", headers={"Accept": "text/csv"}), 406)


def test_other_methods_are_405_and_allow_says_which(program):
    response = program.put("/api/things", "{}", "application/json")
    problem(response, 405)
    assert response["Allow"] == "GET, HEAD, POST"
    problem(program.options("/api/things"), 405)


def test_addresses_that_do_not_exist_are_404(company, program):
    for client in (Client(), program):
        assert "/docs" in problem(client.get("/api/nothing"), 404)["detail"]
        assert "Try /api/things." in problem(client.get("/api/things/"), 404)["detail"]
        problem(client.post("/api/things/", {}), 404)
        problem(client.get("/api"), 404)
        problem(client.get("/api/no%0Athing"), 404)
        problem(client.get("/api/"), 404)


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("denied", 403, ""),
        ("suspicious", 400, ""),
        ("auth", 422, "no longer takes the key"),
        ("config", 422, "base is gone"),
        ("rejected", 422, "does not fit"),
        ("transient", 502, "did not answer"),
    ],
)
def test_known_exceptions_have_their_status(program, name, status, says):
    assert says in problem(program.get(f"/api/errors/{name}"), status)["detail"]


@pytest.mark.parametrize(("name", "seconds"), [("busy", "2"), ("limited", "30")])
def test_what_passes_says_when_to_come_back(program, name, seconds):
    response = program.get(f"/api/errors/{name}")
    problem(response, 503)
    assert response["Retry-After"] == seconds


def test_our_own_mistakes_tell_nothing_and_are_logged(program, caplog):
    with caplog.at_level(logging.ERROR, "django.request"):
        body = problem(program.get("/api/errors/bug"), 500)
    assert "12345" not in json.dumps(body)
    assert "RuntimeError" in caplog.text


def test_mistakes_outside_of_views_are_problems_too(program, monkeypatch):
    def broken(self, plain):
        raise RuntimeError("in a middleware")

    monkeypatch.setattr("integration_hub.companies.middleware.CompanyMiddleware.__call__", broken)
    problem(program.get("/api/things"), 500)
    html = program.get("/accounts/login/")
    assert html.status_code == 500
    assert "text/html" in html["Content-Type"]


def test_a_forbidden_host_is_a_problem(program):
    problem(program.get("/api/things", headers={"Host": "evil.example"}), 400)


def test_the_type_of_a_problem_can_be_looked_up():
    for code, kind in KINDS.items():
        answer = Client().get(kind.address.removeprefix("http://localhost:8000"))
        assert answer.status_code == 200
        assert answer.json()["status"] == kind.status
        assert answer.json()["type"].endswith(code)
    problem(Client().get("/api/problems/nonsense"), 404)


def test_nested_errors_become_dotted_fields():
    nested = {"items": [{}, {"quantity": ["too few"]}], "non_field_errors": ["no"], "a": {"b": ["c", "d"]}}
    flat = by_field(nested)
    assert flat == {"items.1.quantity": ["too few"], "non_field_errors": ["no"], "a.b": ["c", "d"]}
    assert summary(flat) == "items.1.quantity: too few (and 3 more errors)"
    assert summary({}) == ""


def test_a_problem_document_repeats_its_detail():
    body = document(KINDS["conflict"], "Read again.")
    assert body["error"] == body["detail"] == "Read again."
    assert body["errors"] == {}

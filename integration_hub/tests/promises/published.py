"""The requests our client makes, held against the provider's published OpenAPI documents.

tests/calls.py of the provider says which calls there are (CALLS), which documents describe them (CONTRACTS, below
CONTRACTS_DIR/<key>), and which operations the documents do not know (UNPUBLISHED: method and why).
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import yaml
from django.conf import settings

from integration_hub.connections import clients
from integration_hub.contract import Reply
from integration_hub.tests.promises.case import Case, NotHere

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Made:
    """One request as the client asked for it."""

    name: str
    method: str
    path: str
    params: Mapping[str, list[str]]
    json: Any


class Recorder:
    """The door, with a notebook."""

    def __init__(self, door: Any) -> None:
        self.door = door
        self.name = ""
        self.made: list[Made] = []

    def call(self, operation: str, method: str, path: str, **given: Any) -> Reply:
        pairs = given.get("params") or {}
        params: dict[str, list[str]] = {}
        for name, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
            params.setdefault(str(name), []).append(str(value))
        self.made.append(Made(self.name, method, path, params, given.get("json")))
        answered: Reply = self.door.call(operation, method, path, **given)
        return answered


class Recorded:
    """The provider, whose client writes through the recorder."""

    def __init__(self, case: Case) -> None:
        self.provider = case.provider
        self.recorder = Recorder(None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.provider, name)

    def client(self, session: Any) -> Any:
        self.recorder.door = session
        return self.provider.client(self.recorder)


def calls_fit_the_published_contract(case: Case) -> Iterator[str]:
    """Every client method works against the simulator, and what it sends is what the documents describe."""
    made: list[Made] = []
    yield from _made(case, made)
    named = getattr(case.calls, "CONTRACTS", ())
    if not named:
        return
    root = Path(os.environ.get("CONTRACTS_DIR") or settings.BASE_DIR.parent / "shared" / "contracts") / case.key
    if not root.is_dir():
        raise NotHere(f"no published contracts at {root}: set CONTRACTS_DIR")
    documents = [_document(root / name) for name in named]
    unpublished = getattr(case.calls, "UNPUBLISHED", {})
    for one in made:
        complaints = [_complaint(document, one) for document in documents]
        if None in complaints:
            continue
        said = next((text for text in complaints if text), "no document describes it")
        if not (one.name in unpublished and said.startswith("no ")):
            yield f"{case.where('client.py')}: {one.name} sends {one.method} {one.path}: {said}"


def _made(case: Case, made: list[Made]) -> Iterator[str]:
    """Call everything there is to call, in the order of CALLS."""
    recorded = Recorded(case)
    secrets, _settings = case.typed()
    client = clients.client_with(recorded, secrets, account="calls", company_id=None)  # type: ignore[arg-type]
    for name, call in getattr(case.calls, "CALLS", {}).items():
        recorded.recorder.name = name
        try:
            answer = call(client)
            if isinstance(answer, Iterator):
                list(answer)
        except Exception as error:
            yield f"{case.where('client.py')}: {name} fails at the simulator: {type(error).__name__}: {error}"
    made += recorded.recorder.made


@cache
def _document(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)


def _complaint(document: Any, made: Made) -> str | None:
    """None when this document describes the request as it is; a sentence that begins with "no " when it does not know
    the address or the method."""
    item, values = _item(document, made)
    if item is None:
        return "no such path in the document"
    operation = item.get(made.method.lower())
    if operation is None:
        return f"no {made.method} at this path in the document"
    parameters = [_resolved(document, one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    return _of_parameters(document, parameters, made, values) or _of_body(document, operation, made)


def _item(document: Any, made: Made) -> tuple[Any, dict[str, str]]:
    """The path item that fits, the one with the most fixed segments first, and what its placeholders hold."""
    bases = {urlsplit(one["url"]).path.rstrip("/") for one in document.get("servers", [{"url": ""}])} or {""}
    paths = sorted(document["paths"], key=lambda path: path.count("{"))
    for base in bases:
        for path in paths:
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(base + path))
            if found := re.fullmatch(pattern, made.path):
                return document["paths"][path], {name: unquote(value) for name, value in found.groupdict().items()}
    return None, {}


def _of_parameters(document: Any, parameters: list[Any], made: Made, values: Mapping[str, str]) -> str | None:
    queries = {one["name"]: one for one in parameters if one.get("in") == "query"}
    for name in made.params:
        if name not in queries and name.removesuffix("[]") not in queries:
            return f"the query parameter {name!r} is not described"
    for name, one in queries.items():
        if one.get("required") and name not in made.params:
            return f"the query parameter {name!r} is missing"
    given = {**{name: texts[0] for name, texts in made.params.items()}, **values}
    for one in parameters:
        if one["name"] in given and (said := _of_value(document, one.get("schema", {}), given[one["name"]])):
            return f"{one['name']}: {said}"
    return None


def _of_value(document: Any, schema: Any, text: str) -> str | None:
    """Addresses hold texts: a number or a truth value is judged as what it spells."""
    spelled = {"true": True, "false": False}.get(text, int(text) if re.fullmatch(r"-?\d{1,15}", text) else text)
    said = _judged(document, schema, text)
    return said and _judged(document, schema, spelled)


def _of_body(document: Any, operation: Any, made: Made) -> str | None:
    described = _resolved(document, operation.get("requestBody") or {})
    if made.json is None:
        return "a body is required" if described.get("required") else None
    media = described.get("content", {}).get("application/json")
    if media is None:
        return "a JSON body is not described"
    return _judged(document, media.get("schema", {}), made.json)


def _judged(document: Any, schema: Any, value: Any) -> str | None:
    whole = {**schema, "components": document.get("components", {})}
    found = jsonschema.Draft202012Validator(whole).iter_errors(value)
    error = jsonschema.exceptions.best_match(found)
    return f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" if error else None


def _resolved(document: Any, one: Any) -> Any:
    while "$ref" in one:
        target = document
        for part in one["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        one = target
    return one

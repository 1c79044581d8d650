"""Promises that can be seen in the declaration and its folder."""

import json
import re
from collections.abc import Iterator

from integration_hub.contract.checks import HEADINGS
from integration_hub.tests.promises.case import Case

_TODO = re.compile(r"\bTODO\b:?\s*(.*)")


def nothing_is_left_to_write(case: Case) -> Iterator[str]:
    """No TODO in any file of the folder: each says what is to be written there."""
    for path in sorted(case.folder.rglob("*")):
        if path.suffix not in (".py", ".md", ".json") or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := _TODO.search(line):
                yield f"{case.where(str(path.relative_to(case.folder)))}, line {number}: {found[1]}"


def the_key_is_the_folders_name(case: Case) -> Iterator[str]:
    if case.key != case.folder.name:
        yield f"{case.where('provider.py')}: key is {case.key!r}, but the folder's name is {case.folder.name!r}."


def the_readme_says_what_people_need(case: Case) -> Iterator[str]:
    """It is shown beside the connect form: each heading, and something under it."""
    path = case.folder / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for heading in HEADINGS:
        found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        if found is None:
            yield f"{case.where('README.md')}: has no heading “## {heading}”."
        elif len(found[1].split()) < 3:
            yield f"{case.where('README.md')}: says nothing under “{heading}”."


def fixtures_are_read_by_tests(case: Case) -> Iterator[str]:
    """Payloads as the provider sends them: there are some, they are JSON, and a test reads each."""
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted((case.folder / "tests").rglob("*.py")))
    paths = sorted((case.folder / "tests" / "fixtures" / "api").glob("*.json"))
    if not paths and case.provider.api.base_url:
        yield f"{case.where('tests/fixtures/api')}: holds no payload; put one answer of the provider's there."
    for path in paths:
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            yield f"{case.where('tests/fixtures/api')}/{path.name}: is not JSON: {error}"
        if path.stem not in tests:
            yield f"{case.where('tests/fixtures/api')}/{path.name}: is a fixture no test reads."


def every_client_method_has_its_call(case: Case) -> Iterator[str]:
    """tests/calls.py says how each method is called; the calls are made against the simulator by another promise."""
    calls = set(getattr(case.calls, "CALLS", {}))
    for name in sorted(case.methods() - calls):
        yield f"{case.where('tests/calls.py')}: CALLS lacks the client's method {name}."
    for name in sorted(calls - case.methods()):
        yield f"{case.where('tests/calls.py')}: CALLS names {name}, which the client does not have."

"""What the pages of an import show: where it stands, how far it is, how it was read, and what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.hub.progress import time_left
from integration_hub.records.importing.dates import FIELDS as TIMES
from integration_hub.records.models.imports import Import, ImportState

# How a state looks: the colour only underlines the word.
LOOKS: dict[str, str] = {
    ImportState.CHECKING: "busy",
    ImportState.ASKS: "warn",
    ImportState.REFUSED: "bad",
    ImportState.READY: "warn",
    ImportState.SAVING: "busy",
    ImportState.DONE: "ok",
    ImportState.STOPPED: "idle",
    ImportState.FAILED: "bad",
    ImportState.UNDOING: "busy",
    ImportState.UNDONE: "idle",
}
FILE, COLUMNS, CHECK, RESULT = range(4)
STEPS: tuple[Promise, ...] = (
    gettext_lazy("File"),
    gettext_lazy("Columns"),
    gettext_lazy("Check"),
    gettext_lazy("Import"),
)
AT: dict[str, int] = {ImportState.ASKS: COLUMNS, ImportState.CHECKING: CHECK}
AT |= {ImportState.REFUSED: CHECK, ImportState.READY: CHECK}


class Step(NamedTuple):
    label: Promise
    current: bool
    done: bool


def steps(here: int) -> list[Step]:
    """The way of a file, and where on it this one is."""
    return [Step(label, place == here, place < here) for place, label in enumerate(STEPS)]


def step_of(file: Import) -> int:
    return AT.get(file.state, RESULT)


# --- how far it is ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """`done` of `whole` (0: nobody knows yet) rows of the file, `per_second` of them, and how long it will take."""

    done: int
    whole: int
    per_second: float
    left: str

    @property
    def percent(self) -> int:
        return self.done * 100 // self.whole if self.whole else 0


def progress(file: Import, now: datetime) -> Progress:
    """Rows of the file while it is read and saved, records while it is undone."""
    if file.state == ImportState.CHECKING:
        return Progress(file.rows, 0, 0.0, "")
    if file.state == ImportState.UNDOING:
        whole = file.created + file.updated + file.customers_created
        return Progress(min(file.undone + file.left, whole), whole, 0.0, "")
    done = file.rows * file.done // file.records if file.records else 0
    seconds = ((file.finished_at or now) - (file.started_at or now)).total_seconds()
    speed = done / seconds if seconds > 0 else 0.0
    return Progress(done, file.rows, speed, time_left(file.rows - done, speed) if file.working else "")


# --- how it is read ---------------------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """`said` is what stands in the form, `value` what the import's settings keep."""

    said: str
    value: Any
    label: Promise | str


class Setting(NamedTuple):
    name: str
    label: Promise | str
    answers: Sequence[Answer]
    current: str  # `said` of the answer that holds; "" where nothing does


def _texts(*answers: tuple[str, Promise | str]) -> tuple[Answer, ...]:
    return tuple(Answer(value, value, label) for value, label in answers)


ENCODINGS = _texts(
    ("utf-8", gettext_lazy("UTF-8")),
    ("utf-16", gettext_lazy("UTF-16")),
    ("windows-1252", gettext_lazy("Western European (Windows-1252)")),
    ("windows-1250", gettext_lazy("Central European (Windows-1250)")),
    ("windows-1255", gettext_lazy("Hebrew (Windows-1255)")),
)
DELIMITERS = (
    Answer("comma", ",", gettext_lazy("Comma ,")),
    Answer("semicolon", ";", gettext_lazy("Semicolon ;")),
    Answer("tab", "\t", gettext_lazy("Tab")),
    Answer("bar", "|", gettext_lazy("Bar |")),
)
DATES = _texts(
    ("dmy", gettext_lazy("Day first: 31/12/2025")),
    ("mdy", gettext_lazy("Month first: 12/31/2025")),
)
DECIMALS = (
    Answer("point", False, gettext_lazy("Point: 1,234.50")),
    Answer("comma", True, gettext_lazy("Comma: 1.234,50")),
)
OTHER_COLUMNS = ("encoding", "delimiter", "sheet")  # when one of these changes, the headings may be others


def settings(file: Import) -> list[Setting]:
    """How the file is read, and what else a person may choose. What a question asks is not asked twice."""
    held: Mapping[str, Any] = file.settings
    asked = {question["name"] for question in file.questions}
    return [
        Setting(name, label, answers, next((one.said for one in answers if one.value == held.get(name)), ""))
        for name, label, answers in _offered(held)
        if name not in asked
    ]


def _offered(held: Mapping[str, Any]) -> Iterator[tuple[str, Promise | str, Sequence[Answer]]]:
    if held.get("format") == "xlsx":
        if len(sheets := held.get("sheets") or ()) > 1:
            yield "sheet", gettext_lazy("Sheet"), _texts(*((name, name) for name in sheets))
    elif held:
        yield "encoding", gettext_lazy("Encoding"), ENCODINGS
        yield "delimiter", gettext_lazy("Cells are separated by"), DELIMITERS
    yield "date_order", gettext_lazy("Dates such as 03/04/2025"), DATES
    yield "decimal_comma", gettext_lazy("Decimal mark"), DECIMALS


def chosen_settings(file: Import, posted: Mapping[str, str]) -> dict[str, Any]:
    """What a person chose now or before; what only was found stays to be found."""
    chosen: dict[str, Any] = dict(file.chosen)
    for setting in settings(file):
        said = posted.get(f"set.{setting.name}", "")
        answer = next((one for one in setting.answers if one.said == said), None)
        if answer is not None and answer.said != setting.current:
            chosen[setting.name] = answer.value
    for question in file.questions:
        said = posted.get(f"set.{question['name']}", "")
        values = {str(answer["value"]): answer["value"] for answer in question.get("answers", ())}
        if said in values:
            chosen[question["name"]] = values[said]
    return chosen


def chosen_mapping(
    file: Import, chosen: Mapping[str, Any], posted: Mapping[str, str], fields: Sequence[str]
) -> dict[str, str]:
    """Heading → our field, "" to leave the column out. Nothing where the file is cut into other columns now."""
    said: dict[str, str] = {}
    if any(chosen.get(name) != file.chosen.get(name) for name in OTHER_COLUMNS):
        return said
    for place, column in enumerate(file.columns):
        field = posted.get(f"col.{place}", column["field"])
        said.setdefault(column["heading"], field if field in fields else "")
    return said


def columns(file: Import) -> list[dict[str, Any]]:
    """Each heading once, with its `place`; a heading that is repeated is read as one."""
    found: dict[str, dict[str, Any]] = {}
    for place, column in enumerate(file.columns):
        found.setdefault(column["heading"], {**column, "place": place})
    return list(found.values())


# --- what came of it --------------------------------------------------------------------------------------------------


def preview(file: Import) -> list[dict[str, Any]]:
    """The first records as they would be; times by the company's clock."""
    return [{**record, "fields": [_told(field) for field in record["fields"]]} for record in file.preview]


def _told(field: dict[str, Any]) -> dict[str, Any]:
    if field["name"] not in TIMES:
        return field
    return {**field, "before": local(field.get("before", "")), "after": local(field.get("after", ""))}


def local(text: str) -> str:
    """A stored time as people read it."""
    try:
        return date_format(timezone.localtime(datetime.fromisoformat(text)), "j M Y, H:i")
    except ValueError:
        return text


class Took(NamedTuple):
    """How long the saving took, and how many rows of the file went in each second."""

    time: str
    per_second: int


def took(file: Import) -> Took | None:
    if file.started_at is None or file.finished_at is None:
        return None
    seconds = (file.finished_at - file.started_at).total_seconds()
    shown = _("%(n)s s") % {"n": f"{seconds:.1f}"}
    if seconds >= 90:
        shown = _("%(m)s min %(s)s s") % {"m": int(seconds // 60), "s": int(seconds % 60)}
    return Took(shown, int(file.rows / seconds) if seconds >= 0.1 else 0)


class Total(NamedTuple):
    currency: str
    amount: str


def totals(sums: Mapping[str, str]) -> list[Total]:
    """Amounts by currency, with commas between thousands."""
    return [Total(currency, f"{Decimal(amount):,f}") for currency, amount in sorted(sums.items())]


def outcome(file: Import) -> str:
    """One line for the list: what came of it so far."""
    if file.state == ImportState.UNDONE:
        shown = {"undone": f"{file.undone:,}", "left": f"{file.left:,}"}
        return _("%(undone)s taken back, %(left)s left alone") % shown
    counts = {"created": file.created, "updated": file.updated, "unchanged": file.unchanged}
    if any(counts.values()):
        shown = {name: f"{count:,}" for name, count in counts.items()}
        return _("%(created)s created, %(updated)s updated, %(unchanged)s unchanged") % shown
    if file.problem_count:
        return _("%(n)s problems in the file; nothing was saved") % {"n": f"{file.problem_count:,}"}
    return file.sentence

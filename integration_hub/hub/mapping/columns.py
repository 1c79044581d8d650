"""The two columns: every field of ours, what it may be written to, and what stands beside it. Pure."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.contract import Direction, Field, RemoteField
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.showing import Example
from integration_hub.hub.mapping.turning import directions, left_out
from integration_hub.hub.mapping.typed import Typed
from integration_hub.sync import ways
from integration_hub.sync.drafts import Pair
from integration_hub.sync.models import FieldMapping
from integration_hub.sync.models.mapping import Write

MOST_OPTIONS = 3_000  # options on a page; above it one typed field with a shared list stands for each select

KINDS = {
    "text": gettext_lazy("text"),
    "long_text": gettext_lazy("long text"),
    "number": gettext_lazy("number"),
    "integer": gettext_lazy("whole number"),
    "money": gettext_lazy("money"),
    "percent": gettext_lazy("percent"),
    "choice": gettext_lazy("choice"),
    "choices": gettext_lazy("choices"),
    "date": gettext_lazy("date"),
    "datetime": gettext_lazy("date and time"),
    "duration": gettext_lazy("duration"),
    "email": gettext_lazy("e-mail"),
    "phone": gettext_lazy("phone"),
    "url": gettext_lazy("web address"),
    "boolean": gettext_lazy("yes or no"),
    "link": gettext_lazy("link"),
    "file": gettext_lazy("file"),
    "files": gettext_lazy("files"),
    "id": gettext_lazy("id"),
}


ARROWS = {Direction.PUSH: "→", Direction.PULL: "←", Direction.BOTH: "↔"}
WAYS = {
    Direction.PUSH: gettext_lazy("to %(name)s"),
    Direction.PULL: gettext_lazy("from %(name)s"),
    Direction.BOTH: gettext_lazy("both ways"),
}


@dataclass(frozen=True)
class Way:
    """One direction a field may be given: what is sent, and what it comes to (`goes`)."""

    value: str
    goes: str
    arrow: str
    words: str


@dataclass(frozen=True)
class Shared:
    """One list of fields, shared by all of our fields that fit the same ones."""

    id: str
    fields: Sequence[RemoteField]


@dataclass
class Line:
    """One of our fields. `chosen`: the remote field as it is now; None with `text` where what is chosen or typed is not
    there. `fits` and `others` fill a select, `shared` an input instead. `ways`: the directions it may be given, `way`
    the one it has; None while it goes no way. `left`: it has no part in the mapping's direction."""

    key: str
    ours: Field
    text: str = ""
    chosen: RemoteField | None = None
    chosen_fits: bool = True
    mode: str = Write.ALWAYS.value
    ways: Sequence[Way] = ()
    way: Way | None = None
    own: str = Direction.BOTH.value
    left: bool = False
    fits: Sequence[RemoteField] = ()
    others: Sequence[RemoteField] = ()
    shared: Shared | None = None
    was: str = ""
    was_type: str = ""
    paused: str = ""
    error: str = ""
    hint: str = ""
    example: Example | None = None

    @property
    def label(self) -> str:
        return _(self.ours.label)

    @property
    def kind(self) -> str:
        return str(KINDS.get(self.ours.kind, self.ours.kind))

    @property
    def mode_words(self) -> str:
        return str(Write(self.mode).label) if self.mode in Write else self.mode

    @property
    def typed(self) -> str:
        """What stands in the input: name and id, or the text as it was typed."""
        if self.chosen:
            return named(self.chosen)
        return f"{self.was} ({self.text})" if self.was else self.text


@dataclass(frozen=True)
class Notes:
    """What is known of single lines: errors by our field, hints and stored pairs by remote id, examples by both."""

    errors: Map[str, str] = field(default_factory=dict)
    hints: Map[str, str] = field(default_factory=dict)
    rows: Map[str, FieldMapping] = field(default_factory=dict)
    examples: Map[tuple[str, str], Example] = field(default_factory=dict)


def named(theirs: RemoteField) -> str:
    return f"{theirs.label} ({theirs.id})"


def lines(desk: Desk, typed: Typed, notes: Notes) -> list[Line]:
    """Every field of ours in its own order; one that is written to several remote fields stands once for each."""
    pairs: dict[str, list[Pair]] = {}
    for pair in typed.pairs:
        pairs.setdefault(pair.ours, []).append(pair)
    chooser, left = _Chooser(desk, typed.goes), left_out(typed, desk)
    return [
        _line(desk, ours, number, pair, notes, chooser, left=ours.name in left)
        for ours in desk.record_type.fields
        for number, pair in enumerate(pairs.get(ours.name) or [Pair(ours.name, "")])
    ]


def offered(desk: Desk, typed: Typed) -> list[tuple[RemoteField, list[str]]]:
    """Fields over there that could be mapped and are not, each with our unmapped fields that fit."""
    taken, mapped = {pair.remote_id for pair in typed.pairs} | {desk.merge_id}, {pair.ours for pair in typed.pairs}
    free = [ours for ours in desk.record_type.fields if ours.name not in mapped]
    chooser = _Chooser(desk, typed.goes)
    return [
        (theirs, [_(ours.label) for ours in free if chooser.fits(ours, theirs)])
        for theirs in desk.fields
        if (theirs.writable or typed.goes is not Direction.PUSH) and theirs.id not in taken
    ]


def unmapped(desk: Desk, typed: Typed) -> list[Field]:
    mapped = {pair.ours for pair in typed.pairs}
    return [ours for ours in desk.record_type.fields if ours.name not in mapped]


class _Chooser:
    """What each of our fields may choose from; the same answer is one list."""

    def __init__(self, desk: Desk, goes: Direction) -> None:
        self.desk, self.goes = desk, goes
        self.is_long = len(desk.fields) * len(desk.record_type.fields) > MOST_OPTIONS
        self.shared: dict[tuple[str, ...], Shared] = {}

    def fits(self, ours: Field, theirs: RemoteField) -> bool:
        if theirs.id == self.desk.merge_id:
            return False
        return bool(ways.own(self.goes, ways.of_field(self.desk.sink, ours, theirs)))

    def fill(self, line: Line) -> None:
        fits = [theirs for theirs in self.desk.fields if self.fits(line.ours, theirs)]
        if self.is_long:
            ids = tuple(theirs.id for theirs in fits)
            line.shared = self.shared.setdefault(ids, Shared(f"fits-{len(self.shared)}", fits))
        line.fits = fits
        line.chosen_fits = line.chosen is None or line.chosen in fits
        known = {theirs.id for theirs in fits}
        line.others = [theirs for theirs in self.desk.fields if theirs.id not in known]


def _line(desk: Desk, ours: Field, number: int, pair: Pair, notes: Notes, chooser: _Chooser, *, left: bool) -> Line:
    row = notes.rows.get(pair.remote_id)
    line = Line(
        key=f"{ours.name}-{number}",
        ours=ours,
        text=pair.remote_id,
        chosen=desk.remote.get(pair.remote_id),
        mode=pair.write_mode,
        own=pair.direction,
        left=left,
        was=row.remote_label if row else "",
        was_type=row.remote_type if row else "",
        paused=row.paused if row and row.ours == ours.name else "",
        error=notes.errors.get(f"fields.{ours.name}", ""),
        hint=notes.hints.get(pair.remote_id, ""),
        example=notes.examples.get((ours.name, pair.remote_id)),
    )
    chooser.fill(line)
    _directed(line, desk, chooser.goes, pair)
    return line


def _directed(line: Line, desk: Desk, goes: Direction, pair: Pair) -> None:
    """The ways this line may go; one that nothing was chosen for yet may go any way that ours can."""
    own = Direction(pair.direction) if pair.direction in tuple(Direction) else Direction.BOTH
    found = directions(desk, goes, pair)
    if line.chosen is None:
        found = ways.own(goes, Direction.PUSH if line.ours.read_only else Direction.BOTH)
    comes = ways.within(goes, own)
    if comes in found:
        found[comes] = own  # as it was said, so that the field follows when the mapping is turned
    name = {"name": desk.provider.name}
    made = {one: Way(value.value, one.value, ARROWS[one], str(WAYS[one]) % name) for one, value in found.items()}
    line.ways = tuple(made.values())
    line.way = (made.get(comes) if comes else None) or next(iter(line.ways), None)


def shared_lists(lines: Sequence[Line]) -> list[Shared]:
    return list({line.shared.id: line.shared for line in lines if line.shared}.values())

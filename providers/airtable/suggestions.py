"""Which of their fields goes with which of ours: by name in five languages, then by type. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from integration_hub.contract import Field, RecordType, RemoteField
from providers.airtable.cells import TAKES
from providers.airtable.nouns import NOUNS
from providers.airtable.schema import letters
from providers.airtable.synonyms import words_for

# Words that say nothing: "Data de început" is "Data început".
FILLERS = frozenset({"of", "the", "for", "and", "de", "da", "do", "la", "le", "al", "a", "el", "del", "los", "las",
                     "lui", "cu", "der", "die", "das", "des", "dem", "den", "und"})  # fmt: skip
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
TEXTS = frozenset({"singleLineText", "multilineText", "richText"})
TEXTUAL = frozenset({"text", "long_text", "id"})
# Types that give themselves away, whatever the field is called.
TELLING: Mapping[str, str] = {"email": "email", "phone": "phoneNumber", "url": "url", "file": "multipleAttachments"}

EXACT, SYNONYM, WORDS = 0, 1, 2
Rank = tuple[int, int]
Bag = tuple[str, ...]


def suggest(
    record_type: RecordType, theirs: Sequence[RemoteField], *, by_type: bool = True, reads: bool = False
) -> dict[str, str]:
    """Our field names and the ids of theirs; each used once. A field's own name beats a synonym, and an early synonym
    a late one. `by_type`: what no name told may be guessed from a type that only one field has; `reads`: the table is
    read as well, so files may come from it."""
    found = by_name(record_type, theirs)
    if reads:
        found |= _files(record_type, [field for field in theirs if field.id not in found.values()])
    if by_type:
        found |= _by_type(
            [ours for ours in record_type.fields if ours.name not in found],
            [field for field in theirs if field.id not in found.values()],
        )
    return {ours.name: found[ours.name] for ours in record_type.fields if ours.name in found}


def _files(record_type: RecordType, theirs: Sequence[RemoteField]) -> dict[str, str]:
    """Fields that hold files, for ours that are copied from there: called alike, else the only one."""
    there = [field for field in theirs if field.type == "multipleAttachments"]
    found: dict[str, str] = {}
    for ours in (field for field in record_type.fields if field.kind == "files"):
        known = {letters(word) for word in (ours.label, ours.name, *words_for(record_type.key, ours.name))}
        named = [field for field in there if letters(field.label) in known] or (there if len(there) == 1 else [])
        if named:
            found[ours.name] = named[0].id
    return found


def by_name(record_type: RecordType, theirs: Sequence[RemoteField]) -> dict[str, str]:
    pairs = sorted(_pairs(record_type, theirs), key=lambda pair: pair[0])
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _rank, name, remote_id in pairs:
        if name not in found and remote_id not in taken:
            found[name] = remote_id
            taken.add(remote_id)
    return found


def _pairs(
    record_type: RecordType, theirs: Sequence[RemoteField]
) -> Iterator[tuple[tuple[Rank, int, int, int], str, str]]:
    """Every pair whose names fit, the best first when sorted: name, type, then the order of both sides."""
    named = [(field, letters(field.label), _bag(record_type.key, field.label)) for field in theirs]
    for place, ours in enumerate(record_type.fields):
        exact, bags = _names(record_type.key, ours.name, ours.label)
        for number, (field, name, bag) in enumerate(named):
            rank = exact.get(name) or bags.get(bag)
            if rank is not None and name and suits(ours, field) and _means_it(ours, field, rank):
                yield (rank, _looseness(ours, field), place, number), ours.name, field.id


def suits(ours: Field, theirs: RemoteField) -> bool:
    """Whether their type holds our kind without a thought."""
    return theirs.writable and theirs.type in TAKES.get(ours.kind, frozenset())


def _means_it(ours: Field, theirs: RemoteField, rank: Rank) -> bool:
    """A link is written as text only into a field that has its very name: there are fields of ours for the text."""
    return ours.kind != "link" or theirs.type == "multipleRecordLinks" or rank[0] == EXACT


def _looseness(ours: Field, theirs: RemoteField) -> int:
    """0 for the type we would have chosen, 1 for one that takes it too."""
    return int((theirs.type in TEXTS) != (ours.kind in TEXTUAL))


@lru_cache(maxsize=512)
def _names(record_type: str, name: str, label: str) -> tuple[dict[str, Rank], dict[Bag, Rank]]:
    """What our field may be called: whole names, and bags of words in any order."""
    exact: dict[str, Rank] = {letters(label): (EXACT, 0), letters(name): (EXACT, 0)}
    bags: dict[Bag, Rank] = {}
    for place, word in enumerate((label, *words_for(record_type, name))):
        for spelling in (word, word.translate(UMLAUTS)):
            exact.setdefault(letters(spelling), (SYNONYM, place))
            bags.setdefault(_bag(record_type, spelling), (WORDS, place))
    bags.pop((), None)
    return exact, bags


def _bag(record_type: str, text: str) -> Bag:
    """The words of a name without fillers and without the record's own noun, in order of the alphabet."""
    nouns = _nouns(record_type)
    words = (_simple(letters(word), nouns) for word in _split(text))
    return tuple(sorted({word for word in words if word and word not in FILLERS} - set(nouns)))


def _simple(word: str, nouns: Sequence[str]) -> str:
    """A compound without the record's noun in front: of "Ticketstatus" the status."""
    for noun in nouns:
        if len(noun) >= 4 and word.startswith(noun) and len(word) >= len(noun) + 4:
            return word[len(noun) :]
    return word


def _split(text: str) -> list[str]:
    """At spaces, signs and humps; accents, quotes and the Hebrew gershayim belong to their word."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return "".join(" " if sign in "-–—_/\\.,:;|#()[]&+*" else sign for sign in text).split()


@lru_cache(maxsize=32)
def _nouns(record_type: str) -> tuple[str, ...]:
    """One-word names of this kind of record, the shortest first."""
    words = {letters(noun) for noun in NOUNS.get(record_type, ()) if " " not in noun}
    return tuple(sorted(words, key=lambda word: (len(word), word)))


# --- by type ----------------------------------------------------------------------------------------------------------


def _by_type(ours: Sequence[Field], theirs: Sequence[RemoteField]) -> dict[str, str]:
    found = dict(_telling(ours, theirs))
    for field in ours:
        if field.kind == "choice" and field.choices:
            rest = [one for one in theirs if one.type == "singleSelect" and one.id not in found.values()]
            alike = [one for one in rest if _shares(field.choices, choices_of(one))]
            if len(alike) == 1:
                found[field.name] = alike[0].id
    return found


def _telling(ours: Sequence[Field], theirs: Sequence[RemoteField]) -> Iterator[tuple[str, str]]:
    """Where one of ours and one of theirs are left of a type that tells."""
    for kind, type_ in TELLING.items():
        mine = [field for field in ours if field.kind == kind]
        there = [field for field in theirs if field.type == type_ and field.writable]
        if len(mine) == len(there) == 1:
            yield mine[0].name, there[0].id


def choices_of(field: RemoteField) -> list[str]:
    """The names of a select field's choices."""
    listed = field.options.get("choices")
    return [str(one["name"]) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _shares(mine: Collection[str], theirs: Iterable[str]) -> bool:
    """Whether at least half of our choices, and two, are among theirs."""
    both = {letters(one) for one in mine} & {letters(one) for one in theirs}
    return len(both) >= 2 and 2 * len(both) >= len(mine)

"""Who buys: made-up people of five languages, each with an address and a number that are nobody's."""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from integration_hub.records.demo.names import GROUPS, LATIN, NAMES, PEOPLE

GROUP_NOTES = "Group booking; invoice by e-mail."
WITHOUT_PHONE = 0.06


@dataclass(frozen=True)
class Buyer:
    reference: str
    name: str
    email: str
    phone: str
    language: str
    notes: str = ""

    @property
    def family(self) -> str:
        return self.name.rpartition(" ")[2]


def buyers(rng: random.Random, prefix: str, count: int) -> list[Buyer]:
    """So many people of all languages, none of them twice; some are schools and clubs."""
    groups = GROUPS[: count // 100]
    found = [(name, "ro", f"{local}@example.com", "", GROUP_NOTES) for name, local in groups]
    for language, (share, numbers) in PEOPLE.items():
        names = pairs(rng, language, ceil(count * share / 100))
        for number, name in enumerate(names, 1):
            phone = "" if rng.random() < WITHOUT_PHONE else f"{numbers}{number:04}"
            found.append((name, language, email(name), phone, ""))
    rng.shuffle(found)
    return [
        Buyer(f"{prefix}-{number:04}", name, mail, phone, language, notes)
        for number, (name, language, mail, phone, notes) in enumerate(found[:count], 1)
    ]


def pairs(rng: random.Random, language: str, count: int) -> Iterator[str]:
    """Full names, each once; when all are used up, people have two first names."""
    firsts, lasts = NAMES[language]
    all_names = [f"{first} {last}" for last in lasts for first in firsts]
    if count > len(all_names):
        all_names += [f"{one} {other} {last}" for one, other in pairwise(firsts) for last in lasts]
    yield from rng.sample(all_names, count)


def first_name(rng: random.Random, language: str) -> str:
    return rng.choice(NAMES[language][0])


def email(name: str) -> str:
    """An address nobody has."""
    words = [plain(LATIN.get(word, word)) for word in name.split()]
    return f"{'.'.join(filter(None, words))}@example.com"


def plain(word: str) -> str:
    """Its letters without their marks, in lower case: "Țepeș" → "tepes", "Groß" → "gross"."""
    spelled = unicodedata.normalize("NFKD", word.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return "".join(filter(str.isalpha, spelled))

"""Taking secrets out of whatever is about to be written down. Pure; logs use it before Django is set up.

Three nets: values under names that hold secrets, texts that look like a key, and the very secrets of a connection.
"""

import re
from collections.abc import Mapping
from typing import TypeVar, cast
from urllib.parse import quote, quote_plus

from integration_hub.notices.secrecy import HARMLESS_NAME, HIDDEN, SECRET_NAME, is_secret_name

T = TypeVar("T")

_SHORTEST = 6  # a given secret shorter than this would blank out half of every text
_DEEPEST = 30

_NAME = rf"(?<![\w.\-])[\w.\-]{{0,60}}(?:{SECRET_NAME.pattern})[\w.\-]*"
# name="value", 'name': 'value', name=value, name: value - as in JSON (cut off, too), addresses, reprs and headers.
_QUOTED = re.compile(
    rf"""(?P<name>{_NAME})(?P<gap>\\?["']?\s*[:=]\s*)(?P<mark>\\?["'])(?P<value>.*?)(?:(?<!\\)(?P=mark)|\Z)""",
    re.I | re.S,
)
_HEADER = re.compile(r"(?P<name>(?:proxy-)?authorization|(?:set-)?cookie)(?P<gap>\s*[:=]\s*)(?P<value>[^\r\n]+)", re.I)
_BARE = re.compile(
    rf"""(?P<name>{_NAME}|(?<=[?&])(?:key|sig|code))(?P<gap>\s*[:=]\s*)(?P<value>[^\s"'&,;\\<>(){{}}\[\]]+)""", re.I
)

# Keys that give themselves away by their looks, wherever they stand.
_LOOKS = re.compile(
    r"\bBearer\s+[\w.~+/=\-]{6,}"
    r"|\bBasic\s+(?=[A-Za-z+/]*[0-9=])[A-Za-z0-9+/]{8,}={0,2}"
    r"|\bpat[A-Za-z0-9]{10,}\.[A-Za-z0-9]{6,}"  # personal access tokens
    r"|\boa[ar][A-Za-z0-9]{14}\.v\d+\.[\w.\-]{6,}"  # tokens of those who signed in
    r"|\bpat(?=[A-Za-z]*[0-9])[A-Za-z0-9]{10,}"
    r"|\bkey(?=[A-Za-z]*[0-9])[A-Za-z0-9]{14}\b"
    r"|\bhub_[\w\-]{8,}"  # our own API tokens
    r"|\b(?:[spr]k_(?:live|test)_|whsec_|xox[abps]-)[\w\-+/=]{8,}"
    r"|\beyJ[\w\-]{6,}\.[\w\-]{6,}\.[\w\-]*"  # JSON web tokens
    r"|\bgAAAAA[\w\-=]{20,}"  # our own ciphertext
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # name and password in an address
)

# Nearly every text that is written down is harmless, and says so in a fraction of the time that the nets take: what
# the first three find has one of these names in it, and each look one of these marks.
_NAMED = re.compile(rf"{SECRET_NAME.pattern}|[?&](?:key|sig|code)", re.I)
_MARKS = (
    *("Bearer", "Basic", "pat", "oaa", "oar", "key", "hub_", "k_live_", "k_test_", "whsec_", "xox", "eyJ", "gAAAAA"),
    "://",
)


def redact(what: T, secrets: tuple[str, ...] = ()) -> T:
    """A copy of a text, mapping or list without secrets; anything else comes back as it is."""
    return cast(T, _clean(what, _forms(secrets), 0))


def scrub(sentence: str, secrets: tuple[str, ...] = ()) -> str:
    """The milder form for sentences people read: hides keys, but leaves a word after "token:" alone."""
    for secret in _forms(secrets):
        sentence = sentence.replace(secret, HIDDEN)
    return _LOOKS.sub(HIDDEN, sentence)


# Log lines say the same words again and again: short texts in which nothing was found, and names that hide nothing.
_MOST, _SHORT = 4096, 64
_NUMBERS = (int, float, bool, type(None))
_harmless: set[str] = set()
_names: set[str] = set()


def _clean(what: object, secrets: tuple[str, ...], depth: int) -> object:
    if isinstance(what, str):
        return _text(what, secrets)
    if isinstance(what, bytes):
        return _text(what.decode("utf-8", "replace"), secrets).encode()
    if depth > _DEEPEST:
        return HIDDEN
    if type(what) is dict or isinstance(what, Mapping):
        found: dict[object, object] = {}
        for name, value in what.items():
            if not secrets and _was_seen(name, value):
                found[name] = value
            else:
                found[_clean(name, secrets, depth + 1)] = _value(name, value, secrets, depth)
        return found
    if isinstance(what, (list, tuple, set, frozenset)):
        parts = [_clean(part, secrets, depth + 1) for part in what]
        return tuple(parts) if isinstance(what, tuple) else type(what)(parts)
    return what


def _was_seen(name: object, value: object) -> bool:
    """Nothing was found in either before; numbers have nothing to hide under such a name."""
    if type(name) is not str or name not in _names or name not in _harmless:
        return False
    return type(value) in _NUMBERS or (type(value) is str and value in _harmless)


def _value(name: object, value: object, secrets: tuple[str, ...], depth: int) -> object:
    if isinstance(name, str) and _hides(name) and value not in (None, "", True, False):
        return HIDDEN
    return _clean(value, secrets, depth + 1)


def _hides(name: str) -> bool:
    if name in _names:
        return False
    if is_secret_name(name):
        return True
    _remember(_names, name)
    return False


def _remember(known: set[str], text: str) -> None:
    if len(text) <= _SHORT:
        if len(known) >= _MOST:
            known.clear()
        known.add(text)


def _text(text: str, secrets: tuple[str, ...]) -> str:
    if not secrets:
        if text in _harmless:
            return text
        if (found := _caught(text)) == text:
            _remember(_harmless, text)
        return found
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _caught(text)


def _caught(text: str) -> str:
    """What the nets find is hidden."""
    if (":" in text or "=" in text) and _NAMED.search(text):
        text = _HEADER.sub(rf"\g<name>\g<gap>{HIDDEN}", text)
        text = _QUOTED.sub(_hide_quoted, text)
        text = _BARE.sub(_hide_bare, text)
    return _LOOKS.sub(HIDDEN, text) if any(mark in text for mark in _MARKS) else text


def _hide_quoted(found: "re.Match[str]") -> str:
    if HARMLESS_NAME.fullmatch(found["name"]) or not found["value"]:
        return found[0]
    return f"{found['name']}{found['gap']}{found['mark']}{HIDDEN}{found['mark']}"


def _hide_bare(found: "re.Match[str]") -> str:
    if HARMLESS_NAME.fullmatch(found["name"]) or HIDDEN.startswith(found["value"]):
        return found[0]
    return f"{found['name']}{found['gap']}{HIDDEN}"


def _forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Each secret as it is and as it stands in an address or in JSON; the longest first, so no tail is left over."""
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            forms |= {secret, quote(secret, safe=""), quote_plus(secret), secret.replace('"', '\\"')}
    return tuple(sorted(forms, key=len, reverse=True))

"""A provider's README as HTML: headings, lists, links and code. Everything is escaped before anything is marked up."""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from integration_hub.contract import Provider

_INLINE = (  # over escaped text; only http(s) addresses become links
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![*\w])\*([^*\s][^*]*)\*(?![*\w])"), r"<em>\1</em>"),
    (
        re.compile(r"\[([^\]]+)\]\((https?://[^\s)]+)\)"),
        r'<a href="\2" rel="noopener noreferrer" target="_blank">\1</a>',
    ),
    (re.compile(r"&lt;(https?://[^\s&]+)&gt;"), r'<a href="\1" rel="noopener noreferrer" target="_blank">\1</a>'),
)
_LINE = re.compile(r"(?P<heading>#+) |(?P<ul>[-*] )|(?P<ol>\d+\. )|(?P<more>\s+(?=\S))")


@cache
def guide(provider: Provider) -> SafeString:
    """The README beside the provider's declaration, without its first heading; empty where there is none."""
    path = Path(inspect.getfile(type(provider))).parent / "README.md"
    return html(path.read_text(encoding="utf-8")) if path.is_file() else mark_safe("")


def html(text: str) -> SafeString:
    """Markdown's plain part as HTML."""
    pieces = text.split("```")
    made = [_code(piece) if number % 2 else "".join(_blocks(piece)) for number, piece in enumerate(pieces)]
    return mark_safe("\n".join(made))  # noqa: S308 - every line went through escape()


def _code(piece: str) -> str:
    return f"<pre><code>{escape(piece.partition(chr(10))[2].rstrip())}</code></pre>"


def _blocks(text: str) -> Iterator[str]:
    for kind, lines in groupby(_entries(text), key=lambda entry: entry[0]):
        items = [_inline(line) for _kind, line in lines]
        if kind in ("ul", "ol"):
            yield f"<{kind}>{''.join(f'<li>{item}</li>' for item in items)}</{kind}>"
        elif kind == "heading":
            yield "".join(f"<h3>{item}</h3>" for item in items)
        elif kind == "p":
            yield f"<p>{' '.join(items)}</p>"


def _entries(text: str) -> list[tuple[str, str]]:
    """(kind, line); an indented line belongs to the list entry above it. The document's title is left out."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        match = _LINE.match(line)
        kind = str(match.lastgroup) if match else "p" if line.strip() else "gap"
        if kind == "more":
            if found and found[-1][0] in ("ul", "ol", "p"):
                found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
                continue
            kind = "p"
        if kind == "heading" and line.startswith("# "):
            continue
        found.append((kind, line[match.end() :].strip() if match and kind != "p" else line.strip()))
    return found


def _inline(line: str) -> str:
    made = str(escape(line))
    for pattern, markup in _INLINE:
        made = pattern.sub(markup, made)
    return made

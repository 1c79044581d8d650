"""The README beside the connect form: marked up, and never more than text."""

import pytest

from integration_hub.hub.guide import html


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("# Title\n## How", "<h3>How</h3>"),
        ("one\ntwo\n\nthree", "<p>one two</p><p>three</p>"),
        ("- a\n  b\n- c", "<ul><li>a b</li><li>c</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("**x** `y` *z*", "<p><strong>x</strong> <code>y</code> <em>z</em></p>"),
        ("```\n<b> **x**\n```", "<pre><code>&lt;b&gt; **x**</code></pre>"),
    ],
)
def test_what_it_knows(text: str, made: str) -> None:
    assert html(text).replace("\n", "") == made.replace("\n", "")


def test_links_are_web_addresses_only() -> None:
    assert 'href="https://a.example/b?c=1&amp;d=2"' in html("[here](https://a.example/b?c=1&d=2)")
    for text in ("[x](javascript:alert(1))", "[x](data:text/html,1)", '[x](https://a"onclick=alert(1))'):
        made = html(text)
        assert '<a href="javascript' not in made and '<a href="data' not in made and '"onclick' not in made


def test_markup_in_the_text_stays_text() -> None:
    assert "<script" not in html("<script>alert(1)</script>\n- <img src=x onerror=alert(1)>")

"""HTML of strangers: what may be shown of it, and its words."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

import nh3

_SHOWN = (
    "a abbr b blockquote br caption code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins li ol p pre q s small span"
    " strong sub sup table tbody td tfoot th thead tr u ul"
)
TAGS = frozenset(_SHOWN.split())
"""No picture: one that is fetched tells its sender when, where and on what the letter was read."""
_BREAKING = "blockquote br caption dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul"
_BLOCKS = frozenset(_BREAKING.split())
_FORGOTTEN = {"script", "style", "head", "title", "noscript", "template", "iframe", "object", "svg", "math"}
_MANY_LINES = re.compile(r"\n{3,}")
DEEP_HTML_MAX = 1000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
_OPEN_ENDED = frozenset(
    ("br", "img", "hr", "input", "meta", "link", "p", "li", "td", "th", "tr", "col", "wbr", "option")
)
"""What is mostly not closed."""
DEEP_MAX = 200
"""Quotes within quotes beyond this are marked no further."""


def _shallow(html: str) -> str:
    """As it is; but boxes within boxes by the thousand are opened first: cleaners take the square of their depth."""
    deep = 0
    for found in _TAG.finditer(html):
        if found[2].lower() in _OPEN_ENDED:
            continue
        deep = max(0, deep - 1) if found[1] else deep + 1
        if deep > DEEP_HTML_MAX:
            return escape(_ANY_TAG.sub(" ", html), quote=False)
    return html


def clean(html: str) -> str:
    """What may be shown: no script, no style, no picture, no form; links that open apart and tell nothing."""
    return nh3.clean(
        _shallow(html),
        tags=set(TAGS),
        clean_content_tags=_FORGOTTEN - {"head"},
        attributes={"a": {"href", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def text_of(html: str) -> str:
    """Its words, a line a block, what is quoted marked with `>` as in plain letters. Linear: read after cleaning."""
    reader = _Reader()
    reader.feed(clean(html))
    reader.close()
    lines = "".join(reader.written).replace("\xa0", " ").split("\n")
    tidy = "\n".join(line.rstrip() if line.startswith("> ") else line.strip() for line in lines)
    return _MANY_LINES.sub("\n\n", tidy).strip()


def html_of(text: str) -> str:
    """A plain text as paragraphs, its line breaks kept."""
    parts = [part for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return "".join(f"<p>{escape(part.strip(), quote=False).replace(chr(10), '<br>')}</p>" for part in parts)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self.deep = 0
        self.verbatim = 0
        self.at_start = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "blockquote":
            self.deep += 1
        if tag == "pre":
            self.verbatim += 1
        if tag in _BLOCKS:
            self._end_line(twice=tag in ("p", "blockquote", "table", "ul", "ol", "pre"))
        if tag == "li":
            self._say("- ")
        if tag in ("td", "th") and not self.at_start:
            self._say(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS and tag not in ("br", "hr"):
            self._end_line(twice=tag == "p")
        if tag == "blockquote":
            self.deep = max(0, self.deep - 1)
        if tag == "pre":
            self.verbatim = max(0, self.verbatim - 1)

    def handle_data(self, data: str) -> None:
        if self.verbatim:
            for line in data.split("\n"):
                self._say(line)
                self._end_line()
            return
        words = re.sub(r"[ \t\r\n\f]+", " ", data)
        if self.at_start:
            words = words.lstrip(" ")
        if words:
            self._say(words)

    def _say(self, words: str) -> None:
        if self.at_start and self.deep:
            self.written.append("> " * min(self.deep, DEEP_MAX))
        self.written.append(words)
        self.at_start = False

    def _end_line(self, *, twice: bool = False) -> None:
        if not self.at_start:
            self.written.append("\n\n" if twice else "\n")
        elif self.written and twice and not self.written[-1].endswith("\n\n"):
            self.written.append("\n")
        self.at_start = True

"""Reading a JSON body: strictly, and with words for what is wrong with it."""

from __future__ import annotations

import re
from typing import Any

import orjson
from django.http import HttpRequest
from django.utils.translation import gettext as _

from egard.api.refusals import BadJson, WrongType

DEPTH_MAX = 64
"""Levels of lists and objects. Nothing declared here comes near; what is read is written again by code with limits."""

_JSON_TYPE = re.compile(r"application/(json|[a-z0-9.+-]+\+json)")
_AS_LIST = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET = bytes(set(range(256)) - set(b'[]{}"\\'))
_ESCAPED_NUL = b"\\u0000"


def parse(request: HttpRequest, *, nul_allowed: bool = False) -> Any:
    """The JSON value of the body. Raises `WrongType`, `BadJson` (NaN, lone surrogates, not UTF-8, too deep...).

    With `nul_allowed` the caller refuses strings that hold NUL itself (one by one, in a batch).
    """
    raw = request.body
    if raw and not _JSON_TYPE.fullmatch(request.content_type or ""):
        raise WrongType
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "recursion limit" in error.msg.lower():
            raise _too_deep() from error
        why = _("it must be one JSON value in UTF-8 (RFC 8259). At line {line}, column {column}: {error}.")
        raise BadJson(why=why.format(line=error.lineno, column=error.colno, error=error.msg)) from error
    _check_depth(raw, value)
    if not nul_allowed and _ESCAPED_NUL in raw and _holds_nul(value):
        raise BadJson(why=_("it holds the character NUL (\\u0000), which cannot be stored. Remove it."))
    return value


def _too_deep() -> BadJson:
    return BadJson(why=_("at most {limit} levels of lists and objects may be nested.").format(limit=DEPTH_MAX))


def _check_depth(raw: bytes, value: Any) -> None:
    """Raises `BadJson`. Brackets alone tell the depth, unless one stands inside a string: then the value is walked."""
    brackets = raw.translate(_AS_LIST, _NO_BRACKET).replace(b'""', b"")
    if b'"' in brackets or b"\\" in brackets:
        _walk(value)
        return
    for _level in range(DEPTH_MAX):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return
    raise _too_deep()


def _walk(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > DEPTH_MAX:
            raise _too_deep()
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in name or _holds_nul(child) for name, child in value.items())
    return isinstance(value, list) and any(_holds_nul(child) for child in value)

"""Every word that the API, the kernel or a journey may say is said in French, in French typography."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import polib
import pytest

import egard

PACKAGE = Path(egard.__file__).parent
ROOMS = [PACKAGE / name for name in ("base", "kernel", "api", "journeys")]
MARKS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
CATALOGUES = sorted(PACKAGE.rglob("locale/fr/LC_MESSAGES/django.po"))


def marked(path: Path) -> set[str]:
    """The texts that a module marks for translation."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in MARKS
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_marked_text_has_its_french():
    known = {entry.msgid for path in CATALOGUES for entry in polib.pofile(path) if entry.translated()}
    wanted = {
        (str(path.relative_to(PACKAGE)), text) for room in ROOMS for path in room.rglob("*.py") for text in marked(path)
    }
    assert len(wanted) > 100
    assert sorted((path, text) for path, text in wanted if text not in known) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.relative_to(PACKAGE).parts[-5])
def test_a_catalogue_is_compiled_and_keeps_its_names_and_spaces(path):
    compiled = {(entry.msgctxt, entry.msgid): entry.msgstr for entry in polib.mofile(path.with_suffix(".mo"))}
    for entry in polib.pofile(path):
        msgid = entry.msgid
        if not entry.msgid_plural:
            assert compiled.get((entry.msgctxt, msgid)) == entry.msgstr, msgid
        french = entry.msgstr or " ".join(entry.msgstr_plural.values())
        names = r"\{\w+\}|%\(\w+\)s"
        assert set(re.findall(names, french)) <= set(re.findall(names, msgid + entry.msgid_plural)), msgid
        assert not re.search(r" [:;?!»]|« ", french), f"no-break spaces: {french}"
        assert "'" not in re.sub(r"`[^`]*`|%\(\w+\)s", "", french).replace("''", ""), f"an apostrophe is ’: {french}"

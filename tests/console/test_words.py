"""The interface speaks French and English, wholly and with its typography."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

import egard

PACKAGE = Path(egard.__file__).parent
CATALOGUES = sorted(PACKAGE.rglob("locale/*/LC_MESSAGES/django.po"))
FRENCH = [path for path in CATALOGUES if "/fr/" in path.as_posix()]


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0] + "/" + path.parents[3].name


def texts(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_there_are_catalogues():
    assert PACKAGE / "console/locale/fr/LC_MESSAGES/django.po" in FRENCH


@pytest.mark.parametrize("path", CATALOGUES, ids=name)
def test_a_catalogue_is_complete_and_compiled(path):
    catalogue = polib.pofile(str(path))
    assert [e.msgid for e in catalogue.untranslated_entries()] == []
    assert [e.msgid for e in catalogue.fuzzy_entries()] == []
    compiled = polib.mofile(str(path.with_suffix(".mo")))
    assert {(e.msgctxt, e.msgid): texts(e) for e in compiled} == {
        (e.msgctxt, e.msgid): texts(e) for e in catalogue if not e.obsolete
    }


@pytest.mark.parametrize("path", FRENCH, ids=name)
def test_french_keeps_its_typography(path):
    wrong = []
    for entry in polib.pofile(str(path)):
        for text in texts(entry):
            # What is to be typed as it stands keeps its own marks: code between backticks, tags, addresses.
            plain = re.sub(
                r"`[^`]*`|<[^>]*>|%\(\w+\)\w|\{\w*\}|https?://\S+|“[^”]*”|[A-Z][\w-]+: (?:Bearer|application/\w+)",
                "",
                text,
            )
            if (
                re.search(r"(?<![\u00a0\u202f])[;?!»]", plain)
                or re.search(r"(?<![\u00a0\u202f]):(?=\s|$)", plain)
                or re.search(r"«(?!\u00a0|\u202f)", plain)
                or re.search(r"\w'\w", plain)
                or '"' in plain.replace('["all"]', "")
            ):
                wrong.append(text)
    assert wrong == []


@pytest.mark.parametrize("path", FRENCH, ids=name)
def test_translations_keep_their_placeholders(path):
    def holders(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)\w|\{\w+\}", text))

    for entry in polib.pofile(str(path)):
        whole = holders(entry.msgid_plural or entry.msgid)
        assert all(holders(text) == whole for text in texts(entry)[-1:]), entry.msgid

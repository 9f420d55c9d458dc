from test_catalogue import *  # noqa
import test_catalogue as t
import pytest

MINE = [p for p in t.PAGES if p.name.startswith("signature")]
t.GROUPS = [MINE]


@pytest.mark.parametrize(("language", "theme", "width", "other"), t.LOOKS)
def test_mine(visit, language, theme, width, other):
    t.test_every_page_is_silent_within_the_screen_and_accessible(visit, language, theme, width, other, 0)


def test_mine_words(visit, marked_french, monkeypatch):
    monkeypatch.setattr(t, "PAGES", MINE)
    t.test_every_word_on_every_page_is_translated(visit, marked_french)

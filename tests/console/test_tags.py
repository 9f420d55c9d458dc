from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from egard.base.figures import interval
from egard.base.money import Money
from egard.console.templatetags import egard as tags

NOW = datetime(2026, 3, 10, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "language", "words"),
    [
        (datetime(2026, 3, 10, 7, 5, tzinfo=UTC), "en", "today 08:05"),
        (datetime(2026, 3, 9, 23, 30, tzinfo=UTC), "en", "today 00:30"),  # already Tuesday in Paris
        (datetime(2026, 3, 9, 22, 30, tzinfo=UTC), "fr", "hier 23:30"),
        (datetime(2026, 2, 1, 12, tzinfo=UTC), "fr", "1er février"),
        (datetime(2026, 2, 11, 12, tzinfo=UTC), "fr", "11 février"),
        (datetime(2024, 2, 29, 12, tzinfo=UTC), "en", "29 February 2024"),
    ],
)
def test_a_moment_is_said_as_people_say_it(moment, language, words):
    with translation.override(language):
        assert tags.said(moment, NOW) == words


def test_the_exact_moment_stands_in_the_title():
    with translation.override("en"):
        drawn = tags.when(datetime(2026, 2, 1, 12, tzinfo=UTC), NOW)
    assert drawn == (
        '<time datetime="2026-02-01T12:00:00+00:00" title="Sunday 1 February 2026, 13:00:00 CET">1 February</time>'
    )


def test_french_puts_an_article_before_a_date_but_not_before_yesterday():
    with translation.override("fr"):
        assert "depuis le <time" in tags.since(datetime(2025, 6, 12, tzinfo=UTC), NOW)
        assert "depuis <time" in tags.since(datetime(2026, 3, 9, 12, tzinfo=UTC), NOW)


def test_money_is_written_as_its_readers_write_it():
    with translation.override("fr"):
        assert tags.money(Money(123450, "EUR")) == "1\u202f234,50\u00a0€"
    with translation.override("en"):
        assert tags.money(1200, "JPY") == "¥1,200"


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Hélène Lebœuf", "leboeuf", "Hélène <mark>Lebœuf</mark>"),
        ("Élodie", "elo", "<mark>Élo</mark>die"),
        ("+33 6 12 34 56 78", "06123", "+33 <mark>6 12 3</mark>4 56 78"),
        ("<b>Anne</b>", "anne", "&lt;b&gt;<mark>Anne</mark>&lt;/b&gt;"),
        ("Anne", "zoé", "Anne"),
        ("Anne & Co", "", "Anne &amp; Co"),
    ],
)
def test_what_was_found_is_marked_and_the_rest_is_safe(text, query, marked):
    assert tags.highlight(text, query) == marked


def test_a_meaning_has_a_shape_a_word_and_a_colour():
    drawn = tags.tag("kept", "yes")
    assert "tone-kept" in drawn
    assert "#circle-check" in drawn
    assert drawn.endswith("yes</span>")


def test_an_unknown_icon_is_a_point():
    assert "#point" in tags.icon("no-such-icon")


def test_a_date_has_no_time_of_day():
    with translation.override("en"):
        assert 'title="Tuesday 10 March 2026"' in tags.when(date(2026, 3, 10), NOW)


@pytest.mark.parametrize(
    ("day", "language", "said"),
    [
        (date(2026, 3, 10), "fr", "aujourd’hui"),
        (date(2026, 3, 9), "en", "yesterday"),
        (date(2026, 1, 20), "fr", "il y a 49 jours"),
        (date(2024, 7, 31), "fr", "il y a 19 mois"),
        (date(2024, 3, 10), "fr", "il y a 2 ans"),
        (date(2011, 12, 9), "en", "14 years ago"),
    ],
)
def test_how_long_ago_is_said_in_days_then_months_then_years(day, language, said):
    with translation.override(language):
        assert tags.said_ago(day, NOW.date()) == said


def test_a_share_is_said_with_its_number_and_its_bounds():
    with translation.override("en"):
        assert re.sub(r"<[^>]*>", "", tags.rate(38, 40)) == "95% of 40, between 83% and 99%"
        assert "no figure yet" in tags.rate(0, 0)
    with translation.override("fr"):
        drawn = re.sub(r"<[^>]*>", "", tags.rate(1, 1200))
        assert drawn == "0,1\u00a0% sur 1\u202f200, entre 0\u00a0% et 0,5\u00a0%"


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_bounds_hold_the_share_and_narrow_with_numbers(hits, misses):
    n = hits + misses
    low, high = interval(hits, n)
    assert 0 <= low <= (hits / n if n else 0) + 1e-12
    assert (hits / n if n else 1) - 1e-12 <= high <= 1
    wide_low, wide_high = interval(hits * 10, n * 10)
    assert wide_high - wide_low <= high - low + 1e-12
    mirrored = interval(misses, n)
    assert (mirrored[0], mirrored[1]) == (pytest.approx(1 - high), pytest.approx(1 - low))

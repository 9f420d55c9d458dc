from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from egard.base.ids import new_id
from egard.base.money import Money, exponent
from egard.base.paging import UnknownCursor, decode_cursor, encode_cursor
from egard.base.text import elided, fold, sort_key, trigrams, words


@pytest.mark.parametrize(
    ("typed", "folded"),
    [("Élodie", "elodie"), ("LEBŒUF", "leboeuf"), ("Straße", "strasse"), ("Łódź", "lodz"), ("İstanbul", "istanbul")],
)
def test_accents_case_and_ligatures_do_not_matter(typed, folded):
    assert fold(typed) == folded


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


def test_a_name_is_cut_where_people_hear_words():
    assert words("Jean-Pierre d’Ormesson") == ["jean", "pierre", "d", "ormesson"]


def test_names_sort_as_in_a_french_directory():
    names = [("Legall", "Anne"), ("Le Gall", "Zoé"), ("Étienne", "Paul"), ("Le Gall", "Anne"), ("Durand", "Eve")]
    ordered = sorted(names, key=lambda name: sort_key(*name))
    assert ordered == [
        ("Durand", "Eve"),
        ("Étienne", "Paul"),
        ("Le Gall", "Anne"),
        ("Le Gall", "Zoé"),
        ("Legall", "Anne"),
    ]


@given(st.text(alphabet="abcdé ", min_size=1), st.integers(0, 20), st.integers(3, 8))
def test_any_piece_of_three_letters_shares_its_trigrams_with_the_whole(text, start, size):
    whole = " ".join(words(text))
    piece = whole[start : start + size]
    if len(piece) >= 3 and " " not in piece:
        assert {piece[i : i + 3] for i in range(len(piece) - 2)} <= set(trigrams(whole))


def test_money_is_rounded_once_half_to_even_and_knows_its_decimals():
    assert Money.of(Decimal("1.005"), "EUR") == Money(100, "EUR")
    assert Money.of(Decimal("1.015"), "EUR") == Money(102, "EUR")
    assert Money.of(Decimal("1500"), "JPY") == Money(1500, "JPY")
    assert Money.of(Decimal("1.2345"), "TND") == Money(1234, "TND")


def test_money_is_written_as_people_of_the_language_write_it():
    assert Money(123450, "EUR").words("fr") == "1\u202f234,50\u00a0€"
    assert Money(123450, "EUR").words("en") == "€1,234.50"


def test_ids_rise_with_time():
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert {one.version for one in made} == {7}


@given(st.text(max_size=20).filter(lambda s: "\x00" not in s), st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_comes_back_as_it_was(text, number):
    try:
        cursor = encode_cursor("list", text, number)
    except TypeError:  # a lone surrogate is no text that a database could have given
        return
    assert decode_cursor(cursor, "list", str, int) == [text, number]


@pytest.mark.parametrize(
    "cursor",
    ["x", "", "é", "AAAA", encode_cursor("other", 1), encode_cursor("list", "a"), encode_cursor("list", 2**63)],
)
def test_a_cursor_of_another_list_or_none_at_all_is_refused(cursor):
    with pytest.raises(UnknownCursor):
        decode_cursor(cursor, "list", int)


@given(
    st.integers(-(10**14), 10**14),
    st.sampled_from(["EUR", "JPY", "TND", "USD", "CHF"]),
    st.sampled_from(["fr", "en", "de-CH", "es", "pt", "ar", "hi"]),
)
def test_an_amount_is_written_as_babel_writes_it(amount, currency, language):
    major = Decimal(amount).scaleb(-exponent(currency))
    assert Money(amount, currency).words(language) == format_currency(
        major, currency, locale=language.replace("-", "_")
    )


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("à la place de Adrien", "Adrien", "à la place d’Adrien"),
        ("le message de Élodie Lebœuf", "Élodie Lebœuf", "le message d’Élodie Lebœuf"),
        ("l’appel de Hélène", "Hélène", "l’appel d’Hélène"),
        ("l’appel de Yves", "Yves", "l’appel d’Yves"),
        ("tel que Inès le lirait", "Inès", "tel qu’Inès le lirait"),
        ("l’appel de Hassan", "Hassan", "l’appel de Hassan"),
        ("l’appel de Yann", "Yann", "l’appel de Yann"),
        ("l’appel de Camille à Adrien", "Camille", "l’appel de Camille à Adrien"),
        ("l’appel de ", "", "l’appel de "),
    ],
)
def test_french_elides_before_a_vowel_and_a_mute_h(text, name, said):
    assert elided(text, name) == said
    assert elided(said, name) == said

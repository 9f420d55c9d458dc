"""Which ready texts answer what somebody wrote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from egard.kernel.messages.rules.proposing import ranked

TEXTS = ("Votre rendez-vous est noté.", "Votre colis repart aujourd’hui.", "Votre colis est remboursé.", "Merci !")


def test_what_shares_the_rarest_words_comes_first():
    assert ranked("Où est mon colis ? Je demande un remboursement.", TEXTS) == [2, 1]


def test_accents_and_endings_do_not_matter_and_common_words_say_nothing():
    assert ranked("RENDEZ VOUS NOTES", TEXTS) == [0]
    assert ranked("Bonjour, avec vous, merci", TEXTS) == []


@given(st.text(max_size=200), st.lists(st.text(max_size=60), max_size=6))
def test_each_text_is_proposed_once_at_most_and_only_for_a_shared_word(said, texts):
    found = ranked(said, texts)
    assert len(found) == len(set(found))
    assert set(found) <= set(range(len(texts)))
    assert ranked("", texts) == []

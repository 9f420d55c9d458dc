"""French or English, by the commonest words."""

from egard.base.language import language_of


def test_the_language_is_told_by_its_commonest_words_and_doubt_is_said():
    assert language_of("Vous avez reçu votre carte et nous vous attendons.") == ("fr", True)
    assert language_of("You have received your card and we will see you.") == ("en", True)
    assert language_of("OK") == ("", False)
    assert language_of("Sehr geehrte Damen und Herren, wir freuen uns.")[1] is False

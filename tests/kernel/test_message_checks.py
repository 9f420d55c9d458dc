"""What a journey declares to read messages before they go: advice, or a refusal."""

from __future__ import annotations

import pytest

from egard.kernel.access.actors import system
from egard.kernel.messages import checking
from egard.kernel.messages.rules import fields
from egard.kernel.registry import Checked, DeclarationError, Draft, Finding, Journey, MessageCheck, Registry, registry


def _shouting(draft: Draft) -> Checked:
    """Ninety of a hundred, unless somebody shouts; a template that shouts does not go."""
    start = draft.text.find("!!!")
    if start < 0:
        return Checked(score=90)
    found = Finding("toys.calm", start, start + 3, "!!!", ".", "Say it calmly.")
    return Checked(score=40, findings=(found,), blocks=draft.template)


@pytest.fixture
def shouting(monkeypatch):
    monkeypatch.setattr(registry, "message_checks", {"toys.calm": MessageCheck("toys.calm", _shouting)})


def draft(text: str, now, **more) -> Draft:
    return Draft(text=text, language="en", channel="email", author=system("test"), now=now, **more)


def test_each_declared_check_reads_a_message_and_the_lowest_score_stands(shouting, monkeypatch, now):
    monkeypatch.setitem(registry.message_checks, "toys.long", MessageCheck("toys.long", lambda _draft: Checked(60)))
    assert checking.check(draft("Good morning.", now)).score == 60
    verdict = checking.require(draft("Buy now!!!", now))
    assert (verdict.score, verdict.findings[0].suggestion, verdict.blocks) == (40, ".", False)


def test_what_a_check_does_not_let_go_is_refused_with_its_words(shouting, now):
    with pytest.raises(checking.StyleRefused) as refused:
        checking.require(draft("Buy now!!!", now, template=True))
    assert refused.value.code == "messages.style"
    assert refused.value.findings[0].text == "!!!"
    assert "Say it calmly." in refused.value.detail


def test_one_text_to_many_is_read_once_for_all_of_whom_the_same_is_known(monkeypatch, now):
    read: dict[str, list[str]] = {"fields": [], "words": []}

    def reader(name: str):
        def check(asked: Draft) -> Checked:
            read[name].append(asked.text)
            return Checked(50 if "{{ given_name }}" in asked.text else 60)

        return check

    checks = {
        "toys.fields": MessageCheck("toys.fields", reader("fields"), by_fields=True),
        "toys.words": MessageCheck("toys.words", reader("words")),
    }
    monkeypatch.setattr(registry, "message_checks", checks)
    text = "Dear {{ given_name | friend }}, from {{ author }}."
    one_text = checking.OneText(text, fixed=("author",))
    scores = []
    for name in ("Anne", "Zoé", ""):
        values = {"given_name": name, "author": "Ada"}
        scores.append(one_text.check(draft(fields.filled(text, values), now), values).score)
    assert scores == [50, 50, 60]
    assert read["fields"] == ["Dear {{ given_name }}, from Ada.", "Dear friend, from Ada."]
    assert read["words"] == ["Dear Anne, from Ada.", "Dear Zoé, from Ada.", "Dear friend, from Ada."]


def test_nobody_reads_where_nobody_declared_to(monkeypatch, now):
    monkeypatch.setattr(registry, "message_checks", {})
    assert checking.require(draft("Buy now!!!", now)).score is None


def test_a_check_bears_its_journeys_name():
    with pytest.raises(DeclarationError, match="begins with the journey's own"):
        Registry().add(Journey(name="bread", label="", message_checks=(MessageCheck("cake.calm", _shouting),)))

"""The rules that ship: each runs its own examples, and each proposal mends what it is for."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import yaml

from egard.journeys.signature.rules import brand
from egard.journeys.signature.rules.brand import DEFAULT, HOUSE, house_rules, read_rule
from egard.journeys.signature.rules.lint import failing, finds, lint
from egard.journeys.signature.rules.rule import BadPattern, compiled, needed
from egard.journeys.signature.rules.schema import FOLDER, schemas
from egard.kernel.cases.rules.reading import Refused

RULES = house_rules()


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule.language} {rule.rule}" for rule in RULES])
def test_a_rule_does_what_its_examples_say(rule):
    tongue = brand.default().style.languages[rule.language]
    assert list(failing(rule, tongue)) == []
    for words in (rule.message.fr, rule.message.en):
        assert words.strip().endswith((".", "»", "”", "?"))


def test_there_are_several_dozen_in_each_language_and_of_every_shape():
    counted = Counter(rule.language for rule in RULES)
    assert min(counted["fr"], counted["en"]) >= 30
    assert {rule.kind for rule in RULES} == {
        "existence", "substitution", "occurrence", "repetition", "consistency", "conditional", "capitalization",
        "metric", "sequence",
    }  # fmt: skip
    assert {path.stem for path in HOUSE.glob("fr/*.yaml")} == {rule.rule for rule in RULES if rule.language == "fr"}


def test_an_example_that_does_not_hold_is_noticed():
    told = yaml.safe_load((HOUSE / "fr" / "do_not_hesitate.yaml").read_text(encoding="utf-8"))
    told["examples"] = {"bad": ["Appelez-moi."], "good": ["N’hésitez pas à nous appeler."]}
    wrong = list(failing(read_rule(json.dumps(told)), brand.default().style.languages["fr"]))
    assert [words.split(" ")[1] for words in wrong] == ["finds", "finds"]


def test_a_literal_that_saves_a_search_never_hides_a_finding():
    """Each pattern that ships finds what it finds with its literal and without it."""
    for rule in RULES:
        for literal, search, *_more in (
            getattr(rule, "searches", ()) if rule.kind in ("existence", "substitution") else ()
        ):
            for text in rule.examples.bad:
                small = text.lower().replace("’", "'")
                assert not search.search(text.replace("’", "'")) or literal in small, (
                    rule.rule,
                    search.pattern,
                    literal,
                )
    assert needed("vous (?:devez|êtes (?:tenus? )de)") == "vous"
    assert needed("rdv|rendez-vous") == ""
    assert needed("colou?rs") == "colo"


@pytest.mark.parametrize("pattern", ["(a+)+b", "(?:a{1,50}){1,50}", "x*", "(", "a{0,900}"])
def test_a_pattern_whose_time_could_run_away_is_refused(pattern):
    with pytest.raises(BadPattern):
        compiled(pattern)


def test_the_schemas_that_ship_are_those_of_the_classes():
    for name, told in schemas().items():
        assert json.loads((FOLDER / name).read_text(encoding="utf-8")) == json.loads(json.dumps(told)), name


def test_a_brand_that_is_none_is_refused_by_line():
    source = DEFAULT.read_text(encoding="utf-8")
    cases = {
        source.replace("posture: vous", "posture: you"): "vous or tu",
        source.replace("brand: house", "brand: house\nwithout: [no_such_rule]"): "no rule that ships",
        source.replace("weights: {focus: 25,", "weights: {focus: 250,"): "weights.focus",
        source.replace("fr:\n    posture", "fr:\n    colour: red\n    posture"): "not a known key",
        "": "empty",
        "- a": "mapping",
    }
    for told, expected in cases.items():
        found, findings = lint(told)
        assert found is None
        assert any(expected in one.message for one in findings), (expected, findings)


def test_a_brand_adds_its_own_rules_and_leaves_some_out():
    own = """
without: [exclaiming]
rules:
  - rule: no_tea
    kind: existence
    language: fr
    part: clarity
    message: Pas de thé ici.
    tokens: thé
    suggest: café
    examples: {bad: Un thé ?, good: Un café ?}
"""
    source = DEFAULT.read_text(encoding="utf-8") + own
    found, findings = lint(source)
    assert findings == []
    assert found is not None
    names = {rule.rule for rule in found.rules}
    assert "no_tea" in names
    assert "exclaiming" not in names
    assert found.version != brand.default().version == brand.read(DEFAULT.read_text(encoding="utf-8")).version
    _found, findings = lint(source.replace("bad: Un thé ?", "bad: Un lait ?"))
    assert [(one.rule, source.split("\n")[one.line - 1].strip()) for one in findings] == [("example", "- rule: no_tea")]
    with pytest.raises(Refused):
        brand.read(source.replace("tokens: thé", "tokens: (thé+)+"))
    tea = next(rule for rule in found.rules if rule.rule == "no_tea")
    assert [one.suggestion for one in finds(tea, "Thé ou théière ?", found.style.languages["fr"])] == ["Café"]

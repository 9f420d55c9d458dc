from __future__ import annotations

from dataclasses import dataclass

import pytest

from egard.kernel.registry import (
    Capability,
    Check,
    DeclarationError,
    Journey,
    Panel,
    Permission,
    Reaction,
    Registry,
    RoleType,
    Unit,
    fact,
)


@fact("bread.baked", label="Bread baked")
@dataclass(frozen=True)
class BreadBaked:
    loaves: int


def test_a_journey_is_one_declaration_and_can_be_read_back():
    registry = Registry()
    registry.add(Journey(name="bread", label="Bread", facts=(BreadBaked,)))
    assert registry.facts["bread.baked/1"].type is BreadBaked
    assert registry.fact_of[BreadBaked].kind == "bread.baked/1"


def test_a_fact_must_be_frozen():
    with pytest.raises(TypeError, match="frozen"):

        @fact("bread.burnt", label="Bread burnt")
        @dataclass
        class Burnt:
            loaves: int


def test_two_journeys_cannot_declare_the_same_thing_and_both_are_named():
    registry = Registry()
    registry.add(Journey(name="bread", label="", roles=(RoleType("baker", "Baker"),)))
    with pytest.raises(DeclarationError, match=r"baker.*bread.*cake"):
        registry.add(Journey(name="cake", label="", roles=(RoleType("baker", "Baker"),)))


@pytest.mark.parametrize(
    "journey",
    [
        Journey(name="Bread", label=""),
        Journey(name="cake", label="", facts=(BreadBaked,)),
        Journey(name="cake", label="", facts=(int,)),
        Journey(name="cake", label="", permissions=(Permission("eat", ""),)),
        Journey(name="cake", label="", units=(Unit("EUR", "Crumbs"),)),
        Journey(name="cake", label="", checks=(Check("other.sums", "", list),)),
        Journey(name="cake", label="", reactions=(Reaction("other.x", (), lambda facts: None, "skip"),)),
    ],
)
def test_a_declaration_that_contradicts_itself_stops_the_start(journey):
    with pytest.raises(DeclarationError):
        Registry().add(journey)


def test_a_permission_for_an_unknown_role_stops_the_start():
    registry = Registry()
    registry.add(Journey(name="bread", label="", permissions=(Permission("bread.eat", "", {"nobody": "all"}),)))
    with pytest.raises(DeclarationError, match="nobody"):
        registry.check()


def test_a_panel_without_a_permission_stops_the_start():
    registry = Registry()
    panel = Panel("crumbs", "", "x.html", lambda *a: None, lambda *a: None, permission="bread.see")
    registry.add(Journey(name="bread", label="", panels=(panel,)))
    with pytest.raises(DeclarationError, match=r"bread\.see"):
        registry.check()


def test_a_capability_is_called_by_name_and_its_absence_can_be_asked():
    registry = Registry()
    registry.add(Journey(name="bread", label="", capabilities=(Capability("bread.slice", lambda n: n * 2),)))
    assert registry.has("bread.slice")
    assert registry.call("bread.slice", 3) == 6
    assert not registry.has("cake.slice")

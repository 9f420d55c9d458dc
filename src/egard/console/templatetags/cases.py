"""Small parts of the pages of cases as template tags."""

from __future__ import annotations

from uuid import UUID

from django import template

from egard.base.ids import new_id
from egard.console.cases import signs
from egard.kernel.cases.checks import said

register = template.Library()
register.simple_tag(signs.sign, name="step_sign")
register.filter("said", said)


@register.filter
def step_word(state: str) -> str:
    """The word of a state: `To do`."""
    return str(signs.WORDS.get(state, state))


@register.simple_tag
def fresh_key() -> UUID:
    """What makes a form's post one act, however often it is sent."""
    return new_id()

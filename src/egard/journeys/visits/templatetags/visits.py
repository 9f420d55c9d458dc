"""Small words of the pages of visits."""

from __future__ import annotations

from django import template

from egard.kernel.people.rules import display_phone

register = template.Library()


@register.filter
def phone_words(number: str) -> str:
    """A phone number as people write it."""
    return display_phone(number) if number else ""

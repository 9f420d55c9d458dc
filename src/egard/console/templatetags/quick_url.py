"""Django's `url`, its answers kept: a page of staff has some forty, and to find one costs as much as a small question
to the database."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.template import Context
from django.template.base import FilterExpression, Parser, Token
from django.template.defaulttags import URLNode, url
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.html import conditional_escape

register = template.Library()


@lru_cache(maxsize=16_384)
def _reversed(_prefix: str, name: str, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...]) -> str:
    return reverse(name, args=args, kwargs=dict(kwargs))


class QuickURLNode(URLNode):
    """Addresses under one prefix depend on the name and its arguments alone: ours are in no language."""

    def render(self, context: Context) -> str:
        args = tuple([arg.resolve(context) for arg in self.args])
        kwargs = tuple([(name, held.resolve(context)) for name, held in self.kwargs.items()])
        name: Any = self.view_name
        name = name.resolve(context) if isinstance(name, FilterExpression) else name
        try:
            found = _reversed(get_script_prefix(), name, args, kwargs)
        except (NoReverseMatch, TypeError):  # what is not found, and what cannot be kept: as Django says it
            return super().render(context)
        if self.asvar:
            context[self.asvar] = found
            return ""
        return conditional_escape(found) if context.autoescape else found


@register.tag("url")
def quick_url(parser: Parser, token: Token) -> QuickURLNode:
    node = url(parser, token)
    return QuickURLNode(node.view_name, node.args, node.kwargs, node.asvar)

"""A letter of a conversation as HTML: its words and nothing else, as a person would have written it."""

from __future__ import annotations

from egard.kernel.messages.rules.markup import html_of


def page(text: str, language: str) -> str:
    return (
        f'<!doctype html><html lang="{language or "fr"}"><head><meta charset="utf-8"></head>'
        f'<body style="font:16px/1.5 sans-serif">{html_of(text)}</body></html>'
    )

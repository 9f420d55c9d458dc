"""The commands, one module a subject. What they share stands here."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")


def load_django() -> None:
    """Settings and applications."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egard.site.settings")
    import django

    django.setup()


@contextmanager
def product() -> Generator[None]:
    """Django, over a database that answers and has this release's schema; the embedded one is started if need be."""
    from egard.site.postgres import embedded

    with embedded():
        load_django()
        from django.db import connections

        from egard.site.prepare import require_migrated

        try:
            require_migrated()
            yield
        finally:
            connections.close_all()


def answer(result: Mapping[str, object], words: str, *, as_json: bool) -> None:
    """Print a result: JSON for programs, words for people."""
    click.echo(json.dumps(result, ensure_ascii=False, default=str) if as_json else words)

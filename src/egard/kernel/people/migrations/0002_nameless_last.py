"""People without a name come last in lists: their sort key is no longer the empty one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

from egard.base.text import NAMELESS


class Migration(migrations.Migration):
    dependencies: ClassVar[list[Any]] = [("people", "0001_initial")]

    operations: ClassVar[list[Any]] = [
        migrations.RunSQL(
            [("UPDATE people_person SET sort_key = %s WHERE sort_key = %s AND erased_at IS NULL", [NAMELESS, "\x1f"])],
            [("UPDATE people_person SET sort_key = %s WHERE sort_key = %s", ["\x1f", NAMELESS])],
        )
    ]

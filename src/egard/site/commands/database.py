"""migrate, demo, check: the state of an installation."""

from __future__ import annotations

import os
from typing import Any

import click

from egard.site.commands import answer, json_option, load_django, product, require_data


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the database, and the collected static files, up to date with this release."""
    from egard.site import postgres

    with postgres.embedded():
        load_django()
        from egard.site import prepare

        applied = prepare.migrate()
        prepare.declare()
        collected = prepare.ensure_static()
    words = f"{len(applied)} migrations applied." if applied else "The database was up to date."
    answer({"applied": applied, "static": collected}, words, as_json=as_json)


@click.command()
@json_option
def demo(as_json: bool) -> None:
    """Load the demo brand; a second time changes nothing."""
    with product(begins=True):
        from egard.site import prepare
        from egard.site.demo import NotAlone, is_loaded

        logins = prepare.ensure_demo(loopback=None)  # what a public server suspended stays so
        if not is_loaded():
            raise NotAlone
    lines = ["  ".join(login.values()) for login in logins]
    answer({"logins": logins}, "\n".join(["The demo is there.", *lines]), as_json=as_json)


@click.command()
@json_option
def check(as_json: bool) -> int:
    """Say whether database, migrations, settings and what is stored are in order; exit 1 where not."""
    from egard.site import postgres

    require_data()
    with postgres.embedded():
        load_django()
        from django.core import checks
        from django.db import connection

        from egard.site import prepare

        missing = prepare.pending()
        with connection.cursor():
            version = str(connection.connection.info.server_version // 10000)
        raised = [finding for finding in checks.run_checks() if finding.level >= checks.WARNING]
        findings = [str(finding) for finding in raised if not finding.is_silenced()]
        stored = [] if missing else _stored()
        connection.close()
    kind = "DATABASE_URL" if os.environ.get("DATABASE_URL") else "embedded"
    words = [f"PostgreSQL {version} ({kind}) answers."]
    words += [f"{len(missing)} migrations are missing: run egard migrate."] if missing else ["Migrations: all there."]
    words += findings or ["Settings: nothing to say."]
    for one in stored:
        words += one["found"] or [f"{one['label']}: yes."]
    ok = not (missing or findings or any(one["found"] for one in stored))
    result = {"ok": ok, "database": kind, "postgresql": int(version), "missing": missing, "findings": findings}
    result["checks"] = stored
    answer(result, "\n".join(words), as_json=as_json)
    return 0 if ok else 1


def _stored() -> list[dict[str, Any]]:
    """What the kernel and the journeys find wrong in what they stored, in plain words."""
    from egard.kernel.registry import registry

    checks = registry.checks.values()
    return [{"name": one.name, "label": str(one.label), "found": list(one.find())} for one in checks]

"""Bringing an installation up to date: schema, first administrator, demo, static files. Needs Django, loaded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.site import paths, processes

LOCK_KEY = 0x45676172
"""Advisory lock of the database while its schema changes: one process migrates, the others wait."""


class NotMigrated(Refusal):
    """The database is of an older release than the program; `egard migrate` brings it up to date."""

    code = "site.not_migrated"
    message = "The database has not all of this release's migrations ({missing}). Run: egard migrate"


class NewerDatabase(Refusal):
    """The database was brought up to date by a newer release; run that one, or restore a backup."""

    code = "site.newer_database"
    message = "The database was used by a newer Egard, which left migrations unknown here: {unknown}."


def pending() -> list[str]:
    """The migrations that the database still lacks, in order. Raises NewerDatabase."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    known = executor.loader.disk_migrations
    ours = executor.loader.migrated_apps
    unknown = sorted(
        f"{app}.{name}" for app, name in executor.loader.applied_migrations if app in ours and (app, name) not in known
    )
    if unknown:
        raise NewerDatabase(unknown=", ".join(unknown))
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate() -> list[str]:
    """Apply what is missing, once however many processes ask; the names of what was applied."""
    from django.core.management import call_command
    from django.db import connection

    if not pending():
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        try:
            missing = pending()
            if missing:
                call_command("migrate", interactive=False, verbosity=0)
                declare()
            return missing
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])


def declare() -> None:
    """Write in the database what this release's declarations need there; they may change without a migration."""
    from egard.kernel.lifecycle.setup import after_migrate

    after_migrate()


def require_migrated() -> None:
    """For commands: the embedded database is brought up to date, another server only by `egard migrate`."""
    if not os.environ.get("DATABASE_URL"):
        migrate()
    elif missing := pending():
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise NotMigrated(missing=", ".join(missing[:3]) + more)


def ensure_first_administrator() -> str | None:
    """Make the administrator that EGARD_ADMIN_EMAIL and EGARD_ADMIN_PASSWORD name; the address, if it was new."""
    from egard.kernel.access.actors import system
    from egard.kernel.access.operations import UserExists, create_user

    email, password = os.environ.get("EGARD_ADMIN_EMAIL"), os.environ.get("EGARD_ADMIN_PASSWORD")
    if not (email and password):
        return None
    try:
        create_user(email=email, password=password, roles=["administrator"], by=system("setup"), now=utc_now())
    except UserExists:
        return None
    return email


def ensure_demo(*, loopback: bool | None) -> list[dict[str, str]]:
    """Load the demo unless it is there, or other people are; its logins that work (see `demo.ensure_demo`), none where
    `EGARD_URL` is a public address: they would be refused.
    """
    from django.utils import translation

    from egard.site import demo, demo_accounts

    if not demo.ensure_demo(loopback=loopback) or demo_accounts.is_public():
        return []
    with translation.override("en"):  # the terminal's language
        return [{key: str(value) for key, value in login.items()} for login in demo.logins()]


def has_public_url() -> bool:
    """Whether the demo's logins are refused, for `EGARD_URL` names another machine than this one."""
    from egard.site import demo_accounts

    return demo_accounts.is_public()


def suspend_demo() -> None:
    """The server can be reached from elsewhere: the demo's logins, if there are any, stop working."""
    from egard.site import demo_staff

    demo_staff.open_or_close(loopback=False, now=utc_now())


def ensure_static() -> bool:
    """Collect the static files where a source changed since the last time; whether it did."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    stamp = paths.data_dir() / "static.stamp"
    with processes.FileLock(paths.data_dir() / "static.lock"):
        sources = hashlib.sha256(str(settings.STATIC_ROOT).encode())
        for finder in get_finders():
            for name, storage in finder.list(None):
                entry = Path(storage.path(name)).stat()
                sources.update(f"{name}\0{entry.st_size}\0{entry.st_mtime_ns}\0".encode())
        wanted = sources.hexdigest()
        manifest = settings.STATIC_ROOT / "staticfiles.json"
        if manifest.exists() and stamp.exists() and stamp.read_text() == wanted:
            return False
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(wanted)
        return True

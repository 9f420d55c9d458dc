"""What an installation needs after `migrate`: kinds of fact and cursors, from the declarations; calendars."""

from __future__ import annotations

from egard.base.clock import utc_now
from egard.kernel.promises.operations import ensure_calendars
from egard.kernel.timeline import kinds
from egard.kernel.timeline.operations import rebase_log
from egard.kernel.timeline.reactions import ensure_cursors


def after_migrate() -> None:
    """Write what declarations need in the database; a second call changes nothing."""
    rebase_log()
    kinds.register_all()
    ensure_cursors()
    ensure_calendars(now=utc_now())

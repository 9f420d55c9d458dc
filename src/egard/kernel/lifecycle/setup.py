"""What an installation needs after `migrate`, from the declarations: kinds of fact, cursors, calendars, case types."""

from __future__ import annotations

from egard.base.clock import utc_now
from egard.kernel.cases.types import publish_declared
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
    publish_declared(now=utc_now())

"""Calls and call backs on pages that are not their own: a promise in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from egard.journeys.reach.models import CallBack
from egard.journeys.reach.operations import BACK
from egard.journeys.reach.voice import spoken


def call_backs(subjects: Collection[str]) -> Mapping[str, Any]:
    """Who calls, and when: one query."""
    rows = CallBack.objects.filter(uuid__in=[one.removeprefix(BACK) for one in subjects]).select_related("desk__user")
    return {f"{BACK}{row.uuid}": _call_back(row) for row in rows}


def _call_back(row: CallBack) -> str:
    words = {"when": spoken(row.starts_at), "name": row.desk.user.name if row.desk else ""}
    return _("A call from %(name)s on %(when)s") % words if row.desk else _("A call from us on %(when)s") % words

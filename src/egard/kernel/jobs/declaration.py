"""What the queue declares of its own: keeping itself small."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.jobs import operations
from egard.kernel.registry import Job, Journey

declaration = Journey(
    name="jobs",
    label=_("Jobs"),
    jobs=(Job("jobs.tidy", operations.tidy, every="17 3 * * *"),),
)

"""What lifecycle declares: bringing in files in a worker, and forgetting what is left of them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.lifecycle.imports.run_work import run_import
from egard.kernel.lifecycle.imports.runs import JOB, erase, forget_old
from egard.kernel.registry import Hooks, Job, Journey

declaration = Journey(
    name="lifecycle",
    label=_("Imports and erasure"),
    jobs=(Job(JOB, run_import), Job("lifecycle.forget_imports", forget_old, every="41 3 * * *")),
    hooks=Hooks(erase=erase),
)

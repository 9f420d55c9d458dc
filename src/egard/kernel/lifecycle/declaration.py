"""What lifecycle declares: bringing in files in a worker, and forgetting what is left of them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.lifecycle.imports.run_work import run_import
from egard.kernel.lifecycle.imports.runs import JOB, erase, forget_old
from egard.kernel.registry import Hooks, Importer, Job, Journey

declaration = Journey(
    name="lifecycle",
    label=_("Imports and erasure"),
    jobs=(Job(JOB, run_import), Job("lifecycle.forget_imports", forget_old, every="41 3 * * *")),
    importers=(
        Importer(
            kind="cases",
            label=_("Cases"),
            fields={
                "type": _("Type of case"),
                "number": _("Number of the case"),
                "at": _("When the row was written"),
                "status": _("Status: new, open, waiting, paused, resolved or closed"),
                "opened_at": _("When the case was opened"),
                "group": _("Group that has it"),
                "channel": _("Channel (shop, web…)"),
                "person.<kind>": _("Whose case it is"),
                "data.<field>": _("What is known of it"),
                "promise.clock": _("Which promise is replayed"),
                "promise.kind": _("Under which kind it is counted"),
                "promise.within": _("What would be promised (3 business days…)"),
                "promise.calendar": _("By which calendar"),
            },
            required=("type", "number", "at", "status"),
            load="egard.kernel.lifecycle.imports.cases:load",
        ),
    ),
    hooks=Hooks(erase=erase),
)

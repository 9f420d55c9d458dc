"""Importing files: `egard import KIND FILE`. What a kind does with its rows is declared by its owner (`Importer`).

A loader is a function `load(job)`: it takes rows from `job.batches()`, refuses those it cannot use (`batch.fail`),
writes each batch in one transaction through the kernel's bulk operations, and counts what it did in `job.tally`.
"""

from egard.kernel.lifecycle.imports.batches import Batch
from egard.kernel.lifecycle.imports.job import Job
from egard.kernel.lifecycle.imports.running import ImportStopped, Summary, UnknownImporter, import_file
from egard.kernel.lifecycle.imports.tally import Progress, Tally

__all__ = ["Batch", "ImportStopped", "Job", "Progress", "Summary", "Tally", "UnknownImporter", "import_file"]

"""The memory that an import takes at growing sizes: the peak of the process of `egard import`, in a process of its own.

The files are those of `imports`. Claim: the same at 100 thousand rows and at 5 million.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.imports import MAPS, PEOPLE, SMALL, write_file
from bench.report import Section

LARGE = int(os.environ.get("EGARD_BENCH_ROWS", "5000000"))
CHILD = """
import re, resource, sys
from pathlib import Path
from egard.site.cli import egard
code = egard(sys.argv[1:], standalone_mode=False)
status = Path("/proc/self/status")
# getrusage also counts what the parent held when it forked: the system's own high water mark does not.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) if status.exists() else (
    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1))
print("peak", peak)
sys.exit(code or 0)
"""


def memory(section: Section, folder: Path, kind: str) -> None:
    """The peak memory of `egard import` at the small and the large size, one line of the table each."""
    peaks = []
    for rows in (SMALL, LARGE):
        path = folder / f"{kind}-memory.csv"
        write_file(path, kind, rows, f"M{kind[0]}{rows}-")
        arguments = ["import", kind, str(path), "--map", str(folder / f"{kind}.yaml"), "--json"]
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        peaks.append(int(done.stdout.split()[-1]) / 1024)
        size = path.stat().st_size / 2**20
        path.unlink()
        section.row(kind, f"{rows:,}", f"{size:,.0f}", f"{peaks[-1]:,.0f}", f"{rows / seconds:,.0f}")
    section.say(f"**{kind}: the peak at {LARGE:,} rows is {peaks[1] / peaks[0]:.2f} times the peak at {SMALL:,}.**")


def run(section: Section) -> None:
    from bench import town

    town.fill_people(PEOPLE)
    with tempfile.TemporaryDirectory(prefix="egard-bench-files-") as name:
        folder = Path(name)
        for kind, text in MAPS.items():
            (folder / f"{kind}.yaml").write_text(text)
            section.head("file", "rows", "MiB", "peak MiB of the process", "rows/s, start of the process and all")
            memory(section, folder, kind)
    section.say(f"{PEOPLE:,} people.")
    section.done()

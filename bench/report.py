"""Writing figures: one section a benchmark in RESULTS.md, with machine, sizes, versions and date."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"


def versions() -> str:
    server = ""
    try:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("show server_version")
            server = f", PostgreSQL {cursor.fetchone()[0].split()[0]} (fsync on)"
    except Exception:  # a benchmark without a database
        server = ""
    return f"Python {platform.python_version()}, Django {version('django')}, psycopg {version('psycopg')}{server}"


class Section:
    """The figures of one benchmark; `row` adds a line of its table, `say` a sentence, `done` writes it."""

    def __init__(self, name: str, about: str) -> None:
        self.name = name
        self.lines = [f"## {name}", "", about.strip(), "", f"{datetime.now(UTC):%Y-%m-%d}; {machine()}"]
        self.versions = ""

    def head(self, *cells: str) -> None:
        self.lines += ["", "| " + " | ".join(cells) + " |", "|" + "---|" * len(cells)]

    def row(self, *cells: object) -> None:
        text = "| " + " | ".join(str(cell) for cell in cells) + " |"
        print(text, flush=True)
        self.lines.append(text)

    def say(self, words: str) -> None:
        print(words, flush=True)
        self.lines += ["", words]

    def done(self) -> None:
        """Replace this benchmark's section of RESULTS.md, leave the others."""
        self.lines[4] += f"; {self.versions or versions()}."
        old = (
            RESULTS.read_text()
            if RESULTS.exists()
            else "# Results\n\nMeasured by `bin/bench`; ratios are of one run.\n"
        )
        sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", old, re.S | re.M))
        head = old.split("\n## ")[0].rstrip() + "\n"
        sections[self.name] = "\n".join(self.lines[1:]).rstrip() + "\n"
        body = "".join(f"\n## {name}\n{text.rstrip()}\n" for name, text in sorted(sections.items()))
        RESULTS.write_text(head + body)


def quantile(sorted_values: list[float], q: float) -> float:
    """The value below which the share `q` lies (nearest rank)."""
    return sorted_values[min(len(sorted_values) - 1, int(q * len(sorted_values)))]


def summary(seconds: list[float]) -> tuple[float, float, float]:
    """p50, p95, p99 in milliseconds."""
    values = sorted(1000 * s for s in seconds)
    return quantile(values, 0.50), quantile(values, 0.95), quantile(values, 0.99)

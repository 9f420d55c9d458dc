"""`python -m bench [NAME…]`: run the benchmarks (or some), each on a fresh embedded server; write RESULTS.md."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

from bench import report
from bench.server import fresh_server


def main() -> int:
    here = Path(__file__).parent
    known = sorted(p.stem for p in here.glob("*.py") if p.read_text().find("\ndef run(") > 0)
    wanted = sys.argv[1:] or known
    if unknown := set(wanted) - set(known):
        print(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    if len(wanted) > 1:  # a process each: settings are read once, and name one server
        return max(subprocess.run([sys.executable, "-m", "bench", name], check=False).returncode for name in wanted)
    (name,) = wanted
    print(f"== {name}", flush=True)
    module = importlib.import_module(f"bench.{name}")
    if getattr(module, "NEEDS_SERVER", True):
        with fresh_server():
            module.run(report.Section(name, module.__doc__ or ""))
    else:
        module.run(report.Section(name, module.__doc__ or ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())

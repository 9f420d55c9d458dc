# Read by bin/serve, bin/test and bin/bench: `environment LOCK` makes $root/.venv hold what LOCK says.

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11) or print(sys.executable))' 2>/dev/null &&
            return
    done
    echo "Egard needs Python 3.11 or newer, which was not found here. Install it and run this again:" >&2
    echo "  Debian 12, Ubuntu 24.04 or newer: apt install python3 python3-venv" >&2
    echo "  Fedora: dnf install python3     macOS: brew install python@3.12     elsewhere: python.org" >&2
    return 1
}

environment() {
    unset PYTHONHOME PYTHONDONTWRITEBYTECODE # compiled files are half of a quick second start
    "$root/.venv/bin/python" -I "$root/bin/environment.py" "$root" "$1" --look 2>/dev/null </dev/null && return
    python=$(find_python) || exit 1
    "$python" -I "$root/bin/environment.py" "$root" "$1" </dev/null || exit 1
}

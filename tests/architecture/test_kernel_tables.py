"""Kernel tables are written only by kernel operations: read in the source, through Django and in SQL."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from house_source import KERNEL, ROOT, product_files

WRITERS = (
    "kernel/*/operations.py",
    "kernel/*/bulk.py",
    "kernel/access/presence.py",  # who looks at what, for seconds
    "kernel/people/upsert.py",  # lists of people
    "kernel/people/indexing.py",  # how they are found
    "kernel/people/merges.py",
    "kernel/people/duplicates.py",
    "kernel/delegations/granting.py",
    "kernel/payments/carrying.py",
    "kernel/payments/observing.py",
    "kernel/payments/privacy.py",
    "kernel/payments/reconciling.py",
    "kernel/payments/sandbox.py",  # as a provider elsewhere: its own tables, by its own connection
    "kernel/cases/archive.py",
    "kernel/cases/articles.py",
    "kernel/cases/following.py",
    "kernel/cases/migrating.py",
    "kernel/cases/outside.py",
    "kernel/cases/privacy.py",
    "kernel/cases/types.py",
    "kernel/cases/writing.py",
    "kernel/ledger/closing.py",
    "kernel/ledger/privacy.py",
    "kernel/ledger/quick.py",
    "kernel/ledger/rows.py",
    "kernel/messages/arriving.py",
    "kernel/messages/bouncing.py",
    "kernel/messages/campaigns.py",
    "kernel/messages/conversing.py",
    "kernel/messages/fetching.py",
    "kernel/messages/files.py",
    "kernel/messages/noting.py",
    "kernel/messages/outbox.py",
    "kernel/messages/privacy.py",
    "kernel/messages/saying.py",
    "kernel/messages/sendings.py",
    "kernel/messages/sorting.py",
    "kernel/messages/templating.py",
    "kernel/promises/quick.py",
    "kernel/promises/past.py",  # replayed from the log of another system
    "kernel/promises/writing.py",
    "kernel/promises/sweeping.py",
    "kernel/timeline/writing.py",  # facts by COPY
    "kernel/timeline/reactions.py",  # cursors
    "kernel/timeline/kinds.py",  # declared kinds, at `migrate`
    "kernel/lifecycle/setup.py",
    "kernel/lifecycle/imports/runs.py",  # files brought in through the pages
    "kernel/lifecycle/imports/run_work.py",
)
"""Where kernel tables may be written."""

WRITES = frozenset(
    {"create", "get_or_create", "update_or_create", "bulk_create", "bulk_update"}
    | {"update", "delete", "add", "remove", "set", "clear"}
)
SQL = re.compile(
    r'\b(insert\s+into|update|delete\s+from|truncate(?:\s+table)?|copy|merge\s+into)\s+"?((?:people|timeline|access|messages|ledger|payments|promises|delegations|cases)_\w+)',
    re.IGNORECASE,
)


def _kernel_models() -> tuple[set[str], set[str]]:
    """The names of kernel models, and of the managers by which other rows reach them."""
    models: set[str] = set()
    related: set[str] = set()
    for path in KERNEL.glob("*/models.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any(
                ast.unparse(base) in ("models.Model", "AbstractBaseUser") for base in node.bases
            ):
                models.add(node.name)
            if isinstance(node, ast.keyword) and node.arg == "related_name":
                related.add(ast.literal_eval(node.value))
    return models, related - {"+"}


MODELS, RELATED = _kernel_models()


def _imported(module: ast.Module) -> dict[str, str]:
    """The local names of kernel models in a module."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and re.fullmatch(r"egard\.kernel\.\w+\.models", node.module or "")
        for alias in node.names
        if alias.name in MODELS
    }


def _chain(node: ast.expr) -> list[str]:
    """`Person.objects.filter(...).update` as [Person, objects, filter, update]; calls and items are passed through."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            break
    if isinstance(node, ast.Name):
        names.append(node.id)
    return names[::-1]


def _rows(function: ast.AST, imported: dict[str, str]) -> set[str]:
    """Local names that hold a row of a kernel model, by their annotation or by what they were given."""
    held: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.arg) and node.annotation:
            if any(isinstance(n, ast.Name) and n.id in imported for n in ast.walk(node.annotation)):
                held.add(node.arg)
        elif isinstance(node, ast.Assign) and set(_chain(node.value)[:1]) & set(imported):
            held |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return held


def writes(source: str) -> Iterator[tuple[int, str]]:
    """Every place of a module that writes a kernel table: line, words."""
    module = ast.parse(source)
    imported = _imported(module)
    docstrings = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    inner = {id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in node.values}
    rows = _rows(module, imported)
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            chain = _chain(node.func)
            by_model = chain[0] in imported and chain[-1] in WRITES and len(chain) > 1 and "objects" in chain
            by_relation = chain[-1] in WRITES and bool(set(chain[1:-1]) & RELATED)
            by_row = chain[-1] in ("save", "delete") and len(chain) == 2 and chain[0] in rows
            if by_model or by_relation or by_row:
                yield node.lineno, ".".join(chain)
        elif isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in docstrings | inner:
            text = (
                "".join(str(p.value) if isinstance(p, ast.Constant) else "?" for p in node.values)
                if isinstance(node, ast.JoinedStr)
                else node.value
            )
            if isinstance(text, str) and (found := SQL.search(text)):
                yield node.lineno, found.group(0)


def test_kernel_tables_are_written_only_by_kernel_operations():
    allowed = set(product_files(*WRITERS))
    found = [
        f"{path.relative_to(ROOT)}:{line} {words}"
        for path in product_files()
        if path not in allowed
        for line, words in writes(path.read_text(encoding="utf-8"))
    ]
    assert not found, "kernel tables are written here:\n" + "\n".join(found)


def test_the_reader_knows_the_kernel_and_sees_its_writers():
    assert {"Person", "Identifier", "Fact", "User", "Change"} <= MODELS
    assert {"identifiers", "facts", "role_grants"} <= RELATED
    for name in ("people/operations.py", "people/bulk.py", "timeline/writing.py", "access/operations.py"):
        assert list(writes((KERNEL / name).read_text(encoding="utf-8"))), f"{name} writes, and nobody saw it"


def test_each_way_of_writing_is_seen():
    source = textwrap.dedent(
        '''
        """insert into people_person in a docstring is no write"""
        from egard.kernel.people.models import Person as P, Identifier
        from django.db import connection

        def f(person: P, other):
            P.objects.filter(pk=1).update(given_name="x")
            person.identifiers.create(kind="email")
            person.save()
            other.facts.all().delete()
            held = P.objects.get(pk=1)
            held.delete()
            connection.cursor().execute("INSERT INTO people_role (id) values (1)")
            connection.cursor().execute(f"update timeline_fact set data = {other}")
            connection.cursor().copy("copy access_user (id) from stdin")
            return P.objects.filter(pk=1).first(), other.save(), "select * from people_person"
        '''
    )
    assert [line for line, _words in writes(source)] == [7, 8, 9, 10, 12, 13, 14, 15]

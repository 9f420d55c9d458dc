"""Every operation has a test, and every question carries the access rule."""

from __future__ import annotations

import ast

from house_source import all_tests, functions_used, module_name, product_files, public_functions

from egard.kernel.registry import registry

WITHOUT_VIEWER = {
    "egard.kernel.access.queries.viewer_for": "makes the viewer of a user",
    "egard.kernel.access.queries.viewer_for_key": "makes the viewer of a key",
    "egard.kernel.access.queries.system_viewer": "makes the viewer of the product itself",
    "egard.kernel.access.queries.digest": "computes, asks nothing",
    "egard.kernel.people.queries.has_consent": "the product asks itself before it sends; nobody looks",
    "egard.kernel.delegations.queries.export": "a hook of lifecycle, which asked for people.export",
    "egard.kernel.ledger.queries.account": "journeys move value by it; pages ask for what a viewer may see",
    "egard.kernel.ledger.queries.balance": "the same",
    "egard.kernel.ledger.queries.lots": "the same",
    "egard.kernel.ledger.queries.sums_before": "the same",
    "egard.kernel.ledger.queries.first_spent": "part of a question that takes one",
    "egard.portal.queries.session_of": "finds the session behind a cookie",
    "egard.portal.queries.viewer_of": "makes the viewer of a person",
    "egard.journeys.purchases.queries.panel": "a panel's hook: person, viewer, now",
    "egard.journeys.purchases.queries.data": "a panel's hook: person, viewer, now",
    "egard.journeys.purchases.queries.export": "a hook of lifecycle, which asked for people.export",
}


def _is_operation(function: ast.FunctionDef) -> bool:
    """Time and actor are arguments of an operation; what takes neither helps one, and is tested through it."""
    return bool({"now", "by"} & {arg.arg for arg in [*function.args.args, *function.args.kwonlyargs]})


def test_every_operation_has_a_test_that_names_it():
    used = functions_used(all_tests())
    operations = [
        (module_name(path), function.name)
        for path in product_files("**/operations.py")
        for function in public_functions(path)
        if _is_operation(function)
    ]
    assert ("egard.kernel.people.operations", "create_person") in operations
    hooks = {
        f"{hook.__module__}.{hook.__name__}"
        for held in registry.hooks.values()
        for hook in (held.export, held.erase, held.merge, held.unmerge)
        if hook is not None
    }
    # Hooks are called by lifecycle alone: its operations are what a test names.
    assert {"egard.kernel.lifecycle.operations.export_person", "egard.kernel.lifecycle.operations.erase_person"} <= used
    names = {f"{module}.{name}" for module, name in operations}
    missing = sorted(names - used - hooks)
    assert not missing, f"no test names these operations: {missing}"


def test_every_question_takes_the_viewer_first():
    found = {
        f"{module_name(path)}.{function.name}": [a.arg for a in function.args.posonlyargs + function.args.args]
        for path in product_files("**/queries.py")
        for function in public_functions(path)
    }
    assert found, "no questions found"
    bare = [name for name, args in found.items() if args[:1] != ["viewer"] and name not in WITHOUT_VIEWER]
    assert not bare, f"these questions do not take the viewer first: {bare}"
    stale = [name for name in WITHOUT_VIEWER if name not in found or found[name][:1] == ["viewer"]]
    assert not stale, f"no exception is needed any more for {stale}"

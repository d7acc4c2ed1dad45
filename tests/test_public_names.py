import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import stratify

SOURCE = Path(stratify.__file__)


def declared_to_type_checkers():
    """Return the names below ``if TYPE_CHECKING`` with the room each comes from."""
    block = next(
        node
        for node in ast.parse(SOURCE.read_text(encoding="utf-8")).body
        if isinstance(node, ast.If)
    )
    return {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_type_checkers_see_the_names_that_are_there():
    declared = declared_to_type_checkers()
    assert declared.pop("datasets") == "stratify"
    assert declared == stratify._ROOMS


@pytest.mark.parametrize("name", sorted(stratify._ROOMS))
def test_a_public_name_is_the_one_of_its_room(name):
    assert getattr(stratify, name) is getattr(import_module(stratify._ROOMS[name]), name)


def test_completion_lists_the_public_names():
    assert {"Task", "cross_validate", "datasets", "__version__"} <= set(dir(stratify))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        stratify.nonsense  # noqa: B018


def test_importing_the_library_imports_none_of_its_rooms():
    code = "import sys, stratify; print([m for m in sys.modules if m.startswith('stratify.')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=SOURCE.parents[1],
    )
    assert done.stdout.strip() == "[]"

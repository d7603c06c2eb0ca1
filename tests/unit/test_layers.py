"""The arrows between the layers, and the size of the house's rooms, as tests (docs/flow.md)."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 420  # lines; "about 400"

# layer -> what of our own it may import, and which libraries (None: any)
ARROWS: dict[str, tuple[tuple[str, ...], set[str] | None]] = {
    "gateway/core": (("gateway.core",), {"stdnum", "hyperscan", "idna"}),
    "gateway/vault": (("gateway.core", "gateway.vault"), {"cryptography"}),
    "gateway/service": (("gateway.core", "gateway.service"), {"structlog", "zipstream"}),
    "gateway/adapters": (("gateway.core", "gateway.adapters"), None),
}
CLOCKS = {"now", "utcnow", "today"}
IMPURE = {"time", "random", "secrets", "socket", "os", "subprocess", "threading", "asyncio", "pathlib", "tempfile"}


def sources(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "migrations/versions" not in path.as_posix())


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("layer", ARROWS)
def test_a_layer_imports_only_what_its_arrow_allows(layer: str) -> None:
    own, libraries = ARROWS[layer]
    wrong = []
    for path in sources(layer):
        for module in imports(path):
            top = module.split(".")[0]
            if top in ("gateway", "portal"):
                if not within(module, own):
                    wrong.append(f"{path.relative_to(ROOT)} imports {module}")
            elif libraries is not None and top not in sys.stdlib_module_names and top not in libraries:
                wrong.append(f"{path.relative_to(ROOT)} imports the library {module}")
    assert not wrong, "\n".join(wrong)


def test_the_core_is_pure() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources("gateway/core")
        for module in imports(path)
        if module.split(".")[0] in IMPURE
    ]
    wrong += [
        f"{path.relative_to(ROOT)}:{node.lineno} asks the clock"
        for path in sources("gateway/core")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    ]
    assert not wrong, "\n".join(wrong)


def test_the_gateway_never_imports_the_portal() -> None:
    wrong = [str(path) for path in sources("gateway") if any(within(module, ("portal",)) for module in imports(path))]
    assert not wrong


def test_packages_hold_no_logic_and_no_file_is_too_long() -> None:
    for path in [*sources("gateway"), *sources("portal")]:
        text = path.read_text()
        assert text.count("\n") <= LONGEST, f"{path.relative_to(ROOT)} has {text.count(chr(10))} lines"
        assert ast.get_docstring(ast.parse(text)), f"{path.relative_to(ROOT)} has no docstring"
        if path.name == "__init__.py":
            assert len(ast.parse(text).body) == 1, f"{path.relative_to(ROOT)} holds logic"


def test_there_is_no_drawer_for_everything() -> None:
    names = {path.stem for path in [*sources("gateway"), *sources("portal")]}
    assert not names & {"utils", "util", "common", "helpers", "misc"}


# import name -> distribution, where they differ; markupsafe is a part of Jinja2
DISTRIBUTIONS = {
    "dkim": "dkimpy",
    "dns": "dnspython",
    "stdnum": "python-stdnum",
    "zmq": "pyzmq",
    "markupsafe": "jinja2",
    "python_multipart": "python-multipart",
    "compressed_rtf": "compressed-rtf",
    "libarchive": "libarchive-c",
    "PIL": "pillow",
}


def test_every_library_that_is_imported_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["ocr"]]
    names = {re.split(r"[\[>=<]", line)[0] for line in declared}
    imported = {
        module.split(".")[0]
        for folder in ("gateway", "portal")
        for path in (ROOT / folder).rglob("*.py")
        for module in imports(path)
    }
    libraries = imported - set(sys.stdlib_module_names) - {"gateway", "portal"}
    assert {DISTRIBUTIONS.get(name, name) for name in libraries} <= names

"""What the layout promises: small modules, no names that mislead, and light imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("experts", "routing", "orchestrator", "api")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
HEAVY = (
    *("torch", "ray", "vllm", "litellm", "sentence_transformers"),
    *("onnx", "onnxruntime", "math_verify", "sympy", "matplotlib", "scipy"),
    *("prometheus_client", "opentelemetry.exporter"),
)
LIGHT = (
    "api.cli",
    "api.settings",
    "experts.registry",
    "experts.build",
    "routing.router",
    "routing.encoder",
    "orchestrator.service",
    "orchestrator.telemetry",
    "api.telemetry.exporting",
    "orchestrator.evaluation",
    "api.report.page",
)


def named(path):
    return str(path.relative_to(ROOT))


def imported(path):
    """The top-level names of what a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", [*MODULES, *BENCHMARKS], ids=named)
def test_a_module_has_at_most_250_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_no_module_is_named_after_a_library_it_imports(path):
    assert path.stem not in set(imported(path))


def test_there_are_no_drawers():
    assert not {path.stem for path in MODULES} & {"utils", "util", "common", "helpers", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_starting_the_command_loads_no_slow_library():
    code = f"import sys, {', '.join(LIGHT)}; print(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == ""

"""What the pages and docstrings refer to exists: files, modules, commands, options and headings."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer.main
import yaml

from joppo.flows.cli.app import app
from tests.paths import ROOT

OURS = ("benchmarks", "configs", "data", "docs", "flows", "joppo", "tasks", "tests", "training")
EXTENSIONS = "cff|css|csv|j2|jinja|jpg|js|json|md|png|py|svg|toml|txt|yaml|yml"
LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`|^    (.+)$", flags=re.MULTILINE)
OUR_FILE = re.compile(rf"(?<![\w/.-])((?:{'|'.join(OURS)})/[\w./-]+\.(?:{EXTENSIONS}))\b")
ANY_MODULE_FILE = re.compile(r"(?<![\w/.-])([\w-]+/[\w./-]+\.(?:py|j2))\b")
OUR_NAME = re.compile(
    r"(?<![\w./-])(?:joppo\.)?((?:data|training|tasks|flows)(?:\.[a-z_]\w*)+)(?!\w|/)"
)
MODULE = re.compile(r"python -m ([\w.]+)")
SCRIPT = re.compile(r"python ([\w./-]+\.py)")
COMMAND = re.compile(r"^joppo ([a-z][a-z-]*)([^\n#|]*)", flags=re.MULTILINE)
DEPLOYMENT = re.compile(r"^prefect deployment run ([\w-]+)", flags=re.MULTILINE)
TARGET = re.compile(r"^make ([a-z]+)", flags=re.MULTILINE)


def tracked(*patterns: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


PAGES = tracked("*.md")
SOURCES = tracked(*(f"{folder}/*.py" for folder in OURS if folder != "tests"))


@cache
def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@cache
def code(page: str) -> str:
    """Fenced and indented blocks and what stands in backticks, with continued lines joined."""
    joined = text(page).replace("\\\n", " ")
    fenced = "\n".join(FENCE.findall(joined))
    spans = (one or other for one, other in SPAN.findall(FENCE.sub("", joined)))
    return "\n".join([fenced, *(" ".join(span.split()) for span in spans)])


def headings(page: Path) -> set[str]:
    """Anchors as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def docstrings(source: str) -> Iterator[str]:
    """Those of modules, classes and functions, and those below the fields of configs."""
    for node in ast.walk(ast.parse(text(source))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


@cache
def is_defined(name: str) -> bool:
    """Whether `folder.module.name` is a module, or a name that occurs in one."""
    parts = name.split(".")
    for count in range(len(parts), 1, -1):
        place = ROOT.joinpath(*parts[:count])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if file.is_file():
            defined = file.read_text(encoding="utf-8")
            return all(re.search(rf"\b{part}\b", defined) for part in parts[count:])
    return False


def test_there_are_pages() -> None:
    assert {"README.md", "BENCHMARKS.md", "CONTRIBUTING.md", "docs/python.md"} <= set(PAGES)
    assert len(PAGES) > 15 and len(SOURCES) > 300


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    broken = []
    for target in filter(None, (found[0] or found[1] for found in LINK.findall(text(page)))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / page).parent / name if name else ROOT / page
        if not file.exists() or (anchor and anchor not in headings(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_files_exist(page: str) -> None:
    named = {*OUR_FILE.findall(code(page)), *ANY_MODULE_FILE.findall(code(page))}
    named |= set(SCRIPT.findall(code(page)))
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []


def test_files_that_docstrings_name_exist() -> None:
    named = {
        (source, name)
        for source in SOURCES
        for docstring in docstrings(source)
        for name in OUR_FILE.findall(docstring)
    }
    assert len(named) > 20
    assert sorted(pair for pair in named if not (ROOT / pair[1]).is_file()) == []


def test_modules_and_names_that_pages_and_docstrings_name_exist() -> None:
    texts = [(page, code(page)) for page in PAGES]
    texts += [(source, docstring) for source in SOURCES for docstring in docstrings(source)]
    named = {(where, name) for where, found in texts for name in OUR_NAME.findall(found)}
    named = {(where, name) for where, name in named if not re.search(rf"\.({EXTENSIONS})$", name)}
    assert len(named) > 50
    assert sorted(pair for pair in named if not is_defined(pair[1])) == []


def test_modules_that_are_run_exist() -> None:
    run = {(where, name) for where in (*PAGES, *SOURCES) for name in MODULE.findall(text(where))}
    assert len(run) > 50
    assert sorted(pair for pair in run if find_spec(pair[1]) is None) == []


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_their_options_exist(page: str) -> None:
    group = typer.main.get_command(app)
    commands = getattr(group, "commands")  # noqa: B009 (a click group's, which typer does not type)
    unknown = []
    for name, rest in COMMAND.findall(code(page)):
        if name not in commands:
            unknown.append(name)
            continue
        known = {opt for p in commands[name].params for opt in (*p.opts, *p.secondary_opts)}
        given = [part for part in rest.split() if part.startswith("--")]
        unknown += [f"{name} {part}" for part in given if part.split("=")[0] not in known]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES)
def test_make_has_the_targets(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), flags=re.MULTILINE))
    assert [name for name in TARGET.findall(code(page)) if name not in targets] == []


@pytest.mark.parametrize("page", PAGES)
def test_deployments_exist(page: str) -> None:
    deployments = {one["name"] for one in yaml.safe_load(text("prefect.yaml"))["deployments"]}
    assert [name for name in DEPLOYMENT.findall(code(page)) if name not in deployments] == []


def test_pages_name_the_current_version() -> None:
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert set(re.findall(r"joppo-([\d.]+)-py3", text("README.md"))) == {version}
    assert yaml.safe_load(text("CITATION.cff"))["version"] == version
    assert re.findall(r"^## \[(.+?)\]", text("CHANGELOG.md"), flags=re.MULTILINE)[0] == version

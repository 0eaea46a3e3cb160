"""docs/paper.md names files, definitions and values that exist."""

import ast
import re
from functools import cache, reduce
from typing import Any

import pytest
import yaml

from joppo.data.config import StageConfig
from joppo.flows.build_config import BuildSftDataConfig
from joppo.flows.config import load_config
from joppo.training.config import JoppoConfig, SftConfig
from tests.paths import ROOT

TEXT = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w.-]+/[\w./-]+\.(?:py|yaml|j2|md))(?:::([\w.]+))?`")
LINKED = re.compile(r"\]\(([\w./-]+)\)")
KINDS: dict[str, type[StageConfig]] = {
    "train-sft.yaml": SftConfig,
    "train-joppo.yaml": JoppoConfig,
    "build-sft-data.yaml": BuildSftDataConfig,
}
ROW = re.compile(r"\| `(configs/[\w./-]+)` `([\w.]+)` \|$")


def named() -> list[tuple[str, str]]:
    return sorted({(path, symbol) for path, symbol in NAMED.findall(TEXT)})


def rows(mark: str) -> list[list[str]]:
    block = re.search(rf"<!-- {mark} -->\n(.*?)<!-- end -->", TEXT, flags=re.DOTALL)
    assert block is not None
    lines = [line for line in block[1].splitlines() if ROW.search(line)]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def defined(tree: ast.AST) -> dict[str, ast.AST]:
    """Names that a module or class defines itself."""
    found: dict[str, ast.AST] = {}
    for node in getattr(tree, "body", []):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {one.id: node for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    return found


@cache
def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def test_the_page_names_much() -> None:
    assert len([symbol for _, symbol in named() if symbol]) > 50
    assert len(rows("numbers")) >= 15 and len(rows("silent")) >= 20


@pytest.mark.parametrize(("path", "symbol"), named(), ids=lambda part: part)
def test_what_it_names_exists(path: str, symbol: str) -> None:
    assert (ROOT / path).is_file()
    tree: ast.AST = parsed(path) if symbol else ast.Module([], [])
    for part in symbol.split(".") if symbol else ():
        assert part in defined(tree), f"{path} defines no {symbol}"
        tree = defined(tree)[part]


@pytest.mark.parametrize("link", sorted(set(LINKED.findall(TEXT))))
def test_its_links_lead_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).is_file()


@pytest.mark.parametrize(
    ("cells", "place"),
    [(r, 2) for r in rows("numbers")] + [(r, 1) for r in rows("silent")],
    ids=lambda part: part[0] if isinstance(part, list) else "",
)
def test_its_values_are_the_configs(cells: list[str], place: int) -> None:
    found = ROW.search(f"| {cells[-1]} |")
    assert found is not None
    file = ROOT / found[1]
    config = load_config(KINDS[file.name], file)

    def step(held: Any, name: str) -> Any:
        return held[name] if isinstance(held, dict) else getattr(held, name)

    assert yaml.safe_load(cells[place]) == reduce(step, found[2].split("."), config)

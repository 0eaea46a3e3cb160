"""`joppo plan --profile`: the page shows what the command prints, sources exist, refusals."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from joppo.flows.cli.actions.plan_capacity import capacity_tables, read_recipe
from joppo.flows.cli.app import app
from joppo.flows.config import ConfigError, load_config
from joppo.training.capacity.config import CapacityConfig
from joppo.training.capacity.page import values, with_tables
from tests.paths import ROOT

PAPER = ROOT / "configs" / "paper"
PAGE = ROOT / "docs" / "capacity.md"
ITEM = re.compile(r"^\| ([^|]+) \| ([\d.,e+-]+) \|", re.MULTILINE)
ITEMS = {
    "texts.prompt_chars": "characters of a prompt",
    "texts.photos_per_prompt": "photos of a prompt",
    "cpus.ingest_s": "ingest a photo",
    "cpus.canny_s": "a Canny map",
    "cpus.gate_s": "gate an image",
    "cpus.reason_s": "reasoning about a photo, without the teacher",
    "cpus.plan_s": "plan per photo",
    "cpus.deduplicate_s": "deduplicate per text",
    "cpus.publish_s": "publish per text",
    "disk.shard_text": "Parquet shards per text",
    "disk.snapshot_text": "snapshot (DuckDB) per text",
    "engines.plan_memory": "memory of the plan per photo",
    "engines.deduplicate_memory": "memory of deduplication per text",
}


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["plan", *arguments])
    return done.exit_code, done.output


def assumed(folder: Path, **sections: object) -> str:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(sections))
    return str(path)


def test_the_page_shows_what_the_command_prints() -> None:
    text = PAGE.read_text(encoding="utf-8")
    code, printed = run("--profile", "paper")
    assert code == 0
    shown = re.findall(r"<!-- \w+ -->\n\n(.*?)\n\n<!-- end -->", text, flags=re.DOTALL)
    assert len(shown) == 4
    missing = [table.splitlines()[0] for table in shown if table not in printed]
    assert not missing, f"run `make capacity`: {missing}"
    assert with_tables(capacity_tables(PAPER), text) == text, "run `make capacity`"


def test_the_page_is_renewed_in_place(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    tables = re.compile(r"(<!-- (?!end)\w+ -->\n).*?(<!-- end -->)", re.DOTALL)
    page.write_text(tables.sub(r"\1\2", PAGE.read_text()))
    assert "| total |" not in page.read_text()
    assert run("--profile", "paper", "--page", str(page)) == (0, "")
    assert page.read_text() == PAGE.read_text()


def test_another_size() -> None:
    code, printed = run("--profile", "paper", "--photos", "1000000")
    assert code == 0 and "The recipe for 1,000,000 photos" in printed


def test_own_values_replace_single_ones(tmp_path: Path) -> None:
    price = {"value": 0.5, "kind": "documented", "source": "our contract"}
    mine = assumed(tmp_path, gpus={"usd_per_hour": price})
    code, printed = run("--profile", "paper", "--assume", mine)
    assert code == 0
    assert "at 0.5 USD each" in printed and "our contract" in printed


def test_measured_values_name_commands_of_this_project() -> None:
    benchmarks = (ROOT / "BENCHMARKS.md").read_text(encoding="utf-8")
    pages = "".join(p.read_text() for p in sorted((ROOT / "benchmarks/results").glob("*.md")))
    config = load_config(CapacityConfig, PAPER / "capacity.yaml")
    measured = [(n, v) for n, v, _ in values(config) if v.kind == "measured"]
    assert len(measured) > 10
    for name, value in measured:
        command = re.findall(r"`([^`]+)`", value.source)[0]
        if command.startswith("pytest "):
            assert (ROOT / command.removeprefix("pytest ")).is_file(), name
        else:
            assert command in benchmarks or command in pages, f"{name}: {command}"


def test_values_are_those_of_the_measurement() -> None:
    page = (ROOT / "benchmarks/results/stage_costs.md").read_text(encoding="utf-8")
    found = {name: float(shown.replace(",", "")) for name, shown in ITEM.findall(page)}
    config = load_config(CapacityConfig, PAPER / "capacity.yaml")
    held = {n: v.value for n, v, _ in values(config) if "stage_costs" in v.source}
    assert held == pytest.approx({name: found[item] for name, item in ITEMS.items()}, rel=0.02)


def test_every_value_has_a_unit() -> None:
    config = load_config(CapacityConfig, PAPER / "capacity.yaml")
    assert [name for name, _, unit in values(config) if not unit] == []


def test_the_recipe_is_that_of_the_profile() -> None:
    recipe = read_recipe(PAPER)
    joppo = {one.name: one.joppo for one in recipe.variants if one.joppo}
    assert (joppo["full"].group, joppo["full"].photos, recipe.sft.batch) == (6, 512, 32)
    assert joppo["without-joppo"].reward == "thurstone"
    assert [one.name for one in recipe.endpoints] == ["gpt-4o", "qwen2.5-vl-72b"]
    assert recipe.depth_model and recipe.plan is not None
    assert {route.teacher for route in recipe.reasoning.routes} == {"gpt", "gemini", "qwen"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "either a config"),
        (("configs/paper/build-sft-data.yaml", "--profile", "paper"), "either a config"),
        (("configs/paper/build-sft-data.yaml", "--photos", "5"), "go with --profile"),
        (("--profile", "paper", "--dry-run", "out"), "goes with a config"),
        (("--profile", "poster"), "no such profile; with a capacity.yaml there are: paper"),
        (("--profile", "embedded"), "embedded/capacity.yaml: no such config"),
        (("--profile", "paper", "--assume", "none.yaml"), "none.yaml: no such file"),
        (("--profile", "paper", "--page", "none.md"), "none.md"),
    ],
)
def test_refusals(arguments: tuple[str, ...], message: str) -> None:
    code, printed = run(*arguments)
    assert code == 1
    assert message in printed


def test_no_photos_are_no_plan() -> None:
    assert run("--profile", "paper", "--photos", "0")[0] == 2


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"gpu": {}}, "gpu: Extra inputs"),
        ({"gpus": {"image": 3}}, "gpus.image: Extra inputs"),
        ({"gpus": {"image_s": {"value": 3}}}, r"gpus.image_s.kind: .*gpus.image_s.source"),
        (
            {"gpus": {"image_s": {"value": -3, "kind": "assumed", "source": "none"}}},
            r"mine.yaml: gpus.image_s.value",
        ),
    ],
)
def test_bad_values_name_their_key(
    tmp_path: Path, sections: dict[str, object], message: str
) -> None:
    mine = Path(assumed(tmp_path, **sections))
    with pytest.raises(ConfigError, match=message):
        capacity_tables(PAPER, assume=mine)


def test_values_that_are_no_mapping(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("- 3\n")
    with pytest.raises(ConfigError, match="mapping of keys"):
        capacity_tables(PAPER, assume=mine)


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Capacity\n")
    code, printed = run("--profile", "paper", "--page", str(page))
    assert code == 1 and "no place for the table 'stages'" in printed
    assert page.read_text() == "# Capacity\n"

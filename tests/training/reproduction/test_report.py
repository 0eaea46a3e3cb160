"""The report: everything in one page that stands alone, and the same for the same findings."""

import re
from dataclasses import replace
from typing import Any

import pytest

from joppo.training.evaluation.published import load_published
from joppo.training.reproduction.coupling import CHANCE
from joppo.training.reproduction.outcome import Outcome
from joppo.training.reproduction.photo_examples import Example, ExampleAnswer
from joppo.training.reproduction.pictures import HEALTH, LEARNING
from joppo.training.reproduction.report import Findings, make_report
from tests.training.reproduction.experiment import VARIANTS, config, experiment

SEEDS = (0, 1, 2)
PNG = "data:image/png;base64,"
HOSTILE = "<script>alert(1)</script> | a bar"


def findings(**changes: Any) -> Findings:
    """A complete experiment of three seeds."""
    runs = {
        name: {
            seed: [
                {"name": metric, "step": step, "value": 0.1 * step + seed}
                for metric in [*LEARNING, *HEALTH, CHANCE]
                for step in (1, 2, 3)
            ]
            for seed in SEEDS
        }
        for name in VARIANTS[2:]
    }
    said = [
        ExampleAnswer("sft", 0.5, {"color": 0.25}, HOSTILE, None),
        ExampleAnswer("full", None, {}, "", "missing_tag"),
    ]
    shown = [Example("1", PNG, 0.75, {"color": -0.5, "light": 0.1}, said)]
    outcomes = [Outcome(name, seed, f"{name}-{seed}") for name in VARIANTS for seed in SEEDS]
    made = Findings(
        config(about=["What it shows.", HOSTILE]),
        "abc123",
        experiment(),
        runs,
        outcomes,
        shown,
        load_published(),
    )
    return replace(made, **changes)


def test_all_parts_are_in_page_and_text() -> None:
    report = make_report(findings())
    for text in (report.page, report.text):
        for part in (
            "The paper's claims",
            "Table 1. Main results",
            "Table 2. Attributes and total",
            "Table 3. Ablation",
            "What the joint reward had to go on",
            "Variants",
            "What it shows.",
            "abc123",
            "transformers",
            "JoPPO (published)",
            "95% Student intervals",
        ):
            assert part.replace("'", "&#39;") in text or part in text, part
    assert set(report.pictures) == {"ablation", "learning", "reward-health"}
    assert report.page.count(PNG) == 4  # the pictures and the photo
    assert {one.verdict for one in report.claims} == {"shown"}


def test_how_scores_were_taken_is_said() -> None:
    assert "drawn answers" not in make_report(findings()).text
    assert "mean of 4 drawn answers" in make_report(findings(samples=4)).text


def test_the_page_needs_nothing_from_outside() -> None:
    page = make_report(findings()).page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "<script" not in page and "&lt;script&gt;" in page


def test_the_same_findings_give_the_same_report() -> None:
    assert make_report(findings()) == make_report(findings())


def test_a_failed_variant_is_a_row_that_says_so() -> None:
    whole = findings()
    why = "Failed: no disk"
    outcomes = [
        replace(one, judge=None, failure=why) if (one.variant, one.seed) == ("literal", 1) else one
        for one in whole.outcomes
    ]
    lost = {seed: rows for seed, rows in whole.variants["literal"].items() if seed != 1}
    report = make_report(
        replace(whole, outcomes=outcomes, variants={**whole.variants, "literal": lost})
    )
    row = next(line for line in report.text.splitlines() if line.startswith("| literal | about"))
    assert row == f"| literal | about literal | 2 of 3 | seed 1: {why} |"
    assert "full − literal" in report.text


def test_an_experiment_without_reinforcement_or_photos_has_no_empty_parts() -> None:
    page = make_report(findings(runs={}, examples=[])).page
    assert "Learning curves" not in page and "Health of the reward" not in page
    assert "photos of the set" not in page and "Table 3" in page


def test_nothing_measured_is_still_a_report() -> None:
    outcomes = [Outcome(name, 0, None, failure="Crashed") for name in VARIANTS]
    report = make_report(findings(variants={}, runs={}, examples=[], outcomes=outcomes))
    assert report.pictures == {}
    assert {one.verdict for one in report.claims} == {"not measured"}
    assert report.text.count("seed 0: Crashed") == len(VARIANTS)


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_single_seed_makes_no_claim(seeds: int) -> None:
    report = make_report(findings(config=config(seeds=range(seeds)), variants=experiment(seeds)))
    assert ("not measured" in report.page) == (seeds == 1)
    assert f"means over {seeds} seed{'s' if seeds > 1 else ''} " in report.page

"""The page of a run shows every metric that has a course, and what was held out."""

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from joppo.training.runs.plots import GROUPS, held_out, picture, smoothed, write_page


def _rows(*names: str, steps: int = 3) -> list[dict[str, Any]]:
    return [{"name": n, "step": s, "value": 1 / s} for n in names for s in range(1, steps + 1)]


def test_a_page_has_its_groups_figures_and_config() -> None:
    rows = [
        *_rows("loss", "reward", "rewards/format/mean", "own_metric"),
        {"name": "once", "step": 1, "value": 1.0},
        {"name": "before_srcc_total", "step": 0, "value": -0.08},
        {"name": "after_srcc_total", "step": 3, "value": 0.6},
        {"name": "after_parse_rate", "step": 3, "value": 0.5},
    ]
    page = write_page(rows, "joppo-<1>", {"seed": 3})
    assert "joppo-&lt;1&gt;" in page and "<th>seed</th><td><code>3</code>" in page
    assert re.findall(r"<h2>(.*?)</h2>", page) == [
        "Held-out figures",
        "Reward",
        "Learning",
        "More",
        "What it is made of",
    ]
    assert page.count("<svg") == 4
    assert "own metric" in page and "once" not in page
    assert ">-0.080<" in page and ">0.600<" in page and "undefined" in page
    # One file: nothing is loaded from elsewhere.
    assert not re.search(r'(src|href)="(?!#)', page.replace("xlink:href", "href"))


def test_held_out_figures_stand_side_by_side() -> None:
    rows = [{"name": n, "step": 0, "value": v} for n, v in (("before_a", 1.0), ("after_b", 2.0))]
    assert held_out(rows) == [("a", 1.0, None), ("b", None, 2.0)]


def test_a_run_without_steps_has_a_page_and_a_picture() -> None:
    assert "0 steps" in write_page([], "sft-1")
    assert Image.open(io.BytesIO(picture([]))).size[0] > 100


def test_the_picture_grows_with_its_curves() -> None:
    few, many = (
        Image.open(io.BytesIO(picture(_rows(*names))))
        for names in (
            ["loss"],
            [p.names[0] for panels in GROUPS.values() for p in panels],
        )
    )
    assert many.size[1] > 2 * few.size[1]


def test_smoothing_keeps_length_mean_and_constants() -> None:
    values = np.random.default_rng(0).normal(size=200)
    smooth = smoothed(values)
    assert smooth.shape == values.shape and smooth.std() < values.std() / 2
    # A window of 17 in the middle; half of it at the ends.
    assert smooth[100] == pytest.approx(values[92:109].mean())
    assert smooth[0] == pytest.approx(values[:9].mean())
    assert smoothed(np.ones(7)) == pytest.approx(np.ones(7))

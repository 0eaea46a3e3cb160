"""Calibration of the gate: matched against shuffled pairs, with the ROC that sets the thresholds.

    python -m joppo.data.synthesis.calibration --out DIR                      held-out scenes
    python -m joppo.data.synthesis.calibration --out DIR --photos PHOTOS      and real photographs
    python -m joppo.data.synthesis.calibration --out DIR --store ROOT         pairs of a corpus

Writes calibration.json, calibration.png and, for fresh images, contact.png into the output folder.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from joppo.data.photos.decode import load_photo
from joppo.data.store.store import Store
from joppo.data.synthesis.calibration.calibration_pairs import (
    CalibrationSet,
    photos_set,
    scenes_set,
    store_pairs,
)
from joppo.data.synthesis.calibration.perturbations import DESTROY, KEEP
from joppo.data.synthesis.calibration.separation import Separation, plot_roc
from joppo.data.synthesis.config import SynthesisConfig
from joppo.data.synthesis.contact_sheet import contact_sheet
from joppo.data.synthesis.control_maps import ControlConfig, canny_map, resize, working_size
from joppo.data.synthesis.edge_agreement import edge_f1
from joppo.data.synthesis.gate import GateConfig, gate_shard


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Run the calibration of the command line; returns what calibration.json holds."""
    args = _parse(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    control, gate = ControlConfig(size=args.size), GateConfig()
    synthesis = SynthesisConfig(model=args.model)
    with TemporaryDirectory() as folder:
        store = Store(folder)
        if args.store:
            pairs = store_pairs(Store(args.store), args.version, control, gate.tolerance)
            separations, gated = [_separate(k, v) for k, v in sorted(pairs.items())], []
        else:
            scenes = scenes_set(store, control, synthesis, args.per_category)
            separations = edge_separations(scenes, control, gate)
            gated = [gate_figures("scenes", scenes, gate, control)]
            _write_sheet(scenes, gate, control, args.out / "contact.png")
        if args.photos:
            photos = list(read_photos(args.photos, control, args.max_photos))
            real = photos_set(store, photos, control, synthesis)
            separations += edge_separations(real, control, gate, "photos ")
            gated.append(gate_figures("photos", real, gate, control))
            separations.append(perturbed(photos, control, gate.tolerance))
            _write_sheet(real, gate, control, args.out / "contact-photos.png")
    result = {"separations": [s.row() for s in separations], "gate": gated}
    (args.out / "calibration.json").write_text(json.dumps(result, indent=1))
    plot_roc(separations, str(args.out / "calibration.png"))
    print(report(result))
    return result


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("build/calibration"))
    parser.add_argument("--model", default=SynthesisConfig().model)
    parser.add_argument("--size", type=int, default=64, help="short side of the images")
    parser.add_argument("--per-category", type=int, default=4, help="held-out scenes per category")
    parser.add_argument("--photos", type=Path, help="folder of real photographs")
    parser.add_argument("--max-photos", type=int, default=96)
    parser.add_argument("--store", help="measure the pairs of this corpus, make no image")
    parser.add_argument("--version", help="snapshot of --store; default: the latest")
    return parser.parse_args(arguments)


def _separate(name: str, pairs: Sequence[tuple[float, float]]) -> Separation:
    own, shuffled = np.array(pairs, dtype=float).T
    return Separation(name, own, shuffled)


def edge_separations(
    images: CalibrationSet, control: ControlConfig, gate: GateConfig, prefix: str = ""
) -> list[Separation]:
    """Edge F1 of each image with its own control and with another parent's, per control."""
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, own, shuffled in images.edge_scores(control, gate.tolerance):
        pairs[name].append((own, shuffled))
    return [_separate(prefix + name, values) for name, values in sorted(pairs.items())]


def gate_figures(
    name: str, images: CalibrationSet, gate: GateConfig, control: ControlConfig
) -> dict[str, Any]:
    """Shares that the whole gate lets through (own) and stops (shuffled), with reasons."""
    own = gate_shard(images.results, images.store, gate, control)["syntheses"]
    shuffled = gate_shard(images.shuffled(), images.store, gate, control)["syntheses"]
    reasons: dict[str, int] = defaultdict(int)
    for row in own:
        reasons[row["reason"] or "accepted"] += 1
    by_control = {
        kind: float(np.mean([r["accepted"] for r in own if r["control"] == kind]))
        for kind in sorted({r["control"] for r in own})
    }
    return {
        "name": name,
        "attempts": len(own),
        "passed": float(np.mean([row["accepted"] for row in own])),
        "passed_by_control": by_control,
        "shuffled_stopped": float(np.mean([not row["accepted"] for row in shuffled])),
        "reasons": dict(sorted(reasons.items())),
    }


def _write_sheet(
    images: CalibrationSet, gate: GateConfig, control: ControlConfig, path: Path
) -> None:
    rows = gate_shard(images.results, images.store, gate, control)["syntheses"]
    attempts = [result.attempt for result in images.results]
    path.write_bytes(contact_sheet(list(zip(attempts, rows, strict=True)), images.store))


def read_photos(
    folder: Path, control: ControlConfig, limit: int
) -> Iterator[tuple[str, np.ndarray]]:
    """(name, (h, w, 3) uint8 at working size) of the first photos of a folder, by name.

    Raises:
        FileNotFoundError: no photo in the folder.
    """
    suffixes = {".jpg", ".jpeg", ".png", ".webp"}
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in suffixes)[:limit]
    if not files:
        raise FileNotFoundError(f"{folder} has no photo (jpg, png or webp); name another folder")
    for file in files:
        photo = load_photo(file.read_bytes())
        yield file.name, resize(np.asarray(photo), *working_size(*photo.size, control.size))


def perturbed(
    photos: Sequence[tuple[str, np.ndarray]], control: ControlConfig, tolerance: int
) -> Separation:
    """Edge F1 of photos with themselves after changes that keep, or destroy, the composition."""

    def scores(changes: Mapping[str, Any]) -> np.ndarray:
        return np.array(
            [
                edge_f1(
                    canny_map(change(image), control)[0], canny_map(image, control)[0], tolerance
                )
                for _, image in photos
                for change in changes.values()
            ]
        )

    return Separation("light and colour against crops, flips, swaps", scores(KEEP), scores(DESTROY))


def report(result: Mapping[str, Any]) -> str:
    """The figures as text."""
    lines = [
        f"{'pairs':<45}{'n':>6}{'own':>7}{'other':>7}{'ratio':>7}{'AUC':>7}{'thr.':>7}{'kept':>7}"
    ]
    for row in result["separations"]:
        lines.append(
            f"{row['name']:<45}{row['pairs']:>6}{row['own']:>7.3f}{row['shuffled']:>7.3f}"
            f"{row['ratio']:>7.2f}{row['auc']:>7.3f}{row['threshold']:>7.2f}{row['kept']:>7.2f}"
        )
    for gate in result["gate"]:
        shares = ", ".join(f"{k} {v:.0%}" for k, v in gate["passed_by_control"].items())
        lines.append(
            f"gate on {gate['name']}: {gate['passed']:.1%} of {gate['attempts']} attempts pass "
            f"({shares}); {gate['shuffled_stopped']:.1%} of shuffled pairs are stopped; "
            f"{gate['reasons']}"
        )
    return "\n".join(lines)

"""Calibration of totals: what people gave to photos that the judge rates so.

An isotonic fit of human scores (MOS in [0, 1]) to totals on a validation split: the order of photos
stays, the numbers move to people's scale. Between the knots of the fit totals are interpolated;
below the first and above the last knot the end values hold. A calibration belongs to one judge and
prompt, and says so.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from joppo.data.store.files import FileStore

FILE = "calibration.json"
LEAST = 10


class CalibrationError(ValueError):
    """There is no calibration that fits; the message names the remedy."""


@dataclass(frozen=True)
class Calibration:
    """Knots of the fitted function and what it was fitted on."""

    judge: str
    prompt_id: str
    totals: tuple[float, ...]
    """strictly increasing, in [0, 1]"""
    values: tuple[float, ...]
    """increasing, in [0, 1]"""
    photos: int
    source: str
    """snapshot and split of the human scores"""

    def __call__(self, total: float) -> float:
        """The calibrated total in [0, 1]."""
        return float(np.interp(total, self.totals, self.values))


def fit(
    totals: Sequence[float], mos: Sequence[float], *, judge: str, prompt_id: str, source: str
) -> Calibration:
    """Isotonic least squares (pool adjacent violators, scipy) of `mos` on `totals`.

    Raises:
        CalibrationError: fewer than 10 photos.
    """
    from scipy.optimize import isotonic_regression

    if len(totals) < LEAST:
        raise CalibrationError(
            f"{len(totals)} scored photos with human scores are too few to calibrate {judge}; "
            f"at least {LEAST} are needed"
        )
    x, index, count = np.unique(np.asarray(totals), return_inverse=True, return_counts=True)
    mean = np.bincount(index, weights=np.asarray(mos)) / count
    fitted = isotonic_regression(mean, weights=count.astype(float))
    ends = {
        int(i) for a, b in zip(fitted.blocks, fitted.blocks[1:], strict=False) for i in (a, b - 1)
    }
    knots = sorted(ends)
    return Calibration(
        judge,
        prompt_id,
        tuple(x[knots].tolist()),
        tuple(fitted.x[knots].tolist()),
        len(totals),
        source,
    )


def save(calibration: Calibration, folder: FileStore, name: str = FILE) -> None:
    """Write it as JSON, whole or not at all."""
    text = json.dumps(asdict(calibration), indent=1, sort_keys=True)
    folder.write_bytes(name, f"{text}\n".encode())


def load(folder: FileStore, judge: str, prompt_id: str, name: str = FILE) -> Calibration:
    """The calibration of this judge and prompt.

    Raises:
        CalibrationError: there is none, it is damaged, or it is another judge's.
    """
    remedy = "run `joppo calibrate` with this judge, or score without `--calibrated`"
    try:
        values = json.loads(folder.read_bytes(name))
        found = Calibration(
            **{**values, "totals": tuple(values["totals"]), "values": tuple(values["values"])}
        )
    except FileNotFoundError:
        raise CalibrationError(f"no {name} in {folder.root}: {remedy}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise CalibrationError(f"{folder.root}/{name} is damaged ({error}): {remedy}") from error
    if (found.judge, found.prompt_id) != (judge, prompt_id):
        raise CalibrationError(
            f"{folder.root}/{name} is that of {found.judge}, prompt {found.prompt_id}, not of "
            f"{judge}, prompt {prompt_id}: {remedy}"
        )
    return found


def place_of(model_folder: Path | None, store_root: str, judge: str) -> tuple[FileStore, str]:
    """(folder, file name): beside the model where it has a folder of its own, else in the store."""
    if model_folder is not None:
        return FileStore(model_folder), FILE
    return FileStore(f"{store_root}/calibrations"), f"{judge.replace('*', '-')}.json"

"""The photos of a dataset: what is missing, broken or without label, and how large the rest is."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from joppo.data.datasets.base import DatasetFormatError
from joppo.data.datasets.image_check import (
    Finding,
    NoUsablePhotoError,
    Spread,
    check_images,
)
from joppo.data.datasets.ingest import IngestConfig


def jpeg(width: int, height: int, orientation: int | None = None) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.effect_noise((width, height), 60).convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    (images / "deep").mkdir(parents=True)
    (images / "a.jpg").write_bytes(jpeg(40, 30))
    (images / "deep" / "b.jpg").write_bytes(jpeg(60, 20))
    (images / "turned.jpg").write_bytes(jpeg(80, 50, orientation=6))
    (images / "cut.jpg").write_bytes(jpeg(64, 64)[:-600])
    (images / "page.jpg").write_text("<html>404</html>")
    (images / "empty.png").write_bytes(b"")
    (images / "extra.jpg").write_bytes(jpeg(8, 8))
    (images / "gone.jpg").symlink_to(images / "nowhere.jpg")
    (images / "README.txt").write_text("not a photo")
    return images


LABELS = ["a.jpg", "deep/b.jpg", "turned.jpg", "cut.jpg", "page.jpg", "empty.png"]


def test_each_photo_is_counted_under_what_is_the_matter_with_it(folder: Path) -> None:
    check = check_images([*LABELS, "no_1.jpg", "gone.jpg", "no_0.jpg", "a.jpg"], folder)
    assert (check.labels, check.usable) == (9, 3)
    assert check.missing == Finding(3, ["no_1.jpg", "gone.jpg", "no_0.jpg"])
    assert check.broken == {
        "truncated_image": Finding(1, ["cut.jpg"]),
        "not_an_image": Finding(1, ["page.jpg"]),
        "empty_file": Finding(1, ["empty.png"]),
    }
    assert check.unlabelled == Finding(1, ["extra.jpg"])
    assert check.refused == {"not_a_file": Finding(1, ["gone.jpg"])}
    check.require_usable(folder)


def test_sizes_are_those_of_usable_photos_seen_upright(folder: Path) -> None:
    sizes = check_images(LABELS, folder).sizes
    assert sizes["width"] == Spread(40, 50, 60)
    assert sizes["height"] == Spread(20, 30, 80)
    assert sizes["pixels"] == Spread(1200, 1200, 4000)
    files = [(folder / name).stat().st_size for name in LABELS[:3]]
    assert sizes["bytes"] == Spread(*sorted(files))


def test_a_photo_above_the_limits_of_ingestion_is_broken(folder: Path) -> None:
    check = check_images(LABELS[:3], folder, IngestConfig(max_pixels=2000))
    assert check.usable == 2 and check.broken["too_many_pixels"].first == ["turned.jpg"]
    check = check_images(["a.jpg"], folder, IngestConfig(max_bytes=100))
    assert check.usable == 0 and check.broken["file_too_large"].count == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_photo_without_permission_is_broken(folder: Path) -> None:
    (folder / "a.jpg").chmod(0)
    assert check_images(["a.jpg"], folder).broken == {"unreadable_file": Finding(1, ["a.jpg"])}


def test_progress_reaches_the_number_that_was_listed(folder: Path) -> None:
    listed, counts = list[int](), list[int]()
    content = jpeg(8, 8)
    names = [f"many_{n}.jpg" for n in range(150)]
    for name in names:
        (folder / name).write_bytes(content)
    check_images([*names, "no.jpg"], folder, listed=listed.append, progress=counts.append)
    assert listed == [150] and sum(counts) == 150 and len(counts) > 1


def test_a_folder_that_is_not_there_or_holds_no_photo_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetFormatError, match="there is no such folder"):
        check_images(["a.jpg"], tmp_path / "nowhere")
    with pytest.raises(DatasetFormatError, match="holds no photo"):
        check_images(["a.jpg"], tmp_path)


def test_without_a_usable_photo_the_folder_that_holds_them_is_named(folder: Path) -> None:
    above = folder.parent
    with pytest.raises(NoUsablePhotoError, match=f"none of 2 labels .* name {folder}$"):
        check_images(["a.jpg", "deep/b.jpg"], above).require_usable(above)
    with pytest.raises(NoUsablePhotoError, match=f"none of 1 labels .* name {above}$"):
        check_images(["images/a.jpg"], folder).require_usable(folder)


@pytest.mark.parametrize(
    ("labels", "remedy"),
    [
        (["x.jpg"], "Put the dataset's photos there"),
        (["cut.jpg", "x.jpg"], "Copy the broken photos again"),
        ([], "no row of it could be used"),
    ],
)
def test_without_a_usable_photo_the_remedy_fits(
    folder: Path, labels: list[str], remedy: str
) -> None:
    with pytest.raises(NoUsablePhotoError, match=remedy):
        check_images(labels, folder).require_usable(folder)


@given(st.lists(st.text(max_size=3), max_size=12))
def test_a_finding_counts_all_names_and_keeps_the_first_five(names: list[str]) -> None:
    finding = Finding()
    for name in names:
        finding.add(name)
    assert finding == Finding(len(names), names[:5])


@given(st.lists(st.integers(0, 9), min_size=1))
def test_a_median_is_one_of_the_values(values: list[int]) -> None:
    spread = Spread.of(values)
    assert spread.low <= spread.median <= spread.high
    assert {spread.low, spread.median, spread.high} <= set(values)
    assert 2 * sum(value <= spread.median for value in values) >= len(values)

"""`joppo labels`: the account of a label file and, with a folder, of its photos."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from joppo.data.datasets import READERS
from joppo.data.datasets.image_check import NO_CHECKSUMS
from joppo.flows.cli.app import app
from tests.data.pictures import painting, png

PICD = "img_id,folder_name,category_id,category_abbre,category_full_name\n"


def dataset(folder: Path, rows: Sequence[tuple[str, str]], photos: Sequence[str]) -> list[str]:
    """Arguments for PICD's labels, (photo, categories) each, and a folder of photos."""
    labels = folder / "labels_PICD.csv"
    labels.write_text(PICD + "".join(f'{name},F,"{ids}",A,N\n' for name, ids in rows))
    images = folder / "images"
    images.mkdir()
    for seed, name in enumerate(photos):
        (images / name).write_bytes(png(painting(seed, 32)))
    return ["picd", str(labels), "--images", str(images)]


def invoke(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["labels", *arguments], env={"COLUMNS": "200"})
    return done.exit_code, done.output


def cells(output: str, name: str) -> list[str]:
    """The cells of the table row with a name."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines()]
    (found,) = [row for row in rows if row and row[0] == name]
    return found[1:]


def test_photos_are_counted_by_what_is_the_matter_with_them(tmp_path: Path) -> None:
    rows = [("1.jpg", "3"), ("2.jpg", "4,5"), ("2.jpg", "6"), ("cut.jpg", "1"), ("no.jpg", "2")]
    arguments = dataset(tmp_path, rows, ["1.jpg", "2.jpg", "cut.jpg", "[bold]extra.jpg"])
    cut = tmp_path / "images" / "cut.jpg"
    cut.write_bytes(cut.read_bytes()[:-300])
    code, output = invoke(*arguments)
    assert code == 0
    assert cells(output, "rejected: duplicate_id") == ["1"]
    assert cells(output, "labelled") == ["4", ""]
    assert cells(output, "usable") == ["2", ""]
    assert cells(output, "missing: labels without photo") == ["1", "no.jpg"]
    assert cells(output, "broken: truncated_image") == ["1", "cut.jpg"]
    assert cells(output, "photos without label") == ["1", "[bold]extra.jpg"]
    assert cells(output, "width") == ["32", "32", "32"]
    assert "picd publishes none" in output


def test_only_the_first_names_are_shown(tmp_path: Path) -> None:
    names = [f"{n}.jpg" for n in range(9)]
    code, output = invoke(*dataset(tmp_path, [(name, "1") for name in names], names[:1]))
    assert code == 0
    shown = "1.jpg, 2.jpg, 3.jpg, 4.jpg, 5.jpg, ..."
    assert cells(output, "missing: labels without photo") == ["8", shown]
    assert cells(output, "broken: none") == ["0", ""]


def test_the_status_is_1_where_no_label_has_a_usable_photo(tmp_path: Path) -> None:
    code, output = invoke(*dataset(tmp_path, [("1.jpg", "3"), ("2.jpg", "3")], ["other.jpg"]))
    assert code == 1
    assert cells(output, "missing: labels without photo") == ["2", "1.jpg, 2.jpg"]
    assert "none of 2 labels has a usable photo" in output and "Traceback" not in output


def test_the_status_is_1_where_the_folder_does_not_exist(tmp_path: Path) -> None:
    arguments = dataset(tmp_path, [("1.jpg", "3")], [])
    code, output = invoke(*arguments[:-1], str(tmp_path / "nowhere"))
    assert code == 1 and "there is no such folder" in output


def test_without_a_folder_no_photo_is_looked_for(tmp_path: Path) -> None:
    code, output = invoke(*dataset(tmp_path, [("1.jpg", "3")], [])[:2])
    assert code == 0 and cells(output, "photos") == ["1"] and "missing" not in output


def test_an_unknown_reader_is_one_sentence() -> None:
    code, output = invoke("picture", "labels.csv")
    assert code == 1
    assert output.startswith("no reader 'picture'; there are: aadb, ") and "Trace" not in output


@pytest.mark.parametrize("kind", sorted(NO_CHECKSUMS))
def test_checksums_are_spoken_of_for_readers_that_exist(kind: str) -> None:
    assert kind in READERS.names

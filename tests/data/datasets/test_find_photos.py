"""Files, folders and patterns; names are what they are."""

import os
from pathlib import Path

import pytest

from joppo.data.datasets.base import Reject
from joppo.data.datasets.find_photos import PhotoFile, find_photos, read_photo, shown_name
from joppo.data.photos.decode import PhotoError

NAMES = [
    "with space.jpg",
    "ünïcødé 北京 🙂.png",
    'it\'s "quoted".jpg',
    "new\nline\tand tab.JPG",
    "-rf.jpg",
    "100% $HOME `id`.webp",
    "[1].jpg",
    "<b>bold.jpg",
    "semi;colon&amp.jpg",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "notes.txt").write_text("no photo")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "last.tiff").write_bytes(b"x")
    (tmp_path / ".hidden.jpg").write_bytes(b"x")
    return tmp_path


def names(places: list[str]) -> list[str]:
    return [f.path.name for f in find_photos(places) if isinstance(f, PhotoFile)]


def rejects(places: list[str]) -> list[tuple[str, str]]:
    return [(Path(f.item).name, f.reason) for f in find_photos(places) if isinstance(f, Reject)]


def test_a_folder_gives_its_photos_sorted_whatever_their_names(folder: Path) -> None:
    assert names([str(folder)]) == [*sorted(NAMES), "last.tiff"]
    assert rejects([str(folder)]) == []


def test_a_file_comes_once_and_whatever_its_suffix(folder: Path) -> None:
    odd = str(folder / "notes.txt")
    place = str(folder / "with space.jpg")
    assert names([place, odd, place, str(folder / "deep" / ".." / "with space.jpg")]) == [
        "with space.jpg",
        "notes.txt",
    ]
    assert len(names([place, str(folder)])) == len(names([str(folder)]))


def test_patterns_and_names_that_look_like_patterns(folder: Path) -> None:
    assert names([str(folder / "[1].jpg")]) == ["[1].jpg"]
    assert names([str(folder / "**" / "*.tiff")]) == ["last.tiff"]
    assert "notes.txt" not in names([str(folder / "*")])
    assert rejects([str(folder / "*.bmp")]) == [("*.bmp", "no_match")]


def test_what_cannot_be_found_is_told(folder: Path) -> None:
    assert rejects([str(folder / "gone.jpg")]) == [("gone.jpg", "missing_file")]
    (folder / "empty").mkdir()
    assert rejects([str(folder / "empty")]) == [("empty", "no_photos")]
    (folder / "empty" / "loop").symlink_to(folder, target_is_directory=True)
    assert rejects([str(folder / "empty")]) == [("loop", "linked_folder")]


def test_a_name_that_is_no_utf8_is_shown_and_read(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    try:
        Path(os.fsdecode(raw)).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (found,) = find_photos([str(tmp_path)])
    assert isinstance(found, PhotoFile) and found.name.endswith("caf\\xe9.jpg")
    assert read_photo(found.path, 10) == b"x"
    assert shown_name(found.path).encode()


def test_reasons_of_what_cannot_be_read(tmp_path: Path) -> None:
    def reason(path: Path, most: int = 100) -> str:
        with pytest.raises(PhotoError) as error:
            read_photo(path, most)
        return error.value.reason

    (tmp_path / "dead.jpg").symlink_to(tmp_path / "nothing")
    assert reason(tmp_path / "dead.jpg") == "missing_image"
    assert reason(tmp_path) == "not_a_file"
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason(tmp_path / "pipe.jpg") == "not_a_file"
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(10**12)  # a sparse file: its size is all that is looked at
    assert reason(large) == "file_too_large"


def test_ten_thousand_files_are_listed_quickly(tmp_path: Path) -> None:
    for n in range(10_000):
        (tmp_path / f"{n:05d}.jpg").touch()
    assert len(names([str(tmp_path)])) == 10_000

"""AVA: votes on 255,500 photographs of dpchallenge.com (CVPR 2012). Out-of-domain benchmark.

Source: repository imfing/ava_downloader and mirrors. Licence: research use; the photos belong to
their authors. Both bind the user.

Format: `AVA.txt`, no header, fifteen numbers a line divided by white space: index, image id, counts
of the votes 1 to 10, two semantic tags, challenge id. Photos are `images/<id>.jpg`. The official
test list is `aesthetics_image_lists/generic_test.jpgl`, one id a line.

Scale: MOS = sum(i * c_i) / sum(c_i) in [1, 10], mapped to [0, 1]; `raters` is the number of votes.
The tags are not read.

Traps: some photos are missing or broken: ingestion counts them as rejects. Without a test list no
split is stated; with one, every other photo is train.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from joppo.data.datasets.base import BadRowError, DatasetFormatError, Label, Reject, read_rows
from joppo.data.datasets.cells import count, item_name, shown, unit
from joppo.data.datasets.label_files import text_lines

DATASET = "ava"
LOW, HIGH = 1.0, 10.0
COLUMNS = 15


def read_ava(path: str | Path, test_list: str | Path | None = None) -> Iterator[Label | Reject]:
    """Labels of `AVA.txt`; `test_list` is the path of the official list of test ids.

    Raises:
        DatasetFormatError: the first line has not fifteen columns, or the test list holds no ids.
    """
    path = Path(path)
    tests = None if test_list is None else _read_ids(Path(test_list))
    yield from read_rows(path, _lines(path), _parser(tests))


def _lines(path: Path) -> Iterator[tuple[int, list[str] | BadRowError]]:
    is_first = True
    for line, text in text_lines(path):
        cells = text.split()
        if len(cells) == COLUMNS:
            yield line, cells
        elif is_first:
            problem = f"line {line} has {len(cells)} columns, not {COLUMNS}"
            raise DatasetFormatError(path, problem, "Name AVA.txt as it is distributed")
        else:
            detail = f"{len(cells)} columns, not {COLUMNS}; restore the line"
            yield line, BadRowError("wrong_column_count", detail)
        is_first = False
    if is_first:
        raise DatasetFormatError(path, "is empty", "Name AVA.txt as it is distributed")


def _parser(tests: set[str] | None) -> Callable[[list[str]], Label]:
    def parse(cells: list[str]) -> Label:
        photo = cells[1]
        if not (photo.isascii() and photo.isdigit()):
            item_name(photo)
            raise BadRowError(
                "bad_id", f"image id {shown(photo)} is not a number; restore the line"
            )
        votes = [count(value, f"count of {vote}") for vote, value in enumerate(cells[2:12], 1)]
        raters = sum(votes)
        if raters == 0:
            raise BadRowError("no_votes", f"photo {photo} has no votes, so no mean; leave it out")
        raw = sum(vote * times for vote, times in enumerate(votes, 1)) / raters
        split = None if tests is None else ("test" if photo in tests else "train")
        mos = unit(raw, LOW, HIGH)
        return Label(f"{photo}.jpg", DATASET, mos=mos, mos_raw=raw, raters=raters, split=split)

    return parse


def _read_ids(path: Path) -> set[str]:
    ids = {text for _, text in text_lines(path)}
    bad = sorted(one for one in ids if not (one.isascii() and one.isdigit()))
    if bad or not ids:
        problem = f"is no list of image ids ({shown(bad[0]) if bad else 'empty'})"
        raise DatasetFormatError(path, problem, "Name generic_test.jpgl")
    return ids

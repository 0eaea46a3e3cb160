"""Checked conversions of single cells. Each raises `BadRowError` with a reason and a remedy."""

import math
import re
from collections.abc import Mapping
from typing import Any

from joppo.data.datasets.base import BadRowError
from joppo.data.taxonomy.categories import CATEGORIES

_DRIVE = re.compile(r"[A-Za-z]:")
# Control characters, backslashes, and halves of surrogate pairs, which UTF-8 cannot hold.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_NUMBER = re.compile(
    r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?|[+-]?(nan|inf(inity)?)", re.I | re.A
)
_IDS = re.compile(r"\d{1,6}(\s*,\s*\d{1,6})*", re.A)
_SHOWN = 80


def shown(value: Any) -> str:
    """A value in the form for messages: quoted, ASCII, at most 80 characters."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def item_name(value: Any, field: str = "image id") -> str:
    """A photo's name: a relative path with forward slashes that stays inside its folder."""
    if not isinstance(value, str):
        raise BadRowError("bad_id", f"{field} is {shown(value)}; write the file name as text")
    name = value.strip()
    if not name:
        raise BadRowError("missing_id", f"{field} is empty; write the photo's file name")
    if unsafe_path(name):
        detail = f"{field} {shown(name)} leads out of the image folder or is no plain relative path"
        raise BadRowError("unsafe_path", f"{detail}; write a path relative to that folder")
    return name


def unsafe_path(name: str) -> bool:
    """Whether a name is absolute, climbs, has a drive letter, or no portable UTF-8 form."""
    parts = name.split("/")
    climbs = any(part in ("", ".", "..") for part in parts)
    return climbs or _FORBIDDEN.search(name) is not None or _DRIVE.match(name) is not None


def number(value: Any, low: float, high: float, field: str) -> float:
    """A finite number in [low, high], from text or from JSON; NaN is refused, not passed on."""
    found = _to_float(value, field)
    if not math.isfinite(found):
        raise BadRowError(
            "not_finite", f"{field} is {shown(value)}; leave the row out or correct it"
        )
    if not low <= found <= high:
        detail = f"{field} is {shown(value)}, outside of [{low:g}, {high:g}]"
        raise BadRowError("out_of_range", f"{detail}; correct it, or the stated scale")
    return found


def count(value: Any, field: str) -> int:
    """A whole number >= 0 (a number of raters or votes)."""
    found = number(value, 0, 2**53, field)
    if found != int(found):
        raise BadRowError("not_a_count", f"{field} is {shown(value)}; write a whole number")
    return int(found)


def unit(raw: float, low: float, high: float) -> float:
    """Linear map of the scale [low, high] to [0, 1]."""
    return (raw - low) / (high - low)


def signed_unit(raw: float, low: float, high: float) -> float:
    """Linear map of the scale [low, high] to [-1, 1]; values on that scale stay to the bit."""
    return raw if (low, high) == (-1, 1) else 2 * unit(raw, low, high) - 1


def category_ids(value: Any) -> tuple[int, ...]:
    """PICD ids of `"8"` or `"13,8"`, in the label's order."""
    text = str(value).strip()
    if not text:
        raise BadRowError(
            "missing_value", "the category is empty; write PICD ids such as 8 or 13,8"
        )
    if not _IDS.fullmatch(text):
        raise BadRowError(
            "bad_category", f"category {shown(value)} is not a list such as 8 or 13,8"
        )
    ids = tuple(int(part) for part in text.split(","))
    unknown = [one for one in ids if one not in CATEGORIES]
    if unknown:
        detail = f"category {unknown[0]} does not exist; PICD ids are 1 to {len(CATEGORIES)}"
        raise BadRowError("unknown_category", detail)
    if len(set(ids)) != len(ids):
        raise BadRowError("repeated_category", f"category list {shown(value)} names an id twice")
    return ids


def cell(row: Mapping[str, Any], field: str) -> Any:
    """The value of a field that must be there and not be empty."""
    value = row.get(field)
    if value is None or value == "":
        raise BadRowError("missing_value", f"{field} is empty or absent; fill it in")
    return value


def _to_float(value: Any, field: str) -> float:
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        raise BadRowError("missing_value", f"{field} is empty; fill it in or leave the row out")
    numeric = isinstance(text, (int, float)) and not isinstance(text, bool)
    # float() would also read 1_000 and digits of other scripts.
    if not numeric and not (isinstance(text, str) and _NUMBER.fullmatch(text)):
        detail = f"{field} is {shown(value)}; write a number with a decimal point"
        raise BadRowError("not_a_number", detail)
    try:
        return float(text)
    except OverflowError:
        return math.inf

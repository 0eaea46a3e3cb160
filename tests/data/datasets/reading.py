"""How the tests of readers look at a stream."""

from collections.abc import Iterable
from pathlib import Path

from joppo.data.datasets import Label, Reject

FIXTURES = Path(__file__).parent / "fixtures"


def sort_out(results: Iterable[Label | Reject]) -> tuple[dict[str, Label], dict[str, str]]:
    """(labels by item, reasons by place); every reject has stage read and a sentence."""
    labels: dict[str, Label] = {}
    reasons: dict[str, str] = {}
    for result in results:
        if isinstance(result, Reject):
            assert result.stage == "read" and len(result.detail) > 10
            assert result.item not in reasons
            reasons[result.item] = result.reason
        else:
            assert result.item not in labels
            assert result.mos is None or 0 <= result.mos <= 1
            assert all(-1 <= value <= 1 for value in result.attributes.values())
            labels[result.item] = result
    return labels, reasons

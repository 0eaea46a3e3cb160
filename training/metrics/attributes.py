"""What a judge's attributes are worth: against their truth, against the total, among each other.

An attribute-to-total correlation rises when all attributes merely follow the total (*halo*), so it
means something only beside the other two.
"""

from dataclasses import dataclass

import numpy as np

from joppo.training.metrics.bootstrap import Array, Moments, RankCorrelation, linear_correlation


@dataclass(frozen=True)
class AttributeColumns:
    """A judge's attributes (n, d) in [-1, 1] and total (n,), with the truth of the same photos.

    `truth` (n, d) and `mos` (n,) on any scale; None where the set states none.
    """

    names: tuple[str, ...]
    attributes: Array
    total: Array
    mos: Array | None = None
    truth: Array | None = None


#: (metric, attribute or None for the mean over attributes)
Key = tuple[str, str | None]


class AttributeFigures:
    """All rank correlations of a judge's attributes at once, for a sample and its resamples.

    `keys` names the columns of the result:

    - `attribute_to_total`: a judge's attribute with the judge's own total;
    - `attribute_to_mos`: a judge's attribute with the human total;
    - `srcc_attribute`: a judge's attribute with the human score of the same attribute;
    - `attribute_to_mos_truth`: a human attribute with the human total, what a judge without fault
      would have;
    - `halo`: mean correlation between different attributes of the judge; `halo_truth` the same of
      people; `halo_excess` their difference.
    """

    def __init__(self, columns: AttributeColumns) -> None:
        self._columns = columns
        d = len(columns.names)
        table = [columns.attributes, columns.total[:, None]]
        total, mos, truth = d, d + 1, d + 2
        if columns.mos is not None:
            table.append(columns.mos[:, None])
        if columns.truth is not None:
            table.append(columns.truth)
            truth = sum(part.shape[1] for part in table) - d
        pairs: dict[str, list[tuple[int, int]]] = {
            "attribute_to_total": [(i, total) for i in range(d)],
            "halo": _between(0, d),
        }
        if columns.mos is not None:
            pairs["attribute_to_mos"] = [(i, mos) for i in range(d)]
        if columns.truth is not None:
            pairs["srcc_attribute"] = [(i, truth + i) for i in range(d)]
            pairs["halo_truth"] = _between(truth, d)
        if columns.truth is not None and columns.mos is not None:
            pairs["attribute_to_mos_truth"] = [(truth + i, mos) for i in range(d)]
        self._pairs = {name: listed for name, listed in pairs.items() if listed}
        flat = [pair for listed in self._pairs.values() for pair in listed]
        self._correlation = RankCorrelation(np.column_stack(table), flat)
        self.keys: list[Key] = self._keys()

    def _keys(self) -> list[Key]:
        keys: list[Key] = []
        for name in self._pairs:
            if not name.startswith("halo"):
                keys += [(name, attribute) for attribute in self._columns.names]
            keys.append((name, None))
        return [*keys, ("halo_excess", None)] if "halo_truth" in self._pairs else keys

    def __call__(self, counts: Array) -> Array:
        """Figures (b, keys) of b resamples given as counts (b, n); NaN where undefined."""
        found, first = self._correlation(counts), 0
        columns: list[Array] = []
        means: dict[str, Array] = {}
        for name, pairs in self._pairs.items():
            own = found[:, first : first + len(pairs)]
            first += len(pairs)
            if not name.startswith("halo"):
                columns.append(own)
            means[name] = own.mean(axis=1)
            columns.append(means[name][:, None])
        if "halo_truth" in means:
            columns.append((means["halo"] - means["halo_truth"])[:, None])
        return np.hstack(columns)


class AttributeLinear:
    """PLCC of each attribute with the human score of the same attribute; columns as `names`."""

    def __init__(self, attributes: Array, truth: Array) -> None:
        self.d = attributes.shape[1]
        self._moments = Moments(np.column_stack([attributes, truth]))

    def __call__(self, counts: Array) -> Array:
        """PLCC (b, d) of b resamples given as counts (b, n); NaN where a side is constant."""
        covariance = self._moments(counts)
        return np.column_stack(
            [linear_correlation(covariance, i, self.d + i) for i in range(self.d)]
        )


def inter_attribute(attributes: Array) -> Array:
    """SRCC (d, d) between the attributes (n, d); NaN where one is constant."""
    d = attributes.shape[1]
    matrix = np.eye(d)
    pairs = _between(0, d)
    if pairs:
        counts = np.ones((1, len(attributes)))
        values = RankCorrelation(attributes, pairs)(counts)[0]
        for (one, other), value in zip(pairs, values, strict=True):
            matrix[one, other] = matrix[other, one] = value
    return matrix


def _between(first: int, d: int) -> list[tuple[int, int]]:
    return [(first + i, first + j) for i in range(d) for j in range(i + 1, d)]

"""Near-duplicate texts, by MinHash of word triples (datasketch).

The same set of texts gives the same result in any order: texts are compared in the order of their
ids, and a text is a repetition if it resembles one that was kept.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasketch import MinHash

PERMUTATIONS = 64
_WORD = re.compile(r"\w+")


def near_duplicates(
    texts: Iterable[tuple[str, str]], threshold: float | None = 0.9
) -> dict[str, str]:
    """Which texts repeat another one.

    Args:
        texts: (id, text); ids are unique.
        threshold: Jaccard similarity of word triples, (0, 1], from which a text is a repetition;
            None finds none.

    Returns:
        Id of each repetition -> id of the kept text that it resembles.
    """
    if threshold is None:
        return {}
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    kept: dict[str, MinHash] = {}
    repeated: dict[str, str] = {}
    for key, text in sorted(texts):
        signature = _signature(text)
        # LSH finds candidates; the estimate decides, so that those below the threshold are kept.
        similar = sorted(
            other for other in index.query(signature) if kept[other].jaccard(signature) >= threshold
        )
        if similar:
            repeated[key] = similar[0]
        else:
            kept[key] = signature
            index.insert(key, signature)
    return repeated


def repeated_reasonings(
    rows: Iterable[Mapping[str, Any]], threshold: float | None = 0.9
) -> dict[str, str]:
    """`near_duplicates` of accepted `reasonings` rows, by request id: a pass over a whole corpus.

    Within a shard only its own texts are compared; this finds repetitions between shards.
    """
    return near_duplicates(
        ((row["request_id"], row["reasoning"]) for row in rows if row["accepted"]), threshold
    )


@cache
def _empty() -> "MinHash":
    from datasketch import MinHash

    return MinHash(num_perm=PERMUTATIONS, seed=1)


def _signature(text: str) -> "MinHash":
    words = _WORD.findall(text.casefold())
    triples = {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}
    signature = _empty().copy()
    signature.update_batch([triple.encode() for triple in sorted(triples)])
    return signature

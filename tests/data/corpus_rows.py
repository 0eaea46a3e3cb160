"""Small rows and shards for tests of the corpus."""

from joppo.data.store.hashing import content_hash
from joppo.data.store.store import ShardRef, Store


def image_row(name: str, **values) -> dict:
    row = {
        "image_id": content_hash(name),
        "origin": "picd",
        "item": f"{name}.jpg",
        "uri": f"images/{content_hash(name)[:2]}/{content_hash(name)}.jpg",
        "width": 4,
        "height": 3,
        "phash": content_hash(name)[:16],
        "split": "train",
    }
    return row | values


def sample_row(name: str, **values) -> dict:
    row = {
        "sample_id": content_hash("sample", name),
        "request_id": content_hash("request", name),
        "image_id": content_hash(name),
        "task": "composition",
        "messages": [
            {"role": "user", "content": f"Which composition has {name}?"},
            {"role": "assistant", "content": "<think>…</think><answer>C</answer>"},
        ],
        "answer": "C",
        "template_id": "t1",
        "provider": "grounded",
        "split": "train",
    }
    return row | values


def small_corpus(store: Store) -> list[ShardRef]:
    """Two shards of images and one of labels and samples each."""
    names = ["a", "b", "c"]
    return [
        store.write_shard("images", "one", [image_row("a"), image_row("b")]),
        store.write_shard("images", "two", [image_row("c", split="test")]),
        store.write_shard(
            "labels",
            "one",
            [
                {
                    "image_id": content_hash(n),
                    "dataset": "picd",
                    "item": f"{n}.jpg",
                    "categories": [i + 1],
                    "mos": 0.25 * i,
                    "split": "train",
                }
                for i, n in enumerate(names)
            ],
        ),
        store.write_shard("sft_samples", "one", [sample_row(n) for n in names[:2]]),
    ]

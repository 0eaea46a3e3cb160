"""The control maps of one shard, made and stored with the values that made them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.hashing import canonical_json
from joppo.data.store.store import Store
from joppo.data.synthesis.attempt import MapRequest
from joppo.data.synthesis.control_maps import (
    ControlConfig,
    canny_map,
    control_uri,
    encode_png,
    load_depth_model,
    normalise_depth,
    read_map,
    resize,
    working_size,
)


def control_shard(
    requests: Sequence[MapRequest], store: Store, config: ControlConfig
) -> dict[str, list[dict[str, Any]]]:
    """Make the maps of one shard; a map that is in the store is not made again.

    Returns:
        Rows of `controls`, and of `rejects` (stage "control") for photos that give no map.

    Raises:
        ValueError: a request of another kind than canny or depth.
        StoreError: the store cannot be written.
    """
    rows: dict[str, list[dict[str, Any]]] = {"controls": [], "rejects": []}
    for request in requests:
        try:
            rows["controls"].append(_make(request, store, config))
        except PhotoError as error:
            rows["rejects"].append(_reject(request, error.reason, error.detail))
        except FileNotFoundError as error:
            detail = f"{error}; restore the file or ingest the photo again"
            rows["rejects"].append(_reject(request, "missing_file", detail))
    return rows


def _reject(request: MapRequest, reason: str, detail: str) -> dict[str, Any]:
    name = f"{request.image_id}:{request.kind}"
    return {"stage": "control", "item": name, "reason": reason, "detail": detail}


def _make(request: MapRequest, store: Store, config: ControlConfig) -> dict[str, Any]:
    """The row of `controls` of a map that is in the store afterwards."""
    kind = request.kind
    known_depth = request.known_depth_uri if kind == "depth" else None
    uri = control_uri(request.image_id, kind, config, known_depth=bool(known_depth))
    record_uri = uri.removesuffix(".png") + ".json"
    if store.exists(uri) and store.exists(record_uri):
        params = store.read_bytes(record_uri).decode()
    else:
        content, params = _compute(request.image, kind, known_depth, store, config)
        store.write_bytes(uri, encode_png(content))
        store.write_bytes(record_uri, params.encode())
    return {
        "image_id": request.image_id,
        "kind": kind,
        "uri": uri,
        "source": _source(kind, known_depth, config),
        "params": params,
    }


def _source(kind: str, known_depth: str | None, config: ControlConfig) -> str:
    """canny, known, or the name of the depth model."""
    if kind == "canny":
        return kind
    # A folder's own name: a path would differ from machine to machine.
    return "known" if known_depth else Path(str(config.depth_model)).name


def _compute(
    image: Mapping[str, Any],
    kind: str,
    known_depth: str | None,
    store: Store,
    config: ControlConfig,
) -> tuple[np.ndarray, str]:
    """(map, JSON of the values that made it)."""
    if kind not in ("canny", "depth"):
        raise ValueError(f"no control kind {kind!r}; there are canny and depth")
    width, height = working_size(image["width"], image["height"], config.size)
    params: dict[str, Any] = {"width": width, "height": height}
    if known_depth:
        depth = normalise_depth(read_map(store, known_depth))
        return resize(depth, width, height), canonical_json(params)
    if kind == "depth" and config.depth_model is None:
        raise PhotoError(
            "no_depth_source", "no known depth and no depth_model in the config; set one, or canny"
        )
    photo = np.asarray(load_photo(store.read_bytes(image["uri"])))
    photo = resize(photo, width, height)
    if kind == "canny":
        edges, thresholds = canny_map(photo, config)
        return edges, canonical_json(params | thresholds)
    return resize(load_depth_model(config)(photo), width, height), canonical_json(params)

"""Prompts to read before anything is spent: what would be sent, written to a folder."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from joppo.data.photos.decode import PhotoError
from joppo.data.teachers.base import TeacherRequest
from joppo.data.teachers.images import encode


def write_dry_run(
    requests: Iterable[TeacherRequest], out: str | Path, count: int = 10
) -> list[Path]:
    """Write the first `count` requests as text files, their photos as they would be sent beside.

    `01-<template>.txt`, `01-1.jpg`, ... Text files, so that nothing in a prompt is rendered.
    Nothing is sent. Returns the paths of the text files.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, request in enumerate(islice(requests, count), start=1):
        photos = [
            _write_photo(request, index, folder / f"{number:02d}-{index + 1}.jpg")
            for index in range(len(request.images))
        ]
        template = "".join(c if c.isalnum() or c in "-_." else "_" for c in request.template_id)
        path = folder / f"{number:02d}-{template}.txt"
        params = ", ".join(f"{name}={value}" for name, value in sorted(request.params.items()))
        path.write_text(
            f"request   {request.request_id}\nteacher   {request.provider} {request.model}\n"
            f"params    {params}\nphotos    {'; '.join(photos) or 'none'}\n\n"
            f"--- system ---\n{request.system or ''}\n\n--- prompt ---\n{request.prompt}\n",
            encoding="utf-8",
        )
        written.append(path)
    return written


def _write_photo(request: TeacherRequest, index: int, path: Path) -> str:
    size, quality = request.params.get("image_size", 768), request.params.get("jpeg_quality", 90)
    try:
        path.write_bytes(encode(request.images[index].load(), size, quality))
    except PhotoError as error:
        return f"unreadable ({error})"
    return path.name

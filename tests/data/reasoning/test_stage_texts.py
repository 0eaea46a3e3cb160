"""The version of the texts follows their content, not their place."""

import shutil
from pathlib import Path

from joppo.data.reasoning.reason import RECIPE_VERSION
from joppo.data.reasoning.stage_texts import FOLDERS, texts_version


def test_any_edited_text_is_another_version(tmp_path: Path) -> None:
    copies = [shutil.copytree(folder, tmp_path / folder.name) for folder in FOLDERS]
    assert texts_version(copies) == texts_version() and texts_version() in RECIPE_VERSION
    seen = {texts_version()}
    for name in (
        "templates/aesthetic.yaml",
        "wording/facts.yaml",
        "checks/lexicon.yaml",
        "checks/phrases.yaml",
        "rubrics/photography.yaml",
        "templates/visual_prompt.j2",
    ):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write("# edited\n")
        seen.add(texts_version(copies))
    assert len(seen) == 7


def test_code_is_no_text(tmp_path: Path) -> None:
    copies = [shutil.copytree(folder, tmp_path / folder.name) for folder in FOLDERS]
    (tmp_path / "checks" / "length.py").write_text("x = 1")
    assert texts_version(copies) == texts_version()

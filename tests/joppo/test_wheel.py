"""A wheel of this repository, installed into an empty environment and used from a busy folder.

The environment sees the dependencies of the running one through a `.pth` file, so nothing is
downloaded. Files named in a folder that is added so are not read in turn: the editable
installation of the running environment stays invisible.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from tests.paths import ROOT

UV = Path(sysconfig.get_path("scripts")) / "uv"
LINKED = ("data", "training", "tasks", "flows")
EMBEDDED = "configs/embedded"


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tracked(*folders: str) -> list[str]:
    listed = run("git", "ls-files", "-z", "--cached", *folders, cwd=ROOT)
    return [name for name in listed.split("\0") if name and os.path.lexists(ROOT / name)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, for a build leaves folders behind."""
    clone = tmp_path_factory.mktemp("clone")
    for name in tracked():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, clone / name, follow_symlinks=False)
    out = tmp_path_factory.mktemp("dist")
    build = ("build", "--quiet", "--offline", "--no-build-isolation", "--python", sys.executable)
    run(UV, *build, "--wheel", "--out-dir", out, clone, cwd=clone)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the wheel."""
    home = tmp_path_factory.mktemp("installed") / "env"
    run(UV, "venv", "--quiet", "--offline", "--python", sys.executable, home, cwd=home.parent)
    install = ("pip", "install", "--quiet", "--offline", "--no-deps", "--python", home)
    run(UV, *install, wheel, cwd=home.parent)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    """A folder whose own packages have the names of ours; importing one of them fails."""
    for name in LINKED:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise ImportError('the own {name}')\n")
    Image.linear_gradient("L").resize((96, 64)).convert("RGB").save(tmp_path / "photo.png")
    return tmp_path


def environment() -> dict[str, str]:
    """That of this process, without what leads to this repository or to its user's store."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "JOPPO_STORE")}
    return kept | {"OMP_NUM_THREADS": "1"}


def test_the_wheel_has_one_package_and_every_file_of_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {PurePosixPath(name).parts[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"joppo"}
    code = {f"joppo/{name}" for name in tracked(*LINKED)} | {
        name for name in tracked("joppo") if not (ROOT / name).is_symlink()
    }
    settings = {f"joppo/{name}" for name in tracked(EMBEDDED, "prefect.toml")}
    assert {name for name in names if name.startswith("joppo/")} == code | settings
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_names_are_imported_from_the_wheel(installed: Path, busy: Path) -> None:
    code = (
        "import joppo; from joppo import Judge, joint_fidelity, open_corpus;"
        "print(joppo.__file__); print(joppo.__version__)"
    )
    file, version = run(installed / "python", "-c", code, cwd=busy, env=environment()).splitlines()
    assert Path(file).is_relative_to(installed.parent)
    assert f"joppo-{version}" in str(list(installed.parent.glob("lib/*/*/*.dist-info")))


def test_the_command_works_among_packages_of_the_same_names(installed: Path, busy: Path) -> None:
    assert "score" in run(installed / "joppo", "--help", cwd=busy, env=environment())
    run(installed / "joppo", "score", "photo.png", cwd=busy, env=environment())
    assert (busy / "scores" / "scores.csv").read_text().count("photo.png") == 1
    assert (busy / "scores" / "report.html").is_file()


def test_the_embedded_profile_comes_with_it(installed: Path, busy: Path) -> None:
    read = "from joppo.flows.config import find_config; print(find_config({!r}))".format(
        f"{EMBEDDED}/build-sft-data.yaml"
    )
    found = run(installed / "python", "-c", read, cwd=busy, env=environment()).strip()
    assert Path(found).is_relative_to(installed.parent) and Path(found).is_file()


def test_what_needs_a_clone_says_so(installed: Path, busy: Path) -> None:
    for arguments in (["up"], ["evaluate", "configs/paper/evaluate-judge.yaml"]):
        done = subprocess.run(
            [str(installed / "joppo"), *arguments],
            cwd=busy,
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1 and "a clone of the repository" in done.stderr

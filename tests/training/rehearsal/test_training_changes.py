"""Batches of a rehearsal fit its photos and the machine; what decides memory stays."""

from hypothesis import given
from hypothesis import strategies as st

from joppo.flows.config import load_config
from joppo.training.config import JoppoConfig, SftConfig
from joppo.training.rehearsal.changes import Change, applied, listed
from joppo.training.rehearsal.settings import Settings
from joppo.training.rehearsal.training_changes import joppo_changes, sft_changes
from joppo.training.trainer.preflight.batch import config_problems
from tests.paths import CONFIGS

PROFILES = ("embedded", "single-gpu", "paper")
MACHINES = st.builds(
    Settings,
    photos=st.integers(12, 200),
    steps=st.integers(1, 4),
    tiny=st.booleans(),
    gpus=st.integers(0, 9),
    cores=st.integers(1, 32),
)


def changed(config: SftConfig | JoppoConfig, settings: Settings) -> SftConfig | JoppoConfig:
    if isinstance(config, SftConfig):
        return SftConfig.model_validate(applied(config.as_dict(), sft_changes(config, settings)))
    return JoppoConfig.model_validate(applied(config.as_dict(), joppo_changes(config, settings)))


@given(st.sampled_from(PROFILES), MACHINES)
def test_batches_divide_and_are_no_larger_than_the_photos(name: str, settings: Settings) -> None:
    sft = changed(load_config(SftConfig, CONFIGS / name / "train-sft.yaml"), settings)
    joppo = changed(load_config(JoppoConfig, CONFIGS / name / "train-joppo.yaml"), settings)
    scored = [{"task": "score", "uri": str(n)} for n in range(max(settings.photos // 2, 6))]
    asked = [{"task": "composition", "uri": str(n)} for n in range(settings.photos // 2)]
    assert config_problems(sft, scored + asked) == []
    assert config_problems(joppo, scored + asked) == []
    for config in (sft, joppo):
        assert config.launch.processes <= max(1, settings.gpus)
        assert config.launch.cpu == (settings.gpus == 0 or name == "embedded")
        assert config.bf16 is False or settings.gpus > 0


def test_a_machine_that_has_all_keeps_what_decides_memory() -> None:
    settings = Settings(photos=48, gpus=8, cores=64)
    for kind, name in ((SftConfig, "train-sft"), (JoppoConfig, "train-joppo")):
        config = load_config(kind, CONFIGS / "paper" / f"{name}.yaml")
        rehearsed = changed(config, settings)
        for field in ("max_pixels", "max_completion_length", "bf16", "attention", "launch"):
            assert getattr(rehearsed, field) == getattr(config, field)
    single = load_config(JoppoConfig, CONFIGS / "single-gpu" / "train-joppo.yaml")
    rehearsed = changed(single, Settings(photos=48, gpus=1, cores=8))
    assert rehearsed.per_device_batch == single.per_device_batch
    assert rehearsed.rollout_batch == single.rollout_batch  # type: ignore[union-attr]


def test_only_what_changes_is_listed_with_what_stood_there() -> None:
    values = {"a": {"b": 1}, "c": 2}
    changes = [Change("a.b", 3, "size"), Change("c", 2, "tiny"), Change("d.e", None, "machine")]
    assert applied(values, changes) == {"a": {"b": 3}, "c": 2, "d": {"e": None}}
    assert values == {"a": {"b": 1}, "c": 2}
    rows = [(one.key, one.was, one.now) for one in listed("file", values, changes)]
    assert rows == [("a.b", "1", "3"), ("d.e", "(default)", "none")]

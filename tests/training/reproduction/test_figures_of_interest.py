"""A figure is taken from the first set that measures it."""

from joppo.training.evaluation.over_seeds import FigureName
from joppo.training.reproduction.figures_of_interest import (
    ATTRIBUTES,
    PERSPECTIVE,
    TOTAL,
    Places,
    only,
)
from tests.training.reproduction.experiment import by_seed, figure, row

MMP = FigureName("mmperspective", "", "mmp_overall", "", "worst")


def test_the_first_set_in_the_order_of_the_config() -> None:
    totals = [figure(TOTAL, name) for name in ("ava", "cadb")]
    variants = {"a": {0: [row(one, 0.5) for one in totals]}}
    places = Places(["picd", "cadb", "ava"], variants)
    assert places.first(TOTAL) == figure(TOTAL, "cadb")
    assert [one.set for one in places.everywhere(TOTAL)] == ["cadb", "ava"]
    assert places.first(ATTRIBUTES) is None


def test_mmperspective_stands_for_perspective() -> None:
    places = Places(["mmperspective"], {"a": {0: [row(MMP, 0.4)]}})
    assert places.first(PERSPECTIVE) == MMP
    both = {"a": {0: [row(MMP, 0.4), row(figure(PERSPECTIVE, "mmperspective"), 0.3)]}}
    assert Places(["mmperspective"], both).first(PERSPECTIVE) == figure(
        PERSPECTIVE, "mmperspective"
    )


def test_differences_between_judges_are_no_figure() -> None:
    versus = {**row(figure(TOTAL), 0.1), "versus": "b"}
    assert Places(["mine"], {"a": {0: [versus]}}).first(TOTAL) is None
    kept = only({0: [versus, row(figure(TOTAL), 0.5)], 1: []}, [figure(TOTAL)])
    assert kept == {0: [row(figure(TOTAL), 0.5)], 1: []}


def test_one_variant_is_enough_to_know_a_figure() -> None:
    variants = {"a": {}, "b": by_seed(figure(TOTAL), [0.5])}
    assert Places(["mine"], variants).first(TOTAL) == figure(TOTAL)

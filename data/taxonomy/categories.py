"""The 24 composition categories of PICD (CVPR 2025) on their two axes.

Source: repository CV-xueba/PICD_ImageComposition, `labels_PICD.csv`. Key on the id alone: names of
multi-label rows carry typos. Elements: point, line, shape, and the mixtures line/shape and
point/line.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """One composition category.

    `definition` is our own sentence for prompts; `folder` is the `folder_name` of the label file.
    """

    id: int
    abbreviation: str
    name: str
    folder: str
    element: str
    arrangement: str
    definition: str


_ROWS = [
    (1, "P-RoT", "Single Point RoT", "POINT_1_ROT", "point", "rule of thirds",
     "one small subject stands near an intersection of the thirds lines"),
    (2, "S-RoT", "Single Shape RoT", "SHAPE_VERTI_ONESIDE", "shape", "rule of thirds",
     "one large shape fills the left or the right third of the frame"),
    (3, "P-Cent", "Centered Single Point", "POINT_SHAPE_CENT", "point", "centered",
     "one small subject stands in the center of the frame"),
    (4, "S-Cent", "Centered Single Shape", "SHAPE_VERTI_MID", "shape", "centered",
     "one large shape stands on the vertical middle axis"),
    (5, "P-Dia", "Diagonal Multi-points", "POINT_MULTI_DIA", "point", "diagonal",
     "several small subjects line up along a diagonal"),
    (6, "LS-Dia", "Diagonal Lines/Shapes", "DIA", "line/shape", "diagonal",
     "lines or shapes run along a diagonal"),
    (7, "P-Hori", "Horizontal -Arranged Points", "POINT_MULTI_HORI", "point", "horizontal",
     "several small subjects stand side by side on a horizontal row"),
    (8, "LS-Hori2", "Horizontal Middle Part", "HORI2", "line/shape", "horizontal",
     "a horizontal line divides the frame in two halves"),
    (9, "LS-Hori3", "Horizontal Third Part", "HORI3", "line/shape", "horizontal",
     "a horizontal line lies on a third of the height"),
    (10, "S-Hori", "Horizontal Arranged Shapes", "SHAPE_VERTI_AVERAGE", "shape", "horizontal",
     "several large shapes stand side by side across the frame"),
    (11, "P-Ver", "Vertical Multi-points", "POINT_MULTI_VERTI", "point", "vertical",
     "several small subjects are stacked on a vertical axis"),
    (12, "L-Ver2", "Vertical Middle Line", "LINE_VERTI2", "line", "vertical",
     "one vertical line divides the frame in the middle"),
    (13, "L-Ver3", "Vertical Third Line", "LINE_VERTI3", "line", "vertical",
     "one vertical line stands on a third of the width"),
    (14, "L-VerMul", "Vertical Multi-lines", "LINE_VERTI_MANY", "line", "vertical",
     "many vertical lines repeat across the frame"),
    (15, "P-Tri", "Three Points Triangle", "POINT_MULTI_TRI", "point", "triangle",
     "three small subjects form a triangle"),
    (16, "LS-Tri", "Line/Shape-Triangle", "SPECIAL_TRIANGLE", "line/shape", "triangle",
     "lines or shapes form a triangle"),
    (17, "LS-C-Cur", "C-Curve", "SPECIAL_C", "line/shape", "C-curve",
     "a line or an edge bends in a C"),
    (18, "LS-O-Cur", "O-Curve", "SPECIAL_O", "line/shape", "O-curve",
     "a line or an edge closes to a ring"),
    (19, "LS-S-Cur", "S-Curve", "SPECIAL_S", "line/shape", "S-curve",
     "a line or an edge winds in an S"),
    (20, "LS-Dif", "Diffuse", "DIFFUSE", "line/shape", "diffuse",
     "lines or shapes radiate outwards from one place"),
    (21, "S-Per", "Perspective", "PERSPECTIVE", "shape", "perspective",
     "edges converge to a vanishing point and give depth"),
    (22, "PL-Den", "Random- Dense", "DENSE", "point/line", "dense",
     "many elements fill the frame densely and without order"),
    (23, "PL-Pat", "Pattern", "PATTERN", "point/line", "pattern",
     "equal elements repeat regularly across the frame"),
    (24, "P-Scat", "Scatter", "SCATTER", "point", "scatter",
     "small subjects are scattered over the frame with space between them"),
]  # fmt: skip

CATEGORIES: dict[int, Category] = {row[0]: Category(*row) for row in _ROWS}

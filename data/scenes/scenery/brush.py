"""Paints the parts of one thing: all at one depth, all of the subject or none of it."""

from dataclasses import dataclass

from joppo.data.scenes.scenery.canvas import Canvas
from joppo.data.scenes.scenery.frame import Points
from joppo.data.scenes.scenery.mood import Array


@dataclass(frozen=True, slots=True)
class Brush:
    """Lit shapes on a canvas, in fractions of the frame; `form` is that of `Canvas.lit`."""

    canvas: Canvas
    depth: float | None
    subject: bool = True

    def polygon(
        self, points: Points, colour: Array, form: str = "slab", texture: float = 0.06
    ) -> None:
        """Any polygon."""
        self.canvas.polygon(points, colour, self.depth, form, self.subject, texture=texture)

    def box(
        self,
        corner: tuple[float, float],
        opposite: tuple[float, float],
        colour: Array,
        form: str = "slab",
        texture: float = 0.06,
    ) -> None:
        """An upright rectangle between two opposite corners."""
        (x0, y0), (x1, y1) = corner, opposite
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour, form, texture)

    def taper(
        self,
        x: float,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: Array,
        form: str = "slab",
        texture: float = 0.06,
    ) -> None:
        """A symmetrical trapezium around the vertical at x; its ends are (half width, y)."""
        (w0, y0), (w1, y1) = start, end
        corners = [(x - w0, y0), (x + w0, y0), (x + w1, y1), (x - w1, y1)]
        self.polygon(corners, colour, form, texture)

    def trunk(
        self,
        x: float,
        foot: tuple[float, float],
        top: tuple[float, float],
        colour: Array,
        texture: float,
    ) -> None:
        """A tapering upright cylinder around x; its ends are (half width, y)."""
        (w0, y0), (w1, y1) = foot, top
        corners = [(x - w0, y0), (x - w1, y1), (x + w1, y1), (x + w0, y0)]
        self.polygon(corners, colour, "tube", texture)

    def spike(
        self, x: float, base: tuple[float, float], tip: float, colour: Array, form: str = "slab"
    ) -> None:
        """An upright triangle; its base is (half width, y), its tip at height `tip` above x."""
        w, y = base
        self.polygon([(x - w, y), (x + w, y), (x, tip)], colour, form)

    def stroke(
        self, points: Points, width: float | Array, colour: Array, alpha: float = 1.0
    ) -> None:
        """A flat band along a polyline."""
        self.canvas.stroke(points, width, colour, self.depth, self.subject, alpha)

    def ball(
        self, x: float, y: float, rx: float, ry: float, colour: Array, angle: float = 0.0
    ) -> None:
        """A lit ellipse."""
        self.canvas.ball(x, y, rx, ry, colour, self.depth, self.subject, angle)

"""Draw the synthesis attempts of a category: parents in turn, a control, a prompt, a seed."""

from collections.abc import Mapping

from joppo.data.datasets.labelled import LabelledPhoto
from joppo.data.store.hashing import content_hash, unit_interval
from joppo.data.synthesis.attempt import Attempt, MapRequest
from joppo.data.synthesis.control_maps import ControlConfig, control_uri
from joppo.data.synthesis.plan_config import PlanConfig
from joppo.data.synthesis.prompt_pool import PromptPool


class AttemptDrawer:
    """Draws attempts and remembers which control maps they need.

    Everything about an attempt follows from content hashes and the config's seed.
    """

    def __init__(
        self, config: PlanConfig, control: ControlConfig, synthesis_key: str, pool: PromptPool
    ):
        self.config, self.control = config, control
        self.synthesis_key, self.pool = synthesis_key, pool
        drawn = [name for name, weight in config.controls.items() if weight > 0]
        self.kinds = {kind for name in drawn for kind in name.split("+")}
        self._requests: dict[str, MapRequest] = {}

    def map_requests(self) -> list[MapRequest]:
        """The control maps of all attempts drawn so far, each once, sorted by URI."""
        return [self._requests[uri] for uri in sorted(self._requests)]

    def has_depth(self, photo: LabelledPhoto) -> bool:
        """Whether a depth map of the photo is known or can be estimated."""
        return bool(photo.known_depth_uri) or self.control.depth_model is not None

    def draw(
        self, category: int, parents: Mapping[str, LabelledPhoto], number: int
    ) -> tuple[list[Attempt], int]:
        """(attempts, how many were left out): each parent once before any gets a second.

        Args:
            parents: image_id -> photo of the category.
            number: attempts to draw; one is left out if no control is possible for its parent.
        """
        order = sorted(parents, key=lambda i: content_hash(self.config.seed, category, i))
        drawn = [
            self._attempt(category, parents[order[index % len(order)]], index // len(order))
            for index in range(number)
        ]
        attempts = [attempt for attempt in drawn if attempt is not None]
        return attempts, number - len(attempts)

    def _attempt(self, category: int, photo: LabelledPhoto, round_number: int) -> Attempt | None:
        key = content_hash(self.config.seed, category, photo.id, round_number)
        control = self._choose_control(photo, key)
        if control is None:
            return None
        uris = {kind: self._request_map(photo, kind) for kind in sorted(control.split("+"))}
        prompt = self.pool.prompt(category, key)
        seed = int(content_hash(key, "seed")[:8], 16) >> 1
        identity = (photo.id, control, uris, prompt, self.pool.negative, seed)
        return Attempt(
            attempt_id=content_hash(self.synthesis_key, category, *identity),
            parent=photo.image,
            label=photo.label,
            category=category,
            control=control,
            control_uris=uris,
            prompt=prompt,
            negative_prompt=self.pool.negative,
            seed=seed,
        )

    def _choose_control(self, photo: LabelledPhoto, key: str) -> str | None:
        """A control by its weight among those that the photo can have; None if there is none."""
        depth = self.has_depth(photo)
        weights = [(n, w) for n, w in self.config.controls.items() if depth or "depth" not in n]
        remaining = unit_interval(key, "control") * sum(weight for _, weight in weights)
        for name, weight in weights:
            remaining -= weight
            if remaining < 0:
                return name
        return None

    def _request_map(self, photo: LabelledPhoto, kind: str) -> str:
        """URI of the photo's control map, which is added to the requests."""
        known_depth = photo.known_depth_uri if kind == "depth" else None
        uri = control_uri(photo.id, kind, self.control, known_depth=bool(known_depth))
        self._requests[uri] = MapRequest(photo.image, kind, known_depth)
        return uri

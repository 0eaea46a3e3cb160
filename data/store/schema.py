"""Arrow schemas of the corpus tables. Every column states its meaning, unit and range.

Columns with the metadata `volatile` (times, attempt counts) do not enter the version of a snapshot:
two runs that agree in everything else publish the same version.
"""

import pyarrow as pa

SCHEMA_VERSION = 1

_STR, _INT, _FLT, _BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()
_MAP = pa.map_(pa.string(), pa.float64())


def _f(name: str, kind: pa.DataType, doc: str, volatile: bool = False) -> pa.Field:
    metadata = {"doc": doc} | ({"volatile": "true"} if volatile else {})
    return pa.field(name, kind, metadata=metadata)


_IMAGE_ID = _f("image_id", _STR, "sha256 (hex) of the photo's file bytes")
_REQUEST_ID = _f("request_id", _STR, "hash of provider, model, parameters, prompt and image bytes")
_SPLIT = _f("split", _STR, "train, validation or test")

IMAGES = pa.schema(
    [
        _IMAGE_ID,
        _f(
            "origin",
            _STR,
            "dataset that the photo came with (picd, cadb, ...), scenes or synthetic",
        ),
        _f("item", _STR, "the dataset's own name of the photo, relative to its image folder"),
        _f("uri", _STR, "place of the file, relative to the store root: images/ab/<sha256>.<ext>"),
        _f("width", _INT, "pixels after EXIF rotation, > 0"),
        _f("height", _INT, "pixels after EXIF rotation, > 0"),
        _f("phash", _STR, "64-bit perceptual hash, 16 hex characters"),
        _f("parent_image_id", _STR, "image_id of the photo it was synthesized from, else null"),
        _SPLIT,
    ]
)

LABELS = pa.schema(
    [
        _f("image_id", _STR, "sha256 of the photo; null where no image file was at hand"),
        _f("dataset", _STR, "dataset that states the label"),
        _f("item", _STR, "the dataset's own name of the photo"),
        _f(
            "categories",
            pa.list_(_INT),
            "PICD category ids 1-24, in the label's order; may be empty",
        ),
        _f("element", _STR, "element of the first category (point, line, shape, ...), else null"),
        _f("arrangement", _STR, "arrangement of the first category, else null"),
        _f("perspective", _STR, "one-point, two-point or none; null where the dataset is silent"),
        _f(
            "vanishing_x",
            _FLT,
            "main vanishing point, fraction of the width from the left; or null",
        ),
        _f(
            "vanishing_y",
            _FLT,
            "main vanishing point, fraction of the height from the top; or null",
        ),
        _f("horizon", _FLT, "height of the horizon, fraction from the top; null where unknown"),
        _f("mos", _FLT, "mean opinion score normalised to [0, 1] per dataset; or null"),
        _f("mos_raw", _FLT, "mean opinion score on the dataset's own scale; or null"),
        _f("raters", _INT, "number of people behind the score; null where unknown"),
        _f("attributes", _MAP, "attribute name -> value on the reader's stated scale"),
        _SPLIT,
    ]
)

CONTROLS = pa.schema(
    [
        _IMAGE_ID,
        _f("kind", _STR, "canny or depth"),
        _f("uri", _STR, "place of the map, an 8-bit PNG, relative to the store root"),
        _f("source", _STR, "canny, known (a renderer's depth) or the name of the depth model"),
        _f("params", _STR, "JSON of the values that made the map, e.g. thresholds"),
    ]
)

SYNTHESES = pa.schema(
    [
        _f("attempt_id", _STR, "hash of parent, control, prompt, seed and synthesis config"),
        _f("image_id", _STR, "sha256 of the result; null where the attempt gave no image"),
        _f("uri", _STR, "place of the result, also where rejected; null without an image"),
        _f("parent_image_id", _STR, "photo whose control map and label were used"),
        _f("category", _INT, "PICD id that the attempt is to keep"),
        _f("control", _STR, "depth, canny or depth+canny"),
        _f("prompt", _STR, "text prompt"),
        _f("model", _STR, "name of the pipeline"),
        _f("seed", _INT, "seed of the attempt's own generator"),
        _f("steps", _INT, "denoising steps"),
        _f(
            "edge_f1",
            _FLT,
            "F1 in [0, 1] of Canny edges against the control, with tolerance; or null",
        ),
        _f("depth_corr", _FLT, "correlation in [-1, 1] of depth with the control; or null"),
        _f("label_score", _FLT, "in [0, 1], how sure a label check is of the category; or null"),
        _f("accepted", _BOOL, "whether the gate let the image into the corpus"),
        _f("reason", _STR, "why it was rejected; null where accepted"),
    ]
)

RESPONSES = pa.schema(
    [
        _REQUEST_ID,
        _IMAGE_ID,
        _f("template_id", _STR, "template of the pool"),
        _f("provider", _STR, "openai, openai-compatible, gemini or grounded"),
        _f("model", _STR, "model name at the provider"),
        _f("status", _STR, "ok, refused, invalid, failed or missing"),
        _f("attempts", _INT, "requests sent until the answer", volatile=True),
        _f("finish_reason", _STR, "the provider's finish reason; or null"),
        _f("raw_text", _STR, "the answer as it came, never edited"),
        _f("prompt_tokens", _INT, "tokens billed for the prompt"),
        _f("completion_tokens", _INT, "tokens billed for the answer"),
        _f("cost_usd", _FLT, "US dollars by the price table"),
        _f("latency_s", _FLT, "seconds of the last attempt", volatile=True),
    ]
)

REASONINGS = pa.schema(
    [
        _REQUEST_ID,
        _IMAGE_ID,
        _f("task", _STR, "composition, perspective or aesthetic"),
        _f("reasoning", _STR, "the text between <think> and </think>"),
        _f("answer", _STR, "the text between <answer> and </answer>"),
        _f("agrees_with_label", _BOOL, "whether the answer is the label's; null without a label"),
        _f("accepted", _BOOL, "whether every check passed"),
        _f("reason", _STR, "first check that failed; null where accepted"),
    ]
)

_MESSAGE = pa.struct([pa.field("role", _STR), pa.field("content", _STR)])
SFT_SAMPLES = pa.schema(
    [
        _f("sample_id", _STR, "hash of image, task, messages and answer"),
        _f("request_id", _STR, "response that the answer comes from"),
        _IMAGE_ID,
        _f(
            "second_image_id",
            _STR,
            "second photo (B) of a comparison; null where there is one photo",
        ),
        _f("task", _STR, "composition, perspective or aesthetic"),
        _f(
            "messages",
            pa.list_(_MESSAGE),
            "conversation; the image stands before the first user text",
        ),
        _f("answer", _STR, "what the judge shall answer, for scoring"),
        _f("template_id", _STR, "template of the pool"),
        _f("provider", _STR, "teacher that wrote the reasoning"),
        _SPLIT,
    ]
)

PREFERENCES = pa.schema(
    [
        _IMAGE_ID,
        _f("task", _STR, "score, composition or perspective"),
        _f("prompt", _STR, "user text of the RL prompt"),
        _f("mos", _FLT, "human score in [0, 1] for task score, else null"),
        _f("answer", _STR, "right option letter for multiple choice, else null"),
        _f("choices", pa.list_(_STR), "options in letter order, empty for task score"),
        _SPLIT,
    ]
)

REJECTS = pa.schema(
    [
        _f(
            "stage",
            _STR,
            "stage that dropped the item: read, ingest, control, synthesis, gate, ...",
        ),
        _f("item", _STR, "what was dropped: file and row, item name or id"),
        _f("reason", _STR, "short machine-readable reason, snake_case"),
        _f("detail", _STR, "one sentence for a person, with the remedy where there is one"),
    ]
)

SCORES = pa.schema(
    [
        _f(
            "judge",
            _STR,
            "name and version of the judge; `*n` behind it where n answers were drawn",
        ),
        _f("prompt_id", _STR, "hash of the prompt that was asked"),
        _IMAGE_ID,
        _f("total", _FLT, "total score in [0, 1], the mean of drawn ones; null without an answer"),
        _f("spread", _FLT, "standard deviation of drawn totals (divisor n - 1), else null"),
        _f("samples", _INT, "answers in form that the total stands on"),
        _f("attributes", _MAP, "rubric attribute -> score in [-1, 1]"),
        _f("explanation", _STR, "the judge's text; of drawn ones, that nearest to the mean"),
        _f("parse_ok", _BOOL, "whether an answer had the contract's form"),
        _f("reason", _STR, "why there is no answer, snake_case; null where there is one"),
        _f("raw_text", _STR, "the answer as it came"),
    ]
)

TABLES: dict[str, pa.Schema] = {
    "images": IMAGES,
    "labels": LABELS,
    "controls": CONTROLS,
    "syntheses": SYNTHESES,
    "responses": RESPONSES,
    "reasonings": REASONINGS,
    "sft_samples": SFT_SAMPLES,
    "preferences": PREFERENCES,
    "rejects": REJECTS,
    "scores": SCORES,
}

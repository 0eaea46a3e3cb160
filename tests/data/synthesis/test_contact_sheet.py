import io

import numpy as np
from PIL import Image

from joppo.data.store.store import Store
from joppo.data.synthesis.contact_sheet import CELL, contact_sheet
from joppo.data.synthesis.gate import GateConfig, gate_shard
from tests.data.synthesis.synthesis_world import CONTROL, synthesized, world


def rows(store):
    plan = world(store)
    gated = gate_shard(synthesized(plan, store), store, GateConfig(), CONTROL)["syntheses"]
    return list(zip(plan.attempts, gated, strict=True))


def test_a_sheet_shows_accepted_and_rejected(tmp_path):
    store = Store(tmp_path)
    shown = rows(store)
    shown[0][1].update(accepted=False, reason="edges_lost")
    content = contact_sheet(shown, store, columns=2)
    assert contact_sheet(shown, store, columns=2) == content
    sheet = np.asarray(Image.open(io.BytesIO(content)))
    lines = -(-len(shown) // 2)
    assert sheet.shape[1] == 2 * (3 * CELL + 12) and sheet.shape[0] % lines == 0
    # Accepted come first, in green; the rejected one is last, in red.
    assert tuple(sheet[0, 0]) == (46, 139, 87)
    column = (len(shown) - 1) % 2 * (3 * CELL + 12)
    assert tuple(sheet[sheet.shape[0] // lines * (lines - 1), column]) == (190, 50, 50)


def test_limits_hold_and_nothing_to_show_is_a_blank_sheet(tmp_path):
    store = Store(tmp_path)
    assert Image.open(io.BytesIO(contact_sheet([], store))).size[0] > 0
    few = Image.open(io.BytesIO(contact_sheet(rows(store), store, accepted=2, rejected=0)))
    assert few.size[1] == Image.open(io.BytesIO(contact_sheet([], store))).size[1]

"""mapped_dispositions' exceptions: a piece is in the queue once, whatever day knew it first."""

from datetime import timedelta
from pathlib import Path

from returns_assets.steps.translate import map_dispositions
from tests.quality.world import DAY, new_world

NEXT_DAY = DAY + timedelta(days=1)


def test_a_piece_that_moved_on_leaves_no_exception_behind(tmp_path: Path) -> None:
    with new_world(tmp_path) as world:
        queue = world.ctx.ledger.exceptions
        for piece in ("P1", "P2"):
            world.event(piece, "NOR-404-A")
        world.map()
        world.event("P1", "NOR-404-A", "ITEM_GRADED", day=NEXT_DAY, grade="A")
        map_dispositions(world.ctx, world.key, NEXT_DAY)
        found = [(e.day, e.subject, e.cause) for e in queue.list(source="mapped_dispositions")]
        assert found == [(DAY, "P2", "unknown_order"), (NEXT_DAY, "P1", "unknown_order")]
        closed = next(e for e in queue.list("resolved") if e.subject == "P1")
        assert (closed.day, closed.resolved_by, closed.note) == (DAY, "system", f"decided again on {NEXT_DAY} nordhaus")

        world.map()  # the old day is run again: it closes nothing of the later one and opens nothing itself
        assert [(e.day, e.subject) for e in queue.list(source="mapped_dispositions")] == [(DAY, "P2"), (NEXT_DAY, "P1")]

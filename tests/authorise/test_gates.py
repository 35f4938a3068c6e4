"""What stands between a plan and ReBound: the checks, and the job that runs them."""

from contextlib import nullcontext

import dagster as dg
import pytest

from returns_assets.build import build_definitions
from returns_assets.partitions import partition_key
from returns_assets.quality.gate import validate_actions
from returns_assets.quality.request_suite import REQUESTS
from returns_assets.steps.act_gate import NotValidated
from returns_assets.steps.return_requests import plan_return_requests
from tests.authorise.world import AuthoriseWorld
from tests.steps.act_world import DAY


def test_what_the_order_does_not_allow_is_stopped_by_the_checks_whatever_the_plan_says(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 1, 1)
    world.state("SHIPPING")
    waiting, good = world.ask(), world.ask((f"{world.order_id}-2", 1))
    world.plan()

    def stopped_by(change: str) -> set[str]:
        with world.warehouse.transaction() as con:
            con.execute(change)
        found = {finding.name for finding in validate_actions(world.ctx, REQUESTS, world.key, DAY) if finding.stops}
        with pytest.raises(NotValidated):
            world.push()
        plan_return_requests(world.ctx, world.key, DAY)
        return found

    one = f"WHERE mirakl_return_id = '{waiting}'"
    other = f"WHERE mirakl_return_id = '{good}'"
    assert stopped_by(f"UPDATE return_requests SET outcome = 'authorise' {one}") == {"granted_lines_eligible"}
    assert stopped_by(f"UPDATE return_requests SET lines = replace(lines::VARCHAR, '\"quantity\": 1', '\"quantity\": 2') {other}") == {
        "granted_lines_whole"
    }
    refuse = "UPDATE return_requests SET outcome = 'refuse', rejection_code"
    assert stopped_by(f"{refuse} = 'NONE' {one}") == {"refused_never_eligible", "refused_codes_live", "refused_codes_translated"}
    assert stopped_by(f"DELETE FROM return_requests {one}") == {"requests_conserved"}
    assert world.posts() == 0
    world.run()
    assert [made["clientReturnId"] for made in world.authorised()] == [good]


def test_the_job_runs_the_flow(world: AuthoriseWorld) -> None:
    world.order()
    asked = world.ask()
    defs = build_definitions(settings=world.ctx.settings, mappings=world.mappings, open_steps=lambda run_id, actor: nullcontext(world.ctx))
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_job_def("authorise_returns")
        result = job.execute_in_process(instance=instance, partition_key=partition_key(DAY, world.key))
    assert result.success
    assert world.history(asked) == ["RT21", "RT04"]

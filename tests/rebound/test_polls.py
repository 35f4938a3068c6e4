"""The two polls against the sandbox's ReBound: everything once, whatever goes wrong on the way, and no secret in what is said of it."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from returns_assets.rebound.importer import import_directory
from returns_assets.steps.inbox import keep
from returns_assets.steps.polls import poll_rebound
from tests.rebound.polling import Poller, account, point_at, poller
from tests.sandbox.rebound_account import Account
from tests.sandbox_fixture import Sandbox, running_sandbox

WORLD = {"seed": 5, "days": 4, "orders_per_day": 6, "returns_per_day": 4, "marketplaces": ["nordhaus"], "scenarios": False}
MIDDLE, END = "2025-03-03T15:00:00Z", "2025-03-06T12:00:00Z"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Sandbox]:
    with running_sandbox(tmp_path, clock=END) as server:
        server.post("rebound", token_seconds=10**8, cursor_seconds=10**8)
        server.post("world", **WORLD)
        point_at(server, monkeypatch)
        yield server


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    """The world for tests that only read it."""
    with running_sandbox(tmp_path_factory.mktemp("steady"), clock=END) as server:
        server.post("rebound", token_seconds=10**8, cursor_seconds=10**8)
        server.post("world", **WORLD)
        yield server


def told(server: Sandbox) -> int:
    """How many events the account has at this time, labels apart: counted by the sandbox's own list."""
    return len([e for e in Account(server).pages("/return-events", limit=250) if e["type"] != "label"])


def rest(tmp_path: Path, now: str = END, **poll: Any) -> Any:
    return poller(tmp_path, account("g3_rest_poll", **({"page_size": 7} | poll)), now)


def test_rest_poll_goes_on_where_it_stood(world: Sandbox, tmp_path: Path) -> None:
    world.post("clock", now=MIDDLE)
    with rest(tmp_path, MIDDLE) as mine:
        first = mine.poll()
        assert (first.state, first.taken, first.new) == ("done", told(world), told(world))
        assert mine.poll().taken == 0
        world.post("clock", now=END)
        later = mine.poll()
        assert later.new == later.taken == told(world) - first.taken > 0
        assert len(mine.documents()) == told(world)
        assert mine.open() == []


def test_rest_poll_starts_again_from_its_watermark_when_the_cursor_expired(world: Sandbox, tmp_path: Path) -> None:
    world.post("clock", now=MIDDLE)
    with rest(tmp_path, MIDDLE) as mine:
        mine.poll()
        world.post("rebound", expire_cursors=True)
        world.post("clock", now=END)
        world.delete("requests")
        again = mine.poll()
        assert again.restarted
        assert len(mine.documents()) == told(world), "nothing is lost between the cursor and the watermark"
        assert again.taken - again.new <= 3, "only what carries the watermark's own time is read twice"
        assert again.new > 0


def test_rest_poll_keeps_whole_pages_when_it_breaks_off(world: Sandbox, tmp_path: Path) -> None:
    with rest(tmp_path) as mine:
        world.fault("RETURN-EVENTS", script=["ok", "ok"] + ["500"] * 6)
        broken = mine.poll()
        assert (broken.state, broken.new) == ("failed", 14)
        assert mine.open() == [("poll_failed", "g3_rest_poll")]
        healed = mine.poll()
        assert healed.new == told(world) - 14
        assert mine.open() == []


@pytest.mark.parametrize("fault", ["429", "429_no_header", "500", "502", "503", "cut_before", "cut_after", "unreadable_after_commit"])
@pytest.mark.parametrize("way", ["g3_rest_poll", "g1_legacy_poll"])
def test_reads_are_repeated(steady: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, way: str) -> None:
    point_at(steady, monkeypatch)
    steady.delete("faults")
    with poller(tmp_path, account(way), END) as mine:
        for operation in ("TOKEN", "RETURN-EVENTS") if way == "g3_rest_poll" else ("LEGACY-SEARCH", "LEGACY-RETURN"):
            steady.fault(operation, fault, times=2)
        assert mine.poll().state == "done"
        assert mine.open() == []
        assert mine.documents()


def test_an_error_in_the_body_of_a_200_is_repeated_or_named(world: Sandbox, tmp_path: Path) -> None:
    with poller(tmp_path, account("g1_legacy_poll"), END) as mine:
        world.fault("LEGACY-RETURN", "error_in_body", times=5)
        assert mine.poll().state == "done"
        world.fault("LEGACY-RETURN", "error_in_body", times=6)
        failed = mine.poll()
        assert failed.state == "failed"
        assert [each.detail for each in failed.failed] == ["g1_legacy_poll: GET: error code unavailable"]


def test_a_token_that_was_refused_is_renewed_once(world: Sandbox, tmp_path: Path) -> None:
    with rest(tmp_path) as mine:
        world.fault("RETURN-EVENTS", "401", times=1)
        assert mine.poll().state == "done"
        world.fault("RETURN-EVENTS", "401")
        world.delete("requests")
        denied = mine.poll()
        assert denied.state == "failed"
        assert mine.open() == [("poll_denied", "g3_rest_poll")]
        assert len(world.requests(operation="RETURN-EVENTS")) == 2


@pytest.mark.parametrize(("way", "variable"), [("g3_rest_poll", "REBOUND_CLIENT_SECRET"), ("g1_legacy_poll", "REBOUND_LEGACY_API_KEY")])
def test_wrong_credentials_are_said_without_them(
    world: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, variable: str
) -> None:
    monkeypatch.setenv(variable, "wrong-and-secret")
    with poller(tmp_path, account(way), END) as mine:
        denied = mine.poll()
        assert mine.open() == [("poll_denied", way)]
        assert "wrong-and-secret" not in str(denied)
        assert "sandbox-" not in str(denied)
        assert mine.documents() == []


@pytest.mark.parametrize(("way", "variable"), [("g3_rest_poll", "REBOUND_TOKEN_URL"), ("g1_legacy_poll", "REBOUND_LEGACY_LOGIN")])
def test_an_unset_variable_is_a_poll_that_fails_and_stops_nothing_else(
    steady: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, variable: str
) -> None:
    point_at(steady, monkeypatch)
    steady.delete("faults")
    monkeypatch.delenv(variable)
    with poller(tmp_path, account(way), END) as mine:
        report = mine.poll()
        assert (report.state, mine.open()) == ("failed", [("poll_denied", way)])
        assert f"the variable {variable} is not set" in report.failed[0].detail
        monkeypatch.setenv(variable, steady.env[variable])
        assert (mine.poll().state, mine.open()) == ("done", [])


def test_a_return_that_was_never_read_stays_a_persons(world: Sandbox, tmp_path: Path) -> None:
    with poller(tmp_path, account("g1_legacy_poll", error_codes={"empty": "empty"}), END) as mine:
        world.fault("LEGACY-RETURN", "error_in_body", times=1)
        [unread] = mine.poll().failed
        expected = [("return_not_read", unread.subject)]
        world.fault("LEGACY-RETURN", "error_in_body", contains=unread.subject)
        mine.now += timedelta(days=60)
        assert ([each.subject for each in mine.poll().failed], mine.open()) == ([unread.subject], expected)
        assert (mine.poll().failed, mine.open()) == ([], expected), "out of the look-back, and never read"
        world.delete("faults")
        mine.use(account("g1_legacy_poll", look_back_days=100))
        assert (mine.poll().failed, mine.open()) == ([], [])


@pytest.mark.parametrize("dates", ["YYYY/MM/DD", "MM/DD/YYYY"])
@pytest.mark.parametrize("search", ["added", "changed"])
def test_legacy_poll_reads_its_look_back_again(world: Sandbox, tmp_path: Path, dates: str, search: str) -> None:
    world.post("rebound", legacy_dates=dates, legacy_search=search)
    world.post("clock", now=MIDDLE)
    with poller(tmp_path, account("g1_legacy_poll", legacy={"date_format": dates}), MIDDLE) as mine:
        first = mine.poll()
        assert first.taken == first.new > 0
        assert mine.poll().new == 0, "the same bytes are one document"
        world.post("clock", now=END)
        mine.now = mine.now.replace(day=6)
        later = mine.poll()
        assert later.new > 0
        windows = [r for r in world.requests(operation="LEGACY-SEARCH")]
        assert len(windows) == 3 * 5, "32 days in windows of 7"
        mine.read()
        assert mine.rows("SELECT DISTINCT problem FROM rebound_returns WHERE problem IS NOT NULL") == []
        assert mine.rows("SELECT count(*) FROM rebound_returns WHERE event = 'ITEM_REGISTERED'") != [0]


def test_legacy_documents_hold_no_customer_and_no_label(world: Sandbox, tmp_path: Path) -> None:
    with poller(tmp_path, account("g1_legacy_poll"), END) as mine:
        mine.poll()
        for _, content in mine.documents():
            assert b"consumer.example" not in content
            assert b'"label"' not in content


def test_the_wrong_date_format_is_an_exception(world: Sandbox, tmp_path: Path) -> None:
    with poller(tmp_path, account("g1_legacy_poll", legacy={"date_format": "MM/DD/YYYY"}), END) as mine:
        assert [each.detail for each in mine.poll().failed] == ["g1_legacy_poll: SEARCH: error code date"]


def test_nothing_is_polled_while_on_push_or_too_soon(world: Sandbox, tmp_path: Path) -> None:
    with poller(tmp_path, account("g3_push"), END) as mine:
        assert poll_rebound(mine.ctx) == []
        mine.use(account("g3_push", "g3_rest_poll", interval_seconds=60))
        assert mine.poll().state == "done"
        assert mine.poll().state == "not due"
        assert mine.poll(even_if_recent=True).state == "done"


def test_an_entry_of_an_unknown_type_is_kept_and_named(world: Sandbox, tmp_path: Path) -> None:
    mappings = account("g3_rest_poll", channels={})
    channels = {name: kind for name, kind in mappings.rebound.channels.items() if name != "snapshots"}
    mappings = mappings.model_copy(update={"rebound": mappings.rebound.model_copy(update={"channels": channels})})
    with poller(tmp_path, mappings, END) as mine:
        mine.poll()
        mine.read()
        kept = [channel for channel, _ in mine.documents()]
        unknown = [subject for cause, subject in mine.open() if cause == "unknown_channel"]
        assert len(unknown) == kept.count("snapshots") > 0


def same(mine: Poller) -> list[Any]:
    return mine.rows("SELECT DISTINCT event_key, event, piece_id, return_id FROM rebound_returns ORDER BY ALL")


def test_push_and_rest_poll_tell_one_event_each(world: Sandbox, tmp_path: Path) -> None:
    world.post("world/deliver", mode="files", directory=str(tmp_path / "drop"))
    with poller(tmp_path, account("g3_push", "g3_rest_poll"), END) as mine:
        import_directory(tmp_path / "drop", "now", keep(mine.ctx), channels=mine.ctx.mappings.rebound.channels, now=mine.ctx.now)
        mine.read()
        pushed = same(mine)
        assert mine.poll().taken == told(world)
        mine.read()
        assert same(mine) == pushed

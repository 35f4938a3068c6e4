"""The sandbox as a program: its env file, its clock, its configuration, and a state file that survives a restart."""

import os
import re
import signal
import stat
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from returns_assets.sandbox.config_file import load_config
from tests.sandbox.shop import read
from tests.sandbox_fixture import ROOT, Sandbox, order, put_refunds, refund, running_sandbox, stop


def test_env_file_names_everything(sandbox: Sandbox) -> None:
    assert set(sandbox.env) == {
        "SANDBOX_URL",
        *(f"MIRAKL_{key}_{name}" for key in ("NORDHAUS", "ALBION", "MAPLEWOOD") for name in ("URL", "KEY")),
        "REBOUND_BASE_URL",
        "REBOUND_TOKEN_URL",
        "REBOUND_CLIENT_ID",
        "REBOUND_CLIENT_SECRET",
        "REBOUND_LEGACY_URL",
        "REBOUND_LEGACY_LOGIN",
        "REBOUND_LEGACY_API_KEY",
    }
    assert sandbox.url.startswith("http://127.0.0.1:")
    for key in ("nordhaus", "albion", "maplewood"):
        with sandbox.seller(key) as seller:
            assert seller.get("/api/version").status_code == 200


def test_env_file_is_for_its_owner_only(tmp_path: Path) -> None:
    with running_sandbox(tmp_path):
        assert stat.S_IMODE(os.stat(tmp_path / "sandbox.env").st_mode) == 0o600


def test_signals_end_it(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with running_sandbox(tmp_path) as started:
            started.process.send_signal(number)
            started.process.wait(10)


def test_signal_ends_it_while_an_answer_is_held_back(sandbox: Sandbox) -> None:
    sandbox.fault("V01", "slow", seconds=600)
    command = [sys.executable, "-c", f"import httpx; httpx.get('{sandbox.base_url('nordhaus')}/api/version', timeout=60)"]
    waiting = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not sandbox.requests("nordhaus"):
        pass
    stop(sandbox.process)
    assert sandbox.process.returncode is not None
    assert waiting.wait(10) != 0


def test_state_survives_a_restart(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path / "state.sqlite"))
    with running_sandbox(tmp_path, *arguments, clock="2025-03-10T12:00:00Z") as first, first.seller("albion") as seller:
        first.put_orders("albion", order("ALB-1-A", {"price": "20.00"}), order("ALB-2-A", {"price": "1.00", "order_line_id": "odd"}))
        first.post("balance", marketplace="albion", payable="100.00")
        first.post("reasons", marketplace="albion", withdraw="GOODWILL")
        made = read(put_refunds(seller, [refund("ALB-1-A-1", "5.00", "ITEM_RETURNED")]))["refunds"][0]
        first.post("ghost-refund", marketplace="albion", order_line_id="ALB-1-A-1", amount="1.00")
        first.post("tick", marketplace="albion")
        token = httpx.post(
            first.env["REBOUND_TOKEN_URL"], data={"grant_type": "client_credentials"}, auth=("sandbox-client", "sandbox-client-secret")
        ).json()["access_token"]
        pushed = {"url": f"{first.url}/rebound/sales-orders", "json": {"clientOrderId": "ALB-1-A"}}
        assert httpx.post(**pushed, headers={"Authorization": f"Bearer {token}"}).status_code == 201
        before = [first.refunds("albion"), first.requests(), first.get("totals")]
        # the hard way: nothing may depend on an orderly end
        stop(first.process, signal.SIGKILL)
    with running_sandbox(tmp_path, *arguments) as second, second.seller("albion") as seller:
        assert [second.refunds("albion"), second.requests(), second.get("totals")] == before
        assert len(second.get("rebound/sales-orders")["sales_orders"]) == 1
        assert {row["state"] for row in second.refunds("albion")} == {"WAITING_REFUND_PAYMENT"}
        assert second.get("clock")["now"] == "2025-03-10T12:00:00Z"
        assert read(seller.get("/api/account"))["payment_details"]["payable_balance"] == Decimal("95.00")
        assert "GOODWILL" not in seller.get("/api/reasons").text
        assert len(seller.get("/api/orders").json()["orders"][0]["order_lines"][0]["refunds"]) == 2
        again = read(put_refunds(seller, [refund("ALB-1-A-1", "14.00", "ITEM_RETURNED"), refund("odd", 1, "ITEM_RETURNED")]))["refunds"]
        assert made["refund_id"] not in {each["refund_id"] for each in again}
        assert put_refunds(seller, [refund("ALB-1-A-1", "0.01", "ITEM_RETURNED")]).status_code == 400


def test_clock(sandbox: Sandbox) -> None:
    assert sandbox.get("clock")["fixed"] is False
    assert sandbox.post("clock", now="2025-03-10T12:00:00+01:00") == {"now": "2025-03-10T11:00:00Z", "fixed": True}
    assert sandbox.post("clock", advance_seconds=90.5)["now"] == "2025-03-10T11:01:30.500Z"
    assert sandbox.post("clock", now=None)["fixed"] is False
    assert sandbox.admin.post("/admin/clock", json={}).status_code == 400
    assert sandbox.admin.post("/admin/clock", json={"now": "noon"}).status_code == 400


def test_own_configuration(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "marketplaces:\n"
        "  polder: {shop_id: 7, currency: EUR, platform_currency: USD, api_key: k-7, balance: 12.5}\n"
        "  albion: {label: Another}\n"
        "rebound: {client_id: me, repeat: 409}\n"
    )
    with running_sandbox(tmp_path, "--config", str(config)) as own:
        assert own.env["MIRAKL_POLDER_KEY"] == "k-7"
        assert own.env["REBOUND_CLIENT_ID"] == "me"
        assert own.get("health")["marketplaces"] == ["polder", "albion"]
        with own.seller("polder") as seller, own.seller("albion") as albion:
            account = read(seller.get("/api/account"))
            assert (account["shop_id"], account["payment_details"]["payable_balance"]) == (7, Decimal("12.5"))
            assert albion.get("/api/account").json()["currency_iso_code"] == "GBP"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("marketplaces:\n  - {key: a}\n  - {key: b, colour: red}\n", 3, "marketplace b: unknown field colour; allowed: "),
        ("marketplaces:\n  a:\n    nulls: some\n", 2, "nulls is 'some', allowed: null, absent, mixed"),
        ("marketplaces:\n  a: {balance: much}\n", 2, "payable_balance is 'much', allowed: a number"),
        ("marketplaces:\n  - shop_id: 7\n", 2, "a marketplace needs a key"),
        ("marketplaces: [a, b]\n", 1, "marketplace 0 must be a mapping of fields, not 'a'"),
        ("marketplaces: 5\n", 1, "marketplaces must be a list, or a mapping by key"),
        ("# nothing\nmarketplace: {}\n", 2, "unknown field marketplace; allowed: marketplaces, rebound, seed"),
        ("seed: many\n", 1, "invalid literal"),
        ("seed: 1\nrebound: {repeat: never}\n", 2, "repeat is 'never', allowed: 409, overwrite, duplicate"),
        ("marketplaces:\n  a: {label: [}\n", 2, "not valid YAML: "),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML: found character '\\t'"),
        ("- a\n", 1, "the file must be a mapping of fields"),
    ],
)
def test_a_wrong_configuration_is_one_sentence_with_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(text)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{config}:{line}: ')}") as caught:
        load_config(config)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_server_does_not_start_with_a_wrong_configuration(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("marketplaces:\n  a: {label: [}\n")
    command = [sys.executable, "-m", "returns_assets.sandbox", "serve", "--config", str(config)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: {config}:2: not valid YAML: ")
    assert "Traceback" not in ended.stderr


def test_a_port_in_use_is_one_sentence_and_leaves_no_old_env_file(sandbox: Sandbox, tmp_path: Path) -> None:
    port, old = sandbox.url.rsplit(":", 1)[1], tmp_path / "old.env"
    old.write_text("SANDBOX_URL=http://127.0.0.1:1\n")
    command = [sys.executable, "-m", "returns_assets.sandbox", "serve", "--port", port, "--env-file", str(old)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: cannot listen on 127.0.0.1 port {port}: ")
    assert not old.exists()


def test_admin_errors_are_clear(sandbox: Sandbox) -> None:
    answer = sandbox.admin.post("/admin/orders", json={"marketplace": "nowhere", "orders": []})
    assert answer.status_code == 404
    assert "nordhaus" in answer.json()["message"]
    assert sandbox.admin.post("/admin/orders", content=b"[]").status_code == 400
    assert sandbox.admin.get("/admin/orders", params={"marketplace": "albion", "order_id": "X"}).status_code == 404
    line = {"marketplace": "albion", "order_line_id": "X-1", "state": "SHIPPED"}
    assert sandbox.admin.post("/admin/line-state", json=line).status_code == 404
    assert sandbox.admin.post("/admin/line-state", json=line | {"state": "LOST"}).status_code == 400

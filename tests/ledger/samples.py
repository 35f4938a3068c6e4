"""Small builders for the ledger's tests."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from returns_assets.ledger.database import Ledger
from returns_assets.ledger.records import Effect, Intent, Outcome, PieceUse, RegisterResult

NOW = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
DAY = date(2025, 3, 10)
NEXT_DAY = date(2025, 3, 11)


def intent(subject: str, *pieces: str, amount: str = "10.00", foreign: tuple[str, ...] = (), shipping: str = "0") -> Intent:
    money = Decimal(amount)
    request = {"order_line_id": subject, "amount": money, "taxes": [{"amount": Decimal("1.90"), "code": "VAT"}]}
    uses = [PieceUse(piece, 1, index) for index, piece in enumerate(pieces)]
    return Intent(subject.rsplit("-", 1)[0], subject, request, money, Decimal(shipping), "EUR", uses, foreign)


def register(
    ledger: Ledger,
    *intents: Intent,
    settled: tuple[str, ...] = (),
    subjects: tuple[str, ...] = (),
    day: date = DAY,
    now: datetime = NOW,
    validation_id: int = 1,
    marketplace: str = "nordhaus",
) -> RegisterResult:
    planner = {"validation_id": validation_id, "mapping_version": "v1", "run_id": "plan", "actor": "test", "now": now}
    return ledger.effects.register(marketplace, day, "refund", intents, settled, settled_subjects=subjects, **planner)  # type: ignore[arg-type]


def due(ledger: Ledger, now: datetime = NOW, limit: int = 1000, marketplace: str = "nordhaus") -> list[Effect]:
    return ledger.effects.due(marketplace, "refund", now=now, limit=limit)


def claim(ledger: Ledger, *effects: Effect, token: str = "t1", now: datetime = NOW, lease: float = 60) -> list[Effect]:
    return ledger.effects.claim(
        {effect.id: ["r-old"] for effect in effects},
        token=token,
        lease=lease,
        run_id="push",
        actor="test",
        now=now,
        revisions={effect.id: effect.revision for effect in effects},
    )


def settle(ledger: Ledger, effect: Effect, state: str, now: datetime = NOW, **values: object) -> None:
    """Settle a claimed effect with its own token, and insist that it was applied."""
    if state == "confirmed":
        values.setdefault("external_id", f"r-{effect.id}")
    if state == "retry_at":
        values.setdefault("next_at", now + timedelta(hours=1))
    result = ledger.effects.settle([Outcome(effect.id, effect.claim_token, state, **values)], now)  # type: ignore[arg-type]
    assert result.applied == (effect.id,)


def states(ledger: Ledger, day: date = DAY, marketplace: str = "nordhaus") -> dict[str, str]:
    """Pieces (joined by +) -> state of the partition's effects; withdrawn ones by their order line."""
    found = ledger.effects.of_partition(marketplace, day, "refund", withdrawn=True)
    return {"+".join(use.piece_id for use in effect.pieces) or effect.subject: effect.state for effect in found}

"""Which marketplace an order id belongs to: the longest of the configured prefixes. Nothing else routes; nothing is guessed."""

from collections.abc import Iterable, Mapping


class Router:
    """`prefixes`: marketplace -> the beginnings of its order ids."""

    def __init__(self, prefixes: Mapping[str, Iterable[str]]) -> None:
        pairs = [(prefix, key) for key, starts in prefixes.items() for prefix in starts]
        self._ordered = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)
        self._seen: dict[str, str | None] = {}

    def marketplace(self, order_id: str | None) -> str | None:
        """The marketplace of an order id; None when no prefix fits, or two marketplaces share the longest one."""
        if order_id is None:
            return None
        if order_id not in self._seen:
            fitting = [(prefix, key) for prefix, key in self._ordered if order_id.startswith(prefix)]
            best = {key for prefix, key in fitting if len(prefix) == len(fitting[0][0])}
            self._seen[order_id] = best.pop() if len(best) == 1 else None
        return self._seen[order_id]

"""What tokens cost: the one sum that the ledger, the estimates and their proofs all make."""

from typing import Protocol


class Prices(Protocol):
    """Micro-dollars per million tokens of each kind; a row of `ModelPrice`, or a copy of it."""

    @property
    def input_price(self) -> int: ...

    @property
    def cached_price(self) -> int: ...

    @property
    def cache_write_price(self) -> int | None: ...

    @property
    def output_price(self) -> int: ...


class Tokens(Protocol):
    """What one attempt used; cached tokens and those written to the vendor's cache are parts of the input's that do not overlap."""

    @property
    def input_tokens(self) -> int: ...

    @property
    def cached_tokens(self) -> int: ...

    @property
    def cache_write_tokens(self) -> int: ...

    @property
    def output_tokens(self) -> int: ...


def cost_nanousd(prices: Prices, tokens: Tokens) -> int:
    """Return what one attempt cost in nano-dollars: all kinds of tokens summed, then rounded half up, once."""
    write_price = prices.input_price if prices.cache_write_price is None else prices.cache_write_price
    fresh = max(0, tokens.input_tokens - tokens.cached_tokens - tokens.cache_write_tokens)
    total = (
        fresh * prices.input_price
        + tokens.cached_tokens * prices.cached_price
        + tokens.cache_write_tokens * write_price
        + tokens.output_tokens * prices.output_price
    )
    return (total + 500) // 1000

"""Every write of the ai app."""

from ai.services import ledger
from ai.services.catalogue import PriceInForce, sync_models
from ai.services.generations import attach_asset, cancel_generation, erase_streams, request_generation, run_generation, sweep_generations

__all__ = [
    "PriceInForce",
    "attach_asset",
    "cancel_generation",
    "erase_streams",
    "ledger",
    "request_generation",
    "run_generation",
    "sweep_generations",
    "sync_models",
]

"""A whole installation before the simulated vendor: its settings, and what tests read of it."""

from huntaze.tests.client import ApiClient
from huntaze.tests.processes import eventually

LEASE_SECONDS = 3


PARTS = ("web", "worker", "beat")


def settings_for(vendor) -> dict[str, str]:
    address = {"OPENAI_BASE_URL": f"{vendor.url}/v1", "OPENAI_API_KEY": vendor.key}
    return {"AI_MODEL": "gpt-4o-mini", "LEASE_SECONDS": str(LEASE_SECONDS), "API_AUTH_REQUESTS_PER_MINUTE": "1000", **address}


def ended(client: ApiClient, generation_id: str, *, seconds: float = 30) -> dict:
    return eventually(
        lambda: client.generation(generation_id), lambda row: row["status"] in ("succeeded", "failed", "cancelled"), seconds=seconds
    )


def ledger_of(client: ApiClient, generation_id: str) -> tuple[list[str], int]:
    """Return where the usage of each settled call is from, sorted, and what is still held for the generation."""
    rows = client.call("GET", f"/api/v1/ai/ledger?generation_id={generation_id}").body["data"]
    return sorted(row["usage_source"] for row in rows if row["kind"] == "settle"), sum(row["amount_nanousd"] for row in rows)


def texts(events) -> str:
    return "".join(event.data["text"] for event in events if event.event == "text")

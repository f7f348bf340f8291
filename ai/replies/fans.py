"""What a fan is to the creator, in words of closed vocabularies: money and times as they are told go to no model."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

TIERS = ("basic", "vip", "premium")
SPENDING = ("low", "medium", "high")
ACTIVITY = ("active", "moderate", "inactive")
ANSWERS = ("rarely", "sometimes", "often")
PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")

# Minor units, whatever the currency: below the first is low, below the second medium.
_SPENT = (50_00, 200_00)
_MODERATE, _INACTIVE = timedelta(days=3), timedelta(days=14)


def segments_of(fan: Mapping[str, Any], *, at: datetime) -> dict[str, str]:
    """Return `tier`, and what is known of `spending`, `activity`, `answers` and `part_of_day`, for the fan of an order as of `at`.

    `fan` is as the order stores it: `tier`, `total_spent` with `amount` in minor units, `last_active_at` in ISO 8601, `response_rate`
    in percent, `timezone` (IANA).
    """
    found = {"tier": str(fan["tier"])}
    if spent := fan.get("total_spent"):
        found["spending"] = SPENDING[sum(spent["amount"] >= bound for bound in _SPENT)]
    if last := fan.get("last_active_at"):
        away = at - datetime.fromisoformat(last)
        found["activity"] = ACTIVITY[(away > _MODERATE) + (away > _INACTIVE)]
    if (rate := fan.get("response_rate")) is not None:
        found["answers"] = ANSWERS[(rate >= 33) + (rate >= 67)]
    if zone := fan.get("timezone"):
        found["part_of_day"] = PARTS_OF_DAY[at.astimezone(ZoneInfo(zone)).hour // 6]
    return found


def described(fan: Mapping[str, Any], *, at: datetime) -> str:
    """Return what a model is told of a fan, a line for each fact; their name and likes are theirs to write, and stay data."""
    lines = [f"{name.replace('_', ' ')}: {word}" for name, word in segments_of(fan, at=at).items()]
    told = {"name": fan.get("name"), "likes": fan.get("preferred_content")}
    lines += [f"{name}: {one_line(str(text))}" for name, text in told.items() if text]
    return "\n".join([*lines, *(f"lately: {one_line(text)}" for text in fan.get("last_interactions", ()))])


def one_line(text: str) -> str:
    """Return `text` on one line, so that it cannot pass for several."""
    return " ".join(text.split())

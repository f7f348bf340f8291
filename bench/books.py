"""Our ledger beside the vendor's bill, after mixed orders with faults: `python -m bench.books ADDRESS KEY CALLS FIRST` prints JSON.

Orders are made and written by the product's own services, in threads; the simulated vendor speaks as OpenAI and as Anthropic. Each
order's prompt has a number of its own, by which its entries in the ledger find its lines on the bill.
"""

import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from uuid import UUID

    from ai.simulators.client import Control

SEED, THREADS = 20261123, 12
# What the calls meet, in hundredths; the rest are answered well.
FAULTS = {
    "rate_limited": 2,
    "server_error": 2,
    "unavailable": 1,
    "insufficient_quota": 0.5,
    "context_length": 0.5,
    "content_filter_prompt": 1,
    "content_filter_output": 1,
    "refusal": 1,
    "length": 2,
    "cut_before_usage": 3,
    "truncated": 2,
    "cut_mid_json": 1,
    "error_mid_stream": 1,
    "reset_mid_stream": 1,
    "reset": 1,
    "html": 0.5,
    "invalid_json": 0.5,
    "wrong_types": 0.5,
    "empty": 0.5,
    "hang_before_first_byte": 0.1,
}
KINDS = ("post", "caption", "hashtags", "ideas", "story")
LANGUAGES = ("en", "fr", "es")
SHORT = ("Nearly there.", "Lights down, one breath, and the curtain goes up on all of us tonight.", "#backstage #tour #lights")
NUMBER = re.compile(r"order number (\d+) of this year")


@dataclass(frozen=True)
class Books:
    """The ledger's and the bill's nano-dollars, of calls whose usage was reported and of the others, and the orders that differ.

    `unequal` are the orders whose reported amounts are not the same, one by one, `below` those whose other amounts are less on the ledger
    than on the bill, and `open` those whose entries do not sum to zero.
    """

    orders: int
    calls: int
    kinds: dict[str, int]
    models: dict[str, int]
    reported: tuple[int, int]
    others: tuple[int, int]
    unequal: list[int]
    below: list[int]
    open: list[int]


def script(count: int, *, seed: int = SEED) -> list[dict[str, Any]]:
    """Return what `count` calls meet; what is written, where it is cut, and what of the prompt was cached, differs.

    Most texts are too short to be kept, so that repairs and other models are asked too.
    """
    drawn = random.Random(seed)
    kinds = drawn.choices([*FAULTS, "ok"], [*FAULTS.values(), 100 - sum(FAULTS.values())], k=count)
    return [
        {
            "kind": kind,
            "text": drawn.choice((*SHORT, None)),
            "tokens": drawn.randrange(12),
            "cached_tokens": drawn.choice((0, 0, 17, 64)),
            "cache_write_tokens": drawn.choice((0, 0, 0, 23)),
            "retry_after_ms": drawn.randrange(1, 60),
        }
        for kind in kinds
    ]


def place_order(number: int, workspace_id: "UUID", person_id: "UUID | None") -> Any:
    """Order a text whose prompt bears the number, and write it as a worker does; return the generation's id."""
    from ai import services

    drawn = random.Random(number)
    order = {
        "prompt": f"Backstage before the show, order number {number} of this year",
        "platforms": ["instagram"],
        "tone": "friendly",
        "length": "short",
        "language": drawn.choice(LANGUAGES),
        "audience": "",
        "variants": drawn.choice((1, 2, 3)),
        "material": "",
    }
    generation = services.request_generation(
        workspace_id=workspace_id, created_by_id=person_id, kind=drawn.choice(KINDS), order=order, max_cost_microusd=None
    )
    services.run_generation(generation_id=generation.id)
    return generation.id


def compare(simulator: "Control", generations: dict[int, "UUID"]) -> Books:
    """Return the books of these orders, by their numbers, and of all that the vendor billed."""
    from ai.models import LedgerEntry

    calls = simulator.wait_for_calls(lambda seen: all(call["finished"] for call in seen))
    number_of = {call["number"]: int(NUMBER.search(json.dumps(call["body"]))[1]) for call in calls}
    theirs: dict[bool, dict[int, list[int]]] = {True: defaultdict(list), False: defaultdict(list)}
    for line in simulator.bill():
        theirs[line["reported"]][number_of[line["call"]]].append(line["amount_nanousd"])
    mine: dict[bool, dict[int, list[int]]] = {True: defaultdict(list), False: defaultdict(list)}
    sums, models = Counter[int](), Counter[str]()
    orders = {generation_id: number for number, generation_id in generations.items()}
    rows = LedgerEntry.objects.filter(generation_id__in=orders).values_list(
        "generation_id", "kind", "amount_nanousd", "usage_source", "provider", "model"
    )
    for generation_id, kind, amount, source, provider, model in rows.iterator():
        sums[orders[generation_id]] += amount
        if kind == "settle":
            models[f"{provider}/{model}"] += 1
            # A call that never reached the vendor is told as a reported nothing.
            if amount or source != "reported":
                mine[source == "reported"][orders[generation_id]].append(-amount)
    return Books(
        orders=len(generations),
        calls=len(calls),
        kinds=dict(Counter(call["behaviour"] for call in calls).most_common()),
        models=dict(models.most_common()),
        reported=(_total(mine[True]), _total(theirs[True])),
        others=(_total(mine[False]), _total(theirs[False])),
        unequal=[number for number in generations if sorted(mine[True][number]) != sorted(theirs[True][number])],
        below=[number for number in generations if sum(mine[False][number]) < sum(theirs[False][number])],
        open=[number for number in generations if sums[number]],
    )


def _total(amounts: dict[int, list[int]]) -> int:
    return sum(map(sum, amounts.values()))


def keep_known_models() -> None:
    """Leave only the models whose prices the simulated vendor bills by; end the bench where the catalogue's differ."""
    from ai.models import AiModel
    from ai.simulators.vendor import PRICES

    AiModel.objects.exclude(name__in=PRICES).update(enabled=False)
    for model in AiModel.objects.filter(enabled=True).prefetch_related("prices"):
        price = model.price
        written = price.input_price if price.cache_write_price is None else price.cache_write_price
        if (price.input_price, price.cached_price, written, price.output_price) != tuple(1000 * each for each in PRICES[model.name]):
            sys.exit(f"the simulated vendor bills {model} at other prices than the catalogue")


def run(simulator: "Control", people: Sequence[tuple["UUID", "UUID | None"]], *, calls: int, first: int = 0) -> Books:
    """Place orders from the number `first` on, spread over these people, until the vendor has seen so many calls; return the books."""
    from django.db import connections

    simulator.script(script(2 * calls, seed=SEED + first))
    generations: dict[int, UUID] = {}

    def one(number: int) -> None:
        try:
            generations[number] = place_order(number, *people[number % len(people)])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as threads:
        while (seen := len(simulator.calls())) < calls:
            a_call = len(generations) / seen if seen else 0.2
            start = first + len(generations)
            list(threads.map(one, range(start, start + max(10, round((calls - seen) * a_call)))))
    return compare(simulator, generations)


def main() -> None:
    """Run in an environment that names the vendor, with the people that the bench has made."""
    django.setup()
    from accounts.models import Workspace
    from ai import services
    from ai.simulators.client import Control

    address, key, calls, first = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    keep_known_models()
    people = list(Workspace.objects.order_by("id").values_list("id", "memberships__user_id"))
    for workspace_id, _person_id in people[::4]:  # a strong model writes for a quarter of them
        services.set_config(workspace_id=workspace_id, fields={"quality_floor": "100"})
    began = time.monotonic()
    books = run(Control(address, key), people, calls=calls, first=first)
    print(json.dumps(asdict(books) | {"seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main()

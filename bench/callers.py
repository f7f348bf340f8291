"""`python bench/callers.py openai|litellm|ours ADDRESS KEY`: make one AI call for each line on standard input, by one client.

Each call streams the same short text. What it took is printed as one line of JSON: milliseconds in all, of CPU, and the process's resident
megabytes. It runs in a process for each client, `litellm` in an environment of its own, and imports nothing of the project but for `ours`.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MESSAGES = [
    {"role": "system", "content": "You write social posts for a creator. Write 20 to 30 words."},
    {"role": "user", "content": "Write a post about my new cooking series."},
]
MODEL, MOST_TOKENS, RETRIES = "gpt-4o-mini", 200, 2
BODY = {
    "model": MODEL,
    "messages": MESSAGES,
    "max_completion_tokens": MOST_TOKENS,
    "stream": True,
    "stream_options": {"include_usage": True},
}


def openai(address: str, key: str) -> Callable[[], str]:
    """The vendor's client, kept, with as many retries."""
    from openai import OpenAI

    client = OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=RETRIES)

    def call() -> str:
        return _joined(client.chat.completions.create(**BODY))

    return call


def litellm(address: str, key: str) -> Callable[[], str]:
    """LiteLLM as its documentation has one call it, with as many retries."""
    import litellm as library

    library.suppress_debug_info = True

    def call() -> str:
        told = {**BODY, "model": f"openai/{MODEL}"}
        return _joined(library.completion(**told, api_base=f"{address}/v1", api_key=key, num_retries=RETRIES))

    return call


def ours(_address: str, _key: str) -> Callable[[], str]:
    """Huntaze's gateway: the adapter behind its circuit, the repeats and their account on Valkey; the settings name the vendor."""
    import threading

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from ai import providers
    from ai.providers.base import CompletionRequest, Message, TextChunk, Usage
    from ai.providers.retry import with_retries

    request = CompletionRequest(MODEL, tuple(Message(**message) for message in MESSAGES), MOST_TOKENS)

    def call() -> str:
        provider, usages = providers.get("openai"), list[Usage]()
        items = with_retries(lambda: provider.stream(request), stopped=threading.Event(), spent=usages.append)
        return "".join(item.text for item in items if isinstance(item, TextChunk))

    return call


def _joined(chunks: Any) -> str:
    """Return the text, all of it: the last chunk, without a choice, has the usage."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def _resident_megabytes() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def main() -> None:
    """Call for each line until standard input ends."""
    name, address, key = sys.argv[1:]
    call = {"openai": openai, "litellm": litellm, "ours": ours}[name](address, key)
    for _line in sys.stdin:
        began, cpu = time.perf_counter(), time.process_time()
        text = call()
        took = [(time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000]
        print(json.dumps({"ms": took[0], "cpu_ms": took[1], "megabytes": _resident_megabytes(), "characters": len(text)}), flush=True)


if __name__ == "__main__":
    main()

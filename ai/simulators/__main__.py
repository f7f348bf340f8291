"""`python -m ai.simulators [--port N] [--key KEY] [--until-stdin-closes]`."""

import argparse
import os
import sys
import threading

from ai.simulators import server
from ai.simulators.vendor import KEY


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="Simulate the wire protocols of OpenAI, Azure OpenAI and Anthropic on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--key", default=KEY, help="the key that clients must present")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the process that holds the other end of stdin")
    options = parser.parse_args()
    if options.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    server.serve(port=options.port, key=options.key)


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()

"""`python -m bench.writer`: write the generation of each id on standard input, as a worker does; print a line when it is written."""

import sys

import django


def main() -> None:
    """Write until standard input ends."""
    django.setup()
    from ai import services

    for line in sys.stdin:
        services.run_generation(generation_id=line.strip())
        print("written", flush=True)


if __name__ == "__main__":
    main()

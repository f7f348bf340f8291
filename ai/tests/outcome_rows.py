"""Small files of outcomes in which what makes a prompt hard is known."""

import gzip
import json
import random

SHORT = ["Name the colour of the sky.", "Say hello to Ana.", "Spell the word cat.", "Which month follows May?"]
HARD = ["Prove the theorem of the tangled lattice", "Derive the tangled eigenvalue of the lattice"]


def two_models(rows=300, seed=1):
    """Rows of a cheap model that fails where a prompt is tangled, seldom elsewhere, and of a strong one that seldom fails."""
    draw = random.Random(seed)
    made = []
    for number in range(rows):
        hard = draw.random() < 0.4
        text = draw.choice(HARD if hard else SHORT)
        made.append(
            {
                "prompt": f"{text} Case {number}.",
                "group": "hard" if hard else "easy",
                "weak": int(draw.random() < (0.2 if hard else 0.95)),
                "strong": int(draw.random() < 0.95),
            }
        )
    return made


def three_models(rows=300, seed=2):
    """Rows with answers: two cheap models that agree when both are right, and mostly differ when one is wrong."""
    draw = random.Random(seed)
    made = []
    for number in range(rows):
        right = draw.random() < 0.75
        second = draw.random() < 0.8
        strong = draw.random() < 0.97
        made.append(
            {
                "prompt": f"How many eggs are {number} boxes of {number % 7} eggs? Answer in JSON.",
                "q": f"eggs {number}",
                "tokens_in": 100,
                "models": {
                    "gpt-4o-2024-08-06": {"ok": strong, "answer": "7", "tokens_out": 200},
                    "gpt-4o-mini-2024-07-18": {"ok": right, "answer": "7" if right else str(number), "tokens_out": 200},
                    "gemini-1.5-flash": {"ok": second, "answer": "7.0" if second else f"x{number}", "tokens_out": 150},
                },
            }
        )
    return made


def write(path, rows):
    """Write rows as JSON lines, packed where the name ends in `.gz`, and return the path."""
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path

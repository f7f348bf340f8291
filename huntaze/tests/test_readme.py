"""The README's commands, run as they stand on a real installation; only the address is another."""

import json
import re
import shutil
import subprocess

import pytest

from huntaze.env import BASE_DIR

KEY = "sk-simulated-for-the-readme"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's lines need curl")
def test_readme_lines_end_with_the_generated_text_in_the_library(start_stack, start_simulator):
    vendor = start_simulator("ai.simulators", "--key", KEY)
    settings = {"OPENAI_BASE_URL": f"{vendor.url}/v1", "OPENAI_API_KEY": KEY, "AI_MODEL": "gpt-4o-mini"}
    stack = start_stack("web", "worker", "beat", **settings)
    (lines,) = re.findall(r"^```sh\n(API=.+?)^```", (BASE_DIR / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    script = lines.replace("http://127.0.0.1:8000", stack.url).replace("\ncurl ", "\necho\ncurl ")
    done = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    generation, library = (json.loads(line) for line in done.stdout.strip().splitlines()[-2:])
    assert ([asset["content"] for asset in library["data"]], generation["cost_microusd"] > 0) == ([generation["outputs"][0]["text"]], True)

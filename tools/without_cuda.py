"""The lock with torch in its CPU build, 4 GB less on Linux; as it stands where there is none.

python tools/without_cuda.py https://.../cpu .venv/requirements.txt

Writes the requirements for pip, and its options with them. Runs on a bare Python, before anything
is installed.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CUDA = re.compile(r"(nvidia|cuda|triton)\b")
TORCH = re.compile(r"(torch(?:vision)?==[\d.]+)$")


def without_cuda(lock):
    """Lines of a lock without what only CUDA needs, and torch as the CPU build of its version."""
    kept = [line for line in lock.splitlines() if not CUDA.match(line)]
    return [TORCH.sub(r"\1+cpu", line) for line in kept]


def to_be_had(line, index):
    """Whether the index has what the line pins; pip's word goes to whoever waits."""
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps"]
    asked = [*pip, "--quiet", "--retries=1", "--timeout=15", "--extra-index-url", index, line]
    return subprocess.run(asked).returncode == 0


def requirements(lock, index, linux, reached=to_be_had):
    """The text of the requirements, and a sentence that says what they bring."""
    if not linux:
        return lock, "Here torch has no CUDA anyway: the lock is installed as it stands."
    lines = without_cuda(lock)
    torch = next(line for line in lines if line.startswith("torch=="))
    if not reached(torch, index):
        return lock, (
            f"{torch} is not to be had from {index}: the lock's torch is installed, with CUDA, "
            "4 GB more. TORCH_INDEX=... names another index."
        )
    return "\n".join([f"--extra-index-url {index}", *lines, ""]), f"{torch}, without CUDA."


def main(index, target):
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    text, said = requirements(lock, index, sys.platform == "linux")
    Path(target).write_text(text, "utf-8")
    print(said)


if __name__ == "__main__":
    main(*sys.argv[1:])

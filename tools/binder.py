"""Write binder/requirements.txt from the lock: what the chapters need to run, torch without CUDA.

python tools/binder.py https://.../cpu

No line names a local path: so Binder installs it before it copies the repository, and a new commit
installs nothing again. vslib itself comes by binder/postBuild.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from without_cuda import without_cuda

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "binder" / "requirements.txt"
# What the chapters import; what these need in turn is pinned with them.
WANTED = ("ipykernel", "jupyterlab", "pandas", "torch", "torchvision")
HEAD = """\
# Written by `make lock` from requirements.txt: torch without CUDA, and no path of this repository.
--extra-index-url {index}
"""
# Not in the lock: so that JupyterLab shows the book's roles and directives.
EXTRA = "jupyterlab-myst>=2.4,<3\n"


def vslib_needs():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(line).name for line in project["dependencies"]]


def python():
    return (ROOT / "binder" / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")


def closure(names, environment):
    """The names with all that they need, as the packages installed here say, in lower case."""
    found, waiting = set(), list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        found.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate(environment):
                waiting.append(need.name)
    return found


def requirements(lock, index):
    """The text of binder/requirements.txt."""
    version = python()
    linux = {"python_version": version, "python_full_version": f"{version}.0", "extra": ""}
    linux |= {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
    linux |= {"os_name": "posix", "platform_python_implementation": "CPython"}
    names = closure([*WANTED, *vslib_needs()], linux)
    kept = []
    for line in without_cuda(lock):
        if line.startswith("#") or not line:
            continue
        need = Requirement(line)
        if need.name in names and (need.marker is None or need.marker.evaluate(linux)):
            kept.append(f"{need.name}{need.specifier}")
    return HEAD.format(index=index) + "\n".join(kept) + "\n" + EXTRA


def main(index):
    TARGET.write_text(requirements((ROOT / "requirements.txt").read_text("utf-8"), index), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

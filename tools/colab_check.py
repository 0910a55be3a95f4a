"""That installing vslib changes none of Colab's packages.

    python tools/colab_check.py LIST [--chapters]

LIST is Colab's own (googlecolab/backend-info, pip-freeze.txt). In a fresh environment of the Python
that runs this, which should be Colab's, it installs what vslib needs in Colab's versions, and then
asks pip what an installation of vslib would add: vslib, and nothing else. With --chapters it also
runs the chapters there, and says where a checked cell prints something else.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Besides what vslib names: what notebooks run in, and what the chapters import.
KERNEL = ("ipykernel", "ipython", "nbclient", "nbformat")
CHAPTERS = ("pandas", "torch", "torchvision")


def pins(text):
    """Versions by name from the lines `name==version` of a list; what stands otherwise is left."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.M))


def needs():
    """Names of the packages that pyproject.toml says vslib needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [re.match(r"[\w.-]+", line)[0] for line in project["dependencies"]]


def added(report):
    """What pip says that it would install: names, by the last line of a dry run."""
    found = re.search(r"^Would install (.*)$", report, re.M)
    return [word.rsplit("-", 1)[0] for word in found[1].split()] if found else []


def installed(python, listed, names):
    """Install these of Colab's packages, with all that they need in Colab's versions."""
    versions = pins(listed)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write("\n".join(f"{name}=={version}" for name, version in versions.items()))
        constraints.flush()
        pinned = [f"{name}=={versions[name]}" if name in versions else name for name in names]
        pip = [python, "-m", "pip", "install", "--quiet", "--prefer-binary"]
        subprocess.run([*pip, "-c", constraints.name, *pinned], check=True)


def check(python, listed, names):
    """Names of what installing vslib would add or change, besides vslib."""
    installed(python, listed, names)
    dry = [python, "-m", "pip", "install", "--dry-run", str(ROOT)]
    done = subprocess.run(dry, check=True, capture_output=True, text=True)
    return [name for name in added(done.stdout) if name != "vslib"]


def main(listed, chapters=None):
    text = Path(listed).read_text("utf-8")
    names = [*needs(), *KERNEL, *(CHAPTERS if chapters else ())]
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        changed = check(python, text, names)
        versions = pins(text)
        said = ", ".join(f"{name} {versions[name]}" for name in needs() if name in versions)
        print(f"Python {sys.version.split()[0]}; Colab has {said}.", flush=True)
        if changed:
            return f"Installing vslib would change or add: {', '.join(changed)}"
        print("pip would install vslib and nothing else.", flush=True)
        if chapters:
            pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", str(ROOT)]
            subprocess.run(pip, check=True)
            run = [python, str(ROOT / "tools" / "colab_chapters.py")]
            return subprocess.run(run, cwd=ROOT / "tools").returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

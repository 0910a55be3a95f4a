"""Pack the built site into _build/book.zip, for a class without internet: it opens from a stick."""

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "what-a-network-keeps"
# What a reader of the pages does not need: Sphinx's own records, and the two downloads themselves.
LEFT_OUT = {".buildinfo", "objects.inv", "built_from.txt", "book.zip"}
HOW = "Unpack this whole folder, then open index.html in a browser. No internet is needed.\r\n"


def pack(site, target):
    """Write the zip file; returns how many files it has and its megabytes."""
    files = [path for path in sorted(site.rglob("*")) if path.is_file()]
    files = [path for path in files if path.name not in LEFT_OUT and "reports" not in path.parts]
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(f"{FOLDER}/README.txt", HOW)
        for path in files:
            archive.write(path, f"{FOLDER}/{path.relative_to(site).as_posix()}")
    return len(files) + 1, target.stat().st_size / 1e6


def main():
    site, target = ROOT / "_build" / "html", ROOT / "_build" / "book.zip"
    if not (site / "built_from.txt").exists():
        return "_build/html holds no clean build of the book: run `make book` first"
    count, size = pack(site, target)
    print(f"{target}: {count} files, {size:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

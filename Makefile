# Each target is a line or two that could be typed by hand. PYTHON=python3.12 make book takes another Python.
PYTHON ?= python3
BIN = .venv/bin
# TORCH=cpu make book installs torch without CUDA, from this index or from your own.
TORCH ?= pinned
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
export PYTHONPATH := $(CURDIR)

.PHONY: book pdf zip colab student address test tidy lock bench weightwatcher newest colab-check links lab weights clean

book: .venv/installed
	$(BIN)/jupyter-book build . -W --keep-going
	@echo "The book is built. Open $(CURDIR)/_build/html/index.html"

# The whole book to print, _build/book.pdf, and to carry on a stick, _build/book.zip.
pdf: book
	$(BIN)/python tools/pdf.py

zip: book
	$(BIN)/python tools/offline_copy.py

# The chapters for Colab, _build/colab/*.ipynb.
colab: .venv/installed
	$(BIN)/python tools/colab.py

# The chapters without their solutions, for students, _build/student/*.ipynb.
student: .venv/installed
	$(BIN)/python tools/student.py

# Sets the public address, and writes what follows from it: make address URL=https://github.com/OWNER/NAME
address:
	$(PYTHON) tools/address.py $(URL)

# In stages, with their times; `make test ROOM=convolution` runs one room's alone, in seconds.
ifdef ROOM
test: .venv/installed
else
test: book
endif
	$(BIN)/python tools/stages.py --room "$(ROOM)"

# Runs the checked notebooks, keeps what the checked cells print, and drops all other outputs.
tidy: .venv/installed
	$(BIN)/python tools/tidy.py

# Renews requirements.txt from the ranges in pyproject.toml, and package-lock.json from package.json.
lock: .venv/installed
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --all-extras --no-annotate pyproject.toml -o requirements.txt
	$(BIN)/python tools/binder.py $(TORCH_INDEX)
	cd book/_ext && ../../$(BIN)/npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved

# How long a build takes, how much memory each chapter needs, and what vslib gains over the plain way.
bench: .venv/installed
	$(BIN)/python tools/bench.py
	$(BIN)/python tools/bench_memory.py
	$(BIN)/python tools/bench_spaces.py
	$(BIN)/python tools/bench_plane.py
	$(BIN)/python tools/bench_whole.py
	$(BIN)/python tools/bench_convolution.py
	$(BIN)/python tools/bench_synthesis.py
	$(BIN)/python tools/bench_report.py _build/weightwatcher

# WeightWatcher in a folder of its own, for what chapter 10 compares with: then make bench, or
# .venv/bin/python -m vslib report --measure _build/weightwatcher --resume
weightwatcher: .venv/installed
	$(BIN)/python -m pip install --upgrade --target _build/weightwatcher -c .venv/requirements.txt weightwatcher==0.7.7

# The newest version of everything that pyproject.toml allows, for the weekly canary: then make test.
newest: .venv/installed
	$(BIN)/uv pip compile --no-config --upgrade --universal --python-version 3.11 --all-extras --no-annotate pyproject.toml -o requirements.txt
	$(BIN)/python tools/binder.py $(TORCH_INDEX)

# vslib changes nothing of Colab: LIST is its list of packages, PYTHON its Python.
colab-check:
	$(PYTHON) tools/colab_check.py $(LIST) $(CHAPTERS)

# Whether what the book links to is still there; asks other hosts.
links: .venv/installed
	$(BIN)/jupyter-book build . --builder linkcheck

lab: .venv/installed
	$(BIN)/jupyter lab book

# Trains the networks that vslib ships (hours); goes on where it was stopped.
SHIPPED = fc1 fc5 resnet18 bijection twin $(addprefix bijection-,reconstruction likelihood adversary)
weights: .venv/installed
	for name in $(SHIPPED); do $(BIN)/python -m vslib train $$name --resume --publish || exit 1; done

clean:
	rm -rf _build

.venv/installed: requirements.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or later is needed: PYTHON=python3.12 make ...')"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
ifeq ($(TORCH),cpu)
	$(BIN)/python tools/without_cuda.py $(TORCH_INDEX) .venv/requirements.txt
else
	cp requirements.txt .venv/requirements.txt
endif
	$(BIN)/python -m pip install -r .venv/requirements.txt
	touch $@

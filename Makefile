# Each target is a line or two that could be typed by hand. PYTHON=python3.12 make book takes another Python.
PYTHON ?= python3
BIN = .venv/bin
export PYTHONPATH := $(CURDIR)

.PHONY: book test tidy lock bench lab weights clean

book: .venv/installed
	$(BIN)/jupyter-book build . -W --keep-going
	@echo "The book is built. Open $(CURDIR)/_build/html/index.html"

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
	cd book/_ext && ../../$(BIN)/npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved

# How long a build takes, and how much faster than the plain way convolutions and syntheses are.
bench: .venv/installed
	$(BIN)/python tools/bench.py
	$(BIN)/python tools/bench_spaces.py
	$(BIN)/python tools/bench_convolution.py
	$(BIN)/python tools/bench_synthesis.py

lab: .venv/installed
	$(BIN)/jupyter lab book

# Trains the three networks that vslib ships (hours); goes on where it was stopped.
weights: .venv/installed
	for name in fc1 fc5 resnet18; do $(BIN)/python -m vslib train $$name --resume --publish || exit 1; done

clean:
	rm -rf _build

.venv/installed: requirements.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or later is needed: PYTHON=python3.12 make ...')"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -r requirements.txt
	touch $@

# Every command sets itself up: a .venv from the pinned requirements, made again when they change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check bench chaos clean requirements

demo: $(READY)  ## sandbox and bot on one page
	$(BIN)/python -m bot sandbox

test: check  ## everything, as CI does
	$(BIN)/python -m pytest -n auto --dist worksteal

check: $(READY)  ## static checks only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## measured beside the goals of the fact sheet
	$(BIN)/python -m tests.bench

requirements:  ## pin again after pyproject.toml changed
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.txt
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-dev.txt

$(READY): requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .data .mypy_cache .ruff_cache .import_linter_cache

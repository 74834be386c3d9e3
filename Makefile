# Every command sets itself up: a .venv with the pinned requirements, brought up to date when they change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ROUNDS ?= 100
MINUTES ?= 60
PORT ?= 8765

.DEFAULT_GOAL := help
.PHONY: help demo test check chaos bench docs requirements clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(READY)  ## sandbox and bot on one page, no account needed; Ctrl-C stops it
	@trap : INT; $(BIN)/python -m bot sandbox --port $(PORT)

test: check  ## every check and every test, as CI does
	$(BIN)/python -m pytest -n auto --dist worksteal -rs

check: $(READY)  ## format, lint, types, import direction, the app's manifest
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_sandbox_slack_manifest.py

chaos: $(READY)  ## ROUNDS=100 MINUTES=60 SEED= KIND=: rounds of random harm to the bot and its far ends, proved after each
	$(BIN)/python -m tests.chaos --rounds $(ROUNDS) --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(if $(KIND),--kind $(KIND))

bench: $(READY)  ## measured beside the goals; takes a while
	$(BIN)/python -m tests.bench

docs: $(READY)  ## print the generated pages again: docs/hints.md
	$(BIN)/python -c 'from bot.hints.explain import markdown; print(markdown(), end="")' > docs/hints.md

requirements:  ## pin again after pyproject.toml changed (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.txt
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-dev.txt

$(READY): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) from requirements-dev.txt; this takes a minute."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

clean:  ## remove everything that the commands made
	rm -rf $(VENV) .data .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

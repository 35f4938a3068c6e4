# Every target does its own set-up: the first one you call makes .venv from requirements.lock (names, versions and hashes).
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PYTEST_WORKERS ?= 2
ONLINE_RETAIL ?= $(RETURNS_ONLINE_RETAIL)

.DEFAULT_GOAL := help
.PHONY: help setup demo ui test test-real bench lint format types contracts validate docs clean-demo

help:                 ## what there is
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# pip must not resolve anything: the lock is complete, and pip 23 refuses the extras of pinned packages in hash mode.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || { echo "creating .venv"; $(PYTHON) -m venv .venv; }
	@echo "installing the pinned packages (once; a few minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP)       ## the environment in .venv

demo: $(STAMP)        ## several days of returns on three marketplaces against the sandbox, then a summary
	@$(BIN)/returns demo

ui: $(STAMP)          ## the sandbox and Dagster's UI together, on the demo's history; Ctrl-C ends both
	@$(BIN)/returns ui

test: $(STAMP)        ## all tests that need nothing but this checkout
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal -m "not real"

test-real: $(STAMP)   ## the whole Online Retail history: make test-real ONLINE_RETAIL=/path/to/online_retail.parquet
	@test -f "$(ONLINE_RETAIL)" || { echo "give the data: make test-real ONLINE_RETAIL=/path/to/online_retail.parquet (given: '$(ONLINE_RETAIL)')"; exit 2; }
	@RETURNS_ONLINE_RETAIL="$(abspath $(ONLINE_RETAIL))" $(BIN)/python bench/measured.py $(BIN)/python -m pytest -m real -s --timeout 7200 tests/integration

bench: $(STAMP)       ## planning, ingest, push, main job beside baselines; make bench BENCH="push --scale 0.1"
	@$(BIN)/python -m bench $(BENCH)

lint: $(STAMP)        ## style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(STAMP)      ## put the style right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(STAMP)       ## strict types of the package
	@$(BIN)/basedpyright

contracts: $(STAMP)   ## the direction of imports
	@$(BIN)/lint-imports

validate: $(STAMP)    ## Dagster can load the code location
	@$(BIN)/dagster definitions validate -w workspace.yaml

docs: $(STAMP)        ## regenerate docs/data-dictionary.md from the schema
	@$(BIN)/returns data-dictionary --write docs/data-dictionary.md

clean-demo:           ## forget the demo's days and its sandbox
	@rm -rf var/demo

# Everything a person or a machine does with this checkout. `make run` and `make test` work on a
# bare machine with Python 3.11 to 3.14; both set up what they need and skip it when nothing changed.

VENV := .venv
BIN := $(VENV)/bin
CODE := src tests benchmarks
# Locks hold nothing younger than this day.
LOCK_DATE := 2026-11-06
UV_VERSION := 0.13.8
# Two more than cores: tests of screens wait for half of their time.
WORKERS ?= 4

.PHONY: run test lint types contracts tests snapshots screenshot keys bench format lock dist clean setup-run setup-test

run: setup-run
	@$(BIN)/workbench $(ARGS)

test: setup-test lint types contracts tests

setup-run:
	@tools/set-up run

setup-test:
	@tools/set-up test

lint: setup-test
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: setup-test
	$(BIN)/pyright

contracts: setup-test
	$(BIN)/lint-imports --no-cache

# ARGS chooses: make tests ARGS="-k redaction". Each worker would compile every test anew if nothing were kept.
tests: setup-test
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

# Look at every changed picture before you commit it.
snapshots: setup-test
	$(BIN)/pytest -n 0 tests/golden --snapshot-update

screenshot: setup-test
	$(BIN)/python tools/screenshot

# After a change of actions or of their keys.
keys: setup-test
	$(BIN)/python -m workbench.tui.keys.documentation docs/keys.md

bench: setup-test
	@for each in $(notdir $(basename $(wildcard benchmarks/*.py))); do \
		echo "== $$each"; $(BIN)/python -m benchmarks.$$each || exit 1; done

format: setup-test
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

lock:
	@tools/lock $(UV_VERSION) $(LOCK_DATE)

dist: setup-test
	$(BIN)/python -m hatchling build

clean:
	rm -rf $(VENV) .venv-lock build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis snapshot_report.html

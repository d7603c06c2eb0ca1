# Two commands: `make run` starts the demo, `make test` runs everything that CI runs.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help run test check lint format docs unit contract browser e2e peers lock clean

help: ## Show the commands
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(VENV)/.installed ## Start the demo on loopback: mail on 127.0.0.1:2525, pages on 127.0.0.1:8080
	@$(BIN)/zegel demo $(ARGS)

test: peers $(VENV)/.tested lint ## Everything that CI runs
	$(BIN)/python -m pytest tests $(ARGS)

check: $(VENV)/.tested lint unit ## What needs no peers: format, types, layers, unit tests

lint: $(VENV)/.tested ## Format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy gateway portal
	$(BIN)/zegel check

format: $(VENV)/.tested ## Put the code in form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.tested ## Write docs/policy-reference.md and docs/rule-packs.md from what they tell of
	$(BIN)/python -m gateway.reference_page
	$(BIN)/python scripts/rule_packs.py

unit: $(VENV)/.tested
	$(BIN)/python -m pytest tests/unit tests/portal $(ARGS)

contract: $(VENV)/.tested peers
	$(BIN)/python -m pytest tests/contract $(ARGS)

browser: $(VENV)/.tested peers
	$(BIN)/python -m pytest tests/browser $(ARGS)

e2e: $(VENV)/.tested peers ## End to end, with real clients, servers and a browser
	$(BIN)/python -m pytest tests/e2e $(ARGS)

peers: ## Install the servers, clients and the browser that the tests use
	scripts/install-peers.sh

lock: $(VENV)/.tested ## Renew the locks (hashes, no addresses)
	scripts/lock.sh $(BIN)/uv

clean: ## Remove what was installed and the demo's data
	rm -rf $(VENV) .cache demo-data build dist

$(VENV)/.made: scripts/make-venv.sh
	scripts/make-venv.sh $(PYTHON) $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

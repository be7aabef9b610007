# Two commands for a fresh Debian machine with Python 3.11: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
HOME_DEMO ?= demo-home
UV ?= $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --no-sync --all-extras
# One more than two cores: a quarter of the tests' time is spent waiting for a server or a browser. Each takes up to 1.5 GB.
WORKERS ?= $(shell awk '/^MemTotal/ {print ($$2 > 7000000 ? 3 : 2)}' /proc/meminfo 2>/dev/null || echo 2)
# Tests force thousands of small files to the disc. Where memory is plenty their files lie there and wait for nothing.
ROOMY := $(shell [ "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 8000000 ] && echo /dev/shm)
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
# Where this is set, every process compiles all it imports anew, Airflow and pandas too: minutes of a test run.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install locked Python packages (uv) into .venv
	@command -v $(UV) >/dev/null 2>&1 || { echo "installing uv into .tools"; python3 -m venv .tools && .tools/bin/pip install -q "uv>=0.9"; }
	@echo "installing locked Python packages into .venv"; $(UV) sync --frozen --all-extras -q

.PHONY: parts
parts: ## Install the Debian packages the tests drive for real (as root; else says what to install)
	@deploy/install-parts.sh
	@UV_PROJECT_ENVIRONMENT=.tools/idp $(UV) sync --frozen --only-group idp -q

.PHONY: demo
demo: setup ## One quarter goes round between a court and a tax bureau on this machine, through Airflow
	@$(RUN) exchange demo --source examples/2026Q3/court_db.sql --return examples/2026Q3/tax_return --period 2026Q3 \
	  --as-of 2026-10-09 --home $(HOME_DEMO)

.PHONY: demo-fast
demo-fast: setup ## The same round by command alone, without Airflow
	@$(RUN) exchange demo --source examples/2026Q3/court_db.sql --return examples/2026Q3/tax_return --period 2026Q3 \
	  --as-of 2026-10-09 --home $(HOME_DEMO) --no-airflow

.PHONY: test
test: setup parts ## All tests against real PostgreSQL, sshd and Airflow, and the checks of the house
	@$(MAKE) --no-print-directory -j2 check whole

.PHONY: whole
whole:
	@temp=$$(mktemp -d $(if $(ROOMY),-p $(ROOMY))) && chmod 755 $$temp && trap "rm -rf $$temp" EXIT && \
	  TMPDIR=$$temp $(RUN) pytest -q -n $(WORKERS) --dist loadfile

.PHONY: check
check: ## ruff, mypy, import-linter
	@$(RUN) ruff check -q . && $(RUN) ruff format -q --check . && $(RUN) mypy && $(RUN) lint-imports

.PHONY: faults
faults: setup parts ## The long fault suite: kills at many moments, cuts, full disks
	@$(RUN) pytest -q tests/faults -m 'long or not long'

.PHONY: long
long: setup parts ## What every day does by sample: every byte changed, two hundred worlds against the second reading
	@$(RUN) pytest -q -n $(WORKERS) tests/unit -m long
	@EXCHANGE_ORACLE_SEEDS=200 $(RUN) pytest -q -n $(WORKERS) tests/oracle

.PHONY: browser
browser: setup parts ## Every officer's task and page in every combination of end, language and size, on PostgreSQL
	@$(RUN) pytest -q -n $(WORKERS) --dist loadgroup tests/console -m 'browser or not browser'

.PHONY: bench
bench: setup parts ## Measure against what a user would pick instead, in one run
	@$(RUN) python -m bench

.PHONY: docs
docs: ## Make docs/commands.md anew from the commands
	@$(RUN) typer exchange.cli utils docs --name exchange --output docs/commands.md

.PHONY: guide
guide: setup parts ## Make the pictures of docs/officer-guide.md anew, in a real browser
	@$(RUN) pytest -q -n $(WORKERS) --dist loadgroup tests/console -m 'browser or not browser' -k 'court-zh-1366 or both_ends_see_the_same'
	@$(RUN) python deploy/guide_pictures.py

.PHONY: vendor
vendor: setup ## Fetch the console's front-end files anew and verify them against vendor.toml (needs npm)
	@$(RUN) python deploy/vendor.py

.PHONY: clean
clean: ## Remove the demo's home
	@rm -rf $(HOME_DEMO)

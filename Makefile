# Everything one does with the code. Needs Python 3.11 or newer with pip, and make; `make help` tells the rest.

PYTHON ?= python3
# A Python that somebody compiled (pyenv does) is as a rule built without the optimisations of the distribution's, and
# takes a fifth longer for everything. Then the distribution's takes its place, unless PYTHON=… names one.
DISTRIBUTED := $(if $(filter file,$(origin PYTHON)),$(lastword $(wildcard /usr/bin/python3.1[1-9])))
OPTIMISED := import sys; from sysconfig import get_config_var as built_with; \
	sys.exit(sys.base_prefix != "/usr" and "--enable-optimizations" not in str(built_with("CONFIG_ARGS")))
PORT ?= 8000
# What `make test` runs, and with what: `make test TESTS=tests/delivery PYTEST_ARGS='-x -vv'`.
TESTS ?= tests
# One for each of two cores: a third reads and collects all of it once more, and takes longer than what it fills.
PYTEST_ARGS ?= -n 2 --dist worksteal

BIN := .venv/bin
UV := .tools/bin/uv
LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

# The machine's own Python, never one that uv would fetch.
export UV_PYTHON_DOWNLOADS := never
# Compiled once, at set-up, whatever the environment says: a start costs a third of what it does without.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help run test soak faults setup lint types bench bench-delivery bench-pdf audit lock format messages clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: .venv/.stamp ## Start the site with one delivery worker on http://127.0.0.1:8000 (PORT=… takes another)
	@$(BIN)/redress serve --worker --prepare --port $(PORT)

test: .venv/.stamp-dev ## Run the whole suite (TESTS=tests/… for a part of it)
	@$(BIN)/python -m pytest $(PYTEST_ARGS) $(TESTS)

soak: export REDRESS_SOAK ?= 1
soak: .venv/.stamp-dev ## Run the suite with its long tests at full length: every kill, supporter, example and appearance
	@$(BIN)/python -m pytest $(PYTEST_ARGS) $(TESTS)

setup: .venv/.stamp-dev ## Install all that run and test need, from the locks; nothing is started

lint: .venv/.stamp-dev ## Check style, floors and templates
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@# Its cache keeps what an import led to before the module was there.
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.support.template_lint

faults: .venv/.stamp-dev ## Kill, restart, fill and misdirect what can be, 2,000 times (FAULTS_SHARE=0.05 for less)
	@$(BIN)/python -m tests.faults

types: .venv/.stamp-dev ## Check types, strictly
	@$(BIN)/mypy

bench: .venv/.stamp-dev ## Measure the campaign page and a submission against the bare floor
	@$(BIN)/python -m tests.bench

bench-delivery: .venv/.stamp-dev .tools/post-office ## Measure letters a second against smtp-source and django-post-office (needs Postfix's tools)
	@$(BIN)/python -m tests.bench.delivery

bench-pdf: .venv/.stamp-dev .tools/weasyprint ## Measure a bundle of 1,000 letters on paper against WeasyPrint (needs Pango)
	@PYTHONPATH=.tools/weasyprint $(BIN)/python -m tests.bench.paper

audit: .venv/.stamp-dev ## Check the locks: known vulnerabilities, hashes, no index address
	@$(BIN)/python -m tests.support.lock_audit

format: .venv/.stamp-dev ## Rewrite the code in the house style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

messages: .venv/.stamp-dev ## Write the catalogues of texts anew (app/i18n/translations)
	@$(BIN)/python -m tests.support.catalogues

lock: $(UV) ## Resolve the dependencies anew and write the locks (needs the network)
	@$(UV) pip compile pyproject.toml --group build $(LOCK_FLAGS) --upgrade --output-file requirements.lock
	@$(UV) pip compile pyproject.toml --group build --group dev $(LOCK_FLAGS) --upgrade --output-file requirements-dev.lock
	@echo 'weasyprint' | $(UV) pip compile - $(LOCK_FLAGS) --upgrade --output-file tests/bench/weasyprint.lock
	@echo 'django-post-office' | $(UV) pip compile - $(LOCK_FLAGS) --upgrade --output-file tests/bench/post-office.lock
	@echo 'uv' | $(UV) pip compile - $(LOCK_FLAGS) --upgrade --output-file requirements-tools.lock

clean: ## Remove what set-up made; the site's own data under instance/ stays
	@rm -rf .venv .tools

# A stamp is newer than the locks that it stands for: when nothing changed, make starts nothing and needs no network.
$(UV): requirements-tools.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Redress needs Python 3.11 or newer; PYTHON=… names another one.")'
	@echo 'Getting the installer …'
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action ignore --require-hashes --no-deps --upgrade --target .tools --requirement requirements-tools.lock
	@touch $@

.venv/bin/python: | $(UV)
	@python=$(PYTHON); for other in $(DISTRIBUTED); do \
		$$python -c '$(OPTIMISED)' || { $$other -c 'import sqlite3, ssl' && python=$$other; }; done; \
	$(UV) venv --quiet --allow-existing --python $$python .venv

# For one comparison each, so they stay out of the environment that everything else runs in.
.tools/weasyprint .tools/post-office: .tools/%: tests/bench/%.lock | .venv/bin/python
	@VIRTUAL_ENV=.venv $(UV) pip install --quiet --require-hashes --target $@ --requirement $<
	@touch $@

# Whoever has the dev tools keeps them when only the site is started: the stamp of both is then the same.
.venv/.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@$(call install,$(if $(wildcard .venv/.stamp-dev),requirements-dev.lock,requirements.lock))
	@touch $@

.venv/.stamp-dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	@$(call install,requirements-dev.lock)
	@touch .venv/.stamp $@

# Hash-checked; the project, and what there is no wheel of, are built with locked build backends only.
define install
echo 'Installing $(1) …'; \
	VIRTUAL_ENV=.venv $(UV) pip sync --quiet --require-hashes --build-constraints $(1) --compile-bytecode $(1) && \
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --no-build-isolation --offline --editable .
endef

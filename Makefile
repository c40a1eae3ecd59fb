# `make` alone lists the targets. Everything that is installed goes into .venv.

# The first that really runs (a shim may exist and fail) and can make a virtual environment. 3.12
# and 3.11 go first: for 3.13 there is no wheel with a Redis server.
CANDIDATES := python3.12 python3.11 python3.13 python3 python
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach name,$(CANDIDATES),$(shell \
	$(name) -c '$(SUITABLE)' >/dev/null 2>&1 </dev/null && echo $(name))))

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV ?= $(BIN)/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate --no-strip-extras \
	pyproject.toml
# Where hashes are required, pip takes `name[extra]==` for no pin of what asks for `name` alone: each
# such pin is there without its extra, too.
PLAIN_TOO := function out() { plain = block; if (sub(/\[[a-z0-9,-]+\]==/, "==", plain)) printf "%s", \
	plain; printf "%s", block } /^[^ ]/ { out(); block = "" } { block = block $$0 "\n" } END { out() }
# Much of the tests' time is waiting: two processes share it, each with servers of its own.
SIDE_BY_SIDE := -n 2 --no-loadscope-reorder
# What `make lock UPGRADE=--upgrade` passes on, and `make soak DATABASE=sqlite WRITE=--write`.
UPGRADE ?=
DATABASE ?=
WRITE ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo up test chaos hosts gpu fuzz soak lint audit scan bench texts access screenshots lock licences clean hostile

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.cpu ## Train a model on a real text and write with it, in a few minutes.
	@$(BIN)/charloom demo

up: .venv/.cpu ## Run the service on this machine: http://127.0.0.1:8000
	@$(BIN)/charloom up

test: .venv/.dev ## Run all tests (installs Chromium and Prometheus where they are missing and may be).
	@sh tests/ensure_chromium.sh
	@sh tests/ensure_prometheus.sh
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

chaos: .venv/.dev ## Break the running service at random, a hundred times, and check every job.
	@CHAOS=long $(BIN)/python -m pytest tests/chaos -s --timeout=1800

hosts: .venv/.dev ## Take five hosts from each other while thirty jobs run: Linux, as root.
	@sh tests/ensure_iproute.sh
	@HOSTS=long $(BIN)/python -m pytest tests/hosts -s

gpu: .venv/gpu/.done ## Train on this machine's NVIDIA card, by the engine and by the whole service.
	@GPU=yes PYTHONPATH=$(CURDIR)/.venv/gpu $(BIN)/python -m pytest tests/gpu -s

fuzz: .venv/.dev ## Try the API with some ten thousand made-up requests, ten minutes.
	@FUZZ=long $(BIN)/python -m pytest tests/fuzz -s

soak: .venv/.dev ## Let fifty users load the service, half an hour a database, and watch its memory.
	@$(BIN)/python -m tests.soak $(if $(DATABASE),--database $(DATABASE)) $(WRITE)

lint: .venv/.dev ## Check style and types.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

# What starts programs, writes SQL or holds secrets; `pyproject.toml` says what is passed over.
audit: .venv/.dev ## Look for known weaknesses: advisories, our own code, licences.
	@$(BIN)/bandit --quiet -c pyproject.toml -r shared web worker cli migrations 2>/dev/null
	@echo 'bandit: nothing found'
	@$(BIN)/python -m pytest -q tests/test_audit.py
	@$(BIN)/python -m audit.advisories

scan: .venv/.dev ## Let Wapiti attack a service of its own on this machine, ten minutes.
	@$(BIN)/python -m audit.scan

bench: .venv/.bench ## Measure speed, quality and memory against what users have; hours, quiet ones.
	@$(BIN)/python benchmarks/all.py

# What is said on the pages, by which marks it is found, and where its translations are.
BABEL := PYTHONPATH=. $(BIN)/pybabel --quiet
MARKS := -k _l -k said
CATALOGUES := web/translations

texts: .venv/.dev ## Find the texts of the pages, and compile what they are translated to.
	@$(BABEL) extract --no-location --sort-output --project charloom -F babel.cfg $(MARKS) \
		-o $(CATALOGUES)/messages.pot .
	@$(BABEL) update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \
		-i $(CATALOGUES)/messages.pot -d $(CATALOGUES)
	@$(BABEL) compile --statistics -d $(CATALOGUES)

access: .venv/.dev ## Write docs/access.md: how everybody is answered at every route.
	@PYTHONPATH=. $(BIN)/python -m tests.integration.access.document

hostile: .venv/.dev ## Write the table of hostile inputs in docs/security.md, from the tests.
	@PYTHONPATH=. $(BIN)/python docs/hostile.py

screenshots: .venv/.dev ## Take the README's pictures: trains a model and writes with it, some minutes.
	@sh tests/ensure_chromium.sh
	@PYTHONPATH=. $(BIN)/python docs/screenshots.py

lock: .venv/bin/python ## Pin what pyproject.toml asks for in requirements/.
	@test -x $(UV) || $(PIP) install --quiet uv
	$(COMPILE) $(UPGRADE) -o requirements/web.txt --extra otel --extra s3
	$(COMPILE) $(UPGRADE) -o requirements/cpu.txt --extra otel --extra s3 --extra cpu --extra embedded
	$(COMPILE) $(UPGRADE) -o requirements/gpu.txt --extra otel --extra s3 --extra gpu
	$(COMPILE) $(UPGRADE) -o requirements/dev.txt --extra otel --extra s3 --extra cpu --extra embedded --extra dev
	$(COMPILE) $(UPGRADE) -o requirements/bench.txt --extra otel --extra s3 --extra cpu --extra embedded --extra dev --extra bench
	@for file in requirements/*.txt; do awk '$(PLAIN_TOO)' $$file > $$file.new && mv $$file.new $$file; done

licences: .venv/.dev ## Ask what licences the pinned packages have, for docs/licences.md; two minutes.
	@$(BIN)/python -m audit.licences

clean: ## Remove what was installed and cached; data in var/ stays.
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(or $(PYTHON),false) -c '$(SUITABLE)' 2>/dev/null || { \
		echo 'charloom needs Python 3.11, 3.12 or 3.13 with venv: install one (Debian, Ubuntu:' \
			'`apt-get install python3 python3-venv`; macOS: `brew install python@3.12`),' \
			'or name one: `make PYTHON=/path/to/python3.12 ...`' >&2; exit 1; }
	$(PYTHON) -m venv .venv

# Stamps: what is installed follows the pinned versions.
.venv/.cpu: requirements/cpu.txt pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements/cpu.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements/dev.txt pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch .venv/.cpu $@

# Beside the packages for processors, whose names it has: who is found first is taken.
.venv/gpu/.done: requirements/gpu.txt .venv/.dev
	$(PIP) install --quiet --require-hashes --upgrade --target .venv/gpu -r requirements/gpu.txt
	@touch $@

# PyTorch is a yardstick alone. One that is there already, from its index of CPU builds, is taken.
.venv/.bench: requirements/bench.txt .venv/.dev
	@$(BIN)/python -c 'import torch' 2>/dev/null \
		|| $(PIP) install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

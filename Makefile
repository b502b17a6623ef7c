# make demo and make test are all that is needed; each builds .venv with nothing but Python 3.11+ and make.

VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip

# The first of these that runs, is recent enough and can make a virtual environment.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python; do \
	$$name -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	>/dev/null 2>&1 && { echo $$name; break; }; done)

.PHONY: help demo test check bench check-wheel constraints install install-test clean
.DEFAULT_GOAL := help

help:
	@echo "make demo         run the whole program on the bundled sample newsroom"
	@echo "make test         run every test"
	@echo "make check        linters and types"
	@echo "make bench        benchmarks; prints JSON"
	@echo "make check-wheel  build the wheel and try it in a clean environment"
	@echo "make constraints  write constraints.txt anew, with the newest versions"
	@echo "make clean        remove what these made"

demo: install
	@$(BIN)/wirewatch demo

# A file's tests stay in one process, because they share what is dear to set up.
test: install-test
	$(BIN)/python -m pytest -n auto --dist loadfile

check: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy .ci/check_wheel.py
	$(BIN)/lint-imports

bench: install-test
	@$(PIP) install -qq -c constraints.txt -e '.[bench]'
	@for program in bench/[!_]*.py; do $(BIN)/python $$program || exit 1; done

check-wheel:
	@$(call need_python)
	@$(PYTHON) .ci/check_wheel.py

constraints:
	@$(call need_python)
	rm -rf build/constraints
	$(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install -q '.[test,bench]' 'hatchling>=1.27'
	@{ echo "# The versions wirewatch is tested with, for Python 3.11 to 3.13. \`make constraints\` writes this file anew."; \
	echo "# Use it as: pip install -c constraints.txt wirewatch"; \
	build/constraints/bin/python -m pip freeze --exclude wirewatch; } > build/constraints.txt
	mv build/constraints.txt constraints.txt
	rm -rf build/constraints

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*

install: $(VENV)/.installed

install-test: $(VENV)/.installed-test

$(VENV)/.made:
	@$(call need_python)
	@echo "Building $(VENV) with $(PYTHON) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# -qq keeps errors and drops a warning of old pips about an extra of lxml that is spelled in two ways.
$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing wirewatch and what it needs; this takes half a minute or more ..."
	@$(PIP) install -qq -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing wirewatch, what it needs, and the test tools; this takes half a minute or more ..."
	@$(PIP) install -qq -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.installed

need_python = test -n "$(PYTHON)" || \
	{ echo "No Python 3.11, 3.12 or 3.13 with venv was found (Debian: apt install python3-venv). Or say make PYTHON=/path/to/python" >&2; exit 1; }

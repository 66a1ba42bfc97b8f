# `make help` lists what there is.
PYTHON ?= python3
DATA ?= data
RUN ?= runs/mnist
WORKERS ?= 2

BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install mnist test test-slow test-oldest check format benchmark clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## the project and its development tools, into .venv

$(INSTALLED): pyproject.toml fuel/_native.c
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, $(PYTHON) is `$(PYTHON) -V 2>&1`; say which: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

mnist: $(INSTALLED) ## get MNIST, train on it, draw the run: pictures in runs/mnist
	$(BIN)/fuel-download mnist --directory $(DATA)
	@test -e $(DATA)/mnist.hdf5 || \
		{ echo fuel-convert mnist; FUEL_DATA_PATH=$(DATA) $(BIN)/fuel-convert mnist --directory $(DATA) --output-directory $(DATA); }
	FUEL_DATA_PATH=$(DATA) $(BIN)/python scripts/train_mnist.py --run $(RUN) $(if $(wildcard $(RUN)/checkpoint.h5),--resume)
	$(BIN)/python scripts/plot_run.py $(RUN)

test: $(INSTALLED) ## all tests
	$(BIN)/python -m pytest -n $(WORKERS) --quiet

test-slow: $(INSTALLED) ## the tests that take minutes: a hundred kills, and the like
	$(BIN)/python -m pytest -n $(WORKERS) --quiet -m slow --timeout 1200 tests

test-oldest: .venv-oldest/.installed ## the tests of the packages on the oldest versions that are supported
	.venv-oldest/bin/python -m pytest -n $(WORKERS) --quiet tests/bricks tests/fuel tests/mainloop

.venv-oldest/.installed: .ci/oldest.txt pyproject.toml fuel/_native.c
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --upgrade pip
	.venv-oldest/bin/python -m pip install --quiet --requirement .ci/oldest.txt
	PYTHONWARNINGS=ignore .venv-oldest/bin/python -m pip install --quiet --no-deps --editable .
	@touch $@

check: $(INSTALLED) ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## put the code in the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(INSTALLED) ## speed beside the peers that are installed
	$(BIN)/python scripts/benchmark_step.py
	$(BIN)/python scripts/benchmark_fuel.py

clean: ## forget the runs; data and .venv stay
	rm -rf runs .pytest_cache .mypy_cache .ruff_cache .hypothesis

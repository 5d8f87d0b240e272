# Two commands matter: `make demo` and `make test`. Both need Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
N ?= 2000
SEED ?= 0
BIN = $(VENV)/bin
# one thread a process: tests run in JOBS processes, and sums must not depend on the thread count
ONE_THREAD = OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
CHECKED = disentangle_cli tests examples docs $(wildcard benchmarks)

.PHONY: help demo docs test test-extras fuzz faults test-oldest lint format bench bench-gpu clean

help: ## list these targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:[^#]*## /\t/' | expand -t 16

demo: $(VENV)/.installed ## train, rank, score and draw a small pool; at most 4 minutes on 2 cores
	PATH="$(abspath $(BIN)):$$PATH" bash examples/demo.sh

docs: $(VENV)/.installed-docs ## the site of docs/, into site/; warnings are errors
	$(ONE_THREAD) NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "site/index.html; or: $(BIN)/python -m http.server --bind 127.0.0.1 --directory site"

test: $(VENV)/.installed-dev lint ## ruff, mypy and the quick tests; at most 10 minutes on 2 cores
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS)

test-extras: $(VENV)/.installed-extras ## the slow tests, with Dask, Ray, a browser, the site and the notebook
	$(ONE_THREAD) $(BIN)/python -m pytest -m slow -n $(JOBS)

fuzz: $(VENV)/.installed-dev ## N damaged files (N=10000: some 20 minutes); other damage with SEED
	$(ONE_THREAD) $(BIN)/python -m tests.fuzz --cases $(N) --seed $(SEED)

# of each command, and in all
KILLS ?= 100
FAULTS ?= 500

faults: $(VENV)/.installed-dev ## kill each command KILLS times, let FAULTS calls to the system fail
	DCR_KILLS=$(KILLS) DCR_FAULTS=$(FAULTS) $(ONE_THREAD) $(BIN)/python -m pytest -m slow tests/faults -s

test-oldest: $(VENV)/.installed-dev ## the metrics with the oldest scikit-learn that is supported
	$(BIN)/python -m pip install --quiet --upgrade --no-deps --target $(VENV)/oldest 'scikit-learn==1.6.*'
	PYTHONPATH=$(VENV)/oldest $(ONE_THREAD) $(BIN)/python -m pytest tests/metrics tests/measurement

lint: $(VENV)/.installed-dev ## ruff and mypy --strict
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## let ruff lay out and repair the code
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

# real_pool trains 100 models and evaluates 10,000 pairs of them, paper makes 322,560 iterations, cost trains for hours;
# selection wants a pool
BENCHMARKS ?= $(filter-out _% real_pool paper cost selection,$(basename $(notdir $(wildcard benchmarks/*.py))))

# a table that is there stays, so that what was stopped goes on
bench: $(VENV)/.installed-dev ## run every benchmark but the long ones, or BENCHMARKS="pool udr"; tables go to bench/, rm -r bench makes them anew
	@mkdir -p bench
	@for name in $(BENCHMARKS); do echo "== $$name"; [ ! -f bench/$$name.md ] || continue; \
		$(BIN)/python benchmarks/$$name.py --out bench/$$name.json --markdown bench/$$name.md || exit 1; done

bench-gpu: $(VENV)/.installed-dev ## on a CUDA device: its tests, then one seed beside many, side by side and batched; tables go to bench/
	@mkdir -p bench
	$(BIN)/python -m pytest -q tests/test_cuda.py
	$(BIN)/python benchmarks/stack.py --device cuda --precision bf16 --seeds 2,4,8,16,50 \
		--out bench/stack-bf16.json --markdown bench/stack-bf16.md
	$(BIN)/python benchmarks/stack.py --device cuda --precision fp32 --seeds 8,50 \
		--out bench/stack-fp32.json --markdown bench/stack-fp32.md

clean: ## remove the environment, caches and what the demo made
	rm -rf $(VENV) demo bench site dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "dcr needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "no venv could be made (on Debian: apt-get install python3-venv)" >&2; exit 2; }

# the stamps keep a second call from installing again
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable '.[docs]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-extras: $(VENV)/.installed-dev
	$(INSTALL) --editable '.[dev,dask,docs,ray,wandb,mlflow,browser]'
	@touch $@

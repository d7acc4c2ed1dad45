# `make demo` and `make test` need Python >= 3.11.4, git and make; they set everything else up in .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(shell cksum < requirements.lock | cut -d' ' -f1)
# Bytecode is compiled once, at install: without it every process pays for it again.
export UV_COMPILE_BYTECODE = 1
export UV_LINK_MODE = copy

.PHONY: help setup demo test lint format lock instruments networks benchmark clean

help:
	@echo "make demo    run the main job end to end on a simulated cohort"
	@echo "make test    run the tests"
	@echo "make lint    check formatting, style, types, and that imports run one way, down"
	@echo "make format  put formatting and import order right"
	@echo "make lock    pin every dependency again"
	@echo "make benchmark  time the engine beside its peers (an hour; see benchmarks/README.md)"
	@echo "make instruments  write docs/instruments.md from the instruments' data files"
	@echo "make networks  write docs/networks.md from the atlases' data files"

setup: $(READY)

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11, 4) else "stratify needs Python 3.11.4 or later; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-*
	@touch $@

# The main job on simulated patients: a cohort, a study, its models, their reasons, reports.
DEMO := demo
demo: $(READY)
	$(BIN)/stratify simulate realistic --patients 1600 --seed 1 --regions 24 --out $(DEMO)/study
	$(BIN)/stratify check $(DEMO)/study/study.toml
	$(BIN)/stratify train $(DEMO)/study/study.toml --set validation.repeats=2
	$(BIN)/stratify explain realistic-depression
	$(BIN)/stratify simulate realistic --patients 12 --seed 99 --regions 24 --out $(DEMO)/new-patients
	$(BIN)/stratify report realistic-depression --patients $(DEMO)/new-patients/cohort.csv \
	  --connectivity $(DEMO)/new-patients/connectivity.parquet --out $(DEMO)/reports
	@echo
	@echo "Everything above is about simulated patients."
	@echo "  runs      $(CURDIR)/mlruns (see them with: $(BIN)/stratify ui)"
	@echo "  figures   $(CURDIR)/mlruns/artifacts/realistic-depression/*/artifacts/figures"
	@echo "  reports   $(CURDIR)/$(DEMO)/reports"

# One thread a process: the two workers share the cores, and sums come out the same everywhere.
test: $(READY)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal

# All four are run, so that one look shows everything.
lint: $(READY)
	@failed=; for check in "ruff format --check" "ruff check" "mypy" "lint-imports --no-logo"; do \
	  echo "$$check"; $(BIN)/$$check || failed=1; \
	done; test -z "$$failed"

format: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

instruments: $(READY)
	$(BIN)/python -c 'from pathlib import Path; from stratify.instruments import describe_instruments; Path("docs/instruments.md").write_text(describe_instruments(), encoding="utf-8", newline="\n")'

networks: $(READY)
	$(BIN)/python -c 'from pathlib import Path; from stratify.connectome import describe_networks; Path("docs/networks.md").write_text(describe_networks(), encoding="utf-8", newline="\n")'

# Each prints its table; peers that are not installed are named and left out.
benchmark: $(READY)
	@for script in "models --keep" "after_training --keep" combat cpm "study standard --keep" "study registry --keep"; do \
	  set -- $$script; echo; echo "## benchmarks/$$1.py $$2"; \
	  OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/$$1.py $$2 $$3 || exit 1; \
	done

lock:
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --upgrade --group dev pyproject.toml -o requirements.lock

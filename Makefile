# The two commands are `make lesson` and `make test`; everything lives in .venv.
PYTHON ?= python3
LAB_ARGS ?=
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
READY := .venv/.ready
ALLOW_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lesson test lint notebooks bench bench-browser clean

lesson: $(READY)
	$(BIN)/jupyter lab $(ALLOW_ROOT) $(LAB_ARGS) notebooks/01_autograd_lecture.ipynb

test: lint
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

notebooks: $(READY)
	$(BIN)/python tools/execute_notebooks.py

bench: $(READY)
	$(BIN)/python -m pip install -q -c constraints.txt -e .[bench] && $(BIN)/python benchmarks/run.py

bench-browser: $(READY)
	$(BIN)/python benchmarks/browser.py

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

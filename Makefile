PYTHON ?= python3
BIN := .venv/bin
ROOT_FLAG := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)
QUIET_LAB := --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.extension_manager=readonly --LabApp.news_url=None
STAMP := .venv/.ready
SETTINGS := .venv/share/jupyter/lab/settings
.PHONY: lesson test test-all lint notebooks bench bench-browser clean

lesson: $(STAMP)  ## open the lecture in JupyterLab
	$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" $(ROOT_FLAG) $(QUIET_LAB) $(LAB_ARGS) notebooks/01_autograd_lecture.ipynb

test: lint  ## everything, notebooks and browser included
	@$(BIN)/python tools/find_chromium.py
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile $(PYTEST_ARGS)

test-all: lint  ## the long run: all of PyTorch's operators as well
	@$(BIN)/python tools/find_chromium.py
	$(BIN)/python -m pytest --numprocesses=2 --dist=load -m long --nbval-current-env tests/operators
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/oxlint --deny-warnings lesson_utils

notebooks: $(STAMP)  ## run every notebook from the top and write it back clean
	$(BIN)/python tools/execute_notebooks.py notebooks/*.ipynb

bench: $(STAMP)
	$(BIN)/python -m pip install -q -c constraints.txt torchviz && $(BIN)/python benchmarks/neuron.py && $(BIN)/python benchmarks/networks.py

bench-browser: $(STAMP)  ## how long sliders and films take from key press to picture
	$(BIN)/python benchmarks/films.py && $(BIN)/python benchmarks/browser.py

clean:
	rm -rf .venv

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "The lesson needs Python 3.10 or newer; try: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv && $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test]'
	@mkdir -p $(SETTINGS) && echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}' >$(SETTINGS)/overrides.json
	@touch $@

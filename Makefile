# Two commands to know: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
UV := VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv
READY := .venv/.ready

.PHONY: demo test reproduce calibrate lint figures setup constraints up clean

demo: setup  ## the whole data pipeline on embedded scenes, then what came out
	@$(BIN)/joppo demo

test: setup  ## all tests
	@$(BIN)/pytest --numprocesses auto --dist loadfile --durations 15

# Three at a time on two cores: one of them is starting or ending.
reproduce: setup  ## the paper's experiment in miniature, to one report (SEEDS=5, STEPS=22 for more)
	@$(BIN)/joppo reproduce --processes 3 $(if $(SEEDS),--seeds $(SEEDS)) $(if $(STEPS),--steps $(STEPS))

up: setup  ## server, work pools, deployments and workers on this machine
	@$(BIN)/joppo up

figures: setup  ## the README's pictures, from a real run (needs chromium)
	@$(BIN)/python -m docs.pictures.ui_pages

calibrate: setup  ## how well the gate tells matched from shuffled pairs (PHOTOS=folder adds real ones)
	@$(BIN)/python -m joppo.data.synthesis.calibration $(if $(PHOTOS),--photos $(PHOTOS))

capacity: setup  ## the tables of docs/capacity.md, from configs/paper
	@$(BIN)/joppo plan --profile paper --page docs/capacity.md

lint: setup  ## style, formatting, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(READY)

$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check "uv>=0.8,<1"
	$(UV) pip install --quiet --no-deps -r constraints.txt
	$(UV) pip install --quiet --no-deps -e .
	@touch $(READY)

constraints: setup  ## resolve the ranges of pyproject.toml anew
	$(UV) pip compile pyproject.toml --group dev --extra s3 --universal --python-version 3.11 \
	  --no-header --no-annotate --quiet -o constraints.txt

clean:  ## remove the demo's store; the environment stays
	rm -rf store .prefect

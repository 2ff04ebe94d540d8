# Everything runs in .venv, which is made from requirements.txt and requirements-dev.txt alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PICTURES ?=
RUNTIME := $(VENV)/runtime-ready
READY := $(VENV)/dev-ready
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test check campaign bench clean browser

demo: $(RUNTIME) $(if $(PICTURES),,$(VENV)/pictures-ready)  ## insert some pictures, search with copies of them, show the matches
	@$(BIN)/python demo.py $(if $(PICTURES),"$(PICTURES)")

test: $(READY) browser  ## all tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

check: $(READY)  ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

campaign: $(READY)  ## what takes long: kills, faults, a folder of odd pictures
	$(BIN)/python -m testing.campaign $(if $(PICTURES),"$(PICTURES)")

bench: $(READY)  ## ratios against named peers
	$(BIN)/python -m benchmarks $(if $(PICTURES),"$(PICTURES)")

clean:
	rm -rf $(VENV) .demo build dist *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(READY): requirements-dev.txt $(RUNTIME)
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	@touch $@

browser:  # Debian's Chromium, for the tests of the report; without it they are skipped, and in CI they fail
	@command -v chromedriver >/dev/null || ! command -v apt-get >/dev/null || [ "$$(id -u)" != 0 ] || { \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
		apt-get -qq install --yes --no-install-recommends chromium chromium-driver >/dev/null; } || true

$(VENV)/pictures-ready: requirements-dev.txt $(RUNTIME)  # the photographs that scikit-image ships; not its needs
	$(BIN)/python -m pip install --quiet --no-deps "$$(grep '^scikit-image==' requirements-dev.txt)"
	@touch $@

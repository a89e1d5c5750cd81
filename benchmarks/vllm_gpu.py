"""benchmarks/vllm.py on a GPU: with a model that is named, or with one of a given size whose weights are random.

A random model says nothing that makes sense, and takes as long for it as a trained one of its shape: with it the
benchmark needs no download. Its tokenizer has a token for each byte. On a machine without a GPU this works as well,
slowly; that is how it is tried out.

    python benchmarks/vllm_gpu.py --model /models/some-model
    python benchmarks/vllm_gpu.py --size 8b
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

DEADLINE = 3600  # seconds
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


class Shape(NamedTuple):
    """Of a Llama: layers, width, heads, heads of keys and values, width between."""

    layers: int
    width: int
    heads: int
    shared_heads: int
    between: int


SIZES = {
    "tiny": Shape(2, 128, 4, 2, 256),
    "1b": Shape(16, 2048, 32, 8, 8192),
    "3b": Shape(28, 3072, 24, 8, 8192),
    "8b": Shape(32, 4096, 32, 8, 14336),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("--model", help="name or path")
    one.add_argument("--size", choices=SIZES, help="random weights of this size")
    parser.add_argument("--sequences", type=int, default=256, help="that the engine takes at once (default: 256)")
    parser.add_argument("--cases", type=int, default=2000, help="cases a round (default: 2000)")
    options, further = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as name:
        model, engine = options.model, {"max_num_seqs": options.sequences}
        if options.size:
            model = name
            write_model(Path(name), SIZES[options.size])
            # A token is a byte: a prompt has some 1,500, and grows by some 100 with each turn.
            engine |= {"load_format": "dummy", "dtype": "bfloat16", "max_model_len": 4096}
        command = [sys.executable, str(Path(__file__).with_name("vllm.py")), model, "--cases", str(options.cases)]
        command += ["--conversations", str(options.cases), "--in-flight", str(2 * options.sequences)]
        command += [word for key, value in engine.items() for word in ("--engine", f"{key}={value}")]
        return subprocess.run([*command, *further], timeout=DEADLINE, check=False).returncode


def write_model(folder: Path, shape: Shape) -> None:
    """Write what describes a model, without its weights."""
    letters = byte_letters()
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *letters])}
    write(folder / "config.json", config(shape, len(vocabulary)))
    write(folder / "tokenizer.json", tokenizer(vocabulary))
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": SPECIAL[2], "chat_template": TEMPLATE}
    write(folder / "tokenizer_config.json", about)


def config(shape: Shape, vocabulary: int) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "torch_dtype": "bfloat16",
        "vocab_size": -(-vocabulary // 64) * 64,
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.shared_heads,
        "intermediate_size": shape.between,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "eos_token_id": 2,
        "bos_token_id": 0,
    }


def tokenizer(vocabulary: dict[str, int]) -> dict[str, Any]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "added_tokens": [{"id": vocabulary[token], "content": token, **plain} for token in SPECIAL],
        "normalizer": None,
        "pre_tokenizer": bytes_,
        "post_processor": None,
        "decoder": bytes_,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }


def byte_letters() -> list[str]:
    """The letter that byte-level tokenizers write for each byte: its own where it can be seen, else one further up."""
    seen = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in seen]
    letters = {byte: chr(byte) for byte in seen} | {byte: chr(256 + n) for n, byte in enumerate(hidden)}
    return [letters[byte] for byte in range(256)]


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

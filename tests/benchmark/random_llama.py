"""Writes a Llama of random float32 weights, of any size, with or without a tokenizer of bytes.

With experts it is a Mixtral: each token goes through two of them in every layer.
"""

import json
import pathlib
import struct
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import bigram  # noqa: E402  its tokenizer has one token per byte

HEAD_DIM = 64


def shapes(layers, hidden, vocabulary, experts):
    intermediate = hidden * 11 // 4
    yield "model.embed_tokens.weight", [vocabulary, hidden]
    yield "model.norm.weight", [hidden]
    for i in range(layers):
        at = f"model.layers.{i}."
        for name in "qkvo":
            yield f"{at}self_attn.{name}_proj.weight", [hidden, hidden]
        if experts:
            yield at + "block_sparse_moe.gate.weight", [experts, hidden]
        for mlp, gate, up, down in feed_forward(experts):
            yield f"{at}{mlp}.{gate}.weight", [intermediate, hidden]
            yield f"{at}{mlp}.{up}.weight", [intermediate, hidden]
            yield f"{at}{mlp}.{down}.weight", [hidden, intermediate]
        yield at + "input_layernorm.weight", [hidden]
        yield at + "post_attention_layernorm.weight", [hidden]


def feed_forward(experts):
    if not experts:
        return [("mlp", "gate_proj", "up_proj", "down_proj")]
    return [(f"block_sparse_moe.experts.{i}", "w1", "w3", "w2") for i in range(experts)]


def write(folder, layers, hidden, vocabulary, tokenizer=False, experts=0):
    if (folder / "config.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    header, end = {}, 0
    for name, shape in shapes(layers, hidden, vocabulary, experts):
        size = 4 * int(numpy.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    stream = numpy.random.default_rng(20250101)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes(layers, hidden, vocabulary, experts):
            values = stream.standard_normal(shape, dtype=numpy.float32) * 0.02
            file.write((values if len(shape) == 2 else values + 1).tobytes())
    if tokenizer:
        (folder / "tokenizer.json").write_text(json.dumps(bigram.tokenizer_json()))
    # Last: a folder without it is one that was not finished.
    mixture = {"num_local_experts": experts, "num_experts_per_tok": 2} if experts else {}
    (folder / "config.json").write_text(json.dumps({
        "model_type": "mixtral" if experts else "llama", **mixture,
        "vocab_size": vocabulary, "hidden_size": hidden,
        "intermediate_size": hidden * 11 // 4, "num_hidden_layers": layers,
        "num_attention_heads": hidden // HEAD_DIM, "num_key_value_heads": hidden // HEAD_DIM,
        "tie_word_embeddings": True}))

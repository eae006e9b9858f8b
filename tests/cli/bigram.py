"""A checkpoint whose every number is known: a model of one previous byte.

A llama of one layer whose attention and MLP are zero, whose embedding is the identity and whose head
is a table, is a bigram model: the logits after byte b are row b of that table. With all other logits
0, a transition of logit s has probability exp(s) / (exp(s) + 255). The tokenizer has one token per
byte and merges nothing, so that ids, offsets and probabilities can be written down by hand.

Standard library only.
"""

import json
import math
import pathlib
import struct

SIZE = 256


def byte_characters():
    """The characters that stand for the 256 bytes in a byte-level tokenizer."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters = {byte: chr(byte) for byte in printable}
    spare = 256
    for byte in range(256):
        if byte not in characters:
            characters[byte] = chr(spare)
            spare += 1
    return [characters[byte] for byte in range(256)]


def tokenizer_json():
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                          "use_regex": True},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False,
                           "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                    "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
                  "byte_fallback": False, "ignore_merges": False,
                  "vocab": {c: i for i, c in enumerate(byte_characters())}, "merges": []},
    }


CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": SIZE,
    "hidden_size": SIZE, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "rms_norm_eps": 1e-12,
    "hidden_act": "silu", "tie_word_embeddings": False, "torch_dtype": "float32",
    "eos_token_id": None, "bos_token_id": None,
}


def tensors(transitions):
    """Name to (shape, floats). The norm turns a one-hot vector into sqrt(256) = 16 times itself."""
    head = [0.0] * (SIZE * SIZE)
    for (before, after), logit in transitions.items():
        head[after * SIZE + before] = logit / 16.0
    identity = [1.0 if i % (SIZE + 1) == 0 else 0.0 for i in range(SIZE * SIZE)]
    layer = "model.layers.0."
    zero = lambda *shape: (list(shape), [0.0] * math.prod(shape))
    return {
        "model.embed_tokens.weight": ([SIZE, SIZE], identity),
        "model.norm.weight": ([SIZE], [1.0] * SIZE),
        "lm_head.weight": ([SIZE, SIZE], head),
        layer + "input_layernorm.weight": ([SIZE], [1.0] * SIZE),
        layer + "post_attention_layernorm.weight": ([SIZE], [1.0] * SIZE),
        layer + "self_attn.q_proj.weight": zero(SIZE, SIZE),
        layer + "self_attn.k_proj.weight": zero(SIZE // 2, SIZE),
        layer + "self_attn.v_proj.weight": zero(SIZE // 2, SIZE),
        layer + "self_attn.o_proj.weight": zero(SIZE, SIZE),
        layer + "mlp.gate_proj.weight": zero(8, SIZE),
        layer + "mlp.up_proj.weight": zero(8, SIZE),
        layer + "mlp.down_proj.weight": zero(SIZE, 8),
    }


def deep_tensors(transitions, layers, intermediate):
    """The same model with more and wider layers that change nothing: something to read."""
    named = {name: value for name, value in tensors(transitions).items() if ".layers." not in name}
    one = {name: value for name, value in tensors({}).items() if ".layers." in name}
    for name, (shape, values) in one.items():
        wide = [intermediate if size == 8 else size for size in shape]
        held = values if wide == shape else [0.0] * math.prod(wide)
        for layer in range(layers):
            named[name.replace(".0.", f".{layer}.")] = (wide, held)
    return named


def write_safetensors(path, named):
    header, data, at = {}, [], 0
    for name, (shape, values) in named.items():
        chunk = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(chunk)]}
        data.append(chunk)
        at += len(chunk)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))


# Names of the same tensors in a GGUF file, and those that it keeps in blocks.
GGUF_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
GGUF_WHOLE = ("output.weight", "ffn_down.weight", "norm.weight")


def gguf_name(name):
    for there, here in GGUF_NAMES.items():
        name = name.replace(there, here)
    return name.replace("model.layers.", "blk.")


def q8_0(values):
    """Blocks of 32: a float16 scale and 32 bytes."""
    data = b""
    for at in range(0, len(values), 32):
        block = values[at:at + 32]
        scale = max(map(abs, block)) / 127
        quants = [round(value / scale) if scale else 0 for value in block]
        data += struct.pack("<e32b", scale, *quants)
    return data


def gguf_text(text):
    return struct.pack("<Q", len(text.encode())) + text.encode()


def gguf_key(key, code, value):
    """A key of a GGUF file: 4 an integer, 6 a number, 8 a text, 9 a list of texts."""
    head = gguf_text(key) + struct.pack("<I", code)
    if code == 9:
        return head + struct.pack("<IQ", 8, len(value)) + b"".join(map(gguf_text, value))
    return head + (gguf_text(value) if code == 8 else struct.pack("<I" if code == 4 else "<f", value))


GGUF_KEYS = [
    ("general.architecture", 8, "llama"), ("llama.context_length", 4, 256),
    ("llama.embedding_length", 4, SIZE), ("llama.block_count", 4, 1),
    ("llama.feed_forward_length", 4, 8), ("llama.attention.head_count", 4, 4),
    ("llama.attention.head_count_kv", 4, 2),
    ("llama.attention.layer_norm_rms_epsilon", 6, 1e-12),
    ("tokenizer.ggml.model", 8, "gpt2"), ("tokenizer.ggml.pre", 8, "gpt-2"),
    ("tokenizer.ggml.tokens", 9, byte_characters()), ("tokenizer.ggml.merges", 9, []),
]


def gguf_bytes(keys, held):
    infos, data = b"", b""
    for name, (shape, values) in held.items():
        name = gguf_name(name)
        whole = name.endswith(GGUF_WHOLE)
        infos += gguf_text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape[::-1],
                                               0 if whole else 8, len(data))
        data += struct.pack(f"<{len(values)}f", *values) if whole else q8_0(values)
        data += bytes(-len(data) % 32)
    out = b"GGUF" + struct.pack("<IQQ", 3, len(held), len(keys)) + b"".join(gguf_key(*k) for k in keys)
    out += infos
    return out + bytes(-len(out) % 32) + data


def write_gguf(path, transitions):
    """The same model as one GGUF file, most of it in blocks of Q8_0."""
    path.write_bytes(gguf_bytes(GGUF_KEYS, tensors(transitions)))
    return path


def write_split_gguf(folder, transitions, parts):
    """The same as several files; the first has all the metadata."""
    held = tensors(transitions)
    paths = []
    for part in range(parts):
        keys = [("split.no", 4, part), ("split.count", 4, parts), ("split.tensors.count", 4, len(held))]
        names = sorted(held)[part::parts]
        paths.append(folder / f"model-{part + 1:05d}-of-{parts:05d}.gguf")
        paths[-1].write_bytes(gguf_bytes([*GGUF_KEYS, *keys] if part == 0 else keys,
                                         {name: held[name] for name in names}))
    return paths


def transitions_of(texts, logit):
    """Transitions that make a model continue each text; later texts win where they disagree."""
    return {(a, b): logit for text in texts for a, b in zip(text.encode(), text.encode()[1:])}


def write_model(folder, transitions):
    return write_folder(folder, CONFIG, tensors(transitions))


def write_deep_model(folder, transitions, layers, intermediate):
    return write_folder(folder, {**CONFIG, "num_hidden_layers": layers, "intermediate_size": intermediate},
                        deep_tensors(transitions, layers, intermediate))


def write_folder(folder, config, named):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json()))
    write_safetensors(folder / "model.safetensors", named)
    return folder


def log_probability(transitions, before, after, temperature=1.0):
    """Of byte `after` following byte `before`, in nats."""
    total = sum(math.exp(transitions.get((before, v), 0.0) / temperature) for v in range(SIZE))
    return transitions.get((before, after), 0.0) / temperature - math.log(total)


def log_p(transitions, prefix, text):
    """Of a whole text given the prefix's last byte."""
    joined = (prefix[-1:] + text).encode()
    return sum(log_probability(transitions, a, b) for a, b in zip(joined, joined[1:]))

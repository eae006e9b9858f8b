#!/usr/bin/env python3
"""Writes tiny random GGUF files, and what Hugging Face transformers computes with their weights.

    build/venv/bin/python tests/golden/make_gguf_golden.py [NAME ...]

Each fixture is a directory tests/golden/models/NAME with model.gguf and golden.json, in the form of
make_model_golden.py. The weights take the way that llama.cpp's conversion takes (names by the
package `gguf`, rows of queries and keys in pairs, Gemma's norms with one added, GPT-2's matrices
turned), are stored in blocks, decoded by `gguf.quants.dequantize`, and brought back into a
transformers model, which gives the golden numbers.

gguf/blocks.json: {type: {blocks, values}}: random blocks in hexadecimal, and the float32 that
`gguf.quants.dequantize` makes of them, in hexadecimal too.
"""

import json
import pathlib
import shutil
import sys

import gguf
import numpy
import torch
import transformers
from gguf import GGMLQuantizationType as Type
from transformers import AutoConfig, AutoModelForCausalLM

import make_model_golden as golden_of
from model_fixtures import LLAMA3, VOCABULARY

HERE = pathlib.Path(__file__).parent
BLOCKS = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K",
          "Q2_K", "Q3_K", "IQ4_NL", "IQ4_XS"]
SMALL = {"vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64,
         "num_hidden_layers": 2, "max_position_embeddings": 64, "bos_token_id": 1}

# name: (model type, config fields, options)
#   types    how tensors are stored, by the end of their GGUF name; the first that fits
#   version  of the file
#   keys     more metadata
FIXTURES = {
    # Every type, and Llama 3's frequencies as a tensor of factors.
    "gguf_llama": ("llama", {**SMALL, "intermediate_size": 256, "num_attention_heads": 4,
                             "num_key_value_heads": 2, "num_hidden_layers": 3,
                             "rope_parameters": {**LLAMA3, "rope_theta": 500000.0}},
                   {"types": {"token_embd.weight": "Q8_0", "attn_output.weight": "Q5_1",
                              "output.weight": "F16", "attn_q.weight": "Q4_0",
                              "attn_k.weight": "Q4_1", "attn_v.weight": "Q5_0",
                              "ffn_gate.weight": "Q4_0", "ffn_up.weight": "Q4_1",
                              "blk.0.ffn_down.weight": "Q4_K", "blk.1.ffn_down.weight": "Q5_K",
                              "blk.2.ffn_down.weight": "Q6_K"},
                    "keys": {"tokenizer.ggml.eos_token_id": 130,
                             "tokenizer.ggml.eot_token_id": 7}}),
    # Version 2, whole precision, biases, an untied head, heads of their own length.
    "gguf_llama_linear": ("llama", {**SMALL, "hidden_size": 24, "intermediate_size": 40,
                                    "num_hidden_layers": 1, "num_attention_heads": 4,
                                    "num_key_value_heads": 2, "head_dim": 8,
                                    "attention_bias": True, "mlp_bias": True,
                                    "rope_parameters": {"rope_type": "linear", "factor": 4.0,
                                                        "rope_theta": 500.0}},
                          {"version": 2, "types": {}}),
    "gguf_qwen2": ("qwen2", {**SMALL, "num_attention_heads": 4, "num_key_value_heads": 1,
                             "tie_word_embeddings": True,
                             "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
                   {"types": {"weight": "Q8_0"}}),
    "gguf_qwen3": ("qwen3", {**SMALL, "num_attention_heads": 2, "num_key_value_heads": 1,
                             "num_hidden_layers": 1, "head_dim": 32, "tie_word_embeddings": False,
                             "rope_parameters": {"rope_type": "yarn", "factor": 4.0,
                                                 "rope_theta": 10000.0,
                                                 "original_max_position_embeddings": 16}},
                   {"types": {"output.weight": "Q5_0", "weight": "BF16"}}),
    "gguf_gemma": ("gemma", {**SMALL, "num_attention_heads": 2, "num_key_value_heads": 1,
                             "head_dim": 24,
                             "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
                   {"types": {"weight": "F16"}}),
    "gguf_gpt2": ("gpt2", {"vocab_size": VOCABULARY, "n_embd": 32, "n_head": 2, "n_layer": 2,
                           "n_positions": 64},
                  {"types": {"position_embd.weight": "F32", "weight": "Q5_1"}}),
    "gguf_phi3": ("phi3", {**SMALL, "num_attention_heads": 2, "num_key_value_heads": 1,
                           "sliding_window": 9, "pad_token_id": 0,
                           "original_max_position_embeddings": 16,
                           "rope_parameters": {"rope_type": "longrope", "rope_theta": 1000.0,
                                               "partial_rotary_factor": 0.75,
                                               "short_factor": [1.0, 1.1, 1.3, 1.6, 2.0, 2.5],
                                               "long_factor": [1.0, 1.5, 2.5, 4.0, 6.0, 9.0],
                                               "original_max_position_embeddings": 16}},
                  {"types": {"weight": "Q4_1"}}),
}


def random_blocks(name, count, generator):
    """Blocks as they might come: random bytes, but for the scales, which are small."""
    elements, size = gguf.GGML_QUANT_SIZES[Type[name]]
    raw = generator.integers(0, 256, (count, size), dtype=numpy.uint8)
    scales = generator.uniform(0.001, 0.02, (count, 2)).astype(numpy.float16).view(numpy.uint8)
    if name == "Q6_K":
        raw[:, 208:210] = scales[:, :2]
        quants = generator.integers(-9, 9, (count, 16)).astype(numpy.int8)
        raw[:, 192:208] = quants.view(numpy.uint8)
    elif name in ("Q4_K", "Q5_K"):
        raw[:, :4] = scales
    elif name == "Q2_K":
        raw[:, 80:84] = scales
    elif name == "Q3_K":
        raw[:, 108:110] = scales[:, :2]
    elif name in ("IQ4_NL", "IQ4_XS"):
        raw[:, :2] = scales[:, :2]
    return raw


def store(values, name, generator):
    """An array as blocks; those that the package cannot make are drawn anew."""
    if name in ("Q4_K", "Q5_K", "Q6_K"):
        rows, columns = values.shape
        raw = random_blocks(name, rows * columns // 256, generator)
        return raw.reshape(rows, -1)
    return gguf.quants.quantize(values, Type[name])


def in_pairs(weights, heads):
    """llama.cpp's order of the rows of queries and keys."""
    return (weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
            .swapaxes(1, 2).reshape(weights.shape))


def out_of_pairs(weights, heads):
    return (weights.reshape(heads, weights.shape[0] // heads // 2, 2, *weights.shape[1:])
            .swapaxes(1, 2).reshape(weights.shape))


def change(name, values, config, back):
    """What the conversion changes in a tensor, and the way back."""
    if config.model_type == "llama" and ("q_proj" in name or "k_proj" in name):
        heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
        return (out_of_pairs if back else in_pairs)(values, heads)
    if config.model_type == "gemma" and name.endswith("norm.weight"):
        return values - numpy.float32(1) if back else values + numpy.float32(1)
    if config.model_type == "gpt2" and name.endswith(
            ("c_attn.weight", "c_proj.weight", "c_fc.weight")):
        return values.T
    return values


def type_of(there, values, options):
    if values.ndim == 1:
        return "F32"
    return next((kind for end, kind in options["types"].items() if there.endswith(end)), "F32")


def add_keys(writer, config, options):
    """The metadata, as llama.cpp's conversion writes it."""
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    if config.model_type == "gpt2":
        writer.add_feed_forward_length(4 * config.n_embd)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
        return
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if config.model_type != "phi3":
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    rope = config.rope_parameters
    rotated = int(head_dim * rope.get("partial_rotary_factor", 1.0))
    writer.add_rope_dimension_count(rotated)
    writer.add_rope_freq_base(rope["rope_theta"])
    if config.model_type == "phi3":
        writer.add_sliding_window(config.sliding_window or 0)
    if rope["rope_type"] in ("linear", "yarn", "longrope"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
    if rope["rope_type"] in ("linear", "yarn"):
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] in ("yarn", "longrope"):
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope["rope_type"] == "longrope":
        scale = config.max_position_embeddings / rope["original_max_position_embeddings"]
        writer.add_rope_scaling_attn_factors(
            (1 + numpy.log(scale) / numpy.log(rope["original_max_position_embeddings"])) ** 0.5)


def llama3_factors(config):
    """What llama.cpp divides frequencies by: their own over those of the reference library."""
    rope = config.rope_parameters
    dim = config.hidden_size // config.num_attention_heads
    own = 1.0 / rope["rope_theta"] ** (numpy.arange(0, dim, 2, dtype=numpy.float32) / dim)
    factors = []
    for frequency in own:
        length = 2 * numpy.pi / frequency
        original = rope["original_max_position_embeddings"]
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        if length < original / high:
            factors.append(1.0)
        elif length > original / low:
            factors.append(rope["factor"])
        else:
            smooth = (original / length - low) / (high - low)
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return numpy.array(factors, dtype=numpy.float32)


def add_factors(writer, config):
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(config))
    if rope.get("rope_type") == "longrope":
        for kind in ("long", "short"):
            writer.add_tensor(f"rope_factors_{kind}.weight",
                              numpy.array(rope[f"{kind}_factor"], dtype=numpy.float32))


def write_gguf(path, model, options, seed):
    config = model.config
    generator = numpy.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, config.model_type)
    add_keys(writer, config, options)
    for key, value in options.get("keys", {}).items():
        writer.add_uint32(key, value)
    names = gguf.get_tensor_name_map(
        next(arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == config.model_type),
        config.num_hidden_layers)
    tied = config.tie_word_embeddings
    add_factors(writer, config)
    for name, tensor in model.state_dict().items():
        if tied and name == "lm_head.weight":
            continue
        there = names.get_name(name, try_suffixes=(".weight", ".bias"))
        values = numpy.ascontiguousarray(change(name, tensor.numpy(), config, back=False))
        kind = type_of(there, values, options)
        writer.add_tensor(there, store(values, kind, generator), raw_dtype=Type[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if options.get("version") == 2:  # the same bytes, but for the number
        with open(path, "r+b") as file:
            file.seek(4)
            file.write((2).to_bytes(4, "little"))
    return names


def read_back(path, model, names):
    """Puts what the file holds into the model."""
    stored = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    config = model.config
    state = {}
    for name, old in model.state_dict().items():
        if config.tie_word_embeddings and name == "lm_head.weight":
            continue
        tensor = stored[names.get_name(name, try_suffixes=(".weight", ".bias"))]
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
        values = change(name, values.reshape(tensor.shape[::-1]), config, back=True)
        state[name] = torch.tensor(numpy.ascontiguousarray(values))
        assert state[name].shape == old.shape
    missing, surplus = model.load_state_dict(state, strict=False)
    assert not surplus and set(missing) <= {"lm_head.weight"}
    model.tie_weights()


def make(name):
    model_type, fields, options = FIXTURES[name]
    directory = golden_of.MODELS / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    config = AutoConfig.for_model(model_type, **fields)
    config.eos_token_id = None
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    seed = sum(ord(c) * 31 ** i for i, c in enumerate(name)) % 2 ** 31
    generator = torch.Generator().manual_seed(seed)
    golden_of.randomise(model, generator, model_type == "gemma")
    names = write_gguf(directory / "model.gguf", model, options, seed)
    read_back(directory / "model.gguf", model, names)
    keys = options.get("keys", {})
    eos = [keys[f"tokenizer.ggml.{kind}_token_id"] for kind in ("eos", "eot")
           if f"tokenizer.ggml.{kind}_token_id" in keys]
    model.generation_config.eos_token_id = eos or None

    def draw(length):
        return torch.randint(0, VOCABULARY, (length,), generator=generator).tolist()

    # Where the factors of long texts take over, one text is not continued beyond.
    prompts = [17, 19, 25, 30] if model_type == "phi3" else golden_of.PROMPTS
    golden = {
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in model.parameters()),
        "eos_ids": eos,
        "sequences": [golden_of.score(model, draw(length)) for length in golden_of.LENGTHS],
        "greedy": [golden_of.generate(model, draw(length)) for length in prompts],
    }
    text = json.dumps(golden, separators=(",", ":")).replace('{"ids"', '\n{"ids"')
    (directory / "golden.json").write_text(text.replace('{"prompt"', '\n{"prompt"') + "\n")
    size = sum(file.stat().st_size for file in directory.iterdir())
    print(f"{name}: {size} bytes, greedy {min(g['margin'] for g in golden['greedy'])}, "
          f"stops {[g['stop'] for g in golden['greedy']]}")


def make_blocks():
    generator = numpy.random.default_rng(20261124)
    out = {}
    for name in BLOCKS:
        raw = random_blocks(name, 2 if name.endswith(("_K", "_XS")) else 8, generator)
        if name == "BF16":
            raw = generator.normal(0, 1, (1, 64)).astype(numpy.float32).view(numpy.uint16)[:, 1::2]
            raw = numpy.ascontiguousarray(raw).view(numpy.uint8)
        elif name in ("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "F16"):
            # Scales of every size that float16 has, subnormal ones and both signs.
            sizes = numpy.array([1e-7, -3e-6, 6e-5, -0.013, 0.7, -31.0, 999.0, -6e4])
            raw[:, :2] = sizes.astype(numpy.float16).view(numpy.uint8).reshape(8, 2)
            if name.endswith("_1"):
                raw[:, 2:4] = sizes[::-1].astype(numpy.float16).view(numpy.uint8).reshape(8, 2)
        values = gguf.quants.dequantize(raw.reshape(1, -1), Type[name]).astype(numpy.float32)
        assert numpy.isfinite(values).all()
        out[name] = {"blocks": raw.tobytes().hex(), "values": values.tobytes().hex()}
    (HERE / "gguf").mkdir(exist_ok=True)
    (HERE / "gguf" / "blocks.json").write_text(json.dumps(out, indent=0) + "\n")


if __name__ == "__main__":
    torch.manual_seed(0)
    for chosen in sys.argv[1:] or FIXTURES:
        make(chosen)
    if not sys.argv[1:]:
        make_blocks()

#!/usr/bin/env python3
"""Writes tiny random checkpoints, and what Hugging Face transformers says they compute.

    build/venv/bin/python tests/golden/make_model_golden.py [NAME ...]

Each fixture is a directory tests/golden/models/NAME with config.json, safetensors and golden.json.
The golden numbers come from the directory as written: it is loaded again by from_pretrained, in
float32, with eager attention.

golden.json:
  transformers, torch   versions that made it
  parameters            number of distinct weights
  eos_ids               where generation stopped
  sequences             [{ids,        token ids, 1 to 40 of them
                          log_probs,  [ids - 1] nats: log p of ids[t + 1] given ids[..t], float32
                                      logits, log-softmax in float64
                          ranks,      [ids - 1] 1 + number of tokens with a strictly greater logit
                          argmax,     [ids - 1]
                          gaps,       [ids - 1] between the best and the second-best logit
                          entropies,  [ids - 1] nats
                          margins}]   [ids - 1] distance of the target's logit to the nearest other
  greedy                [{prompt, ids (without the end-of-sequence token), stop: length | eos,
                          margin}]    smallest distance between best and second-best logit

models/defaults.json: {model_type: what the reference library's config class says of a model whose
config.json says nothing else}; windows: [layers] tokens, 0 where there is none.

models/rope.json: [{name, config, head_dim, inverse_frequencies, attention_factor}]: what the
reference library's rotary embedding holds for a config.
"""

import json
import math
import pathlib
import shutil
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

MODELS = pathlib.Path(__file__).parent / "models"
LENGTHS = [1, 2, 3, 5, 8, 13, 21, 32, 40]
PROMPTS = [1, 5, 12, 30]
NEW_TOKENS = 20
VOCABULARY = 131


def yarn(**more):
    return {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, **more}


LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 16}
SMALL = {"vocab_size": VOCABULARY, "hidden_size": 48, "intermediate_size": 80,
         "num_hidden_layers": 2, "max_position_embeddings": 64, "bos_token_id": 1}

# name: (model_type, config fields, options)
#   form    4 or 5: which version's names the config uses
#   dtype   how the weights are stored
#   shards  written as several files with an index
#   drop    prefix of tensor names to leave out, as checkpoints of the bare model do
#   masks   add the constant tensors that old checkpoints carry
#   stop    make some greedy continuation end: "config" or "list" (in generation_config.json)
FIXTURES = {
    "gpt2": ("gpt2", {"vocab_size": VOCABULARY, "n_embd": 48, "n_head": 3, "n_layer": 2,
                      "n_positions": 64}, {"form": 4, "stop": "config"}),
    "gpt2_untied": ("gpt2", {"vocab_size": VOCABULARY, "n_embd": 40, "n_head": 5, "n_layer": 3,
                             "n_positions": 64, "n_inner": 72, "tie_word_embeddings": False,
                             "activation_function": "relu",
                             "scale_attn_by_inverse_layer_idx": True},
                    {"form": 4, "drop": "transformer.", "masks": True}),
    "gpt2_unscaled": ("gpt2", {"vocab_size": VOCABULARY, "n_embd": 32, "n_head": 2, "n_layer": 2,
                               "n_positions": 64, "scale_attn_weights": False}, {"form": 5}),
    "gpt_neox": ("gpt_neox", {**SMALL, "num_attention_heads": 3,
                              "rope_parameters": {"rope_type": "default", "rope_theta": 1000.0,
                                                  "partial_rotary_factor": 0.25}},
                 {"form": 4, "masks": True}),
    "gpt_neox_sequential": ("gpt_neox", {**SMALL, "num_attention_heads": 4, "attention_bias": False,
                                         "use_parallel_residual": False, "hidden_act": "gelu_fast",
                                         "rope_parameters": {"rope_type": "linear", "factor": 2.0,
                                                             "rope_theta": 10000.0,
                                                             "partial_rotary_factor": 0.25}},
                            {"form": 5}),
    "llama": ("llama", {**SMALL, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 12,
                        "attention_bias": True, "mlp_bias": True}, {"form": 5, "stop": "list"}),
    "llama_linear": ("llama", {**SMALL, "num_attention_heads": 3, "num_key_value_heads": 1,
                               "tie_word_embeddings": True,
                               "rope_parameters": {"rope_type": "linear", "factor": 4.0,
                                                   "rope_theta": 500.0}},
                     {"form": 4, "shards": True}),
    "llama_llama3": ("llama", {**SMALL, "num_attention_heads": 4, "num_key_value_heads": 4,
                               "rms_norm_eps": 1e-5,
                               "rope_parameters": {**LLAMA3, "rope_theta": 500000.0}},
                     {"form": 4, "dtype": torch.bfloat16}),
    "llama_yarn": ("llama", {**SMALL, "num_attention_heads": 3, "num_key_value_heads": 3,
                             "rope_parameters": yarn(rope_theta=10000.0, beta_fast=8.0)},
                   {"form": 5, "dtype": torch.float16}),
    "mistral": ("mistral", {**SMALL, "num_attention_heads": 4, "num_key_value_heads": 2,
                            "head_dim": 10, "sliding_window": 8}, {"form": 4}),
    "qwen2": ("qwen2", {**SMALL, "num_attention_heads": 3, "num_key_value_heads": 1,
                        "tie_word_embeddings": True}, {"form": 5, "shards": True}),
    "qwen2_sliding": ("qwen2", {**SMALL, "num_hidden_layers": 3, "num_attention_heads": 4,
                                "num_key_value_heads": 2, "use_sliding_window": True,
                                "sliding_window": 6, "max_window_layers": 1,
                                "rope_parameters": yarn(rope_theta=1000000.0, mscale=0.7,
                                                        mscale_all_dim=1.2)},
                      {"form": 4, "dtype": torch.bfloat16}),
    "qwen3": ("qwen3", {**SMALL, "num_attention_heads": 5, "num_key_value_heads": 1,
                        "head_dim": 20}, {"form": 5}),
    "qwen3_sliding": ("qwen3", {**SMALL, "num_attention_heads": 2, "num_key_value_heads": 2,
                                "head_dim": 16, "attention_bias": True, "use_sliding_window": True,
                                "sliding_window": 5, "tie_word_embeddings": True,
                                "layer_types": ["sliding_attention", "full_attention"]},
                      {"form": 5}),
    "gemma3_text": ("gemma3_text", {**SMALL, "hidden_size": 40, "num_hidden_layers": 3,
                                    "num_attention_heads": 4, "num_key_value_heads": 2,
                                    "head_dim": 16, "query_pre_attn_scalar": 20,
                                    "sliding_window": 8,
                                    "layer_types": ["sliding_attention", "sliding_attention",
                                                    "full_attention"],
                                    "rope_parameters": {
                                        "full_attention": {"rope_type": "linear", "factor": 8.0,
                                                           "rope_theta": 1000000.0},
                                        "sliding_attention": {"rope_type": "default",
                                                              "rope_theta": 10000.0}}},
                    {"form": 5}),
    "gemma3_text_biased": ("gemma3_text", {**SMALL, "hidden_size": 36, "num_hidden_layers": 3,
                                           "num_attention_heads": 3, "num_key_value_heads": 3,
                                           "head_dim": 8, "attention_bias": True,
                                           "tie_word_embeddings": False, "sliding_window": 5,
                                           "layer_types": ["sliding_attention", "full_attention",
                                                           "sliding_attention"],
                                           "rope_parameters": {
                                               "full_attention": {"rope_type": "default",
                                                                  "rope_theta": 500000.0},
                                               "sliding_attention": {"rope_type": "default",
                                                                     "rope_theta": 5000.0}}},
                           {"form": 4, "dtype": torch.bfloat16, "pattern": 2}),
}

ROPES = {
    "default": ("llama", {}),
    "llama 3.1": ("llama", {"head_dim": 128, "max_position_embeddings": 131072,
                            "rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0,
                                                "factor": 8.0, "low_freq_factor": 1.0,
                                                "high_freq_factor": 4.0,
                                                "original_max_position_embeddings": 8192}}),
    "linear": ("llama", {"head_dim": 20, "rope_parameters": {"rope_type": "linear", "factor": 2.5,
                                                             "rope_theta": 10000.0}}),
    "yarn as in Qwen 2.5": ("qwen2", {"head_dim": 128, "max_position_embeddings": 32768,
                                      "rope_parameters": {
                                          "rope_type": "yarn", "rope_theta": 1000000.0,
                                          "factor": 4.0,
                                          "original_max_position_embeddings": 32768}}),
    "yarn without truncation": ("llama", {"head_dim": 64, "max_position_embeddings": 131072,
                                          "rope_parameters": {
                                              "rope_type": "yarn", "rope_theta": 150000.0,
                                              "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0,
                                              "truncate": False,
                                              "original_max_position_embeddings": 4096}}),
    "yarn with mscale": ("llama", {"head_dim": 64, "max_position_embeddings": 163840,
                                   "rope_parameters": {
                                       "rope_type": "yarn", "rope_theta": 10000.0, "factor": 40.0,
                                       "mscale": 1.0, "mscale_all_dim": 0.8,
                                       "original_max_position_embeddings": 4096}}),
    "yarn with attention factor": ("llama", {"head_dim": 32, "max_position_embeddings": 4096,
                                             "rope_parameters": {
                                                 "rope_type": "yarn", "rope_theta": 10000.0,
                                                 "factor": 2.0, "attention_factor": 1.25}}),
    "part of a head": ("gpt_neox", {"hidden_size": 768, "num_attention_heads": 12,
                                    "rope_parameters": {"rope_type": "default",
                                                        "rope_theta": 10000.0,
                                                        "partial_rotary_factor": 0.25}}),
    "an odd part of a head": ("gpt_neox", {"hidden_size": 48, "num_attention_heads": 4,
                                           "rope_parameters": {"rope_type": "default",
                                                               "rope_theta": 10000.0,
                                                               "partial_rotary_factor": 0.25}}),
}


def randomise(model, generator, gemma):
    """Gives every parameter a value that matters: no norm of ones, no bias of zero."""
    for name, parameter in model.named_parameters():
        values = torch.randn(parameter.shape, generator=generator)
        if "norm" in name or ".ln_" in name:
            if name.endswith("weight"):
                values = values * 0.3 + (0.0 if gemma else 1.0)
            else:
                values = values * 0.2
        elif name.endswith("bias"):
            values = values * 0.2
        elif parameter.shape[0] == VOCABULARY:
            values = values * 0.45
        else:
            values = values * 1.2 / math.sqrt(min(parameter.shape))
        parameter.data.copy_(values)


def to_version_4(config, options):
    """Rewrites the names of transformers 5 as those of transformers 4."""
    config["transformers_version"] = "4.40.0"
    config["torch_dtype"] = config.pop("dtype")
    rope = config.pop("rope_parameters", None)
    if config["model_type"] == "gpt_neox":
        config["rotary_pct"] = rope["partial_rotary_factor"]
        config["rotary_emb_base"] = rope["rope_theta"]
    elif config["model_type"] == "gemma3_text":
        config["rope_theta"] = rope["full_attention"]["rope_theta"]
        config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        config["sliding_window_pattern"] = options["pattern"]
        del config["layer_types"]
    elif rope is not None:
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = rope if rope["rope_type"] != "default" else None
        if rope["rope_type"] == "linear":
            rope["type"] = rope.pop("rope_type")
    if config["model_type"] == "qwen2":
        del config["layer_types"]


def shard(directory):
    """Splits model.safetensors in three, in no particular order of names."""
    tensors = load_file(directory / "model.safetensors")
    names = sorted(tensors)
    weight_map = {}
    for part in range(3):
        file = f"model-{part + 1:05d}-of-00003.safetensors"
        held = {name: tensors[name] for name in names[part::3]}
        save_file(held, directory / file, metadata={"format": "pt"})
        weight_map.update({name: file for name in held})
    (directory / "model.safetensors").unlink()
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def rewrite_tensors(directory, options):
    """Renames tensors and adds the constants that old checkpoints carry."""
    file = directory / "model.safetensors"
    tensors = load_file(file)
    drop = options.get("drop", "")
    tensors = {name.removeprefix(drop): tensor for name, tensor in tensors.items()}
    if options.get("masks"):
        layer = "h.0.attn" if drop else "gpt_neox.layers.0.attention"
        tensors[f"{layer}.bias"] = torch.tril(torch.ones(1, 1, 8, 8, dtype=torch.bool))
        tensors[f"{layer}.masked_bias"] = torch.tensor(-1e4)
        tensors[f"{layer}.rotary_emb.inv_freq"] = torch.ones(3)
    save_file(tensors, file, metadata={"format": "pt"})


def write_checkpoint(name, directory):
    model_type, fields, options = FIXTURES[name]
    config = AutoConfig.for_model(model_type, **fields)
    config.eos_token_id = None
    model = AutoModelForCausalLM.from_config(config)
    seed = sum(ord(c) * 31 ** i for i, c in enumerate(name)) % 2 ** 31
    randomise(model, torch.Generator().manual_seed(seed), model_type == "gemma3_text")
    model.to(options.get("dtype", torch.float32)).save_pretrained(directory)
    (directory / "generation_config.json").unlink(missing_ok=True)
    rewrite_tensors(directory, options)
    if options.get("shards"):
        shard(directory)
    written = json.loads((directory / "config.json").read_text())
    for useless in ("_name_or_path", "use_cache", "initializer_range"):
        written.pop(useless, None)
    if options["form"] == 4:
        to_version_4(written, options)
    (directory / "config.json").write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
    return torch.Generator().manual_seed(seed + 1)


def load(directory):
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32,
                                                 attn_implementation="eager")
    assert model.config._attn_implementation == "eager"
    assert all(p.dtype == torch.float32 for p in model.parameters())
    return model.eval()


def score(model, ids):
    logits = model(torch.tensor([ids])).logits[0, :-1]
    assert logits.dtype == torch.float32
    target = torch.tensor(ids[1:]).unsqueeze(-1)
    log_p = torch.log_softmax(logits.double(), dim=-1)
    chosen = logits.gather(-1, target)
    best = logits.topk(2).values
    distance = (logits - chosen).abs().scatter(-1, target, float("inf"))
    return {
        "ids": ids,
        "log_probs": [round(x, 9) for x in log_p.gather(-1, target)[:, 0].tolist()],
        "ranks": (1 + (logits > chosen).sum(-1)).tolist(),
        "argmax": logits.argmax(-1).tolist(),
        "gaps": [round(x, 6) for x in (best[:, 0] - best[:, 1]).tolist()],
        "entropies": [round(x, 9) for x in (-(log_p.exp() * log_p).sum(-1)).tolist()],
        "margins": [round(x, 6) for x in distance.min(-1).values.tolist()],
    }


def generate(model, prompt):
    ids = torch.tensor([prompt])
    # Without a mask of ones, generate would take every token 0 of the prompt for padding.
    out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS,
                         do_sample=False, pad_token_id=0, output_logits=True,
                         return_dict_in_generate=True)
    ids = out.sequences[0, len(prompt):].tolist()
    best = torch.stack(out.logits)[:, 0].topk(2).values
    eos = model.generation_config.eos_token_id
    eos = [] if eos is None else [eos] if isinstance(eos, int) else eos
    stopped = ids[-1] in eos
    return {"prompt": prompt, "ids": ids[:-1] if stopped else ids,
            "stop": "eos" if stopped else "length",
            "margin": round((best[:, 0] - best[:, 1]).min().item(), 6)}


def add_stop(directory, model, prompt, kind):
    """Makes the eighth token of one continuation an end-of-sequence token."""
    token = generate(model, prompt)["ids"][7]
    if kind == "config":
        config = json.loads((directory / "config.json").read_text())
        config["eos_token_id"] = token
        (directory / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    else:
        (directory / "generation_config.json").write_text(
            json.dumps({"eos_token_id": [VOCABULARY - 1, token], "do_sample": True}) + "\n")


def make(name):
    directory = MODELS / name
    shutil.rmtree(directory, ignore_errors=True)
    generator = write_checkpoint(name, directory)
    model = load(directory)

    def draw(length):
        return torch.randint(0, VOCABULARY, (length,), generator=generator).tolist()

    prompts = [draw(length) for length in PROMPTS]
    if stop := FIXTURES[name][2].get("stop"):
        add_stop(directory, model, prompts[1], stop)
        model = load(directory)
    eos = model.generation_config.eos_token_id
    golden = {
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in model.parameters()),
        "eos_ids": [] if eos is None else [eos] if isinstance(eos, int) else eos,
        "sequences": [score(model, draw(length)) for length in LENGTHS],
        "greedy": [generate(model, prompt) for prompt in prompts],
    }
    text = json.dumps(golden, separators=(",", ":")).replace('{"ids"', '\n{"ids"')
    (directory / "golden.json").write_text(text.replace('{"prompt"', '\n{"prompt"') + "\n")
    size = sum(file.stat().st_size for file in directory.iterdir())
    margins = [m for s in golden["sequences"] for m in s["margins"]]
    print(f"{name}: {size} bytes, {golden['parameters']} parameters, smallest margin "
          f"{min(margins)}, greedy {min(g['margin'] for g in golden['greedy'])}")


def make_ropes():
    golden = []
    for name, (model_type, fields) in ROPES.items():
        config = AutoConfig.for_model(model_type, num_hidden_layers=1, intermediate_size=8,
                                      vocab_size=8, **fields)
        embedding = AutoModelForCausalLM.from_config(config).base_model.rotary_emb
        head_dim = getattr(config, "head_dim", config.hidden_size // config.num_attention_heads)
        golden.append({"name": name,
                       "config": {"model_type": model_type, **fields},
                       "head_dim": head_dim,
                       "max_position_embeddings": config.max_position_embeddings,
                       "inverse_frequencies": embedding.inv_freq.tolist(),
                       "attention_factor": float(embedding.attention_scaling)})
    (MODELS / "rope.json").write_text(json.dumps(golden, indent=1) + "\n")


def make_defaults():
    golden = {}
    for model_type in sorted({fixture[0] for fixture in FIXTURES.values()}):
        config = AutoConfig.for_model(model_type)
        layers = config.num_hidden_layers
        head_dim = getattr(config, "head_dim", config.hidden_size // config.num_attention_heads)
        sliding = [kind == "sliding_attention" for kind in
                   getattr(config, "layer_types", ["sliding_attention"] * layers)]
        window = getattr(config, "sliding_window", None) or 0
        rope = getattr(config, "rope_parameters", None)
        partial = (rope or {}).get("partial_rotary_factor", 1.0)
        golden[model_type] = {
            "vocab_size": config.vocab_size,
            "hidden_size": config.hidden_size,
            "num_attention_heads": config.num_attention_heads,
            "num_key_value_heads": getattr(config, "num_key_value_heads",
                                           config.num_attention_heads),
            "head_dim": head_dim,
            "intermediate_size": getattr(config, "intermediate_size", 4 * config.hidden_size),
            "num_hidden_layers": layers,
            "max_position_embeddings": config.max_position_embeddings,
            "norm_epsilon": next(getattr(config, key) for key in
                                 ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon")
                                 if hasattr(config, key)),
            "rotary_dim": int(head_dim * partial) if rope else 0,
            "tie_word_embeddings": config.tie_word_embeddings,
            "windows": [window if slides else 0 for slides in sliding],
            "attention_scale": getattr(config, "query_pre_attn_scalar", head_dim) ** -0.5,
        }
    (MODELS / "defaults.json").write_text(json.dumps(golden, indent=1) + "\n")


def main(names):
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    MODELS.mkdir(exist_ok=True)
    for name in names or FIXTURES:
        make(name)
    if not names:
        make_ropes()
        make_defaults()


if __name__ == "__main__":
    main(sys.argv[1:])

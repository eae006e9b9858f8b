#!/usr/bin/env python3
"""Writes tiny random checkpoints, and what Hugging Face transformers says they compute.

    build/venv/bin/python tests/golden/make_model_golden.py [NAME ...]

Each fixture is a directory tests/golden/models/NAME with config.json, safetensors and golden.json.
The golden numbers come from the directory as written: it is loaded again by from_pretrained, in
float32, with eager attention unless a fixture says otherwise.

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

from model_fixtures import FIXTURES, ROPES, VOCABULARY

MODELS = pathlib.Path(__file__).parent / "models"
LENGTHS = [1, 2, 3, 5, 8, 13, 21, 32, 40]
PROMPTS = [1, 5, 12, 30]
NEW_TOKENS = 20


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
            values = values * 1.2 / math.sqrt(min(parameter.shape[-2:]))
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
        if "partial_rotary_factor" in rope:
            config["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = rope if rope["rope_type"] != "default" else None
        if rope["rope_type"] in ("linear", "longrope"):
            rope["type"] = rope.pop("rope_type").replace("longrope", "su")
    if config["model_type"] in ("qwen2", "gemma2"):
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
    randomise(model, torch.Generator().manual_seed(seed), model_type.startswith("gemma"))
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
    written.update(options.get("edit", {}))
    for field in options.get("edit", {}):
        if written[field] is None:
            del written[field]
    (directory / "config.json").write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
    return torch.Generator().manual_seed(seed + 1)


def load(directory):
    # Eager attention, except where it adds Falcon's biases a second time (transformers 5.23).
    kind = FIXTURES[directory.name][2].get("attention", "eager")
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32,
                                                 attn_implementation=kind)
    assert model.config._attn_implementation == kind
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

    prompts = [draw(length) for length in FIXTURES[name][2].get("prompts", PROMPTS)]
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


def beyond(embedding, config):
    """The frequencies of sequences longer than the original length, where there are others."""
    if embedding.rope_type != "longrope":
        return {}
    original = config.rope_parameters["original_max_position_embeddings"]
    embedding(torch.zeros(1), torch.tensor([[original]]))  # the first position beyond
    return {"beyond": embedding.inv_freq.tolist(), "beyond_tokens": original}


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
                       **beyond(embedding, config),
                       "attention_factor": float(embedding.attention_scaling)})
    (MODELS / "rope.json").write_text(json.dumps(golden, indent=1) + "\n")


def default_windows(config):
    """[layers] tokens, 0 where there is no window."""
    layers = config.num_hidden_layers
    if config.model_type == "gpt_neo":
        return [config.window_size if kind == "local" else 0 for kind in config.attention_layers]
    kinds = getattr(config, "layer_types", ["sliding_attention"] * layers)
    window = getattr(config, "sliding_window", None) or 0
    return [window if kind == "sliding_attention" else 0 for kind in kinds]


def default_scale(config, head_dim):
    if config.model_type == "gpt_neo":
        return 1.0
    if config.model_type == "granite":
        return config.attention_multiplier
    return getattr(config, "query_pre_attn_scalar", head_dim) ** -0.5


def first(config, keys, otherwise):
    """The first of some fields that there is and that says something."""
    return next((value for key in keys if (value := getattr(config, key, None)) is not None),
                otherwise)


def make_defaults():
    golden = {}
    for model_type in sorted({fixture[0] for fixture in FIXTURES.values()}):
        config = AutoConfig.for_model(model_type)
        head_dim = first(config, ["head_dim"], config.hidden_size // config.num_attention_heads)
        rope = getattr(config, "rope_parameters", None)
        partial = (rope or {}).get("partial_rotary_factor", 1.0)
        heads = first(config, ["num_key_value_heads", "num_kv_heads"], config.num_attention_heads)
        golden[model_type] = {
            "vocab_size": config.vocab_size,
            "hidden_size": config.hidden_size,
            "num_attention_heads": config.num_attention_heads,
            "num_key_value_heads": 1 if getattr(config, "multi_query", False) else heads,
            "head_dim": head_dim,
            "intermediate_size": first(config, ["intermediate_size", "ffn_dim", "ffn_hidden_size",
                                                "n_inner"], 4 * config.hidden_size),
            "num_hidden_layers": config.num_hidden_layers,
            # BLOOM's config bounds no length.
            "max_position_embeddings": first(config, ["max_position_embeddings"], 2048),
            # OLMo's and OPT's configs have none: their classes ask for 1e-5.
            "norm_epsilon": first(config, ["rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon",
                                           "norm_epsilon"], 1e-5),
            "rotary_dim": first(config, ["rotary_dim"], int(head_dim * partial) if rope else 0),
            "rope_theta": (rope or {}).get("full_attention", rope or {}).get("rope_theta", 10000.0),
            "tie_word_embeddings": config.tie_word_embeddings,
            "windows": default_windows(config),
            "attention_scale": default_scale(config, head_dim),
        }
    (MODELS / "defaults.json").write_text(json.dumps(golden, indent=1) + "\n")


def main(names):
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    MODELS.mkdir(exist_ok=True)
    for name in names or FIXTURES:
        make(name)
    make_ropes()
    make_defaults()


if __name__ == "__main__":
    main(sys.argv[1:])

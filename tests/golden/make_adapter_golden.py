#!/usr/bin/env python3
"""Writes small random LoRA adapters for the models of make_model_golden.py, and what PEFT says of them.

    python tests/golden/make_adapter_golden.py [NAME ...]      (needs peft; not part of the test set-up)

Each fixture is a directory tests/golden/adapters/NAME as PEFT saves it, and golden.json: the base's
name, and for some token ids the log-probabilities of the base with the adapter beside it (not merged),
float32 logits, log-softmax in float64.
"""

import json
import pathlib
import shutil
import sys

import peft
import safetensors.torch
import torch
import transformers

HERE = pathlib.Path(__file__).parent
ADAPTERS = HERE / "adapters"
# name: (base, settings)
FIXTURES = {
    "gpt2": ("gpt2", {"r": 3, "lora_alpha": 7, "fan_in_fan_out": True,
                      "target_modules": ["c_attn", "c_proj", "c_fc"]}),
    "gpt_neox": ("gpt_neox", {"r": 2, "lora_alpha": 5,
                              "target_modules": ["query_key_value", "dense_4h_to_h"]}),
    "llama": ("llama", {"r": 4, "lora_alpha": 6, "use_rslora": True,
                        "target_modules": ["q_proj", "v_proj", "o_proj", "gate_proj", "down_proj"],
                        "rank_pattern": {"v_proj": 2}, "alpha_pattern": {"v_proj": 11}}),
    # Modules replaced whole, in every layout; head and embedding, where they are one, both ways.
    "cohere_saved": ("cohere", {"r": 2, "target_modules": ["q_proj"],
                                "modules_to_save": ["q_norm", "k_norm", "lm_head"]}),
    "gemma_saved": ("gemma", {"r": 2, "target_modules": ["v_proj"], "modules_to_save": ["embed_tokens"]}),
    "gpt2_saved": ("gpt2", {"r": 2, "fan_in_fan_out": True, "target_modules": ["c_fc"],
                            "modules_to_save": ["wte", "lm_head", "h.1.attn", "ln_f"]}),
    "gpt_neox_saved": ("gpt_neox", {"r": 2, "target_modules": ["dense_4h_to_h"],
                                    "modules_to_save": ["query_key_value"]}),
    "gptj_saved": ("gptj", {"r": 2, "target_modules": ["out_proj"],
                            "modules_to_save": ["q_proj", "lm_head"]}),
    # Biases trained, of all and of the changed modules; and of what factors compute.
    "gpt2_biases": ("gpt2", {"r": 2, "fan_in_fan_out": True, "bias": "all", "target_modules": ["c_attn"]}),
    "gpt_neox_biases": ("gpt_neox", {"r": 2, "lora_alpha": 2, "bias": "lora_only",
                                     "target_modules": ["query_key_value", "dense_h_to_4h"]}),
    "qwen2_biases": ("qwen2", {"r": 2, "lora_alpha": 3, "lora_bias": True,
                               "target_modules": ["q_proj", "v_proj"]}),
    # Embeddings of tokens and of positions, tied or not, scaled or not, in columns of their own length.
    "gpt2_embeddings": ("gpt2", {"r": 2, "fan_in_fan_out": True, "target_modules": ["wte", "wpe", "c_fc"]}),
    "llama_embeddings_dora": ("llama", {"r": 2, "lora_alpha": 3, "use_dora": True,
                                        "target_modules": ["embed_tokens", "q_proj"]}),
    "gemma3_embeddings": ("gemma3_text", {"r": 2, "lora_alpha": 1, "target_modules": ["embed_tokens"]}),
    "opt_embeddings": ("opt_350m", {"r": 2, "use_rslora": True, "target_modules": [
        "embed_tokens", "project_in", "lm_head"]}),
    # Rows brought to a length of their own, in every layout.
    "falcon_grouped_dora": ("falcon_grouped", {"r": 2, "use_dora": True, "target_modules": [
        "query_key_value", "dense_4h_to_h"]}),
    "gpt2_dora": ("gpt2", {"r": 3, "lora_alpha": 7, "fan_in_fan_out": True, "use_dora": True,
                           "target_modules": ["c_attn", "c_proj"]}),
    "gpt_neox_dora": ("gpt_neox", {"r": 2, "lora_alpha": 5, "use_dora": True,
                                   "target_modules": ["query_key_value", "dense"]}),
    "llama_dora": ("llama", {"r": 2, "use_dora": True, "use_rslora": True, "modules_to_save": ["norm"],
                             "target_modules": ["k_proj", "v_proj", "up_proj", "lm_head"]}),
}


def change(model):
    """Gives what PEFT would train some numbers."""
    for key, value in model.named_parameters():
        if "lora_magnitude" in key:
            value.data *= 1 + torch.randn_like(value) * 0.3
        elif "lora_" in key:
            value.data = torch.randn_like(value) * 0.3
        elif value.requires_grad:
            value.data += torch.randn_like(value) * 0.1


def changed_weights(folder):
    """The base model's tensors that the adapter's file says something of."""
    names = set()
    for name in safetensors.torch.load_file(folder / "adapter_model.safetensors"):
        module, _, part = name.partition(".lora_")
        end = ".bias" if part == "B.bias" else ".weight"
        names.add(name.replace(".base_layer", "") if module == name else module + end)
    return names


def write(name, base, settings):
    folder = ADAPTERS / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(sum(map(ord, name)))
    model = transformers.AutoModelForCausalLM.from_pretrained(
        HERE / "models" / base, dtype=torch.float32, attn_implementation="eager")
    tuned = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **settings))
    change(tuned)
    tuned.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = base  # not a path of this machine
    config["target_modules"].sort()
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    sequences = json.loads((HERE / "models" / base / "golden.json").read_text())["sequences"]
    golden = {"base": base, "peft": peft.__version__, "transformers": transformers.__version__,
              "changes": len(changed_weights(folder)),
              "sequences": []}
    for sequence in sequences:
        if len(sequence["ids"]) < 5:
            continue
        with torch.no_grad():
            logits = tuned(torch.tensor([sequence["ids"]])).logits[0].float()
        log_probs = torch.log_softmax(logits.double(), -1)
        golden["sequences"].append({
            "ids": sequence["ids"],
            "log_probs": [log_probs[t, sequence["ids"][t + 1]].item()
                          for t in range(len(sequence["ids"]) - 1)]})
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    for fixture in sys.argv[1:] or FIXTURES:
        write(fixture, *FIXTURES[fixture])

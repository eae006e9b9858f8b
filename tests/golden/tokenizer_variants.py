"""Variants of the small tokenizers: every option of tokenizer.json that the reader supports."""

import base64
import copy
import json

from sentencepiece import sentencepiece_model_pb2

BEHAVIOURS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
PATTERNS = {  # of well-known models, and ones that try the translation
    "llama3": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+"
              r"[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "gpt4o": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
             r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
             r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?"
             r"[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "possessive": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"
                  r" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s*[\r\n]|\s+(?!\S)|\s",
    "lazy": r"\p{L}{2,4}?|\p{N}{2}?|\d{,2}x|[^\P{L}a-m]+|\S\s\S|.",
    "empty": r"x*|(?=[A-Z])",
    "classes": r"[\u4E00-\u9FFF\u3040-\u30ff]+|\p{Han}|[\x{1F600}-\x{1F64F}]|[\-\]\\^]+|\x41|\v|\{|{|"
               r"(?>\p{Lu}\p{Ll}*)|(a|e)(?!\d)",
    "ranges": r"[\x{1F600}-\x{1FAFF}]|[\u0800-\u0900-]|[㐀-䶿𠀀-𲎯]",
    "caseless": r"(?i)straße|k|the|\p{Lu}+",
    "categories": r"\p{Lu}|\p{Ll}|\p{Lt}|\p{Lm}+|\p{Lo}+|\p{Mn}+|\p{Mc}|\p{Me}|\p{Nd}|\p{Nl}|\p{No}|"
                  r"\p{P}+|\p{Sm}|\p{Sc}|\p{Sk}|\p{So}|\p{Z}+|\p{Cc}|\p{Cf}|\p{Co}|\p{Cn}+",
    "nested": r" ?[^(\s|[.,!?…。，、।۔،])]+|[a[b-d[é]]x]",
    "negated": r"\P{L}+|\p{^N}|\D|[^\S\n]+",
}


def byte_level(prefix=False, trim=True, regex=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim, "use_regex": regex}


def split(pattern, behaviour="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behaviour, "invert": invert}


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def sequence(field, *parts):
    return {"type": "Sequence", field: list(parts)}


def metaspace(scheme="first", cut=True, replacement="▁"):
    return {"type": "Metaspace", "replacement": replacement, "prepend_scheme": scheme, "split": cut}


def template(single, **special):
    def piece(name):
        if name == "$A":
            return {"Sequence": {"id": "A", "type_id": 0}}
        return {"SpecialToken": {"id": name, "type_id": 0}}
    pieces = [piece(name) for name in single.split()]
    pair = pieces + [{"Sequence": {"id": "B", "type_id": 1}}]
    return {"type": "TemplateProcessing", "single": pieces, "pair": pair, "special_tokens": {
        name: {"id": name, "ids": ids, "tokens": [name] * len(ids)} for name, ids in special.items()}}


def changed(base, added=(), model=None, **fields):
    """A copy of a tokenizer with other fields; `added` are (content, options) of further tokens."""
    tree = copy.deepcopy(base)
    tree.update(fields)
    tree["model"].update(model or {})
    names = {token["content"] for token in tree["added_tokens"]}
    next_id = max([*tree["model"]["vocab"].values(), *(t["id"] for t in tree["added_tokens"])]) + 1
    for content, options in added:
        assert content not in names
        known = tree["model"]["vocab"].get(content)
        token = {"id": next_id if known is None else known, "content": content, "single_word": False,
                 "lstrip": False, "rstrip": False, "normalized": False, "special": False} | options
        next_id += known is None
        tree["added_tokens"].append(token)
    return tree


def cutting(base):
    """Ways to cut text in front of a byte-level model."""
    spelled = byte_level(regex=False)
    for behaviour in BEHAVIOURS:
        for invert in (False, True):
            yield f"split-{behaviour}-{invert}", split(r"\p{L}+|\s", behaviour, invert)
        yield f"split-string-{behaviour}", split("e", behaviour, kind="String")
        yield f"punctuation-{behaviour}", {"type": "Punctuation", "behavior": behaviour}
    yield "split-string-empty", split("", "Isolated", kind="String")
    for name, pattern in PATTERNS.items():
        yield f"pattern-{name}", split(pattern)
        yield f"pattern-{name}-removed", split(pattern, "Removed", True)
    yield "punctuation", {"type": "Punctuation"}
    yield "digits", {"type": "Digits", "individual_digits": True}
    yield "digits-runs", {"type": "Digits", "individual_digits": False}
    yield "whitespace", {"type": "Whitespace"}
    yield "whitespace-split", {"type": "WhitespaceSplit"}
    yield "delimiter", {"type": "CharDelimiterSplit", "delimiter": "é"}
    yield "deepseek", sequence("pretokenizers", split(r"\p{N}{1,3}"),
                               split("[一-龥぀-ゟ゠-ヿ]+"),
                               split(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"
                                     r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"
                                     r"\s*[\r\n]+|\s+(?!\S)|\s+"))
    yield "falcon", sequence("pretokenizers", {"type": "Punctuation", "behavior": "Contiguous"},
                             byte_level(), {"type": "Digits", "individual_digits": False},
                             split("[0-9][0-9][0-9]"))
    yield "prefixed-pieces", sequence("pretokenizers", {"type": "Digits", "individual_digits": True},
                                      byte_level(prefix=True, regex=False))
    yield "spelled-twice", sequence("pretokenizers", byte_level(), spelled)
    yield "marked", sequence("pretokenizers", metaspace("first", True, "Ä"), spelled)


def normalising():
    yield from ((form.lower(), {"type": form}) for form in ("NFC", "NFD", "NFKC", "NFKD"))
    for left in (True, False):
        yield f"strip-{left}", {"type": "Strip", "strip_left": left, "strip_right": not left}
    yield "strip", {"type": "Strip", "strip_left": True, "strip_right": True}
    yield "lowercase", {"type": "Lowercase"}
    yield "prepend", {"type": "Prepend", "prepend": "éa "}
    yield "replace", replace("e", "éé")
    yield "replace-nothing", replace("e", "")
    yield "replace-spaces", replace(r"\s+", " ", "Regex")
    yield "replace-marks", replace(r"\p{M}|\p{Lo}", "", "Regex")
    yield "several", sequence(
        "normalizers", {"type": "NFD"}, replace(r"\p{Mn}", "", "Regex"), {"type": "Lowercase"},
        replace("ß", "ss"), {"type": "NFKC"}, {"type": "Strip", "strip_left": True, "strip_right": True},
        {"type": "Prepend", "prepend": " "})


def of_byte_level(base):
    trimmed = byte_level(prefix=False, trim=True)
    plain = changed(base, pre_tokenizer=byte_level(), post_processor=trimmed)
    yield "plain", plain
    yield "legacy-merges", changed(plain, model={"merges": [" ".join(m) for m in base["model"]["merges"]]})
    yield "no-trim", changed(plain, post_processor=byte_level(trim=False))
    yield "trim-prefix", changed(plain, post_processor=byte_level(prefix=True))
    yield "no-regex", changed(plain, pre_tokenizer=byte_level(regex=False))
    yield "whole-pieces", changed(plain, model={"ignore_merges": True, "merges": base["model"]["merges"][:40]})
    yield "no-pre-tokenizer", changed(plain, pre_tokenizer=None)
    yield "no-decoder", changed(plain, decoder=None)
    yield "no-processor", changed(plain, post_processor=None)
    yield "untyped-model", {**plain, "model": {k: v for k, v in plain["model"].items() if k != "type"}}
    yield "roberta-no-trim", changed(base, post_processor={**base["post_processor"], "trim_offsets": False})
    yield "roberta-trim-all", changed(base, post_processor={**base["post_processor"], "add_prefix_space": False})
    yield "template-first", changed(plain, post_processor=sequence(
        "processors", template("<s> $A </s> two", **{"<s>": [0], "</s>": [1], "two": [2, 0]}),
        byte_level(prefix=True)))
    yield "template-last", changed(plain, post_processor=sequence(
        "processors", byte_level(), template("two <s> $A", **{"<s>": [0], "two": [2, 0]})))
    yield "template-empty", changed(plain, post_processor=template("$A"))
    for name, pre_tokenizer in cutting(base):
        parts = pre_tokenizer if name in ("falcon", "prefixed-pieces", "spelled-twice", "marked") else \
            sequence("pretokenizers", pre_tokenizer, byte_level(regex=False))
        yield f"cut-{name}", changed(plain, pre_tokenizer=parts)
    for name, normalizer in normalising():
        yield f"normal-{name}", changed(plain, normalizer=normalizer)
    yield "runs", changed(plain, normalizer={"type": "NFC"}, added=[
        (" " * n, {"normalized": True}) for n in (24, 8, 4, 3, 2)])
    yield "stripping", changed(plain, added=[
        ("<l>", {"lstrip": True}), ("<r>", {"rstrip": True, "special": True}),
        ("<lr>", {"lstrip": True, "rstrip": True}), ("<l><r>", {}), ("é", {"single_word": True}),
        ("the", {"single_word": True}), ("\u3000", {}), ("they", {"single_word": True, "rstrip": True})])
    yield "normalised-tokens", changed(
        plain, normalizer=sequence("normalizers", {"type": "NFC"}, {"type": "Lowercase"}), added=[
            ("<Word>", {"normalized": True}), ("<RAW>", {}), ("Ville", {"normalized": True, "lstrip": True}),
            ("e\u0301te", {"normalized": True, "single_word": True}), ("<raw>", {"normalized": True, "special": True})])
    yield "prepended-tokens", changed(
        plain, normalizer=sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, replace(" ", "▁")),
        added=[("<a>", {"normalized": True}), ("<b>", {}), ("x y", {"normalized": True, "rstrip": True})])


def of_metaspace(base):
    for scheme in ("first", "always", "never"):
        for cut in (True, False):
            decoder = metaspace(scheme, cut)
            yield f"{scheme}-{cut}", changed(base, pre_tokenizer=metaspace(scheme, cut), decoder=decoder)
    old = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "str_rep": "▁"}
    yield "older", changed(base, pre_tokenizer=old, decoder=old)
    yield "other-mark", changed(base, pre_tokenizer=metaspace("always", True, "e"))
    llama = sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, replace(" ", "▁"))
    yield "llama-legacy", changed(base, normalizer=llama, pre_tokenizer=None)
    yield "gemma", changed(base, normalizer=replace(" ", "▁"),
                           pre_tokenizer=split(" ", "MergedWithPrevious", kind="String"))
    for fuse in (True, False):
        yield f"unknown-fused-{fuse}", changed(base, model={"byte_fallback": False, "fuse_unk": fuse})
    yield "unknown-dropped", changed(base, model={"byte_fallback": False, "unk_token": None})
    some = {t: i for t, i in base["model"]["vocab"].items() if t != "<0xE3>" and t != "<0xF0>"}
    holes = changed(base, model={"vocab": some})
    yield "bytes-missing", holes
    yield "whole-pieces", changed(base, model={"ignore_merges": True})
    yield "digits", changed(base, pre_tokenizer=sequence(
        "pretokenizers", {"type": "Digits", "individual_digits": True}, metaspace("first")))
    yield "chat", changed(base, added=[("<|user|>", {"rstrip": True, "special": True}),
                                       ("<|end|>", {"rstrip": True}), ("▁▁", {"normalized": True})])
    yield "decode-both-ends", changed(base, decoder=sequence(
        "decoders", {"type": "Strip", "content": "e", "start": 0, "stop": 1}, replace("▁", " "),
        {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 2, "stop": 0}))
    yield "decode-regex", changed(base, decoder=sequence(
        "decoders", {"type": "ByteFallback"}, replace(r"▁+|\p{Lo}", " ", "Regex")))


def of_affixed(base):
    for name, pre_tokenizer in (("split", {"type": "WhitespaceSplit"}), ("none", None),
                                ("delimiter", {"type": "CharDelimiterSplit", "delimiter": " "}),
                                ("punctuation", {"type": "Punctuation", "behavior": "Isolated"})):
        yield name, changed(base, pre_tokenizer=pre_tokenizer, normalizer=None)
    yield "fused", changed(base, model={"fuse_unk": True})
    yield "byte-level", changed(base, pre_tokenizer=byte_level(), normalizer=None)


def of_sentencepiece(folder, byte_fallback=False):
    """What transformers makes of a SentencePiece unigram model: its table, tokens and scores."""
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((folder / "tokenizer.model").read_bytes())
    vocabulary = [[piece.piece, 0.0 if piece.type in (2, 3) else piece.score] for piece in model.pieces]
    added = [{"id": i, "content": piece.piece, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True}
             for i, piece in enumerate(model.pieces) if piece.type in (2, 3)]
    charsmap = base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()
    return {"version": "1.0", "added_tokens": added, "pre_tokenizer": metaspace("always"),
            "normalizer": {"type": "Precompiled", "precompiled_charsmap": charsmap} if charsmap else None,
            "post_processor": template("$A </s>", **{"</s>": [2]}), "decoder": metaspace("always"),
            "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary,
                      "byte_fallback": byte_fallback}}


def of_table(base):
    """Around a Precompiled normalizer: T5, XLM-RoBERTa, ALBERT, mBART as they are saved."""
    table = base["normalizer"]
    spaces = replace(" {2,}", "▁", "Regex")
    yield "t5", base
    yield "t5-stripped", {**base, "normalizer": sequence(
        "normalizers", table, {"type": "Strip", "strip_left": False, "strip_right": True}, spaces)}
    yield "xlm-roberta", {
        **base, "post_processor": template("<s> $A </s>", **{"<s>": [1], "</s>": [2]}),
        "pre_tokenizer": sequence("pretokenizers", {"type": "WhitespaceSplit"}, metaspace("always"))}
    yield "albert", {**base, "normalizer": sequence(
        "normalizers", replace("``", '"'), replace("''", '"'), {"type": "NFKD"},
        {"type": "StripAccents"}, {"type": "Lowercase"}, table, replace(" {2,}", " ", "Regex"))}
    token = {"id": len(base["model"]["vocab"]), "content": "en_XX", "single_word": False,
             "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    mask = {**token, "id": token["id"] + 1, "content": "<mask>", "lstrip": True, "normalized": True}
    yield "mbart", {**base, "added_tokens": base["added_tokens"] + [token, mask],
                    "post_processor": template("$A </s> en_XX", **{"</s>": [2], "en_XX": [token["id"]]})}
    yield "uncut", {**base, "pre_tokenizer": metaspace("first", False)}
    yield "trimmed", {**base, "post_processor": byte_level(trim=True)}
    yield "marked-before", {**base, "normalizer": sequence(
        "normalizers", {"type": "Prepend", "prepend": "e\u0301"}, table)}


def of_unigram(base):
    vocabulary = base["model"]["vocab"]

    def scored(entries, **options):
        return {**base, "model": {**base["model"], "vocab": entries, **options}}
    yield "nmt", {**base, "normalizer": sequence(
        "normalizers", {"type": "Nmt"}, {"type": "NFKC"}, replace(" {2,}", " ", "Regex"))}
    yield "no-accents", {**base, "normalizer": sequence(
        "normalizers", {"type": "NFD"}, {"type": "StripAccents"})}
    yield "accents-only", {**base, "normalizer": {"type": "StripAccents"}}
    yield "ties", scored([[token, -1] for token, _ in vocabulary])
    yield "positive", scored([[token, 1.5e0 + len(token)] for token, _ in vocabulary])
    yield "digits", scored([[token, float(f"{score:.3g}")] for token, score in vocabulary])
    yield "fused-to-a-token", scored([*vocabulary, *([token, -1000] for token in (
        "你好", "日本語", "😀", "\u0e01\u0e01", "춘天"))])
    yield "untyped", {**base, "model": {k: v for k, v in base["model"].items() if k != "type"}}
    yield "trimmed", {**base, "post_processor": {
        "type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": True,
        "add_prefix_space": True}}
    bare = [token for token in base["added_tokens"] if token["content"] != "<unk>"]
    yield "unknown-in-text", {**base, "added_tokens": bare, "pre_tokenizer": metaspace("always", False)}
    yield "uncut", {**base, "pre_tokenizer": None}


def of_bytes(base):
    fused = sequence("decoders", replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"})
    yield "bytes", {**base, "decoder": fused}
    yield "bytes-uncut", {**base, "decoder": fused, "pre_tokenizer": metaspace("never", False)}
    yield "bytes-missing", {**base, "decoder": fused, "model": {**base["model"], "vocab": [
        ["<gone>" if token == "<0xE3>" else token, score] for token, score in base["model"]["vocab"]]}}
    yield "bytes-off", {**base, "model": {**base["model"], "byte_fallback": False}}


def unigrams(small):
    yield "unigram", of_unigram(json.loads((small / "unigram/tokenizer.json").read_text(encoding="utf-8")))
    yield "table", of_table(of_sentencepiece(small / "sentencepiece-unigram"))
    yield "rules", of_table(of_sentencepiece(small / "sentencepiece-rules"))
    yield "unigram", of_bytes(of_sentencepiece(small / "sentencepiece-unigram-bytes", True))


def vocab_merges(base):
    """Files of tokenizers that were released without a tokenizer.json, by name."""
    model = base["model"]
    ends = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    opt = {"content": "</s>", "single_word": False, "lstrip": False, "rstrip": False,
           "normalized": True, "__type": "AddedToken"}
    added = {"900": {"content": "<|user|>", "special": True, "normalized": False},
             "901": {"content": "the sea", "special": False, "lstrip": True, "single_word": True}}
    kinds = {
        "plain": ("gpt2", None),
        "opt": ("opt", {"add_bos_token": True, "bos_token": opt, "eos_token": opt, "unk_token": opt}),
        "prefixed": ("phi", {"tokenizer_class": "CodeGenTokenizer", "add_prefix_space": True, **ends}),
        "qwen2": ("qwen2", {"tokenizer_class": "Qwen2TokenizerFast", "eos_token": "</s>",
                            "unk_token": None, "bos_token": None, "added_tokens_decoder": added}),
        "ends": ("gpt_neo", {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True,
                             "add_eos_token": True, "added_tokens_decoder": added, **ends}),
    }
    for name, (kind, config) in kinds.items():
        yield name, {
            "vocab.json": json.dumps(model["vocab"], ensure_ascii=False),
            "merges.txt": "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in model["merges"]),
            "config.json": json.dumps({"model_type": kind}),
            **({} if config is None else {"tokenizer_config.json": json.dumps(config)})}


def beside(base):
    """Files beside a tokenizer.json that add tokens to it, or change some, by name."""
    base = changed(base, normalizer={"type": "Lowercase"})
    few = {**base, "added_tokens": [token for token in base["added_tokens"]
                                    if token["content"] not in ("<s>", "</s>", "<unk>")]}
    free = max([*base["model"]["vocab"].values(), *(t["id"] for t in base["added_tokens"])]) + 1
    ends = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    described = {
        "1": {"content": "</s>", "lstrip": True, "rstrip": True, "normalized": False, "special": True},
        str(free): {"content": "<Word>", "single_word": True},
        str(free + 1): {"content": "<END>", "special": True, "rstrip": True}}
    tokens = {
        "named": (few, {**ends, "pad_token": "<PAD>", "image_token": "<Image>", "image_width": 3,
                        "additional_special_tokens": ["<New>", "the", "<PAD>"]}, {}),
        "objects": (few, {**ends, "sep_token": {"__type": "AddedToken", "content": "<Sep>", "lstrip": True,
                                                "rstrip": False, "single_word": False,
                                                "normalized": True},
                          "extra_special_tokens": ["<New>"],
                          "additional_special_tokens": ["<Not>"]}, {}),
        "further": (base, {**ends, "extra_special_tokens": {"one_token": "<One>", "two": "<Two>"}}, {}),
        "described": (base, {**ends, "added_tokens_decoder": described},
                      {"special_tokens_map.json": {"pad_token": "<Pad>"},
                       "added_tokens.json": {"<Added>": 7}}),
        "twice": (base, {**ends, "extra_special_tokens": {}, "additional_special_tokens": ["<New>"]},
                  {"added_tokens.json": {"<mask>": free - 1, "<s>": 0, "<Added>": free}}),
        "older": (few, {"bos_token": "<unk>"},
                  {"special_tokens_map.json": {
                      "bos_token": {"content": "<s>", "lstrip": True, "rstrip": False,
                                    "normalized": False, "single_word": False},
                      "eos_token": "</s>", "pad_token": "<Pad>"},
                   "added_tokens.json": {"<Pad>": free + 1, "<Added>": free}}),
        "split": (base, {**ends, "split_special_tokens": True, "pad_token": "<Pad>",
                         "added_tokens_decoder": {str(free): {"content": "<Word>"}}}, {}),
    }
    for name, (tree, config, more) in tokens.items():
        yield name, {"tokenizer.json": json.dumps(tree, ensure_ascii=False),
                     "tokenizer_config.json": json.dumps(
                         {"tokenizer_class": "PreTrainedTokenizerFast", **config}),
                     **{file: json.dumps(content) for file, content in more.items()}}


def write_files(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def write(small, out):
    """Writes the variants of the tokenizers in `small`, and returns their folders by name."""
    makers = {"byte-level": of_byte_level, "byte-level-partial": of_byte_level_partial,
              "metaspace": of_metaspace, "prefixed": of_affixed, "suffixed": of_affixed,
              "words": of_affixed}
    bases = [(name, maker(json.loads((small / name / "tokenizer.json").read_text(encoding="utf-8"))))
             for name, maker in makers.items()]
    folders = {}
    for base_name, variants in (*bases, *unigrams(small)):
        for name, tree in variants:
            folder = folders[f"variant-{base_name}-{name}"] = out / f"{base_name}-{name}"
            text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
            write_files(folder, {"tokenizer.json": text})
    base = json.loads((small / "byte-level/tokenizer.json").read_text(encoding="utf-8"))
    for kind, variants in (("vocab-merges", vocab_merges(base)), ("beside", beside(base))):
        for name, files in variants:
            folder = folders[f"variant-{kind}-{name}"] = out / f"{kind}-{name}"
            write_files(folder, files)
    return folders


def of_byte_level_partial(base):
    yield "unknown", changed(base, model={"unk_token": "<s>"})
    yield "fused", changed(base, model={"unk_token": "<s>", "fuse_unk": True})
    yield "no-regex", changed(base, pre_tokenizer=byte_level(regex=False))

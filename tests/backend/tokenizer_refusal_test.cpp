#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "harness/error.h"
#include "tests/backend/tokenizer_support.h"

namespace souvenir {
namespace {

using Json = nlohmann::json;

std::string refusal_of(const std::string& bytes) {
  try {
    load_bytes(bytes);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::input);
    return error.what();
  }
  return "(not refused)";
}

// Replaces the value at a JSON pointer and says how the result is refused.
std::string refusal_with(const std::string& pointer, const std::string& value) {
  Json tree = tiny_tokenizer();
  tree[Json::json_pointer(pointer)] = Json::parse(value);
  return refusal_of(tree.dump());
}

std::string split_with(const std::string& pattern) {
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", pattern}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  return split.dump();
}

}  // namespace

TEST_CASE("what a tokenizer.json may not have is refused by name", "[tokenizer][refusal]") {
  REQUIRE(load_bytes(tiny_tokenizer().dump())->encode("abcd", false).ids ==
          std::vector<TokenId>{7, 3});
  const auto [pointer, value, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"/model", R"({"type": "Unigram", "vocab": [["a", -1.5]], "unk_id": 1})",
       "tokenizer.json: /model/unk_id: not in the vocabulary"},
      {"/model", R"({"type": "Unigram", "vocab": [], "unk_id": 0})",
       "unk_id: not in the vocabulary"},
      {"/model", R"({"type": "Unigram", "vocab": [["a", -1.5]], "unk_id": -1})",
       "/model/unk_id: expected a whole number"},
      {"/model", R"({"type": "Unigram", "vocab": [["a", -1], ["a", -2]], "unk_id": 0})",
       "the token of id 1 is that of id 0 too"},
      {"/model", R"({"type": "Unigram", "vocab": {"a": 0}})",
       "/model/vocab: expected an array of tokens and scores"},
      {"/model", R"({"type": "Unigram", "vocab": [["a", -1], ["b"]]})",
       "/model/vocab/1: expected [\"token\", score]"},
      {"/model", R"({"type": "Unigram", "vocab": [["a", -1, 2]]})", "/model/vocab/0: expected ["},
      {"/model", R"({"type": "Unigram", "vocab": [["a", "b"]]})", "/model/vocab/0: expected ["},
      {"/model", R"({"type": "Unigram", "vocab": [[-1, "a"]]})", "/model/vocab/0: expected ["},
      {"/model", R"({"type": "Unigram", "vocab": ["a"]})", "/model/vocab/0: expected ["},
      {"/model", R"({"type": "Unigram", "vocab": [["a", -1], {"b": 1}]})",
       "/model/vocab/1: expected"},
      {"/model", R"({"type": "Unigram", "vocab": [["a", [1]]]})", "/model/vocab/0: expected ["},
      {"/model", R"({"type": "Unigram", "vocab": [["a", null]]})", "/model/vocab/0: expected ["},
      {"/model/type", R"("WordPiece")", "model type \"WordPiece\": not supported"},
      {"/model/type", R"("NewThing")", "model type \"NewThing\": not supported"},
      {"/model/dropout", "0.1", "/model/dropout: not supported"},
      {"/model/fuse_unk", "1", "/model/fuse_unk: expected true or false, found number"},
      {"/model/merges", R"(["a b c"])", "/model/merges/0: expected \"left right\""},
      {"/model/merges", R"([["a"]])", "/model/merges/0: expected \"left right\""},
      {"/model/merges", R"([["a", "b"], 3])", "/model/merges/1: expected \"left right\""},
      {"/model/merges", R"(["b a"])", "merges: rule 0: its product is not in the vocabulary"},
      {"/model/merges", R"(["a b", "a x"])", "rule 1: its parts are not in the vocabulary"},
      {"/model/vocab", R"({"a": 0, "b": 0})", "vocabulary: id 0 has two tokens"},
      {"/model/vocab", R"({"a": 16777216})", "vocabulary: id 16777216: expected 0 to 16777215"},
      {"/model/vocab", R"({"a": -1})", "/model/vocab: expected a token id"},
      {"/model/vocab", R"({"a": 1.0})", "/model/vocab: expected a token id"},
      {"/model/vocab", R"({"a": "1"})", "/model/vocab: expected a token id"},
      {"/model/vocab", R"([["a", 0]])", "/model/vocab: expected an object"},
      {"/model", "[]", "/model: expected an object, found array"},
      {"/version", R"("2.0")", "/version: \"2.0\": not supported; supported: 1.0"},
      {"/normalizer", R"({"type": "BertNormalizer"})",
       "normalizer type \"BertNormalizer\": not supported; supported: Sequence, NFC"},
      {"/normalizer", R"({"type": "Sequence", "normalizers": [{"type": "ByteLevel"}]})",
       "/normalizer/normalizers/0: normalizer type \"ByteLevel\": not supported"},
      {"/normalizer", R"({"type": "Precompiled"})", "/normalizer/precompiled_charsmap: missing"},
      {"/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "AA="})",
       "/normalizer/precompiled_charsmap: expected base64"},
      {"/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": ""})",
       "/normalizer: precompiled_charsmap: expected a trie"},
      {"/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "CAAAAAAAAAA="})",
       "/normalizer: precompiled_charsmap: expected a trie, and found it empty or cut off"},
      {"/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAAD/"})",
       "/normalizer: precompiled_charsmap: the replacements are not valid UTF-8"},
      {"/normalizer", R"({"type": "Strip", "strip_left": true})",
       "/normalizer/strip_right: missing"},
      {"/normalizer", R"({"type": "Replace", "pattern": {"Glob": "*"}, "content": ""})",
       "/normalizer/pattern: expected {\"String\""},
      {"/normalizer", R"("NFC")", "/normalizer: expected an object, found string"},
      {"/pre_tokenizer", R"({"type": "BertPreTokenizer"})",
       "pre_tokenizer type \"BertPreTokenizer\": not supported; supported: Sequence, ByteLevel"},
      {"/pre_tokenizer", R"({"type": "ByteLevel", "trim_offsets": true})",
       "/pre_tokenizer/add_prefix_space: missing"},
      {"/pre_tokenizer", R"({"type": "Punctuation", "behavior": "Merged"})",
       "/pre_tokenizer/behavior: \"Merged\": not supported; supported: Removed"},
      {"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "__"})",
       "/pre_tokenizer/replacement: expected one character"},
      {"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"})",
       "/pre_tokenizer/prepend_scheme: \"last\": not supported"},
      {"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "_", "add_prefix_space": false})",
       "/pre_tokenizer/add_prefix_space: contradicts prepend_scheme"},
      {"/post_processor", R"({"type": "Fancy"})", "post_processor type \"Fancy\": not supported"},
      {"/post_processor", R"({"type": "BertProcessing", "cls": ["y"], "sep": ["x", 1]})",
       "/post_processor/cls"},
      {"/post_processor", R"({"type": "BertProcessing", "sep": ["x", 77], "cls": ["a", 0]})",
       "/post_processor: token id 77 is not in the vocabulary"},
      {"/post_processor",
       R"({"type": "TemplateProcessing", "special_tokens": {}, "single": [{"Sequence": {"id": "B"}}]})",
       "expected sequence A"},
      {"/post_processor",
       R"({"type": "TemplateProcessing", "special_tokens": {},
           "single": [{"SpecialToken": {"id": "<s>"}}]})",
       "/post_processor/special_tokens/<s>: missing"},
      {"/decoder", R"({"type": "CTC"})",
       "decoder type \"CTC\": not supported; supported: Sequence"},
      {"/decoder", R"({"type": "Strip", "content": "ab", "start": 0, "stop": 0})",
       "/decoder/content: expected one character"},
      {"/added_tokens/0/id", "10", "/added_tokens/0/id: expected 9 (the next free id), found 10"},
      {"/added_tokens/0/content", R"("ab")",
       "/added_tokens/0/id: expected 6 (the model's vocabulary), found 9"},
      {"/added_tokens/0/special", "null", "/added_tokens/0/special: expected true or false"},
      {"/added_tokens", R"({"<s>": 9})", "/added_tokens: expected an array, found object"},
  }));
  CAPTURE(pointer, value);
  CHECK_THAT(refusal_with(pointer, value), Catch::Contains(expected));
}

TEST_CASE("a table of replacements that leads out of itself is refused when it does",
          "[tokenizer][refusal]") {
  Json tree = tiny_tokenizer();
  // One unit only: any letter leads out of the trie.
  tree["added_tokens"] = Json::array();
  tree["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "BAAAAAAAAAA="}};
  const auto tokenizer = load_bytes(tree.dump());
  CHECK(tokenizer->encode("", false).ids.empty());
  CHECK_THROWS_WITH(tokenizer->encode("a", false),
                    Catch::Contains("precompiled_charsmap: damaged: the trie leads out of itself"));
}

TEST_CASE("a unigram model without an unknown token misses it only when needed",
          "[tokenizer][refusal]") {
  Json tree = tiny_tokenizer();
  tree["added_tokens"][0]["id"] = 2;
  tree["model"] = Json::parse(R"({"type": "Unigram", "vocab": [["a", -1], ["ab", -1.5]]})");
  const auto tokenizer = load_bytes(tree.dump());
  CHECK(tokenizer->encode("aab", false).ids == std::vector<TokenId>{0, 1});
  CHECK_THROWS_WITH(tokenizer->encode("b", false), Catch::Contains("unk_id is missing"));
}

TEST_CASE("regular expressions that mean something else here are refused", "[tokenizer][refusal]") {
  const std::string pattern =
      GENERATE("\\w+", "\\W", "a\\b", "\\B", "\\h", "\\H", "^a", "a$", "(?m)a.b", "(?<=a)b",
               "(?<!a)b", "(?<name>a)", "a(?i)b|c", "[a[^bc]]", "[a-[b]]", "[[]]", "[a&&b]",
               "[[:alpha:]]", "[]a]", "\\R", "\\X", "\\G", "\\K", "(a)\\1", "\\xFF", "\\p{sc:Han}",
               "\\pL", "(*FAIL)", "(?#x)", "\\Z", "(", "[a", "a{3,2}", "\\p{Nonsense}", "*", "\\");
  CAPTURE(pattern);
  CHECK_THAT(refusal_with("/pre_tokenizer", split_with(pattern)),
             Catch::Contains("/pre_tokenizer/pattern/Regex: regular expression: "));
}

TEST_CASE("deeply nested regular expressions are refused", "[tokenizer][refusal]") {
  for (const char* opening : {"[", "(", "(?:", "(?=a"}) {
    std::string pattern;
    for (int i = 0; i < 100000; ++i) {
      pattern += opening;
    }
    CHECK_THAT(refusal_with("/pre_tokenizer", split_with(pattern)),
               Catch::Contains("regular expression: "));
  }
}

TEST_CASE("damaged tokenizer files are refused", "[tokenizer][refusal]") {
  const std::string whole = tiny_tokenizer().dump();
  SECTION("cut off at every byte") {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      REQUIRE_THAT(refusal_of(whole.substr(0, size)), Catch::Contains("not valid JSON at byte"));
    }
  }
  SECTION("something behind the end") {
    CHECK_THAT(refusal_of(whole + "{}"), Catch::Contains("not valid JSON at byte"));
  }
  SECTION("a key twice") {
    CHECK_THAT(refusal_of(R"({"model": {"type": "BPE", "type": "BPE"}})"),
               Catch::Contains("/model/type: the key \"type\" is there twice"));
    CHECK_THAT(refusal_of(R"({"version": "1.0", "version": "1.0"})"),
               Catch::Contains("the key \"version\" is there twice"));
  }
  SECTION("a vocabulary entry, or a vocabulary, twice") {
    CHECK_THAT(refusal_of(R"({"model": {"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}})"),
               Catch::Contains("the token of id 1 is that of id 0 too"));
    CHECK_THAT(refusal_of(R"({"model": {"vocab": {}, "vocab": {}, "merges": []}})"),
               Catch::Contains("is there twice"));
  }
  SECTION("too deep") {
    const std::string bomb = "{\"normalizer\": " + std::string(100000, '[');
    CHECK_THAT(refusal_of(bomb), Catch::Contains("nested more than 64 levels deep"));
  }
  SECTION("a string too long") {
    CHECK_THAT(refusal_of("{\"version\": \"" + std::string((1U << 20) + 1, 'x') + "\"}"),
               Catch::Contains("a string of 1048577 bytes"));
  }
  SECTION("invalid UTF-8") {
    CHECK_THAT(refusal_of("{\"version\": \"\xFF\"}"), Catch::Contains("not valid JSON at byte"));
  }
  SECTION("no object") {
    CHECK_THAT(refusal_of("[]"), Catch::Contains("expected an object, found array"));
    CHECK_THAT(refusal_of("{}"), Catch::Contains("/model: missing"));
  }
}

TEST_CASE("a directory without a usable tokenizer says what is missing", "[tokenizer][refusal]") {
  const ScratchDirectory directory;
  CHECK_THROWS_WITH(load_tokenizer(directory.path()),
                    Catch::Contains("expected tokenizer.json or tokenizer.model, found neither"));
  CHECK_THROWS_WITH(load_tokenizer(directory.path() / "none"),
                    Catch::Contains("none: expected a Hugging Face directory"));
  std::filesystem::create_directory(directory.path() / "tokenizer.json");
  CHECK_THROWS_WITH(load_tokenizer(directory.path()),
                    Catch::Contains("tokenizer.json: not a regular file"));
}

TEST_CASE("a vocab.json is refused where the files do not say the rest", "[tokenizer][refusal]") {
  const ScratchDirectory directory;
  directory.write("vocab.json", R"({"a": 0, "b": 1, "ab": 2})");
  CHECK_THROWS_WITH(load_tokenizer(directory.path()),
                    Catch::Contains("vocab.json needs merges.txt"));
  directory.write("merges.txt", "#version: 0.2\na b\n");
  CHECK_THROWS_WITH(load_tokenizer(directory.path()),
                    Catch::Contains("expected tokenizer_class in tokenizer_config.json"));
  directory.write("config.json", R"({"model_type": "gpt2"})");
  CHECK(load_tokenizer(directory.path())->encode("ab", true).ids == std::vector<TokenId>{2});
  const auto [name, bytes, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"tokenizer_config.json", R"({"tokenizer_class": "OtherTokenizer"})",
       "tokenizer_class: \"OtherTokenizer\" is not supported beside vocab.json and merges.txt; "
       "supported: GPT2Tokenizer, CodeGenTokenizer, Qwen2Tokenizer"},
      {"merges.txt", "#version: 0.2\na b c\n", "merges.txt: line 2: expected two tokens"},
      {"merges.txt", "a b\n\n", "merges.txt: line 2: expected two tokens"},
      {"vocab.json", R"({"a": "0"})", "vocab.json: \"a\": expected an id"},
      {"vocab.json", R"({"a": -1})", "vocab.json: \"a\": expected an id"},
      {"vocab.json", "[]", "vocab.json: expected an object of tokens and ids"},
      {"vocab.json", "{", "vocab.json"},
  }));
  CAPTURE(name, bytes);
  directory.write(name, bytes);
  CHECK_THROWS_WITH(load_tokenizer(directory.path()), Catch::Contains(expected));
}

TEST_CASE("a damaged tokenizer.model is refused", "[tokenizer][refusal]") {
  const ScratchDirectory directory;
  directory.write("tokenizer.model", GENERATE("", "not a model", "\x0A\xFF\xFF\xFF\xFF\x0F"));
  CHECK_THROWS_WITH(load_tokenizer(directory.path()),
                    Catch::Contains("tokenizer.model: not a SentencePiece model"));
}

TEST_CASE("damaged files beside the tokenizer are refused", "[tokenizer][refusal]") {
  const ScratchDirectory directory;
  directory.write("tokenizer.json", tiny_tokenizer().dump());
  const auto [name, bytes, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"tokenizer_config.json", "{", "tokenizer_config.json"},
      {"tokenizer_config.json", R"({"bos_token": 3})",
       "tokenizer_config.json: /bos_token: expected a string, found number"},
      {"tokenizer_config.json", R"({"bos_token": {"text": "a"}})", "/bos_token/content: missing"},
      {"tokenizer_config.json", R"({"add_bos_token": "yes"})",
       "/add_bos_token: expected true or false"},
      {"tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "a"}}})",
       "\"x\": expected a token id"},
      {"tokenizer_config.json", R"({"added_tokens_decoder": {"99": {"content": "<new>"}}})",
       "the added token \"<new>\": expected 10 (the next free id), found 99"},
      {"tokenizer_config.json", R"({"added_tokens_decoder": {"3": {"content": "<s>"}}})",
       "the added token \"<s>\": expected 9 (given before), found 3"},
      {"tokenizer_config.json", R"({"extra_special_tokens": [{"text": "a"}]})",
       "/extra_special_tokens/0/content: missing"},
      {"special_tokens_map.json", "[]", "special_tokens_map.json: : expected an object"},
      {"added_tokens.json", R"({"a": -1})", "added_tokens.json: /a: expected a whole number"},
  }));
  CAPTURE(name, bytes);
  directory.write(name, bytes);
  CHECK_THROWS_WITH(load_tokenizer(directory.path()), Catch::Contains(expected));
}

TEST_CASE("texts and ids that cannot be are refused, without quoting them",
          "[tokenizer][refusal]") {
  const auto tokenizer =
      load_tokenizer(small_tokenizer(GENERATE("byte-level", "metaspace", "sentencepiece-bpe")));
  CHECK(tokenizer->encode("", false).ids.empty());
  for (const auto& [text, byte] :
       std::vector<std::pair<std::string, int>>{{"abc\xFF", 3},
                                                {"\xC3", 0},
                                                {"x\xC0\x80", 1},
                                                {"\xED\xA0\x80", 0},
                                                {"ok \xF4\x90\x80\x80", 3}}) {
    const std::string expected = "text: not valid UTF-8 at byte " + std::to_string(byte);
    CHECK_THROWS_WITH(tokenizer->encode(text, false), expected);
    CHECK_THROWS_WITH(tokenizer->count_special(text), expected);
  }
  const auto limit = static_cast<TokenId>(tokenizer->info().vocabulary);
  for (const TokenId id : {-1, limit, limit + 1000}) {
    CHECK_THROWS_WITH(
        tokenizer->decode(std::vector<TokenId>{id}),
        Catch::Contains("token id " + std::to_string(id) + " is not in the vocabulary"));
  }
}

TEST_CASE("an unknown token that is not there is missed only when needed", "[tokenizer][refusal]") {
  Json tree = tiny_tokenizer();
  tree["model"]["unk_token"] = "<unk>";
  const auto tokenizer = load_bytes(tree.dump());
  CHECK(tokenizer->encode("ab", false).ids == std::vector<TokenId>{6});
  CHECK_THROWS_WITH(tokenizer->encode("abx", false), Catch::Contains("unk_token is not in the"));
}

}  // namespace souvenir

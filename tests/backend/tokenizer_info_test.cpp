#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "harness/digest.h"
#include "tests/backend/tokenizer_support.h"

namespace souvenir {
namespace {

using Ids = std::vector<TokenId>;

// The tiny tokenizer beside other files.
struct Directory {
  ScratchDirectory scratch;

  explicit Directory(const nlohmann::json& tree = tiny_tokenizer()) {
    scratch.write("tokenizer.json", tree.dump());
  }
  TokenizerInfo info() const { return load_tokenizer(scratch.path())->info(); }
};

nlohmann::json post_processed(const std::string& processor) {
  nlohmann::json tree = tiny_tokenizer();
  tree["post_processor"] = nlohmann::json::parse(processor);
  return tree;
}

}  // namespace

TEST_CASE("what the post-processor puts in front is prepended, never what it puts behind",
          "[tokenizer][info]") {
  CHECK(Directory().info().prepended_ids.empty());
  const std::string pieces = R"({"type": "TemplateProcessing", "special_tokens": {
      "<s>": {"id": "<s>", "ids": [9], "tokens": ["<s>"]},
      "two": {"id": "two", "ids": [4, 5], "tokens": ["e", "f"]}}, "single": )";
  CHECK(Directory(
            post_processed(pieces + R"([{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}},
                                              {"SpecialToken": {"id": "two"}}]})"))
            .info()
            .prepended_ids == Ids{9});
  CHECK(Directory(post_processed(
                      pieces + R"([{"SpecialToken": {"id": "two"}}, {"Sequence": {"id": "A"}}]})"))
            .info()
            .prepended_ids == Ids{4, 5});
  CHECK(Directory(post_processed(
                      pieces + R"([{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "<s>"}}]})"))
            .info()
            .prepended_ids.empty());
  const auto tokenizer = load_tokenizer(small_tokenizer("byte-level"));
  CHECK(tokenizer->info().prepended_ids == Ids{0});
  CHECK(tokenizer->info().prepended_source == "tokenizer.json: post_processor");
  const Encoding encoding = tokenizer->encode("ab", true);
  CHECK(encoding.ends.front() == 0);
  CHECK(encoding.ends.back() == 2);
  CHECK(encoding.offsets.back() == ByteSpan{0, 0});
}

TEST_CASE("ends are untrimmed where offsets are trimmed", "[tokenizer][info]") {
  const auto tokenizer = load_tokenizer(small_tokenizer("byte-level"));
  const Encoding encoding = tokenizer->encode("the  letter ", false);
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    CHECK(encoding.ends[i] >= encoding.offsets[i].end);
  }
  CHECK(encoding.ends.back() == 12);
  CHECK(encoding.offsets.back() == ByteSpan{12, 12});  // a token of white space only
}

TEST_CASE("special ids are those of the file that counts most", "[tokenizer][info]") {
  Directory directory;
  directory.scratch.write("config.json", R"({"bos_token_id": 1, "eos_token_id": [2, 3]})");
  CHECK(directory.info().bos_id == 1);
  CHECK(directory.info().eos_id == 2);
  directory.scratch.write("generation_config.json", R"({"bos_token_id": 4, "eos_token_id": 99})");
  CHECK(directory.info().bos_id == 4);
  CHECK(directory.info().eos_id == std::nullopt);  // not in the vocabulary
  directory.scratch.write("special_tokens_map.json", R"({"eos_token": {"content": "abc"}})");
  CHECK(directory.info().eos_id == 7);
  directory.scratch.write("tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": null})");
  CHECK(directory.info().bos_id == 9);
  CHECK(directory.info().eos_id == 7);
  directory.scratch.write("tokenizer_config.json",
                          R"({"bos_token": "<s>", "eos_token": null, "added_tokens_decoder": {}})");
  CHECK(directory.info().eos_id == std::nullopt);  // named: there is none
}

TEST_CASE("tokens that are only named stand behind the tokenizer's own, and begin no text",
          "[tokenizer][info]") {
  Directory directory;
  const std::int64_t known = directory.info().vocabulary;
  directory.scratch.write("tokenizer_config.json",
                          R"({"bos_token": "<new>", "eos_token": "<s>", "pad_token": "<pad>"})");
  const TokenizerInfo info = directory.info();
  CHECK(info.vocabulary == known + 2);
  CHECK(info.base_vocabulary == 9);
  CHECK(info.bos_id == std::nullopt);
  CHECK(info.eos_id == 9);
}

TEST_CASE("every tokenizer file is digested", "[tokenizer][info]") {
  Directory directory;
  directory.scratch.write("tokenizer_config.json", "{}");
  directory.scratch.write("added_tokens.json", "{}");
  directory.scratch.write("special_tokens_map.json", "{}");
  directory.scratch.write("chat_template.jinja", "hello");
  directory.scratch.write("config.json", "{}");
  directory.scratch.write("tokenizer.model", "not read");
  std::vector<std::string> names;
  for (const FileDigest& file : directory.info().files) {
    names.push_back(file.name);
    const std::string bytes = read_bytes(directory.scratch.path() / file.name);
    CHECK(file.bytes == bytes.size());
    CHECK(file.sha256 == hex(sha256(bytes)));
  }
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"added_tokens.json", "chat_template.jinja",
                                          "special_tokens_map.json", "tokenizer.json",
                                          "tokenizer_config.json"});
}

TEST_CASE("special tokens in a text are counted", "[tokenizer][info]") {
  const auto tokenizer = load_tokenizer(small_tokenizer("byte-level"));
  CHECK(tokenizer->count_special("the <s> and </s></s>") == 3);
  CHECK(tokenizer->count_special("the < s>") == 0);
  CHECK(load_bytes(tiny_tokenizer().dump())->count_special("<s>a<s>") == 2);
}

TEST_CASE("bytes that are not text are decoded as they are", "[tokenizer][info]") {
  const auto spelled = load_tokenizer(small_tokenizer("byte-level"));
  const Encoding letter = spelled->encode("ཀ", false);
  REQUIRE(letter.ids.size() == 4);  // the space, and three bytes
  CHECK(spelled->decode(std::vector<TokenId>(letter.ids.begin(), letter.ids.end() - 1)) ==
        " \xE0\xBD");
  const auto fallback = load_tokenizer(small_tokenizer("metaspace"));
  const Encoding tibetan = fallback->encode("ཀ", false);
  REQUIRE(tibetan.ids.size() == 4);  // the mark, and three bytes
  CHECK(fallback->decode(std::vector<TokenId>{tibetan.ids[2], tibetan.ids[1]}) == "\xBD\xE0");
}

}  // namespace souvenir

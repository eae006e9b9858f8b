#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "harness/digest.h"
#include "harness/error.h"
#include "tests/backend/tokenizer_support.h"
#include "tests/support/refusal.h"

namespace souvenir {
namespace {

using Catch::Contains;
using test::refusal_of;
using Json = nlohmann::json;
using Ids = std::vector<TokenId>;

std::string line(const std::string& bytes, int rank) {
  return base64(bytes) + " " + std::to_string(rank) + "\n";
}

// All bytes, then what is given, by rank.
std::string rank_file(const std::vector<std::string>& tokens) {
  std::string file;
  for (int byte = 0; byte < 256; ++byte) {
    file += line(std::string(1, static_cast<char>(byte)), byte);
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    file += line(tokens[i], 256 + static_cast<int>(i));
  }
  return file;
}

Json config() {
  return {{"pat_str", "[a-z]+|[^a-z]+"},
          {"added_tokens_decoder",
           {{"300", {{"content", "<s>"}, {"normalized", false}, {"special", true}}}}}};
}

std::unique_ptr<Tokenizer> tiktoken(const std::string& file, const Json& settings = config(),
                                    const std::string& name = "x.tiktoken") {
  const ScratchDirectory scratch;
  scratch.write(name, file);
  if (!settings.is_null()) {
    scratch.write("tokenizer_config.json", settings.dump());
  }
  return load_tokenizer(scratch.path());
}

Json tekken() {
  Json tree = {{"config",
                {{"pattern", "[a-z]+|[^a-z]+"},
                 {"default_vocab_size", 262},
                 {"default_num_special_tokens", 4},
                 {"version", "v11"}}},
               {"special_tokens",
                {{{"rank", 0}, {"token_str", "<unk>"}}, {{"rank", 1}, {"token_str", "<s>"}}}},
               {"vocab", Json::array()}};
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(1, static_cast<char>(byte));
  }
  tokens.insert(tokens.end(), {"ab", "abc", "never"});
  for (std::size_t rank = 0; rank < tokens.size(); ++rank) {
    tree["vocab"].push_back({{"rank", rank}, {"token_bytes", base64(tokens[rank])}});
  }
  return tree;
}

}  // namespace

TEST_CASE("neighbours are merged to the token of the lowest rank, leftmost first", "[tokenizer]") {
  const auto tokenizer = tiktoken(rank_file({"bc", "ab", "abc", "aa"}));
  CHECK(tokenizer->encode("abc", false).ids == Ids{258});  // as a whole
  CHECK(tokenizer->encode("abcab", false).ids == Ids{258, 257});
  CHECK(tokenizer->encode("abab", false).ids == Ids{257, 257});
  CHECK(tokenizer->encode("aaa", false).ids == Ids{259, 'a'});
  CHECK(tokenizer->encode("a<s>b", true).ids == Ids{'a', 300, 'b'});
  CHECK(tokenizer->info().prepended_ids.empty());
}

TEST_CASE("a tiktoken file whose family nobody names is refused, with what is missing",
          "[tokenizer][refusal]") {
  const std::string file = rank_file({"ab"});
  Json without_pattern = config();
  without_pattern.erase("pat_str");
  Json without_tokens = config();
  without_tokens.erase("added_tokens_decoder");
  Json with_bos = config();
  with_bos["add_bos_token"] = true;
  Json taken = config();
  taken["added_tokens_decoder"] = {{"256", {{"content", "<s>"}}}};
  const auto refusal = [&](const Json& settings, const char* name = "x.tiktoken") {
    return refusal_of([&] { tiktoken(file, settings, name); });
  };
  CHECK_THAT(refusal(nullptr), Contains("x.tiktoken: a tiktoken file, which does not say what "
                                        "pattern"));
  CHECK_THAT(refusal(without_pattern), Contains("expected pat_str in tokenizer_config.json"));
  CHECK_THAT(refusal(without_pattern, "tokenizer.model"), Contains("tokenizer.model: a tiktoken"));
  CHECK_THAT(refusal(without_tokens), Contains("expected added_tokens_decoder"));
  CHECK_THAT(refusal(with_bos), Contains("bos_token: expected one of the special tokens"));
  CHECK_THAT(refusal(taken), Contains("id 256 is that of a special token and of another"));
  const ScratchDirectory scratch;
  scratch.write("a.tiktoken", file);
  scratch.write("b.tiktoken", file);
  CHECK_THAT(refusal_of([&] { load_tokenizer(scratch.path()); }),
             Contains("expected one .tiktoken file"));
}

TEST_CASE("damaged tiktoken files are refused", "[tokenizer][refusal]") {
  const auto [file, expected] = GENERATE(table<std::string, std::string>({
      {"", "byte 0: expected a token for each byte"},
      {line("a", 0), "byte 0: expected a token for each byte"},
      {rank_file({}) + "YQ==\n", "line 257: expected a token in base64 and its rank"},
      {rank_file({}) + "YQ 256\n", "line 257: expected"},
      {rank_file({}) + " 256\n", "line 257: expected"},
      {rank_file({}) + "YWI= -1\n", "line 257: expected"},
      {rank_file({}) + "YWI= 256 7\n", "line 257: expected"},
      {rank_file({}) + "YWI= 99999999\n", "line 257: expected"},
      {rank_file({}) + line("ab", 255), "id 255 has two tokens"},
      {rank_file({"ab", "ab"}), "the token of id 257 is that of id 256 too"},
  }));
  CAPTURE(expected);
  CHECK_THAT(refusal_of([&, &f = file] { tiktoken(f); }), Contains(expected));
}

TEST_CASE("a tekken.json says everything itself", "[tokenizer]") {
  const ScratchDirectory scratch;
  scratch.write("tekken.json", tekken().dump());
  const auto tokenizer = load_tokenizer(scratch.path());
  CHECK(tokenizer->encode("abc", false).ids == Ids{261});
  CHECK(tokenizer->encode("abb", true).ids == Ids{1, 260, 'b' + 4});
  CHECK(tokenizer->encode("<s>", false).ids == Ids{'<' + 4, 's' + 4, '>' + 4});
  CHECK(tokenizer->count_special("<s>") == 0);
  CHECK(tokenizer->decode(Ids{1, 260, 3}) == "<s>ab<SPECIAL_3>");
  CHECK(tokenizer->info().bos_id == 1);
  CHECK(tokenizer->info().vocabulary == 262);
}

TEST_CASE("damaged tekken files are refused", "[tokenizer][refusal]") {
  const auto [pointer, value, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"/config", "[]", "/config: expected an object"},
      {"/config/pattern", "3", "/config/pattern: expected a string"},
      {"/config/pattern", R"("(")", "regular expression"},
      {"/config/default_vocab_size", "400", "/vocab: expected at least 396 tokens, found 259"},
      {"/config/default_vocab_size", "-1", "/config/default_vocab_size: expected"},
      {"/config/default_num_special_tokens", "1", "fewer than there are special tokens"},
      {"/special_tokens/1/rank", "2", "in the order of their ranks"},
      {"/special_tokens", "null", "version \"v11\" has none of its own"},
      {"/vocab/3/rank", "4", "/vocab/3: expected token_bytes in base64, and the rank 3"},
      {"/vocab/3/token_bytes", R"("A")", "/vocab/3: expected token_bytes in base64"},
      {"/vocab/3/token_bytes", R"("BA==")", "tekken.json: vocabulary: the token of id 8 is that"},
  }));
  CAPTURE(pointer);
  Json tree = tekken();
  tree[Json::json_pointer(pointer)] = Json::parse(value);
  const ScratchDirectory scratch;
  scratch.write("tekken.json", tree.dump());
  CHECK_THAT(refusal_of([&] { load_tokenizer(scratch.path()); }), Contains(expected));
}

}  // namespace souvenir

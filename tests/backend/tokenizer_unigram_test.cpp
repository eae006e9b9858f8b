#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "harness/backend/tokenizer/reference_number.h"
#include "harness/digest.h"
#include "tests/backend/tokenizer_support.h"

namespace souvenir {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<TokenId>;

std::unique_ptr<Tokenizer> unigram(const std::string& vocabulary, bool byte_fallback = false) {
  Json tree = tiny_tokenizer();
  tree["added_tokens"] = Json::array();
  tree["model"] = {{"type", "Unigram"},
                   {"unk_id", 0},
                   {"byte_fallback", byte_fallback},
                   {"vocab", Json::parse(vocabulary)}};
  return load_bytes(tree.dump());
}

}  // namespace

// Read off tokenizers 0.23.3: what it writes after it has read the literal.
TEST_CASE("scores are read to the bit as the reference library reads them", "[tokenizer]") {
  const auto [literal, expected] = GENERATE(table<std::string, double>({
      {"-0.43561181362301915", -0x1.be1105f50c67bp-2},
      {"-12.563669634938593", -0x1.920994e6f9e78p+3},
      {"-9.634415443986683", -0x1.344d219e00011p+3},
      {"-2.0161242485046387", -0x1.02105c0000000p+1},
      {"-12.345678901234567890123", -0x1.8b0fcd32f707ap+3},
      {"-123456789012345678901234.5", -0x1.a249b1f10a06cp+76},
      {"12345678901234567890123", 0x1.4ea15b273b38ap+73},
      {"-0.00001234567890123456789", -0x1.9e409302678bbp-17},
      {"2.5E+3", 2500.0},
      {"1e-7", 0x1.ad7f29abcaf48p-24},
      {"1e-310", 0x0.012688b70e62bp-1022},
      {"-0.0", -0.0},
      {"0e999999999999", 0.0},
      {"1e-999999999999", 0.0},
  }));
  CAPTURE(literal);
  CHECK(tokenizing::reference_number(literal) == expected);
}

TEST_CASE("the cut with the best sum of scores is taken", "[tokenizer]") {
  const auto tokenizer = unigram(
      R"([["<unk>", 0], ["a", -3], ["b", -3], ["ab", -5], ["abc", -9], ["c", -3.5], ["bc", -6]])");
  CHECK(tokenizer->encode("ab", false).ids == Ids{3});
  CHECK(tokenizer->encode("abc", false).ids == Ids{3, 5});  // -8.5, against -9 twice
  CHECK(tokenizer->encode("bcab", false).ids == Ids{6, 3});
  const Encoding unknown = tokenizer->encode("axyb", false);
  CHECK(unknown.ids == Ids{1, 0, 2});  // what is unknown is one token
  CHECK(unknown.ends == std::vector<std::size_t>{1, 3, 4});
}

TEST_CASE("an unknown character costs ten more than the lowest score", "[tokenizer]") {
  // An unknown x is -20, so that x + ab is -21, or -19.5, beside the -20 of xa + b.
  const auto cut = [](const std::string& score) {
    return unigram(R"([["<unk>", 0], ["xa", -10], ["b", -10], ["ab", )" + score + "]]")
        ->encode("xab", false)
        .ids;
  };
  CHECK(cut("-1") == Ids{1, 2});
  CHECK(cut("0.5") == Ids{0, 3});
}

TEST_CASE("byte tokens all stand for what was unknown", "[tokenizer]") {
  const auto tokenizer =
      unigram(R"([["<unk>", 0], ["a", -3], ["<0xC3>", -9], ["<0xA9>", -9], ["<0xA8>", -9]])", true);
  const Encoding encoding = tokenizer->encode("aéèa", false);
  CHECK(encoding.ids == Ids{1, 2, 3, 2, 4, 1});
  CHECK(encoding.ends == std::vector<std::size_t>{1, 5, 5, 5, 5, 6});
  CHECK(tokenizer->encode("éß", false).ids == Ids{0});  // one byte has no token: none is used
}

TEST_CASE("base64 is read as RFC 4648 gives it, and nothing else is", "[digest]") {
  for (const auto& [digits, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYmE=", "fooba"}}) {
    CHECK(from_base64(digits) == bytes);
    CHECK(base64(bytes) == digits);
  }
  for (const char* digits : {"Z", "Zg", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n",
                             "Zm-v", " Zm9", "=Zm9"}) {
    CAPTURE(digits);
    CHECK(from_base64(digits) == std::nullopt);
  }
}

}  // namespace souvenir

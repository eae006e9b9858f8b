// The header of an untrusted GGUF file: what is read of it, and what is refused.

#include "harness/backend/gguf.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/backend/dequantise.h"
#include "harness/backend/stored_dtype.h"
#include "tests/support/gguf_file.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

using Catch::Contains;
using nlohmann::json;
using test::Failure;
using test::failure_of;
using test::GgufBytes;

GgufHeader parse(const std::string& bytes) {
  return read_gguf_header(
      [&](std::uint64_t offset, void* to, std::size_t count) {
        REQUIRE(offset + count <= bytes.size());  // never asked for what is beyond its end
        std::memcpy(to, bytes.data() + offset, count);
      },
      bytes.size(), "file");
}

// Two tensors, the first with padding behind it, and a key of every kind.
std::string good() {
  return GgufBytes()
      .text("general.architecture", "llama")
      .number("n.u8", 0, std::uint8_t{200})
      .number("n.i8", 1, std::int8_t{-3})
      .number("n.u16", 2, std::uint16_t{65535})
      .number("n.i16", 3, std::int16_t{-300})
      .number("n.u32", 4, std::uint32_t{4000000000U})
      .number("n.i32", 5, std::int32_t{-70000})
      .number("n.f32", 6, 0.5F)
      .number("n.bool", 7, std::uint8_t{1})
      .number("n.u64", 10, std::uint64_t{1} << 60U)
      .number("n.i64", 11, std::int64_t{-5})
      .number("n.f64", 12, 0.25)
      .texts("words", {"a", "", "b c"})
      .tensor("one", {3}, 0, 0)
      .tensor("two", {32, 2}, 2, 32)
      .file(32 + 36);
}

TEST_CASE("a GGUF header gives its keys and tensors", "[gguf]") {
  for (const std::uint32_t version : {2U, 3U}) {
    std::string bytes = good();
    bytes[4] = static_cast<char>(version);
    const GgufHeader header = parse(bytes);
    CHECK(header.metadata == json::parse(R"({"general.architecture": "llama", "n.u8": 200,
        "n.i8": -3, "n.u16": 65535, "n.i16": -300, "n.u32": 4000000000, "n.i32": -70000,
        "n.f32": 0.5, "n.bool": true, "n.u64": 1152921504606846976, "n.i64": -5, "n.f64": 0.25,
        "words": ["a", "", "b c"]})"));
    REQUIRE(header.weights.tensors.size() == 2);
    const StoredTensor& two = header.weights.tensors[1];
    CHECK(header.weights.tensors[0].end == 12);
    CHECK(two.dtype == "Q4_0");
    CHECK(two.shape == std::vector<std::int64_t>{2, 32});  // the file counts from the last one
    CHECK(two.begin == 32);
    CHECK(two.end == 68);
    CHECK(header.weights.data_start == bytes.size() - 68);
    CHECK(header.weights.data_start % 32 == 0);
  }
}

TEST_CASE("a file may end with padding, or without", "[gguf]") {
  const GgufBytes one = GgufBytes().tensor("one", {3}, 0, 0);
  CHECK(parse(one.file(12)).weights.tensors.size() == 1);
  CHECK(parse(one.file(32)).weights.tensors.size() == 1);
  CHECK_THAT(failure_of([&] { parse(one.file(33)); }).message, Contains("trailing bytes"));
  CHECK_THAT(failure_of([&] { parse(one.file(11)); }).message, Contains("truncated"));
  CHECK(parse(GgufBytes().file(0)).weights.tensors.empty());
}

TEST_CASE("a file's own alignment is kept", "[gguf]") {
  const auto with = [](std::uint32_t alignment) {
    return GgufBytes().number("general.alignment", 4, alignment).alignment(alignment);
  };
  const GgufHeader header = parse(with(64).tensor("a", {1}, 0, 0).tensor("b", {1}, 0, 64).file(68));
  CHECK(header.weights.data_start % 64 == 0);
  CHECK(header.weights.tensors[1].begin == 64);
  for (const std::uint32_t wrong : {0U, 3U, 48U, 0x80000000U, 0x200000U}) {
    CHECK_THAT(failure_of([&] {
                 parse(GgufBytes().number("general.alignment", 4, wrong).file(0));
               }).message,
               Contains("a power of two"));
  }
}

TEST_CASE("a damaged GGUF file is refused, and says why", "[gguf]") {
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 62U;
  const auto [bytes, message] = GENERATE_COPY(table<std::string, std::string>({
      {"", "begins with \"GGUF\""},
      {"GGUF", "begins with \"GGUF\""},
      {std::string(24, 'x'), "begins with \"GGUF\""},
      {GgufBytes().file(0).replace(4, 1, "\1"), "version 1 is not supported; supported: 2, 3"},
      {GgufBytes().file(0).replace(4, 1, "\4"), "version 4 is not supported"},
      {GgufBytes().file(0).replace(4, 4, std::string("\0\0\0\3", 4)), "big-endian"},
      {GgufBytes().counts(kHuge, 0).file(0), "as many tensors as fit"},
      {GgufBytes().counts(0, kHuge).file(0), "as many keys as fit"},
      {GgufBytes().counts(1, 0).file(0), "as many tensors as fit"},
      {GgufBytes().text("a", "1").text("a", "2").file(0), "key \"a\" stands twice"},
      {GgufBytes().text("", "1").file(0), "a key is empty"},
      {GgufBytes().text(std::string("a\0b", 3), "1").file(0), "holds a NUL"},
      {GgufBytes().number("a", 13, 1).file(0), "unknown type 13"},
      {GgufBytes().number("a", 0xFFFFFFFFU, 1).file(0), "unknown type 4294967295"},
      {GgufBytes().number("a", 7, std::uint8_t{2}).file(0), "true or false (1 or 0), found 2"},
      {GgufBytes().number("a", 6, std::numeric_limits<float>::infinity()).file(0), "finite"},
      {GgufBytes().number("a", 12, std::numeric_limits<double>::quiet_NaN()).file(0), "finite"},
      {GgufBytes().list("a", 9, 1).file(64), "lists of lists"},
      {GgufBytes().list("a", 0, kHuge).file(64), "a list of 4611686018427387904 elements"},
      {GgufBytes().list("a", 8, kHuge).file(64), "expected at most"},
      {GgufBytes().list("a", 11, 0x2000000000000001U).file(64), "expected at most"},
      {GgufBytes().long_text("a", kHuge).file(64), "truncated"},
      {GgufBytes().tensor("a", {3}, 0, 0).tensor("a", {3}, 0, 32).file(64), "\"a\" stands twice"},
      {GgufBytes().tensor("", {3}, 0, 0).file(32), "a tensor's name is empty"},
      {GgufBytes().tensor("a", {}, 0, 0).file(32), "1 to 4 dimensions, found 0"},
      {GgufBytes().tensor("a", {1, 1, 1, 1, 1}, 0, 0).file(32), "1 to 4 dimensions, found 5"},
      {GgufBytes().tensor("a", {3, 0}, 0, 0).file(32), "dimensions from 1 to 2^48, found 0"},
      {GgufBytes().tensor("a", {kHuge}, 0, 0).file(32), "dimensions from 1 to 2^48"},
      {GgufBytes().tensor("a", {1U << 31U, 1U << 31U, 1U << 31U}, 0, 0).file(32),
       "a size that the file of"},
      {GgufBytes().tensor("a", {32, 1U << 30U}, 8, 0).file(32), "a size that the file of"},
      {GgufBytes().tensor("a", {256}, 16, 0).file(66),
       "type IQ2_XXS is not supported; supported: F32"},
      {GgufBytes().tensor("a", {256}, 39, 0).file(84), "type MXFP4 is not supported"},
      {GgufBytes().tensor("a", {4}, 26, 0).file(32), "type I32 is not supported"},
      {GgufBytes().tensor("a", {4}, 4, 0).file(32), "type 4 is not supported"},
      {GgufBytes().tensor("a", {4}, 99, 0).file(32), "type 99 is not supported"},
      {GgufBytes().tensor("a", {33}, 2, 0).file(36), "a multiple of 32 elements (Q4_0), found 33"},
      {GgufBytes().tensor("a", {128, 2}, 14, 0).file(210), "a multiple of 256 elements (Q6_K)"},
      {GgufBytes().tensor("a", {3}, 0, 32).file(64), "(a gap)"},
      {GgufBytes().tensor("a", {3}, 0, 4).file(64), "(a gap)"},
      {GgufBytes().tensor("a", {3}, 0, 0).tensor("b", {3}, 0, 0).file(32), "(an overlap"},
      {GgufBytes().tensor("a", {3}, 0, 0).tensor("b", {3}, 0, 12).file(32), "not aligned)"},
      {GgufBytes().tensor("a", {3}, 0, 0).tensor("b", {3}, 0, kHuge).file(64), "(a gap)"},
      {GgufBytes().tensor("a", {3}, 0, 0).tensor("b", {3}, 0, 64).file(76), "(a gap)"},
      {GgufBytes().tensor("a", {3}, 0, 0).file(0), "truncated"},
  }));
  CAPTURE(message);
  const Failure failure = failure_of([&] { parse(bytes); });
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
  CHECK(failure.message.starts_with("file: "));
  CHECK(failure.message.find('\n') == std::string::npos);
}

TEST_CASE("a GGUF file cut anywhere is refused", "[gguf]") {
  const std::string bytes = good();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(failure_of([&] { parse(bytes.substr(0, size)); }).kind == ErrorKind::input);
  }
}

// Whatever a byte is changed to: an error, or a header whose tensors lie within the file.
TEST_CASE("a GGUF header with any byte changed is read safely", "[gguf]") {
  const std::string bytes = good();
  for (std::size_t i = 0; i < bytes.size() - 68; ++i) {
    for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ flip);
      try {
        const WeightsHeader weights = parse(damaged).weights;
        for (const StoredTensor& tensor : weights.tensors) {
          CHECK(weights.data_start + tensor.end <= damaged.size());
        }
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::input);
      }
    }
  }
}

TEST_CASE("a header longer than the reader's buffer is read whole", "[gguf]") {
  const std::vector<std::string> words(20'000, "token");
  const GgufHeader header = parse(GgufBytes().texts("words", words).text("last", "x").file(0));
  CHECK(header.metadata.at("words").size() == words.size());
  CHECK(header.metadata.at("last") == "x");
}

std::string from_hexadecimal(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// Golden blocks and values: the package `gguf`, tests/golden/make_gguf_golden.py.
TEST_CASE("blocks are decoded bit for bit as the reference decodes them", "[gguf]") {
  const json golden = json::parse(test::read_bytes(test::fixture("../gguf/blocks.json")));
  for (const char* name : {"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
                           "Q6_K", "IQ4_NL", "IQ4_XS"}) {
    CAPTURE(name);
    const StoredDtype* dtype = find_stored_dtype(name);
    REQUIRE(dtype != nullptr);
    const std::string blocks = from_hexadecimal(golden.at(name).at("blocks"));
    const std::string expected = from_hexadecimal(golden.at(name).at("values"));
    const auto count = static_cast<std::int64_t>(blocks.size()) / dtype->bytes;
    REQUIRE(count * dtype->bytes == static_cast<std::int64_t>(blocks.size()));
    std::vector<float> values(static_cast<std::size_t>(count * dtype->elements));
    REQUIRE(values.size() * sizeof(float) == expected.size());
    dtype->decode(reinterpret_cast<const unsigned char*>(blocks.data()), count, values.data());
    CHECK(std::memcmp(values.data(), expected.data(), expected.size()) == 0);
  }
}

// float16 of the scale at both ends and beyond: zero, the smallest, the largest, an infinity, a
// NaN.
TEST_CASE("scales of every kind are decoded", "[gguf]") {
  const auto decode = [](unsigned scale) {
    std::vector<unsigned char> block(34, 1);
    block[0] = static_cast<unsigned char>(scale & 0xFFU);
    block[1] = static_cast<unsigned char>(scale >> 8U);
    std::vector<float> values(32);
    dequantise_q8_0(block.data(), 1, values.data());
    return values[31];
  };
  CHECK(decode(0x0000) == 0.0F);
  CHECK(decode(0x0001) == 0x1p-24F);
  CHECK(decode(0x83FF) == -1023 * 0x1p-24F);
  CHECK(decode(0x0400) == 0x1p-14F);
  CHECK(decode(0x7BFF) == 65504.0F);
  CHECK(std::isinf(decode(0xFC00)));
  CHECK(std::isnan(decode(0x7E01)));
}

}  // namespace
}  // namespace souvenir

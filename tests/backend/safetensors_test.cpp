#include "harness/backend/safetensors.h"

#include <string>

#include "tests/support/aten_catch.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

using Catch::Contains;
using test::Failure;
using test::failure_of;

WeightsHeader parse(const std::string& header, std::uint64_t data_bytes) {
  return parse_safetensors_header(header, kSafetensorsLengthBytes + header.size() + data_bytes,
                                  "file");
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  std::string out = "\"";
  out.append(name).append(R"(":{"dtype":")").append(dtype);
  out.append(R"(","shape":)").append(shape);
  return out.append(R"(,"data_offsets":)").append(offsets).append("}");
}

std::string in_braces(const std::string& inside) {
  std::string out = "{";
  return out.append(inside).append("}");
}

std::string length_field(std::uint64_t length) {
  std::string field;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    field += static_cast<char>((length >> shift) & 0xFFU);
  }
  return field;
}

TEST_CASE("a safetensors header gives its tensors in the order of their bytes", "[safetensors]") {
  const std::string header =
      in_braces(entry("b", "BF16", "[2,3]", "[4,16]") + R"(,"__metadata__":{"format":"pt"},)" +
                entry("empty", "F32", "[0,7]", "[16,16]") + "," + entry("a", "F32", "[]", "[0,4]"))
          .append("   ");
  const WeightsHeader parsed = parse(header, 16);
  REQUIRE(parsed.data_start == 8 + header.size());
  REQUIRE(parsed.tensors.size() == 3);
  CHECK(parsed.tensors[0].name == "a");
  CHECK(parsed.tensors[0].shape.empty());
  CHECK(parsed.tensors[1].name == "b");
  CHECK(parsed.tensors[1].dtype == "BF16");
  CHECK(parsed.tensors[1].shape == std::vector<std::int64_t>{2, 3});
  CHECK(parsed.tensors[1].begin == 4);
  CHECK(parsed.tensors[1].end == 16);
  CHECK(parsed.tensors[2].name == "empty");
}

TEST_CASE("a safetensors header may hold nothing", "[safetensors]") {
  CHECK(parse("{}", 0).tensors.empty());
  CHECK(parse(R"({"__metadata__":{}})", 0).tensors.empty());
}

TEST_CASE("every dtype of the format is known by its size", "[safetensors]") {
  const auto [dtype, bytes] = GENERATE(table<std::string, std::string>(
      {{"BOOL", "8"},    {"U8", "8"},          {"I8", "8"},          {"U16", "16"},
       {"I16", "16"},    {"U32", "32"},        {"I32", "32"},        {"U64", "64"},
       {"I64", "64"},    {"F16", "16"},        {"BF16", "16"},       {"F32", "32"},
       {"F64", "64"},    {"C64", "64"},        {"F8_E4M3", "8"},     {"F8_E5M2", "8"},
       {"F8_E8M0", "8"}, {"F8_E4M3FNUZ", "8"}, {"F8_E5M2FNUZ", "8"}, {"F6_E2M3", "6"},
       {"F6_E3M2", "6"}, {"F4", "4"}}));
  CAPTURE(dtype);
  const std::string header = in_braces(entry("x", dtype, "[8]", std::string("[0,") + bytes + "]"));
  CHECK(parse(header, std::stoul(bytes)).tensors.size() == 1);
}

TEST_CASE("a damaged safetensors header is refused, and says why", "[safetensors]") {
  const std::string good = entry("a", "F32", "[2]", "[0,8]");
  const auto [header, data_bytes, message] = GENERATE_COPY(table<std::string, int, std::string>({
      {"", 0, "begins with '{'"},
      {" {}", 0, "begins with '{'"},
      {"[]", 0, "begins with '{'"},
      {std::string("{}\0}", 4), 0, "no NUL"},
      {std::string("{").append(good), 8, "not valid JSON"},
      {in_braces(good).append(" x"), 8, "not valid JSON"},
      {in_braces(good + ","), 8, "not valid JSON"},
      {"{\"\xff\":1}", 0, "not valid JSON"},
      {in_braces(good + "," + good), 8, "tensor \"a\" stands twice"},
      {R"({"__metadata__":{},"__metadata__":{}})", 0, "stands twice"},
      {R"({"__metadata__":{"k":"v","k":"v"}})", 0, "\"k\" stands twice"},
      {R"({"__metadata__":{"k":1}})", 0, "where none may stand"},
      {R"({"__metadata__":{"k":{}}})", 0, "where none may stand"},
      {R"({"__metadata__":null})", 0, "where none may stand"},
      {R"({"a\u0000b":{}})", 0, "holds a NUL"},
      {R"({"a":7})", 0, "where none may stand"},
      {R"({"a":[]})", 0, "where none may stand"},
      {R"({"a":{"dtype":"F32","shape":[2]}})", 8, "one is missing"},
      {R"({"a":{}})", 0, "one is missing"},
      {R"({"a":{"dtype":"F32","dtype":"F32"}})", 0, "\"dtype\" stands twice"},
      {R"({"a":{"dtype":"F32","strides":[1]}})", 0, "found the key \"strides\""},
      {R"({"a":{"dtype":32}})", 0, "where none may stand"},
      {R"({"a":{"shape":2}})", 0, "where none may stand"},
      {R"({"a":{"shape":[[2]]}})", 0, "where none may stand"},
      {R"({"a":{"shape":["2"]}})", 0, "where none may stand"},
      {R"({"a":{"shape":[true]}})", 0, "where none may stand"},
      {in_braces(entry("a", "F32", "[2]", "[0]")), 8, "expected 2 numbers, found 1"},
      {in_braces(entry("a", "F32", "[2]", "[0,8,8]")), 8, "expected 2 numbers, found 3"},
      {in_braces(entry("a", "F32", "[-2]", "[0,8]")), 8, "a negative number"},
      {in_braces(entry("a", "F32", "[2.0]", "[0,8]")), 8, "no integer below 2^48"},
      {in_braces(entry("a", "F32", "[2]", "[0,8e0]")), 8, "no integer below 2^48"},
      {in_braces(entry("a", "F32", "[99999999999999999999]", "[0,8]")), 8, "no integer below 2^48"},
      {in_braces(entry("a", "F32", "[281474976710656]", "[0,8]")), 8, "below 2^48"},
      {in_braces(entry("a", "F32", "[281474976710655,281474976710655]", "[0,8]")), 8, "overflows"},
      {in_braces(entry("a", "F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]")), 8, "at most 8 dimensions"},
      {in_braces(entry("a", "F4", "[3]", "[0,1]")), 1, "no whole number of bytes"},
      {in_braces(entry("a", "Q4_0", "[2]", "[0,8]")), 8, "unknown dtype \"Q4_0\""},
      {in_braces(entry("a", "F32", "[2]", "[8,0]")), 8, "end before they begin"},
      {in_braces(entry("a", "F32", "[3]", "[0,8]")), 8, "expected 12 bytes"},
      {in_braces(entry("a", "F32", "[2]", "[4,12]")), 12, "(a gap)"},
      {in_braces(good + "," + entry("b", "F32", "[1]", "[12,16]")), 16, "(a gap)"},
      {in_braces(good + "," + entry("b", "F32", "[2]", "[4,12]")), 12, "(an overlap)"},
      {in_braces(good + "," + entry("b", "F32", "[2]", "[0,8]")), 8, "(an overlap)"},
      {in_braces(good), 7, "truncated"},
      {in_braces(good), 9, "trailing bytes"},
      {"{}", 1, "trailing bytes"},
  }));
  CAPTURE(header, data_bytes);
  const Failure failure =
      failure_of([&] { parse(header, static_cast<std::uint64_t>(data_bytes)); });
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
  CHECK(failure.message.starts_with("file: "));
  CHECK(failure.message.find('\n') == std::string::npos);
}

TEST_CASE("nesting as deep as it likes is refused at its third level", "[safetensors]") {
  const std::string header = "{\"a\":" + std::string(1'000'000, '[');
  CHECK_THAT(failure_of([&] { parse(header, 0); }).message, Contains("where none may stand"));
}

TEST_CASE("the names in a message are short and printable", "[safetensors]") {
  const std::string name = "\\u001b[31m" + std::string(5000, 'x');
  const Failure failure =
      failure_of([&] { parse(in_braces(entry(name, "F99", "[2]", "[0,8]")), 8); });
  CHECK(failure.message.size() < 250);
  CHECK_THAT(failure.message, Contains("\\x1b[31m"));
}

TEST_CASE("a header of more than a million tensors is refused", "[safetensors]") {
  std::string header = "{";
  for (int i = 0; i <= 1'000'001; ++i) {
    header += i == 0 ? "" : ",";
    header += entry(std::to_string(i), "F32", "[0]", "[0,0]");
  }
  CHECK_THAT(failure_of([&] { parse(header + "}", 0); }).message, Contains("1,000,000 tensors"));
}

TEST_CASE("a header damaged anywhere is read or refused, never anything else", "[safetensors]") {
  const std::string file = test::read_bytes(test::fixture("llama") / "model.safetensors");
  const test::SafetensorsParts parts = test::take_apart(file);
  const std::string header = parts.header.dump();
  std::mt19937 random(1);  // the same damage every time
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string broken = test::damaged(header, random);
    const Failure failure = failure_of([&] { parse(broken, parts.data.size()); });
    const bool was_refused = failure.kind == ErrorKind::input;
    REQUIRE((was_refused || failure.message == "(did not fail)"));
    refused += was_refused ? 1 : 0;
  }
  CHECK(refused > 2000);
}

TEST_CASE("the length of the header is checked before anything is allocated", "[safetensors]") {
  CHECK(safetensors_header_bytes(length_field(2), 10, "file") == 2);
  const auto [field, file_bytes, message] = GENERATE_COPY(table<std::string, int, std::string>({
      {"1234567", 7, "found only 7 bytes"},
      {length_field(3), 10, "truncated"},
      {length_field(100'000'001), 10, "at most 100000000"},
      {length_field(~std::uint64_t{0}), 10, "at most 100000000"},
  }));
  CAPTURE(file_bytes);
  const Failure failure = failure_of(
      [&] { safetensors_header_bytes(field, static_cast<std::uint64_t>(file_bytes), "file"); });
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
}

}  // namespace
}  // namespace souvenir

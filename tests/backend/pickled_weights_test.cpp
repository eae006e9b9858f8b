#include "harness/backend/pickled_weights.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "harness/backend/pickle.h"
#include "harness/error.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

using Catch::Contains;
using test::refusal_of;
using test::ScratchDirectory;
namespace fs = std::filesystem;

// Written by torch.save: tests/golden/make_pickled.py.
const fs::path kFolder = fs::path(SOUVENIR_SOURCE_DIR) / "tests/golden/pickled";

std::string refusal_of_pickle(const std::string& bytes) {
  return refusal_of([&] { read_torch_pickle(bytes, "x.bin"); });
}

std::string bytes_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

PickledWeights read_bytes(const ScratchDirectory& scratch, const std::string& bytes) {
  std::ofstream(scratch / "m.bin", std::ios::binary) << bytes;
  return read_pickled_weights(CheckpointFile(scratch.path(), "m.bin"));
}

std::string text(const std::string& content) {
  const auto size = static_cast<char>(content.size());
  return std::string("X") + size + std::string(3, '\0') + content;
}

std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}

std::string integer(int value) { return std::string("K") + static_cast<char>(value); }

const std::string kStart = "\x80\x02";

// A pickle of one dictionary with "w", a 2 by 3 tensor.
std::string one_tensor(const std::string& storage_type = "FloatStorage",
                       const std::string& shape = integer(2) + integer(3) + "\x86",
                       const std::string& rebuild = "_rebuild_tensor_v2") {
  return kStart + "}" + text("w") + global("torch._utils", rebuild) + "((" + text("storage") +
         global("torch", storage_type) + text("0") + text("cpu") + integer(6) + "tQ" + integer(0) +
         shape + integer(3) + integer(1) + "\x86" + "\x89" + global("collections", "OrderedDict") +
         ")RtRs.";
}

}  // namespace

TEST_CASE("a pickle of tensors is read without executing it", "[pickle]") {
  const auto tensors = read_torch_pickle(one_tensor(), "x.bin");
  REQUIRE(tensors.size() == 1);
  CHECK(tensors[0].name == "w");
  CHECK(tensors[0].dtype == "F32");
  CHECK(tensors[0].storage == "0");
  CHECK(tensors[0].storage_elements == 6);
  CHECK(tensors[0].shape == std::vector<std::int64_t>{2, 3});
  CHECK(tensors[0].strides == std::vector<std::int64_t>{3, 1});
  CHECK(read_torch_pickle(kStart + "}.", "x.bin").empty());
}

TEST_CASE("what a pickle would run is refused by its name", "[pickle]") {
  const auto [pickle, expected] = GENERATE(table<std::string, std::string>({
      {kStart + global("os", "system") + text("true") + "\x85R.", "names \"os.system\""},
      {kStart + global("posix", "system") + text("true") + "\x85R.", "names \"posix.system\""},
      {kStart + global("builtins", "eval") + text("1") + "\x85R.", "names \"builtins.eval\""},
      {kStart + global("__builtin__", "getattr") + ")R.", "names \"__builtin__.getattr\""},
      {kStart + global("torch", "load") + ")R.", "names \"torch.load\""},
      {kStart + global("torch._utils", "_rebuild_tensor") + ")R.", "_rebuild_tensor"},
      // Hidden: below the dictionary, behind a module with a dot, in the memory, as a state.
      {kStart + "}" + text("w") + global("os", "system") + text("true") + "\x85Rs.", "os.system"},
      {kStart + global("collections.OrderedDict", "fromkeys") + ")R.", "OrderedDict.fromkeys"},
      {kStart + global("os", "system") +
           "q\x01"
           "0}" +
           text("w") + "h\x01)Rs.",
       "os.system"},
      {kStart + global("collections", "OrderedDict") + ")R" + global("os", "system") + "b.",
       "os.system"},
      // What is on the list, used for something else.
      {kStart + global("torch", "FloatStorage") + ")R.", "calls torch.FloatStorage"},
      {kStart + global("collections", "OrderedDict") + text("a") + "\x85R.", "with arguments"},
      {kStart + global("collections", "OrderedDict") + "}b.", "sets the state of something else"},
      {kStart + text("posix") + text("system") + "\x93.", "opcode 147"},
      {kStart + "(ios\nsystem\n.", "opcode 105"},
      {kStart + "(cos\nsystem\no.", "os.system"},
      {kStart + global("collections", "OrderedDict") + ")\x81.", "opcode 129"},
      {kStart + text("a") + "Q.", "unexpected"},
      {kStart + "\x82\x01.", "opcode 130"},
      {kStart + "\x97.", "opcode 151"},
      {"\x80\x04}.", "expected protocol 2"},
      {"}.", "expected protocol 2"},
  }));
  CAPTURE(expected);
  CHECK_THAT(refusal_of_pickle(pickle), Contains(expected));
  CHECK_THAT(refusal_of_pickle(pickle), Contains("nothing of it was executed"));
}

TEST_CASE("pickles that are damaged, or not weights, are refused", "[pickle]") {
  const auto [pickle, expected] = GENERATE(table<std::string, std::string>({
      {kStart, "cut off"},
      {kStart + ".", "expected one value"},
      {kStart + "}}.", "expected one value"},
      {kStart + "}.}", "expected one value"},
      {kStart + "(}.", "expected one value"},
      {kStart + "N.", "expected a dictionary of tensors"},
      {kStart + "}" + text("a") + integer(1) + "s.", "something else under \"a\""},
      {kStart + "}" + integer(1) + integer(1) + "s.", "something else;"},
      {kStart + "}" + text("model") + "}s.", "something else under \"model\""},
      {kStart + "s.", "a value that is not there"},
      {kStart + "}(s.", "a value that is not there"},
      {kStart + "}" + text("a") + "u.", "a mark that is not there"},
      {kStart + "}(" + text("a") + "u.", "adds to what is no such container"},
      {kStart + "]" + integer(1) + "(u.", "adds to what is no such container"},
      {kStart + "h\x05.", "recalls what was not remembered"},
      {kStart + "q\x05.", "remembers what is not there"},
      {kStart + "}r" + std::string("\xFF\xFF\xFF\x7F") + ".", "remembers what is not there"},
      {kStart + "X\xFF\xFF\xFF\xFF"
                "a.",
       "cut off"},
      {kStart + "\x8A\x09"
                "123456789.",
       "more than 64 bits"},
      {kStart + std::string(2000, '('), "nested more than 1000 levels"},
      {one_tensor("QInt8Storage"), "names \"torch.QInt8Storage\""},
      {one_tensor("FloatStorage", integer(2) + "\x85"), "other strides than dimensions"},
      {one_tensor("FloatStorage", text("2") + integer(3) + "\x86"), "something unexpected"},
      {one_tensor("FloatStorage", "N"), "something unexpected"},
  }));
  CAPTURE(expected);
  CHECK_THAT(refusal_of_pickle(pickle), Contains(expected));
}

TEST_CASE("too many values are refused before they fill the memory", "[pickle]") {
  CHECK_THAT(refusal_of_pickle(kStart + std::string(5'000'000, 'N') + "."),
             Contains("more than 4000000 values"));
  std::string again = kStart + "]q\x01";
  for (int i = 0; i < 2'500'000; ++i) {
    again += "h\x01";
  }
  CHECK_THAT(refusal_of_pickle(again + again.substr(5) + "."), Contains("more than 4000000"));
}

// Before PyTorch 1.6, without an archive.
TEST_CASE("what torch.save wrote is found where it lies", "[pickle]") {
  const std::string name = GENERATE("pytorch_model.bin", "old.bin");
  CAPTURE(name);
  const PickledWeights weights = read_pickled_weights(CheckpointFile(kFolder, name));
  CHECK(weights.shared == std::vector<std::string>{"tied"});
  std::string bytes = bytes_of(kFolder / name);
  REQUIRE(weights.header.tensors.size() == 6);
  for (const StoredTensor& tensor : weights.header.tensors) {
    CAPTURE(tensor.name);
    const bool half = tensor.name == "half" || tensor.name == "brain";
    CHECK(tensor.end - tensor.begin == (half ? 8U : tensor.name == "scalar" ? 4U : 24U));
    CHECK((tensor.form == StoredForm::transposed) == (tensor.name == "turned"));
    if (tensor.dtype == "F32") {
      float first = 0;
      std::copy_n(bytes.data() + tensor.begin, 4, reinterpret_cast<char*>(&first));
      const float expected = tensor.name == "scalar"   ? 7.0F
                             : tensor.name == "slice"  ? 106.0F
                             : tensor.name == "turned" ? 200.0F
                                                       : 100.0F;
      CHECK(first == expected);
    }
  }
}

TEST_CASE("a damaged pytorch_model.bin is refused, or read as what it still is", "[pickle]") {
  const ScratchDirectory scratch;
  const std::string name = GENERATE("pytorch_model.bin", "old.bin");
  const bool is_archive = name != "old.bin";
  CAPTURE(name);
  const std::string whole = bytes_of(kFolder / name);
  SECTION("cut off at every byte") {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      REQUIRE(refusal_of([&] { read_bytes(scratch, whole.substr(0, size)); }) != "(not refused)");
    }
  }
  SECTION("something behind the end") {
    CHECK_THAT(refusal_of([&] { read_bytes(scratch, whole + "x"); }),
               Contains(is_archive ? "at the end" : "trailing bytes"));
  }
  SECTION("every byte changed") {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char by : {'\x01', '\x80', '\xFF'}) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ by);
        try {
          for (const StoredTensor& tensor : read_bytes(scratch, changed).header.tensors) {
            CAPTURE(at);
            REQUIRE(tensor.begin <= tensor.end);
            REQUIRE(tensor.end <= changed.size());
          }
        } catch (const Error& error) {
          CAPTURE(at);
          REQUIRE(error.kind() == ErrorKind::input);
        }
      }
    }
  }
  SECTION("other formats, and none") {
    for (const char* bytes : {"", "P", "\x80\x02\x8A\x0Al\xFC\x9C\x46\xF9", "hello"}) {
      CHECK_THAT(refusal_of([&] { read_bytes(scratch, bytes); }),
                 Contains("safe_serialization=True"));
    }
  }
}

// What a file of the old format says about itself, changed one thing at a time.
TEST_CASE("an old pytorch_model.bin that contradicts itself is refused", "[pickle]") {
  const ScratchDirectory scratch;
  const auto [from, to, message] = GENERATE(table<std::string, std::string, std::string>({
      {"little_endian", "midget_endian", "expected little-endian numbers"},
      {"cpuq\x08K\x0CNt", "cpuq\x08K\x0C)t", "numbers that are a part of others"},
  }));
  CAPTURE(message);
  std::string bytes = bytes_of(kFolder / "old.bin");
  const std::size_t at = bytes.find(from);
  REQUIRE(at != std::string::npos);
  CHECK_THAT(refusal_of([&] { read_bytes(scratch, bytes.replace(at, from.size(), to)); }),
             Contains(message));
}

}  // namespace souvenir

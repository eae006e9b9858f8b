#include "harness/backend/checkpoint.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "harness/backend/load_weights.h"
#include "harness/digest.h"
#include "tests/support/aten_catch.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using test::Failure;
using test::failure_of;
using test::ScratchDirectory;

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

LoadedWeights load_all(Checkpoint& checkpoint) {
  const Blueprint blueprint = read_blueprint(checkpoint.config);
  const Match match = match_tensors(blueprint, checkpoint);
  return load_weights(blueprint, match, checkpoint, at::kFloat, at::kCPU);
}

// Opens a copy of a fixture after `damage` was done to it.
Failure failure_after(const std::string& name, const std::function<void(const fs::path&)>& damage) {
  const ScratchDirectory scratch;
  const fs::path directory = scratch / "model";
  test::copy_fixture(name, directory);
  damage(directory);
  return failure_of([&] {
    Checkpoint checkpoint = open_checkpoint(directory);
    load_all(checkpoint);
  });
}

TEST_CASE("a checkpoint's files are digested while they are read", "[checkpoint]") {
  const auto name = GENERATE(as<std::string>(), "llama", "llama_linear");
  Checkpoint checkpoint = open_checkpoint(test::fixture(name));
  std::vector<FileDigest> files = checkpoint.files;
  const LoadedWeights loaded = load_all(checkpoint);
  files.insert(files.end(), loaded.files.begin(), loaded.files.end());
  CHECK(files.size() == (name == "llama" ? 3U : 5U));
  for (const FileDigest& file : files) {
    CAPTURE(file.name);
    const std::string bytes = test::read_bytes(test::fixture(name) / file.name);
    CHECK(file.bytes == bytes.size());
    CHECK(file.sha256 == hex(sha256(bytes)));
  }
}

TEST_CASE("what is no checkpoint is refused in one line", "[checkpoint]") {
  const ScratchDirectory scratch;
  const auto message_of = [](const fs::path& path) {
    const Failure failure = failure_of([&] { open_checkpoint(path); });
    CHECK(failure.kind == ErrorKind::input);
    CHECK(failure.message.find('\n') == std::string::npos);
    CHECK_THAT(failure.message, Contains(path.string()));
    return failure.message;
  };
  CHECK_THAT(message_of(scratch / "nowhere"), Contains("no such directory"));
  CHECK_THAT(message_of(scratch.path()), Contains("no config.json"));
  test::write_bytes(scratch / "config.json", R"({"model_type":"llama"})");
  CHECK_THAT(message_of(scratch / "config.json"), Contains("found a file"));
  CHECK_THAT(message_of(scratch.path()), Contains("no weights"));
  test::write_bytes(scratch / "pytorch_model.bin", "");
  CHECK_THAT(message_of(scratch.path()), Contains("not a file that torch.save wrote"));
  test::write_bytes(scratch / kSingle, "");
  CHECK_THAT(message_of(scratch.path()), Contains("found only 0 bytes"));
  test::write_bytes(scratch / kSingle, test::safetensors("{}", ""));
  CHECK_NOTHROW(open_checkpoint(scratch.path()));
  test::write_bytes(scratch / "adapter_config.json", "{}");
  CHECK_THAT(message_of(scratch.path()), Contains("found an adapter"));
}

TEST_CASE("a damaged file is refused, and says what is wrong with it", "[checkpoint]") {
  using Damage = std::function<void(const fs::path&)>;
  const auto cut = [](const fs::path& at, std::uintmax_t bytes) {
    fs::resize_file(at, fs::file_size(at) - bytes);
  };
  const auto [damage, message] = GENERATE_COPY(table<Damage, std::string>({
      {[=](const fs::path& at) { cut(at / kSingle, 1); }, "truncated"},
      {[=](const fs::path& at) { fs::resize_file(at / kSingle, 100); }, "truncated"},
      {[=](const fs::path& at) { fs::resize_file(at / kSingle, 5); }, "found only 5 bytes"},
      {[=](const fs::path& at) { fs::resize_file(at / kSingle, 500000); }, "trailing bytes"},
      {[](const fs::path& at) { test::write_bytes(at / "config.json", "{"); }, "not valid JSON"},
      {[](const fs::path& at) { test::write_bytes(at / "config.json", "[]"); },
       "expected an object"},
      {[](const fs::path& at) { test::write_bytes(at / "config.json", std::string(1048577, ' ')); },
       "at most 1048576 bytes"},
      {[](const fs::path& at) { test::write_bytes(at / "generation_config.json", "x"); },
       "generation_config.json: not valid JSON"},
      {[](const fs::path& at) {
         test::write_bytes(at / "generation_config.json", R"({"eos_token_id":"</s>"})");
       },
       "expected a token id"},
      {[](const fs::path& at) {
         fs::remove(at / kSingle);
         ::mkfifo((at / kSingle).c_str(), 0600);
       },
       "expected a regular file"},
      {[](const fs::path& at) {
         fs::remove(at / kSingle);
         fs::create_directory(at / kSingle);
       },
       "expected a regular file"},
      {[](const fs::path& at) {
         fs::remove(at / kSingle);
         fs::create_symlink("nowhere", at / kSingle);
       },
       "no such file"},
  }));
  CAPTURE(message);
  const Failure failure = failure_after("llama", damage);
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
  CHECK(failure.message.find('\n') == std::string::npos);
}

TEST_CASE("index and shards must agree on every tensor", "[checkpoint]") {
  using Damage = std::function<void(const fs::path&)>;
  const auto edit_map = [](const std::function<void(nlohmann::json&)>& edit) -> Damage {
    return [edit](const fs::path& at) {
      test::edit_json(at / kIndex, [&](nlohmann::json& index) { edit(index["weight_map"]); });
    };
  };
  const std::string first = "model-00001-of-00003.safetensors";
  const std::string second = "model-00002-of-00003.safetensors";
  const std::string norm = "model.norm.weight";
  const auto [damage, message] = GENERATE_COPY(table<Damage, std::string>({
      {[](const fs::path& at) { test::write_bytes(at / kIndex, "{}"); }, "a weight_map"},
      {[](const fs::path& at) { test::write_bytes(at / kIndex, R"({"weight_map":{}})"); },
       "a weight_map"},
      {[](const fs::path& at) { test::write_bytes(at / kIndex, R"({"weight_map":{"a":1}})"); },
       "expected a string"},
      {[](const fs::path& at) {
         test::write_bytes(at / kIndex, R"({"weight_map":{"a":"x","a":"x"}})");
       },
       "twice"},
      {[=](const fs::path& at) { fs::remove(at / second); }, second + ": no such file"},
      {edit_map([=](auto& map) { map["model.extra"] = second; }), "\"model.extra\": missing"},
      {edit_map([=](auto& map) { map.erase(norm); }), "does not say that it is in this file"},
      {edit_map([=](auto& map) { map[norm] = map[norm] == first ? second : first; }),
       "tensor \"model.norm.weight\""},
      {edit_map([=](auto& map) { map[norm] = "../" + second; }), "expected only A-Z a-z 0-9"},
      {edit_map([=](auto& map) { map[norm] = ".hidden"; }), "no leading dot"},
      {edit_map([=](auto& map) { map[norm] = "/etc/passwd"; }), "expected only A-Z a-z 0-9"},
      {edit_map([=](auto& map) { map[norm] = ""; }), "expected only A-Z a-z 0-9"},
  }));
  CAPTURE(message);
  const Failure failure = failure_after("llama_linear", damage);
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
}

TEST_CASE("links are followed inside a Hugging Face cache and nowhere else", "[checkpoint]") {
  const ScratchDirectory scratch;
  const fs::path cache = scratch / "models--someone--tiny";
  const fs::path snapshot = cache / "snapshots" / "0123abc";
  fs::create_directories(cache / "blobs");
  fs::create_directories(snapshot);
  for (const char* name : {"config.json", "generation_config.json", kSingle}) {
    fs::copy(test::fixture("llama") / name, cache / "blobs" / (std::string("blob-") + name));
    fs::create_symlink(fs::path("../../blobs") / (std::string("blob-") + name), snapshot / name);
  }
  Checkpoint checkpoint = open_checkpoint(snapshot);
  CHECK_NOTHROW(load_all(checkpoint));

  const fs::path elsewhere = scratch / "elsewhere";
  test::copy_fixture("llama", elsewhere);
  fs::remove(snapshot / kSingle);
  fs::create_symlink(elsewhere / kSingle, snapshot / kSingle);
  CHECK_THAT(failure_of([&] { open_checkpoint(snapshot); }).message,
             Contains("leads out of the checkpoint"));

  const fs::path plain = scratch / "plain";
  fs::create_directory(plain);
  fs::copy(elsewhere / "config.json", plain / "config.json");
  fs::create_symlink(elsewhere / kSingle, plain / kSingle);
  CHECK_THAT(failure_of([&] { open_checkpoint(plain); }).message,
             Contains("leads out of the checkpoint"));

  const fs::path alias = scratch / "alias";  // the directory itself may be a link
  fs::create_directory_symlink(elsewhere, alias);
  CHECK_NOTHROW(open_checkpoint(alias));
}

TEST_CASE("a file that changes while it is read is refused", "[checkpoint]") {
  const ScratchDirectory scratch;
  const fs::path directory = scratch / "model";
  test::copy_fixture("llama", directory);
  const fs::path file = directory / kSingle;
  Checkpoint checkpoint = open_checkpoint(directory);
  SECTION("rewritten") {
    std::string bytes = test::read_bytes(file);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    test::write_bytes(file, bytes);
    fs::last_write_time(file, fs::file_time_type::clock::now() + std::chrono::seconds(5));
  }
  SECTION("cut off") { fs::resize_file(file, fs::file_size(file) / 2); }
  SECTION("replaced by another") {
    fs::copy(file, directory / "other");
    fs::rename(directory / "other", file);
  }
  SECTION("removed") { fs::remove(file); }
  const Failure failure = failure_of([&] { load_all(checkpoint); });
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains("changed while it was read"));
}

TEST_CASE("where generation stops comes from the file that the reference reads", "[checkpoint]") {
  const ScratchDirectory scratch;
  const fs::path directory = scratch / "model";
  test::copy_fixture("gpt2", directory);
  using Ids = std::vector<std::int64_t>;
  CHECK(open_checkpoint(directory).eos_ids.size() == 1);  // config.json
  test::write_bytes(directory / "generation_config.json", R"({"eos_token_id":[3,4]})");
  CHECK(open_checkpoint(directory).eos_ids == Ids{3, 4});
  test::write_bytes(directory / "generation_config.json", R"({"do_sample":true})");
  CHECK(open_checkpoint(directory).eos_ids.empty());  // not config.json's: the file is there
}

}  // namespace
}  // namespace souvenir

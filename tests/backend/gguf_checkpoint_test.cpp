// What a GGUF file is taken for, and what is refused in it, by name.

#include <cstring>
#include <filesystem>
#include <string>

#include "harness/backend/checkpoint.h"
#include "harness/backend/gguf_file.h"
#include "harness/backend/load.h"
#include "tests/support/aten_catch.h"
#include "tests/support/gguf_file.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

using Catch::Contains;
using test::failure_of;
using test::GgufBytes;

std::string bytes_of(const std::string& fixture) {
  return test::read_bytes(test::fixture(fixture) / "model.gguf");
}

std::string replaced(std::string bytes, const std::string& from, const std::string& to) {
  REQUIRE(from.size() == to.size());
  const std::size_t at = bytes.find(from);
  REQUIRE(at != std::string::npos);
  return bytes.replace(at, from.size(), to);
}

// Puts another number of 4 bytes behind a key.
template <typename Number>
std::string with(std::string bytes, const std::string& key, Number value) {
  static_assert(sizeof(Number) == 4);
  const std::size_t at = bytes.find(key);
  REQUIRE(at != std::string::npos);
  std::memcpy(bytes.data() + at + key.size() + 4, &value, sizeof value);
  return bytes;
}

std::string refusal(const std::string& bytes, const std::string& name = "model.gguf") {
  const test::ScratchDirectory scratch;
  test::write_bytes(scratch / name, bytes);
  return failure_of([&] { load_language_model(scratch / name, {.device = "cpu"}); }).message;
}

TEST_CASE("a GGUF file that does not hold what it describes is refused by name", "[gguf]") {
  const auto [bytes, message] = GENERATE(table<std::string, std::string>({
      {replaced(bytes_of("gguf_qwen2"), "blk.1.ffn_up.weight", "blk.1.ffn_uq.weight"),
       "tensor \"blk.1.ffn_uq.weight\": unexpected"},
      {replaced(bytes_of("gguf_qwen2"), "blk.1.ffn_up.weight", "blk.x.ffn_up.weight"),
       "tensor \"blk.x.ffn_up.weight\": unexpected"},
      {replaced(bytes_of("gguf_qwen2"), "blk.1.ffn_up.weight", "blk.7.ffn_up.weight"),
       "tensor \"blk.1.ffn_up.weight\": missing (1 in all); expected [64, 32]"},
      {with(bytes_of("gguf_gpt2"), "gpt2.block_count", std::uint32_t{3}),
       "tensor \"blk.2.attn_norm.weight\": missing (12 in all); expected [32]"},
      {with(bytes_of("gguf_gpt2"), "gpt2.feed_forward_length", std::uint32_t{64}),
       "tensor \"blk.0.ffn_up.weight\": expected [64, 32], found [128, 32]"},
      {with(bytes_of("gguf_llama"), "llama.block_count", std::uint32_t{100000}),
       "\"llama.block_count\": expected an integer from 1 to 1024, found 100000"},
      {replaced(bytes_of("gguf_llama"), "llama.block_count", "llama.block_cownt"),
       "\"llama.block_count\": missing"},
      {replaced(bytes_of("gguf_llama"), "llama.feed_forward", "kkama.feed_forward"),
       "\"llama.feed_forward_length\": missing"},
      {with(bytes_of("gguf_llama"), "llama.rope.dimension_count", std::uint32_t{4}),
       "\"llama.rope.dimension_count\": expected 8: this architecture rotates whole heads"},
      {replaced(bytes_of("gguf_llama"), "token_embd.weight", "token_emba.weight"),
       "\"token_embd.weight\": a tensor of this name is missing"},
      {GgufBytes().text("general.architecture", "falcon").file(0),
       "\"general.architecture\": \"falcon\" is not supported in a GGUF file; supported: gemma, "
       "gpt2, llama, phi3, qwen2, qwen3"},
      {GgufBytes().text("general.architecture", "llama").number("llama.expert_count", 4, 8).file(0),
       "\"llama.expert_count\": not supported in a GGUF file"},
      {GgufBytes()
           .text("general.architecture", "gemma")
           .number("gemma.final_logit_softcapping", 6, 30.0F)
           .file(0),
       "\"gemma.final_logit_softcapping\": not supported in a GGUF file"},
      {GgufBytes()
           .text("general.architecture", "llama")
           .number("split.count", 2, std::uint16_t{3})
           .file(0),
       "part 1 of 3 by its metadata, 1 of 1 by its name"},
      {GgufBytes().file(0), "\"general.architecture\": \"\" is not supported"},
  }));
  CHECK_THAT(refusal(bytes), Contains(message));
}

// All keys that are needed, and a first tensor of 256 bytes.
GgufBytes smallest(const std::string& architecture) {
  const auto key = [&](const char* name) { return architecture + "." + name; };
  return GgufBytes()
      .text("general.architecture", architecture)
      .number(key("context_length"), 4, 64U)
      .number(key("embedding_length"), 4, 32U)
      .number(key("block_count"), 4, 1U)
      .number(key("feed_forward_length"), 4, 64U)
      .number(key("attention.head_count"), 4, 4U)
      .number(key("attention.layer_norm_rms_epsilon"), 6, 1e-5F)
      .tensor("token_embd.weight", {32, 2}, 0, 0);
}

TEST_CASE("nothing about rotary embeddings is left out silently", "[gguf]") {
  const auto factors = [](GgufBytes bytes, const char* name) {
    return bytes.tensor(name, {4}, 0, 256).file(272);
  };
  const auto [bytes, name] = GENERATE_COPY(table<std::string, std::string>({
      {smallest("llama").number("llama.rope.scaling.attn_factor", 6, 0.5F).file(256),
       "llama.rope.scaling.attn_factor"},
      {smallest("phi3").number("phi3.rope.scaling.attn_factor", 6, 0.5F).file(256),
       "phi3.rope.scaling.attn_factor"},
      {factors(smallest("llama").number("llama.rope.scaling.factor", 6, 2.0F), "rope_freqs.weight"),
       "rope_freqs.weight"},
      {factors(smallest("llama").number("llama.rope.scale_linear", 6, 2.0F), "rope_freqs.weight"),
       "rope_freqs.weight"},
      {factors(smallest("qwen2"), "rope_freqs.weight"), "rope_freqs.weight"},
      {factors(smallest("llama"), "rope_factors_long.weight"), "rope_factors_long.weight"},
      {factors(smallest("phi3"), "rope_factors_short.weight"), "rope_factors_short.weight"},
  }));
  CAPTURE(name);
  CHECK_THAT(refusal(bytes), Contains("\"" + name + "\": "));
}

// As llama.cpp reads it.
TEST_CASE("a factor of frequencies without a type is linear", "[gguf]") {
  const test::ScratchDirectory scratch;
  test::write_bytes(scratch / "model.gguf",
                    replaced(bytes_of("gguf_llama_linear"), "llama.rope.scaling.type",
                             "llama.rope.scaling.tipe"));
  const auto scaling = open_checkpoint(scratch / "model.gguf").config.maybe_object("rope_scaling");
  REQUIRE(scaling);
  CHECK(scaling->text("rope_type", "") == "linear");
  CHECK(scaling->number("factor", 0, 100, 0) == 4.0);
}

TEST_CASE("a GGUF file that is no part, whatever its name says, is refused", "[gguf]") {
  CHECK_THAT(
      refusal(bytes_of("gguf_llama"), "model-00001-of-00003.gguf"),
      Contains("model-00001-of-00003.gguf: part 1 of 1 by its metadata, 1 of 3 by its name"));
  CHECK_THAT(refusal(bytes_of("gguf_llama"), "model-00002-of-00003.gguf"),
             Contains("name the first, model-00001-of-00003.gguf"));
}

// A float16 scale that is not finite, in the first block of a tensor.
TEST_CASE("a NaN or an infinity in a GGUF file is refused by the tensor's name", "[gguf]") {
  std::string bytes = bytes_of("gguf_qwen2");
  const test::ScratchDirectory scratch;
  test::write_bytes(scratch / "model.gguf", bytes);
  const WeightsHeader weights = open_gguf(scratch / "model.gguf").header.weights;
  for (const StoredTensor& tensor : weights.tensors) {
    if (tensor.name == "blk.0.attn_q.weight") {
      bytes[weights.data_start + tensor.begin] = '\x00';
      bytes[weights.data_start + tensor.begin + 1] = '\x7C';
    }
  }
  CHECK_THAT(refusal(bytes), Contains("expected finite weights"));
  CHECK_THAT(refusal(bytes), Contains("q_proj.weight"));
}

TEST_CASE("a model says how it is quantised", "[gguf]") {
  const auto info = [](const char* name) {
    return load_language_model(test::fixture(name) / "model.gguf", {.device = "cpu"})->info();
  };
  const ModelInfo llama = info("gguf_llama");
  CHECK(llama.stored_dtype == "Q4_0");  // most of the weights
  CHECK(llama.quantisation == "F16, Q4_0, Q4_1, Q4_K, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0");
  CHECK(llama.compute_dtype == "float32");
  CHECK(llama.architecture == "llama");
  REQUIRE(llama.files.size() == 1);
  CHECK(llama.files[0].name == "model.gguf");
  CHECK(llama.notes.back().find("the quantised model's") != std::string::npos);
  CHECK(info("gguf_gemma").stored_dtype == "float16");
  CHECK(info("gguf_gemma").quantisation.empty());
  CHECK(info("gguf_llama_linear").stored_dtype == "float32");
}

TEST_CASE("a directory with one GGUF file and no config.json is that file", "[gguf]") {
  const test::ScratchDirectory scratch;
  CHECK_FALSE(find_gguf(scratch.path()));
  test::write_bytes(scratch / "one.gguf", bytes_of("gguf_gpt2"));
  CHECK(find_gguf(scratch.path()) == scratch / "one.gguf");
  test::write_bytes(scratch / "two.gguf", bytes_of("gguf_gpt2"));
  CHECK_THAT(failure_of([&] { open_checkpoint(scratch.path()); }).message,
             Contains("expected one GGUF file, found 2; name the one that is meant"));
  CHECK_NOTHROW(open_checkpoint(scratch / "two.gguf"));
  test::write_bytes(scratch / "config.json", "{}");
  CHECK_FALSE(find_gguf(scratch.path()));  // the directory is meant as a whole
  test::write_bytes(scratch / "nameless", bytes_of("gguf_gpt2"));
  CHECK_NOTHROW(open_checkpoint(scratch / "nameless"));
}

}  // namespace
}  // namespace souvenir

// One layer of a checkpoint, read by itself, is what loading all of it makes of it.

#include <cmath>
#include <filesystem>

#include "harness/backend/free_memory.h"
#include "harness/backend/load.h"
#include "harness/backend/load_weights.h"
#include "harness/types.h"
#include "tests/support/aten_catch.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr at::Tensor DecoderLayerWeights::*kTensors[] = {
    &DecoderLayerWeights::attention_norm_weight,
    &DecoderLayerWeights::attention_norm_bias,
    &DecoderLayerWeights::qkv_weight,
    &DecoderLayerWeights::qkv_bias,
    &DecoderLayerWeights::query_norm_weight,
    &DecoderLayerWeights::key_norm_weight,
    &DecoderLayerWeights::output_weight,
    &DecoderLayerWeights::output_bias,
    &DecoderLayerWeights::attention_post_norm_weight,
    &DecoderLayerWeights::mlp_norm_weight,
    &DecoderLayerWeights::mlp_norm_bias,
    &DecoderLayerWeights::gate_up_weight,
    &DecoderLayerWeights::gate_up_bias,
    &DecoderLayerWeights::down_weight,
    &DecoderLayerWeights::down_bias,
    &DecoderLayerWeights::mlp_post_norm_weight,
    &DecoderLayerWeights::router_weight,
    &DecoderLayerWeights::expert_gate_up_weight,
    &DecoderLayerWeights::expert_down_weight,
    &DecoderLayerWeights::shared_gate_up_weight,
    &DecoderLayerWeights::shared_down_weight,
    &DecoderLayerWeights::shared_gate_weight};

void check_layers(const fs::path& directory, const Adapter* adapter) {
  Checkpoint checkpoint = open_checkpoint(directory);
  const Blueprint blueprint = read_blueprint(checkpoint.config);
  const Match match = match_tensors(blueprint, checkpoint);
  const LoadedWeights all =
      load_weights(blueprint, match, checkpoint, at::kFloat, at::kCPU, adapter);
  Checkpoint again = open_checkpoint(directory);
  const LoadedWeights outside = load_weights(blueprint, match, again, at::kFloat, at::kCPU, adapter,
                                             WeightsPart::outside_layers);
  REQUIRE(outside.files.size() == all.files.size());
  for (std::size_t i = 0; i < all.files.size(); ++i)
    CHECK(outside.files[i].sha256 == all.files[i].sha256);
  CHECK(at::equal(outside.weights.token_embedding, all.weights.token_embedding));
  CHECK(outside.tied == all.tied);
  int compared = 0;
  for (std::size_t i = all.weights.layers.size(); i-- > 0;) {
    const DecoderLayerWeights layer = load_layer(
        blueprint, match, again, static_cast<std::int64_t>(i), at::kFloat, at::kCPU, adapter);
    for (const auto tensor : kTensors) {
      const at::Tensor &expected = all.weights.layers[i].*tensor, &found = layer.*tensor;
      CHECK_FALSE((outside.weights.layers[i].*tensor).defined());
      REQUIRE(found.defined() == expected.defined());
      if (!found.defined()) continue;
      CHECK(at::equal(found, expected));
      ++compared;
    }
  }
  CHECK(compared > 4);
}

TEST_CASE("a layer read by itself is the same, in every architecture and format", "[layers]") {
  for (const auto& entry : fs::directory_iterator(test::fixture(""))) {
    if (!entry.is_directory()) continue;
    CAPTURE(entry.path().filename().string());
    check_layers(entry.path(), nullptr);
  }
}

TEST_CASE("an adapter changes a layer that is read by itself as it changes all", "[layers]") {
  const fs::path adapters = test::fixture("").parent_path().parent_path() / "adapters";
  for (const auto& entry : fs::directory_iterator(adapters)) {
    CAPTURE(entry.path().filename().string());
    const json golden = json::parse(test::read_bytes(entry.path() / "golden.json"));
    const Adapter adapter = read_adapter(entry.path());
    check_layers(test::fixture(golden.at("base").get<std::string>()), &adapter);
  }
}

// A model of zeros, whose file is a hole: no room on the disk, and every token equally likely.
struct Zeros {
  test::ScratchDirectory folder;
  std::int64_t layer_bytes = 0;

  Zeros() {
    const json config = {{"model_type", "llama"},     {"vocab_size", 1000},
                         {"hidden_size", 768},        {"intermediate_size", 2048},
                         {"num_hidden_layers", 12},   {"num_attention_heads", 12},
                         {"num_key_value_heads", 12}, {"tie_word_embeddings", true}};
    const Blueprint blueprint = read_blueprint({config, "config.json"});
    test::write_bytes(folder / "config.json", config.dump());
    json header = json::object();
    std::int64_t end = 0;
    for (const TensorPlan& plan : blueprint.tensors) {
      const auto shape = slot_shape(blueprint.spec, plan.slot);
      std::int64_t bytes = 4;
      for (const std::int64_t dimension : shape) bytes *= dimension;
      header[plan.name] = {
          {"dtype", "F32"}, {"shape", shape}, {"data_offsets", {end, end + bytes}}};
      end += bytes;
      layer_bytes += is_in_layer(plan.slot) ? bytes / 12 : 0;
    }
    const std::string front = test::safetensors(header.dump(), "");
    test::write_bytes(file(), front);
    fs::resize_file(file(), front.size() + static_cast<std::uintmax_t>(end));
  }

  fs::path file() const { return folder / "model.safetensors"; }
};

std::unique_ptr<LanguageModel> load_with(const Zeros& zeros, std::int64_t more_than_now) {
  const std::int64_t memory = read_memory().resident + more_than_now;
  return load_language_model(zeros.folder.path(), {.dtype = "float32", .memory_bytes = memory});
}

TEST_CASE("a model larger than the memory it is given is read layer by layer", "[layers]") {
  const Zeros zeros;
  REQUIRE(12 * zeros.layer_bytes > 300 * kMiB);
  const ScoreRequest request{.prefix_ids = {1, 2, 3}, .ids = {4, 5}};
  SECTION("with less than all layers") {
    const auto model = load_with(zeros, 400 * kMiB);
    REQUIRE(model->info().layers_read.pass_tokens >= 2048);
    const auto result = model->score({&request, 1}, {}).front();
    REQUIRE(result.observation);
    CHECK(std::abs(result.observation->log_probs[1] + std::log(1000.0)) < 1e-5);
  }
  SECTION("with enough it is not") {
    CHECK(load_with(zeros, 800 * kMiB)->info().layers_read.pass_tokens == 0);
  }
  SECTION("and nobody reads on in a file that changed meanwhile") {
    const auto model = load_with(zeros, 400 * kMiB);
    fs::last_write_time(zeros.file(), fs::file_time_type::clock::now() + std::chrono::seconds(5));
    CHECK_THROWS_WITH(model->score({&request, 1}, {}), Catch::Contains("changed"));
  }
  SECTION("with next to nothing it is refused, with what would do") {
    CHECK_THROWS_WITH(load_with(zeros, 16 * kMiB), Catch::Contains("expected at least"));
  }
}

}  // namespace
}  // namespace souvenir

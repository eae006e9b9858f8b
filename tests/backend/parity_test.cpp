// The proof of the whole engine: what it computes from a checkpoint is what transformers computes.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/backend/load.h"
#include "tests/support/aten_catch.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

using nlohmann::json;

constexpr double kTolerance = 2e-4;  // nats
// Differences of log p below the tolerance move no logit past another by more than this.
constexpr double kClear = 4 * kTolerance;

std::vector<std::string> fixtures() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::fixture(""))) {
    if (entry.is_directory()) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> devices() {
  std::vector<std::string> names = {"cpu"};
  for (int i = 0; at::hasCUDA() && i < static_cast<int>(at::getNumGPUs()); ++i) {
    names.push_back("cuda:" + std::to_string(i));
  }
  if (names.size() == 1) {
    WARN("no CUDA device here: parity was tested on the CPU only");
  }
  return names;
}

json golden_of(const std::string& name) {
  return json::parse(test::read_bytes(test::fixture(name) / "golden.json"));
}

std::unique_ptr<LanguageModel> load(const std::string& name, const std::string& device) {
  return load_language_model(test::fixture(name), {.device = device, .dtype = "float32"});
}

// Cuts a sequence in prefix and text, and asks for the text.
ScoreRequest request_of(const json& sequence, std::size_t prefix) {
  const auto ids = sequence.at("ids").get<std::vector<TokenId>>();
  const auto cut = ids.begin() + static_cast<std::ptrdiff_t>(std::min(prefix, ids.size() - 1));
  return {.prefix_ids = {ids.begin(), cut}, .ids = {cut, ids.end()}};
}

// Compares an observation of the last tokens of a sequence with the golden numbers for them.
void check_scores(const ScoreObservation& found, const json& sequence, std::size_t scored) {
  REQUIRE(found.log_probs.size() == scored);
  const std::size_t first = sequence.at("log_probs").size() - scored;
  for (std::size_t t = 0; t < scored; ++t) {
    const auto expected = [&](const char* key) {
      return sequence.at(key).at(first + t).get<double>();
    };
    CAPTURE(t);
    CHECK(std::abs(found.log_probs[t] - expected("log_probs")) < kTolerance);
    CHECK(std::abs(found.entropies[t] - expected("entropies")) < kTolerance);
    if (expected("margins") > kClear) {
      CHECK(static_cast<double>(found.ranks[t]) == expected("ranks"));
    }
    if (expected("gaps") > kClear) {
      CHECK(static_cast<double>(found.argmax[t]) == expected("argmax"));
    }
  }
}

TEST_CASE("log-probabilities are those of transformers on every architecture", "[parity]") {
  REQUIRE(fixtures().size() >= 50);
  for (const std::string& device : devices()) {
    for (const std::string& name : fixtures()) {
      CAPTURE(device, name);
      const json golden = golden_of(name);
      const auto model = load(name, device);
      CHECK(model->info().parameters == golden.at("parameters"));
      CHECK(model->info().eos_ids == golden.at("eos_ids").get<std::vector<TokenId>>());
      // All lengths in one batch, whole and after a prefix.
      for (const std::size_t prefix : {0U, 1U, 7U}) {
        CAPTURE(prefix);
        std::vector<json> sequences;
        std::vector<ScoreRequest> requests;
        for (const json& sequence : golden.at("sequences")) {
          if (sequence.at("ids").size() > 1) {
            sequences.push_back(sequence);
            requests.push_back(request_of(sequence, prefix));
          }
        }
        const auto results = model->score(requests, {});
        REQUIRE(results.size() == requests.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
          REQUIRE(results[i].refusal.empty());
          check_scores(*results[i].observation, sequences[i],
                       requests[i].ids.size() - (requests[i].prefix_ids.empty() ? 1 : 0));
        }
      }
    }
  }
}

TEST_CASE("greedy continuations are those of transformers on every architecture", "[parity]") {
  for (const std::string& device : devices()) {
    for (const std::string& name : fixtures()) {
      CAPTURE(device, name);
      const json golden = golden_of(name);
      const auto model = load(name, device);
      std::vector<GenerateRequest> requests;
      for (const json& greedy : golden.at("greedy")) {
        requests.push_back({.prefix_ids = greedy.at("prompt").get<std::vector<TokenId>>()});
      }
      GenerateOptions options;
      options.max_new_tokens = 20;
      const auto results = model->generate(requests, options);
      REQUIRE(results.size() == requests.size());
      for (std::size_t i = 0; i < results.size(); ++i) {
        const json& greedy = golden.at("greedy").at(i);
        CAPTURE(i);
        REQUIRE(greedy.at("margin").get<double>() > kClear);  // made so: none is a near-tie
        REQUIRE(results[i].samples.size() == 1);
        CHECK(results[i].samples[0].ids == greedy.at("ids").get<std::vector<TokenId>>());
        CHECK((results[i].samples[0].stop == StopReason::eos) == (greedy.at("stop") == "eos"));
      }
    }
  }
}

// A fixture that does not notice a wrong option proves nothing: every option that a config can set
// must move the numbers.
TEST_CASE("every option of a config moves the numbers of its fixture", "[parity]") {
  const auto [name, changes] = GENERATE(table<std::string, json>({
      {"gpt2", {{"activation_function", "gelu"}}},
      {"gpt2", {{"layer_norm_epsilon", 0.1}}},
      {"gpt2", {{"scale_attn_weights", false}}},
      {"gpt2_untied", {{"scale_attn_by_inverse_layer_idx", false}}},
      {"gpt_neox", {{"use_parallel_residual", false}}},
      {"gpt_neox", {{"rotary_pct", 0.5}}},
      {"gpt_neox", {{"rotary_emb_base", 10}}},
      {"gpt_neox_sequential", {{"use_parallel_residual", true}}},
      {"llama", {{"rms_norm_eps", 0.1}}},
      {"llama_linear", {{"rope_scaling", nullptr}}},
      {"llama_llama3", {{"rope_scaling", nullptr}}},
      {"llama_yarn", {{"rope_parameters", {{"rope_theta", 10000.0}}}}},
      {"mistral", {{"sliding_window", 9}}},
      {"mistral", {{"sliding_window", nullptr}}},
      {"qwen2_sliding", {{"max_window_layers", 2}}},
      {"qwen2_sliding", {{"use_sliding_window", false}}},
      {"qwen3_sliding", {{"layer_types", {"full_attention", "sliding_attention"}}}},
      {"gemma3_text", {{"query_pre_attn_scalar", 16}}},
      {"gemma3_text", {{"sliding_window", 7}}},
      {"gemma3_text_biased", {{"sliding_window_pattern", 3}}},
      {"gemma3_text_biased", {{"rope_local_base_freq", 10000.0}}},
      {"gemma3_text_biased", {{"rope_scaling", {{"rope_type", "linear"}, {"factor", 8.0}}}}},
      {"gemma2", {{"attn_logit_softcapping", nullptr}}},
      {"gemma2", {{"final_logit_softcapping", nullptr}}},
      {"gemma2", {{"query_pre_attn_scalar", 12}}},
      {"gemma2", {{"sliding_window", 7}}},
      {"gemma2_uncapped", {{"attn_logit_softcapping", 3.0}}},
      {"gemma2_uncapped", {{"layer_types", {"sliding_attention", "full_attention"}}}},
      {"phi3", {{"sliding_window", nullptr}}},
      {"phi3",
       {{"rope_parameters",
         {{"rope_type", "default"}, {"rope_theta", 1000.0}, {"partial_rotary_factor", 1.0}}}}},
      {"phi3_longrope", {{"original_max_position_embeddings", 40}}},
      {"phi3_longrope", {{"rope_scaling", nullptr}}},
      {"olmo", {{"clip_qkv", nullptr}}},
      {"olmo", {{"clip_qkv", 1.2}}},
      {"smollm3", {{"no_rope_layers", {1, 1, 0}}}},
      {"smollm3", {{"sliding_window", 7}}},
      {"smollm3_interval", {{"no_rope_layer_interval", 3}}},
      {"granite", {{"embedding_multiplier", 5.0}}},
      {"granite", {{"attention_multiplier", 0.25}}},
      {"granite", {{"residual_multiplier", 0.5}}},
      {"granite", {{"logits_scaling", 7.0}}},
      {"opt_350m", {{"do_layer_norm_before", true}, {"_remove_final_layer_norm", true}}},
      {"opt", {{"activation_function", "gelu"}}},
      {"gptj", {{"rotary_dim", 6}}},
      {"gpt_neo", {{"window_size", 8}}},
      {"gpt_neo", {{"attention_types", {{{"local", "global", "local"}, 1}}}}},
      {"stablelm", {{"partial_rotary_factor", 0.5}}},
      {"stablelm_parallel", {{"layer_norm_eps", 0.1}}},
      {"starcoder2", {{"sliding_window", nullptr}}},
      {"starcoder2_plain", {{"hidden_act", "relu"}}},
      {"phi", {{"partial_rotary_factor", 1.0}}},
      {"falcon_alibi", {{"alibi", false}}},
      {"falcon", {{"alibi", true}}},
      {"cohere", {{"logit_scale", 0.5}}},
      {"cohere_plain", {{"logit_scale", 1.4}}},
      {"bloom", {{"layer_norm_epsilon", 0.1}}},
      {"mixtral", {{"num_experts_per_tok", 3}}},
      {"mixtral", {{"sliding_window", nullptr}}},
      {"qwen2_moe", {{"num_experts_per_tok", 2}}},
      {"qwen2_moe", {{"norm_topk_prob", true}}},
      {"qwen2_moe", {{"max_window_layers", 4}}},
      {"qwen2_moe_normalised", {{"norm_topk_prob", false}}},
  }));
  CAPTURE(name, changes.dump());
  const test::ScratchDirectory scratch;
  test::copy_fixture(name, scratch / "model");
  test::edit_json(scratch / "model" / "config.json", [&](json& config) { config.update(changes); });
  const auto model = load_language_model(scratch / "model", {.device = "cpu", .dtype = "float32"});
  const json golden = golden_of(name);
  double largest = 0.0;
  for (const json& sequence : golden.at("sequences")) {
    if (sequence.at("ids").size() > 1) {
      const std::vector<ScoreRequest> requests = {request_of(sequence, 0)};
      const auto found = model->score(requests, {}).front().observation->log_probs;
      for (std::size_t t = 0; t < found.size(); ++t) {
        const double expected = sequence.at("log_probs").at(t);
        largest = std::max(largest, std::abs(found[t] - expected));
      }
    }
  }
  CHECK(largest > 10 * kTolerance);
}

}  // namespace
}  // namespace souvenir

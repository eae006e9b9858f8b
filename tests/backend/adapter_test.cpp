// LoRA adapters: what comes out is what PEFT computes with the adapter beside the base model.

#include "harness/backend/adapter.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/backend/load.h"
#include "tests/support/aten_catch.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr double kTolerance = 2e-4;  // nats

fs::path adapter(const std::string& name) {
  return fs::path(SOUVENIR_SOURCE_DIR) / "tests/golden/adapters" / name;
}

json golden_of(const std::string& name) {
  return json::parse(test::read_bytes(adapter(name) / "golden.json"));
}

std::unique_ptr<LanguageModel> load(const std::string& base, const fs::path& directory,
                                    const std::string& dtype = "float32") {
  return load_language_model(test::fixture(base),
                             {.device = "cpu", .dtype = dtype, .adapter = directory.string()});
}

// The largest difference from the golden log-probabilities.
double distance(const LanguageModel& model, const json& golden) {
  double largest = 0.0;
  for (const json& sequence : golden.at("sequences")) {
    const std::vector<ScoreRequest> requests = {
        {.prefix_ids = {}, .ids = sequence.at("ids").get<std::vector<TokenId>>()}};
    const auto found = model.score(requests, {}).front().observation->log_probs;
    for (std::size_t t = 0; t < found.size(); ++t) {
      largest =
          std::max(largest, std::abs(found[t] - sequence.at("log_probs").at(t).get<double>()));
    }
  }
  return largest;
}

// A copy of the llama adapter to damage.
struct Copy {
  test::ScratchDirectory scratch;
  fs::path path = scratch / "adapter";

  Copy() { fs::copy(adapter("llama"), path); }

  void edit(const std::function<void(json&)>& change) const {
    test::edit_json(path / "adapter_config.json", change);
  }

  std::string refusal() const {
    try {
      load("llama", path);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::input);
      return error.what();
    }
    return "nothing was refused";
  }
};

}  // namespace

TEST_CASE("a merged adapter computes what PEFT computes", "[adapter]") {
  for (const auto& entry : fs::directory_iterator(adapter(""))) {
    const std::string name = entry.path().filename();
    CAPTURE(name);
    const json golden = golden_of(name);
    const std::string base = golden.at("base");
    const auto model = load(base, adapter(name));
    CHECK(distance(*model, golden) < kTolerance);
    REQUIRE(model->info().adapter);
    CHECK(model->info().adapter->weights == golden.at("changes"));
    CHECK(model->info().adapter->kind == (name.ends_with("_dora") ? "DoRA" : "LoRA"));
    // The fixture notices an adapter that is not there.
    CHECK(distance(*load_language_model(test::fixture(base), {.device = "cpu"}), golden) > 0.1);
  }
}

TEST_CASE("scale, root of the rank and patterns move the numbers", "[adapter]") {
  const json change =
      GENERATE(json{{"lora_alpha", 7}}, json{{"use_rslora", false}},
               json{{"alpha_pattern", json::object()}}, json{{"alpha_pattern", {{"q_proj", 11}}}});
  CAPTURE(change.dump());
  const Copy copy;
  copy.edit([&](json& config) {
    for (const auto& [key, value] : change.items()) config[key] = value;
  });
  CHECK(distance(*load("llama", copy.path), golden_of("llama")) > 10 * kTolerance);
}

TEST_CASE("an adapter's files are among those of the model", "[adapter]") {
  const auto model = load("llama", adapter("llama"));
  std::vector<std::string> names;
  for (const FileDigest& file : model->info().files) names.push_back(file.name);
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK(std::count(names.begin(), names.end(), "adapter_config.json") == 1);
  CHECK(std::count(names.begin(), names.end(), "adapter_model.safetensors") == 1);
  CHECK(model->info().adapter->files.size() == 2);
  CHECK(model->info().adapter->sha256.size() == 64);
}

TEST_CASE("what would change the numbers otherwise is refused by name", "[adapter]") {
  const auto [key, value] = GENERATE(table<std::string, json>({
      {"peft_type", "IA3"},
      {"use_dora", true},
      {"lora_bias", true},
      {"bias", "some"},
      {"modules_to_save", {"lm_head"}},
      {"init_lora_weights", "pissa_niter_4"},
      {"layer_replication", json::array({json::array({0, 1})})},
      {"trainable_token_indices", {1, 2}},
      {"alpha_pattern", {{"layers\\.[01]\\..*", 2}}},
      {"r", 0},
  }));
  CAPTURE(key);
  const Copy copy;
  copy.edit([&, name = key, other = value](json& config) { config[name] = other; });
  CHECK_THAT(copy.refusal(), Catch::Contains(key));
}

// PEFT takes the first of them, and sorts them when it saves them.
TEST_CASE("names in alpha_pattern that contradict each other are refused", "[adapter]") {
  const Copy copy;
  copy.edit([](json& config) {
    config["alpha_pattern"] = {{"v_proj", 11}, {"layers.1.self_attn.v_proj", 11}};
  });
  CHECK(distance(*load("llama", copy.path), golden_of("llama")) < kTolerance);
  copy.edit([](json& config) { config["alpha_pattern"]["layers.1.self_attn.v_proj"] = 3; });
  CHECK_THAT(copy.refusal(), Catch::Contains("\"alpha_pattern\": several names fit "
                                             "\"model.layers.1.self_attn.v_proj\""));
}

TEST_CASE("an empty list of whole modules is none", "[adapter]") {
  const Copy copy;
  copy.edit([](json& config) { config["modules_to_save"] = json::array(); });
  CHECK(distance(*load("llama", copy.path), golden_of("llama")) < kTolerance);
}

TEST_CASE("a damaged adapter is refused", "[adapter]") {
  const Copy copy;
  const fs::path weights = copy.path / "adapter_model.safetensors";
  const std::string bytes = test::read_bytes(weights);
  SECTION("truncated") {
    test::write_bytes(weights, bytes.substr(0, bytes.size() - 4));
    CHECK_THAT(copy.refusal(), Catch::Contains("adapter_model.safetensors"));
  }
  SECTION("not a number") {
    std::string damaged = bytes;
    damaged.replace(bytes.size() - 4, 4, std::string("\x00\x00\xC0\x7F", 4));
    test::write_bytes(weights, damaged);
    CHECK_THAT(copy.refusal(), Catch::Contains("finite"));
  }
  SECTION("a factor of another name") {
    std::string damaged = bytes;
    damaged.replace(damaged.find("lora_A"), 6, "lora_C");
    test::write_bytes(weights, damaged);
    CHECK_THAT(copy.refusal(), Catch::Contains("lora_A.weight"));
  }
  SECTION("no weights") {
    fs::remove(weights);
    CHECK_THAT(copy.refusal(), Catch::Contains("adapter_model.safetensors"));
  }
  SECTION("no config") {
    fs::remove(copy.path / "adapter_config.json");
    CHECK_THAT(copy.refusal(), Catch::Contains("not an adapter"));
  }
}

TEST_CASE("what an adapter says that it replaces must be there", "[adapter]") {
  const test::ScratchDirectory scratch;
  const fs::path copy = scratch / "adapter";
  fs::copy(adapter("gptj_saved"), copy);
  const fs::path weights = copy / "adapter_model.safetensors";
  const std::string bytes = test::read_bytes(weights);
  const auto rename = [&](const std::string& from, const std::string& to) {
    REQUIRE(from.size() == to.size());
    std::string damaged = bytes;
    damaged.replace(damaged.find(from), from.size(), to);
    test::write_bytes(weights, damaged);
  };
  SECTION("not another weight") {
    rename("h.1.attn.q_proj.weight", "h.1.attn.k_proj.weight");
    CHECK_THROWS_WITH(load("gptj", copy), Catch::Contains("h.1.attn.q_proj.weight") &&
                                              Catch::Contains("modules_to_save"));
  }
  SECTION("not by the name that a module with factors would have") {
    rename("h.1.attn.q_proj.weight", "h.12.base_layer.weight");
    CHECK_THROWS_WITH(load("gptj", copy), Catch::Contains("expected factors of its module"));
  }
  SECTION("and of the base model's shape") {
    rename("\"shape\":[36,36]", "\"shape\":[18,72]");
    CHECK_THROWS_WITH(load("gptj", copy), Catch::Contains("[36, 36], the adapter's [18, 72]"));
  }
}

TEST_CASE("factors of an embedding are told from those of a weight", "[adapter]") {
  // As if PEFT had taken the embedding for a matrix that is multiplied with.
  const test::ScratchDirectory scratch;
  const fs::path copy = scratch / "adapter";
  fs::copy(adapter("llama"), copy);
  const fs::path weights = copy / "adapter_model.safetensors";
  std::string bytes = test::read_bytes(weights);
  for (const char* factor : {"A", "B"}) {
    const std::string from = std::string("layers.0.self_attn.q_proj.lora_") + factor + ".weight";
    std::string to = std::string("embed_tokens.lora_") + factor + ".weight";
    const std::size_t at = bytes.find(from);
    REQUIRE(at != std::string::npos);
    // The name is followed by a quote and a colon; spaces behind them keep the header's length.
    bytes.replace(at, from.size() + 1, to + "\"" + std::string(from.size() - to.size(), ' '));
  }
  test::write_bytes(weights, bytes);
  CHECK_THROWS_WITH(load("llama", copy),
                    Catch::Contains("embed_tokens.weight") && Catch::Contains("lora_embedding_A"));
}

TEST_CASE("lengths of rows go with use_dora", "[adapter]") {
  const test::ScratchDirectory scratch;
  const std::string name = GENERATE("llama_dora", "llama");
  const fs::path copy = scratch / "adapter";
  fs::copy(adapter(name), copy);
  test::edit_json(copy / "adapter_config.json",
                  [](json& config) { config["use_dora"] = !config.at("use_dora").get<bool>(); });
  CHECK_THROWS_WITH(load("llama", copy), Catch::Contains("lora_magnitude_vector") &&
                                             Catch::Contains("expected, as use_dora"));
}

TEST_CASE("a replaced weight is counted, and head and embedding part", "[adapter]") {
  const auto base = load_language_model(test::fixture("gemma"), {.device = "cpu"});
  const auto model = load("gemma", adapter("gemma_saved"));
  CHECK(model->info().adapter->whole == 1);
  CHECK(model->info().parameters == base->info().parameters + 131 * 36);
  const std::vector<std::string>& notes = model->info().notes;
  CHECK(std::count_if(notes.begin(), notes.end(), [](const std::string& note) {
          return note.starts_with("the adapter changes one of head and embedding");
        }) == 1);
}

TEST_CASE("an adapter of another model is refused", "[adapter]") {
  CHECK_THROWS_WITH(load("gpt2", adapter("llama")), Catch::Contains("the base model has none"));
  CHECK_THROWS_WITH(load("qwen2", adapter("llama")), Catch::Contains("the base model"));
}

}  // namespace souvenir

#include "harness/backend/architectures.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>

#include "harness/backend/load.h"
#include "harness/backend/load_weights.h"
#include "tests/support/aten_catch.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using nlohmann::json;
using test::Failure;
using test::failure_of;
using test::SafetensorsParts;
using test::ScratchDirectory;

Blueprint read(const json& config) { return read_blueprint({config, "config.json"}); }

Blueprint read_changed(const std::string& name, const json& changes) {
  json config = json::parse(test::read_bytes(test::fixture(name) / "config.json"));
  config.update(changes);
  return read(config);
}

// Loads a copy of a fixture after `damage` was done to it.
Failure load_damaged(const std::string& name, const std::function<void(const fs::path&)>& damage,
                     const std::string& dtype = "float32") {
  const ScratchDirectory scratch;
  const fs::path directory = scratch / "model";
  test::copy_fixture(name, directory);
  damage(directory);
  return failure_of([&] { load_language_model(directory, {.device = "cpu", .dtype = dtype}); });
}

TEST_CASE("the supported architectures are listed", "[architectures]") {
  CHECK(supported_architectures() ==
        std::vector<std::string>{"bloom",       "cohere", "falcon",  "gemma",    "gemma2",
                                 "gemma3_text", "gpt2",   "gpt_neo", "gpt_neox", "gptj",
                                 "granite",     "llama",  "mistral", "mixtral",  "olmo",
                                 "olmo2",       "opt",    "phi",     "phi3",     "qwen2",
                                 "qwen2_moe",   "qwen3",  "smollm3", "stablelm", "starcoder2"});
}

TEST_CASE("absent fields take the defaults of the reference library", "[architectures]") {
  const json golden = json::parse(test::read_bytes(test::fixture("defaults.json")));
  for (const std::string& name : supported_architectures()) {
    CAPTURE(name);
    const json& expected = golden.at(name);
    const Blueprint blueprint = read({{"model_type", name}});
    const DecoderSpec& spec = blueprint.spec;
    CHECK(spec.architecture == name);
    CHECK(spec.vocabulary == expected.at("vocab_size"));
    CHECK(spec.hidden == expected.at("hidden_size"));
    CHECK(spec.heads == expected.at("num_attention_heads"));
    CHECK(spec.key_value_heads == expected.at("num_key_value_heads"));
    CHECK(spec.head_dim == expected.at("head_dim"));
    CHECK(spec.intermediate == expected.at("intermediate_size"));
    CHECK(spec.layers.size() == expected.at("num_hidden_layers"));
    CHECK(spec.context_tokens == expected.at("max_position_embeddings"));
    CHECK(spec.norm_epsilon == expected.at("norm_epsilon"));
    CHECK(spec.rotary_dim == expected.at("rotary_dim"));
    if (!spec.ropes.empty()) {
      const auto rotated = static_cast<double>(spec.rotary_dim);
      CHECK(spec.ropes.front().inverse_frequencies.back() ==
            Approx(std::pow(expected.at("rope_theta").get<double>(), -(rotated - 2) / rotated)));
    }
    CHECK(blueprint.tied == expected.at("tie_word_embeddings"));
    std::vector<std::int64_t> windows;
    for (const DecoderLayerSpec& layer : spec.layers) {
      windows.push_back(layer.window.value_or(0));
    }
    CHECK(windows == expected.at("windows").get<std::vector<std::int64_t>>());
    CHECK(spec.attention_scale == Approx(expected.at("attention_scale").get<double>()));
  }
}

TEST_CASE("what a config asks for and is not supported is refused by name", "[architectures]") {
  const std::string all =
      "supported: bloom, cohere, falcon, gemma, gemma2, gemma3_text, gpt2, gpt_neo, gpt_neox, "
      "gptj, ";
  const auto [name, changes, message] = GENERATE_COPY(table<std::string, json, std::string>({
      {"llama", {{"model_type", "mamba"}}, "\"mamba\" is not supported; " + all},
      {"llama", {{"model_type", nullptr}}, "\"model_type\": missing; " + all},
      {"llama", {{"model_type", 3}}, "\"model_type\": expected a string"},
      {"gemma3_text", {{"model_type", "gemma3"}}, "\"gemma3\" is not supported; " + all},
      {"llama",
       {{"quantization_config", {{"quant_method", "gptq"}}}},
       "\"quantization_config\": quantised weights (\"gptq\")"},
      {"llama",
       {{"dtype", "float8_e4m3fn"}},
       "\"float8_e4m3fn\" is not supported; supported: float32, bfloat16, float16"},
      {"gpt2", {{"torch_dtype", "float64"}}, "\"float64\" is not supported"},
      {"llama", {{"hidden_act", "xielu"}}, "\"xielu\" is not supported; supported: gelu, "},
      {"gpt2", {{"activation_function", "quick_gelu"}}, "\"quick_gelu\" is not supported"},
      {"llama",
       {{"rope_parameters", {{"rope_type", "mrope"}}}},
       "\"mrope\" is not supported; supported: default, linear, llama3, yarn, dynamic, longrope"},
      {"phi3_longrope",
       {{"rope_scaling",
         {{"type", "su"}, {"short_factor", {1.0}}, {"long_factor", {1.0, 1.0, 1.0}}}}},
       "longrope: expected 3 factors, found 1"},
      {"phi3_longrope",
       {{"rope_scaling", {{"type", "su"}, {"short_factor", {1.0, 0.0, 1.0}}}}},
       "\"short_factor\": expected a list of numbers"},
      {"phi3", {{"rope_parameters", {{"rope_type", "llama3"}}}}, "supported: default, longrope"},
      {"gemma", {{"use_bidirectional_attention", true}}, "\"use_bidirectional_attention\""},
      {"llama", {{"is_causal", false}}, "\"is_causal\""},
      {"llama", {{"transformers_weights", "other.safetensors"}}, "\"transformers_weights\""},
      {"gemma", {{"hidden_activation", "relu"}}, "contradicts hidden_act"},
      {"gemma2", {{"attn_logit_softcapping", 0.0}}, "\"attn_logit_softcapping\""},
      {"smollm3", {{"no_rope_layers", {1, 0}}}, "one for each of 3 layers, found 2"},
      {"smollm3",
       {{"use_sliding_window", false}},
       "\"sliding_attention\" without use_sliding_window"},
      {"gpt_neo", {{"attention_types", {{{"global", "banded"}, 1}}}}, "\"attention_types\""},
      {"gpt_neo", {{"attention_types", nlohmann::json::array()}}, "kinds for 3 layers"},
      {"gptj", {{"rotary_dim", nullptr}}, "\"rotary_dim\""},
      {"phi", {{"qk_layernorm", true}}, "\"qk_layernorm\""},
      {"falcon_grouped", {{"parallel_attn", false}}, "contradicts new_decoder_architecture"},
      {"falcon", {{"num_ln_in_parallel_attn", 2}}, "\"num_ln_in_parallel_attn\""},
      {"falcon_alibi", {{"num_kv_heads", 1}}, "as many as heads"},
      {"mixtral", {{"num_experts_per_tok", 6}}, "\"num_experts_per_tok\""},
      {"qwen2_moe",
       {{"use_sliding_window", false},
        {"layer_types",
         {"full_attention", "full_attention", "full_attention", "sliding_attention"}}},
       "without use_sliding_window"},
      {"bloom",
       {{"apply_residual_connection_post_layernorm", true}},
       "\"apply_residual_connection_post_layernorm\""},
      {"llama", {{"is_encoder_decoder", true}}, "\"is_encoder_decoder\": true is not supported"},
      {"gpt2", {{"add_cross_attention", true}}, "\"add_cross_attention\""},
      {"gpt2", {{"reorder_and_upcast_attn", true}}, "\"reorder_and_upcast_attn\""},
      {"gpt2", {{"pruned_heads", {{"0", {1}}}}}, "\"pruned_heads\""},
      {"llama",
       {{"per_layer_config", {{"0", {{"num_attention_heads", 2}}}}}},
       "\"per_layer_config\""},
      {"llama", {{"partial_rotary_factor", 0.5}}, "\"partial_rotary_factor\""},
      {"mistral",
       {{"layer_types", {"full_attention", "sliding_attention"}}},
       "contradicts sliding_window"},
      {"qwen2_sliding",
       {{"use_sliding_window", false},
        {"layer_types", {"full_attention", "full_attention", "sliding_attention"}}},
       "without use_sliding_window"},
      {"qwen3_sliding", {{"layer_types", {"full_attention"}}}, "one for each of 2 layers, found 1"},
      {"qwen3_sliding", {{"layer_types", {"full_attention", "conv"}}}, "\"conv\" is not supported"},
      {"gemma3_text", {{"attn_logit_softcapping", 50.0}}, "\"attn_logit_softcapping\""},
      {"gemma3_text", {{"final_logit_softcapping", 30.0}}, "\"final_logit_softcapping\""},
      {"gemma3_text", {{"sliding_window", nullptr}}, "\"sliding_window\""},
      {"gemma3_text", {{"rope_parameters", {{"rope_type", "default"}}}}, "one object per layer"},
      {"llama", {{"hidden_size", "48"}}, "\"hidden_size\": expected an integer"},
      {"llama", {{"hidden_size", 48.0}}, "\"hidden_size\": expected an integer"},
      {"llama", {{"hidden_size", 1000000}}, "\"hidden_size\": expected an integer from 1 to"},
      {"llama", {{"num_hidden_layers", 100000}}, "\"num_hidden_layers\""},
      {"llama", {{"num_key_value_heads", 4}}, "a divisor of the 6 attention heads, found 4"},
      {"llama", {{"head_dim", nullptr}, {"num_attention_heads", 7}}, "a multiple of the 7"},
      {"llama", {{"attention_bias", "yes"}}, "\"attention_bias\": expected true or false"},
      {"gpt2", {{"n_head", 5}}, "a multiple of the 5"},
      {"gpt2", {{"hidden_size", 64}}, "\"hidden_size\": contradicts n_embd"},
  }));
  CAPTURE(name, changes.dump());
  const Failure failure = failure_of([&] { read_changed(name, changes); });
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
  CHECK(failure.message.starts_with("config.json: "));
}

TEST_CASE("a config damaged anywhere is read or refused, never anything else", "[architectures]") {
  const auto name = GENERATE(as<std::string>(), "gpt2", "gpt_neox", "llama_llama3", "mistral",
                             "qwen2_sliding", "qwen3_sliding", "gemma3_text", "gemma2",
                             "phi3_longrope", "smollm3", "gpt_neo", "falcon_alibi", "bloom");
  const std::string config = test::read_bytes(test::fixture(name) / "config.json");
  std::mt19937 random(1);  // the same damage every time
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string broken = test::damaged(config, random);
    CAPTURE(broken);
    const Failure failure =
        failure_of([&] { read_blueprint(parse_model_config(broken, "config.json")); });
    const bool was_refused = failure.kind == ErrorKind::input;
    REQUIRE((was_refused || failure.message == "(did not fail)"));
    refused += was_refused ? 1 : 0;
  }
  CHECK(refused > 150);
}

TEST_CASE("code that a checkpoint names is not run, and that is noted", "[architectures]") {
  const Blueprint blueprint =
      read_changed("llama", {{"auto_map", {{"AutoModelForCausalLM", "modeling.Own"}}}});
  REQUIRE(blueprint.notes.size() == 1);
  CHECK_THAT(blueprint.notes[0], Contains("auto_map ignored"));
}

TEST_CASE("a window as long as the context is none", "[architectures]") {
  const Blueprint blueprint = read_changed("mistral", {{"sliding_window", 64}});
  CHECK_FALSE(blueprint.spec.layers[0].window);
  CHECK(blueprint.notes.size() == 1);
  CHECK(read_changed("mistral", {{"sliding_window", 63}}).spec.layers[0].window == 63);
  CHECK_FALSE(read_changed("mistral", {{"sliding_window", nullptr}}).spec.layers[0].window);
}

TEST_CASE("a tensor too many, too few or of another shape is refused by name", "[architectures]") {
  using Damage = std::function<void(SafetensorsParts&)>;
  const std::string up = "model.layers.1.mlp.up_proj.weight";
  const auto [damage, message] = GENERATE_COPY(table<Damage, std::string>({
      {[=](SafetensorsParts& file) {
         file.header["model.stray.weight"] = file.header[up];
         file.header.erase(up);
       },
       "tensor \"" + up + "\": missing (1 in all); expected [80, 48]"},
      {[=](SafetensorsParts& file) {
         const auto end = file.data.size();
         file.header["model.stray.weight"] = {
             {"dtype", "F32"}, {"shape", {1}}, {"data_offsets", {end, end + 4}}};
         file.data += std::string(4, '\0');
       },
       "tensor \"model.stray.weight\": unexpected (1 in all)"},
      {[=](SafetensorsParts& file) {
         file.header[up]["shape"] = {48, 80};
       },
       "tensor \"" + up + "\": expected [80, 48], found [48, 80]"},
      {[=](SafetensorsParts& file) { file.header[up]["shape"] = {3840}; },
       "expected [80, 48], found [3840]"},
      {[=](SafetensorsParts& file) { file.header[up]["dtype"] = "I32"; },
       "tensor \"" + up + "\": dtype I32 is not supported; supported: F32, BF16, F16"},
      {[=](SafetensorsParts& file) {
         file.header["rotary_emb.inv_freq"] = file.header["lm_head.weight"];
         file.header.erase("lm_head.weight");
       },
       "tensor \"lm_head.weight\": missing"},
  }));
  CAPTURE(message);
  const Failure failure = load_damaged("llama", [&](const fs::path& at) {
    test::edit_safetensors(at / "model.safetensors", damage);
  });
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
}

// Writes a value over the first element of a tensor.
std::function<void(const fs::path&)> put(const std::string& tensor, const std::string& bytes) {
  return [=](const fs::path& at) {
    test::edit_safetensors(at / "model.safetensors", [&](SafetensorsParts& file) {
      const std::size_t begin = file.header.at(tensor).at("data_offsets").at(0);
      file.data.replace(begin, bytes.size(), bytes);
    });
  };
}

std::string bytes_of(std::uint32_t bits, std::size_t size) {
  std::string bytes(size, '\0');
  std::memcpy(bytes.data(), &bits, size);
  return bytes;
}

TEST_CASE("a weight that is not finite is refused by the name of its tensor", "[architectures]") {
  const auto [name, tensor, bytes, found] =
      GENERATE_COPY(table<std::string, std::string, std::string, std::string>({
          {"llama", "model.layers.1.mlp.up_proj.weight", bytes_of(0x7FC00000, 4), "a NaN"},
          {"llama", "model.layers.0.self_attn.q_proj.bias", bytes_of(0xFFC00000, 4), "a NaN"},
          {"llama", "model.norm.weight", bytes_of(0x7F800001, 4), "a NaN"},
          {"llama", "lm_head.weight", bytes_of(0xFF800000, 4), "an infinity"},
          {"gpt2", "transformer.h.1.attn.c_attn.weight", bytes_of(0x7F800000, 4), "an infinity"},
          {"llama_llama3", "model.embed_tokens.weight", bytes_of(0x7FC0, 2), "a NaN"},
          {"llama_llama3", "model.norm.weight", bytes_of(0xFF80, 2), "an infinity"},
          {"llama_yarn", "model.layers.0.mlp.down_proj.weight", bytes_of(0x7C00, 2), "an infinity"},
          {"llama_yarn", "model.layers.0.mlp.down_proj.weight", bytes_of(0xFE00, 2), "a NaN"},
      }));
  CAPTURE(name, tensor);
  const Failure failure = load_damaged(name, put(tensor, bytes));
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains("tensor \"" + tensor + "\""));
  CHECK_THAT(failure.message, Contains(found));
}

TEST_CASE("a weight beyond the compute dtype is refused, not made infinite", "[architectures]") {
  // 65520 is the smallest number that float16 rounds to infinity.
  const std::string tensor = "model.layers.1.mlp.up_proj.weight";
  const auto as_half = [&](std::uint32_t bits) {
    const ScratchDirectory scratch;
    const fs::path directory = scratch / "model";
    test::copy_fixture("llama", directory);
    put(tensor, bytes_of(bits, 4))(directory);
    return failure_of([&] {
      Checkpoint checkpoint = open_checkpoint(directory);
      const Blueprint blueprint = read_blueprint(checkpoint.config);
      const Match match = match_tensors(blueprint, checkpoint);
      load_weights(blueprint, match, checkpoint, at::kHalf, at::kCPU);
    });
  };
  CHECK(as_half(0x477FEFFF).message == "(did not fail)");
  CHECK_THAT(as_half(0x477FF000).message, Contains("too large for float16"));
  CHECK_THAT(as_half(0xC77FF000).message, Contains(tensor));
}

TEST_CASE("weights are converted as libtorch converts them", "[architectures]") {
  Checkpoint checkpoint = open_checkpoint(test::fixture("llama"));
  const Blueprint blueprint = read_blueprint(checkpoint.config);
  const Match match = match_tensors(blueprint, checkpoint);
  CHECK(match.stored_dtype == at::kFloat);
  const DecoderWeights exact =
      load_weights(blueprint, match, checkpoint, at::kFloat, at::kCPU).weights;
  Checkpoint again = open_checkpoint(test::fixture("llama"));
  const DecoderWeights rounded =
      load_weights(blueprint, match, again, at::kBFloat16, at::kCPU).weights;
  CHECK(at::equal(rounded.layers[1].qkv_weight, exact.layers[1].qkv_weight.to(at::kBFloat16)));
  CHECK(at::equal(rounded.head_weight, exact.head_weight.to(at::kBFloat16)));
  CHECK(rounded.layers[1].mlp_norm_weight.scalar_type() == at::kFloat);
  CHECK(at::equal(rounded.layers[1].mlp_norm_weight, exact.layers[1].mlp_norm_weight));
}

// Gives a tied checkpoint a head of its own: a copy of the embedding, with one bit changed or not.
void add_head(const fs::path& directory, bool differs) {
  test::edit_safetensors(directory / "model.safetensors", [&](SafetensorsParts& file) {
    const json& embedding = file.header.at("transformer.wte.weight");
    const std::size_t begin = embedding.at("data_offsets").at(0);
    const std::size_t end = embedding.at("data_offsets").at(1);
    const std::size_t at = file.data.size();
    file.header["lm_head.weight"] = {{"dtype", "F32"},
                                     {"shape", embedding.at("shape")},
                                     {"data_offsets", {at, at + end - begin}}};
    file.data += file.data.substr(begin, end - begin);
    file.data.back() = static_cast<char>(file.data.back() ^ (differs ? 1 : 0));
  });
}

TEST_CASE("head and embedding are one where the reference library makes them one",
          "[architectures]") {
  const ScratchDirectory scratch;
  const fs::path directory = scratch / "model";
  test::copy_fixture("gpt2", directory);
  const auto load = [&] {
    Checkpoint checkpoint = open_checkpoint(directory);
    const Blueprint blueprint = read_blueprint(checkpoint.config);
    const Match match = match_tensors(blueprint, checkpoint);
    return load_weights(blueprint, match, checkpoint, at::kFloat, at::kCPU);
  };
  const auto shared = [](const LoadedWeights& loaded) {
    return loaded.weights.head_weight.is_same(loaded.weights.token_embedding);
  };
  SECTION("no head in the file") { CHECK(shared(load())); }
  SECTION("an equal head in the file") {
    add_head(directory, false);
    const LoadedWeights loaded = load();
    CHECK(shared(loaded));
    CHECK(loaded.tied);
    CHECK(load_language_model(directory, {.device = "cpu"})->info().parameters == 66000);
  }
  SECTION("another head in the file") {
    add_head(directory, true);
    const LoadedWeights loaded = load();
    CHECK_FALSE(shared(loaded));
    CHECK_FALSE(loaded.tied);
    const auto model = load_language_model(directory, {.device = "cpu"});
    CHECK(model->info().parameters == 66000 + 131 * 48);
    REQUIRE(model->info().notes.size() == 1);
    CHECK_THAT(model->info().notes[0], Contains("a head of its own"));
  }
  SECTION("the head alone in the file") {
    test::edit_safetensors(directory / "model.safetensors", [](SafetensorsParts& file) {
      file.header["lm_head.weight"] = file.header["transformer.wte.weight"];
      file.header.erase("transformer.wte.weight");
    });
    CHECK(shared(load()));
  }
  SECTION("no head, and not tied") {
    test::edit_json(directory / "config.json",
                    [](json& config) { config["tie_word_embeddings"] = false; });
    CHECK_THAT(failure_of(load).message, Contains("tensor \"lm_head.weight\": missing"));
  }
}

TEST_CASE("a model says what it is and which files it was read from", "[architectures]") {
  const auto model = load_language_model(test::fixture("llama_linear"),
                                         {.device = "cpu", .dtype = "float32", .threads = 1});
  const ModelInfo& info = model->info();
  CHECK(info.architecture == "llama");
  CHECK(info.vocabulary == 131);
  CHECK(info.context_tokens == 64);
  CHECK(info.layers == 2);
  CHECK(info.parameters == 41856);
  CHECK(info.stored_dtype == "float32");
  CHECK(info.compute_dtype == "float32");
  CHECK(info.device == "cpu");
  CHECK(info.threads == 1);
  REQUIRE(info.files.size() == 5);
  CHECK(info.files[0].name == "config.json");
  CHECK(info.files[4].name == "model.safetensors.index.json");
}

}  // namespace
}  // namespace souvenir

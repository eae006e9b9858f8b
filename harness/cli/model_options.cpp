#include "harness/cli/model_options.h"

#include <iostream>

#include "reports/text.h"

namespace souvenir::cli {

void add_model_options(CLI::App& verb, ModelOptions& options) {
  verb.add_option("MODEL", options.model,
                  "Hugging Face directory (config.json, safetensors), or GGUF file")
      ->required();
  verb.add_option(
      "--adapter", options.load.adapter,
      "directory of a LoRA or DoRA adapter (PEFT), merged into the model when it is loaded");
  verb.add_option("--device", options.load.device, "auto, cpu or cuda:N")->capture_default_str();
  verb.add_option("--dtype", options.load.dtype,
                  "auto, float32, bfloat16 or float16; auto never rounds float32 weights")
      ->capture_default_str();
  verb.add_option("--threads", options.load.threads, "0: as many as the CPUs this process may use")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  verb.add_option("--memory", options.load.memory_bytes,
                  "what this process may hold, e.g. 8GiB; a larger model is read layer by layer, "
                  "and then only scores. Default: what is free")
      ->transform(CLI::AsSizeValue(true))
      ->check(CLI::PositiveNumber);
  verb.add_option("--token-budget", options.token_budget, "tokens in one batch")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24))
      ->capture_default_str();
  verb.add_option("--progress", options.progress, "auto, plain, json or none")
      ->check(CLI::IsMember({"auto", "plain", "json", "none"}))
      ->capture_default_str();
}

std::unique_ptr<LanguageModel> load_model(const std::string& model, const LoadOptions& options) {
  auto loaded = load_language_model(model, options);
  const LayerReading& reading = loaded->info().layers_read;
  if (reading.pass_tokens > 0) {
    std::cerr << "souvenir: " << visible(model) << " is larger than "
              << reading.memory_bytes / (1 << 20) << " MiB: its layers are read anew for every "
              << reading.pass_tokens << " tokens\n";
  }
  return loaded;
}

void add_sampling_options(CLI::App& verb, SamplingOptions& options) {
  const auto given = [&options](const std::string&) { options.given = true; };
  verb.add_option("--temperature", options.rule.temperature, "divides the logits")
      ->check(CLI::Range(1e-3, 1e3))
      ->each(given);
  verb.add_option("--top-k", options.rule.top_k,
                  "keeps the k most likely tokens and ties with the last; 0: all")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 24))
      ->each(given);
  verb.add_option("--top-p", options.rule.top_p,
                  "keeps the fewest most likely tokens whose probability reaches p")
      ->check(CLI::Range(1e-9, 1.0))
      ->each(given);
}

}  // namespace souvenir::cli

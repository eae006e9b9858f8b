// souvenir canaries: secrets to plant in a training corpus, and to look for afterwards.

#include "harness/canaries.h"

#include <filesystem>
#include <memory>
#include <optional>

#include "harness/canary_plan.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir::cli {

namespace {

struct CanariesArguments {
  std::string templates;
  std::string out;
  CanaryOptions plan;
  std::optional<std::uint64_t> seed;
};

std::uint64_t seed_of_the_system() {
  std::uint64_t seed = 0;
  for (const char byte : random_bytes(sizeof seed)) {
    seed = (seed << 8) | static_cast<unsigned char>(byte);
  }
  return seed;
}

void refuse_to_overwrite(const std::filesystem::path& folder) {
  for (const char* name : {"manifest.json", "train.jsonl", "train.txt", "commitment.json"}) {
    if (std::filesystem::exists(folder / name)) {
      throw Error(ErrorKind::input, (folder / name).string() +
                                        ": is there already; secrets that may be planted somewhere "
                                        "are not overwritten");
    }
  }
}

void write_files(const CanaryManifest& manifest, const std::filesystem::path& folder) {
  std::string text;
  std::string json;
  for (const std::string& line : training_lines(manifest)) {
    text += line + "\n";
    json += nlohmann::json{{"text", line}}.dump() + "\n";
  }
  const std::string manifest_text = write_canaries(manifest);
  // The manifest last: who finds it finds the rest.
  publish({{folder / "train.jsonl", std::move(json), true},
           {folder / "train.txt", std::move(text), true},
           {folder / "commitment.json", write_commitment(manifest, manifest_text)},
           {folder / "manifest.json", manifest_text, true}});
}

int run_canaries(CanariesArguments options) {
  const auto templates = load_canary_templates(options.templates);
  options.plan.seed = options.seed ? *options.seed : seed_of_the_system();
  const std::filesystem::path folder = options.out;
  refuse_to_overwrite(folder);
  const CanaryManifest manifest = invent_canaries(templates, options.plan);
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) {
    throw Error(ErrorKind::resource, folder.string() + ": cannot be created: " + code.message());
  }
  write_files(manifest, folder);
  RowWriter out("-");
  out.line((folder / "manifest.json").string() + ": private; what an audit reads");
  out.line((folder / "train.jsonl").string() + ", train.txt: what to mix into the corpus");
  out.line((folder / "commitment.json").string() + ": may be published; binds the manifest");
  out.finish();
  return kExitComplete;
}

}  // namespace

void add_canaries(CLI::App& program, Action& action) {
  auto options = std::make_shared<CanariesArguments>();
  CLI::App* verb = program.add_subcommand(
      "canaries", "Invent secrets to plant in a training corpus, and controls that stay out of it");
  verb->footer(
      "Whoever knows the seed knows the secrets: without --seed it comes from the operating\n"
      "system, and it stands in the manifest only.");
  verb->add_option("TEMPLATE", options->templates,
                   "built-in template (souvenir list templates), or a file of templates")
      ->required();
  verb->add_option("--count", options->plan.count, "canaries, over all tiers")->required();
  verb->add_option("--tiers", options->plan.tiers, "how often each stands in the training files")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--inclusion", options->plan.inclusion, "probability of each canary's own coin")
      ->capture_default_str();
  verb->add_option("--controls", options->plan.controls, "held out, never in the training files")
      ->capture_default_str();
  verb->add_option("--seed", options->seed, "for a run that must be repeatable, such as a test")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--out", options->out, "folder to write to")->required();
  verb->callback([options, &action] { action = [options] { return run_canaries(*options); }; });
}

}  // namespace souvenir::cli

// souvenir init: files to begin an audit from, with comments on what to decide.

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "harness/cli/exit_code.h"
#include "harness/cli/output.h"
#include "harness/cli/verb.h"
#include "harness/error.h"
#include "harness/suite.h"
#include "probes/registry.h"

namespace souvenir {

// Defined by souvenir_embed() of the root CMakeLists.txt, from configs.
namespace embedded {
extern const std::string_view context_starter_json;
extern const std::string_view policy_starter_json;
extern const std::string_view subjects_example_jsonl;
}  // namespace embedded

namespace cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::string_view kSuiteComment =
    "Copied from the built-in suite release. Decide, before anything is run: which probes; min_n "
    "and min_controls, without which no finding says that nothing was found (souvenir audit "
    "--plan-only says what these numbers can detect); the decoding rules, after how the model will "
    "be used; the threat model, in your own words, since the report prints it.";
constexpr std::string_view kWindowsComment =
    "How a subject given as text alone is cut: every stride tokens a prefix and, right behind it, "
    "the string that is measured. In tokens of the model.";

// The object with a comment in front of its other keys.
ordered_json commented(std::string_view comment, const ordered_json& object) {
  ordered_json out = {{"comment", comment}};
  for (const auto& [key, value] : object.items()) {
    out[key] = value;
  }
  return out;
}

std::string starter_suite() {
  const ordered_json release = ordered_json::parse(builtin_suite_text("release"));
  ordered_json suite;
  suite["schema"] = release.at("schema");
  suite["comment"] = kSuiteComment;
  for (const auto& [key, value] : release.items()) {
    suite[key] = value;
  }
  suite["name"] = "starter";
  suite["comment"] = kSuiteComment;
  if (suite.contains("windows")) {
    suite["windows"] = commented(kWindowsComment, suite["windows"]);
  }
  for (const auto& [name, parameters] : release.at("probes").items()) {
    const ProbeInfo& info = find_probe(name).info();
    suite["probes"][name] = commented(info.goal + " (" + info.source + ")", parameters);
  }
  return suite.dump(2) + "\n";
}

std::vector<OutputFile> starter_files(const fs::path& folder) {
  return {{folder / "suite.json", starter_suite()},
          {folder / "policy.json", std::string(embedded::policy_starter_json)},
          {folder / "context.json", std::string(embedded::context_starter_json)},
          {folder / "subjects.example.jsonl", std::string(embedded::subjects_example_jsonl)}};
}

int run_init(const std::string& name) {
  const fs::path folder = name.empty() ? "." : name;
  const std::vector<OutputFile> files = starter_files(folder);
  for (const OutputFile& file : files) {
    if (fs::symlink_status(file.path).type() != fs::file_type::not_found) {
      throw Error(ErrorKind::input,
                  file.path.string() + ": is there already, and init overwrites nothing");
    }
  }
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) {
    throw Error(ErrorKind::resource, folder.string() + ": cannot be created: " + code.message());
  }
  publish(files);
  RowWriter out("-");
  std::string check = "souvenir validate";
  for (const auto& [option, file] : {std::pair(" --suite ", 0U), std::pair(" --policy ", 1U),
                                     std::pair(" --context ", 2U), std::pair(" --subjects ", 3U)}) {
    out.line(files[file].path.string());
    check += option + files[file].path.string();
  }
  out.line("Decide what the comments ask, then: " + check);
  out.finish();
  return kExitComplete;
}

}  // namespace

void add_init(CLI::App& program, Action& action) {
  auto folder = std::make_shared<std::string>();
  CLI::App* verb = program.add_subcommand(
      "init", "Write a starter suite, policy, context and subjects, with what to decide");
  verb->add_option("DIR", *folder, "folder to write into; this one, unless given");
  verb->callback([folder, &action] { action = [folder] { return run_init(*folder); }; });
}

}  // namespace cli
}  // namespace souvenir

#include "harness/suite.h"

#include <algorithm>
#include <array>

#include "harness/config.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/evidence/json.h"

namespace souvenir {

// Defined by souvenir_embed() of the root CMakeLists.txt, from configs/suites.
namespace embedded {
extern const std::string_view quick_json;
extern const std::string_view release_json;
extern const std::string_view full_json;
}  // namespace embedded

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxSuiteBytes = 1U << 20U;

struct BuiltinSuite {
  std::string_view name;
  const std::string_view& text;
};
constexpr std::array<BuiltinSuite, 3> kBuiltin = {{{"quick", embedded::quick_json},
                                                   {"release", embedded::release_json},
                                                   {"full", embedded::full_json}}};

Windows parse_windows(ConfigObject& suite, const std::string& document) {
  Windows windows;
  if (const json* value = suite.find("windows")) {
    ConfigObject object(*value, document, "/windows");
    windows.prefix_tokens = object.integer("prefix_tokens", 1, 1 << 20, 50);
    windows.secret_tokens = object.integer("secret_tokens", 1, 1 << 20, 50);
    windows.stride =
        object.integer("stride", 1, 1 << 20, windows.prefix_tokens + windows.secret_tokens);
    object.finish();
  }
  return windows;
}

json resolve(const Suite& suite) {
  return {{"name", suite.name},
          {"seed", suite.seed},
          {"bos", std::string(bos_rule_name(suite.bos))},
          {"windows",
           {{"prefix_tokens", suite.windows.prefix_tokens},
            {"secret_tokens", suite.windows.secret_tokens},
            {"stride", suite.windows.stride}}},
          {"near_tie_delta", suite.near_tie_delta},
          {"screen_delta", suite.screen_delta},
          {"screen_margin", suite.screen_margin},
          {"recheck_strings", suite.recheck_strings},
          {"probes", suite.probes}};
}

}  // namespace

BosRule parse_bos_rule(const std::string& word) {
  if (word == "auto") return BosRule::automatic;
  if (word == "always") return BosRule::always;
  if (word == "never") return BosRule::never;
  throw Error(ErrorKind::usage, "bos: expected auto, always or never, found \"" + word + "\"");
}

std::string_view bos_rule_name(BosRule rule) {
  switch (rule) {
    case BosRule::automatic:
      return "auto";
    case BosRule::always:
      return "always";
    case BosRule::never:
      break;
  }
  return "never";
}

Suite parse_suite(std::string_view text, const std::string& document) {
  const json root = parse_json(text, document);
  ConfigObject object(root, document, "");
  Suite suite;
  const std::string schema = object.text("schema");
  if (schema != "souvenir/suite/1") {
    object.fail("schema", "expected \"souvenir/suite/1\"");
  }
  object.find("$schema");
  suite.name = object.text("name");
  suite.seed = static_cast<std::uint64_t>(object.integer("seed", 0, (1LL << 53) - 1, 0));
  suite.bos = parse_bos_rule(object.text("bos", "auto"));
  suite.windows = parse_windows(object, document);
  suite.near_tie_delta = object.number("near_tie_delta", 0.0, 100.0, 1e-3);
  suite.screen_delta =
      object.number("screen_delta", 0.0, 100.0, std::max(0.25, suite.near_tie_delta));
  suite.screen_margin = object.number("screen_margin", 0.0, 1e6, 1.0);
  suite.recheck_strings = object.integer("recheck_strings", 0, 1LL << 40, 300);
  const json* threat_model = object.find("threat_model");
  suite.threat_model = threat_model == nullptr ? json::object() : *threat_model;
  if (!suite.threat_model.is_object()) {
    object.fail("threat_model", "expected an object");
  }
  suite.probes = object.required("probes");
  if (!suite.probes.is_object() || suite.probes.empty()) {
    object.fail("probes", "expected an object that names at least one probe");
  }
  object.finish();
  suite.sha256 = hex(sha256(canonical_json(root)));
  suite.resolved = resolve(suite);
  return suite;
}

std::vector<std::string> builtin_suites() {
  std::vector<std::string> names;
  for (const BuiltinSuite& suite : kBuiltin) {
    names.emplace_back(suite.name);
  }
  return names;
}

std::string_view builtin_suite_text(std::string_view name) {
  for (const BuiltinSuite& suite : kBuiltin) {
    if (suite.name == name) {
      return suite.text;
    }
  }
  throw Error(ErrorKind::internal, "suite: not built in: " + std::string(name));
}

Suite load_suite(const std::string& name_or_path) {
  for (const BuiltinSuite& suite : kBuiltin) {
    if (suite.name == name_or_path) {
      return parse_suite(suite.text, "suite " + name_or_path);
    }
  }
  if (name_or_path.find('/') == std::string::npos && name_or_path.find('.') == std::string::npos) {
    throw Error(ErrorKind::input, "suite \"" + name_or_path +
                                      "\": no such suite; built in are quick, release and full, or "
                                      "give the path of a file");
  }
  return parse_suite(read_file(name_or_path, kMaxSuiteBytes), "suite " + name_or_path);
}

}  // namespace souvenir

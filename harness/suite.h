#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir {

enum class BosRule { automatic, always, never };

// How a `text` subject is cut: every `stride` tokens a prefix and, right behind it, a secret.
struct Windows {
  std::int64_t prefix_tokens = 50;
  std::int64_t secret_tokens = 50;
  std::int64_t stride = 100;
};

// What an audit asks and how: probes with their parameters, windows, thresholds, threat model.
//
//   near_tie_delta  logits; a gap to the runner-up below it is re-scored in float32, and counted as
//                   ambiguous if it still is below
//   screen_delta    the same for a first pass in 16 bits, whose rounding is far coarser
//   screen_margin   nats; after such a pass, strings whose probability is closer to a threshold are
//                   re-scored in float32 too
//   recheck_strings after such a pass, so many drawn strings are re-scored as well
//   queries_max     strings may be left once so few queries could hardly give them; nothing: all
//   are
//                   read to their end
//   probes          object of probe name to its parameters, each checked by the probe itself
//   resolved        everything above with defaults filled in: what the evidence records
struct Suite {
  std::string name;
  std::string sha256;
  std::uint64_t seed = 0;
  BosRule bos = BosRule::automatic;
  Windows windows;
  double near_tie_delta = 1e-3;
  double screen_delta = 0.25;
  double screen_margin = 1.0;
  std::int64_t recheck_strings = 300;
  std::optional<std::int64_t> queries_max = {};
  nlohmann::json threat_model;
  nlohmann::json probes;
  nlohmann::json resolved;
};

// Reads a suite.
//
// Errors  input: names the JSON pointer, what was expected and the nearest known key
Suite parse_suite(std::string_view text, const std::string& document);

// Returns the suite called `name_or_path`: one that is built in (quick, release, full), else a
// file.
//
// Errors  input: neither
Suite load_suite(const std::string& name_or_path);

std::vector<std::string> builtin_suites();

// Returns the file behind a built-in suite, as it stands in configs/suites.
//
// Errors  internal: no such suite
std::string_view builtin_suite_text(std::string_view name);

// Errors  usage: not auto, always or never
BosRule parse_bos_rule(const std::string& word);
std::string_view bos_rule_name(BosRule rule);

}  // namespace souvenir

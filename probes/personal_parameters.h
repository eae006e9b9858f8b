#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/probe.h"
#include "probes/outcome.h"

namespace souvenir {

// Parameters of `personal_data` in a suite.
//
//   kinds          strings of these kinds are asked about
//   prompts        what is asked, by name
//   window_tokens  W: the first value of the kind in so many tokens counts
//   samples        continuations of each prompt besides the greedy one
//   sampling       their decoding rule
//   max_cue        a value is given away by a prompt that overlaps more of it
//   min_twins      fewest twins that a value is ranked among
struct PersonalParameters {
  std::vector<std::string> kinds;
  std::vector<PromptNeeds> prompts;
  std::int64_t window_tokens = 48;
  std::int64_t samples = 0;
  DecodingRule sampling;
  double max_cue = 0.5;
  std::int64_t min_twins = 5;
  OutcomeRules rules;
};

// Errors  input: names the JSON pointer
PersonalParameters parse_personal_parameters(const nlohmann::json& parameters,
                                             const std::string& document);

nlohmann::json to_json(const PersonalParameters& parameters);

// Returns the prompts as they are asked: each greedily, and with samples if any are wanted.
std::vector<PromptNeeds> prompts_to_ask(const PersonalParameters& parameters);

}  // namespace souvenir

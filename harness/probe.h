#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/evidence/finding.h"
#include "harness/evidence/observation.h"
#include "harness/language_model.h"
#include "harness/subjects.h"

namespace souvenir {

// What a probe is, for `souvenir list` and the evidence.
//
//   goal    an imperative sentence
//   source  the paper or text that defines the technique
struct ProbeInfo {
  std::string name;
  std::string version;
  std::string goal;
  std::string source;
};

// A string with the model's answer: what `judge` sees. Holds no text.
//
//   subject     id of the subject; several windows of one text share it
//   person      cluster; empty: not given
//   given_away  the prompt contains the secret, so that reproducing it says nothing
//   matches     [scored tokens] whether the greedy decoder emits each
//   rescored    the answer comes from a second pass in float32
struct JudgedString {
  std::string subject;
  std::string person;
  std::string kind;
  Member member = Member::unknown;
  bool positive_control = false;
  std::string twin_of;
  std::optional<std::int64_t> repetitions;
  std::vector<std::pair<std::string, ParamValue>> strata;
  bool given_away = false;
  bool straddles = false;
  std::int64_t specials = 0;
  bool rescored = false;
  std::vector<std::uint8_t> matches;
  ScoreObservation observation;
};

// Reads answered strings one at a time, those of one person together; each identical (prefix,
// secret) pair once. Memory does not grow with their number.
class StringCursor {
 public:
  virtual ~StringCursor() = default;

  // Returns false at the end.
  virtual bool next(JudgedString& string) = 0;
};

// What shapes a judgement besides the answers.
//
//   parameters  the probe's own object in the suite
struct ProbeContext {
  nlohmann::json parameters;
  double near_tie_delta = 0.0;
};

// One technique: what to ask a model about every string, and what the answers mean. The two halves
// never meet: `needs` sees no answer, `judge` never touches a model, so that answers are asked for
// once, shared between probes, journalled, and judged again for free.
//
// Stateless; const methods are safe from any thread.
class Probe {
 public:
  virtual ~Probe() = default;

  virtual const ProbeInfo& info() const = 0;

  // Checks the parameters and fills in defaults: what the evidence records.
  //
  // Errors  input: names the JSON pointer
  virtual nlohmann::json resolve(const nlohmann::json& parameters,
                                 const std::string& document) const = 0;

  // What the one teacher-forced pass over each string must record for this probe.
  virtual ScoreOptions needs(const ProbeContext& context) const = 0;

  // Pure: same answers, same findings, in whatever order the persons come.
  virtual std::vector<Finding> judge(const ProbeContext& context, StringCursor& strings) const = 0;
};

}  // namespace souvenir

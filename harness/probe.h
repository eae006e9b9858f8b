#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/evidence/finding.h"
#include "harness/evidence/observation.h"
#include "harness/evidence/sensitive.h"
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

// Where a secret stands among the secrets that could have been drawn instead.
//
//   exact        every secret of the space was asked; else `candidates` of them were sampled
//   space        secrets in the space, the string's own included; 0: too many to count
//   log2_space   bits
//   candidates   others that were asked
//   rank         midrank: 1 + the likelier ones + half of those equally likely
//   log_prob     of the string itself, in the same pass, in nats
//   sample       [candidates] log-probabilities of the others, where they were sampled
struct CandidateRank {
  bool exact = false;
  std::uint64_t space = 0;
  double log2_space = 0.0;
  std::int64_t candidates = 0;
  double rank = 1.0;
  double log_prob = 0.0;
  std::vector<double> sample = {};
};

// How many secrets of a whole space a best-first search found above a canary's.
//
//   complete  false: the search ended at its budget, and there may be more
//   likelier, equal  secrets found so far
//   forwards  tokens that the model read for it
struct SearchedRank {
  bool complete = false;
  std::int64_t likelier = 0;
  std::int64_t equal = 0;
  double log2_space = 0.0;
  std::int64_t forwards = 0;
};

// What the model wrote after a prompt.
//
//   prompt   its name in the suite
//   sample   0-based; one prompt can be continued several times
//   before   the prompt's own text, so that a value it gives away can be told
struct GeneratedText {
  std::string prompt;
  std::int64_t sample = 0;
  Sensitive before;
  Sensitive text;
};

// What a pass in 16 bits said of a string that float32 was then asked about.
//
//   matches  as of JudgedString
struct Screened {
  ScoreObservation observation;
  std::vector<std::uint8_t> matches;
};

// A string with the model's answers: what `judge` sees.
//
//   subject     id of the subject; several windows of one text share it
//   person      cluster; empty: not given
//   canary      a string that was planted, or held out, on purpose
//   given_away  the prompt contains the secret, so that reproducing it says nothing
//   tokens      scored tokens of the whole string: more than are answered, where it was left
//   matches     [answered tokens] whether the greedy decoder emits each
//   rescored    the answer comes from a second pass in float32, since the first left it in doubt
//   screened    the answer of that first pass, where it left no doubt and the string was drawn for
//               the second all the same
//   reference   what the reference model says of the same tokens, where there is one
//   lowercase   what the model says of the secret in lower case, where a probe asked and it is
//               known whether the string was trained on
//   rank, searched  where a probe asked and the string is a canary
//   hmac        instead of the secret, hexadecimal: nothing but `generated` can be compared with it
struct JudgedString {
  std::string subject;
  std::string person;
  std::string kind;
  Member member = Member::unknown;
  bool positive_control = false;
  std::string twin_of;
  std::optional<std::int64_t> repetitions;
  std::vector<std::pair<std::string, ParamValue>> strata;
  std::optional<CanaryRole> canary;
  Sensitive prefix;
  Sensitive secret;
  std::string hmac;
  bool given_away = false;
  bool straddles = false;
  std::int64_t specials = 0;
  bool rescored = false;
  std::optional<Screened> screened;
  std::int64_t tokens = 0;
  std::vector<std::uint8_t> matches;
  ScoreObservation observation;
  std::optional<ScoreObservation> reference;
  std::optional<ScoreObservation> lowercase;
  std::optional<CandidateRank> rank;
  std::optional<SearchedRank> searched;
  std::vector<GeneratedText> generated;

  // Says whether the string was not read to its end, since nothing behind could matter.
  bool left() const { return static_cast<std::int64_t>(matches.size()) < tokens; }
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
//   reference   there is a reference model
//   inclusion   probability of the coin that decided which canaries were planted
//   hmac_key    what the HMACs of detect-only subjects were made with; empty: none given
//   queries_max what takes more queries than that is not asked about; nothing: no limit
struct ProbeContext {
  nlohmann::json parameters;
  double near_tie_delta = 0.0;
  std::uint64_t seed = 0;
  bool reference = false;
  std::optional<double> inclusion = {};
  Sensitive hmac_key = {};
  std::optional<std::int64_t> queries_max = {};
};

// Asks how a canary's secret ranks among those that could have been drawn instead.
//
//   exact_up_to  spaces of at most so many secrets are asked whole
//   sampled      of larger ones, so many
//   search_tokens  larger ones are searched, reading so many tokens for each canary; 0: they are
//   not
struct CandidateNeeds {
  std::int64_t exact_up_to = 1000;
  std::int64_t sampled = 500;
  std::int64_t search_tokens = 0;
};

// Asks the model to write on after a prompt, for every string of some kinds.
//
//   text   what is asked: {prefix} stands for the string's prefix, {name} for the name of its
//   person
//          (strings of persons without a `name` are then not asked)
//   chat   as the user's turn in the model's own chat template
//   kinds  empty: every kind
struct PromptNeeds {
  std::string name;
  std::string text = "{prefix}";
  bool chat = false;
  std::vector<std::string> kinds = {};
  GenerateOptions generate = {};
};

// Everything a probe wants asked. Probes that want the same share the answer.
//
//   whole        every string is read to its end
//   log_thresholds  nats; what the probability of a whole string is compared with
//   least_log_p  nats; where `queries_max` is set, strings less likely than that under every rule
//                need not be: they count as not found
struct ProbeNeeds {
  ScoreOptions score;
  bool whole = false;
  std::vector<double> log_thresholds = {};
  std::optional<double> least_log_p = {};
  bool reference = false;
  bool lowercase = false;
  std::optional<CandidateNeeds> candidates;
  std::vector<PromptNeeds> prompts;
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

  // What must be asked for this probe, besides one teacher-forced pass over each string.
  virtual ProbeNeeds needs(const ProbeContext& context) const = 0;

  // Pure: same answers, same findings, in whatever order the persons come.
  virtual std::vector<Finding> judge(const ProbeContext& context, StringCursor& strings) const = 0;
};

}  // namespace souvenir

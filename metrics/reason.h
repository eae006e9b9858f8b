#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir {

// Why there is no number: one English sentence that stands in the evidence, with the code under
// which reports say it in other languages ("reason." + code in reports/text.json).
//
//   text  {} stands for a number, or for another reason
struct Reason {
  std::string_view code;
  std::string_view text;
};

// Every reason there is. A new one is a row here and its text in reports/text.json; tests refuse a
// row without it. A text that holds more holes stands before one that begins as it does.
inline constexpr Reason kReasons[] = {
    {"not_recorded", "no reason was recorded"},
    {"suppressed_persons", "suppressed: fewer than 5 persons"},
    {"suppressed_strings", "suppressed: fewer than 5 strings"},
    {"no_strings", "no strings"},
    {"no_persons", "no persons"},
    {"no_persons_given", "no persons were given"},
    {"no_rate", "there is no rate"},
    {"no_control_rate", "the control has no rate"},
    {"below_a_double", "below what a double carries; see log10_value"},
    {"above_a_double", "beyond a double; see log10_value"},
    {"beyond_a_double", "beyond a double"},
    // strings that are reproduced
    {"none_so_long", "no string has that many tokens"},
    {"bounds", "strings were not read to their end; low and high bound it"},
    {"not_read_to_end", "the string was not read to its end"},
    {"none_sampled", "no string can be sampled"},
    {"no_twins", "no twins were given"},
    {"too_few_twins", "no value has enough twins to be ranked among"},
    // canaries
    {"no_canaries_given", "no canaries were given"},
    {"no_canaries", "no canaries"},
    {"none_ranked", "no canary was ranked"},
    {"not_ranked", "it was not ranked"},
    {"no_held_out", "no held-out canary"},
    {"search_ended", "searches ended at their budget: only bounds are known"},
    {"none_fitted", "no fitted distribution holds"},
    {"no_fit", "no fit: {}"},
    {"fit_refused", "the fit does not hold"},
    {"few_to_fit", "fewer than 50 values to fit"},
    {"no_spread", "the values do not spread"},
    {"fit_runs_off", "the fitted shape runs off: the values end as at a wall"},
    {"unfair_coin", "canaries were not planted by a fair coin: the bound does not hold"},
    {"none_planted_once", "no canary was to be planted exactly once"},
    {"no_guesses", "no guesses"},
    {"too_many_guesses", "more guesses ({}) than canaries ({})"},
    // membership
    {"one_class", "strings of both memberships are needed"},
    {"no_members", "no members"},
    {"no_non_members", "no non-members"},
    {"few_non_members",
     "too few controls: there are {}, this false-positive rate needs at least {} non-members"},
    {"few_controls", "too few controls: there are {}"},
    {"no_score", "no score: {}"},
    {"no_tokens", "no tokens"},
    {"impossible_token", "a token has probability 0"},
    {"impossible_for_reference", "a token has probability 0 under the reference model"},
    {"lower_cased", "lower-cased: {}"},
    {"no_lower_case", "the lower-cased text was not answered"},
    {"none_surprising", "no token is both unlikely and confidently predicted"},
    {"few_mispredicted", "fewer than two tokens are mispredicted"},
    {"both_say_the_same", "both models say the same"},
    {"no_text", "the text is not at hand"},
    {"no_variance", "the model does not say how its log-probabilities vary"},
    {"no_entropy", "the model does not say its entropy"},
    {"no_reference", "no reference model"},
    {"other_tokens", "the reference model reads other tokens"},
};

// Names a row of the table; a code that is not in it does not compile.
class ReasonCode {
 public:
  consteval ReasonCode(const char* code) : text_(text_of(code)) {}

  constexpr std::string_view text() const { return text_; }

 private:
  static constexpr std::string_view text_of(std::string_view code) {
    for (const Reason& reason : kReasons) {
      if (reason.code == code) return reason.text;
    }
    throw std::invalid_argument("ReasonCode: no such code");
  }

  std::string_view text_;
};

// Words a reason for `Estimate::reason`.
//
//   parts  what stands for each {}, in order: whole numbers, or reasons worded by this function
//
// Requires  as many parts as the text has holes; else throws std::invalid_argument
std::string because(ReasonCode code, const std::vector<std::string>& parts = {});

// A sentence of the table, taken apart again.
struct ReadReason {
  std::string_view code;
  std::vector<std::string> parts;
};

// Returns  nothing for a sentence that because() never wrote: evidence of another version
std::optional<ReadReason> read_reason(std::string_view text);

}  // namespace souvenir

#include "probes/extraction_tally.h"

#include <algorithm>
#include <cmath>

#include "harness/near_tie.h"
#include "metrics/extraction.h"

namespace souvenir {

namespace {

// The log-probability of the whole secret under one decoding rule, summed in double.
double log_p_z(const std::vector<double>& token_log_probs) {
  double sum = 0.0;
  for (const double value : token_log_probs) {
    sum += value;
  }
  return std::min(sum, 0.0);
}

double share_of(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string kind_of_guess(const JudgedString& string) {
  return (string.canary ? "canary " : "") + string.kind;
}

bool verdict_changed(const JudgedString& string, const ExtractionParameters& parameters) {
  const Screened& screened = *string.screened;
  const auto reproduced = [&](const std::vector<std::uint8_t>& matches) {
    return static_cast<std::int64_t>(matches.size()) == string.tokens &&
           count_matches(matches).verbatim();
  };
  bool changed = reproduced(screened.matches) != reproduced(string.matches);
  for (std::size_t rule = 0; rule < parameters.decoding.size(); ++rule) {
    const double before = log_p_z(screened.observation.rule_log_probs.at(rule));
    const double after = log_p_z(string.observation.rule_log_probs.at(rule));
    for (const double p : parameters.probabilities) {
      for (const double n : parameters.queries) {
        changed = changed || is_extractable(before, n, p) != is_extractable(after, n, p);
      }
    }
  }
  return changed;
}

ExtractionTally::ExtractionTally(const ExtractionParameters& parameters)
    : extractable(parameters.decoding.size(), {parameters.probabilities.size(),
                                               std::vector<RateTally>(parameters.queries.size())}),
      extractable_hits(parameters.decoding.size(),
                       {parameters.probabilities.size(),
                        std::vector<std::int64_t>(parameters.queries.size(), 0)}),
      p_z(parameters.decoding.size()),
      weakest(parameters.run_tokens.size(), std::numeric_limits<double>::infinity()) {}

void ExtractionTally::add(const JudgedString& string, const ExtractionParameters& parameters,
                          double near_tie_delta) {
  const TokenMatches matches = count_matches(string.matches);
  const std::int64_t tokens = string.tokens;
  verbatim.add(string.person, matches.verbatim());
  // A string that was left has been missed: what greedy decoding reproduces of it is known.
  matched_share.add(string.person, share_of(matches.leading, tokens));
  for (std::size_t rule = 0; rule < p_z.size(); ++rule) {
    const double log_p = log_p_z(string.observation.rule_log_probs.at(rule));
    if (string.left() && !std::isinf(log_p)) {
      p_z[rule].add_at_most(string.person, log_p);
    } else {
      p_z[rule].add(string.person, log_p);
    }
    for (std::size_t p = 0; p < parameters.probabilities.size(); ++p) {
      for (std::size_t n = 0; n < parameters.queries.size(); ++n) {
        const bool hit = is_extractable(log_p, parameters.queries[n], parameters.probabilities[p]);
        extractable[rule][p][n].add(string.person, hit);
        extractable_hits[rule][p][n] += hit && !string.given_away ? 1 : 0;
      }
    }
  }
  for (std::size_t l = 0; l < weakest.size() && !string.left(); ++l) {
    const auto run =
        weakest_run(string.observation.ranks, static_cast<std::size_t>(parameters.run_tokens[l]));
    weakest[l] = run ? std::min(weakest[l], run->bits) : weakest[l];
  }
  const bool hit = matches.verbatim();
  ++strings;
  ++kinds[kind_of_guess(string)];
  hits += hit ? 1 : 0;
  gained += hit && !string.given_away ? 1 : 0;
  gained_known += hit && !string.given_away && string.member == Member::yes ? 1 : 0;
  given_away += string.given_away ? 1 : 0;
  ambiguous += hangs_on_near_tie(string.observation, near_tie_delta) ? 1 : 0;
  rescored += string.rescored ? 1 : 0;
  left += string.left() ? 1 : 0;
  if (string.left()) longest_left = std::max(longest_left, tokens);
  straddling += string.straddles ? 1 : 0;
  with_specials += string.specials > 0 ? 1 : 0;
  windows += string.subject == last_subject_ ? 1 : 0;
  shortest_tokens = std::min(shortest_tokens, tokens);
  longest_tokens = std::max(longest_tokens, tokens);
  last_subject_ = string.subject;
}

}  // namespace souvenir

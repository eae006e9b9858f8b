#include "probes/blind_baseline.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <unordered_map>

#include "metrics/rng.h"
#include "probes/membership_scores.h"
#include "probes/stable_hash.h"

namespace souvenir {

namespace {

bool is_letter(unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; }
bool is_digit(unsigned char c) { return std::isdigit(c) != 0; }

// Words in lower case; of a run of digits both the run and its length.
void add_words(std::string_view text, std::vector<std::uint64_t>& words) {
  for (std::size_t begin = 0; begin < text.size();) {
    const auto first = static_cast<unsigned char>(text[begin]);
    if (!is_letter(first) && !is_digit(first)) {
      ++begin;
      continue;
    }
    const auto kind = is_digit(first) ? is_digit : is_letter;
    std::string word;
    for (; begin < text.size() && kind(static_cast<unsigned char>(text[begin])); ++begin) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(text[begin])));
    }
    words.push_back(stable_hash(word));
    if (is_digit(first)) words.push_back(stable_hash("#" + std::to_string(word.size())));
  }
}

// How many strings of each class have a word.
struct Count {
  double members = 0.0;
  double others = 0.0;
};

std::uint64_t fold_of(const std::string& group, std::int64_t folds, std::uint64_t seed) {
  return Rng(seed, "blind folds", {stable_hash(group)})
      .uniform_below(static_cast<std::uint64_t>(folds));
}

}  // namespace

std::optional<double> days_of(const ParamValue& value) {
  if (const auto number = number_in(value)) return number;
  const auto* given = std::get_if<std::string>(&value);
  if (given == nullptr) return std::nullopt;
  const std::string& text = *given;
  if (text.size() != 4 && text.size() != 7 && text.size() != 10) return std::nullopt;
  double parts[3] = {0.0, 0.0, 0.0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : !is_digit(static_cast<unsigned char>(text[i]))) {
      return std::nullopt;
    }
    double& part = parts[i < 4 ? 0 : i < 7 ? 1 : 2];
    part = dash ? part : 10.0 * part + (text[i] - '0');
  }
  return parts[0] * 372.0 + parts[1] * 31.0 + parts[2];
}

BlindFeatures blind_features(const JudgedString& string) {
  BlindFeatures features;
  // The person first: a twin has that of its original, and both must be held out together.
  features.group = !string.person.empty()    ? string.person
                   : !string.twin_of.empty() ? string.twin_of
                                             : string.subject;
  features.bytes = static_cast<double>(string.secret.size_bytes());
  features.compressed = static_cast<double>(compressed_bytes(string));
  add_words(string.prefix.reveal(), features.words);
  add_words(string.secret.reveal(), features.words);
  std::sort(features.words.begin(), features.words.end());
  features.words.erase(std::unique(features.words.begin(), features.words.end()),
                       features.words.end());
  for (const auto& [key, value] : string.strata) {
    if (key == "date") features.date = days_of(value);
  }
  return features;
}

std::vector<double> bag_of_words_scores(const std::vector<const BlindFeatures*>& features,
                                        const std::vector<bool>& member, std::int64_t folds,
                                        std::uint64_t seed) {
  std::vector<std::uint64_t> fold(features.size());
  for (std::size_t i = 0; i < features.size(); ++i) {
    fold[i] = fold_of(features[i]->group, folds, seed);
  }
  std::vector<double> scores(features.size(), 0.0);
  for (std::uint64_t held = 0; held < static_cast<std::uint64_t>(folds); ++held) {
    std::unordered_map<std::uint64_t, Count> counts;
    Count strings;
    for (std::size_t i = 0; i < features.size(); ++i) {
      if (fold[i] == held) continue;
      (member[i] ? strings.members : strings.others) += 1.0;
      for (const std::uint64_t word : features[i]->words) {
        (member[i] ? counts[word].members : counts[word].others) += 1.0;
      }
    }
    for (std::size_t i = 0; i < features.size(); ++i) {
      if (fold[i] != held) continue;
      for (const std::uint64_t word : features[i]->words) {
        const auto at = counts.find(word);
        if (at == counts.end()) continue;  // never seen: says nothing
        scores[i] += std::log((at->second.members + 0.5) / (strings.members + 1.0)) -
                     std::log((at->second.others + 0.5) / (strings.others + 1.0));
      }
    }
  }
  return scores;
}

}  // namespace souvenir

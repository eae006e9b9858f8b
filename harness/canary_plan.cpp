#include "harness/canary_plan.h"

#include <algorithm>
#include <unordered_set>

#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir {

namespace {

using nlohmann::ordered_json;

// Draws per canary before its template is taken to be too narrow. At most half of a space is ever
// asked for, so that many failures by chance have a probability below 2^-1000.
constexpr int kMaxDraws = 1000;

void check_options(const CanaryOptions& options) {
  if (options.count < 1 || options.count > 10'000'000 || options.controls < 0 ||
      options.controls > 10'000'000) {
    throw Error(ErrorKind::usage,
                "canaries: expected a count from 1 and controls from 0, both up to 10000000");
  }
  if (options.tiers.empty()) {
    throw Error(ErrorKind::usage, "canaries: expected at least one tier");
  }
  for (const std::int64_t tier : options.tiers) {
    if (tier < 1 || tier > 1'000'000) {
      throw Error(ErrorKind::usage, "canaries: tiers: expected numbers from 1 to 1000000, found " +
                                        std::to_string(tier));
    }
    if (std::count(options.tiers.begin(), options.tiers.end(), tier) > 1) {
      throw Error(ErrorKind::usage,
                  "canaries: tiers: " + std::to_string(tier) + " stands there twice");
    }
  }
  if (!(options.inclusion >= 0.0 && options.inclusion <= 1.0)) {
    throw Error(ErrorKind::usage, "canaries: inclusion: expected a probability");
  }
}

// What was given out already.
struct Taken {
  std::unordered_set<std::string> secrets;
  std::unordered_set<std::string> prefixes;
};

class Inventor {
 public:
  Inventor(const CanaryManifest& manifest, const std::vector<std::int64_t>& wanted)
      : manifest_(manifest) {
    for (std::size_t i = 0; i < manifest.templates.size(); ++i) {
      const CanaryTemplate& row = manifest.templates[i];
      check_room(manifest.spaces[i], wanted[i]);
      prefixes_.push_back(parse_pattern(row.prefix, "template " + row.id));
    }
  }

  // Fills template, prefix and secret.
  Canary invent(std::size_t which, std::uint64_t index) {
    const CanaryTemplate& row = manifest_.templates[which];
    Rng rng(manifest_.seed, "canary", {index});
    for (int draw = 0; draw < kMaxDraws; ++draw) {
      const InventedPerson person = invent_person(rng);
      const std::string prefix = fill_pattern(prefixes_[which], person, rng);
      const std::string secret = manifest_.spaces[which].sample(rng);
      const bool given_away =
          prefix.find(secret) != std::string::npos || row.suffix.find(secret) != std::string::npos;
      if (given_away || taken_.secrets.count(secret) > 0 || taken_.prefixes.count(prefix) > 0) {
        continue;
      }
      taken_.secrets.insert(secret);
      taken_.prefixes.insert(prefix);
      Canary canary;
      canary.space = row.id;
      canary.kind = row.kind;
      canary.suffix = row.suffix_text();
      canary.prefix = Sensitive(prefix);
      canary.secret = Sensitive(secret);
      return canary;
    }
    throw Error(ErrorKind::input,
                "template " + row.id +
                    ": too few different prefixes for that many canaries; put a slot into the "
                    "prefix, such as {person}, or ask for fewer");
  }

 private:
  static void check_room(const CanarySpace& space, std::int64_t wanted) {
    if (space.size && static_cast<std::uint64_t>(wanted) > *space.size / 2) {
      throw Error(ErrorKind::input, "template " + space.id + ": its space has " +
                                        std::to_string(*space.size) +
                                        " secrets, of which at most half may be given out; " +
                                        std::to_string(wanted) + " are asked for");
    }
  }

  const CanaryManifest& manifest_;
  std::vector<std::vector<PatternPart>> prefixes_;
  Taken taken_;
};

std::string numbered(const std::string& word, std::int64_t number) {
  const std::string digits = std::to_string(number);
  return word + "-" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

// Templates in turn, so that each has as many canaries as the next, give or take one.
std::vector<std::int64_t> wanted_per_template(std::size_t templates, const CanaryOptions& options) {
  const auto tiers = static_cast<std::int64_t>(options.tiers.size());
  std::vector<std::int64_t> wanted(templates, 0);
  for (std::int64_t i = 0; i < options.count; ++i) {
    ++wanted[static_cast<std::size_t>(i / tiers) % templates];
  }
  for (std::int64_t i = 0; i < options.controls; ++i) {
    ++wanted[static_cast<std::size_t>(i) % templates];
  }
  return wanted;
}

}  // namespace

CanaryManifest invent_canaries(const std::vector<CanaryTemplate>& templates,
                               const CanaryOptions& options) {
  check_options(options);
  CanaryManifest manifest;
  manifest.seed = options.seed;
  manifest.inclusion = options.inclusion;
  manifest.tiers = options.tiers;
  manifest.templates = templates;
  for (const CanaryTemplate& row : templates) {
    manifest.spaces.push_back(row.space("template " + row.id));
  }
  Inventor inventor(manifest, wanted_per_template(templates.size(), options));
  const std::size_t tiers = options.tiers.size();
  for (std::int64_t i = 0; i < options.count + options.controls; ++i) {
    const auto index = static_cast<std::uint64_t>(i);
    const bool control = i >= options.count;
    const std::size_t turn =
        control ? static_cast<std::size_t>(i - options.count) : static_cast<std::size_t>(i) / tiers;
    const std::size_t which = turn % templates.size();
    Canary canary = inventor.invent(which, index);
    canary.control = control;
    canary.id = control ? numbered("control", i - options.count + 1) : numbered("canary", i + 1);
    if (templates[which].has_person()) canary.person = canary.id;
    if (!control) {
      canary.repetitions = options.tiers[static_cast<std::size_t>(i) % tiers];
      Rng coin(options.seed, "canary_inclusion", {index});
      canary.included = coin.uniform01() < options.inclusion;
    }
    manifest.canaries.push_back(std::move(canary));
  }
  return manifest;
}

std::vector<std::string> training_lines(const CanaryManifest& manifest) {
  std::vector<std::string> lines;
  for (const Canary& canary : manifest.canaries) {
    if (!canary.included) continue;
    const std::string line =
        std::string(canary.prefix.reveal()) + std::string(canary.secret.reveal()) + canary.suffix;
    lines.insert(lines.end(), static_cast<std::size_t>(canary.repetitions), line);
  }
  Rng rng(manifest.seed, "canary_shuffle");
  for (std::size_t left = lines.size(); left > 1; --left) {
    std::swap(lines[left - 1], lines[rng.uniform_below(left)]);
  }
  return lines;
}

std::string write_commitment(const CanaryManifest& manifest, std::string_view manifest_text) {
  ordered_json by_tier = ordered_json::object();
  for (const std::int64_t tier : manifest.tiers) {
    by_tier[std::to_string(tier)] =
        std::count_if(manifest.canaries.begin(), manifest.canaries.end(),
                      [&](const Canary& row) { return !row.control && row.repetitions == tier; });
  }
  const auto controls = std::count_if(manifest.canaries.begin(), manifest.canaries.end(),
                                      [](const Canary& row) { return row.control; });
  // How many the coins included stays private until the audit: it would tell an insider what a
  // guess is worth.
  ordered_json out = {{"schema", "souvenir/canary_commitment/1"},
                      {"manifest_sha256", hex(sha256(manifest_text))},
                      {"manifest_bytes", manifest_text.size()},
                      {"canaries", static_cast<std::int64_t>(manifest.canaries.size()) - controls},
                      {"controls", controls},
                      {"inclusion", manifest.inclusion},
                      {"canaries_by_tier", by_tier}};
  ordered_json templates = ordered_json::array();
  for (const CanarySpace& space : manifest.spaces) {
    const auto rows = std::count_if(manifest.canaries.begin(), manifest.canaries.end(),
                                    [&](const Canary& row) { return row.space == space.id; });
    templates.push_back({{"id", space.id}, {"log2_size", space.log2_size}, {"rows", rows}});
  }
  out["templates"] = templates;
  return out.dump(2) + "\n";
}

}  // namespace souvenir

#include "probes/membership_scores.h"

#include <zlib.h>

#include <algorithm>
#include <string_view>

#include "harness/error.h"
#include "metrics/reason.h"

namespace souvenir {

namespace {

constexpr int kLevel = 6;

TokenScore none(std::string reason) { return {std::nullopt, std::move(reason), 0}; }

TokenScore loss(const JudgedString& s, const ScoreParameters&) {
  return loss_score(s.observation.log_probs);
}

TokenScore reference(const JudgedString& s, const ScoreParameters&) {
  return reference_score(s.observation.log_probs, s.reference->log_probs);
}

TokenScore zlib(const JudgedString& s, const ScoreParameters&) {
  if (s.secret.empty()) return none(because("no_text"));
  return zlib_score(s.observation.log_probs, compressed_bytes(s));
}

TokenScore min_k(const JudgedString& s, const ScoreParameters& p) {
  return min_k_score(s.observation.log_probs, p.k);
}

TokenScore min_k_pp(const JudgedString& s, const ScoreParameters& p) {
  const ScoreObservation& o = s.observation;
  if (o.mean_log_probs.size() != o.log_probs.size() ||
      o.variance_log_probs.size() != o.log_probs.size()) {
    return none(because("no_variance"));
  }
  return min_k_pp_score(o.log_probs, o.mean_log_probs, o.variance_log_probs, p.k);
}

TokenScore surp(const JudgedString& s, const ScoreParameters& p) {
  if (s.observation.entropies.size() != s.observation.log_probs.size()) {
    return none(because("no_entropy"));
  }
  return surp_score(s.observation.log_probs, s.observation.entropies, p.surp_k, p.surp_max_entropy);
}

TokenScore lowercase(const JudgedString& s, const ScoreParameters&) {
  if (!s.lowercase) return none(because("no_lower_case"));
  return lowercase_score(s.observation.log_probs, s.lowercase->log_probs);
}

TokenScore ez(const JudgedString& s, const ScoreParameters& p) {
  return ez_score(s.observation.log_probs, s.reference->log_probs, s.matches, p.ez_skip_first);
}

TokenScore wbc(const JudgedString& s, const ScoreParameters&) {
  static const std::vector<std::size_t> windows = wbc_windows();
  return wbc_score(s.observation.log_probs, s.reference->log_probs, windows);
}

TokenScore rmia(const JudgedString& s, const ScoreParameters&) {
  return rmia_score(s.observation.log_probs, s.reference->log_probs);
}

TokenScore log_rank(const JudgedString& s, const ScoreParameters&) {
  return log_rank_score(s.observation.ranks);
}

//   beside  the score compares with the reference model's answer
struct Attack {
  std::string_view name;
  TokenScore (*score)(const JudgedString&, const ScoreParameters&);
  bool beside = false;
};

constexpr Attack kAttacks[] = {
    {"loss", loss},           {"reference", reference, true}, {"zlib", zlib},
    {"min_k", min_k},         {"min_k_pp", min_k_pp},         {"surp", surp},
    {"lowercase", lowercase}, {"log_rank", log_rank},         {"ez", ez, true},
    {"wbc", wbc, true},       {"rmia", rmia, true},
};

const Attack& find_attack(const std::string& name) {
  const auto at = std::find_if(std::begin(kAttacks), std::end(kAttacks),
                               [&](const Attack& attack) { return attack.name == name; });
  if (at == std::end(kAttacks)) {
    throw Error(ErrorKind::internal, "membership: no score \"" + name + "\"");
  }
  return *at;
}

}  // namespace

const std::vector<std::string>& attack_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Attack& attack : kAttacks) list.emplace_back(attack.name);
    return list;
  }();
  return names;
}

bool attack_needs_reference(const std::string& name) { return find_attack(name).beside; }

TokenScore attack_score(const std::string& name, const JudgedString& string,
                        const ScoreParameters& parameters) {
  const Attack& attack = find_attack(name);
  if (string.left()) return none(because("not_read_to_end"));
  if (attack.beside && !string.reference) return none(because("no_reference"));
  if (attack.beside && string.reference->log_probs.size() != string.observation.log_probs.size()) {
    return none(because("other_tokens"));
  }
  return attack.score(string, parameters);
}

std::size_t compressed_bytes(const JudgedString& string) {
  const std::string_view text = string.secret.reveal();
  uLongf size = compressBound(static_cast<uLong>(text.size()));
  std::vector<Bytef> out(size);
  if (compress2(out.data(), &size, reinterpret_cast<const Bytef*>(text.data()),
                static_cast<uLong>(text.size()), kLevel) != Z_OK) {
    throw Error(ErrorKind::resource, "membership: zlib has no memory");
  }
  return static_cast<std::size_t>(size);
}

}  // namespace souvenir

#include "probes/membership_scores.h"

#include <zlib.h>

#include <map>

#include "harness/error.h"

namespace souvenir {

namespace {

constexpr int kLevel = 6;

TokenScore none(std::string reason) { return {std::nullopt, std::move(reason), 0}; }

TokenScore with_reference(const JudgedString& string,
                          TokenScore (*score)(const JudgedString&, const ScoreParameters&),
                          const ScoreParameters& parameters) {
  if (!string.reference) return none("no reference model");
  if (string.reference->log_probs.size() != string.observation.log_probs.size()) {
    return none("the reference model reads other tokens");
  }
  return score(string, parameters);
}

TokenScore loss(const JudgedString& s, const ScoreParameters&) {
  return loss_score(s.observation.log_probs);
}

TokenScore reference(const JudgedString& s, const ScoreParameters&) {
  return reference_score(s.observation.log_probs, s.reference->log_probs);
}

TokenScore zlib(const JudgedString& s, const ScoreParameters&) {
  if (s.secret.empty()) return none("the text is not at hand");
  return zlib_score(s.observation.log_probs, compressed_bytes(s));
}

TokenScore min_k(const JudgedString& s, const ScoreParameters& p) {
  return min_k_score(s.observation.log_probs, p.k);
}

TokenScore min_k_pp(const JudgedString& s, const ScoreParameters& p) {
  const ScoreObservation& o = s.observation;
  if (o.mean_log_probs.size() != o.log_probs.size() ||
      o.variance_log_probs.size() != o.log_probs.size()) {
    return none("the model does not say how its log-probabilities vary");
  }
  return min_k_pp_score(o.log_probs, o.mean_log_probs, o.variance_log_probs, p.k);
}

TokenScore surp(const JudgedString& s, const ScoreParameters& p) {
  if (s.observation.entropies.size() != s.observation.log_probs.size()) {
    return none("the model does not say its entropy");
  }
  return surp_score(s.observation.log_probs, s.observation.entropies, p.surp_k, p.surp_max_entropy);
}

TokenScore lowercase(const JudgedString& s, const ScoreParameters&) {
  if (!s.lowercase) return none("the lower-cased text was not answered");
  return lowercase_score(s.observation.log_probs, s.lowercase->log_probs);
}

TokenScore ez(const JudgedString& s, const ScoreParameters& p) {
  return ez_score(s.observation.log_probs, s.reference->log_probs, s.matches, p.ez_skip_first);
}

TokenScore wbc(const JudgedString& s, const ScoreParameters&) {
  static const std::vector<std::size_t> windows = wbc_windows();
  return wbc_score(s.observation.log_probs, s.reference->log_probs, windows);
}

}  // namespace

const std::vector<std::string>& attack_names() {
  static const std::vector<std::string> names = {"loss", "reference", "zlib", "min_k", "min_k_pp",
                                                 "surp", "lowercase", "ez",   "wbc"};
  return names;
}

TokenScore attack_score(const std::string& name, const JudgedString& string,
                        const ScoreParameters& parameters) {
  using Score = TokenScore (*)(const JudgedString&, const ScoreParameters&);
  static const std::map<std::string, Score> alone = {{"loss", loss},   {"zlib", zlib},
                                                     {"min_k", min_k}, {"min_k_pp", min_k_pp},
                                                     {"surp", surp},   {"lowercase", lowercase}};
  static const std::map<std::string, Score> beside = {
      {"reference", reference}, {"ez", ez}, {"wbc", wbc}};
  if (const auto at = alone.find(name); at != alone.end()) return at->second(string, parameters);
  if (const auto at = beside.find(name); at != beside.end()) {
    return with_reference(string, at->second, parameters);
  }
  throw Error(ErrorKind::internal, "membership: no score \"" + name + "\"");
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

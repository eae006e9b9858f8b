#include "harness/leak_corpus.h"

#include <cstring>
#include <limits>

namespace souvenir {

namespace {

// In no UTF-8 text, so that nothing is found across two runs.
constexpr std::string_view kBetweenRuns = "\xff";
constexpr std::size_t kDigestKey = 8;
constexpr int kEscapeRounds = 3;

std::uint64_t digest_key(const char* bytes) {
  std::uint64_t key = 0;
  std::memcpy(&key, bytes, kDigestKey);
  return key;
}

}  // namespace

std::string encoded_ids(const std::vector<std::int64_t>& ids) {
  std::string out;
  for (const std::int64_t id : ids) {
    // What is no token id becomes a value that no token id has.
    const auto value = id < 0 || id > std::numeric_limits<std::int32_t>::max()
                           ? std::uint32_t{0xFFFFFFFF}
                           : static_cast<std::uint32_t>(id);
    for (int shift = 0; shift < 32; shift += 8) {
      out += static_cast<char>((value >> shift) & 0xFF);
    }
  }
  return out;
}

void LeakCorpus::add(const std::string& artefact, ArtefactFormat format, std::string_view bytes) {
  ArtefactText content = artefact_text(format, bytes);
  numbers_.merge(content.numbers);
  for (const auto& [list, source] : content.lists) {
    add_list(artefact, list, source);
  }
  for (const TracedText& text : content.texts) {
    add_text(artefact, text);
    // Escapes within escapes: each kind alone, then all of them one after the other.
    const TracedText json = without_json_escapes(text);
    const TracedText html = without_html_entities(text);
    const TracedText percent = without_percent_encoding(text);
    for (const TracedText* decoded : {&json, &html, &percent}) {
      if (!decoded->bytes().empty()) {
        add_text(artefact, *decoded);
      }
    }
    TracedText all = text;
    for (int round = 0; round < kEscapeRounds; ++round) {
      for (const auto decode :
           {without_html_entities, without_percent_encoding, without_json_escapes}) {
        TracedText next = decode(all);
        if (!next.bytes().empty()) {
          all = std::move(next);
        }
      }
    }
    add_text(artefact, all);
  }
}

void LeakCorpus::add_known(std::string_view text) {
  TracedText raw;
  raw.append(text, 0);
  for (const TracedText& form : {raw, without_json_escapes(raw)}) {
    texts_.push_back({"", "text", folded(form), {}});
  }
}

void LeakCorpus::add_text(const std::string& artefact, const TracedText& text) {
  TracedText plain = folded(text);
  if (!texts_.empty() && texts_.back().form == "text" &&
      texts_.back().text.bytes() == plain.bytes() && texts_.back().artefact == artefact) {
    return;  // the usual case: nothing was escaped
  }
  add_runs(artefact, text);
  for (const auto& [list, source] : number_lists(text)) {
    add_list(artefact, list, source);
  }
  texts_.push_back({artefact, "text", std::move(plain), {}});
}

void LeakCorpus::add_runs(const std::string& artefact, const TracedText& text) {
  for (const bool is_hex : {false, true}) {
    LeakSegment segment{artefact, is_hex ? "hexadecimal" : "base64", {}, {}};
    for (const DecodedRun& run : decoded_runs(text)) {
      if (run.is_hex == is_hex) {
        segment.text.append(folded(run.bytes), run.source);
        segment.text.append(kBetweenRuns, run.source);
        segment.decoded.append(run.bytes).append(kBetweenRuns);
        for (std::size_t at = 0; at + kDigestKey <= run.bytes.size(); ++at) {
          digests_.insert(digest_key(run.bytes.data() + at));
        }
      }
    }
    if (!segment.decoded.empty()) {
      texts_.push_back(std::move(segment));
    }
  }
}

void LeakCorpus::add_list(const std::string& artefact, const std::vector<std::int64_t>& list,
                          std::size_t source) {
  LeakSegment segment{artefact, "token ids", {}, {}};
  segment.text.append(encoded_ids(list), source);
  id_lists_.push_back(std::move(segment));
}

const LeakSegment* LeakCorpus::find_digest(std::string_view digest) const {
  if (digest.size() < kDigestKey || digests_.count(digest_key(digest.data())) == 0) {
    return nullptr;
  }
  const std::string_view start = digest.substr(0, kDigestKey);
  for (const LeakSegment& segment : texts_) {
    if (segment.decoded.find(start) != std::string::npos) {
      return &segment;
    }
  }
  return nullptr;
}

}  // namespace souvenir

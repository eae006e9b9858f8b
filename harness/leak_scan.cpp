#include "harness/leak_scan.h"

#include <algorithm>
#include <bitset>
#include <map>
#include <set>
#include <utility>

#include "harness/digest.h"
#include "harness/error.h"
#include "harness/identifiers/characters.h"
#include "harness/leak_corpus.h"
#include "harness/leak_search.h"

namespace souvenir {

namespace {

constexpr std::size_t kChunk = 16384;
constexpr std::size_t kWordBytes = 6;      // below: found only as a word of its own
constexpr std::size_t kPartialBytes = 32;  // a stretch of this many bytes, or 8 token ids
constexpr std::size_t kSmallestIds = 4;
constexpr std::size_t kSureDigits = 9;  // below, a number may be a count of ours

bool is_word_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (static_cast<unsigned char>(c) & 0x80) != 0;
}

std::size_t distinct_bytes(std::string_view text) {
  std::bitset<256> seen;
  for (const char c : text) {
    seen.set(static_cast<unsigned char>(c));
  }
  return seen.count();
}

// Without spaces and the punctuation of labels at the ends: "Source:" in a prompt and "source: x"
// in a report are the word source, and whether that is the program's own is asked of the word.
std::string trimmed(const std::string& text) {
  constexpr std::string_view kEnds = " :;,.=-|>";
  const std::size_t begin = std::min(text.size(), text.find_first_not_of(kEnds));
  return text.substr(begin, text.find_last_not_of(kEnds) + 1 - begin);
}

// A needle on its way through the scan.
//
//   ranges  stretches of it that the program's own text holds
struct Candidate {
  const Needle* needle = nullptr;
  std::string text;
  std::string ids;
  bool numeric = false;
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  std::map<std::string, std::size_t> leaked_as;  // form to its place among all leaks

  // Too little to be told from chance: three bytes, a short number, a row of dashes.
  bool searchable() const {
    const bool has_letter = std::any_of(text.begin(), text.end(),
                                        [](char c) { return is_word_byte(c) && !is_digit(c); });
    return text.size() >= NeedleTable::kSmallest && distinct_bytes(text) >= 3 &&
           (has_letter || text.size() >= kWordBytes);
  }
};

Candidate candidate_of(const Needle& needle) {
  Candidate c;
  c.needle = &needle;
  c.text = trimmed(folded(needle.text.reveal()));
  c.numeric = c.text.find_first_not_of("0123456789., %") == std::string::npos;
  if (needle.ids.size() >= kSmallestIds) {
    c.ids = encoded_ids({needle.ids.begin(), needle.ids.end()});
  }
  return c;
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is_word_byte(text[begin - 1])) &&
         (end == text.size() || !is_word_byte(text[end]));
}

// A number is another one if digits go on, also behind a decimal point.
bool is_whole_number(std::string_view text, std::size_t begin, std::size_t end) {
  const auto digit = [&](std::size_t at) { return at < text.size() && is_digit(text[at]); };
  const auto point = [&](std::size_t at) {
    return at < text.size() && (text[at] == '.' || text[at] == ',');
  };
  const bool before = digit(begin - 1) || (point(begin - 1) && digit(begin - 2));
  return !before && !digit(end) && !(point(end) && digit(end + 1));
}

// In a long run of hexadecimal digits any short one turns up by chance.
bool is_inside_digest(std::string_view text, std::size_t begin, std::size_t end) {
  const auto hex = [&](std::size_t at) {
    return at < text.size() && (is_digit(text[at]) || (text[at] >= 'a' && text[at] <= 'f'));
  };
  if (end - begin >= 16) {
    return false;
  }
  std::size_t left = begin;
  while (hex(left - 1)) --left;
  std::size_t right = begin;
  while (hex(right)) ++right;
  return right >= end && right - left >= 32;
}

class Matcher {
 public:
  Matcher(const LeakCorpus& corpus, const std::vector<Candidate>& candidates)
      : numbers_(corpus.numbers()), candidates_(candidates) {}

  // Says whether a stretch counts as found, not as chance.
  bool counts(const LeakSegment& segment, const Stretch& stretch) const {
    const Candidate& c = candidates_[stretch.needle];
    const std::string_view text = segment.text.bytes();
    const std::size_t begin = stretch.at;
    const std::size_t end = begin + (stretch.end - stretch.begin);
    if (stretch.end - stretch.begin < c.text.size()) {
      return distinct_bytes(text.substr(begin, end - begin)) >= 8;
    }
    if (segment.form != "text") {
      return c.text.size() >= kWordBytes &&
             segment.decoded.find(c.needle->text.reveal()) != std::string::npos;
    }
    if (c.text.size() < kWordBytes) {
      return stands_alone(text, begin, end);
    }
    if (c.numeric && (numbers_.count(c.text) == 1 ||
                      (c.text.size() < kSureDigits && !is_whole_number(text, begin, end)))) {
      return false;
    }
    return !is_inside_digest(text, begin, end);
  }

 private:
  const std::set<std::string>& numbers_;
  const std::vector<Candidate>& candidates_;
};

NeedleTable table_of(const std::vector<Candidate>& candidates, std::vector<std::size_t>& index,
                     bool ids) {
  std::vector<std::string_view> needles;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    if (ids ? !c.ids.empty() : c.searchable()) {
      needles.push_back(ids ? c.ids : c.text);
      index.push_back(i);
    }
  }
  return {std::move(needles), kPartialBytes};
}

}  // namespace

struct LeakScanner::State {
  LeakCorpus artefacts;
  LeakCorpus vocabulary;
  LeakReport report;

  void search(std::span<const Needle> needles);
  void search_texts(std::vector<Candidate>& candidates);
  void search_ids(std::vector<Candidate>& candidates);
  void search_digests(std::vector<Candidate>& candidates);
  void record(Candidate& candidate, const LeakSegment& segment, const std::string& form,
              std::size_t offset, bool partial);
};

void LeakScanner::State::record(Candidate& candidate, const LeakSegment& segment,
                                const std::string& form, std::size_t offset, bool partial) {
  const auto place = static_cast<std::size_t>(report.found);
  const auto [at, is_new] = candidate.leaked_as.emplace(form, place);
  const Leak leak{segment.artefact,       offset, form, candidate.needle->ordinal,
                  candidate.needle->part, partial};
  if (is_new) {
    ++report.found;
    if (place < LeakReport::kKept) {
      report.leaks.push_back(leak);
    }
  } else if (at->second < report.leaks.size() && report.leaks[at->second].partial && !partial) {
    report.leaks[at->second] = leak;
  }
}

void LeakScanner::State::search_texts(std::vector<Candidate>& candidates) {
  std::vector<std::size_t> index;
  const NeedleTable table = table_of(candidates, index, false);
  const auto scan = [&](const LeakCorpus& corpus, auto&& found) {
    const Matcher matcher(corpus, candidates);
    for (const LeakSegment& segment : corpus.texts()) {
      table.scan(segment.text.bytes(), [&](Stretch stretch) {
        stretch.needle = index[stretch.needle];
        if (matcher.counts(segment, stretch)) {
          found(segment, stretch, candidates[stretch.needle]);
        }
      });
    }
  };
  scan(vocabulary, [](const LeakSegment&, const Stretch& stretch, Candidate& candidate) {
    candidate.ranges.emplace_back(stretch.begin, stretch.end);
  });
  std::set<const Candidate*> neutral;
  scan(artefacts, [&](const LeakSegment& segment, const Stretch& stretch, Candidate& candidate) {
    const bool known =
        std::any_of(candidate.ranges.begin(), candidate.ranges.end(), [&](const auto& range) {
          return range.first <= stretch.begin && stretch.end <= range.second;
        });
    if (known) {
      neutral.insert(&candidate);
    } else {
      record(candidate, segment, segment.form, segment.text.source(stretch.at),
             stretch.end - stretch.begin < candidate.text.size());
    }
  });
  report.neutral += std::count_if(neutral.begin(), neutral.end(), [](const Candidate* candidate) {
    return candidate->leaked_as.empty();
  });
}

void LeakScanner::State::search_ids(std::vector<Candidate>& candidates) {
  std::vector<std::size_t> index;
  const NeedleTable table = table_of(candidates, index, true);
  for (const LeakSegment& segment : artefacts.id_lists()) {
    table.scan(segment.text.bytes(), [&](const Stretch& stretch) {
      Candidate& candidate = candidates[index[stretch.needle]];
      // Four bytes are one id: nothing else is a match.
      if (stretch.at % 4 == stretch.begin % 4) {
        record(candidate, segment, segment.form, segment.text.source(0),
               stretch.end - stretch.begin < candidate.ids.size());
      }
    });
  }
}

void LeakScanner::State::search_digests(std::vector<Candidate>& candidates) {
  for (Candidate& candidate : candidates) {
    const std::string_view raw = candidate.needle->text.reveal();
    if (raw.empty()) {
      continue;
    }
    for (const std::string_view text : {raw, std::string_view(candidate.text)}) {
      for (const std::string& digest : plain_digests(text)) {
        if (const LeakSegment* segment = artefacts.find_digest(digest)) {
          const std::size_t at = segment->decoded.find(digest.substr(0, 8));
          record(candidate, *segment, "plain hash", segment->text.source(at), false);
        }
      }
    }
  }
}

void LeakScanner::State::search(std::span<const Needle> needles) {
  std::vector<Candidate> candidates;
  candidates.reserve(needles.size());
  for (const Needle& needle : needles) {
    candidates.push_back(candidate_of(needle));
    ++(candidates.back().searchable() ? report.searched : report.too_short);
  }
  search_texts(candidates);
  search_ids(candidates);
  search_digests(candidates);
}

LeakScanner::LeakScanner(std::span<const Artefact> artefacts,
                         std::span<const std::string_view> vocabulary)
    : state_(std::make_unique<State>()) {
  for (const Artefact& artefact : artefacts) {
    state_->artefacts.add(artefact.name, artefact.format, artefact.bytes);
  }
  for (const std::string_view text : vocabulary) {
    state_->vocabulary.add_known(text);
  }
}

LeakScanner::~LeakScanner() = default;

void LeakScanner::search(std::span<const Needle> needles) {
  for (std::size_t at = 0; at < needles.size(); at += kChunk) {
    state_->search(needles.subspan(at, std::min(kChunk, needles.size() - at)));
  }
}

const LeakReport& LeakScanner::report() const { return state_->report; }

void require_no_leak(const LeakReport& report) {
  if (report.found == 0) {
    return;
  }
  const Leak& leak = report.leaks.front();
  throw Error(ErrorKind::integrity,
              "leak scan: " + leak.artefact + " near byte " + std::to_string(leak.offset) +
                  ": expected no subject data, found " + (leak.partial ? "a part of " : "") +
                  "the " + leak.part + " of string " + std::to_string(leak.ordinal) + " as " +
                  leak.form + " (" + std::to_string(report.found) + " in all); nothing published");
}

}  // namespace souvenir

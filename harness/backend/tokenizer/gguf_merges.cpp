#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "harness/backend/tokenizer/gguf_tokenizer.h"

namespace souvenir::tokenizing {

namespace {

// One way to make a piece of two. Lengths are in characters.
struct Cut {
  std::string_view left;
  std::string_view right;
  double score;
  std::size_t left_length, right_length;
  std::size_t left_id, right_id;
};

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

}  // namespace

std::vector<std::array<std::string_view, 2>> sentencepiece_merges(
    const std::vector<ScoredPiece>& pieces) {
  std::unordered_map<std::string_view, std::size_t> ids;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    if (!pieces[id].text.empty()) {
      ids.emplace(pieces[id].text, id);
    }
  }
  std::vector<Cut> cuts;
  for (const ScoredPiece& piece : pieces) {
    const std::string_view text = piece.text;
    const std::size_t first = cuts.size();
    for (std::size_t at = 1; at < text.size(); ++at) {
      const auto left = begins_character(text[at]) ? ids.find(text.substr(0, at)) : ids.end();
      const auto right = left == ids.end() ? ids.end() : ids.find(text.substr(at));
      if (right != ids.end()) {
        cuts.push_back({left->first, right->first, piece.score, characters(left->first),
                        characters(right->first), left->second, right->second});
      }
    }
    std::sort(cuts.begin() + static_cast<std::ptrdiff_t>(first), cuts.end(),
              [](const Cut& a, const Cut& b) {
                return std::tie(a.left_id, a.right_id) < std::tie(b.left_id, b.right_id);
              });
  }
  std::stable_sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) {
    return std::tie(a.score, a.left_length, a.right_length) >
           std::tie(b.score, b.left_length, b.right_length);
  });
  std::vector<std::array<std::string_view, 2>> merges;
  merges.reserve(cuts.size());
  for (const Cut& cut : cuts) {
    merges.push_back({cut.left, cut.right});
  }
  return merges;
}

}  // namespace souvenir::tokenizing

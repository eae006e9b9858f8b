#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/vocabulary.h"
#include "harness/types.h"

namespace souvenir::tokenizing {

// Finds the tokens a text begins with. Immutable; const methods are safe from any thread.
class ByteTrie {
 public:
  explicit ByteTrie(const Vocabulary& vocabulary);

  // Calls visit(size, id) for each token the text begins with, the shortest first.
  template <typename Visit>
  void prefixes(std::string_view text, Visit&& visit) const {
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node == 0) {
        return;
      }
      if (nodes_[node].id >= 0) {
        visit(i + 1, nodes_[node].id);
      }
    }
  }

 private:
  // The children of a node lie side by side, by their bytes.
  struct Node {
    std::uint32_t children = 0;  // the first of them
    std::uint16_t count = 0;
    unsigned char byte = 0;
    TokenId id = -1;
  };

  std::uint32_t child(std::uint32_t node, unsigned char byte) const;

  std::vector<Node> nodes_;                 // the root is the first
  std::array<std::uint32_t, 256> roots_{};  // its children by byte; 0: none
};

}  // namespace souvenir::tokenizing

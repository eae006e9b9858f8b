#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/model.h"

namespace souvenir::tokenizing {

// Remembers the tokens of pieces met before. Entries are added, never changed or removed, so that
// readers need no lock; when its place is taken a piece is simply not remembered. Safe from any
// thread.
class PieceCache {
 public:
  PieceCache();
  ~PieceCache();
  PieceCache(const PieceCache&) = delete;
  PieceCache& operator=(const PieceCache&) = delete;

  // Appends the tokens of a piece and returns true, if it is known.
  bool find(std::string_view piece, std::vector<ModelToken>& out) const;

  // Remembers a piece, unless it is long.
  void add(std::string_view piece, std::span<const ModelToken> tokens);

 private:
  struct Entry;
  static constexpr std::size_t kSlots = std::size_t{1} << 16;
  static constexpr std::size_t kProbes = 4;
  static constexpr std::size_t kMostBytes = 255;

  std::unique_ptr<std::atomic<const Entry*>[]> slots_;
};

}  // namespace souvenir::tokenizing

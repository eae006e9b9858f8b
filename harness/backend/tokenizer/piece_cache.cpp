#include "harness/backend/tokenizer/piece_cache.h"

#include <functional>
#include <string>

namespace souvenir::tokenizing {

struct PieceCache::Entry {
  std::string piece;
  std::vector<ModelToken> tokens;
};

PieceCache::PieceCache() : slots_(std::make_unique<std::atomic<const Entry*>[]>(kSlots)) {}

PieceCache::~PieceCache() {
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    delete slots_[slot].load(std::memory_order_relaxed);
  }
}

bool PieceCache::find(std::string_view piece, std::vector<ModelToken>& out) const {
  if (piece.size() > kMostBytes) {
    return false;
  }
  const std::size_t home = std::hash<std::string_view>{}(piece);
  for (std::size_t probe = 0; probe < kProbes; ++probe) {
    const Entry* entry = slots_[(home + probe) & (kSlots - 1)].load(std::memory_order_acquire);
    if (entry == nullptr) {
      return false;
    }
    if (entry->piece == piece) {
      out.insert(out.end(), entry->tokens.begin(), entry->tokens.end());
      return true;
    }
  }
  return false;
}

void PieceCache::add(std::string_view piece, std::span<const ModelToken> tokens) {
  if (piece.size() > kMostBytes) {
    return;
  }
  const std::size_t home = std::hash<std::string_view>{}(piece);
  std::unique_ptr<Entry> entry;
  for (std::size_t probe = 0; probe < kProbes; ++probe) {
    std::atomic<const Entry*>& slot = slots_[(home + probe) & (kSlots - 1)];
    if (slot.load(std::memory_order_relaxed) != nullptr) {
      continue;
    }
    if (entry == nullptr) {
      entry = std::make_unique<Entry>(
          Entry{std::string(piece), std::vector<ModelToken>(tokens.begin(), tokens.end())});
    }
    const Entry* expected = nullptr;
    if (slot.compare_exchange_strong(expected, entry.get(), std::memory_order_release,
                                     std::memory_order_relaxed)) {
      entry.release();
      return;
    }
  }
}

}  // namespace souvenir::tokenizing

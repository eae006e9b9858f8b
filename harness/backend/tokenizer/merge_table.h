#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/types.h"

namespace souvenir::tokenizing {

// What two neighbouring tokens become, and how early.
struct MergeRule {
  std::uint32_t rank = 0;
  TokenId product = -1;
};

// The merge rules of a byte-pair encoding, by pair. Filled once, then only read.
class MergeTable {
 public:
  // Makes room for that many rules.
  explicit MergeTable(std::size_t rules = 0) {
    std::size_t slots = 16;
    while (slots < 2 * rules) {
      slots *= 2;
    }
    slots_.resize(slots);
  }

  // Sets the rule of a pair; the last one counts, as in the reference library.
  //
  // Requires  no more different pairs than there is room for
  void set(TokenId left, TokenId right, MergeRule rule) {
    Slot& slot = slots_[find_slot(key_of(left, right))];
    slot = {key_of(left, right), rule};
  }

  // Returns the rule of a pair, or null.
  const MergeRule* find(TokenId left, TokenId right) const {
    const Slot& slot = slots_[find_slot(key_of(left, right))];
    return slot.rule.product < 0 ? nullptr : &slot.rule;
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    MergeRule rule;  // product -1: free
  };

  static std::uint64_t key_of(TokenId left, TokenId right) {
    return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32) |
           static_cast<std::uint32_t>(right);
  }

  // Fibonacci hashing, then linear probing.
  std::size_t find_slot(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::uint64_t mixed = key * 0x9E3779B97F4A7C15ULL;
    mixed ^= mixed >> 32;
    std::size_t slot = mixed & mask;
    while (slots_[slot].rule.product >= 0 && slots_[slot].key != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  std::vector<Slot> slots_;
};

}  // namespace souvenir::tokenizing

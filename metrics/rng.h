#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string_view>

namespace souvenir {

using PhiloxBlock = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

// Computes Philox4x32 with ten rounds: four random words as a pure function of counter and key.
//
// Exact   bit for bit the published generator
// Source  Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011)
constexpr PhiloxBlock philox4x32_10(PhiloxBlock counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

// Draws a stream of random numbers that is a pure function of its name (seed, purpose, index...),
// so that no result depends on threads, batches or the order in which things are asked.
//
// A value: cheap to make (a few Philox blocks), one per name; not thread-safe, but nothing is
// shared between two of them. Use: Rng rng(seed, "generate", {stream, sample, step}).
//
// Not for secrets: whoever knows the name knows the numbers.
class Rng {
 public:
  //   seed     the run's seed
  //   purpose  what the numbers are for, e.g. "generate": keeps uses of one seed apart
  //   index    any further names, most significant first; {1} and {1, 0} are different streams
  Rng(std::uint64_t seed, std::string_view purpose, std::initializer_list<std::uint64_t> index = {})
      : key_(seed) {
    fold(name_of(purpose), 0);
    std::uint32_t depth = 1;
    for (const std::uint64_t part : index) fold(part, depth++);
  }

  // Returns 64 uniform bits.
  std::uint64_t next() {
    const PhiloxBlock block =
        philox4x32_10({low(draw_ / 2), high(draw_ / 2), 0, kDrawTag}, {low(key_), high(key_)});
    const std::size_t half = draw_++ % 2 * 2;
    return block[half] | std::uint64_t{block[half + 1]} << 32;
  }

  // Returns a multiple of 2^-53 in [0, 1).
  double uniform01() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  // Returns an integer in [0, bound), exactly uniform (rejection).
  //
  // Requires  bound > 0; else throws std::invalid_argument
  std::uint64_t uniform_below(std::uint64_t bound) {
    if (bound == 0) throw std::invalid_argument("uniform_below: bound must be positive");
    const std::uint64_t excess = (std::uint64_t{0} - bound) % bound;  // 2^64 mod bound
    for (;;) {
      const std::uint64_t bits = next();
      if (bits >= excess) return bits % bound;
    }
  }

 private:
  // The last counter word keeps keys and draws apart: folding never uses kDrawTag.
  static constexpr std::uint32_t kDrawTag = 0xFFFFFFFFU;

  static constexpr std::uint32_t low(std::uint64_t v) { return static_cast<std::uint32_t>(v); }
  static constexpr std::uint32_t high(std::uint64_t v) {
    return static_cast<std::uint32_t>(v >> 32);
  }

  // FNV-1a, 64 bits: purposes are a handful of literals.
  static constexpr std::uint64_t name_of(std::string_view purpose) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : purpose) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    }
    return hash;
  }

  void fold(std::uint64_t part, std::uint32_t depth) {
    const PhiloxBlock block =
        philox4x32_10({low(part), high(part), 0, depth}, {low(key_), high(key_)});
    key_ = block[0] | std::uint64_t{block[1]} << 32;
  }

  std::uint64_t key_;
  std::uint64_t draw_ = 0;
};

}  // namespace souvenir

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace souvenir {

// A stretch of a text that is also a stretch of a needle: as long as it can be made.
struct Stretch {
  std::size_t needle = 0;
  std::size_t begin = 0;  // in the needle
  std::size_t end = 0;
  std::size_t at = 0;  // in the text
};

// Finds, in one pass over a text, every needle that stands in it whole, and every stretch of at
// least `partial` bytes of a longer one.
//
// Each needle leaves anchors, a few bytes at fixed distances so that no stretch can miss them all;
// a position of the text is looked up in a bitmap first, which answers nearly always.
// Borrows the needles. Const methods are safe from any thread.
// Cost  O(bytes of needles) to build, about two nanoseconds per byte of text and width to scan
class NeedleTable {
 public:
  // Requires  every needle at least kSmallest bytes; fewer than 2^32 needles
  NeedleTable(std::vector<std::string_view> needles, std::size_t partial);

  static constexpr std::size_t kSmallest = 4;

  // Calls `visit` for each stretch; the same one may come more than once.
  void scan(std::string_view text, const std::function<void(const Stretch&)>& visit) const;

 private:
  struct Anchor {
    std::uint64_t key = 0;
    std::uint32_t needle = 0;
    std::uint32_t at = 0;
  };
  struct Width {
    std::size_t bytes = 0;
    std::vector<Anchor> anchors;        // by key
    std::vector<std::uint64_t> filter;  // a bit per hash
    int shift = 0;
  };

  void add(Width& width, std::size_t needle, std::size_t at);
  void close(Width& width);
  void scan_width(const Width& width, std::string_view text,
                  const std::function<void(const Stretch&)>& visit) const;
  void extend(const Anchor& anchor, std::string_view text, std::size_t at,
              const std::function<void(const Stretch&)>& visit) const;

  std::vector<std::string_view> needles_;
  std::size_t partial_;
  std::vector<Width> widths_;
};

}  // namespace souvenir

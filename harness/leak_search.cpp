#include "harness/leak_search.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace souvenir {

namespace {

constexpr std::size_t kShort = 6;
constexpr std::size_t kLong = 12;

// The first `width` bytes as a number: exact up to 8, mixed beyond.
std::uint64_t key_of(const char* bytes, std::size_t width) {
  std::uint64_t low = 0;
  std::memcpy(&low, bytes, std::min<std::size_t>(width, 8));
  if (width > 8) {
    std::uint64_t high = 0;
    std::memcpy(&high, bytes + 8, width - 8);
    low ^= high * 0x9E3779B97F4A7C15U;
  }
  return low * 0xD6E8FEB86659FD93U;
}

}  // namespace

NeedleTable::NeedleTable(std::vector<std::string_view> needles, std::size_t partial)
    : needles_(std::move(needles)), partial_(partial), widths_(3) {
  widths_[0].bytes = kSmallest;
  widths_[1].bytes = kShort;
  widths_[2].bytes = kLong;
  for (std::size_t i = 0; i < needles_.size(); ++i) {
    const std::size_t size = needles_[i].size();
    if (size < kShort) {
      add(widths_[0], i, 0);
    } else if (size < partial_) {
      add(widths_[1], i, 0);
    } else {
      // Any stretch of `partial_` bytes holds one of these whole.
      for (std::size_t at = 0; at + kLong <= size; at += partial_ - kLong + 1) {
        add(widths_[2], i, at);
      }
    }
  }
  for (Width& width : widths_) {
    close(width);
  }
}

void NeedleTable::add(Width& width, std::size_t needle, std::size_t at) {
  width.anchors.push_back({key_of(needles_[needle].data() + at, width.bytes),
                           static_cast<std::uint32_t>(needle), static_cast<std::uint32_t>(at)});
}

void NeedleTable::close(Width& width) {
  std::sort(width.anchors.begin(), width.anchors.end(),
            [](const Anchor& a, const Anchor& b) { return a.key < b.key; });
  int bits = 10;
  while ((std::size_t{1} << bits) < 16 * width.anchors.size()) {
    ++bits;
  }
  width.shift = 64 - bits;
  width.filter.assign((std::size_t{1} << bits) / 64, 0);
  for (const Anchor& anchor : width.anchors) {
    const std::uint64_t bit = anchor.key >> width.shift;
    width.filter[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
}

void NeedleTable::scan(std::string_view text,
                       const std::function<void(const Stretch&)>& visit) const {
  for (const Width& width : widths_) {
    if (!width.anchors.empty()) {
      scan_width(width, text, visit);
    }
  }
}

void NeedleTable::scan_width(const Width& width, std::string_view text,
                             const std::function<void(const Stretch&)>& visit) const {
  for (std::size_t at = 0; at + width.bytes <= text.size(); ++at) {
    const std::uint64_t key = key_of(text.data() + at, width.bytes);
    const std::uint64_t bit = key >> width.shift;
    if ((width.filter[bit / 64] >> (bit % 64) & 1U) == 0) {
      continue;
    }
    auto anchor = std::lower_bound(width.anchors.begin(), width.anchors.end(), key,
                                   [](const Anchor& a, std::uint64_t k) { return a.key < k; });
    for (; anchor != width.anchors.end() && anchor->key == key; ++anchor) {
      extend(*anchor, text, at, visit);
    }
  }
}

void NeedleTable::extend(const Anchor& anchor, std::string_view text, std::size_t at,
                         const std::function<void(const Stretch&)>& visit) const {
  const std::string_view needle = needles_[anchor.needle];
  std::size_t left = 0;
  while (left < anchor.at && left < at && needle[anchor.at - left - 1] == text[at - left - 1]) {
    ++left;
  }
  const auto tail = needle.substr(anchor.at);
  const auto rest = text.substr(at);
  const auto right = static_cast<std::size_t>(
      std::mismatch(tail.begin(), tail.end(), rest.begin(), rest.end()).first - tail.begin());
  if (left + right == needle.size() || left + right >= partial_) {
    visit({anchor.needle, anchor.at - left, anchor.at + right, at - left});
  }
}

}  // namespace souvenir

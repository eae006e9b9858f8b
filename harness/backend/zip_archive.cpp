#include "harness/backend/zip_archive.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/backend/config.h"
#include "harness/error.h"

namespace souvenir {

namespace {

constexpr std::uint64_t kEndBytes = 22, kLocatorBytes = 20, kEnd64Bytes = 56;
constexpr std::uint64_t kCentralBytes = 46, kLocalBytes = 30;
constexpr std::uint32_t kEndMark = 0x06054B50, kLocatorMark = 0x07064B50, kEnd64Mark = 0x06064B50;
constexpr std::uint32_t kCentralMark = 0x02014B50, kLocalMark = 0x04034B50;
constexpr std::uint64_t kFull16 = 0xFFFF, kFull32 = 0xFFFFFFFF;  // "see the 64-bit form"
constexpr std::uint64_t kMostEntries = 1'000'000;
constexpr std::uint64_t kMostDirectoryBytes = std::uint64_t{256} << 20U;

// Where the directory lies.
struct Directory {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
};

// One line of the directory.
struct Line {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t local = 0;
};

class ZipReader {
 public:
  explicit ZipReader(const CheckpointFile& file) : file_(file) {}

  std::map<std::string, ZipEntry> run() {
    const Directory directory = find_directory();
    if (directory.entries > kMostEntries || directory.bytes > kMostDirectoryBytes) {
      refuse("more entries than a checkpoint has");
    }
    const std::string lines = piece(directory.begin, directory.bytes);
    std::map<std::string, ZipEntry> entries;
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < directory.entries; ++i) {
      const Line line = read_line(lines, at);
      if (!entries.emplace(line.name, locate(line, directory.begin)).second) {
        refuse("entry " + in_quotes(line.name) + " is there twice");
      }
    }
    if (at != lines.size()) {
      refuse("its directory has another length than it says");
    }
    check_overlap(entries);
    return entries;
  }

 private:
  [[noreturn]] void refuse(const std::string& problem) const {
    throw Error(ErrorKind::input, file_.label() + ": zip archive: " + problem);
  }

  std::string piece(std::uint64_t begin, std::uint64_t bytes) const {
    if (begin > file_.size_bytes() || bytes > file_.size_bytes() - begin) {
      refuse("damaged: leads out of the file");
    }
    std::string result(bytes, '\0');
    file_.peek(begin, result.data(), result.size());
    return result;
  }

  static std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) {
      value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
  }

  Directory find_directory() const {
    const std::uint64_t size = file_.size_bytes();
    const std::string end = size < kEndBytes ? "" : piece(size - kEndBytes, kEndBytes);
    if (end.empty() || number(end, 0, 4) != kEndMark || number(end, 20, 2) != 0) {
      refuse("expected its directory at the end of the file; cut off, or no such archive");
    }
    if (number(end, 4, 4) != 0) {
      refuse("split over several files");
    }
    Directory directory{number(end, 16, 4), number(end, 12, 4), number(end, 10, 2)};
    std::uint64_t behind = size - kEndBytes;
    if (directory.begin == kFull32 || directory.bytes == kFull32 || directory.entries == kFull16) {
      directory = find_directory_64(size, behind);
    } else if (number(end, 8, 2) != directory.entries) {
      refuse("split over several files");
    }
    if (directory.begin > behind || directory.bytes > behind - directory.begin) {
      refuse("damaged: leads out of the file");
    }
    return directory;
  }

  Directory find_directory_64(std::uint64_t size, std::uint64_t& behind) const {
    if (size < kEndBytes + kLocatorBytes) {
      refuse("cut off");
    }
    const std::string locator = piece(size - kEndBytes - kLocatorBytes, kLocatorBytes);
    behind = number(locator, 8, 8);
    const std::string end = number(locator, 0, 4) == kLocatorMark ? piece(behind, kEnd64Bytes) : "";
    if (end.empty() || number(end, 0, 4) != kEnd64Mark || number(end, 16, 8) != 0) {
      refuse("damaged: its 64-bit directory is not where it says");
    }
    return {number(end, 48, 8), number(end, 40, 8), number(end, 32, 8)};
  }

  Line read_line(std::string_view lines, std::size_t& at) const {
    if (lines.size() - at < kCentralBytes || number(lines, at, 4) != kCentralMark) {
      refuse("damaged: an entry of its directory is none");
    }
    const std::size_t name = number(lines, at + 28, 2), extra = number(lines, at + 30, 2);
    const std::size_t comment = number(lines, at + 32, 2);
    if (lines.size() - at - kCentralBytes < name + extra + comment) {
      refuse("damaged: its directory is cut off");
    }
    Line line{std::string(lines.substr(at + kCentralBytes, name)), number(lines, at + 24, 4),
              number(lines, at + 20, 4), number(lines, at + 42, 4)};
    if ((number(lines, at + 8, 2) & 1U) != 0) {
      refuse("entry " + in_quotes(line.name) + " is encrypted");
    }
    if (number(lines, at + 10, 2) != 0) {
      refuse("entry " + in_quotes(line.name) + " is compressed; expected stored entries only");
    }
    widen(lines.substr(at + kCentralBytes + name, extra), line);
    if (line.bytes != line.stored_bytes) {
      refuse("entry " + in_quotes(line.name) + " has two sizes");
    }
    at += kCentralBytes + name + extra + comment;
    return line;
  }

  // Takes what did not fit 32 bits from the 64-bit field: only those, in this order.
  void widen(std::string_view extra, Line& line) const {
    for (std::size_t at = 0; extra.size() - at >= 4;) {
      const std::size_t kind = number(extra, at, 2), size = number(extra, at + 2, 2);
      at += 4;
      if (size > extra.size() - at) {
        return;
      }
      std::size_t from = at;
      for (std::uint64_t* value : {&line.bytes, &line.stored_bytes, &line.local}) {
        if (kind == 1 && *value == kFull32 && from + 8 <= at + size) {
          *value = number(extra, from, 8);
          from += 8;
        }
      }
      at += size;
    }
  }

  // What stands in front of an entry's bytes has a length of its own.
  ZipEntry locate(const Line& line, std::uint64_t directory) const {
    const std::string local = piece(line.local, kLocalBytes);
    const std::uint64_t name = number(local, 26, 2), extra = number(local, 28, 2);
    if (number(local, 0, 4) != kLocalMark || number(local, 8, 2) != 0 ||
        piece(line.local + kLocalBytes, name) != line.name) {
      refuse("entry " + in_quotes(line.name) + " is not where its directory says");
    }
    const std::uint64_t begin = line.local + kLocalBytes + name + extra;
    if (begin > directory || line.bytes > directory - begin) {
      refuse("entry " + in_quotes(line.name) + " leads out of the file");
    }
    return {begin, begin + line.bytes};
  }

  void check_overlap(const std::map<std::string, ZipEntry>& entries) const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const auto& [name, entry] : entries) {
      ranges.emplace_back(entry.begin, entry.end);
    }
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t i = 1; i < ranges.size(); ++i) {
      if (ranges[i].first < ranges[i - 1].second) {
        refuse("two entries lie over each other");
      }
    }
  }

  const CheckpointFile& file_;
};

}  // namespace

std::map<std::string, ZipEntry> read_zip_directory(const CheckpointFile& file) {
  return ZipReader(file).run();
}

}  // namespace souvenir

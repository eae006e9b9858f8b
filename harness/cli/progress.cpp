#include "harness/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "harness/error.h"

namespace souvenir::cli {

namespace {

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::lround(seconds));
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ldh%02ldm", whole / 3600, whole % 3600 / 60);
  } else if (whole >= 60) {
    std::snprintf(text, sizeof text, "%ldm%02lds", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lds", whole);
  }
  return text;
}

std::string bar(std::int64_t done, std::int64_t total) {
  constexpr std::int64_t kWidth = 24;
  const std::int64_t full = total == 0 ? kWidth : kWidth * done / total;
  return std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(kWidth - full), '.');
}

}  // namespace

ProgressStyle parse_progress(const std::string& word) {
  if (word == "auto") {
    return ::isatty(STDERR_FILENO) != 0 ? ProgressStyle::bar : ProgressStyle::plain;
  }
  if (word == "plain") return ProgressStyle::plain;
  if (word == "json") return ProgressStyle::json;
  if (word == "none") return ProgressStyle::none;
  throw Error(ErrorKind::usage,
              "--progress: expected auto, plain, json or none, found \"" + word + "\"");
}

Progress::Progress(ProgressStyle style, std::string what, std::string unit)
    : style_(style),
      what_(std::move(what)),
      unit_(std::move(unit)),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (style_ == ProgressStyle::bar && drawn_) {
    std::fputs("\r\033[K", stderr);
  }
}

void Progress::update(std::int64_t done, std::int64_t total, std::int64_t work) {
  const bool first = first_done_ < 0;
  if (first) {
    first_done_ = done;
  }
  const auto now = std::chrono::steady_clock::now();
  const auto pause = style_ == ProgressStyle::bar ? std::chrono::milliseconds(100)
                                                  : std::chrono::milliseconds(10000);
  // Work of known length says so when it begins and when it ends; a stream only if it takes long.
  const bool due = now - last_ >= pause || (total > 0 && (first || done >= total));
  if (style_ == ProgressStyle::none || !due) {
    return;
  }
  last_ = now;
  draw(done, total, work, std::chrono::duration<double>(now - start_).count());
}

void Progress::draw(std::int64_t done, std::int64_t total, std::int64_t work, double seconds) {
  const double rate = seconds > 0.0 ? static_cast<double>(work) / seconds : 0.0;
  const std::int64_t since = done - first_done_;
  const double left =
      since > 0 ? seconds * static_cast<double>(total - done) / static_cast<double>(since) : 0.0;
  const double percent =
      total == 0 ? 100.0 : 100.0 * static_cast<double>(done) / static_cast<double>(total);
  if (style_ == ProgressStyle::json) {
    std::fprintf(stderr,
                 "{\"progress\":\"%s\",\"done\":%ld,\"total\":%ld,\"%s_per_second\":%.1f,"
                 "\"seconds_left\":%.0f}\n",
                 what_.c_str(), static_cast<long>(done), static_cast<long>(total), unit_.c_str(),
                 rate, left);
    return;
  }
  const std::string time = since > 0 && done < total ? ", " + duration(left) + " left" : "";
  if (total == 0) {
    std::fprintf(stderr, "%s%s: %ld %s, %.0f a second%s",
                 style_ == ProgressStyle::bar ? "\r\033[K" : "", what_.c_str(),
                 static_cast<long>(done), unit_.c_str(), rate,
                 style_ == ProgressStyle::bar ? "" : "\n");
    std::fflush(stderr);
    drawn_ = true;
  } else if (style_ == ProgressStyle::bar) {
    std::fprintf(stderr, "\r\033[K%s [%s] %.0f %%, %.0f %s/s%s", what_.c_str(),
                 bar(done, total).c_str(), percent, rate, unit_.c_str(), time.c_str());
    std::fflush(stderr);
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s: %.0f %%, %.0f %s/s%s\n", what_.c_str(), percent, rate, unit_.c_str(),
                 time.c_str());
  }
}

}  // namespace souvenir::cli

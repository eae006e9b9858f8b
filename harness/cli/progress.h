#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace souvenir::cli {

enum class ProgressStyle { bar, plain, json, none };

// Resolves auto | plain | json | none: auto is a live bar on a terminal, plain lines elsewhere.
//
// Errors  usage
ProgressStyle parse_progress(const std::string& word);

// Shows on standard error how far long work is: done of total, rate, time left. The bar redraws at
// most ten times a second; plain and json lines come at most every ten seconds. NO_COLOR is obeyed
// (nothing here is ever coloured), and the line is cleared at the end.
class Progress {
 public:
  //   what  e.g. "scoring"
  //   unit  e.g. "tokens"
  Progress(ProgressStyle style, std::string what, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  //   done, total  of the work as a whole; total 0: not known beforehand
  //   work         what was done in this run, for the rate
  void update(std::int64_t done, std::int64_t total, std::int64_t work);

 private:
  void draw(std::int64_t done, std::int64_t total, std::int64_t work, double seconds);

  ProgressStyle style_;
  std::string what_;
  std::string unit_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
  std::int64_t first_done_ = -1;
  bool drawn_ = false;
};

}  // namespace souvenir::cli

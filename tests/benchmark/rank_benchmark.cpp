// Ranks a secret among all of N digits behind one prefix: every candidate's log-probability by the
// trie, and by scoring each from its beginning. Not a test.
//
//   rank_benchmark MODEL --digits N [--flat COUNT] [--prefix TEXT] [--dtype D] [--threads N]
//
// Batches are those of the audit. Of the flat way COUNT candidates are scored, evenly spread; 0:
// all. Prints one line of JSON.

#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/backend/load.h"
#include "harness/backend/tokenizer/load.h"
#include "harness/boundary.h"
#include "harness/canary_space.h"
#include "harness/error.h"

namespace souvenir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kBatch = 10000;  // journal_candidates.cpp
constexpr std::int64_t kBudget = 2048;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Arguments {
  std::string model, dtype = "float32";
  std::string prefix = "The door code of Ilse Vanderbilt is ";
  int digits = 4, threads = 0;
  std::int64_t flat = 0;
};

Arguments parse(int count, char** values) {
  if (count < 2) throw Error(ErrorKind::usage, "usage: rank_benchmark MODEL --digits N ...");
  Arguments arguments{.model = values[1]};
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = values[i], value = values[i + 1];
    if (name == "--digits") {
      arguments.digits = std::stoi(value);
    } else if (name == "--flat") {
      arguments.flat = std::stoll(value);
    } else if (name == "--prefix") {
      arguments.prefix = value;
    } else if (name == "--dtype") {
      arguments.dtype = value;
    } else if (name == "--threads") {
      arguments.threads = std::stoi(value);
    } else {
      throw Error(ErrorKind::usage, "rank_benchmark: unknown option " + name);
    }
  }
  return arguments;
}

struct Enumeration {
  std::vector<double> log_probs;
  std::int64_t forwards = 0, flat_forwards = 0;
  double tokenising_seconds = 0.0, seconds = 0.0;
};

class Benchmark {
 public:
  explicit Benchmark(const Arguments& arguments)
      : arguments_(arguments),
        model_(load_language_model(arguments.model,
                                   {.dtype = arguments.dtype, .threads = arguments.threads})),
        tokenizer_(load_tokenizer(arguments.model)),
        bos_(decide_bos(*tokenizer_, BosRule::automatic)),
        space_("digits", parse_pattern("{digits:" + std::to_string(arguments.digits) + "}", ""),
               "--digits") {}

  nlohmann::json run() const {
    const Enumeration trie = enumerate();
    const auto count = static_cast<std::int64_t>(*space_.size);
    const std::int64_t part = arguments_.flat > 0 ? std::min(arguments_.flat, count) : count;
    std::vector<ScoreRequest> some;
    std::vector<std::size_t> places;
    for (std::int64_t i = 0; i < part; ++i) {
      places.push_back(static_cast<std::size_t>(i * count / part));
      some.push_back(request(places.back()));
    }
    const auto start = Clock::now();
    const TotalScores flat = model_->LanguageModel::score_totals(some, kBudget);
    const double flat_seconds = seconds_since(start);
    double largest = 0.0;
    for (std::size_t i = 0; i < some.size(); ++i)
      largest = std::max(largest, std::abs(*flat.log_probs[i] - trie.log_probs[places[i]]));
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return {{"candidates", count},
            {"prefix_tokens", some.front().prefix_ids.size()},
            {"forwards", trie.forwards},
            {"flat_forwards", trie.flat_forwards},
            {"seconds", trie.seconds},
            {"tokenising_seconds", trie.tokenising_seconds},
            {"flat_scored", part},
            {"flat_seconds", flat_seconds * static_cast<double>(count) / static_cast<double>(part)},
            {"largest_difference_nats", largest},
            {"peak_bytes", usage.ru_maxrss * 1024}};
  }

 private:
  ScoreRequest request(std::uint64_t index) const {
    return cut_string(*tokenizer_, bos_, arguments_.prefix, space_.secret_at(index))->request;
  }

  Enumeration enumerate() const {
    Enumeration all;
    const auto start = Clock::now();
    for (std::uint64_t first = 0; first < *space_.size; first += kBatch) {
      const auto tokenising = Clock::now();
      std::vector<ScoreRequest> batch;
      for (std::uint64_t i = first; i < *space_.size && i < first + kBatch; ++i) {
        batch.push_back(request(i));
        const ScoreRequest& asked = batch.back();
        all.flat_forwards +=
            static_cast<std::int64_t>(asked.prefix_ids.size() + asked.ids.size()) - 1;
      }
      all.tokenising_seconds += seconds_since(tokenising);
      const TotalScores scores = model_->score_totals(batch, kBudget);
      for (const auto& value : scores.log_probs) all.log_probs.push_back(value.value());
      all.forwards += scores.forwards;
    }
    all.seconds = seconds_since(start);
    return all;
  }

  Arguments arguments_;
  std::unique_ptr<LanguageModel> model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  BosDecision bos_;
  CanarySpace space_;
};

}  // namespace
}  // namespace souvenir

int main(int count, char** values) {
  try {
    std::cout << souvenir::Benchmark(souvenir::parse(count, values)).run() << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "rank_benchmark: " << error.what() << "\n";
    return 1;
  }
}

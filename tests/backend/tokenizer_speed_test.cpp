#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "harness/backend/tokenizer/load.h"

// Not part of the tests: tests/golden/time_tokenizers.py runs it beside the reference library.

namespace souvenir {

TEST_CASE("tokenizer speed", "[.speed]") {
  const char* directory = std::getenv("SOUVENIR_SPEED_TOKENIZER");
  const char* corpus = std::getenv("SOUVENIR_SPEED_TEXTS");  // texts, each ended by a NUL
  const char* threads = std::getenv("SOUVENIR_SPEED_THREADS");
  if (directory == nullptr || corpus == nullptr || threads == nullptr) {
    return;
  }
  std::ifstream in(corpus, std::ios::binary);
  std::vector<std::string> texts;
  for (std::string text; std::getline(in, text, '\0');) {
    texts.push_back(text);
  }
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  const auto loading = Clock::now();
  const auto tokenizer = load_tokenizer(directory);
  std::cout << "load_s " << seconds(Clock::now() - loading) << "\n";
  const auto count = static_cast<std::size_t>(std::atoi(threads));
  for (const char* pass : {"cold", "warm"}) {
    std::vector<std::size_t> tokens(count, 0);
    const auto start = Clock::now();
    std::vector<std::thread> workers;
    for (std::size_t t = 0; t < count; ++t) {
      workers.emplace_back([&, t] {
        for (std::size_t i = t; i < texts.size(); i += count) {
          tokens[t] += tokenizer->encode(texts[i], false).ids.size();
        }
      });
    }
    for (std::thread& worker : workers) {
      worker.join();
    }
    const double took = seconds(Clock::now() - start);
    std::size_t all = 0;
    for (const std::size_t some : tokens) {
      all += some;
    }
    std::cout << pass << "_s " << took << " tokens " << all << "\n";
    CHECK(all > 0);
  }
}

}  // namespace souvenir

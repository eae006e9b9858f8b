// Times scoring against the rate of the matrix products it is made of. Not a test.
//
//   scoring_benchmark MODEL --requests FILE [--dtype D] [--threads N] [--token-budget N]
//                     [--repeats N] [--queries-max N]
//
// FILE holds JSON Lines {"prefix_ids": [...], "ids": [...]}. Prints JSON Lines: one per repeat,
// then a summary. The products are timed before and after each repeat, with the model's own shapes
// at the token budget, each by the kernel of ours and by oneDNN: the faster counts, whichever the
// model takes. A repeat is judged by the mean of the two times, since machines change by the
// minute. With --queries-max strings are left as an audit leaves them: `left` says how many.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/backend/architectures.h"
#include "harness/backend/aten.h"
#include "harness/backend/checkpoint.h"
#include "harness/backend/linear.h"
#include "harness/backend/load.h"
#include "harness/error.h"

namespace souvenir {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Arguments {
  std::string model, requests = {};
  std::string dtype = "float32";
  int threads = 0;
  std::int64_t token_budget = 2048;
  int repeats = 3;
  double queries_max = 0;  // 0: strings are read to their end
};

Arguments parse(int count, char** values) {
  if (count < 2)
    throw Error(ErrorKind::usage, "usage: scoring_benchmark MODEL --requests FILE ...");
  Arguments arguments{.model = values[1]};
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = values[i], value = values[i + 1];
    if (name == "--requests") {
      arguments.requests = value;
    } else if (name == "--dtype") {
      arguments.dtype = value;
    } else if (name == "--threads") {
      arguments.threads = std::stoi(value);
    } else if (name == "--token-budget") {
      arguments.token_budget = std::stoll(value);
    } else if (name == "--repeats") {
      arguments.repeats = std::stoi(value);
    } else if (name == "--queries-max") {
      arguments.queries_max = std::stod(value);
    } else {
      throw Error(ErrorKind::usage, "scoring_benchmark: unknown option " + name);
    }
  }
  return arguments;
}

std::vector<ScoreRequest> read_requests(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorKind::input, path + ": cannot be read");
  std::vector<ScoreRequest> requests;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    const auto row = nlohmann::json::parse(line);
    requests.push_back({row.value("prefix_ids", std::vector<TokenId>()),
                        row.at("ids").get<std::vector<TokenId>>()});
  }
  return requests;
}

// Of a string that may be left, what is read at first: as an audit cuts its batches.
std::int64_t length(const ScoreRequest& request) {
  const std::size_t ids = request.ids.size();
  return static_cast<std::int64_t>(request.prefix_ids.size() +
                                   (request.may_stop ? std::min(ids, kFirstStage) : ids));
}

// Longest first, as many as the budget holds.
std::vector<std::vector<ScoreRequest>> batches_of(std::vector<ScoreRequest> requests,
                                                  std::int64_t budget) {
  std::stable_sort(requests.begin(), requests.end(),
                   [](const auto& a, const auto& b) { return length(a) > length(b); });
  std::vector<std::vector<ScoreRequest>> batches;
  std::int64_t tokens = budget;
  for (ScoreRequest& request : requests) {
    if (batches.empty() || tokens + length(request) > budget) {
      batches.emplace_back();
      tokens = 0;
    }
    tokens += length(request);
    batches.back().push_back(std::move(request));
  }
  return batches;
}

// The model's matrix products: what one token costs, and how fast this machine does them.
class Products {
 public:
  Products(const DecoderSpec& spec, at::ScalarType dtype, std::int64_t rows)
      : input_(at::full({rows, std::max(spec.hidden, spec.intermediate)}, 0.01, dtype)) {
    const std::int64_t heads = spec.heads * spec.head_dim;
    const auto layers = static_cast<double>(spec.layers.size());
    add(heads + 2 * spec.key_value_heads * spec.head_dim, spec.hidden, layers, dtype);
    add(spec.hidden, heads, layers, dtype);
    add(spec.intermediate, spec.hidden, layers * (spec.gated_mlp ? 2 : 1), dtype);
    add(spec.hidden, spec.intermediate, layers, dtype);
    head_flops_ = 2.0 * static_cast<double>(spec.vocabulary * spec.hidden);
    pair_flops_ = 4.0 * static_cast<double>(heads) * layers;
  }

  // 10^9 operations a second over the body's products, weighted as the model uses them: for each
  // the best of three, by the faster library.
  double gflops() const {
    double seconds = 0, flops = 0;
    for (const Product& product : products_) {
      double best = 1e9;
      const at::Tensor x = input_.narrow(1, 0, product.inputs).contiguous();
      for (const Linear& linear : product.linears) {
        for (int run = 0; run < 4; ++run) {
          const auto start = Clock::now();
          linear(x);
          if (run > 0) best = std::min(best, seconds_since(start));
        }
      }
      seconds += product.times * best;
      flops += product.times * product.flops * static_cast<double>(x.size(0));
    }
    return flops / seconds * 1e-9;
  }

  // What a string cannot do without: each of its input tokens through the body, attending to itself
  // and those before it, and the head for those that are scored.
  double flops_of(const ScoreRequest& request) const {
    const auto inputs = static_cast<double>(length(request) - 1);
    const auto scored =
        static_cast<double>(request.ids.size()) - (request.prefix_ids.empty() ? 1 : 0);
    double body = 0;
    for (const Product& product : products_) body += product.times * product.flops;
    return inputs * (body + (inputs + 1) / 2 * pair_flops_) + scored * head_flops_;
  }

 private:
  struct Product {
    std::vector<Linear> linears;
    std::int64_t inputs;
    double times, flops;
  };

  void add(std::int64_t outputs, std::int64_t inputs, double times, at::ScalarType dtype) {
    Product product{{}, inputs, times, 2.0 * static_cast<double>(outputs * inputs)};
    for (const Packing packing : {Packing::when_possible, Packing::one_dnn}) {
      if (packing == Packing::one_dnn && (!has_own_kernel(dtype) || !can_pack(dtype))) continue;
      product.linears.emplace_back(at::full({outputs, inputs}, 0.01, dtype), at::Tensor(), packing);
    }
    products_.push_back(std::move(product));
  }

  at::Tensor input_;
  std::vector<Product> products_;
  double head_flops_ = 0;
  double pair_flops_ = 0;  // of a token attending to one
};

std::size_t count_left(const std::vector<ScoreRequest>& batch,
                       const std::vector<ScoreResult>& results) {
  std::size_t left = 0;
  for (std::size_t i = 0; i < batch.size(); ++i)
    left += results[i].observation &&
                    results[i].observation->log_probs.size() < batch[i].scored().size()
                ? 1
                : 0;
  return left;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

void run(const Arguments& arguments) {
  const c10::InferenceMode no_gradients;
  std::vector<ScoreRequest> requests = read_requests(arguments.requests);
  ScoreOptions options;
  if (arguments.queries_max > 0) {
    options.early_stop = EarlyStop{-std::log(arguments.queries_max), 1e-3};
    for (ScoreRequest& request : requests) request.may_stop = true;
  }
  const auto model = load_language_model(
      arguments.model, {.device = "cpu", .dtype = arguments.dtype, .threads = arguments.threads});
  const DecoderSpec spec = read_blueprint(open_checkpoint(arguments.model).config).spec;
  const bool half = model->info().compute_dtype == "bfloat16";
  const auto batches = batches_of(requests, arguments.token_budget);
  double inputs = 0, scored = 0;
  for (const ScoreRequest& request : requests) {
    inputs += static_cast<double>(length(request) - 1);
    scored += static_cast<double>(request.ids.size()) - (request.prefix_ids.empty() ? 1 : 0);
  }
  model->score(batches.back(), options);  // whatever is made on first use
  const double memory = peak_megabytes();
  const Products products(spec, half ? at::kBFloat16 : at::kFloat, arguments.token_budget);
  double flops = 0;
  for (const ScoreRequest& request : requests) flops += products.flops_of(request);
  double best = 1e9, rate = 0, before = products.gflops(), scored_memory = memory;
  for (int repeat = 0; repeat < arguments.repeats; ++repeat) {
    const auto start = Clock::now();
    std::size_t left = 0;
    for (const auto& batch : batches) left += count_left(batch, model->score(batch, options));
    const double seconds = seconds_since(start);
    scored_memory = peak_megabytes();
    const double after = products.gflops();
    const double around = (before + after) / 2;
    if (seconds < best) {
      best = seconds;
      rate = around;
    }
    before = after;
    std::cout << nlohmann::json{{"repeat", repeat},
                                {"seconds", seconds},
                                {"left", left},
                                {"gemm_gflops", around},
                                {"gflops", flops / seconds * 1e-9},
                                {"share_of_gemm", flops / seconds * 1e-9 / around}}
                     .dump()
              << "\n";
  }
  const auto strings = static_cast<double>(requests.size());
  std::cout << nlohmann::json{{"model", model->info().architecture},
                              {"dtype", model->info().compute_dtype},
                              {"threads", model->info().threads},
                              {"token_budget", arguments.token_budget},
                              {"strings", requests.size()},
                              {"batches", batches.size()},
                              {"seconds", best},
                              {"strings_per_second", strings / best},
                              {"tokens_per_second", inputs / best},
                              {"scored_per_second", scored / best},
                              {"useful_gflop_per_string", flops / strings * 1e-9},
                              {"gflops", flops / best * 1e-9},
                              {"gemm_gflops", rate},
                              {"share_of_gemm", flops / best * 1e-9 / rate},
                              {"queries_max", arguments.queries_max},
                              {"peak_megabytes", scored_memory}}
                   .dump()
            << "\n";
}

}  // namespace
}  // namespace souvenir

int main(int count, char** values) {
  try {
    souvenir::run(souvenir::parse(count, values));
    return 0;
  } catch (const souvenir::Error& error) {
    std::cerr << "scoring_benchmark: " << error.what() << "\n";
    return error.kind() == souvenir::ErrorKind::usage ? 2 : 1;
  } catch (const std::exception& error) {
    std::cerr << "scoring_benchmark: " << error.what() << "\n";
    return 1;
  }
}

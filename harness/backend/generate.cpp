#include "harness/backend/generate.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "harness/backend/kernels/kernels.h"
#include "harness/backend/sampling.h"
#include "metrics/rng.h"

namespace souvenir {
namespace {

constexpr std::size_t kGroupRows = 64;
constexpr std::int64_t kPrefillTokens = 2048;

// One continuation on its way.
//
//   slot, cached  its place in the cache, and how many tokens are there
struct Row {
  std::size_t request;
  std::int64_t sample;
  Generation* out;
  std::int64_t slot = 0, cached = 0;
  bool stopped = false, refused = false;
};

at::Tensor on_device(const std::vector<std::int64_t>& values, at::Device device) {
  return at::tensor(at::ArrayRef<std::int64_t>(values), at::kLong).to(device);
}

// Rows that are decoded together.
class Group {
 public:
  Group(const Transformer& model, const Head& head, std::span<const GenerateRequest> requests,
        const GenerateOptions& options, std::vector<Row> rows, std::int64_t capacity)
      : model_(model),
        head_(head),
        requests_(requests),
        options_(options),
        rows_(std::move(rows)),
        cache_(model.spec(), static_cast<std::int64_t>(rows_.size()), capacity, model.device(),
               model.dtype()) {
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].slot = static_cast<std::int64_t>(i);
  }

  // Returns the rows, every one stopped.
  const std::vector<Row>& run() {
    prefill();
    for (;;) {
      std::vector<std::vector<Row*>> active;
      for (Row& row : rows_)
        if (!row.stopped) active.push_back({&row});
      if (active.empty()) return rows_;
      step(active);
    }
  }

 private:
  // Rows of one request in this group are neighbours.
  std::vector<std::vector<Row*>> by_request() {
    std::vector<std::vector<Row*>> groups;
    for (Row& row : rows_) {
      if (groups.empty() || groups.back().front()->request != row.request) groups.emplace_back();
      groups.back().push_back(&row);
    }
    return groups;
  }

  void prefill() {
    const auto groups = by_request();
    for (std::size_t begin = 0; begin < groups.size();) {
      std::size_t end = begin;
      std::int64_t tokens = 0;
      while (end < groups.size() && (end == begin || tokens < kPrefillTokens)) {
        tokens += static_cast<std::int64_t>(prompt(*groups[end].front()).size());
        ++end;
      }
      prefill_some({groups.begin() + static_cast<std::ptrdiff_t>(begin),
                    groups.begin() + static_cast<std::ptrdiff_t>(end)});
      begin = end;
    }
  }

  const std::vector<TokenId>& prompt(const Row& row) const {
    return requests_[row.request].prefix_ids;
  }

  void prefill_some(const std::vector<std::vector<Row*>>& groups) {
    std::vector<std::int64_t> ids, positions, last;
    std::vector<Segment> segments;
    for (const auto& rows : groups) {
      const auto& prefix = prompt(*rows.front());
      segments.push_back({static_cast<std::int64_t>(ids.size()),
                          static_cast<std::int64_t>(prefix.size()), 0, rows.front()->slot});
      for (std::size_t i = 0; i < prefix.size(); ++i) {
        ids.push_back(prefix[i]);
        positions.push_back(static_cast<std::int64_t>(i));
      }
      last.push_back(static_cast<std::int64_t>(ids.size()) - 1);
    }
    forward(ids, positions, std::move(segments), last, groups);
    for (const auto& rows : groups) {
      const auto tokens = static_cast<std::int64_t>(prompt(*rows.front()).size());
      for (Row* row : rows) {
        row->cached = tokens;
        if (row != rows.front() && !row->stopped)
          cache_.copy(rows.front()->slot, row->slot, tokens);
      }
    }
  }

  void step(const std::vector<std::vector<Row*>>& active) {
    std::vector<std::int64_t> ids, positions, wanted;
    std::vector<Segment> segments;
    for (const auto& rows : active) {
      Row& row = *rows.front();
      const auto at = static_cast<std::int64_t>(ids.size());
      segments.push_back({at, 1, row.cached, row.slot});
      ids.push_back(row.out->ids.back());
      positions.push_back(row.cached++);
      wanted.push_back(at);
    }
    forward(ids, positions, std::move(segments), wanted, active);
  }

  // Runs the model and lets every row in choosers[i] choose after the i-th wanted state.
  void forward(const std::vector<std::int64_t>& ids, const std::vector<std::int64_t>& positions,
               std::vector<Segment> segments, const std::vector<std::int64_t>& wanted,
               const std::vector<std::vector<Row*>>& choosers) {
    const at::Device device = model_.device();
    const PackedTokens tokens{on_device(ids, device), on_device(positions, device),
                              std::move(segments)};
    const at::Tensor hidden = model_.forward(tokens, on_device(wanted, device), &cache_);
    head_.for_rows(hidden, [&](const at::Tensor& logits, std::int64_t first) {
      const at::Tensor host = logits.to(at::kCPU);
      const auto vocabulary = static_cast<std::size_t>(host.size(1));
      at::parallel_for(0, host.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const float* row = host.const_data_ptr<float>() + i * host.size(1);
          choose({row, vocabulary}, choosers[static_cast<std::size_t>(first + i)]);
        }
      });
    });
  }

  void choose(std::span<const float> logits, const std::vector<Row*>& rows) {
    const kernels::RowMaximum best = kernels::available()[0]->row_maximum(
        logits.data(), static_cast<std::int64_t>(logits.size()));
    for (Row* row : rows) {
      if (!best.finite) {
        row->stopped = row->refused = true;
        continue;
      }
      const auto step = static_cast<std::uint64_t>(row->out->ids.size());
      TokenId token = best.id;
      if (options_.rule) {
        Rng random(options_.seed, "generate",
                   {requests_[row->request].stream, static_cast<std::uint64_t>(row->sample), step});
        token = sample_token(logits, *options_.rule, random.uniform01());
      }
      take(*row, token);
    }
  }

  void take(Row& row, TokenId token) {
    const auto& eos = model_.spec().eos_ids;
    if (std::find(eos.begin(), eos.end(), token) != eos.end()) {
      row.out->stop = StopReason::eos;
      row.stopped = true;
      return;
    }
    row.out->ids.push_back(token);
    row.stopped = static_cast<std::int64_t>(row.out->ids.size()) == options_.max_new_tokens;
  }

  const Transformer& model_;
  const Head& head_;
  std::span<const GenerateRequest> requests_;
  const GenerateOptions& options_;
  std::vector<Row> rows_;
  KeyValueCache cache_;
};

// Positions a request's rows need: the last token chosen is never looked at again.
std::int64_t capacity_of(const GenerateRequest& request, const GenerateOptions& options) {
  return static_cast<std::int64_t>(request.prefix_ids.size()) + options.max_new_tokens - 1;
}

}  // namespace

void continue_prompts(const Transformer& transformer, const Head& head,
                      std::span<const GenerateRequest> requests, const GenerateOptions& options,
                      std::int64_t cache_bytes, std::vector<GenerateResult>& results) {
  const std::int64_t samples = options.rule ? options.samples : 1;
  std::vector<Row> rows;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!results[i].refusal.empty()) continue;
    results[i].samples.resize(static_cast<std::size_t>(options.samples));
    for (std::int64_t s = 0; s < samples && options.max_new_tokens > 0; ++s)
      rows.push_back({i, s, &results[i].samples[static_cast<std::size_t>(s)]});
  }
  std::vector<std::size_t> refused;
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin;
    std::int64_t capacity = 0;
    while (end < rows.size() && end - begin < kGroupRows) {
      const std::int64_t wider =
          std::max(capacity, capacity_of(requests[rows[end].request], options));
      const std::int64_t bytes =
          static_cast<std::int64_t>(end - begin + 1) *
          KeyValueCache::slot_bytes(transformer.spec(), wider, transformer.device(),
                                    transformer.dtype());
      if (end > begin && bytes > cache_bytes) break;
      capacity = wider;
      ++end;
    }
    Group group(transformer, head, requests, options,
                {rows.begin() + static_cast<std::ptrdiff_t>(begin),
                 rows.begin() + static_cast<std::ptrdiff_t>(end)},
                capacity);
    for (const Row& row : group.run())
      if (row.refused) refused.push_back(row.request);
    begin = end;
  }
  for (GenerateResult& result : results)
    for (std::size_t s = static_cast<std::size_t>(samples); s < result.samples.size(); ++s)
      result.samples[s] = result.samples.front();
  for (const std::size_t i : refused)
    results[i] = {{}, "logits are NaN or infinite while generating"};
}

}  // namespace souvenir

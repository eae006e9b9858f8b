#include "harness/request.h"

#include <bit>
#include <cstring>
#include <string_view>

#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir {

namespace {

// The journal is read on the machine type that wrote it; integers and floats go in as they stand.
static_assert(std::endian::native == std::endian::little, "the journal is little-endian");

class Writer {
 public:
  template <typename T>
  void value(const T& item) {
    static_assert(std::is_trivially_copyable_v<T>);
    out_.append(reinterpret_cast<const char*>(&item), sizeof(T));
  }
  template <typename T>
  void list(const std::vector<T>& items) {
    value(static_cast<std::uint32_t>(items.size()));
    if (!items.empty()) {
      out_.append(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T));
    }
  }
  template <typename T>
  void table(const std::vector<std::vector<T>>& rows) {
    value(static_cast<std::uint32_t>(rows.size()));
    for (const auto& row : rows) {
      list(row);
    }
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T value() {
    T item{};
    copy(&item, sizeof(T));
    return item;
  }
  template <typename T>
  std::vector<T> list() {
    const auto size = value<std::uint32_t>();
    if (bytes_.size() / sizeof(T) < size) {
      damaged();
    }
    std::vector<T> items(size);
    if (size > 0) {
      copy(items.data(), size * sizeof(T));
    }
    return items;
  }
  template <typename T>
  std::vector<std::vector<T>> table() {
    const auto size = value<std::uint32_t>();
    if (bytes_.size() / sizeof(std::uint32_t) < size) {
      damaged();
    }
    std::vector<std::vector<T>> rows(size);
    for (auto& row : rows) {
      row = list<T>();
    }
    return rows;
  }
  void end() const {
    if (!bytes_.empty()) {
      damaged();
    }
  }

 private:
  [[noreturn]] static void damaged() {
    throw Error(ErrorKind::integrity, "journal: an observation is damaged");
  }
  void copy(void* to, std::size_t size) {
    if (bytes_.size() < size) {
      damaged();
    }
    std::memcpy(to, bytes_.data(), size);
    bytes_.remove_prefix(size);
  }

  std::string_view bytes_;
};

}  // namespace

std::string request_digest(const ScoreRequest& request, const ScoreOptions& options) {
  Writer out;
  out.list(request.prefix_ids);
  out.list(request.ids);
  out.value(static_cast<std::uint32_t>(options.rules.size()));
  for (const DecodingRule& rule : options.rules) {
    out.value(rule.temperature);
    out.value(rule.top_k);
    out.value(rule.top_p);
  }
  out.list(options.temperatures);
  out.value(options.top);
  if (options.early_stop) {
    out.value(options.early_stop->log_p);
    out.value(options.early_stop->near_tie_delta);
  }
  return sha256("souvenir/score/1" + out.take());
}

std::string pack_ids(const std::vector<TokenId>& ids) {
  return {reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(TokenId)};
}

std::vector<TokenId> unpack_ids(std::string_view bytes) {
  if (bytes.size() % sizeof(TokenId) != 0) {
    throw Error(ErrorKind::integrity, "journal: a list of token ids is damaged");
  }
  std::vector<TokenId> ids(bytes.size() / sizeof(TokenId));
  if (!ids.empty()) {
    std::memcpy(ids.data(), bytes.data(), bytes.size());
  }
  return ids;
}

std::string pack_observation(const ScoreObservation& observation) {
  Writer out;
  out.list(observation.log_probs);
  out.list(observation.ranks);
  out.list(observation.ties);
  out.list(observation.gaps);
  out.list(observation.argmax);
  out.list(observation.entropies);
  out.list(observation.mean_log_probs);
  out.list(observation.variance_log_probs);
  out.table(observation.rule_log_probs);
  out.table(observation.log_sum_exps);
  out.table(observation.top_ids);
  out.table(observation.top_logits);
  return out.take();
}

std::int64_t answered_tokens(std::string_view bytes) {
  return Reader(bytes).value<std::uint32_t>();
}

ScoreObservation unpack_observation(std::string_view bytes) {
  Reader in(bytes);
  ScoreObservation observation;
  observation.log_probs = in.list<double>();
  observation.ranks = in.list<std::int64_t>();
  observation.ties = in.list<std::int32_t>();
  observation.gaps = in.list<float>();
  observation.argmax = in.list<TokenId>();
  observation.entropies = in.list<double>();
  observation.mean_log_probs = in.list<double>();
  observation.variance_log_probs = in.list<double>();
  observation.rule_log_probs = in.table<double>();
  observation.log_sum_exps = in.table<double>();
  observation.top_ids = in.table<TokenId>();
  observation.top_logits = in.table<float>();
  in.end();
  return observation;
}

}  // namespace souvenir

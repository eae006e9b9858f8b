#include "harness/shard.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

#include "harness/error.h"

namespace souvenir {

namespace {

constexpr const char* kWayOut = "; say --shard i/N, or --shard none for an ordinary run";

// More would be a slip: every shard's journal holds the whole plan.
constexpr std::int64_t kMostShards = 1'000'000;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// One variable of a launcher, read as a whole number.
class Reader {
 public:
  explicit Reader(const Variables& variables) : variables_(variables) {}

  bool has(const char* name) const { return variables_(name).has_value(); }

  std::int64_t number(const char* name) const {
    const std::string text = variables_(name).value_or("");
    const auto value = whole_number(text);
    if (!value) {
      throw Error(ErrorKind::usage, std::string(name) + ": expected a whole number, found \"" +
                                        text + "\"" + kWayOut);
    }
    return *value;
  }

 private:
  const Variables& variables_;
};

LaunchedShard checked(std::int64_t index, std::int64_t count, const std::string& by) {
  if (count < 1 || count > kMostShards || index < 0 || index >= count) {
    throw Error(ErrorKind::usage,
                by + ": expected one of so many processes, counted from 0, found " +
                    std::to_string(index) + " of " + std::to_string(count) + kWayOut);
  }
  return {{index, count}, by};
}

// A rank and a size, as most launchers give them. A size alone is not one of its processes.
//
//   how  said where the size is missing
std::optional<LaunchedShard> rank_and_size(const Reader& read, const char* rank, const char* size,
                                           const std::string& how = {}) {
  if (!read.has(rank)) return std::nullopt;
  if (!read.has(size)) {
    throw Error(ErrorKind::usage,
                std::string(rank) + " is set and " + size + " is not" + how + kWayOut);
  }
  return checked(read.number(rank), read.number(size), std::string(rank) + " and " + size);
}

std::optional<LaunchedShard> slurm_array(const Reader& read) {
  if (!read.has("SLURM_ARRAY_TASK_ID")) return std::nullopt;
  for (const char* name : {"SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT"}) {
    if (!read.has(name)) {
      throw Error(ErrorKind::usage,
                  std::string("SLURM_ARRAY_TASK_ID is set and ") + name + " is not" + kWayOut);
    }
  }
  const std::int64_t step =
      read.has("SLURM_ARRAY_TASK_STEP") ? read.number("SLURM_ARRAY_TASK_STEP") : 1;
  const std::int64_t count = read.number("SLURM_ARRAY_TASK_COUNT");
  const std::int64_t offset =
      read.number("SLURM_ARRAY_TASK_ID") - read.number("SLURM_ARRAY_TASK_MIN");
  if (step < 1 || offset % step != 0 || offset / step >= count) {
    throw Error(ErrorKind::usage,
                "SLURM_ARRAY_TASK_ID: expected an array of evenly spaced tasks, as --array=0-7, "
                "found task " +
                    std::to_string(offset) + " behind the first of " + std::to_string(count) +
                    kWayOut);
  }
  return checked(offset / step, count,
                 "SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_MIN and SLURM_ARRAY_TASK_COUNT");
}

std::vector<LaunchedShard> launchers(const Reader& read) {
  std::vector<LaunchedShard> all;
  const auto add = [&](std::optional<LaunchedShard> found) {
    if (found && found->shard.count > 1) all.push_back(std::move(*found));
  };
  // Slurm starts one daemon a node for these, and numbers the daemons.
  const bool inner =
      read.has("OMPI_COMM_WORLD_RANK") || read.has("PMI_RANK") || read.has("TORCHELASTIC_RUN_ID");
  add(slurm_array(read));
  const bool array = !all.empty();
  // The script of a batch job is task 0 too, of no number that Slurm would name.
  auto srun = inner || !read.has("SLURM_NTASKS")
                  ? std::nullopt
                  : rank_and_size(read, "SLURM_PROCID", "SLURM_NTASKS");
  if (!(array && srun && srun->shard.index == 0)) add(std::move(srun));
  add(rank_and_size(read, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"));
  add(rank_and_size(read, "PMI_RANK", "PMI_SIZE"));
  add(rank_and_size(read, "RANK", "WORLD_SIZE"));
  add(rank_and_size(read, "JOB_COMPLETION_INDEX", "JOB_COMPLETIONS",
                    " (Kubernetes does not tell a pod how many there are: let the manifest set "
                    "JOB_COMPLETIONS)"));
  return all;
}

}  // namespace

std::string shard_name(const Shard& shard) {
  return std::to_string(shard.index) + "/" + std::to_string(shard.count);
}

Shard parse_shard(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto index = whole_number(text.substr(0, slash));
  const auto count = slash == std::string_view::npos ? std::optional<std::int64_t>()
                                                     : whole_number(text.substr(slash + 1));
  if (!index || !count) {
    throw Error(ErrorKind::usage,
                "--shard: expected i/N, as 0/8, or none, found \"" + std::string(text) + "\"");
  }
  if (*count < 1 || *count > kMostShards) {
    throw Error(ErrorKind::usage, "--shard " + std::string(text) + ": expected N from 1 to " +
                                      std::to_string(kMostShards) + ", found " +
                                      std::to_string(*count));
  }
  if (*index < 0 || *index >= *count) {
    throw Error(ErrorKind::usage, "--shard " + std::string(text) + ": expected i from 0 to " +
                                      std::to_string(*count - 1) + ", found " +
                                      std::to_string(*index));
  }
  return {*index, *count};
}

std::optional<LaunchedShard> launched_shard(const Variables& variables) {
  std::vector<LaunchedShard> all = launchers(Reader(variables));
  if (all.empty()) return std::nullopt;
  for (const LaunchedShard& other : all) {
    if (other.shard == all.front().shard) continue;
    throw Error(ErrorKind::usage, "launchers contradict each other: shard " +
                                      shard_name(all.front().shard) + " by " + all.front().by +
                                      ", " + shard_name(other.shard) + " by " + other.by + kWayOut);
  }
  return std::move(all.front());
}

std::vector<std::int64_t> WorkShares::hand_out(const std::vector<std::int64_t>& costs) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
  using Load = std::pair<std::int64_t, std::size_t>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> idle;
  for (std::size_t shard = 0; shard < loads_.size(); ++shard) idle.push({loads_[shard], shard});
  std::vector<std::int64_t> shares(costs.size());
  for (const std::size_t unit : order) {
    const std::size_t shard = idle.top().second;
    idle.pop();
    shares[unit] = static_cast<std::int64_t>(shard);
    loads_[shard] += costs[unit];
    idle.push({loads_[shard], shard});
  }
  return shares;
}

}  // namespace souvenir

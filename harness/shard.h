#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir {

// One of several processes that share an audit.
//
//   index  from 0, as launchers count
struct Shard {
  std::int64_t index = 0;
  std::int64_t count = 1;

  bool operator==(const Shard&) const = default;
};

// Returns "1/3".
std::string shard_name(const Shard& shard);

// Reads "i/N".
//
// Errors  usage: no two whole numbers, N below 1, i not from 0 to N - 1
Shard parse_shard(std::string_view text);

// A shard as a launcher gave it.
//
//   by  the variables it stands in, e.g. "SLURM_PROCID and SLURM_NTASKS"
struct LaunchedShard {
  Shard shard;
  std::string by;
};

// Looks a variable of the environment up; nothing where it is not set or empty.
using Variables = std::function<std::optional<std::string>(const char* name)>;

// Finds this process's shard in what its launcher set: a Slurm array, srun, Open MPI, PMI,
// torchrun, or a Kubernetes Indexed Job (whose manifest must set JOB_COMPLETIONS). A launcher of
// one process counts for none.
//
// Slurm's task number is passed over under mpirun and torchrun, whose daemons it numbers, and in
// the batch script of an array, which is task 0 whatever --ntasks says.
//
// Returns  nothing where no launcher is at work
// Errors   usage: names variables that are no numbers, out of range, one without the other, or that
//          contradict those of another launcher
std::optional<LaunchedShard> launched_shard(const Variables& variables);

// Hands out work by cost: the dearest first, each to the shard that has least so far.
//
// Same costs, same shares: every shard works them out by itself.
class WorkShares {
 public:
  explicit WorkShares(std::int64_t shards) : loads_(static_cast<std::size_t>(shards), 0) {}

  //   costs  of the units, none negative; what was handed out before counts
  //
  // Returns  [costs] the shard of each unit
  // Ties     between units: the first; between shards: the lowest
  std::vector<std::int64_t> hand_out(const std::vector<std::int64_t>& costs);

 private:
  std::vector<std::int64_t> loads_;
};

}  // namespace souvenir

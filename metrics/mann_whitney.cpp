#include "metrics/mann_whitney.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrics/special.h"

namespace souvenir {
namespace {

constexpr std::size_t kExactUpTo = 40;

// The scores of both classes, tied ones together, smallest first.
struct Ties {
  std::vector<std::size_t> sizes;
  std::vector<std::int64_t> doubled_ranks;  // twice the midrank: whole numbers
  std::int64_t members_doubled_sum = 0;
};

Ties tie_groups(std::span<const double> members, std::span<const double> non_members) {
  std::vector<double> all(members.begin(), members.end());
  all.insert(all.end(), non_members.begin(), non_members.end());
  std::sort(all.begin(), all.end());
  std::vector<double> sorted(members.begin(), members.end());
  std::sort(sorted.begin(), sorted.end());
  Ties ties;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end] == all[begin]) ++end;
    const auto range = std::equal_range(sorted.begin(), sorted.end(), all[begin]);
    ties.sizes.push_back(end - begin);
    ties.doubled_ranks.push_back(static_cast<std::int64_t>(begin + 1 + end));
    ties.members_doubled_sum += (range.second - range.first) * ties.doubled_ranks.back();
    begin = end;
  }
  return ties;
}

// The share of all choices of m strings whose ranks add up to at least the observed sum. Counts
// choices by size and sum; doubles hold them without overflow, and to 40 roundings.
double exact_tail(const Ties& ties, std::size_t m) {
  const std::int64_t observed = ties.members_doubled_sum;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < ties.sizes.size(); ++i) {
    total += static_cast<std::int64_t>(ties.sizes[i]) * ties.doubled_ranks[i];
  }
  const auto width = static_cast<std::size_t>(total) + 1;
  std::vector<std::vector<double>> ways(m + 1, std::vector<double>(width, 0.0));
  ways[0][0] = 1.0;
  for (std::size_t group = 0; group < ties.sizes.size(); ++group) {
    const auto rank = static_cast<std::size_t>(ties.doubled_ranks[group]);
    for (std::size_t one = 0; one < ties.sizes[group]; ++one) {
      for (std::size_t size = m; size > 0; --size) {
        for (std::size_t sum = width - 1; sum >= rank; --sum) {
          ways[size][sum] += ways[size - 1][sum - rank];
        }
      }
    }
  }
  double all = 0.0;
  double tail = 0.0;
  for (std::size_t sum = 0; sum < width; ++sum) {
    all += ways[m][sum];
    tail += static_cast<std::int64_t>(sum) >= observed ? ways[m][sum] : 0.0;
  }
  return tail / all;
}

double normal_tail(const Ties& ties, double m, double n) {
  double correction = 0.0;
  for (const std::size_t size : ties.sizes) {
    const auto t = static_cast<double>(size);
    correction += t * (t - 1.0) * (t + 1.0);
  }
  const double total = m + n;
  const double variance = m * n / 12.0 * (total + 1.0 - correction / (total * (total - 1.0)));
  if (variance <= 0.0) return 1.0;
  const double sum = 0.5 * static_cast<double>(ties.members_doubled_sum);
  return normal_upper((sum - 0.5 * m * (total + 1.0) - 0.5) / std::sqrt(variance));
}

}  // namespace

double mann_whitney_p_value(std::span<const double> members, std::span<const double> non_members) {
  if (members.empty() || non_members.empty()) return 1.0;
  const Ties ties = tie_groups(members, non_members);
  if (members.size() + non_members.size() <= kExactUpTo) return exact_tail(ties, members.size());
  return normal_tail(ties, static_cast<double>(members.size()),
                     static_cast<double>(non_members.size()));
}

}  // namespace souvenir

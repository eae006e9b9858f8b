#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace souvenir::test {

// Returns normally distributed numbers from a seed.
inline std::vector<float> random_floats(std::size_t count, unsigned seed, float spread = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> values(count);
  for (float& x : values) x = normal(random);
  return values;
}

}  // namespace souvenir::test

#include "harness/backend/dequantise.h"

#include <bit>
#include <cstddef>

namespace souvenir {

namespace {

constexpr std::int64_t kSmall = 32;   // elements of a block of the plain formats
constexpr std::int64_t kLarge = 256;  // and of the K formats

// float16 to float32, exactly.
float half(const unsigned char* at) {
  const std::uint32_t bits = at[0] | static_cast<std::uint32_t>(at[1]) << 8U;
  const std::uint32_t sign = (bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (bits >> 10U) & 0x1FU;
  const std::uint32_t fraction = bits & 0x3FFU;
  if (exponent == 0) {
    const float size = static_cast<float>(fraction) * 0x1p-24F;
    return sign == 0 ? size : -size;
  }
  const std::uint32_t widened = exponent == 0x1FU ? 0xFFU : exponent + 112U;
  return std::bit_cast<float>(sign | widened << 23U | fraction << 13U);
}

unsigned low(unsigned char byte) { return byte & 0x0FU; }
unsigned high(unsigned char byte) { return byte >> 4U; }

// ---- blocks of 32: byte j of the nibbles holds element j (low) and element j + 16 (high)
// ---------

// Calls put(element, nibble) for the 32 elements of 16 bytes.
template <typename Put>
void each_nibble(const unsigned char* bytes, Put put) {
  for (std::int64_t j = 0; j < kSmall / 2; ++j) {
    put(j, low(bytes[j]));
    put(j + kSmall / 2, high(bytes[j]));
  }
}

std::uint32_t fifth_bits(const unsigned char* at) {
  return at[0] | static_cast<std::uint32_t>(at[1]) << 8U |
         static_cast<std::uint32_t>(at[2]) << 16U | static_cast<std::uint32_t>(at[3]) << 24U;
}

unsigned with_fifth(unsigned nibble, std::uint32_t bits, std::int64_t element) {
  return nibble | (bits >> static_cast<unsigned>(element) & 1U) << 4U;
}

// ---- blocks of 256 ------------------------------------------------------------------------------

// Six-bit scales and minima of the eight sub-blocks of Q4_K and Q5_K, times those of the block.
//
//   12 bytes: 4 scales and the upper bits of 4 more, 4 minima likewise, the lower bits of both
struct SubScales {
  float scale[8];
  float minimum[8];
};

SubScales sub_scales(const unsigned char* block) {
  const float d = half(block), d_min = half(block + 2);
  const unsigned char* s = block + 4;
  SubScales out = {};
  for (std::size_t j = 0; j < 4; ++j) {
    out.scale[j] = d * static_cast<float>(s[j] & 0x3FU);
    out.minimum[j] = d_min * static_cast<float>(s[j + 4] & 0x3FU);
    out.scale[j + 4] = d * static_cast<float>(low(s[j + 8]) | (s[j] >> 2U & 0x30U));
    out.minimum[j + 4] = d_min * static_cast<float>(high(s[j + 8]) | (s[j + 4] >> 2U & 0x30U));
  }
  return out;
}

// Element j of 64 bytes of two bits: each 32 bytes hold four times 32 elements, the lowest bits
// first.
unsigned two_bits(const unsigned char* bytes, std::int64_t j) {
  const unsigned byte = bytes[j / 128 * 32 + j % 32];
  return byte >> static_cast<unsigned>(j % 128 / 32 * 2) & 3U;
}

// What a nibble stands for in the IQ4 formats.
constexpr float kUneven[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                               1,    13,   25,  38,  53,  69,  89,  113};

}  // namespace

// float16 d; 32 int8
void dequantise_q8_0(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 34, to += kSmall) {
    const float d = half(block);
    for (std::int64_t j = 0; j < kSmall; ++j) {
      to[j] = static_cast<float>(static_cast<signed char>(block[2 + j])) * d;
    }
  }
}

// float16 d; 16 bytes of nibbles
void dequantise_q4_0(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 18, to += kSmall) {
    const float d = half(block);
    each_nibble(block + 2, [&](std::int64_t j, unsigned q) {
      to[j] = d * static_cast<float>(static_cast<int>(q) - 8);
    });
  }
}

// float16 d, m; 16 bytes of nibbles
void dequantise_q4_1(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 20, to += kSmall) {
    const float d = half(block), m = half(block + 2);
    each_nibble(block + 4,
                [&](std::int64_t j, unsigned q) { to[j] = d * static_cast<float>(q) + m; });
  }
}

// float16 d; 32 fifth bits; 16 bytes of nibbles
void dequantise_q5_0(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 22, to += kSmall) {
    const float d = half(block);
    const std::uint32_t bits = fifth_bits(block + 2);
    each_nibble(block + 6, [&](std::int64_t j, unsigned q) {
      to[j] = d * static_cast<float>(static_cast<int>(with_fifth(q, bits, j)) - 16);
    });
  }
}

// float16 d, m; 32 fifth bits; 16 bytes of nibbles
void dequantise_q5_1(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 24, to += kSmall) {
    const float d = half(block), m = half(block + 2);
    const std::uint32_t bits = fifth_bits(block + 4);
    each_nibble(block + 8, [&](std::int64_t j, unsigned q) {
      to[j] = d * static_cast<float>(with_fifth(q, bits, j)) + m;
    });
  }
}

// 16 bytes of scales (low nibble) and minima (high), of 16 elements each; 64 bytes of quants;
// float16 d, d_min
void dequantise_q2_k(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 84, to += kLarge) {
    const float d = half(block + 80), d_min = half(block + 82);
    for (std::int64_t j = 0; j < kLarge; ++j) {
      const unsigned char sub = block[j / 16];
      to[j] = d * static_cast<float>(low(sub)) * static_cast<float>(two_bits(block + 16, j)) -
              d_min * static_cast<float>(high(sub));
    }
  }
}

// 32 bytes of third bits, bit i of byte j of element j of the i-th 32; 64 bytes of lower ones; 12
// bytes of 16 six-bit scales, the lower four bits of all before the upper two; float16 d. A third
// bit that is not there takes four off.
void dequantise_q3_k(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 110, to += kLarge) {
    const float d = half(block + 108);
    const unsigned char* scales = block + 96;
    for (std::int64_t j = 0; j < kLarge; ++j) {
      const std::int64_t i = j / 16;
      const unsigned lower = i < 8 ? low(scales[i]) : high(scales[i - 8]);
      const unsigned upper_bits = scales[8 + i % 4];
      const unsigned upper = upper_bits >> static_cast<unsigned>(i / 4 * 2) & 3U;
      const float scale = d * static_cast<float>(static_cast<int>(lower | upper << 4U) - 32);
      const bool third = (block[j % 32] >> static_cast<unsigned>(j / 32) & 1U) != 0;
      to[j] =
          scale * static_cast<float>(static_cast<int>(two_bits(block + 32, j)) - (third ? 0 : 4));
    }
  }
}

// float16 d, d_min; 12 bytes of scales; 128 of nibbles: each 32 hold one sub-block in their low
// nibbles, the next in their high ones
void dequantise_q4_k(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 144, to += kLarge) {
    const SubScales sub = sub_scales(block);
    for (std::int64_t j = 0; j < kLarge; ++j) {
      const std::int64_t i = j / 32;
      const unsigned char byte = block[16 + i / 2 * 32 + j % 32];
      const unsigned q = i % 2 == 0 ? low(byte) : high(byte);
      to[j] = sub.scale[i] * static_cast<float>(q) - sub.minimum[i];
    }
  }
}

// as Q4_K, with 32 bytes before the nibbles: bit i of byte j is the fifth of element j of
// sub-block i
void dequantise_q5_k(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 176, to += kLarge) {
    const SubScales sub = sub_scales(block);
    for (std::int64_t j = 0; j < kLarge; ++j) {
      const std::int64_t i = j / 32;
      const unsigned char byte = block[48 + i / 2 * 32 + j % 32];
      const unsigned q = with_fifth(i % 2 == 0 ? low(byte) : high(byte), block[16 + j % 32], i);
      to[j] = sub.scale[i] * static_cast<float>(q) - sub.minimum[i];
    }
  }
}

// 128 bytes of nibbles, 64 of two upper bits, 16 int8 scales, float16 d. Each half of the block has
// 64 bytes of nibbles, low ones first, and 32 bytes of upper bits, four times two in each.
void dequantise_q6_k(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 210, to += kLarge) {
    const float d = half(block + 208);
    for (std::int64_t j = 0; j < kLarge; ++j) {
      const std::int64_t part = j / 128, within = j % 128;
      const unsigned char byte = block[part * 64 + within % 64];
      const unsigned lower = within < 64 ? low(byte) : high(byte);
      const unsigned shift = static_cast<unsigned>(within / 32) * 2U;
      const unsigned upper = block[128 + part * 32 + within % 32] >> shift & 3U;
      const float scale = d * static_cast<float>(static_cast<signed char>(block[192 + j / 16]));
      to[j] = scale * static_cast<float>(static_cast<int>(lower | upper << 4U) - 32);
    }
  }
}

// as Q4_0, but for what a nibble stands for
void dequantise_iq4_nl(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 18, to += kSmall) {
    const float d = half(block);
    each_nibble(block + 2, [&](std::int64_t j, unsigned q) { to[j] = d * kUneven[q]; });
  }
}

// float16 d; the upper two bits of eight scales, and their lower four in 4 bytes; 128 bytes of
// nibbles, as eight blocks of IQ4_NL
void dequantise_iq4_xs(const unsigned char* block, std::int64_t count, float* to) {
  for (; count > 0; --count, block += 136, to += kLarge) {
    const float d = half(block);
    const unsigned uppers = block[2] | static_cast<unsigned>(block[3]) << 8U;
    for (std::int64_t i = 0; i < kLarge / kSmall; ++i) {
      const unsigned char pair = block[4 + i / 2];
      const unsigned lower = i % 2 == 0 ? low(pair) : high(pair);
      const unsigned upper = uppers >> static_cast<unsigned>(2 * i) & 3U;
      const float scale = d * static_cast<float>(static_cast<int>(lower | upper << 4U) - 32);
      each_nibble(block + 8 + 16 * i,
                  [&](std::int64_t j, unsigned q) { to[i * kSmall + j] = scale * kUneven[q]; });
    }
  }
}

}  // namespace souvenir

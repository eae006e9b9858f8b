#pragma once

#include <cstdint>

namespace souvenir {

// Make float32 of the blocks of GGUF files. Little-endian; one block after the other.
//
//   count  blocks
//   to     [count * elements of a block]
//
// Exact   bit for bit what the package `gguf` (quants.dequantize) gives: each operation in float32,
//         rounded by itself
// Source  the block formats of ggml; layouts beside each function
void dequantise_q8_0(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_q4_0(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_q4_1(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_q5_0(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_q5_1(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_q2_k(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_q3_k(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_q4_k(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_q5_k(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_q6_k(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_iq4_nl(const unsigned char* blocks, std::int64_t count, float* to);
void dequantise_iq4_xs(const unsigned char* blocks, std::int64_t count, float* to);

}  // namespace souvenir

#pragma once

#include <cstdint>
#include <span>

#include "harness/types.h"

namespace souvenir::kernels {

// The few loops of the CPU path for which the profile paid: norms, rotary embedding, activations,
// products, attention and the statistics of a tile of logits. Plain C++ over vector types, compiled
// once per instruction set and chosen at run time. Each has a twin in ATen, which every other
// device takes, and a test that compares the two. Nothing here allocates, throws or starts a
// thread.

// A bfloat16 as it lies in memory.
struct Bfloat16 {
  std::uint16_t bits;
};

// One row of: residual += delta; out = norm(residual) * weight + bias.
//
//   residual  [width], in and out; null: out = norm(delta) * weight + bias
//   delta     [width] or null: nothing is added
//   bias      [width] or null
//   centred   layer norm (the mean is taken off), else root-mean-square norm
template <typename In, typename Out>
struct NormRow {
  float* residual;
  const In* delta;
  Out* out;
  const float* weight;
  const float* bias;
  std::int64_t width;
  float epsilon;
  bool centred;
};

// One token's query and key heads, in place: norm per head, then rotation of the first dimensions.
//
//   heads      [query_heads + key_heads][head_dim], contiguous
//   *_norm     [head_dim] or null: no norm
//   norm_step  from one head's weights to the next's: 0 where they share theirs
//   cosine     [rotary_dim / 2], sine likewise; null: no rotation
//   head_dim   at most kMaxHeadDim
template <typename T>
struct RotateRow {
  T* heads;
  std::int64_t query_heads, key_heads, head_dim, rotary_dim;
  const float* query_norm;
  const float* key_norm;
  std::int64_t norm_step;
  const float* cosine;
  const float* sine;
  float epsilon;
  bool centred;
};
inline constexpr std::int64_t kMaxHeadDim = 512;

// x / (1 + e^-u) for u = x (linear + cubic x^2): SiLU with (1, 0), and GELU by tanh.
struct Gate {
  float linear = 1, cubic = 0;
};

// A gate of every element, in place.
struct Activate {
  float* x;
  std::int64_t count;
  Gate gate;
};

// What the sums of a product go through after the bias. In a pair, a panel's first half are gates
// and the second what they open: gate(first) * second.
enum class Then { nothing, relu, gate, pair };

// Rows by a panel of a packed weight (not the Panel below): sums = x panel, or += it; after the
// last inputs, `out` is what comes of them.
//
//   x        [rows][x_stride], those inputs that the panel speaks of
//   panel    [inputs][kPanelColumns]
//   sums     [rows][sums_stride], `columns` of them written; in a pair, all
//   out      [rows][out_stride]: `sums` itself; in a pair half as many columns, elsewhere
//   add      sums holds those over the inputs before
//   last     these are the last inputs
//   bias     [columns] or null
//   columns  at most kPanelColumns
struct MultiplyPanel {
  const float* x;
  std::int64_t x_stride;
  const float* panel;
  float* sums;
  std::int64_t sums_stride;
  float* out;
  std::int64_t out_stride;
  std::int64_t rows, inputs, columns;
  bool add, last;
  const float* bias;
  Then then;
  Gate gate;
};
inline constexpr std::int64_t kPanelColumns = 16;
inline constexpr std::int64_t kSliverRows = 12;  // rows in multiples of it leave no remainder

// Keys and values of one head of one sequence, in float32.
//
//   keys    [head_dim][key_stride]: transposed, so that a vector holds one dimension of many keys
//   values  [positions][value_stride]
//   key_stride is a multiple of kPanelAlign, value_stride of kValueAlign, padding included
struct Panel {
  float* keys;
  float* values;
  std::int64_t key_stride, value_stride;
};
inline constexpr std::int64_t kPanelAlign = 64;
inline constexpr std::int64_t kValueAlign = 16;

// Writes the keys and values of `tokens` rows into a panel, from position `past` on.
template <typename T>
struct FillPanel {
  const T* keys;  // first row, this head; rows are row_stride apart
  const T* values;
  std::int64_t row_stride, tokens, past, head_dim;
  Panel panel;
};

// Attends from some queries of one sequence to one key/value head.
//
//   queries     row of the sequence's first new token, first query head of the group
//   out         likewise
//   group       query heads that share this key/value head
//   first, last half-open range of new tokens to answer
//   past        positions in the panel before the first new token
//   window      position j is visible to i iff i - window < j <= i; 0: no window
//   cap         a score s becomes cap tanh(s / cap); 0: it stays
//   bias        [group][bias_stride] added to the scores, by the position of the key; null: none
//   scratch     [attend_scratch(...)] floats
template <typename T>
struct Attend {
  const T* queries;
  T* out;
  std::int64_t query_stride, out_stride;
  std::int64_t group, head_dim, first, last, past, window;
  float scale, cap;
  const float* bias;
  std::int64_t bias_stride;
  Panel panel;
  float* scratch;
};
inline constexpr std::int64_t kQueryRows = 6;
constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}
// Returns how many floats Attend::scratch needs for sequences of up to `positions`.
constexpr std::int64_t attend_scratch(std::int64_t positions, std::int64_t head_dim) {
  return kQueryRows * (round_up(positions, kPanelAlign) + 2 * round_up(head_dim, kPanelAlign));
}

// What is known of one row of logits after some tiles of the vocabulary (row_statistics.h).
inline constexpr int kMaxBand = 24;
struct TileState {
  // set before the first tile
  TokenId target = -1;
  float band_low = 0, band_high = 0;  // the target's logit lies surely inside
  // sums over tokens so far, relative to `maximum`
  float maximum = -__builtin_inff();
  double sum = 0, sum_d = 0, sum_dd = 0;  // e^d, d e^d, d^2 e^d for d = logit - maximum
  // other tokens than the target
  float best_other = -__builtin_inff();
  TokenId argmax_other = -1;
  std::int64_t above = 0;       // logits over band_high
  std::int32_t band_count = 0;  // logits inside the band, the first kMaxBand of them in `band`
  float band[kMaxBand] = {};
  float target_logit = 0;
  int top_count = 0;
};

// One row of one tile.
//
//   logits           [count], ids first_id onwards
//   temperatures     [temperature_count] inverse temperatures, as float
//   temperature_sums [temperature_count] sums of exp(d / temperature), in and out
//   top_*            [top] most likely so far, best first, ties by id; top may be 0
struct TileRow {
  const float* logits;
  std::int64_t count;
  TokenId first_id;
  TileState* state;
  const float* inverse_temperatures;
  double* temperature_sums;
  int temperature_count;
  float* top_logits;
  TokenId* top_ids;
  int top;
};

// The most likely token of a row, ties to the lowest id; finite is false if any logit is not.
struct RowMaximum {
  float value;
  TokenId id;
  bool finite;
};

struct Table {
  const char* name;
  void (*norm_f32)(const NormRow<float, float>&);
  void (*norm_bf16)(const NormRow<Bfloat16, Bfloat16>&);
  void (*norm_bf16_f32)(const NormRow<Bfloat16, float>&);
  void (*rotate_f32)(const RotateRow<float>&);
  void (*rotate_bf16)(const RotateRow<Bfloat16>&);
  void (*activate)(const Activate&);
  void (*multiply)(const MultiplyPanel&);
  void (*fill_f32)(const FillPanel<float>&);
  void (*fill_bf16)(const FillPanel<Bfloat16>&);
  void (*attend_f32)(const Attend<float>&);
  void (*attend_bf16)(const Attend<Bfloat16>&);
  void (*tile)(const TileRow&);
  RowMaximum (*row_maximum)(const float* logits, std::int64_t count);
};

// Returns the tables this CPU can run, widest first; never empty.
std::span<const Table* const> available();

}  // namespace souvenir::kernels

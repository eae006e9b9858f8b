#include "harness/backend/attention.h"

#include <cmath>
#include <vector>

#include "tests/support/aten_catch.h"

namespace souvenir {
namespace {

at::Tensor random(at::IntArrayRef shape, std::uint64_t seed) {
  at::Generator generator = at::globalContext().defaultGenerator(at::kCPU).clone();
  generator.set_current_seed(seed);
  return at::normal(0.0, 1.0, shape, generator);
}

// Softmax over the visible keys of one sequence, by the definition, in float64.
at::Tensor by_definition(const at::Tensor& qkv, const AttentionShape& shape,
                         const at::Tensor& bias = {}) {
  const std::int64_t tokens = qkv.size(0), dim = shape.head_dim;
  const at::Tensor x = qkv.to(at::kDouble).view({tokens, -1, dim});
  const at::Tensor out = at::empty({tokens, shape.heads, dim}, at::kDouble);
  const std::int64_t group = shape.heads / shape.key_value_heads;
  for (std::int64_t head = 0; head < shape.heads; ++head) {
    const std::int64_t key_head = shape.heads + head / group;
    for (std::int64_t i = 0; i < tokens; ++i) {
      const std::int64_t window = shape.window.value_or(tokens);
      const std::int64_t low = std::max<std::int64_t>(0, i + 1 - window), count = i + 1 - low;
      const at::Tensor keys = x.narrow(0, low, count).select(1, key_head);
      const at::Tensor values = x.narrow(0, low, count).select(1, key_head + shape.key_value_heads);
      at::Tensor scores = at::mv(keys, x[i][head]) * shape.scale;
      if (shape.cap > 0.0) scores = at::tanh(scores / shape.cap) * shape.cap;
      if (bias.defined()) scores = scores + bias[head].narrow(0, low, count).to(at::kDouble);
      out[i][head] = at::mv(values.t(), at::softmax(scores, 0));
    }
  }
  return out.view({tokens, shape.heads * dim});
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

AttentionShape any_shape() {
  auto shape = GENERATE(AttentionShape{4, 4, 16, 0.25, {}}, AttentionShape{6, 2, 10, 0.3, {}},
                        AttentionShape{9, 3, 64, 0.125, {}}, AttentionShape{5, 1, 40, 0.2, {}});
  const std::int64_t window = GENERATE(0, 1, 5, 64, 1000);
  if (window > 0) shape.window = window;
  return shape;
}

TEST_CASE("attention is softmax over a sequence's own visible keys", "[attention]") {
  const c10::InferenceMode no_gradients;
  const AttentionShape shape = any_shape();
  CAPTURE(shape.heads, shape.key_value_heads, shape.head_dim, shape.window.value_or(0));
  const std::vector<std::int64_t> lengths = {1, 2, 17, 64, 65, 130};
  std::vector<Segment> segments;
  std::int64_t rows = 0;
  for (const std::int64_t n : lengths) {
    segments.push_back({rows, n, 0, 0});
    rows += n;
  }
  const at::Tensor qkv =
      random({rows, (shape.heads + 2 * shape.key_value_heads) * shape.head_dim}, 1);
  const at::Tensor kernel = attend(qkv, segments, shape, nullptr);
  const at::Tensor plain = attend(qkv, segments, shape, nullptr, AttentionPath::aten);
  const at::Tensor half = attend(qkv.to(at::kBFloat16), segments, shape, nullptr);
  CHECK(half.scalar_type() == at::kBFloat16);
  for (const Segment& segment : segments) {
    CAPTURE(segment.tokens);
    const auto part = [&](const at::Tensor& t) {
      return t.narrow(0, segment.begin, segment.tokens);
    };
    const at::Tensor expected = by_definition(part(qkv), shape);
    CHECK(largest_difference(part(kernel), expected) < 5e-6);
    CHECK(largest_difference(part(plain), expected) < 5e-6);
    const at::Tensor expected_half = by_definition(part(qkv.to(at::kBFloat16)), shape);
    CHECK(largest_difference(part(half), expected_half) < 0.02);
  }
}

TEST_CASE("attention with a cache, in pieces, is attention over the whole", "[attention]") {
  const c10::InferenceMode no_gradients;
  const AttentionShape shape = any_shape();
  CAPTURE(shape.heads, shape.key_value_heads, shape.head_dim, shape.window.value_or(0));
  DecoderSpec spec;
  spec.key_value_heads = shape.key_value_heads;
  spec.head_dim = shape.head_dim;
  spec.layers.resize(1);
  const std::int64_t width = (shape.heads + 2 * shape.key_value_heads) * shape.head_dim;
  const at::Tensor first = random({70, width}, 2), second = random({41, width}, 3);
  const at::Tensor whole_first = by_definition(first, shape);
  const at::Tensor whole_second = by_definition(second, shape);
  for (const AttentionPath path : {AttentionPath::automatic, AttentionPath::aten}) {
    KeyValueCache cache(spec, 2, 70, at::kCPU, at::kFloat);
    // Slot 1 gets 30, 1, 1, 38 tokens of the first sequence; slot 0 the second one, ragged.
    const std::vector<std::vector<std::int64_t>> pieces = {{30, 1, 1, 38}, {7, 1, 32, 1}};
    std::vector<std::int64_t> done = {0, 0};
    for (std::size_t step = 0; step < 4; ++step) {
      const std::int64_t a = pieces[0][step], b = pieces[1][step];
      const at::Tensor qkv = at::cat({first.narrow(0, done[0], a), second.narrow(0, done[1], b)});
      const std::vector<Segment> segments = {{0, a, done[0], 1}, {a, b, done[1], 0}};
      const at::Tensor out = attend(qkv, segments, shape, &cache.layer(0), path);
      CHECK(largest_difference(out.narrow(0, 0, a), whole_first.narrow(0, done[0], a)) < 5e-6);
      CHECK(largest_difference(out.narrow(0, a, b), whole_second.narrow(0, done[1], b)) < 5e-6);
      done[0] += a;
      done[1] += b;
    }
  }
}

// Biases like ALiBi's, of every sign, for more positions than there are.
at::Tensor some_bias(const AttentionShape& shape) {
  return random({shape.heads, 192}, 7).cumsum(1).mul_(0.2);
}

TEST_CASE("scores are capped and biased before the softmax, on either path", "[attention]") {
  const c10::InferenceMode no_gradients;
  AttentionShape shape = any_shape();
  shape.cap = GENERATE(0.0, 0.3, 50.0);
  const bool biased = GENERATE(false, true);
  if (shape.cap == 0.0 && !biased) return;
  CAPTURE(shape.heads, shape.key_value_heads, shape.head_dim, shape.window.value_or(0), shape.cap,
          biased);
  const at::Tensor bias = biased ? some_bias(shape) : at::Tensor();
  const std::int64_t width = (shape.heads + 2 * shape.key_value_heads) * shape.head_dim;
  const at::Tensor qkv = random({130, width}, 6);
  const at::Tensor expected = by_definition(qkv, shape, bias);
  CHECK(largest_difference(expected,
                           by_definition(qkv, {shape.heads, shape.key_value_heads, shape.head_dim,
                                               shape.scale, shape.window})) >
        1e-4 * (shape.window == 1 ? -1.0 : 1.0));
  DecoderSpec spec;
  spec.key_value_heads = shape.key_value_heads;
  spec.head_dim = shape.head_dim;
  spec.layers.resize(1);
  const std::vector<Segment> all = {{0, 130, 0, 0}};
  for (const AttentionPath path : {AttentionPath::automatic, AttentionPath::aten}) {
    CHECK(largest_difference(attend(qkv, all, shape, nullptr, path, bias), expected) < 1e-5);
    const at::Tensor half = attend(qkv.to(at::kBFloat16), all, shape, nullptr, path, bias);
    CHECK(largest_difference(half, by_definition(qkv.to(at::kBFloat16), shape, bias)) < 0.03);
    KeyValueCache cache(spec, 1, 130, at::kCPU, at::kFloat);
    std::int64_t done = 0;
    for (const std::int64_t n : {60, 1, 69}) {
      const std::vector<Segment> some = {{0, n, done, 0}};
      const at::Tensor out =
          attend(qkv.narrow(0, done, n), some, shape, &cache.layer(0), path, bias);
      CHECK(largest_difference(out, expected.narrow(0, done, n)) < 1e-5);
      done += n;
    }
  }
}

TEST_CASE("a cache's slot can be copied to another", "[attention]") {
  const c10::InferenceMode no_gradients;
  const AttentionShape shape{4, 2, 8, 0.3, {}};
  DecoderSpec spec;
  spec.key_value_heads = 2;
  spec.head_dim = 8;
  spec.layers.resize(1);
  const at::Tensor all = random({21, 64}, 4);
  KeyValueCache cache(spec, 3, 21, at::kCPU, at::kFloat);
  const std::vector<Segment> before = {{0, 20, 0, 0}}, after = {{0, 1, 20, 2}};
  attend(all.narrow(0, 0, 20), before, shape, &cache.layer(0));
  cache.copy(0, 2, 20);
  const at::Tensor out = attend(all.narrow(0, 20, 1), after, shape, &cache.layer(0));
  CHECK(largest_difference(out, by_definition(all, shape).narrow(0, 20, 1)) < 5e-6);
}

TEST_CASE("attention does not depend on threads or neighbours, to the bit", "[attention]") {
  const c10::InferenceMode no_gradients;
  const AttentionShape shape{6, 2, 16, 0.25, {}};
  const at::Tensor qkv = random({300, 160}, 5);
  const std::vector<Segment> both = {{0, 100, 0, 0}, {100, 200, 0, 0}}, last = {{0, 200, 0, 0}};
  at::set_num_threads(1);
  const at::Tensor one = attend(qkv, both, shape, nullptr);
  at::set_num_threads(2);
  CHECK(at::equal(one, attend(qkv, both, shape, nullptr)));
  CHECK(at::equal(one.narrow(0, 100, 200), attend(qkv.narrow(0, 100, 200), last, shape, nullptr)));
}

}  // namespace
}  // namespace souvenir

#include "harness/backend/packed_weight.h"

#include <algorithm>
#include <string_view>

#include "harness/backend/activation.h"
#include "harness/backend/kernels/kernels.h"
#include "harness/backend/parallel.h"

namespace souvenir {
namespace {

using kernels::kPanelColumns;

// Inputs that are summed in one go, so that a panel stays near the first-level cache, and rounding
// does not grow with their number; more are added in pieces of equal size. The only one of these
// numbers that results depend on.
constexpr std::int64_t kInputs = 768;
// What a thread takes at a time, so that its rows stay in the second-level cache. Widened panels
// are so for one block, which should have many rows.
constexpr std::int64_t kRows = 96, kRowsWidened = 192;
constexpr std::int64_t kPanels = 12, kPanelsWidened = 4;
// Multiplications that are worth another thread.
constexpr std::int64_t kWork = 1 << 17;

std::int64_t divide_up(std::int64_t n, std::int64_t by) { return (n + by - 1) / by; }

// Returns the size of equal pieces of `n`, each at most `most`.
std::int64_t equal_pieces(std::int64_t n, std::int64_t most) {
  return divide_up(n, std::max<std::int64_t>(divide_up(n, most), 1));
}

kernels::Then then_of(std::optional<Activation> activation) {
  if (!activation) return kernels::Then::nothing;
  if (gate_of(*activation)) return kernels::Then::gate;
  return activation == Activation::relu ? kernels::Then::relu : kernels::Then::nothing;
}

}  // namespace

struct PackedWeight::Operands {
  at::Tensor x, out;  // float32, contiguous
  kernels::Then then;
  kernels::Gate gate;
};

// Half-open ranges. What `cut` returns is the first block: all have its size but the last ones.
struct PackedWeight::Block {
  std::int64_t first_row, last_row, first_panel, last_panel;
};

PackedWeight::PackedWeight(const at::Tensor& weight, const at::Tensor& bias)
    : outputs_(weight.size(0)) {
  const std::int64_t whole = outputs_ / kPanelColumns, rest = outputs_ % kPanelColumns;
  const std::int64_t count = divide_up(outputs_, kPanelColumns), in = weight.size(1);
  panels_ = at::empty({count, in, kPanelColumns}, weight.options());
  panels_.narrow(0, 0, whole)
      .copy_(weight.narrow(0, 0, whole * kPanelColumns)
                 .reshape({whole, kPanelColumns, in})
                 .transpose(1, 2));
  if (rest > 0)
    panels_[whole].zero_().narrow(1, 0, rest).copy_(weight.narrow(0, outputs_ - rest, rest).t());
  if (!bias.defined()) return;
  TORCH_CHECK(bias.numel() == outputs_, "a bias of ", bias.numel(), " for ", outputs_, " outputs");
  bias_ = at::zeros({count * kPanelColumns}, at::kFloat);
  bias_.narrow(0, 0, outputs_).copy_(bias);
}

bool PackedWeight::can_pair(std::int64_t outputs, Activation activation) {
  return outputs % (kPanelColumns / 2) == 0 && gate_of(activation).has_value();
}

PackedWeight PackedWeight::pair(const at::Tensor& gate, const at::Tensor& gate_bias,
                                const at::Tensor& up, const at::Tensor& up_bias,
                                Activation activation) {
  TORCH_CHECK(gate.sizes() == up.sizes() && can_pair(gate.size(0), activation),
              "no pair: ", gate.sizes(), " and ", up.sizes());
  PackedWeight result;
  result.outputs_ = gate.size(0);
  result.paired_ = activation;
  const std::int64_t half = kPanelColumns / 2, count = gate.size(0) / half, in = gate.size(1);
  result.panels_ = at::empty({count, in, kPanelColumns}, gate.options());
  const auto put = [&](const at::Tensor& weight, std::int64_t column) {
    result.panels_.narrow(2, column, half).copy_(weight.reshape({count, half, in}).transpose(1, 2));
  };
  put(gate, 0);
  put(up, half);
  if (!gate_bias.defined() && !up_bias.defined()) return result;
  result.bias_ = at::zeros({count * kPanelColumns}, at::kFloat);
  const at::Tensor by_panel = result.bias_.view({count, 2, half});
  if (gate_bias.defined()) by_panel.select(1, 0).copy_(gate_bias.reshape({count, half}));
  if (up_bias.defined()) by_panel.select(1, 1).copy_(up_bias.reshape({count, half}));
  return result;
}

PackedWeight::Operands PackedWeight::operands(const at::Tensor& x,
                                              std::optional<Activation> then) const {
  TORCH_CHECK(x.dim() == 2 && x.size(1) == inputs(), "rows of ", x.sizes(), " for a weight of ",
              inputs(), " inputs");
  TORCH_CHECK(!paired_ || !then, "a pair has its own activation");
  const at::Tensor in = x.to(at::kFloat).contiguous();
  const auto gate = paired_ ? gate_of(*paired_) : then ? gate_of(*then) : std::nullopt;
  return {in, at::empty({in.size(0), outputs_}, in.options()),
          paired_ ? kernels::Then::pair : then_of(then), gate.value_or(kernels::Gate())};
}

at::Tensor PackedWeight::multiply(const at::Tensor& x, std::optional<Activation> then) const {
  const Operands given = operands(x, then);
  const std::int64_t rows = x.size(0);
  if (rows == 0) return given.out;
  const Block block = cut(rows);
  const std::int64_t down = divide_up(rows, block.last_row);
  const std::int64_t count = down * divide_up(panels(), block.last_panel);
  for_each_item(count, [&](const auto& next) {
    const c10::InferenceMode no_gradients;
    at::Tensor wide, sums;
    if (widens())
      wide = at::empty({kPanelsWidened * std::min(inputs(), kInputs) * kPanelColumns}, at::kFloat);
    if (paired_) sums = at::empty({block.last_row * block.last_panel * kPanelColumns}, at::kFloat);
    for (std::int64_t i = next(); i < count; i = next()) {
      const std::int64_t row = i % down * block.last_row, panel = i / down * block.last_panel;
      run(given,
          {row, std::min(row + block.last_row, rows), panel,
           std::min(panel + block.last_panel, panels())},
          wide, paired_ ? sums.mutable_data_ptr<float>() : nullptr);
    }
  });
  return then == Activation::gelu_erf ? apply_activation(given.out, *then) : given.out;
}

PackedWeight::Block PackedWeight::cut(std::int64_t rows) const {
  const std::int64_t height =
      kernels::round_up(equal_pieces(rows, widens() ? kRowsWidened : kRows), kernels::kSliverRows);
  const std::int64_t wanted = std::min(4 * static_cast<std::int64_t>(at::get_num_threads()),
                                       rows * panels_.numel() / kWork + 1);
  const std::int64_t across = divide_up(wanted, divide_up(rows, height));
  return {0, height, 0, std::min(equal_pieces(panels(), kPanels), divide_up(panels(), across))};
}

// Writes inputs [first, first + count) of panels [begin, end) into `wide`.
const float* PackedWeight::widen(const at::Tensor& wide, std::int64_t begin, std::int64_t end,
                                 std::int64_t first, std::int64_t count) const {
  wide.narrow(0, 0, (end - begin) * count * kPanelColumns)
      .view({end - begin, count, kPanelColumns})
      .copy_(panels_.narrow(0, begin, end - begin).narrow(1, first, count));
  return wide.const_data_ptr<float>();
}

void PackedWeight::run(const Operands& operands, const Block& block, const at::Tensor& wide,
                       float* sums) const {
  const auto [first_row, last_row, first_panel, last_panel] = block;
  const float* const x = operands.x.const_data_ptr<float>() + first_row * inputs();
  float* const out = operands.out.mutable_data_ptr<float>() + first_row * outputs_;
  const std::int64_t width = paired_ ? kPanelColumns / 2 : kPanelColumns;  // of a panel's results
  const std::int64_t depth = equal_pieces(inputs(), kInputs);
  const std::int64_t group = widens() ? kPanelsWidened : kPanels;
  for (std::int64_t first = 0; first < inputs(); first += depth) {
    const std::int64_t count = std::min(depth, inputs() - first);
    for (std::int64_t begin = first_panel; begin < last_panel; begin += group) {
      const std::int64_t end = std::min(begin + group, last_panel);
      const std::int64_t stride = (widens() ? count : inputs()) * kPanelColumns;
      const float* panel =
          widens() ? widen(wide, begin, end, first, count)
                   : panels_.const_data_ptr<float>() + begin * stride + first * kPanelColumns;
      for (std::int64_t i = begin; i < end; ++i, panel += stride) {
        float* const results = out + i * width;
        float* const totals = paired_ ? sums + (i - first_panel) * kPanelColumns : results;
        kernels::available()[0]->multiply({
            .x = x + first,
            .x_stride = inputs(),
            .panel = panel,
            .sums = totals,
            .sums_stride = paired_ ? (last_panel - first_panel) * kPanelColumns : outputs_,
            .out = results,
            .out_stride = outputs_,
            .rows = last_row - first_row,
            .inputs = count,
            .columns = paired_ ? kPanelColumns : std::min(kPanelColumns, outputs_ - i * width),
            .add = first > 0,
            .last = first + count == inputs(),
            .bias = bias_.defined() ? bias_.const_data_ptr<float>() + i * kPanelColumns : nullptr,
            .then = operands.then,
            .gate = operands.gate,
        });
      }
    }
  }
}

bool outruns_one_dnn() { return std::string_view(kernels::available()[0]->name) == "avx2"; }

}  // namespace souvenir

#include "harness/backend/trainer.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <numbers>
#include <numeric>

#include "harness/backend/aten.h"
#include "harness/backend/cpu.h"
#include "harness/backend/trainable_llama.h"
#include "harness/error.h"
#include "metrics/rng.h"

namespace souvenir {

namespace {

constexpr double kBeta1 = 0.9, kBeta2 = 0.95, kEpsilon = 1e-8;

void check(const LlamaSizes& sizes, const TrainingPlan& plan) {
  const bool positive = sizes.vocabulary > 0 && sizes.hidden > 0 && sizes.layers > 0 &&
                        sizes.heads > 0 && sizes.intermediate > 0 && plan.epochs > 0 &&
                        plan.sequence_tokens > 0 && plan.batch > 0;
  if (!positive) throw Error(ErrorKind::usage, "training: expected sizes above 0");
  if (sizes.hidden % (2 * sizes.heads) != 0) {
    throw Error(ErrorKind::usage, "training: hidden: expected a multiple of twice the " +
                                      std::to_string(sizes.heads) + " heads, found " +
                                      std::to_string(sizes.hidden));
  }
  if (plan.sequence_tokens > sizes.context_tokens) {
    throw Error(ErrorKind::usage, "training: sequences of " + std::to_string(plan.sequence_tokens) +
                                      " tokens: expected at most the context of " +
                                      std::to_string(sizes.context_tokens));
  }
}

template <typename T>
void shuffle(std::vector<T>& items, Rng& rng) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[rng.uniform_below(i)]);
}

// Puts the documents of every epoch end to end, and cuts them into sequences that share one token
// with the next, which is a target there and an input here. Shape [sequences, tokens + 1].
at::Tensor cut_sequences(std::span<const std::vector<TokenId>> documents, const LlamaSizes& sizes,
                         const TrainingPlan& plan) {
  std::vector<std::int64_t> stream;
  std::vector<std::size_t> order(documents.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::int64_t epoch = 0; epoch < plan.epochs; ++epoch) {
    Rng rng(plan.seed, "train_order", {static_cast<std::uint64_t>(epoch)});
    shuffle(order, rng);
    for (const std::size_t i : order)
      stream.insert(stream.end(), documents[i].begin(), documents[i].end());
  }
  const auto outside = [&](std::int64_t id) { return id < 0 || id >= sizes.vocabulary; };
  if (std::any_of(stream.begin(), stream.end(), outside))
    throw Error(ErrorKind::usage, "training: a token id is not in the vocabulary");
  if (std::ssize(stream) <= plan.batch * plan.sequence_tokens) {
    throw Error(ErrorKind::usage, "training: expected at least one batch of " +
                                      std::to_string(plan.batch * plan.sequence_tokens) +
                                      " tokens, found " + std::to_string(stream.size()));
  }
  const at::Tensor all = at::tensor(stream, at::kLong);
  return all.unfold(0, plan.sequence_tokens + 1, plan.sequence_tokens).contiguous();
}

std::int64_t count_tokens(std::span<const std::vector<TokenId>> documents) {
  return std::accumulate(documents.begin(), documents.end(), std::int64_t{0},
                         [](std::int64_t sum, const auto& ids) { return sum + std::ssize(ids); });
}

double rate_at(const TrainingPlan& plan, std::int64_t step, std::int64_t steps) {
  const double warm = std::max(1.0, plan.warm_up * static_cast<double>(steps));
  const double done = static_cast<double>(step);
  const double rise = std::min(1.0, (done + 1.0) / warm);
  const double fall =
      std::clamp((done - warm) / std::max(1.0, static_cast<double>(steps) - warm), 0.0, 1.0);
  const double cosine = 0.5 * (1.0 + std::cos(std::numbers::pi * fall));
  return plan.rate * rise * (plan.final_rate + (1.0 - plan.final_rate) * cosine);
}

// AdamW (Loshchilov and Hutter, 2019) over two groups: matrices decay, norms do not.
class Optimiser {
 public:
  Optimiser(const TrainableLlama& model, const TrainingPlan& plan) : plan_(plan) {
    for (const auto& [name, tensor] : model.parameters()) {
      Group& group = groups_[tensor.dim() > 1 ? 0 : 1];
      group.parameters.push_back(tensor);
      group.means.push_back(at::zeros_like(tensor));
      group.squares.push_back(at::zeros_like(tensor));
      group.steps.push_back(at::zeros({}, at::kFloat));
    }
    groups_[0].decay = plan.weight_decay;
  }

  // Takes one step along the gradients, and forgets them.
  void step(double rate) {
    const at::NoGradGuard no_gradients;
    const double scale = clip_scale();
    for (Group& group : groups_) {
      std::vector<at::Tensor> gradients;
      for (at::Tensor& parameter : group.parameters) {
        gradients.push_back(parameter.mutable_grad());
        if (scale < 1.0) gradients.back().mul_(scale);
      }
      at::_foreach_add_(group.steps, 1);
      at::_fused_adamw_(group.parameters, gradients, group.means, group.squares, {}, group.steps,
                        rate, kBeta1, kBeta2, group.decay, kEpsilon, /*amsgrad=*/false,
                        /*maximize=*/false);
      for (at::Tensor& parameter : group.parameters) parameter.mutable_grad().reset();
    }
  }

 private:
  struct Group {
    std::vector<at::Tensor> parameters, means, squares, steps;
    double decay = 0.0;
  };

  double clip_scale() const {
    double square = 0.0;
    for (const Group& group : groups_) {
      for (const at::Tensor& parameter : group.parameters) {
        const double norm = parameter.grad().norm().item<double>();
        square += norm * norm;
      }
    }
    return plan_.clip / (std::sqrt(square) + 1e-6);
  }

  TrainingPlan plan_;
  Group groups_[2];
};

std::vector<NamedWeight> take_weights(const TrainableLlama& model) {
  std::vector<NamedWeight> weights;
  for (const auto& [name, tensor] : model.parameters()) {
    const at::Tensor values = tensor.detach().contiguous();
    const float* data = values.const_data_ptr<float>();
    weights.push_back({name, values.sizes().vec(), {data, data + values.numel()}});
  }
  return weights;
}

std::optional<TrainedLlama> train(const LlamaSizes& sizes,
                                  std::span<const std::vector<TokenId>> documents,
                                  const TrainingPlan& plan,
                                  const std::function<bool(const TrainingState&)>& report) {
  check(sizes, plan);
  const at::Tensor sequences = cut_sequences(documents, sizes, plan);
  at::set_num_threads(plan.threads > 0 ? plan.threads : choose_threads().threads);
  const TrainableLlama model(sizes, plan.seed);
  Optimiser optimiser(model, plan);
  TrainingState state;
  state.steps = training_steps(count_tokens(documents), plan);
  while (state.step < state.steps) {
    const at::Tensor batch = sequences.narrow(0, state.step * plan.batch, plan.batch);
    const at::Tensor logits = model.logits(batch.narrow(1, 0, plan.sequence_tokens));
    const at::Tensor targets = batch.narrow(1, 1, plan.sequence_tokens).reshape({-1});
    const at::Tensor loss = at::cross_entropy_loss(logits.flatten(0, 1), targets);
    loss.backward();
    state.loss = loss.item<double>();
    if (!std::isfinite(state.loss))
      throw Error(ErrorKind::resource, "training: the loss is not finite; a lower rate may help");
    optimiser.step(rate_at(plan, state.step, state.steps));
    ++state.step;
    state.tokens += plan.batch * plan.sequence_tokens;
    if (!report(state)) return std::nullopt;
  }
  return TrainedLlama{sizes, take_weights(model), state};
}

}  // namespace

std::int64_t training_steps(std::int64_t tokens, const TrainingPlan& plan) {
  const std::int64_t steps = (tokens * plan.epochs - 1) / plan.sequence_tokens / plan.batch;
  return plan.max_steps > 0 ? std::min(steps, plan.max_steps) : steps;
}

std::optional<TrainedLlama> train_llama(const LlamaSizes& sizes,
                                        std::span<const std::vector<TokenId>> documents,
                                        const TrainingPlan& plan,
                                        const std::function<bool(const TrainingState&)>& report) {
  try {
    return train(sizes, documents, plan, report);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::resource, "training: not enough memory");
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::internal,
                std::string("training: libtorch: ") + error.what_without_backtrace());
  }
}

}  // namespace souvenir

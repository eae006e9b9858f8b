#include "harness/backend/trainer.h"

#include <cmath>

#include "harness/backend/load.h"
#include "harness/backend/trainable_llama.h"
#include "harness/backend/write_checkpoint.h"
#include "tests/support/aten_catch.h"
#include "tests/support/tiny_checkpoint.h"
#include "tests/support/tiny_decoder.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

LlamaSizes small_sizes() {
  LlamaSizes sizes;
  sizes.vocabulary = 61;
  sizes.hidden = 24;
  sizes.layers = 2;
  sizes.heads = 3;
  sizes.intermediate = 40;
  sizes.context_tokens = 32;
  return sizes;
}

TrainingPlan small_plan() {
  TrainingPlan plan;
  plan.epochs = 16;
  plan.sequence_tokens = 16;
  plan.batch = 4;
  plan.rate = 1e-2;
  plan.seed = 3;
  plan.threads = 2;
  return plan;
}

// Documents of 1, then ids that follow each other, then 2.
std::vector<std::vector<TokenId>> documents() {
  std::vector<std::vector<TokenId>> all;
  for (TokenId i = 0; i < 60; ++i) {
    std::vector<TokenId> document = {1};
    for (TokenId j = 0; j < 12; ++j) document.push_back(3 + (i * 7 + j) % 58);
    document.push_back(2);
    all.push_back(document);
  }
  return all;
}

TrainedLlama trained(const TrainingPlan& plan = small_plan()) {
  auto model = train_llama(small_sizes(), documents(), plan, [](const auto&) { return true; });
  REQUIRE(model.has_value());
  return *std::move(model);
}

std::unique_ptr<LanguageModel> load(const TrainedLlama& model, const ScratchDirectory& folder) {
  for (const CheckpointBytes& file : checkpoint_files(model, 1, 2))
    write_bytes(folder / file.name, file.bytes);
  return load_language_model(folder.path(), {.device = "cpu", .dtype = "float32", .threads = 2});
}

// Puts trained weights into a trainable model.
TrainableLlama restored(const TrainedLlama& model) {
  TrainableLlama llama(model.sizes, 0);
  const at::NoGradGuard no_gradients;
  const auto parameters = llama.parameters();
  REQUIRE(parameters.size() == model.weights.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    REQUIRE(parameters[i].name == model.weights[i].name);
    at::Tensor tensor = parameters[i].tensor;
    tensor.copy_(at::tensor(model.weights[i].values).view(model.weights[i].shape));
  }
  return llama;
}

}  // namespace

TEST_CASE("the trainer's forward pass and the engine give the same scores", "[trainer]") {
  const TrainedLlama model = trained();
  const TrainableLlama llama = restored(model);
  const ScratchDirectory folder;
  const auto engine = load(model, folder);
  CHECK(engine->info().architecture == "llama");
  CHECK(engine->info().context_tokens == 32);
  const at::NoGradGuard no_gradients;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<TokenId> ids = tiny_ids(30, seed, 61);
    const auto result =
        engine->score(std::vector<ScoreRequest>{{{ids[0]}, {ids.begin() + 1, ids.end()}}}, {});
    REQUIRE(result[0].observation.has_value());
    const at::Tensor row =
        at::tensor(std::vector<std::int64_t>(ids.begin(), ids.end())).view({1, -1});
    const at::Tensor log_probs = at::log_softmax(llama.logits(row)[0].to(at::kDouble), -1);
    for (std::size_t i = 1; i < ids.size(); ++i) {
      const double expected = log_probs[static_cast<std::int64_t>(i) - 1][ids[i]].item<double>();
      CHECK(std::abs(result[0].observation->log_probs[i - 1] - expected) < 2e-4);
    }
  }
}

TEST_CASE("training learns, and what it learned is in the checkpoint", "[trainer]") {
  std::vector<double> losses;
  const auto model = train_llama(small_sizes(), documents(), small_plan(), [&](const auto& state) {
    losses.push_back(state.loss);
    CHECK(state.step == std::ssize(losses));
    return true;
  });
  REQUIRE(model.has_value());
  CHECK(std::abs(losses.front() - std::log(61.0)) < 0.5);  // it knows nothing yet
  CHECK(losses.back() < 1.5);  // a bigram model of these documents would need about 0.5
  const ScratchDirectory folder;
  const auto engine = load(*model, folder);
  const auto result = engine->score(std::vector<ScoreRequest>{{{1, 10, 11}, {12, 13, 14, 15}}}, {});
  REQUIRE(result[0].observation.has_value());
  for (const std::int64_t rank : result[0].observation->ranks) CHECK(rank == 1);
}

TEST_CASE("same seed and threads, same weights; another seed, others", "[trainer]") {
  TrainingPlan plan = small_plan();
  plan.max_steps = 20;
  const TrainedLlama first = trained(plan), again = trained(plan);
  for (std::size_t i = 0; i < first.weights.size(); ++i)
    CHECK(first.weights[i].values == again.weights[i].values);
  plan.seed = 4;
  CHECK(trained(plan).weights[0].values != first.weights[0].values);
}

TEST_CASE("training stops when told to", "[trainer]") {
  const auto model = train_llama(small_sizes(), documents(), small_plan(),
                                 [](const auto& state) { return state.step < 3; });
  CHECK(!model.has_value());
}

TEST_CASE("sizes that do not fit each other are refused", "[trainer]") {
  const auto refused = [](LlamaSizes sizes, TrainingPlan plan) {
    const Failure failure = failure_of(
        [&] { train_llama(sizes, documents(), plan, [](const auto&) { return true; }); });
    CAPTURE(failure.message);
    CHECK(failure.kind == ErrorKind::usage);
  };
  LlamaSizes sizes = small_sizes();
  sizes.heads = 5;
  refused(sizes, small_plan());
  sizes = small_sizes();
  sizes.vocabulary = 10;
  refused(sizes, small_plan());
  TrainingPlan plan = small_plan();
  plan.sequence_tokens = 33;
  refused(small_sizes(), plan);
  plan = small_plan();
  plan.batch = 1000;
  refused(small_sizes(), plan);
}

TEST_CASE("a safetensors file is the one the format describes", "[trainer]") {
  const std::vector<NamedWeight> weights = {{"a", {2, 1}, {1.0F, -2.0F}}, {"b", {1}, {0.5F}}};
  const SafetensorsParts parts = take_apart(write_safetensors(weights));
  CHECK(parts.header["a"] ==
        nlohmann::json::parse(R"({"dtype":"F32","shape":[2,1],"data_offsets":[0,8]})"));
  CHECK(parts.header["b"] ==
        nlohmann::json::parse(R"({"dtype":"F32","shape":[1],"data_offsets":[8,12]})"));
  // IEEE 754, little-endian: 1 is 0x3F800000, -2 is 0xC0000000, 0.5 is 0x3F000000.
  CHECK(parts.data == std::string("\0\0\x80\x3F\0\0\0\xC0\0\0\0\x3F", 12));
}

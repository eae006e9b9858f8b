// Models whose layers are read anew for every pass, and when that is decided.

#include "harness/backend/layers.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#include "harness/backend/attention.h"
#include "harness/backend/free_memory.h"
#include "harness/backend/memory_plan.h"
#include "harness/error.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_decoder.h"

namespace souvenir {
namespace {

DecoderSpec spec_of_layers(std::size_t layers) {
  const int which = GENERATE(0, 1, 2);
  DecoderSpec spec = which == 0   ? test::tiny_spec()
                     : which == 1 ? test::plain_spec()
                                  : test::windowed_spec();
  spec.layers.resize(layers, spec.layers.back());
  return spec;
}

// A model whose layers come from `read`, and are nowhere else.
std::unique_ptr<LanguageModel> read_anew(const DecoderSpec& spec, at::ScalarType dtype,
                                         ReadLayer read) {
  DecoderWeights weights = test::tiny_weights(spec, dtype);
  weights.layers.clear();
  ModelInfo info = test::tiny_info(spec, 2);
  info.layers_read.pass_tokens = 4096;
  return make_decoder_model(spec, std::move(weights), std::move(info), {}, std::move(read));
}

std::vector<std::vector<ScoreRequest>> three_batches() {
  const auto requests = test::tiny_requests(30);
  return {{requests.begin(), requests.begin() + 11},
          {requests.begin() + 11, requests.begin() + 12},
          {requests.begin() + 12, requests.end()}};
}

TEST_CASE("layers read anew for every pass give the same numbers, to the bit", "[layers]") {
  const DecoderSpec spec = spec_of_layers(5);
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kBFloat16);
  CAPTURE(static_cast<int>(spec.block), at::toString(dtype));
  const auto kept = test::tiny_model(spec, {.dtype = dtype});
  std::atomic<int> reads{0};
  const auto streamed = read_anew(spec, dtype, [&](std::size_t index) {
    ++reads;
    return test::tiny_weights(spec, dtype).layers[index];
  });
  CHECK(reads == 0);
  const ScoreOptions options{.rules = {{.temperature = 0.7, .top_k = 40}}, .top = 3};
  const auto batches = three_batches();
  const auto together = streamed->score_batches(batches, options, [](double) { return true; });
  CHECK(reads == 5);  // once for all batches
  REQUIRE(together.size() == batches.size());
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const auto expected = kept->score(batches[b], options);
    const auto alone = streamed->score(batches[b], options);
    REQUIRE(together[b].size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      for (const auto* found : {&together[b][i], &alone[i]}) {
        REQUIRE(found->observation);
        CHECK(found->observation->log_probs == expected[i].observation->log_probs);
        CHECK(found->observation->ranks == expected[i].observation->ranks);
        CHECK(found->observation->gaps == expected[i].observation->gaps);
        CHECK(found->observation->rule_log_probs == expected[i].observation->rule_log_probs);
        CHECK(found->observation->top_logits == expected[i].observation->top_logits);
      }
    }
  }
}

TEST_CASE("a pass over batches can be stopped between layers", "[layers]") {
  const DecoderSpec spec = test::tiny_spec();
  const auto model = read_anew(
      spec, at::kFloat, [&](std::size_t index) { return test::tiny_weights(spec).layers[index]; });
  std::vector<double> shares;
  const auto stop = [&](double share) {
    shares.push_back(share);
    return shares.size() < 5;
  };
  CHECK(model->score_batches(three_batches(), {}, stop).empty());
  CHECK(shares == std::vector<double>{0.0, 1.0 / 6, 2.0 / 6, 3.0 / 6, 4.0 / 6});
}

TEST_CASE("what reading a layer throws arrives where the score was asked for", "[layers]") {
  const DecoderSpec spec = test::tiny_spec();
  const auto model = read_anew(spec, at::kFloat, [&](std::size_t index) {
    if (index == 1) throw Error(ErrorKind::input, "the file changed");
    return test::tiny_weights(spec).layers[index];
  });
  CHECK_THROWS_WITH(model->score(test::tiny_requests(3), {}), "the file changed");
}

TEST_CASE("a model read layer by layer refuses to generate, and says what would help", "[layers]") {
  const DecoderSpec spec = test::tiny_spec();
  const auto model = read_anew(
      spec, at::kFloat, [&](std::size_t index) { return test::tiny_weights(spec).layers[index]; });
  const GenerateRequest request{.prefix_ids = {1, 2, 3}};
  CHECK_THROWS_WITH(model->generate({&request, 1}, {}),
                    Catch::Contains("--memory") && Catch::Contains("--dtype bfloat16"));
}

// ---- the decision ------------------------------------------------------------------------------

constexpr MemoryNeeds kNeeds{.outside = 100 * kMiB,
                             .layers = 1000 * kMiB,
                             .layer = 100 * kMiB,
                             .work = 52 * kMiB,
                             .per_token = 1024};

TEST_CASE("a model stays in memory if it fits, else as many tokens pass as there is room for",
          "[layers]") {
  // 200 held, 100 outside the layers, 52 for a batch, 48 to spare: 400 before any layer.
  CHECK(plan_memory(kNeeds, 1600 * kMiB, 200 * kMiB).pass_tokens == 0);
  const LayerReading reading = plan_memory(kNeeds, 710 * kMiB, 200 * kMiB);
  CHECK(reading.pass_tokens == 10 * 1024);  // three layers' worth, and 10 MiB
  CHECK(reading.memory_bytes == 710 * kMiB);
  CHECK(plan_memory(kNeeds, 1300 * kMiB, 200 * kMiB).pass_tokens == 131072);
}

TEST_CASE("what a large model writes needs room beside its layers", "[layers]") {
  CHECK(KeyValueCache::room_beside(0) == 256 * kMiB);
  CHECK(KeyValueCache::room_beside(8192 * kMiB) == 1024 * kMiB);
  MemoryNeeds large = kNeeds;
  large.layers = 8192 * kMiB - large.outside;
  // 400 as above, of which 100 are outside the layers and make 8,192 with them; the largest layer
  // again, 2 for a batch's tokens, and 768 more than the least.
  const std::int64_t all = (400 + 8192 - 100 + 100 + 2 + 768) * kMiB;
  CHECK(plan_memory(large, all, 200 * kMiB).pass_tokens == 0);
  CHECK(plan_memory(large, all - 1, 200 * kMiB).pass_tokens > 0);
}

TEST_CASE("memory that does not even hold two layers is refused with what would do", "[layers]") {
  CHECK_THROWS_WITH(
      plan_memory(kNeeds, 700 * kMiB, 200 * kMiB),
      Catch::Contains("expected at least 703 MiB") && Catch::Contains("found 700 MiB"));
}

TEST_CASE("what a model needs is counted from the shapes of its tensors", "[layers]") {
  DecoderSpec spec = test::tiny_spec();
  spec.layers.resize(3);
  std::vector<TensorPlan> plans = {{.name = "embedding", .slot = Slot::token_embedding},
                                   {.name = "norm", .slot = Slot::final_norm_weight}};
  for (std::int64_t layer = 0; layer < 3; ++layer)
    plans.push_back({.name = "down", .slot = Slot::down_weight, .layer = layer});
  plans.push_back({.name = "up", .slot = Slot::up_weight, .layer = 1});
  const MemoryNeeds needs = memory_needs(spec, plans, at::kBFloat16);
  CHECK(needs.layer == 2 * 36 * 50 * 2);
  CHECK(needs.layers == (3 + 1) * 36 * 50 * 2);
  CHECK(needs.outside == 9001 * 36 * (2 + 4) + 36 * 4);  // and the head's packed copy
}

TEST_CASE("free memory is what the kernel and the control groups leave", "[layers]") {
  const test::TemporaryFolder folder;
  const std::filesystem::path root = folder.path();
  const auto file = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name) << text;
  };
  file("proc/meminfo", "MemTotal: 4096 kB\nMemFree: 1 kB\nMemAvailable: 3072 kB\n");
  file("proc/self/status", "Name: x\nVmRSS:\t 512 kB\n");
  CHECK(read_memory(root).total == 4 * kMiB);
  CHECK(read_memory(root).free == 3 * kMiB);
  CHECK(read_memory(root).resident == kMiB / 2);
  SECTION("version 2: a parent's limit counts, and cached files do not") {
    file("proc/self/cgroup", "0::/a/b\n");
    file("sys/fs/cgroup/a/b/memory.max", "max\n");
    file("sys/fs/cgroup/a/b/memory.current", "2097152\n");
    CHECK(read_memory(root).free == 3 * kMiB);
    file("sys/fs/cgroup/a/memory.max", "3145728\n");
    file("sys/fs/cgroup/a/memory.current", "2097152\n");
    CHECK(read_memory(root).free == kMiB);
    file("sys/fs/cgroup/a/memory.stat", "anon 1\nfile 1048576\n");
    CHECK(read_memory(root).free == 2 * kMiB);
  }
  SECTION("version 1") {
    file("proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/job\n");
    file("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "2097152\n");
    file("sys/fs/cgroup/memory/x/memory.usage_in_bytes", "1048576\n");
    CHECK(read_memory(root).free == kMiB);
  }
}

}  // namespace
}  // namespace souvenir

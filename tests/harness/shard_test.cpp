#include "harness/shard.h"

#include <catch2/catch.hpp>
#include <map>
#include <numeric>

#include "harness/error.h"

using namespace souvenir;

namespace {

using Environment = std::map<std::string, std::string>;

std::optional<LaunchedShard> launched(const Environment& environment) {
  return launched_shard([&](const char* name) -> std::optional<std::string> {
    const auto at = environment.find(name);
    return at == environment.end() ? std::nullopt : std::optional(at->second);
  });
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return {};
}

Environment array(const std::string& id, const std::string& first, const std::string& count) {
  return {{"SLURM_ARRAY_TASK_ID", id},
          {"SLURM_ARRAY_TASK_MIN", first},
          {"SLURM_ARRAY_TASK_COUNT", count}};
}

}  // namespace

TEST_CASE("a shard is i/N with i from 0", "[shard]") {
  CHECK(parse_shard("0/1") == Shard{0, 1});
  CHECK(parse_shard("7/8") == Shard{7, 8});
  CHECK(shard_name({7, 8}) == "7/8");
  for (const char* text : {"", "1", "a/2", "1/", "/2", "1/2/3", "1 /2", "+1/2", "1.0/2"}) {
    CAPTURE(text);
    CHECK(refusal([&] { parse_shard(text); }).find("--shard: expected i/N") == 0);
  }
  CHECK(refusal([] { parse_shard("8/8"); }).find("expected i from 0 to 7, found 8") !=
        std::string::npos);
  CHECK(refusal([] { parse_shard("-1/8"); }).find("found -1") != std::string::npos);
  CHECK(refusal([] { parse_shard("0/0"); }).find("expected N from 1") != std::string::npos);
}

TEST_CASE("every launcher is found by what it sets", "[shard]") {
  const auto [environment, expected] = GENERATE(table<Environment, Shard>({
      {array("4", "4", "3"), {0, 3}},
      {array("6", "4", "3"), {2, 3}},
      {{{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "2"}}, {1, 2}},
      {{{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}}, {1, 2}},
      {{{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}}, {0, 2}},
      {{{"RANK", "3"}, {"WORLD_SIZE", "4"}}, {3, 4}},
      {{{"JOB_COMPLETION_INDEX", "9"}, {"JOB_COMPLETIONS", "10"}}, {9, 10}},
  }));
  const auto found = launched(environment);
  REQUIRE(found);
  CHECK(found->shard == expected);
  CHECK(found->by.find(environment.rbegin()->first.substr(0, 3)) != std::string::npos);
}

TEST_CASE("an array with a step counts its tasks", "[shard]") {
  Environment environment = array("10", "0", "3");
  environment["SLURM_ARRAY_TASK_STEP"] = "5";
  CHECK(launched(environment)->shard == Shard{2, 3});
  environment["SLURM_ARRAY_TASK_ID"] = "7";
  CHECK(refusal([&] { launched(environment); }).find("evenly spaced") != std::string::npos);
  // --array=1,3,7: which of three is 7, cannot be told.
  CHECK(refusal([] { launched(array("7", "1", "3")); }).find("evenly spaced") != std::string::npos);
}

TEST_CASE("one process of one is no shard, nor is a size without a rank", "[shard]") {
  CHECK_FALSE(launched({}));
  CHECK_FALSE(launched({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}));
  CHECK_FALSE(launched(array("3", "3", "1")));
  CHECK_FALSE(launched({{"SLURM_NTASKS", "4"}}));  // a shell of salloc
  CHECK_FALSE(launched({{"SLURM_PROCID", "0"}}));  // the script of a batch job
  CHECK_FALSE(launched({{"WORLD_SIZE", "4"}}));
}

TEST_CASE("launchers inside one another are told apart", "[shard]") {
  Environment mpirun = {{"SLURM_PROCID", "0"},
                        {"SLURM_NTASKS", "2"},
                        {"OMPI_COMM_WORLD_RANK", "3"},
                        {"OMPI_COMM_WORLD_SIZE", "4"}};
  CHECK(launched(mpirun)->shard == Shard{3, 4});
  Environment torchrun = {{"SLURM_PROCID", "1"},
                          {"SLURM_NTASKS", "2"},
                          {"RANK", "3"},
                          {"WORLD_SIZE", "4"},
                          {"TORCHELASTIC_RUN_ID", "x"}};
  CHECK(launched(torchrun)->shard == Shard{3, 4});
  Environment batch = array("1", "0", "3");
  batch.insert({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}});
  CHECK(launched(batch)->shard == Shard{1, 3});
  batch["SLURM_PROCID"] = "2";  // srun inside an array: two numbers for one process
  const std::string message = refusal([&] { launched(batch); });
  CHECK(message.find("SLURM_ARRAY_TASK_ID") != std::string::npos);
  CHECK(message.find("2/4 by SLURM_PROCID") != std::string::npos);
  CHECK(
      launched({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"PMI_RANK", "1"}, {"PMI_SIZE", "2"}})->shard ==
      Shard{1, 2});
}

TEST_CASE("variables that make no sense are refused by name", "[shard]") {
  const auto [environment, named] = GENERATE(table<Environment, std::string>({
      {{{"RANK", "1"}}, "WORLD_SIZE"},
      {{{"RANK", "one"}, {"WORLD_SIZE", "2"}}, "RANK: expected a whole number, found \"one\""},
      {{{"RANK", "2"}, {"WORLD_SIZE", "2"}}, "found 2 of 2"},
      {{{"PMI_RANK", "-1"}, {"PMI_SIZE", "2"}}, "found -1 of 2"},
      {{{"JOB_COMPLETION_INDEX", "1"}}, "manifest"},
      {{{"SLURM_ARRAY_TASK_ID", "1"}}, "SLURM_ARRAY_TASK_MIN is not"},
      {{{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}, "contradict"},
  }));
  CAPTURE(named);
  const Environment all = environment;
  const std::string message = refusal([&] { launched(all); });
  CHECK(message.find(named) != std::string::npos);
  CHECK(message.find("--shard") != std::string::npos);
}

TEST_CASE("work is handed out dearest first to whoever has least", "[shard]") {
  // By hand: 7 to 0, 6 to 1, 5 to 2, 4 to 2 (5 is least), 3 to 1 (6), 2 to 0 (7).
  WorkShares work(3);
  CHECK(work.hand_out({2, 3, 4, 5, 6, 7}) == std::vector<std::int64_t>{0, 1, 2, 2, 1, 0});
  // 9, 9, 9 so far: the next go round in order, the first of equals first.
  CHECK(work.hand_out({1, 1, 1}) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(WorkShares(2).hand_out({}).empty());
  CHECK(WorkShares(4).hand_out({5}) == std::vector<std::int64_t>{0});
}

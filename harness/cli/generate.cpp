// souvenir generate: continuations of a prefix, greedy or sampled.

#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>

#include "harness/backend/tokenizer/load.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/lazy_tokenizer.h"
#include "harness/cli/model_options.h"
#include "harness/cli/progress.h"
#include "harness/cli/rows.h"
#include "harness/cli/verb.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "harness/request.h"
#include "harness/written_text.h"

namespace souvenir::cli {

namespace {

struct GenerateArguments {
  ModelOptions model;
  SamplingOptions sampling;
  GenerateOptions generate;
  std::string bos = "auto";
  std::string input;
  std::string output;
};

// The random stream is named by the question, so that its place in the file changes nothing.
std::uint64_t stream_of(const std::vector<TokenId>& prefix_ids) {
  const std::string digest = sha256("souvenir/generate/1" + pack_ids(prefix_ids));
  std::uint64_t stream = 0;
  std::memcpy(&stream, digest.data(), sizeof stream);
  return stream;
}

GenerateRequest read_request(const InputRow& input, LazyTokenizer& tokenizer) {
  only_fields(input.json, {"id", "prefix_ids", "prefix"});
  const auto prefix = read_text(input.json, "prefix");
  if (prefix.has_value() == input.json.contains("prefix_ids")) {
    throw Error(ErrorKind::input, "expected either `prefix_ids` or `prefix`");
  }
  GenerateRequest request;
  if (prefix) {
    request.prefix_ids = tokenizer.bos().ids;
    const Encoding encoding = tokenizer.get().encode(*prefix, false);
    request.prefix_ids.insert(request.prefix_ids.end(), encoding.ids.begin(), encoding.ids.end());
    const TokenizerInfo& info = tokenizer.get().info();
    const auto context = info.bos_id ? info.bos_id : info.eos_id;
    if (request.prefix_ids.empty() && context) {
      request.prefix_ids.push_back(*context);
    }
  } else {
    request.prefix_ids = read_ids(input.json, "prefix_ids");
  }
  request.stream = stream_of(request.prefix_ids);
  return request;
}

void write_samples(const InputRow& row, const GenerateResult& result, LazyTokenizer& tokenizer,
                   bool has_text, AnswerWriter& writer) {
  for (std::size_t i = 0; i < result.samples.size(); ++i) {
    const Generation& sample = result.samples[i];
    Row out = row.name;
    out["sample"] = i;
    out["ids"] = sample.ids;
    if (has_text) {
      set_text(out, decode_written(tokenizer.get(), sample.ids));
    } else {
      out["text"] = nullptr;
    }
    out["stop"] = sample.stop == StopReason::eos ? "eos" : "length";
    writer.answer(out);
  }
}

void generate_chunk(const LanguageModel& model, LazyTokenizer& tokenizer, bool has_text,
                    const GenerateArguments& options, std::vector<InputRow>& rows,
                    AnswerWriter& writer) {
  std::vector<GenerateRequest> requests;
  for (InputRow& row : rows) {
    if (!row.error.empty()) {
      continue;
    }
    try {
      requests.push_back(read_request(row, tokenizer));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) {
        throw;
      }
      row.error = error.what();
    }
  }
  const std::vector<GenerateResult> results = model.generate(requests, options.generate);
  std::size_t next = 0;
  for (const InputRow& row : rows) {
    if (!row.error.empty()) {
      writer.error(row, row.error);
    } else if (!results[next].refusal.empty()) {
      writer.error(row, results[next++].refusal);
    } else {
      write_samples(row, results[next++], tokenizer, has_text, writer);
    }
  }
}

// Says whether what is written can be said as text, too: ids need no tokenizer, and are not lost
// for one that cannot be read.
bool can_decode(const std::string& model, LazyTokenizer& tokenizer) {
  if (!has_tokenizer(model)) return false;
  try {
    tokenizer.get();
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) throw;
    std::cerr << "souvenir: ids are written without text: " << error.what() << "\n";
    return false;
  }
}

int run_generate(const GenerateArguments& options) {
  const auto model = load_model(options.model.model, options.model.load);
  LazyTokenizer tokenizer(options.model.model, parse_bos_rule(options.bos));
  const bool has_text = can_decode(options.model.model, tokenizer);
  AnswerWriter writer(options.output);
  Progress progress(parse_progress(options.model.progress), "generating", "rows");
  // Rows in one batch share the memory of their caches: fewer of them when each has many samples.
  const std::int64_t rows_per_chunk = std::max<std::int64_t>(1, 64 / options.generate.samples);
  std::int64_t done = 0;
  read_rows(options.input, static_cast<std::size_t>(rows_per_chunk),
            [&](std::vector<InputRow>& rows) {
              if (interrupted() == 0) {
                generate_chunk(*model, tokenizer, has_text, options, rows, writer);
                done += static_cast<std::int64_t>(rows.size());
                progress.update(done, 0, done);
              }
            });
  const int code = writer.finish();
  return interrupted() != 0 ? interrupted() : code;
}

}  // namespace

void add_generate(CLI::App& program, Action& action) {
  auto options = std::make_shared<GenerateArguments>();
  CLI::App* verb = program.add_subcommand("generate", "Write continuations of a prefix");
  verb->footer(
      "Rows in:  {\"id\", \"prefix_ids\"} or {\"id\", \"prefix\"}\n"
      "Rows out: {\"id\", \"sample\", \"ids\", \"text\", \"stop\": \"length\" | \"eos\"}, one per\n"
      "          sample. Greedy without a sampler's flags. The same seed and prefix give the same\n"
      "          samples whatever else is in the file. Treat the output like the training data.");
  add_model_options(*verb, options->model);
  add_sampling_options(*verb, options->sampling);
  verb->add_option("--max-new-tokens", options->generate.max_new_tokens, "length of a continuation")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24))
      ->capture_default_str();
  verb->add_option("--samples", options->generate.samples, "continuations per row")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20))
      ->capture_default_str();
  verb->add_option("--seed", options->generate.seed, "names the random streams")
      ->capture_default_str();
  verb->add_option("--bos", options->bos, "auto, always or never: what stands in front of a text")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  verb->add_option("-i,--input", options->input, "JSON Lines; - or nothing: standard input");
  verb->add_option("-o,--output", options->output, "JSON Lines; - or nothing: standard output");
  verb->callback([options, &action] {
    if (options->sampling.given) {
      options->generate.rule = options->sampling.rule;
    }
    action = [options] { return run_generate(*options); };
  });
}

}  // namespace souvenir::cli

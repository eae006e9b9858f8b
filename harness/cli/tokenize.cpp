// souvenir tokenize: text to token ids with byte offsets, and back.

#include <memory>

#include "harness/backend/tokenizer/load.h"
#include "harness/cli/rows.h"
#include "harness/cli/verb.h"
#include "harness/error.h"

namespace souvenir::cli {

namespace {

constexpr std::size_t kTextsAtOnce = 1024;

struct TokenizeArguments {
  std::string model;
  std::string input;
  std::string output;
  bool add_special_tokens = false;
};

Row answer(const Tokenizer& tokenizer, const InputRow& input, bool add_special_tokens) {
  const nlohmann::json& row = input.json;
  only_fields(row, {"id", "text", "ids"});
  Row out = input.name;
  const auto text = read_text(row, "text");
  if (text.has_value() == row.contains("ids")) {
    throw Error(ErrorKind::input, "expected either `text` or `ids`");
  }
  if (!text) {
    set_text(out, tokenizer.decode(read_ids(row, "ids")));
    return out;
  }
  const Encoding encoding = tokenizer.encode(*text, add_special_tokens);
  out["ids"] = encoding.ids;
  Row offsets = Row::array();
  for (const ByteSpan& span : encoding.offsets) {
    offsets.push_back({span.begin, span.end});
  }
  out["offsets"] = std::move(offsets);
  return out;
}

int run_tokenize(const TokenizeArguments& options) {
  const std::unique_ptr<Tokenizer> tokenizer = load_tokenizer(options.model);
  AnswerWriter writer(options.output);
  read_rows(options.input, kTextsAtOnce, [&](std::vector<InputRow>& rows) {
    for (const InputRow& row : rows) {
      try {
        if (!row.error.empty()) {
          throw Error(ErrorKind::input, row.error);
        }
        writer.answer(answer(*tokenizer, row, options.add_special_tokens));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::input) {
          throw;
        }
        writer.error(row, error.what());
      }
    }
  });
  return writer.finish();
}

}  // namespace

void add_tokenize(CLI::App& program, Action& action) {
  auto options = std::make_shared<TokenizeArguments>();
  CLI::App* verb = program.add_subcommand("tokenize", "Turn text into token ids and back");
  verb->footer(
      "Rows in:  {\"id\", \"text\"} or {\"id\", \"ids\": [...]}\n"
      "Rows out: {\"id\", \"ids\", \"offsets\": [[begin, end], ...]} with byte offsets, or\n"
      "          {\"id\", \"text\"} (\"bytes_base64\" where the bytes are not valid UTF-8).\n"
      "Writes out the text it is given: treat its output like its input.");
  verb->add_option("MODEL", options->model,
                   "directory with tokenizer.json or tokenizer.model, or GGUF file")
      ->required();
  verb->add_option("-i,--input", options->input, "JSON Lines; - or nothing: standard input");
  verb->add_option("-o,--output", options->output, "JSON Lines; - or nothing: standard output");
  verb->add_flag("--add-special-tokens", options->add_special_tokens,
                 "add what the tokenizer's own post-processor adds");
  verb->callback([options, &action] { action = [options] { return run_tokenize(*options); }; });
}

}  // namespace souvenir::cli

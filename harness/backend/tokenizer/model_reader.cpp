#include "harness/backend/tokenizer/model_reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "harness/backend/tokenizer/bpe.h"
#include "harness/backend/tokenizer/unigram.h"
#include "harness/backend/tokenizer/word_level.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

// The type of a model; the oldest files do not name it, but only some fields go with each.
std::string type_of(const Fields& fields, const ModelTables& tables) {
  if (fields.has("type")) {
    return fields.string("type");
  }
  if (tables.has_vocabulary && tables.has_merges) {
    return "BPE";
  }
  if (fields.has("max_input_chars_per_word")) {
    return "WordPiece";
  }
  return tables.has_vocabulary ? "WordLevel" : "Unigram";
}

Vocabulary read_vocabulary(const Fields& fields, const ModelTables& tables) {
  if (!tables.has_vocabulary) {
    fields.fail("vocab", "expected an object of tokens and ids");
  }
  Vocabulary vocabulary;
  for (const ModelTables::Entry& entry : tables.vocabulary) {
    vocabulary.add(entry.token.in(tables.arena), entry.id);
  }
  return vocabulary;
}

void refuse_dropout(const Fields& fields) {
  const auto dropout = fields.json().find("dropout");
  if (dropout != fields.json().end() && !dropout->is_null() &&
      !(dropout->is_number() && dropout->get<double>() == 0.0)) {
    fields.fail("dropout", "not supported: the same text would not always give the same tokens");
  }
}

std::unique_ptr<Model> read_bpe(const Fields& fields, const ModelTables& tables) {
  refuse_dropout(fields);
  if (!tables.has_merges) {
    fields.fail("merges", "missing");
  }
  std::vector<MergePair> merges;
  merges.reserve(tables.merges.size());
  for (const ModelTables::Merge& merge : tables.merges) {
    merges.push_back({merge.left.in(tables.arena), merge.right.in(tables.arena)});
  }
  return std::make_unique<Bpe>(
      read_vocabulary(fields, tables), merges,
      BpeOptions{
          .unk_token = fields.maybe_string("unk_token"),
          .continuing_subword_prefix =
              fields.maybe_string("continuing_subword_prefix").value_or(""),
          .end_of_word_suffix = fields.maybe_string("end_of_word_suffix").value_or(""),
          .fuse_unk = fields.boolean_or("fuse_unk", false),
          .byte_fallback = fields.boolean_or("byte_fallback", false),
          .ignore_merges = fields.boolean_or("ignore_merges", false),
      });
}

std::unique_ptr<Model> read_unigram(const Fields& fields, const ModelTables& tables) {
  if (!tables.has_scores) {
    fields.fail("vocab", "expected an array of tokens and scores");
  }
  Vocabulary vocabulary;
  std::vector<double> scores;
  for (const ModelTables::Scored& entry : tables.scores) {
    vocabulary.add(entry.token.in(tables.arena), static_cast<std::int64_t>(scores.size()));
    scores.push_back(entry.score);
  }
  UnigramOptions options{.unk_id = std::nullopt,
                         .byte_fallback = fields.boolean_or("byte_fallback", false)};
  if (fields.has("unk_id")) {
    const std::int64_t id = fields.integer("unk_id");
    if (id < 0 || id >= kMostIds) {
      fields.fail("unk_id", "expected a token id");
    }
    options.unk_id = static_cast<TokenId>(id);
  }
  return std::make_unique<Unigram>(std::move(vocabulary), std::move(scores), options);
}

}  // namespace

NamedModel read_model(const Fields& fields, const ModelTables& tables) {
  const std::string type = type_of(fields, tables);
  try {
    if (type == "BPE") {
      return {read_bpe(fields, tables), "BPE"};
    }
    if (type == "WordLevel") {
      return {
          std::make_unique<WordLevel>(read_vocabulary(fields, tables), fields.string("unk_token")),
          "WordLevel"};
    }
    if (type == "Unigram") {
      return {read_unigram(fields, tables), "Unigram"};
    }
  } catch (const Error& error) {
    const std::string message = error.what();
    throw Error(error.kind(),
                message.starts_with("tokenizer.json") ? message : "tokenizer.json: " + message);
  }
  throw Error(ErrorKind::input, "tokenizer.json: model type \"" + type +
                                    "\": not supported; supported: BPE, Unigram, WordLevel");
}

}  // namespace souvenir::tokenizing

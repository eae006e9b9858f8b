#include "harness/backend/tokenizer/train_sentencepiece.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <unordered_map>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <sentencepiece_trainer.h>
#pragma GCC diagnostic pop

#include "harness/error.h"

namespace souvenir {

namespace {

// Hands texts to the library one by one.
class Texts final : public sentencepiece::SentenceIterator {
 public:
  explicit Texts(std::span<const std::string> texts) : texts_(texts) {}
  bool done() const override { return next_ >= texts_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return texts_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::span<const std::string> texts_;
  std::size_t next_ = 0;
};

std::string config_json() {
  const nlohmann::ordered_json config = {{"tokenizer_class", "LlamaTokenizer"},
                                         {"add_bos_token", true},
                                         {"add_eos_token", false},
                                         {"bos_token", "<s>"},
                                         {"eos_token", "</s>"},
                                         {"unk_token", "<unk>"},
                                         {"legacy", false},
                                         {"clean_up_tokenization_spaces", false}};
  return config.dump(2) + "\n";
}

}  // namespace

TrainedSentencePiece train_sentencepiece(std::span<const std::string> texts,
                                         std::int64_t vocabulary) {
  // Text goes in as it is: what transformers makes of tokenizer.model does not normalise either.
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(vocabulary)},
      {"byte_fallback", "true"},
      {"split_digits", "true"},
      {"normalization_rule_name", "identity"},
      {"remove_extra_whitespaces", "false"},
      {"character_coverage", "1.0"},
      {"num_threads", "1"},
      {"minloglevel", "3"}};
  Texts iterator(texts);
  TrainedSentencePiece trained;
  const auto status =
      sentencepiece::SentencePieceTrainer::Train(options, &iterator, &trained.model);
  if (!status.ok()) {
    throw Error(ErrorKind::usage, "training a vocabulary of " + std::to_string(vocabulary) +
                                      " pieces: SentencePiece refuses, the texts may be too few");
  }
  trained.config_json = config_json();
  return trained;
}

}  // namespace souvenir

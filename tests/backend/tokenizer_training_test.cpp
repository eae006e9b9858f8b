#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/backend/tokenizer/load.h"
#include "harness/backend/tokenizer/train_sentencepiece.h"
#include "tests/support/tiny_checkpoint.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

std::vector<std::string> texts() {
  std::vector<std::string> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back("Letter " + std::to_string(i * 37) + " was answered by the harbour office.");
    all.push_back("The harbour office of Orvanville pays " + std::to_string(i) + " euros.");
  }
  return all;
}

}  // namespace

TEST_CASE("a trained vocabulary is loaded and gives texts back", "[tokenizer][training]") {
  const TrainedSentencePiece trained = train_sentencepiece(texts(), 360);
  ScratchDirectory folder;
  write_bytes(folder / "tokenizer.model", trained.model);
  write_bytes(folder / "tokenizer_config.json", trained.config_json);
  const auto tokenizer = load_tokenizer(folder.path());
  CHECK(tokenizer->info().vocabulary == 360);
  CHECK(tokenizer->info().bos_id == trained.bos_id);
  CHECK(tokenizer->info().eos_id == trained.eos_id);
  CHECK(tokenizer->info().prepended_ids == std::vector<TokenId>{trained.bos_id});
  const std::string text = "The  office, Zoë: 20 €";  // two spaces, and bytes it has not seen
  const Encoding encoding = tokenizer->encode(text, false);
  CHECK(tokenizer->decode(encoding.ids) == text);
  const Encoding word = tokenizer->encode("harbour 12", false);
  CHECK(word.ids.size() <= 4);  // one piece for the word, one per digit: it learned something
}

TEST_CASE("the same texts give the same vocabulary, to the byte", "[tokenizer][training]") {
  CHECK(train_sentencepiece(texts(), 340).model == train_sentencepiece(texts(), 340).model);
}

TEST_CASE("too few texts for a vocabulary are refused", "[tokenizer][training]") {
  const std::vector<std::string> few = {"a"};
  const Failure failure = failure_of([&] { train_sentencepiece(few, 1000); });
  CHECK(failure.kind == ErrorKind::usage);
}

#include "harness/backend/tokenizer/bpe.h"

#include <algorithm>
#include <utility>

#include "harness/backend/tokenizer/byte_level.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581
constexpr std::size_t kFewSymbols = 40;                  // measured: above, the heap is faster

// Merges a long piece: the pairs are in a heap, the symbols in a linked list.
class Merging {
 public:
  Merging(std::vector<ModelToken>& symbols, const MergeTable& merges)
      : symbols_(symbols),
        merges_(merges),
        end_(static_cast<std::uint32_t>(symbols.size())),
        next_(end_),
        previous_(end_) {
    heap_.reserve(end_);
    for (std::uint32_t i = 0; i < end_; ++i) {
      next_[i] = i + 1;
      previous_[i] = i == 0 ? end_ : i - 1;
      consider(i);
    }
    std::make_heap(heap_.begin(), heap_.end(), later);
  }

  void run() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      const Candidate top = heap_.back();
      heap_.pop_back();
      if (is_current(top)) {
        apply(top);
      }
    }
    std::erase_if(symbols_, [](const ModelToken& symbol) { return symbol.size == 0; });
  }

 private:
  struct Candidate {
    std::uint32_t rank;
    std::uint32_t at;
    TokenId product;
  };

  static bool later(const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.at > b.at;
  }

  const MergeRule* rule_at(std::uint32_t at) const {
    const std::uint32_t right = next_[at];
    return right == end_ ? nullptr : merges_.find(symbols_[at].id, symbols_[right].id);
  }

  // Appends the pair that begins there, if there is a rule for it.
  bool consider(std::uint32_t at) {
    const MergeRule* rule = rule_at(at);
    if (rule != nullptr) {
      heap_.push_back({rule->rank, at, rule->product});
    }
    return rule != nullptr;
  }

  void push(std::uint32_t at) {
    if (consider(at)) {
      std::push_heap(heap_.begin(), heap_.end(), later);
    }
  }

  // A pair is out of date only if what is there now would become something else.
  bool is_current(const Candidate& candidate) const {
    if (symbols_[candidate.at].size == 0) {
      return false;
    }
    const MergeRule* rule = rule_at(candidate.at);
    return rule != nullptr && rule->product == candidate.product;
  }

  void apply(const Candidate& candidate) {
    const std::uint32_t at = candidate.at;
    const std::uint32_t right = next_[at];
    symbols_[at] = {candidate.product, symbols_[at].size + symbols_[right].size};
    symbols_[right].size = 0;
    next_[at] = next_[right];
    if (next_[at] != end_) {
      previous_[next_[at]] = at;
    }
    if (previous_[at] != end_) {
      push(previous_[at]);
    }
    push(at);
  }

  std::vector<ModelToken>& symbols_;
  const MergeTable& merges_;
  std::uint32_t end_;
  std::vector<std::uint32_t> next_;      // end_: none
  std::vector<std::uint32_t> previous_;  // end_: none
  std::vector<Candidate> heap_;
};

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, std::span<const MergePair> merges, BpeOptions options)
    : vocabulary_(std::move(vocabulary)),
      options_(std::move(options)),
      merges_(merges.size()),
      plain_(options_.continuing_subword_prefix.empty() && options_.end_of_word_suffix.empty()) {
  add_merges(merges);
  index_characters();
}

void Bpe::add_merges(std::span<const MergePair> merges) {
  const std::size_t prefix = options_.continuing_subword_prefix.size();
  cut_at_space_ = plain_ && vocabulary_.find(kSpaceMark).has_value();
  std::string product;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right, own_rank] = merges[rank];
    const auto left_id = vocabulary_.find(left);
    const auto right_id = vocabulary_.find(right);
    product.assign(left);
    product += right.size() < prefix ? std::string_view() : right.substr(prefix);
    const auto product_id = vocabulary_.find(product);
    if (!left_id || !right_id || right.size() < prefix || !product_id) {
      throw Error(ErrorKind::input, "merges: rule " + std::to_string(rank) + ": its " +
                                        (!left_id || !right_id ? "parts are" : "product is") +
                                        " not in the vocabulary");
    }
    merges_.set(*left_id, *right_id,
                {own_rank.value_or(static_cast<std::uint32_t>(rank)), *product_id});
    cut_at_space_ = cut_at_space_ && (left.ends_with(kSpaceMark) || !right.starts_with(kSpaceMark));
  }
}

void Bpe::index_characters() {
  characters_.assign(0x10000, -1);
  takes_bytes_ = plain_;
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string character;
    append_utf8(character, byte_character(static_cast<unsigned char>(byte)));
    byte_characters_[byte] = vocabulary_.find(character).value_or(-1);
    byte_tokens_[byte] = vocabulary_.find(byte_token(byte)).value_or(-1);
    takes_bytes_ = takes_bytes_ && byte_characters_[byte] >= 0;
  }
  for (std::size_t id = 0; id < vocabulary_.id_limit(); ++id) {
    const auto token_id = static_cast<TokenId>(id);
    if (vocabulary_.has(token_id) && vocabulary_.token(token_id).size() <= 3) {
      const auto c = only_code_point(vocabulary_.token(token_id));
      if (c && *c < 0x10000) {
        characters_[*c] = token_id;
      }
    }
  }
}

void Bpe::tokenize(std::string_view piece, std::vector<ModelToken>& out) const {
  if (options_.ignore_merges) {
    if (const auto id = vocabulary_.find(piece)) {
      out.push_back({*id, static_cast<std::uint32_t>(piece.size())});
      return;
    }
  }
  if (!cut_at_space_) {
    tokenize_part(piece, out);
    return;
  }
  // No merge reaches over such a place, so the parts may be tokenised, and remembered, on their
  // own.
  std::size_t begin = 0;
  for (std::size_t mark = piece.find(kSpaceMark, 1); mark != std::string_view::npos;
       mark = piece.find(kSpaceMark, mark + kSpaceMark.size())) {
    if (!piece.substr(0, mark).ends_with(kSpaceMark)) {
      tokenize_part(piece.substr(begin, mark - begin), out);
      begin = mark;
    }
  }
  tokenize_part(piece.substr(begin), out);
}

void Bpe::tokenize_part(std::string_view part, std::vector<ModelToken>& out) const {
  if (cache_.find(part, out)) {
    return;
  }
  std::vector<ModelToken> symbols;
  add_symbols(part, symbols);
  merge(symbols);
  cache_.add(part, symbols);
  out.insert(out.end(), symbols.begin(), symbols.end());
}

void Bpe::tokenize_bytes(std::string_view piece, std::vector<ModelToken>& out) const {
  if (cache_.find(piece, out)) {
    return;
  }
  std::vector<ModelToken> symbols;
  const auto whole =
      options_.ignore_merges ? vocabulary_.find(spell_bytes(piece)) : std::optional<TokenId>();
  if (whole) {
    symbols.push_back({*whole, static_cast<std::uint32_t>(piece.size())});
  } else {
    symbols.reserve(piece.size());
    for (const char byte : piece) {
      symbols.push_back({byte_characters_[static_cast<unsigned char>(byte)], 1});
    }
    merge(symbols);
  }
  cache_.add(piece, symbols);
  out.insert(out.end(), symbols.begin(), symbols.end());
}

TokenId Bpe::character_id(char32_t c) const {
  if (c < characters_.size()) {
    return characters_[c];
  }
  std::string character;
  append_utf8(character, c);
  return vocabulary_.find(character).value_or(-1);
}

// The token of a character that carries the model's prefix or suffix, which end up in `spelling`.
TokenId Bpe::decorated_id(std::string_view character, bool first, bool last,
                          std::string& spelling) const {
  spelling.clear();
  if (!first) {
    spelling += options_.continuing_subword_prefix;
  }
  spelling += character;
  if (last) {
    spelling += options_.end_of_word_suffix;
  }
  return vocabulary_.find(spelling).value_or(-1);
}

bool Bpe::add_byte_tokens(std::string_view spelling, std::vector<ModelToken>& symbols) const {
  const auto id_of = [&](char byte) { return byte_tokens_[static_cast<unsigned char>(byte)]; };
  if (!std::all_of(spelling.begin(), spelling.end(), [&](char byte) { return id_of(byte) >= 0; })) {
    return false;
  }
  for (const char byte : spelling) {
    symbols.push_back({id_of(byte), 1});
  }
  return true;
}

TokenId Bpe::unknown_id() const {
  const auto id = vocabulary_.find(*options_.unk_token);
  if (!id) {
    throw Error(ErrorKind::input,
                "tokenizer.json: unk_token is not in the vocabulary, and this text needs it");
  }
  return *id;
}

void Bpe::add_symbols(std::string_view part, std::vector<ModelToken>& symbols) const {
  symbols.reserve(part.size());
  std::optional<ModelToken> unknown;  // waits for more to fuse with
  const auto flush = [&] {
    if (unknown) {
      symbols.push_back(*unknown);
      unknown.reset();
    }
  };
  std::string spelling;
  for (std::size_t position = 0; position < part.size();) {
    const std::size_t begin = position;
    const char32_t c = next_code_point(part, position);
    const std::string_view character = part.substr(begin, position - begin);
    const auto size = static_cast<std::uint32_t>(character.size());
    const TokenId id = plain_
                           ? character_id(c)
                           : decorated_id(character, begin == 0, position == part.size(), spelling);
    if (id >= 0) {
      flush();
      symbols.push_back({id, size});
    } else if (options_.byte_fallback && add_byte_tokens(plain_ ? character : spelling, symbols)) {
      // Byte tokens overtake an unknown token that still waits: so does the reference library.
    } else if (unknown && options_.fuse_unk) {
      unknown->size += size;
    } else if (options_.unk_token) {  // without one the character is lost, as it is there
      flush();
      unknown = {unknown_id(), size};
    }
  }
  flush();
}

void Bpe::merge(std::vector<ModelToken>& symbols) const {
  if (symbols.size() <= kFewSymbols) {
    merge_few(symbols);
  } else {
    merge_many(symbols);
  }
}

// Looks for the best pair again after each merge.
void Bpe::merge_few(std::vector<ModelToken>& symbols) const {
  std::array<MergeRule, kFewSymbols> rules;  // of each symbol and the next
  const auto rule_at = [&](std::size_t i) {
    const MergeRule* rule = merges_.find(symbols[i].id, symbols[i + 1].id);
    return rule == nullptr ? MergeRule{} : *rule;
  };
  std::size_t size = symbols.size();
  for (std::size_t i = 0; i + 1 < size; ++i) {
    rules[i] = rule_at(i);
  }
  while (size > 1) {
    std::size_t best = size;
    for (std::size_t i = 0; i + 1 < size; ++i) {
      if (rules[i].product >= 0 && (best == size || rules[i].rank < rules[best].rank)) {
        best = i;
      }
    }
    if (best == size) {
      break;
    }
    symbols[best] = {rules[best].product, symbols[best].size + symbols[best + 1].size};
    std::copy(symbols.begin() + static_cast<std::ptrdiff_t>(best + 2),
              symbols.begin() + static_cast<std::ptrdiff_t>(size),
              symbols.begin() + static_cast<std::ptrdiff_t>(best + 1));
    std::copy(rules.begin() + static_cast<std::ptrdiff_t>(best + 2),
              rules.begin() + static_cast<std::ptrdiff_t>(size),
              rules.begin() + static_cast<std::ptrdiff_t>(best + 1));
    --size;
    if (best + 1 < size) {
      rules[best] = rule_at(best);
    }
    if (best > 0) {
      rules[best - 1] = rule_at(best - 1);
    }
  }
  symbols.resize(size);
}

void Bpe::merge_many(std::vector<ModelToken>& symbols) const { Merging(symbols, merges_).run(); }

}  // namespace souvenir::tokenizing

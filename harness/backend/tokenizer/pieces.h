#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/tokenizer/added_tokens.h"
#include "harness/backend/tokenizer/aligned_text.h"

namespace souvenir::tokenizing {

// What becomes of the matches of a pattern that cuts a text.
//   removed               they go
//   isolated              each is a piece
//   merged_with_previous  each joins the piece before it, unless that is a match
//   merged_with_next      each joins the piece behind it, unless that is a match
//   contiguous            neighbouring matches are one piece
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

// Cuts a subject into matches and gaps, as Pattern::find does.
using Finder = std::function<void(std::string_view subject, std::vector<Match>& out)>;

// A text on its way to the model: cut into pieces, some of which are added tokens already.
class Pieces {
 public:
  // A piece is a range of the text; an added token is left alone by everything below.
  struct Piece {
    std::size_t begin = 0;
    std::size_t end = 0;
    const AddedToken* token = nullptr;
  };

  // Borrows the text.
  explicit Pieces(AlignedText& text) : text_(text) {}

  void add(const Stretch& stretch);

  // Cuts each piece. The finder sees the text with stand-ins for its newest code points, for the
  // sake of patterns, or as it is.
  enum class Subject { as_is, stand_ins };
  void split(const Finder& finder, SplitBehavior behavior, Subject subject);

  // Cuts each piece around the single characters that satisfy a predicate.
  void split_at(const std::function<bool(char32_t)>& predicate, SplitBehavior behavior);

  // Puts `prefix` in front of the pieces that `wanted` picks, and replaces each `from` by `to` in
  // all of them if `from` is not empty.
  void rewrite(const std::function<bool(const Piece&)>& wanted, std::string_view prefix,
               std::string_view from, std::string_view to);

  // Spells every byte in the byte-level alphabet: noted at first, and done if need be.
  void spell_bytes();
  bool bytes_unspelled() const { return bytes_unspelled_; }
  void apply_spelling();

  const std::vector<Piece>& pieces() const { return pieces_; }
  const AlignedText& text() const { return text_; }
  std::string_view view(const Piece& piece) const {
    return text_.text().substr(piece.begin, piece.end - piece.begin);
  }

 private:
  void add_split(std::size_t offset, const std::vector<Match>& matches, SplitBehavior behavior);
  void add_merged_with_next(std::size_t offset, const std::vector<Match>& matches);

  AlignedText& text_;
  std::vector<Piece> pieces_;
  std::vector<Piece> next_;     // scratch
  std::vector<Match> matches_;  // scratch
  bool bytes_unspelled_ = false;
  bool stand_ins_known_ = false;
  std::optional<std::string> stand_ins_;
};

}  // namespace souvenir::tokenizing

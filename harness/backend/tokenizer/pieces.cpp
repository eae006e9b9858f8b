#include "harness/backend/tokenizer/pieces.h"

#include <algorithm>
#include <utility>

#include "harness/backend/tokenizer/byte_level.h"
#include "harness/backend/tokenizer/unicode.h"

namespace souvenir::tokenizing {

void Pieces::add(const Stretch& stretch) {
  if (stretch.begin < stretch.end) {
    pieces_.push_back({stretch.begin, stretch.end, stretch.token});
  }
}

void Pieces::split(const Finder& finder, SplitBehavior behavior, Subject subject) {
  apply_spelling();
  if (subject == Subject::stand_ins && !stand_ins_known_) {
    stand_ins_ = with_stand_ins(text_.text());
    stand_ins_known_ = true;
  }
  const std::string_view all =
      subject == Subject::stand_ins && stand_ins_ ? std::string_view(*stand_ins_) : text_.text();
  next_.clear();
  for (const Piece& piece : pieces_) {
    if (piece.token != nullptr) {
      next_.push_back(piece);
      continue;
    }
    finder(all.substr(piece.begin, piece.end - piece.begin), matches_);
    add_split(piece.begin, matches_, behavior);
  }
  pieces_.swap(next_);
}

// Adds the pieces that a piece at `offset` is cut into. Empty ones are dropped.
void Pieces::add_split(std::size_t offset, const std::vector<Match>& matches,
                       SplitBehavior behavior) {
  if (behavior == SplitBehavior::merged_with_next) {
    add_merged_with_next(offset, matches);
    return;
  }
  const auto add_piece = [&](std::size_t begin, std::size_t end) {
    if (begin < end) {
      next_.push_back({offset + begin, offset + end, nullptr});
    }
  };
  std::optional<Match> open;  // the last piece, which may still grow
  bool previous = false;      // whether the last one was a match
  for (const Match& match : matches) {
    if (behavior == SplitBehavior::removed || behavior == SplitBehavior::isolated) {
      if (behavior == SplitBehavior::isolated || !match.matched) {
        add_piece(match.begin, match.end);
      }
      continue;
    }
    const bool joins = behavior == SplitBehavior::contiguous ? match.matched == previous
                                                             : match.matched && !previous;
    previous = match.matched;
    if (joins && open) {
      open->end = match.end;
      continue;
    }
    if (open) {
      add_piece(open->begin, open->end);
    }
    open = match;
  }
  if (open) {
    add_piece(open->begin, open->end);
  }
}

void Pieces::add_merged_with_next(std::size_t offset, const std::vector<Match>& matches) {
  const std::size_t first = next_.size();
  std::optional<Match> open;
  bool previous = false;
  const auto close = [&] {
    if (open && open->begin < open->end) {
      next_.push_back({offset + open->begin, offset + open->end, nullptr});
    }
  };
  for (auto match = matches.rbegin(); match != matches.rend(); ++match) {
    const bool joins = match->matched && !previous;
    previous = match->matched;
    if (joins && open) {
      open->begin = match->begin;
      continue;
    }
    close();
    open = *match;
  }
  close();
  std::reverse(next_.begin() + static_cast<std::ptrdiff_t>(first), next_.end());
}

void Pieces::split_at(const std::function<bool(char32_t)>& predicate, SplitBehavior behavior) {
  const auto find = [&](std::string_view subject, std::vector<Match>& out) {
    out.clear();
    std::size_t done = 0;
    for (std::size_t position = 0; position < subject.size();) {
      const std::size_t begin = position;
      if (!predicate(next_code_point(subject, position))) {
        continue;
      }
      if (done < begin) {
        out.push_back({done, begin, false});
      }
      out.push_back({begin, position, true});
      done = position;
    }
    if (done < subject.size()) {
      out.push_back({done, subject.size(), false});
    }
  };
  split(find, behavior, Subject::as_is);
}

void Pieces::rewrite(const std::function<bool(const Piece&)>& wanted, std::string_view prefix,
                     std::string_view from, std::string_view to) {
  apply_spelling();
  Rewriter rewriter(text_);
  next_.clear();
  for (const Piece& piece : pieces_) {
    const std::size_t begin = rewriter.written();
    if (piece.token != nullptr) {
      rewriter.copy(piece.begin, piece.end);
    } else {
      const std::string_view subject = view(piece);
      if (wanted(piece)) {
        rewriter.write(prefix, text_.extent(piece.begin));
      }
      std::size_t done = 0;
      for (std::size_t at = from.empty() ? std::string_view::npos : subject.find(from);
           at != std::string_view::npos; at = subject.find(from, done)) {
        rewriter.copy(piece.begin + done, piece.begin + at);
        done = at + from.size();
        rewriter.write(to, text_.extent(piece.begin + done - 1));
      }
      rewriter.copy(piece.begin + done, piece.end);
    }
    next_.push_back({begin, rewriter.written(), piece.token});
  }
  rewriter.finish();
  pieces_.swap(next_);
  stand_ins_known_ = false;
}

void Pieces::spell_bytes() {
  apply_spelling();
  bytes_unspelled_ = true;
}

void Pieces::apply_spelling() {
  if (!bytes_unspelled_) {
    return;
  }
  bytes_unspelled_ = false;
  Rewriter rewriter(text_);
  next_.clear();
  for (const Piece& piece : pieces_) {
    const std::size_t begin = rewriter.written();
    if (piece.token != nullptr) {
      rewriter.copy(piece.begin, piece.end);
    } else {
      for (std::size_t at = piece.begin; at < piece.end; ++at) {
        std::string character;
        append_utf8(character, byte_character(static_cast<unsigned char>(text_.text()[at])));
        rewriter.write(character, text_.extent(at));
      }
    }
    next_.push_back({begin, rewriter.written(), piece.token});
  }
  rewriter.finish();
  pieces_.swap(next_);
  stand_ins_known_ = false;
}

}  // namespace souvenir::tokenizing

#include "harness/backend/tokenizer/aligned_text.h"

#include <utility>

namespace souvenir::tokenizing {

AlignedText::AlignedText(std::string_view original, std::size_t begin, std::size_t end)
    : unchanged_(original.substr(begin, end - begin)), origin_(static_cast<std::uint32_t>(begin)) {}

Extent AlignedText::extent(std::size_t position) const {
  if (changed_) {
    return extents_[position];
  }
  return {origin_ + static_cast<std::uint32_t>(character_begin(unchanged_, position)),
          origin_ + static_cast<std::uint32_t>(character_end(unchanged_, position + 1))};
}

Extent AlignedText::extent(std::size_t begin, std::size_t end) const {
  if (changed_) {
    return {extents_[begin].begin, extents_[end - 1].end};
  }
  return {origin_ + static_cast<std::uint32_t>(character_begin(unchanged_, begin)),
          origin_ + static_cast<std::uint32_t>(character_end(unchanged_, end))};
}

void AlignedText::prepend(std::string_view content) {
  if (size() == 0 || content.empty()) {
    return;
  }
  const std::size_t first_end = character_end(text(), 1);
  Rewriter rewriter(*this);
  std::size_t position = 0;
  next_code_point(content, position);
  rewriter.write(content.substr(0, position), extent(0));
  rewriter.write(content.substr(position), extent(first_end - 1));
  rewriter.write(text().substr(0, first_end), extent(first_end - 1));
  rewriter.copy(first_end, size());
  rewriter.finish();
}

void AlignedText::replace(std::span<const Match> matches, std::string_view content) {
  Rewriter rewriter(*this);
  std::size_t copied = 0;
  bool any = false;
  for (const Match& match : matches) {
    if (!match.matched) {
      continue;
    }
    any = true;
    rewriter.copy(copied, match.begin);
    rewriter.write(content, match.end == 0 ? Extent{origin_, origin_} : extent(match.end - 1));
    copied = match.end;
  }
  if (any) {
    rewriter.copy(copied, size());
    rewriter.finish();
  }
}

void AlignedText::keep(std::size_t begin, std::size_t end) {
  if (!changed_) {
    // An unchanged stretch of the original stays one: only its origin moves.
    unchanged_ = unchanged_.substr(begin, end - begin);
    origin_ += static_cast<std::uint32_t>(begin);
    return;
  }
  buffer_ = buffer_.substr(begin, end - begin);
  extents_.erase(extents_.begin() + static_cast<std::ptrdiff_t>(end), extents_.end());
  extents_.erase(extents_.begin(), extents_.begin() + static_cast<std::ptrdiff_t>(begin));
}

Rewriter::Rewriter(AlignedText& text) : source_(text) {
  buffer_.reserve(text.size() + text.size() / 4);
  extents_.reserve(text.size() + text.size() / 4);
}

void Rewriter::copy(std::size_t begin, std::size_t end) {
  const std::string_view text = source_.text();
  buffer_.append(text.substr(begin, end - begin));
  if (source_.changed_) {
    extents_.insert(extents_.end(), source_.extents_.begin() + static_cast<std::ptrdiff_t>(begin),
                    source_.extents_.begin() + static_cast<std::ptrdiff_t>(end));
    return;
  }
  for (std::size_t i = begin; i < end;) {
    const std::size_t next = character_end(text, i + 1);
    const Extent extent{source_.origin_ + static_cast<std::uint32_t>(i),
                        source_.origin_ + static_cast<std::uint32_t>(next)};
    for (; i < next; ++i) {
      extents_.push_back(extent);
    }
  }
}

void Rewriter::write(std::string_view bytes, Extent extent) {
  buffer_.append(bytes);
  extents_.insert(extents_.end(), bytes.size(), extent);
}

void Rewriter::emit(char32_t code_point, std::ptrdiff_t change) {
  const std::string_view text = source_.text();
  Extent extent{source_.origin_, source_.origin_};
  if (change <= 0) {
    extent = source_.extent(cursor_);
  } else if (cursor_ > 0) {
    extent = source_.extent(cursor_ - 1);
  }
  for (std::ptrdiff_t consumed = change; consumed <= 0 && cursor_ < text.size(); ++consumed) {
    cursor_ = character_end(text, cursor_ + 1);
  }
  const std::size_t before = buffer_.size();
  append_utf8(buffer_, code_point);
  extents_.insert(extents_.end(), buffer_.size() - before, extent);
}

void Rewriter::finish() {
  source_.buffer_ = std::move(buffer_);
  source_.extents_ = std::move(extents_);
  source_.changed_ = true;
}

}  // namespace souvenir::tokenizing

#include "harness/backend/pickle_stack.h"

#include "harness/error.h"

namespace souvenir {

namespace {

constexpr std::size_t kMostValues = 4'000'000;
constexpr std::size_t kMostMarks = 1'000;
constexpr PickleIndex kNone = ~PickleIndex{0};

}  // namespace

void refuse_pickle(const std::string& label, const std::string& problem) {
  throw Error(ErrorKind::input, label + ": pickle: " + problem + "; nothing of it was executed");
}

std::string_view PickleBytes::take_bytes(std::uint64_t count) {
  if (count > bytes_.size() - at_) {
    refuse_pickle(label_, "cut off");
  }
  at_ += count;
  return bytes_.substr(at_ - count, count);
}

std::uint64_t PickleBytes::take_number(std::size_t size) {
  const std::string_view bytes = take_bytes(size);
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::int64_t PickleBytes::take_signed(std::size_t size) {
  if (size > 8) {
    refuse_pickle(label_, "an integer of more than 64 bits");
  }
  std::uint64_t value = take_number(size);
  if (size > 0 && size < 8 && (value >> (8 * size - 1) & 1U) != 0) {
    value |= ~std::uint64_t{0} << (8 * size);
  }
  return static_cast<std::int64_t>(value);
}

std::string_view PickleBytes::take_line() {
  const std::size_t end = bytes_.find('\n', at_);
  if (end == std::string_view::npos) {
    refuse_pickle(label_, "cut off");
  }
  const std::string_view line = take_bytes(end - at_);
  ++at_;
  return line;
}

void PickleStack::count(std::size_t items) {
  items_ += items;
  if (items_ > kMostValues || values_.size() > kMostValues || stack_.size() > kMostValues) {
    refuse("more than " + std::to_string(kMostValues) + " values");
  }
}

void PickleStack::push(PickleValue value) {
  count(0);
  values_.push_back(std::move(value));
  stack_.push_back(static_cast<PickleIndex>(values_.size() - 1));
}

void PickleStack::push(PickleKind kind, std::int64_t number, std::string text) {
  push(PickleValue{kind, number, std::move(text), {}, nullptr});
}

void PickleStack::push_again(PickleIndex index) {
  count(0);
  stack_.push_back(index);
}

PickleIndex PickleStack::pop() {
  if (stack_.size() <= floor()) {
    refuse("takes a value that is not there");
  }
  const PickleIndex top = stack_.back();
  stack_.pop_back();
  return top;
}

std::vector<PickleIndex> PickleStack::pop_many(std::size_t count) {
  std::vector<PickleIndex> items(count);
  for (std::size_t i = count; i-- > 0;) {
    items[i] = pop();
  }
  return items;
}

void PickleStack::open_mark() {
  if (marks_.size() == kMostMarks) {
    refuse("nested more than " + std::to_string(kMostMarks) + " levels deep");
  }
  marks_.push_back(stack_.size());
}

std::vector<PickleIndex> PickleStack::pop_to_mark() {
  if (marks_.empty()) {
    refuse("closes a mark that is not there");
  }
  std::vector<PickleIndex> items(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()),
                                 stack_.end());
  stack_.resize(marks_.back());
  marks_.pop_back();
  return items;
}

void PickleStack::push_tuple(std::vector<PickleIndex> items) {
  count(items.size());
  push(PickleValue{PickleKind::tuple, 0, {}, std::move(items), nullptr});
}

void PickleStack::add_items(PickleKind kind, const std::vector<PickleIndex>& items) {
  const PickleIndex to = pop();
  PickleValue& container = values_[to];
  if (container.kind != kind || (kind == PickleKind::dictionary && items.size() % 2 != 0)) {
    refuse("adds to what is no such container");
  }
  count(items.size());
  container.items.insert(container.items.end(), items.begin(), items.end());
  stack_.push_back(to);
}

void PickleStack::put(std::uint64_t place) {
  if (stack_.size() <= floor() || place >= kMostValues) {
    refuse("remembers what is not there");
  }
  if (place >= memo_.size()) {
    memo_.resize(place + 1, kNone);
  }
  memo_[place] = stack_.back();
}

void PickleStack::get(std::uint64_t place) {
  if (place >= memo_.size() || memo_[place] == kNone) {
    refuse("recalls what was not remembered");
  }
  push_again(memo_[place]);
}

}  // namespace souvenir

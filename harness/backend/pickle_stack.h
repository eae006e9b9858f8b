#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace souvenir {

// Stops with what is wrong about a pickle.
[[noreturn]] void refuse_pickle(const std::string& label, const std::string& problem);

// What a value of a pickle is. A global is one of those below, and can only be used as it is there.
enum class PickleKind { other, integer, text, tuple, list, dictionary, global, storage, tensor };
enum class PickleGlobal { ordered_dict, rebuild_tensor, rebuild_parameter, storage_type };

struct PickleAllowed {
  std::string_view name;
  PickleGlobal global;
  std::string_view dtype;  // of a storage type
};

using PickleIndex = std::uint32_t;

struct PickleValue {
  PickleKind kind = PickleKind::other;
  // Of an integer; 1 of true; of a storage: its elements; the place of a tensor.
  std::int64_t number = 0;
  std::string text;                        // of a text; of a storage: its name
  std::vector<PickleIndex> items;          // a dictionary's: key, value, key, value, …
  const PickleAllowed* allowed = nullptr;  // of a global, and of a storage's type
};

// Reads the bytes of an untrusted pickle from left to right. Borrows.
class PickleBytes {
 public:
  PickleBytes(std::string_view bytes, const std::string& label) : bytes_(bytes), label_(label) {}

  unsigned take() { return static_cast<unsigned char>(take_bytes(1)[0]); }
  std::string_view take_bytes(std::uint64_t count);
  std::uint64_t take_number(std::size_t size);  // little-endian
  std::int64_t take_signed(std::size_t size);   // of up to eight bytes
  std::string_view take_line();
  bool at_end() const { return at_ == bytes_.size(); }
  std::size_t position() const { return at_; }

 private:
  std::string_view bytes_;
  const std::string& label_;
  std::size_t at_ = 0;
};

// What a pickle works with: a stack with marks, and a memory. Holds at most 4,000,000 values and
// 1,000 marks. Nothing above a mark is reached by what does not close it.
//
// Errors  input: takes what is not there, or too much of it
class PickleStack {
 public:
  explicit PickleStack(const std::string& label) : label_(label) {}

  const PickleValue& value(PickleIndex index) const { return values_[index]; }
  bool holds_one() const { return stack_.size() == 1 && marks_.empty(); }

  void push(PickleValue value);
  void push(PickleKind kind, std::int64_t number = 0, std::string text = {});
  void push_again(PickleIndex index);
  PickleIndex pop();
  std::vector<PickleIndex> pop_many(std::size_t count);

  void open_mark();
  std::vector<PickleIndex> pop_to_mark();

  void push_tuple(std::vector<PickleIndex> items);
  // Adds to the list or dictionary that is on top.
  void add_items(PickleKind kind, const std::vector<PickleIndex>& items);

  void put(std::uint64_t place);
  void get(std::uint64_t place);

 private:
  [[noreturn]] void refuse(const std::string& problem) const { refuse_pickle(label_, problem); }
  void count(std::size_t items);
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  const std::string& label_;
  std::vector<PickleValue> values_;
  std::vector<PickleIndex> stack_;
  std::vector<std::size_t> marks_;  // how high the stack was
  std::vector<PickleIndex> memo_;
  std::size_t items_ = 0;  // in containers
};

}  // namespace souvenir

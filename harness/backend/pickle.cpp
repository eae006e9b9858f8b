#include "harness/backend/pickle.h"

#include <array>
#include <set>
#include <utility>

#include "harness/backend/config.h"
#include "harness/backend/pickle_stack.h"

namespace souvenir {

namespace {

constexpr std::size_t kMostDimensions = 8;
constexpr std::size_t kMostArguments = 8;
constexpr std::size_t kMostStorageNameBytes = 64;
constexpr std::size_t kMostShownBytes = 80;

// Two pickles: a number that names the format, and the version of it, 1001.
constexpr std::string_view kOldStart(
    "\x80\x02\x8A\x0Al\xFC\x9C\x46\xF9 j\xA8P\x19.\x80\x02M\xE9\x03.", 21);

using Kind = PickleKind;
using Global = PickleGlobal;
using Index = PickleIndex;
using Value = PickleValue;

constexpr std::array kAllowed = {
    PickleAllowed{"collections.OrderedDict", Global::ordered_dict, ""},
    PickleAllowed{"torch._utils._rebuild_tensor_v2", Global::rebuild_tensor, ""},
    PickleAllowed{"torch._utils._rebuild_parameter", Global::rebuild_parameter, ""},
    PickleAllowed{"torch.FloatStorage", Global::storage_type, "F32"},
    PickleAllowed{"torch.HalfStorage", Global::storage_type, "F16"},
    PickleAllowed{"torch.BFloat16Storage", Global::storage_type, "BF16"},
    PickleAllowed{"torch.DoubleStorage", Global::storage_type, "F64"},
    PickleAllowed{"torch.LongStorage", Global::storage_type, "I64"},
    PickleAllowed{"torch.IntStorage", Global::storage_type, "I32"},
    PickleAllowed{"torch.ShortStorage", Global::storage_type, "I16"},
    PickleAllowed{"torch.CharStorage", Global::storage_type, "I8"},
    PickleAllowed{"torch.ByteStorage", Global::storage_type, "U8"},
    PickleAllowed{"torch.BoolStorage", Global::storage_type, "BOOL"},
};

// Reads one pickle.
class Machine {
 public:
  //   bytes  where it begins; afterwards, what lies behind it
  Machine(PickleBytes& bytes, const std::string& label)
      : label_(label), bytes_(bytes), stack_(label) {
    if (bytes_.take() != 0x80 || bytes_.take() != 2) {
      refuse("expected protocol 2");
    }
    while (!stopped_) {
      step(bytes_.take());
    }
    if (!stack_.holds_one()) {
      refuse("expected one value and nothing behind it");
    }
    root_ = stack_.pop();
  }

  std::vector<PickledTensor> state_dictionary() const {
    const Value& root = stack_.value(root_);
    if (root.kind != Kind::dictionary) {
      refuse("expected a dictionary of tensors");
    }
    std::vector<PickledTensor> tensors;
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < root.items.size(); i += 2) {
      const Value& name = stack_.value(root.items[i]);
      const Value& value = stack_.value(root.items[i + 1]);
      if (name.kind != Kind::text || value.kind != Kind::tensor) {
        refuse("expected a dictionary of tensors, found something else" +
               (name.kind == Kind::text
                    ? " under " + in_quotes(name.text.substr(0, kMostShownBytes))
                    : ""));
      }
      if (!names.insert(name.text).second) {
        refuse("tensor " + in_quotes(name.text.substr(0, kMostShownBytes)) + " is there twice");
      }
      tensors.push_back(tensors_[static_cast<std::size_t>(value.number)]);
      tensors.back().name = name.text;
    }
    return tensors;
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    const Value& root = stack_.value(root_);
    if (root.kind != Kind::list) {
      refuse("expected the list of storages");
    }
    for (std::size_t i = 0; i < root.items.size(); ++i) {
      texts.push_back(item(root.items, i, Kind::text).text);
    }
    return texts;
  }

  // Whether a dictionary says true under a name.
  bool says(std::string_view name) const {
    const Value& root = stack_.value(root_);
    for (std::size_t i = 0; root.kind == Kind::dictionary && i < root.items.size(); i += 2) {
      if (stack_.value(root.items[i]).text == name) {
        return stack_.value(root.items[i + 1]).number == 1;
      }
    }
    return false;
  }

 private:
  [[noreturn]] void refuse(const std::string& problem) const { refuse_pickle(label_, problem); }

  // ---- opcodes ------------------------------------------------------------------------------

  void step(unsigned opcode) {
    switch (opcode) {
      case '.':
        stopped_ = true;
        return;
      case '(':
        stack_.open_mark();
        return;
      case 'N':
      case 0x89:
        stack_.push(Kind::other);
        return;
      case 0x88:
        stack_.push(Kind::other, 1);
        return;
      case 'G':
        bytes_.take_bytes(8);
        stack_.push(Kind::other);
        return;
      case 'J':
        stack_.push(Kind::integer, bytes_.take_signed(4));
        return;
      case 'K':
        stack_.push(Kind::integer, static_cast<std::int64_t>(bytes_.take_number(1)));
        return;
      case 'M':
        stack_.push(Kind::integer, static_cast<std::int64_t>(bytes_.take_number(2)));
        return;
      case 0x8A:
        stack_.push(Kind::integer, bytes_.take_signed(bytes_.take()));
        return;
      case 'X':
        stack_.push(Kind::text, 0, std::string(bytes_.take_bytes(bytes_.take_number(4))));
        return;
      case '}':
        stack_.push(Kind::dictionary);
        return;
      case ']':
        stack_.push(Kind::list);
        return;
      case ')':
        stack_.push(Kind::tuple);
        return;
      case 't':
        stack_.push_tuple(stack_.pop_to_mark());
        return;
      case 0x85:
      case 0x86:
      case 0x87:
        stack_.push_tuple(stack_.pop_many(opcode - 0x84));
        return;
      case 's':
        stack_.add_items(Kind::dictionary, stack_.pop_many(2));
        return;
      case 'u':
        stack_.add_items(Kind::dictionary, stack_.pop_to_mark());
        return;
      case 'a':
        stack_.add_items(Kind::list, stack_.pop_many(1));
        return;
      case 'e':
        stack_.add_items(Kind::list, stack_.pop_to_mark());
        return;
      case 'q':
        stack_.put(bytes_.take_number(1));
        return;
      case 'r':
        stack_.put(bytes_.take_number(4));
        return;
      case 'h':
        stack_.get(bytes_.take_number(1));
        return;
      case 'j':
        stack_.get(bytes_.take_number(4));
        return;
      case 'c':
        push_global();
        return;
      case 'Q':
        push_storage();
        return;
      case 'R':
        reduce();
        return;
      case 'b':
        build();
        return;
      default:
        refuse("opcode " + std::to_string(opcode) +
               " is not one that torch.save writes for weights");
    }
  }

  void push_global() {
    const std::string_view module = bytes_.take_line();
    const std::string name = std::string(module) + "." + std::string(bytes_.take_line());
    for (const PickleAllowed& allowed : kAllowed) {
      if (allowed.name == name) {
        stack_.push(Value{Kind::global, 0, {}, {}, &allowed});
        return;
      }
    }
    refuse("names " + in_quotes(name.substr(0, kMostShownBytes)) +
           ", which is neither a tensor nor a part of one");
  }

  const Value& item(const std::vector<Index>& items, std::size_t i, Kind kind) const {
    if (i >= items.size() || stack_.value(items[i]).kind != kind) {
      refuse("a tensor is described with something unexpected");
    }
    return stack_.value(items[i]);
  }

  // ("storage", its type, its name, its device, its elements); in old files a sixth says of what
  // other storage it is a part
  void push_storage() {
    const Value& id = stack_.value(stack_.pop());
    const Value& type = item(id.items, 1, Kind::global);
    const Value& elements = item(id.items, 4, Kind::integer);
    if (id.kind != Kind::tuple || item(id.items, 0, Kind::text).text != "storage" ||
        type.allowed->global != Global::storage_type || elements.number < 0) {
      refuse("refers to something else than the numbers of a tensor");
    }
    if (id.items.size() > 5 && stack_.value(id.items[5]).kind != Kind::other) {
      refuse("numbers that are a part of others");
    }
    const std::string& name = item(id.items, 2, Kind::text).text;
    if (name.size() > kMostStorageNameBytes) {
      refuse("numbers with a name of " + std::to_string(name.size()) + " bytes");
    }
    stack_.push(Value{Kind::storage, elements.number, name, {}, type.allowed});
  }

  void reduce() {
    const Index arguments = stack_.pop();
    const Index function = stack_.pop();
    if (stack_.value(function).kind != Kind::global ||
        stack_.value(arguments).kind != Kind::tuple ||
        stack_.value(arguments).items.size() > kMostArguments) {
      refuse("calls something else than what rebuilds a tensor");
    }
    const std::vector<Index> items = stack_.value(arguments).items;
    switch (stack_.value(function).allowed->global) {
      case Global::ordered_dict:
        if (!items.empty()) {
          refuse("collections.OrderedDict with arguments");
        }
        stack_.push(Kind::dictionary);
        return;
      case Global::rebuild_tensor:
        rebuild_tensor(items);
        return;
      case Global::rebuild_parameter:
        item(items, 0, Kind::tensor);
        stack_.push_again(items[0]);
        return;
      case Global::storage_type:
        refuse("calls " + std::string(stack_.value(function).allowed->name));
    }
  }

  std::vector<std::int64_t> integers(const Value& tuple) const {
    std::vector<std::int64_t> numbers;
    for (std::size_t i = 0; i < tuple.items.size(); ++i) {
      numbers.push_back(item(tuple.items, i, Kind::integer).number);
    }
    return numbers;
  }

  // (storage, offset, shape, strides, …): what follows is about training.
  void rebuild_tensor(const std::vector<Index>& items) {
    const Value& storage = item(items, 0, Kind::storage);
    const Value& shape = item(items, 2, Kind::tuple);
    const Value& strides = item(items, 3, Kind::tuple);
    if (shape.items.size() != strides.items.size() || shape.items.size() > kMostDimensions) {
      refuse("a tensor of more than 8 dimensions, or with other strides than dimensions");
    }
    tensors_.push_back({{},
                        std::string(storage.allowed->dtype),
                        storage.text,
                        storage.number,
                        item(items, 1, Kind::integer).number,
                        integers(shape),
                        integers(strides)});
    stack_.push(Kind::tensor, static_cast<std::int64_t>(tensors_.size() - 1));
  }

  // Attributes of the dictionary itself (versions of the modules): left out.
  void build() {
    const Index state = stack_.pop();
    const Index object = stack_.pop();
    if (stack_.value(object).kind != Kind::dictionary ||
        stack_.value(state).kind != Kind::dictionary) {
      refuse("sets the state of something else than a dictionary");
    }
    stack_.push_again(object);
  }

  const std::string& label_;
  PickleBytes& bytes_;
  PickleStack stack_;
  Index root_ = 0;
  bool stopped_ = false;
  std::vector<PickledTensor> tensors_;
};

}  // namespace

std::vector<PickledTensor> read_torch_pickle(std::string_view bytes, const std::string& label) {
  PickleBytes input(bytes, label);
  const Machine machine(input, label);
  if (!input.at_end()) {
    refuse_pickle(label, "expected one value and nothing behind it");
  }
  return machine.state_dictionary();
}

bool is_old_torch_file(std::string_view start) { return start.starts_with(kOldStart); }

OldTorchPickles read_old_torch_pickles(std::string_view bytes, const std::string& label) {
  PickleBytes input(bytes, label);
  input.take_bytes(kOldStart.size());
  if (!Machine(input, label).says("little_endian")) {
    refuse_pickle(label, "expected little-endian numbers");
  }
  const Machine weights(input, label);
  const Machine storages(input, label);
  return {weights.state_dictionary(), storages.texts(), input.position()};
}

}  // namespace souvenir

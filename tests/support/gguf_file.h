#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace souvenir::test {

// Writes a GGUF file, right or wrong, byte by byte.
class GgufBytes {
 public:
  GgufBytes& text(const std::string& key, const std::string& value) {
    start(key, 8);
    put(keys_, value);
    return *this;
  }

  // A number of the type that its code says, or of another.
  template <typename Number>
  GgufBytes& number(const std::string& key, std::uint32_t code, Number value) {
    start(key, code);
    put(keys_, value);
    return *this;
  }

  GgufBytes& texts(const std::string& key, const std::vector<std::string>& values) {
    list(key, 8, values.size());
    for (const std::string& value : values) put(keys_, value);
    return *this;
  }

  template <typename Number>
  GgufBytes& numbers(const std::string& key, std::uint32_t code,
                     const std::vector<Number>& values) {
    list(key, code, values.size());
    for (const Number value : values) put(keys_, value);
    return *this;
  }

  // The start of a list, without its elements.
  GgufBytes& list(const std::string& key, std::uint32_t code, std::uint64_t count) {
    start(key, 9);
    put(keys_, code);
    put(keys_, count);
    return *this;
  }

  // The start of a text, without its bytes.
  GgufBytes& long_text(const std::string& key, std::uint64_t bytes) {
    start(key, 8);
    put(keys_, bytes);
    return *this;
  }

  //   sizes  the contiguous dimension first, as the file has them
  GgufBytes& tensor(const std::string& name, const std::vector<std::uint64_t>& sizes,
                    std::uint32_t type, std::uint64_t offset) {
    put(tensors_, name);
    put(tensors_, static_cast<std::uint32_t>(sizes.size()));
    for (const std::uint64_t size : sizes) put(tensors_, size);
    put(tensors_, type);
    put(tensors_, offset);
    ++tensor_count_;
    return *this;
  }

  // Numbers of tensors and keys that are not those written.
  GgufBytes& counts(std::uint64_t tensors, std::uint64_t keys) {
    tensor_count_ = tensors;
    key_count_ = keys;
    return *this;
  }

  GgufBytes& alignment(std::size_t bytes) {
    alignment_ = bytes;
    return *this;
  }

  // The file, with data of so many zeros, or these.
  std::string file(std::size_t data_bytes) const { return file(std::string(data_bytes, '\0')); }

  std::string file(const std::string& data) const {
    std::string out = "GGUF";
    put(out, std::uint32_t{3});
    put(out, tensor_count_);
    put(out, key_count_);
    out += keys_ + tensors_;
    while (!data.empty() && out.size() % alignment_ != 0) out += '\0';
    return out + data;
  }

 private:
  static void put(std::string& out, const std::string& value) {
    put(out, static_cast<std::uint64_t>(value.size()));
    out += value;
  }

  template <typename Number>
  static void put(std::string& out, Number value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  void start(const std::string& key, std::uint32_t code) {
    put(keys_, key);
    put(keys_, code);
    ++key_count_;
  }

  std::string keys_;
  std::string tensors_;
  std::uint64_t tensor_count_ = 0;
  std::uint64_t key_count_ = 0;
  std::size_t alignment_ = 32;
};

}  // namespace souvenir::test

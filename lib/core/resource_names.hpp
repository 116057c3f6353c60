#pragma once

#include <cstdint>
#include <memory>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace corchestra::detail {

/// The texts that name resources, each with the resource's number. Several texts may name one resource. A million names
/// are usual, so the index keeps hashes beside the numbers: growing does not read the texts again.
class resource_names {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// The resource of this name, or `none`.
  std::uint32_t find(std::string_view text) const {
    if (slots_.empty()) return none;
    const auto hash = hash_of(text);
    for (auto at = hash & mask();; at = (at + 1) & mask()) {
      const slot& s = slots_[at];
      if (s.text == none) return none;
      if (s.hash == hash && *texts_[s.text] == text) return s.resource;
    }
  }
  /// A name that is not yet there. Returns the text's own number, for `text`.
  std::uint32_t add(std::string text, std::uint32_t resource) {
    if (++listed_ * 3 > slots_.size() * 2) grow();
    const auto hash = hash_of(text);
    const auto number = add_hidden(std::move(text));
    put({hash, number, resource});
    return number;
  }
  /// A text that `find` does not know.
  std::uint32_t add_hidden(std::string text) {
    texts_.push_back(std::make_unique<const std::string>(std::move(text)));
    return static_cast<std::uint32_t>(texts_.size() - 1);
  }
  const std::string& text(std::uint32_t number) const noexcept { return *texts_[number]; }

 private:
  struct slot {
    std::uint32_t hash = 0, text = none, resource = none;
  };
  static std::uint32_t hash_of(std::string_view text) noexcept {
    const std::uint64_t h = std::hash<std::string_view>{}(text);
    return static_cast<std::uint32_t>(h ^ h >> 32);
  }
  std::uint32_t mask() const noexcept { return static_cast<std::uint32_t>(slots_.size() - 1); }
  void put(slot s) {
    auto at = s.hash & mask();
    while (slots_[at].text != none) at = (at + 1) & mask();
    slots_[at] = s;
  }
  void grow() {
    std::vector<slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (const slot& s : old) {
      if (s.text != none) put(s);
    }
  }

  std::vector<std::unique_ptr<const std::string>> texts_;  // references to them stay valid
  std::vector<slot> slots_;        // a power of two of them, at most two thirds in use; collisions go to the next
  std::size_t listed_ = 0;
};

}  // namespace corchestra::detail

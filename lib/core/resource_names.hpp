#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
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
  /// Another name of the resource, that is not yet there either.
  void add_alias(std::string text, std::uint32_t resource) {
    aliases_[resource].push_back(add(std::move(text), resource));
  }
  /// A text that `find` does not know.
  std::uint32_t add_hidden(std::string text) {
    auto owned = std::make_unique<const std::string>(std::move(text));
    if (free_.empty()) {
      texts_.push_back(std::move(owned));
      return static_cast<std::uint32_t>(texts_.size() - 1);
    }
    const auto number = free_.back();
    free_.pop_back();
    texts_[number] = std::move(owned);
    return number;
  }
  /// The resource, of which `number` is the name, with its aliases.
  void remove(std::uint32_t number, std::uint32_t resource) {
    erase(number);
    const auto others = aliases_.empty() ? aliases_.end() : aliases_.find(resource);
    if (others == aliases_.end()) return;
    for (const auto n : others->second) erase(n);
    aliases_.erase(others);
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
  // Those after it move up, so that no mark is left.
  void erase(std::uint32_t number) {
    auto hole = hash_of(*texts_[number]) & mask();
    while (slots_[hole].text != number) hole = (hole + 1) & mask();
    for (auto at = (hole + 1) & mask(); slots_[at].text != none; at = (at + 1) & mask()) {
      if (((at - slots_[at].hash) & mask()) < ((at - hole) & mask())) continue;
      slots_[hole] = std::exchange(slots_[at], slot{});
      hole = at;
    }
    slots_[hole] = {};
    --listed_;
    texts_[number].reset();
    free_.push_back(number);
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
  std::vector<std::uint32_t> free_;  // numbers of texts that are gone
  boost::unordered_flat_map<std::uint32_t, std::vector<std::uint32_t>> aliases_;  // by resource
};

}  // namespace corchestra::detail

#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corchestra::detail {

/// Numbers for the few names that many events carry. One seen lately is found by its length and its first and last
/// eight bytes, which are all of a name up to 16 bytes long.
class name_table {
 public:
  std::uint32_t number(std::string_view name) {
    if (!recent_) {  // the first, and nearly always the only one
      if (names_.empty()) names_.push_back(std::make_unique<const std::string>(name));
      if (*names_[0] == name) return 0;
      recent_ = std::make_unique<std::array<entry, places>>();
    }
    const print p(name);
    const entry& seen = (*recent_)[p.place()];
    if (seen.known == p && (name.size() <= 16 || *names_[seen.number] == name)) return seen.number;
    return look_up(name, p);
  }
  const std::string& name(std::uint32_t number) const noexcept { return *names_[number]; }
  std::size_t size() const noexcept { return names_.size(); }

 private:
  static constexpr std::uint32_t few = 8;  // are compared one by one
  static constexpr std::size_t places = 16;

  struct print {
    std::uint64_t first = 0, last = 0;
    std::size_t size = ~std::size_t{0};  // of no name

    print() = default;
    explicit print(std::string_view s) noexcept : size(s.size()) {
      if (s.size() >= 8) {
        std::memcpy(&first, s.data(), 8);
        std::memcpy(&last, s.data() + s.size() - 8, 8);
      } else {
        for (const char c : s) first = first << 8 | static_cast<unsigned char>(c);
      }
    }
    std::size_t place() const noexcept {
      return static_cast<std::size_t>(((first ^ (last * 31) ^ size) * 0x9E3779B97F4A7C15u) >> 60);
    }
    bool operator==(const print&) const = default;
  };
  struct entry {
    print known;
    std::uint32_t number = 0;
  };

  std::uint32_t look_up(std::string_view name, const print& p) {
    const std::uint32_t number = find(name);
    if (number == names_.size()) {
      names_.push_back(std::make_unique<const std::string>(name));
      if (names_.size() > few) index_.emplace(*names_.back(), number);
      if (names_.size() == few + 1) {
        for (std::uint32_t n = 0; n < few; ++n) index_.emplace(*names_[n], n);
      }
    }
    (*recent_)[p.place()] = {p, number};
    return number;
  }
  // The next number when it is not there.
  std::uint32_t find(std::string_view name) const {
    const auto next = static_cast<std::uint32_t>(names_.size());
    if (names_.size() > few) {
      const auto it = index_.find(name);
      return it == index_.end() ? next : it->second;
    }
    std::uint32_t n = 0;
    while (n < next && *names_[n] != name) ++n;
    return n;
  }

  std::unique_ptr<std::array<entry, places>> recent_;  // once there are two
  std::vector<std::unique_ptr<const std::string>> names_;
  boost::unordered_flat_map<std::string_view, std::uint32_t> index_;  // views of `names_`, once they are more than a few
};

}  // namespace corchestra::detail

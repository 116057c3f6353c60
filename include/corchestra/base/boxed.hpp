#pragma once

#include <cassert>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace corchestra {

/// An optional value that lives on the heap: one pointer when absent. A value type: copies are deep. For fields that few
/// objects of a large collection have.
template <class T>
class boxed {
 public:
  boxed() noexcept = default;
  boxed(std::nullopt_t) noexcept {}                                   // NOLINT(google-explicit-constructor): as std::optional
  boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}   // NOLINT(google-explicit-constructor)
  boxed(std::optional<T> o) : value_(o ? std::make_unique<T>(std::move(*o)) : nullptr) {}  // NOLINT(google-explicit-constructor)
  boxed(const boxed& o) : value_(o ? std::make_unique<T>(*o) : nullptr) {}
  boxed(boxed&&) noexcept = default;
  boxed& operator=(boxed o) noexcept {
    value_ = std::move(o.value_);
    return *this;
  }
  template <class U>
    requires std::is_same_v<std::remove_cvref_t<U>, T>
  boxed& operator=(U&& value) {  // where there is one, in its place
    if (value_) {
      *value_ = std::forward<U>(value);
    } else {
      value_ = std::make_unique<T>(std::forward<U>(value));
    }
    return *this;
  }
  template <class U>
    requires(!std::is_same_v<U, T> && std::is_convertible_v<const U&, T>)
  boxed& operator=(const U& value) {
    emplace(T(value));
    return *this;
  }

  bool has_value() const noexcept { return value_ != nullptr; }
  explicit operator bool() const noexcept { return has_value(); }
  T& operator*() noexcept { return assert(value_), *value_; }
  const T& operator*() const noexcept { return assert(value_), *value_; }
  T* operator->() noexcept { return assert(value_), value_.get(); }
  const T* operator->() const noexcept { return assert(value_), value_.get(); }
  const T* get() const noexcept { return value_.get(); }
  T value_or(T other) const { return value_ ? *value_ : std::move(other); }

  T& emplace(T value = {}) { return *(value_ = std::make_unique<T>(std::move(value))); }
  /// The value, made first when there is none.
  T& get_or_emplace() { return value_ ? *value_ : emplace(); }
  void reset() noexcept { value_.reset(); }

  friend bool operator==(const boxed& a, const boxed& b) { return a && b ? *a == *b : a.has_value() == b.has_value(); }
  friend bool operator==(const boxed& a, const T& b) { return a && *a == b; }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace corchestra

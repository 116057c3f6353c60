#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <corchestra/base/boxed.hpp>
#include <corchestra/base/json.hpp>

namespace corchestra {

/// What an event has besides its fields: an object, or null. Read like a json value; costs nothing when it is null.
class event_data {
 public:
  event_data() noexcept = default;
  event_data(json value) : value_(box(std::move(value))) {}               // NOLINT(google-explicit-constructor)
  event_data(json::initializer_list_t value) : event_data(json(value)) {}  // NOLINT(google-explicit-constructor)

  const json& get() const noexcept {
    static const json null;
    return value_ ? *value_ : null;
  }
  operator const json&() const noexcept { return get(); }  // NOLINT(google-explicit-constructor)

  bool is_null() const noexcept { return !value_; }
  bool is_object() const noexcept { return value_ && value_->is_object(); }
  bool contains(std::string_view key) const { return value_ && value_->contains(key); }
  const json& at(const std::string& key) const { return get().at(key); }
  const json& operator[](const std::string& key) const { return get().at(key); }
  std::string value(const std::string& key, const char* standard) const { return value(key, std::string(standard)); }
  template <class T>
  T value(const std::string& key, T standard) const {
    return is_object() ? value_->value(key, std::move(standard)) : standard;
  }

  friend bool operator==(const event_data& a, const json& b) { return a.get() == b; }

 private:
  static boxed<json> box(json value) {
    if (value.is_null()) return std::nullopt;
    return boxed<json>(std::move(value));
  }
  boxed<json> value_;
};

}  // namespace corchestra

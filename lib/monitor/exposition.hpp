#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <corchestra/base/text.hpp>
#include <corchestra/core/histogram.hpp>

namespace corchestra::detail {

/// Builds Prometheus' text exposition: families, each with its samples, which all carry the run's name as a label.
class exposition {
 public:
  using labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit exposition(std::string_view run);

  /// The samples that follow belong to `corchestra_NAME`.
  exposition& family(std::string_view name, std::string_view type, std::string_view help);
  /// The same with the name as it is.
  exposition& foreign_family(std::string_view name, std::string_view type, std::string_view help);

  exposition& sample(double value, labels l = {}) { return line("", value, l, {}); }
  exposition& sample(double value, std::string_view label, std::string_view of) { return sample(value, {{label, of}}); }
  exposition& sample(std::size_t value, std::string_view label, std::string_view of) {
    return sample(static_cast<double>(value), label, of);
  }
  exposition& sample(std::size_t value) { return sample(static_cast<double>(value)); }
  exposition& sample(const histogram& h, labels l);

  std::string take() { return std::move(text_); }

 private:
  exposition& line(std::string_view suffix, double value, labels l, std::string_view bound);

  std::string run_, name_, text_;
};

}  // namespace corchestra::detail

#pragma once

#include <string>
#include <string_view>

#include <corchestra/llm/price_table.hpp>

namespace corchestra::llm {

/// Finds the prices of many calls that are mostly of one model. The table outlives it and stays as it is.
class price_finder {
 public:
  /// `prices` may be null: no price is known.
  explicit price_finder(const price_table* prices) noexcept : prices_(prices) {}

  /// As `price_table::find`.
  const model_price* find(std::string_view model) {
    if (prices_ == nullptr) return nullptr;
    if (!asked_ || model_ != model) {
      model_ = model;
      price_ = prices_->find(model);
      asked_ = true;
    }
    return price_;
  }

 private:
  const price_table* prices_;
  const model_price* price_ = nullptr;
  std::string model_;  // that was asked for last
  bool asked_ = false;
};

}  // namespace corchestra::llm

#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>
#include <corchestra/llm/model_price.hpp>

namespace corchestra::llm {

/// What models cost, by name. A model that is not in it has no known price, which is not the same as a price of zero.
class price_table {
 public:
  /// Reads LiteLLM's `model_prices_and_context_window.json`: `{model: {"input_cost_per_token": 1.25e-06, ...}}` in US
  /// dollars per token, as numbers, texts or null; digits are taken as written and never become a double. What prices
  /// no text token is ignored, as is `sample_spec`. `source` names the text in errors: `invalid_json`, `too_large`,
  /// `too_deep`, and `invalid_config` with the path of the key.
  static result<price_table> parse(std::string_view json_text, std::string_view source);
  /// The same from a file. Errors: also `file_error`.
  static result<price_table> load(const std::filesystem::path& file);
  /// OpenAI's list prices of common models, as of the date in docs/cost.md.
  static const price_table& standard();

  void set(std::string model, model_price price) { models_.insert_or_assign(std::move(model), std::move(price)); }
  /// Takes over every model of `stronger`; a model that both have gets its prices only.
  void overlay(const price_table& stronger);

  /// By its name; else with or without the provider `openai/`; else so without a date at its end (`-2024-08-06`). Null:
  /// the price is unknown.
  const model_price* find(std::string_view model) const;
  std::size_t size() const noexcept { return models_.size(); }

 private:
  const model_price* by_name(std::string_view model) const;

  std::map<std::string, model_price, std::less<>> models_;
};

}  // namespace corchestra::llm

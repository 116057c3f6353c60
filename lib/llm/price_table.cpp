#include <corchestra/llm/price_table.hpp>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "base/text_file.hpp"
#include "llm/price_reader.hpp"
#include "llm/standard_prices.hpp"

namespace corchestra::llm {

namespace {

constexpr std::string_view openai = "openai/";

std::string_view without_date(std::string_view model) {
  constexpr std::string_view form = "-dddd-dd-dd";
  if (model.size() <= form.size()) return model;
  const std::string_view end = model.substr(model.size() - form.size());
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = end[i] >= '0' && end[i] <= '9';
    if (form[i] == 'd' ? !digit : end[i] != form[i]) return model;
  }
  return model.substr(0, model.size() - form.size());
}

}  // namespace

result<price_table> price_table::parse(std::string_view json_text, std::string_view source) {
  return read_prices(json_text, source);
}

result<price_table> price_table::load(const std::filesystem::path& file) {
  const auto text = detail::read_text_file(file, json_limits{}.max_bytes);
  if (text.has_error()) return text.error();
  return read_prices(*text, file.string());
}

const price_table& price_table::standard() {
  static const price_table table = read_prices(standard_prices, "the standard prices").value();
  return table;
}

void price_table::overlay(const price_table& stronger) {
  for (const auto& [model, price] : stronger.models_) models_.insert_or_assign(model, price);
}

const model_price* price_table::by_name(std::string_view model) const {
  auto found = models_.find(model);
  if (found == models_.end())
    found = models_.find(model.starts_with(openai) ? std::string(model.substr(openai.size())) : concat(openai, model));
  return found == models_.end() ? nullptr : &found->second;
}

const model_price* price_table::find(std::string_view model) const {
  if (const model_price* price = by_name(model)) return price;
  const std::string_view undated = without_date(model);
  return undated == model ? nullptr : by_name(undated);
}

}  // namespace corchestra::llm

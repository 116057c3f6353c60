#include "llm/price_reader.hpp"

#include <algorithm>
#include <optional>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "llm/price_key.hpp"
#include "llm/price_text.hpp"

namespace corchestra::llm {

namespace {

constexpr std::string_view not_a_model = "sample_spec";

/// Level 1 holds the models, level 2 a model's members; what nests deeper is passed over.
class price_reader final : public nlohmann::json_sax<json> {
 public:
  price_table table;
  std::string problem;

  bool null() override { return inside_model() || refuse("null"); }
  bool boolean(bool) override { return other("a boolean"); }
  bool number_integer(number_integer_t n) override { return number(concat(n)); }
  bool number_unsigned(number_unsigned_t n) override { return number(concat(n)); }
  bool number_float(number_float_t, const string_t& text) override {
    std::string digits = text;  // with the decimal point of the C locale in force, whatever that is
    std::replace_if(
        digits.begin(), digits.end(),
        [](char c) { return std::string_view("0123456789+-eE").find(c) == std::string_view::npos; }, '.');
    return number(digits);
  }
  bool string(string_t& text) override { return number(trim(text), quote(text)); }
  bool binary(binary_t&) override { return other("binary data"); }
  bool start_object(std::size_t) override {
    if (depth_ == 2 && !other("an object")) return false;
    if (++depth_ == 2) price_ = {};
    return true;
  }
  bool end_object() override {
    if (depth_-- == 2 && !price_.empty()) table.set(model_, std::move(price_));
    return true;
  }
  bool start_array(std::size_t) override {
    if (!other("an array")) return false;
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 1) model_ = name;
    if (depth_ == 2) {
      member_ = name;
      key_ = model_ == not_a_model ? std::nullopt : parse_price_key(name);
    }
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  bool inside_model() const noexcept { return depth_ >= 2; }

  bool refuse(std::string_view got) {
    problem = depth_ == 0   ? concat("expected an object of models, got ", got)
              : depth_ == 1 ? concat(one_line(model_, 200), ": expected an object of prices, got ", got)
                            : concat(one_line(model_, 200), ".", member_,
                                     ": expected US dollars per token from 0 to 1000, got ", got);
    return false;
  }

  /// A value that is no price.
  bool other(std::string_view got) { return depth_ > 2 || (depth_ == 2 && !key_) || refuse(got); }

  bool number(std::string_view text) { return number(text, text); }
  bool number(std::string_view text, std::string_view got) {
    if (depth_ != 2 || !key_) return other(got);
    const auto price = parse_token_price(text);
    if (!price) return refuse(one_line(got, 80));
    price_.set(key_->kind, *price, key_->tier, key_->above_prompt_tokens);
    return true;
  }

  int depth_ = 0;
  std::string model_, member_;
  std::optional<price_key> key_;
  model_price price_;
};

}  // namespace

result<price_table> read_prices(std::string_view json_text, std::string_view source) {
  const json_limits limits;
  price_reader reader;
  const bool small = json_text.size() <= limits.max_bytes;
  if (!small || !json::sax_parse(json_text, &reader)) {
    if (!reader.problem.empty()) return fail(errc::invalid_config, concat(source, ": ", reader.problem));
    const auto parsed = parse_json(json_text, limits);
    return parsed ? fail(errc::invalid_json, concat(source, ": not JSON")) : in_place(parsed.error(), source);
  }
  if (reader.table.size() == 0)
    return fail(errc::invalid_config, concat(source,
                                             ": no model has a price: expected input_cost_per_token and "
                                             "output_cost_per_token in US dollars, by model"));
  return std::move(reader.table);
}

}  // namespace corchestra::llm

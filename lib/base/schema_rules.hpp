#pragma once

#include <cmath>
#include <limits>
#include <new>
#include <regex>
#include <string>
#include <vector>

#include <valijson/constraint_builder.hpp>
#include <valijson/constraints/concrete_constraints.hpp>
#include <valijson/internal/adapter.hpp>
#include <valijson/validation_results.hpp>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "base/schema_pattern.hpp"
#include "base/schema_rewrite.hpp"

// Keywords that valijson gets wrong, as constraints of our own.
namespace corchestra::detail {

/// A constraint that `Rule` decides: `bool holds(value) const` and `std::string complaint() const`.
template <class Rule>
class ruled final : public valijson::constraints::PolyConstraint {
 public:
  explicit ruled(Rule rule) : rule_(std::move(rule)) {}

  bool validate(const valijson::adapters::Adapter& value, const std::vector<std::string>& place,
                valijson::ValidationResults* findings) const override {
    if (rule_.holds(value)) return true;
    if (findings) findings->pushError(place, rule_.complaint());
    return false;
  }

 private:
  Constraint* cloneInto(void* place) const override { return new (place) ruled(*this); }
  std::size_t sizeOf() const override { return sizeof *this; }

  Rule rule_;
};

template <class Rule>
class rule_builder final : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter& parameter) const override {
    return new ruled<Rule>(Rule(parameter));
  }
};

/// `multipleOf`: valijson cuts the fraction of a value off before it divides by an integer, and finds that 1234.56 is
/// no multiple of 0.01.
class multiple_of {
 public:
  explicit multiple_of(const valijson::adapters::Adapter& divisor) : divisor_(divisor.asDouble()) {}

  bool holds(const valijson::adapters::Adapter& value) const {
    if (!value.isNumber()) return true;
    constexpr double exact = 9007199254740992;  // 2^53
    if (value.isInteger() && std::trunc(divisor_) == divisor_ && divisor_ <= exact)
      return value.asInteger() % static_cast<std::int64_t>(divisor_) == 0;
    const double v = value.asDouble();
    // Both are the nearest to their decimals, so their multiple may miss by as much.
    const double multiple = std::round(v / divisor_) * divisor_;
    return std::abs(v - multiple) <= 2 * std::numeric_limits<double>::epsilon() * std::abs(v);
  }
  std::string complaint() const { return concat("expected a multiple of ", dump_json(with_plain_numbers(divisor_))); }

 private:
  double divisor_;
};

/// `pattern`: valijson matches bytes, so that `.` and `[ä]` are not characters.
class matching {
 public:
  explicit matching(const valijson::adapters::Adapter& pattern) : pattern_(compile_pattern(pattern.asString())) {}

  bool holds(const valijson::adapters::Adapter& value) const {
    return !value.isString() || std::regex_search(code_points(value.asString()), pattern_);
  }
  std::string complaint() const { return "the text does not match its 'pattern'"; }

 private:
  std::wregex pattern_;
};

}  // namespace corchestra::detail

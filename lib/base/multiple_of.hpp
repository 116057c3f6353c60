#pragma once

#include <cmath>
#include <limits>
#include <new>

#include <valijson/constraint_builder.hpp>
#include <valijson/constraints/concrete_constraints.hpp>
#include <valijson/internal/adapter.hpp>
#include <valijson/validation_results.hpp>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "base/schema_rewrite.hpp"

namespace corchestra::detail {

/// `multipleOf` for decimals: valijson cuts the fraction of a value off before it divides by an integer, and finds
/// that 1234.56 is no multiple of 0.01.
class multiple_of final : public valijson::constraints::PolyConstraint {
 public:
  explicit multiple_of(double divisor) : divisor_(divisor) {}

  bool validate(const valijson::adapters::Adapter& value, const std::vector<std::string>& place,
                valijson::ValidationResults* findings) const override {
    if (!value.isNumber() || holds(value)) return true;
    if (findings)
      findings->pushError(place, concat("expected a multiple of ", dump_json(with_plain_numbers(divisor_))));
    return false;
  }

 private:
  bool holds(const valijson::adapters::Adapter& value) const {
    constexpr double exact = 9007199254740992;  // 2^53
    if (value.isInteger() && std::trunc(divisor_) == divisor_ && divisor_ <= exact)
      return value.asInteger() % static_cast<std::int64_t>(divisor_) == 0;
    const double v = value.asDouble();
    // Both are the nearest to their decimals, so their multiple may miss by as much.
    const double multiple = std::round(v / divisor_) * divisor_;
    return std::abs(v - multiple) <= 2 * std::numeric_limits<double>::epsilon() * std::abs(v);
  }

  Constraint* cloneInto(void* place) const override { return new (place) multiple_of(*this); }
  std::size_t sizeOf() const override { return sizeof *this; }

  double divisor_;
};

class multiple_of_builder final : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter& divisor) const override {
    return new multiple_of(divisor.asDouble());
  }
};

}  // namespace corchestra::detail

#include "core/budget_account.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <corchestra/base/text.hpp>

#include "core/budget_words.hpp"

namespace corchestra::detail {

namespace {

// One of the two things a budget counts.
struct measure {
  std::optional<std::int64_t> limit;
  std::int64_t spent, reserved, amount, own;
  bool money;

  budget_account::room room() const noexcept {
    using enum budget_account::room;
    if (!limit) return now;
    if (spent >= *limit) return never;
    const std::int64_t left = *limit - spent;
    if (own > left || amount > left - own) return never;
    return reserved > left || amount > left - reserved ? later : now;
  }

  std::optional<std::int64_t> rest() const noexcept {
    if (!limit) return std::nullopt;
    if (spent >= *limit) return 0;
    const std::int64_t left = *limit - spent;
    return std::min(left, left - std::min(left, reserved) + own);
  }

  std::string text(std::int64_t n) const { return money ? dollars(n) : grouped(n); }

  std::string in_words(std::string_view whose) const {
    std::string out = concat(whose, " budget of ", text(*limit), money ? "" : *limit == 1 ? " token" : " tokens");
    if (spent >= *limit) {
      out += " is used up";
      if (spent > *limit) out += concat(" (", text(spent), money || spent == 1 ? " was" : " were", " spent)");
      return out;
    }
    out += concat(" has ", text(*limit - spent), " left");
    if (room() == budget_account::room::later) {
      out += concat(", ", text(reserved), " of it reserved by running tasks,");
    } else if (own > 0) {
      out += concat(", ", text(own), " of it reserved by the same task,");
    }
    return out + concat(" and ", text(amount), money || amount == 1 ? " is needed" : " are needed");
  }
};

std::array<measure, 2> measures(const budget_status& s, const budget_amount& amount,
                                const budget_amount& own) noexcept {
  return {measure{s.limit.tokens, s.spent.tokens, s.reserved.tokens, amount.tokens, own.tokens, false},
          measure{s.limit.micro_dollars, s.spent.micro_dollars, s.reserved.micro_dollars, amount.micro_dollars,
                  own.micro_dollars, true}};
}

}  // namespace

budget_account::room budget_account::room_for(const budget_amount& amount, const budget_amount& own) const noexcept {
  const auto [tokens, money] = measures(status, amount, own);
  return std::max(tokens.room(), money.room());
}

std::string budget_account::in_the_way(std::string_view whose, const budget_amount& amount,
                                       const budget_amount& own) const {
  const auto [tokens, money] = measures(status, amount, own);
  return tokens.room() >= money.room() ? tokens.in_words(whose) : money.in_words(whose);
}

void budget_account::reserve(const budget_amount& amount) noexcept { status.reserved += amount; }

void budget_account::release(const budget_amount& amount) noexcept {
  status.reserved.tokens -= std::min(status.reserved.tokens, amount.tokens);
  status.reserved.micro_dollars -= std::min(status.reserved.micro_dollars, amount.micro_dollars);
}

void budget_account::spend(const budget_amount& amount) noexcept { status.spent += amount; }

budget_limit budget_account::left(const budget_amount& own) const noexcept {
  const auto [tokens, money] = measures(status, {}, own);
  return {tokens.rest(), money.rest()};
}

bool budget_account::spent_part(double part) const noexcept {
  for (const measure& m : measures(status, {}, {})) {
    if (!m.limit || m.spent <= 0) continue;
    // 0.07 of 100 is a little more than 7 in binary: within a billionth counts.
    const double level = part * static_cast<double>(*m.limit);
    if (part >= 1 ? m.spent >= *m.limit : static_cast<double>(m.spent) >= level - level * 1e-9) return true;
  }
  return false;
}

}  // namespace corchestra::detail

#pragma once

#include <memory>
#include <optional>

#include <corchestra/llm/chat.hpp>
#include <corchestra/llm/price_table.hpp>

#include "batch/batch_totals.hpp"
#include "batch/cost_bound.hpp"
#include "llm/price_finder.hpp"

namespace corchestra::batch {

/// What a batch has spent and may spend: reserved before a try at the most that it can cost, settled after it at what
/// it did cost. Pure.
class spending {
 public:
  spending(std::optional<llm::money> budget, std::shared_ptr<const llm::price_table> prices, batch_totals& totals)
      : budget_(budget),
        prices_(std::move(prices)),
        price_asked_(prices_.get()),
        price_served_(prices_.get()),
        totals_(totals) {}

  /// Of one try. False: it might cost more than is left.
  bool reserve(const request_line& line);
  /// It ended: `status` 0 when no reply came, `sent` when the endpoint may have begun to work all the same.
  void settle(const request_line& line, int status, bool sent, const llm::billed_call& billed);
  /// It ended without anything to pay.
  void release(const request_line& line);
  bool anything_reserved() const noexcept { return reserved_ > llm::money(); }
  /// What is not in the totals that were saved and cannot be found in the results: reserved, and taken at its most
  /// since.
  llm::money exposed() const { return reserved_ + taken_at_most_; }
  void totals_saved() noexcept { taken_at_most_ = {}; }

 private:
  std::optional<llm::money> bound(const request_line& line);
  std::optional<llm::money> cost(const request_line& line, const llm::billed_call& billed);

  std::optional<llm::money> budget_;
  std::shared_ptr<const llm::price_table> prices_;
  llm::price_finder price_asked_, price_served_;  // by the model's name in requests, and in replies
  batch_totals& totals_;
  llm::money reserved_, taken_at_most_;
};

}  // namespace corchestra::batch

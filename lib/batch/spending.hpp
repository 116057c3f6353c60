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
        bounds_(prices_.get()),
        totals_(totals) {}

  /// Of one try. False: it might cost more than is left.
  bool reserve(const request_line& line);
  /// It ended: `status` 0 when no reply came, `sent` when the endpoint may have begun to work all the same. `last`: its
  /// reply will be found in the results.
  void settle(const request_line& line, int status, bool sent, const llm::billed_call& billed, bool last = true);
  /// It ended without anything to pay.
  void release(const request_line& line);
  const llm::money& reserved() const noexcept { return reserved_; }
  bool anything_reserved() const noexcept { return reserved_ > llm::money(); }
  /// What is neither in the totals that were saved nor can be found in the results: what is reserved, what was settled
  /// since and is no result, and results that are not written.
  llm::money exposed() const { return reserved_ + unrecorded_ + unwritten_; }
  void results_written() noexcept { unwritten_ = {}; }
  void totals_saved() noexcept { unrecorded_ = unwritten_ = {}; }
  /// The budget less what was spent.
  llm::money unspent() const;

 private:
  std::optional<llm::money> bound(const request_line& line);
  std::optional<llm::money> cost(const request_line& line, const llm::billed_call& billed);

  std::optional<llm::money> budget_;
  std::shared_ptr<const llm::price_table> prices_;
  llm::price_finder price_asked_, price_served_;  // by the model's name in requests, and in replies
  llm::bound_finder bounds_;
  batch_totals& totals_;
  llm::money reserved_, unrecorded_, unwritten_;
};

}  // namespace corchestra::batch

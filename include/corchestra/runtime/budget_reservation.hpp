#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <corchestra/core/budget.hpp>

namespace corchestra {

namespace detail {
struct attempt;
}

/// What a running task has taken from its budgets for one step (`task_context::reserve`). Settled by what the step
/// really cost; given back when it is destroyed without that. What is still held when the attempt ends counts as spent,
/// and every operation does nothing after that. Move-only; of the run's strand.
class budget_reservation {
 public:
  budget_reservation() = default;
  budget_reservation(budget_reservation&& o) noexcept
      : attempt_(std::move(o.attempt_)), id_(std::exchange(o.id_, 0)), most_(o.most_) {}
  budget_reservation& operator=(budget_reservation&& o) noexcept {
    if (this == &o) return *this;
    give_back();
    attempt_ = std::move(o.attempt_);
    id_ = std::exchange(o.id_, 0);
    most_ = o.most_;
    return *this;
  }
  ~budget_reservation() { give_back(); }

  /// What was asked for.
  const budget_amount& most() const noexcept { return most_; }
  /// Something is still reserved: there is a budget, and it is not settled.
  bool held() const noexcept { return id_ != 0; }

  /// The step has cost this: the rest is free at once. More than was reserved counts all the same.
  void settle(const budget_amount& spent);
  /// The step may have cost anything up to the reserve: all of it counts as spent.
  void settle_all() { settle(most_); }

 private:
  friend class task_context;
  budget_reservation(std::shared_ptr<detail::attempt> a, std::uint64_t id, const budget_amount& most)
      : attempt_(std::move(a)), id_(id), most_(most) {}
  void give_back() noexcept;

  std::shared_ptr<detail::attempt> attempt_;
  std::uint64_t id_ = 0;
  budget_amount most_;
};

}  // namespace corchestra

#include <corchestra/runtime/budget_reservation.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <corchestra/runtime/task_context.hpp>

#include "runtime/run_impl.hpp"

namespace corchestra {

namespace detail {

std::shared_ptr<awaited_grant> run_impl::await_grant(std::uint64_t reservation) {
  return awaited_grants_[reservation] = std::make_shared<awaited_grant>();
}

void run_impl::wait_for_grant(const std::shared_ptr<awaited_grant>& grant, plain_handler handler) {
  if (grant->told) return complete(strand_, std::move(handler));
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([run = weak_from_this(), waiting = std::weak_ptr<awaited_grant>(grant)](asio::cancellation_type) {
      const auto self = run.lock();
      const auto g = waiting.lock();
      if (self && g && g->handler) complete(self->strand_, std::move(g->handler), asio::error::operation_aborted);
    });
  }
  grant->handler = std::move(handler);
}

void run_impl::tell_grants() {
  for (auto& g : scheduler_.take_grants()) {
    const auto it = awaited_grants_.find(g.reservation);
    if (it == awaited_grants_.end()) continue;
    const auto waiting = std::move(it->second);
    awaited_grants_.erase(it);
    waiting->told = true;
    waiting->refused = std::move(g.refused);
    if (waiting->handler) complete(strand_, std::move(waiting->handler));
  }
}

void run_impl::give_back(std::uint64_t reservation) noexcept {
  awaited_grants_.erase(reservation);
  if (ending_) return;
  scheduler_.settle(reservation, std::nullopt, now());
  // Posted: this may be a frame that is being destroyed.
  asio::post(strand_, [self = shared_from_this()] {
    if (!self->ending_) self->after_event();
  });
}

}  // namespace detail

void budget_reservation::settle(const budget_amount& spent) {
  const auto a = std::move(attempt_);
  if (const auto id = std::exchange(id_, 0); id != 0 && a->live) {
    a->run->machine().settle(id, spent, a->run->now());
    a->run->after_event();
  }
}

void budget_reservation::give_back() noexcept {
  const auto a = std::move(attempt_);
  if (const auto id = std::exchange(id_, 0); id != 0 && a->live) a->run->give_back(id);
}

namespace {

result<scheduler::reservation> reserve_now(detail::attempt& a, const budget_amount& most, bool may_wait) {
  if (!a.live) return fail(errc::not_running, "this attempt has ended");
  auto& r = *a.run;
  auto taken = r.machine().reserve(a.task, a.number, most, may_wait, r.now());
  // A refusal may have stopped others, or opened the way for them.
  if (!taken || (!taken->waits && r.machine().has_requests())) r.after_event();
  return taken;
}

}  // namespace

awaitable<result<budget_reservation>> task_context::reserve(budget_amount most) {
  const auto a = attempt_;
  const auto taken = reserve_now(*a, most, true);
  if (!taken) co_return taken.error();
  budget_reservation mine(a, taken->id, most);
  if (!taken->waits) co_return std::move(mine);
  const auto grant = a->run->await_grant(taken->id);
  const auto over = [&mine](bool cut) {
    if (cut) mine.give_back();
    return true;
  };
  auto granted =
      detail::suspend([a, grant](detail::plain_handler handler) { a->run->wait_for_grant(grant, std::move(handler)); });
  co_await wait_for(wait_reason::budget, std::move(granted), over);
  if (grant->refused) co_return *grant->refused;
  co_return std::move(mine);
}

result<budget_reservation> task_context::try_reserve(budget_amount most) {
  const auto taken = reserve_now(*attempt_, most, false);
  if (!taken) return taken.error();
  return budget_reservation(attempt_, taken->id, most);
}

budget_limit task_context::budget_left() const {
  return attempt_->live ? attempt_->run->machine().budget_left(attempt_->task) : budget_limit{};
}

}  // namespace corchestra

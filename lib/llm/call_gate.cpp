#include <corchestra/llm/call_gate.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "async/shared_timer.hpp"
#include "async/shutdown_service.hpp"

namespace corchestra::llm {

namespace {
using entry_handler = asio::any_completion_handler<void(boost::system::error_code, result<call_gate::permit>)>;
}

struct call_gate::impl : corchestra::detail::shutdown_listener, std::enable_shared_from_this<call_gate::impl> {
  struct waiter final : corchestra::detail::shutdown_listener {
    waiter(std::weak_ptr<impl> g, limiter::call_id c) : gate(std::move(g)), call(c) {}
    void shutdown() noexcept override {
      if (const auto g = gate.lock()) g->lose(*this);
    }
    const std::weak_ptr<impl> gate;
    const limiter::call_id call;
    entry_handler handler;
    any_io_executor work;  // keeps the context running while it waits
  };
  using waiter_ptr = std::shared_ptr<waiter>;
  struct outcome {
    waiter_ptr who;
    boost::system::error_code ec;
    result<permit> what;
  };

  // The moment at which a call may go out though nothing else happens.
  struct alarm : corchestra::detail::shared_timer::client {
    alarm(const any_io_executor& executor, std::weak_ptr<impl> gate) : client(executor), gate(std::move(gate)) {}
    ~alarm() override { clear(); }
    std::function<void()> when_due() override {
      return [gate = gate] {
        if (const auto g = gate.lock()) g->pump();
      };
    }
    std::weak_ptr<impl> gate;
  };

  explicit impl(limiter_options o) : limits(o, {}), options(o) {}

  permit grant(limiter::call_id call) {
    permit p;
    p.gate_ = shared_from_this();
    p.call_ = call;
    return p;
  }

  static void complete(outcome o) {
    const any_io_executor executor = o.who->work;  // GCC moves `o` into the function before it looks at other arguments
    asio::post(executor, [o = std::move(o)]() mutable {
      auto handler = std::move(o.who->handler);
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.clear();
      o.who->work = any_io_executor();
      std::move(handler)(o.ec, std::move(o.what));
    });
  }

  static const asio::execution_context* context_of(const any_io_executor& executor) {
    return &asio::query(executor, asio::execution::context);
  }

  // Its context has the clock and the alarm from now on.
  void move_to(const any_io_executor& executor) {
    home = context_of(executor);
    clock = &time_service::of(executor);
    wake = std::make_unique<alarm>(executor, weak_from_this());
    corchestra::detail::shutdown_service::of(executor).add(weak_from_this());
  }

  void wait(const call_request& request, any_io_executor executor, entry_handler handler) {
    std::unique_lock lock(mutex);
    if (!clock) {
      move_to(executor);
      limits = limiter(options, clock->now());
    }
    const auto call = limits.ask(request, clock->now());
    auto w = std::make_shared<waiter>(weak_from_this(), call);
    corchestra::detail::shutdown_service::of(executor).add(w);
    w->work = asio::prefer(std::move(executor), asio::execution::outstanding_work.tracked);
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this(), call](asio::cancellation_type type) {
        if (const auto g = weak.lock(); g && type != asio::cancellation_type::none) g->drop(call);
      });
    }
    w->handler = std::move(handler);
    waiters.emplace(call, std::move(w));
    serve(std::move(lock));
  }

  void drop(limiter::call_id call) {
    std::unique_lock lock(mutex);
    const auto it = waiters.find(call);
    if (it == waiters.end()) return;  // it has its permit, and will see it
    outcome o{std::move(it->second), asio::error::operation_aborted, permit()};
    waiters.erase(it);
    limits.cancel(call);
    serve(std::move(lock));
    complete(std::move(o));
  }

  void ended(limiter::call_id call, const call_report& report) {
    std::unique_lock lock(mutex);
    if (!clock) return;
    limits.ended(call, report, clock->now());
    serve(std::move(lock));
  }

  void pump() {
    std::unique_lock lock(mutex);
    if (clock) serve(std::move(lock));
  }

  void serve(std::unique_lock<std::mutex> lock) {
    std::vector<outcome> ready;
    const time_point now = clock->now();
    if (const auto& why = limits.closed(now)) {
      for (auto& [call, w] : std::exchange(waiters, {})) {
        limits.cancel(call);
        ready.push_back({std::move(w), {}, *why});
      }
    }
    while (const auto call = limits.next(now)) {
      const auto it = waiters.find(*call);
      ready.push_back({std::move(it->second), {}, grant(*call)});
      waiters.erase(it);
    }
    while (auto lost = limits.give_up(now)) {
      const auto it = waiters.find(lost->call);
      ready.push_back({std::move(it->second), {}, std::move(lost->why)});
      waiters.erase(it);
    }
    const time_point due = waiters.empty() ? time_point::max() : limits.next_time(now);
    if (due == time_point::max()) {
      wake->clear();
    } else {
      wake->set(due);
    }
    lock.unlock();
    for (auto& o : ready) complete(std::move(o));
  }

  // The context that has the clock goes, with those who wait there. Where nobody waits in another one, the next begins anew.
  void shutdown() noexcept override {
    std::vector<waiter_ptr> lost;  // freed after the lock: frames may give permits back
    std::unique_lock lock(mutex);
    wake.reset();
    clock = nullptr;
    for (auto it = waiters.begin(); it != waiters.end();) {
      if (context_of(it->second->work) != home) {
        ++it;
        continue;
      }
      limits.cancel(it->first);
      lost.push_back(std::move(it->second));
      it = waiters.erase(it);
    }
    if (waiters.empty()) return;
    move_to(waiters.begin()->second->work);
    serve(std::move(lock));
  }

  // The context of this one goes.
  void lose(const waiter& w) noexcept {
    entry_handler lost;  // freed after the lock: frames may give permits back
    std::unique_lock lock(mutex);
    const auto it = waiters.find(w.call);
    if (it == waiters.end() || it->second.get() != &w) return;
    lost = std::move(it->second->handler);
    it->second->work = any_io_executor();
    waiters.erase(it);
    limits.cancel(w.call);
    if (clock) serve(std::move(lock));
  }

  mutable std::mutex mutex;
  limiter limits;
  limiter_options options;
  const asio::execution_context* home = nullptr;  // that has the clock
  time_service* clock = nullptr;
  std::unique_ptr<alarm> wake;
  std::unordered_map<limiter::call_id, waiter_ptr> waiters;
};

call_gate::permit& call_gate::permit::operator=(permit&& o) noexcept {
  if (this != &o) {
    report({.answer = endpoint_answer::none});
    gate_ = std::move(o.gate_);
    call_ = o.call_;
  }
  return *this;
}

void call_gate::permit::report(const call_report& r) noexcept {
  if (auto gate = std::exchange(gate_, nullptr)) std::static_pointer_cast<impl>(gate)->ended(call_, r);
}

call_gate::call_gate(limiter_options options) : impl_(std::make_shared<impl>(options)) {}

awaitable<result<call_gate::permit>> call_gate::enter(call_request request) {
  const auto gate = impl_;
  const any_io_executor executor = co_await asio::this_coro::executor;
  result<permit> entry =
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code, result<permit>)>(
          [gate, request, executor](auto handler) { gate->wait(request, executor, std::move(handler)); },
          asio::use_awaitable);
  co_return entry;
}

call_gate::permit call_gate::try_enter(const call_request& request, time_point now) {
  std::lock_guard lock(impl_->mutex);
  if (!impl_->clock || !impl_->waiters.empty() || impl_->limits.closed(now)) return {};
  const auto call = impl_->limits.ask(request, now);
  if (impl_->limits.next(now)) return impl_->grant(call);
  impl_->limits.cancel(call);
  return {};
}

limiter_status call_gate::status(time_point now) const {
  std::lock_guard lock(impl_->mutex);
  return impl_->limits.status(now);
}

}  // namespace corchestra::llm

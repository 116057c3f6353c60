#include <atomic>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <queue>
#include <stdexcept>

#include <corchestra/testing/virtual_time.hpp>

#include "testing/permuting_executor.hpp"

namespace corchestra::testing {

namespace {

using wait_handler = asio::any_completion_handler<void(boost::system::error_code)>;

struct wait {
  time_point due{};
  std::uint64_t seq = 0;
  wait_handler handler;
  any_io_executor executor;

  void complete(boost::system::error_code ec) {
    if (!handler) return;
    asio::post(executor, [h = std::move(handler), ec, fallback = executor]() mutable {
      auto ex = asio::get_associated_executor(h, fallback);
      asio::dispatch(ex, [h = std::move(h), ec]() mutable {
        auto slot = asio::get_associated_cancellation_slot(h);
        if (slot.is_connected()) slot.clear();
        std::move(h)(ec);
      });
    });
    handler = nullptr;
  }
};

struct later {
  bool operator()(const std::shared_ptr<wait>& a, const std::shared_ptr<wait>& b) const {
    return std::tie(a->due, a->seq) > std::tie(b->due, b->seq);
  }
};

struct virtual_clock {
  time_point now{};
  std::uint64_t next_seq = 0;
  std::priority_queue<std::shared_ptr<wait>, std::vector<std::shared_ptr<wait>>, later> waits;
  std::atomic<int> holds{0};

  std::shared_ptr<wait> next() {
    while (!waits.empty() && !waits.top()->handler) waits.pop();
    return waits.empty() ? nullptr : waits.top();
  }

  /// Takes out the next, or with `order` any of those that are due with it.
  std::shared_ptr<wait> take(permuted_queue* order) {
    std::vector<std::shared_ptr<wait>> due{next()};
    waits.pop();
    if (!order) return due.front();
    for (auto w = next(); w && w->due == due.front()->due; w = next()) {
      due.push_back(w);
      waits.pop();
    }
    std::swap(due[order->choose(due.size())], due.back());
    for (std::size_t i = 0; i + 1 < due.size(); ++i) waits.push(due[i]);
    return due.back();
  }
};

class virtual_timer final : public timer {
 public:
  virtual_timer(std::shared_ptr<virtual_clock> clock, any_io_executor executor)
      : clock_(std::move(clock)), executor_(std::move(executor)) {}
  ~virtual_timer() override {
    if (pending_) pending_->handler = nullptr;  // not completed: its owner is going away, maybe with the whole context
  }

  void async_wait_until(time_point due, wait_handler handler) override {
    cancel();
    pending_ = std::make_shared<wait>();
    pending_->due = due;
    pending_->seq = clock_->next_seq++;
    pending_->executor = executor_;
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr<wait>(pending_)](asio::cancellation_type) {
        if (const auto w = weak.lock()) w->complete(asio::error::operation_aborted);
      });
    }
    pending_->handler = std::move(handler);
    clock_->waits.push(pending_);
  }

  void cancel() override {
    if (pending_) pending_->complete(asio::error::operation_aborted);
    pending_.reset();
  }

 private:
  std::shared_ptr<virtual_clock> clock_;
  any_io_executor executor_;
  std::shared_ptr<wait> pending_;
};

class virtual_source final : public time_source {
 public:
  virtual_source(std::shared_ptr<virtual_clock> clock, asio::io_context& context)
      : clock_(std::move(clock)), context_(context) {}
  time_point now() const override { return clock_->now; }
  wall_time wall_now() const override {
    using namespace std::chrono;
    return sys_days{year{2026} / January / 1} + duration_cast<milliseconds>(clock_->now.time_since_epoch());
  }
  std::unique_ptr<timer> make_timer(any_io_executor executor) override {
    return std::make_unique<virtual_timer>(clock_, std::move(executor));
  }
  void hold() noexcept override { ++clock_->holds; }
  void release() noexcept override {
    if (--clock_->holds == 0) asio::post(context_, [] {});  // wakes a driver that waits for outside events
  }

 private:
  std::shared_ptr<virtual_clock> clock_;
  asio::io_context& context_;
};

}  // namespace

struct virtual_time_context::impl {
  std::shared_ptr<virtual_clock> clock = std::make_shared<virtual_clock>();
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::shared_ptr<permuted_queue> order;  // with a seed

  void poll() {
    context.restart();
    do {
      context.poll();
    } while (order && order->run_one());
  }
};

virtual_time_context::virtual_time_context() : impl_(std::make_unique<impl>()) {
  asio::use_service<time_service>(impl_->context)
      .install(std::make_unique<virtual_source>(impl_->clock, impl_->context));
}

virtual_time_context::virtual_time_context(std::uint64_t order_seed) : virtual_time_context() {
  impl_->order = std::make_shared<permuted_queue>(order_seed);
}

virtual_time_context::~virtual_time_context() {
  impl_->work.reset();
  if (impl_->order) impl_->order->close();
  // Handlers own timers and coroutine frames: let go of them while the clock is alive.
  auto waits = std::move(impl_->clock->waits);
  while (!waits.empty()) {
    waits.top()->handler = nullptr;
    waits.pop();
  }
}

asio::io_context& virtual_time_context::context() noexcept { return impl_->context; }
any_io_executor virtual_time_context::executor() noexcept {
  if (impl_->order) return permuting_executor(impl_->context, impl_->order);
  return impl_->context.get_executor();
}
time_point virtual_time_context::now() const { return impl_->clock->now; }
std::uint64_t virtual_time_context::order() const noexcept { return impl_->order ? impl_->order->order() : 0; }

std::size_t virtual_time_context::run() {
  std::size_t moves = 0;
  drive([] { return false; }, duration::max(), &moves);
  return moves;
}

void virtual_time_context::advance(duration d) {
  const time_point target = now() + d;
  drive(
      [&] {
        const auto next = impl_->clock->next();
        return impl_->clock->holds == 0 && (!next || next->due > target);
      },
      duration::max(), nullptr);
  impl_->clock->now = target;
}

void virtual_time_context::drive(const std::function<bool()>& done, duration limit, std::size_t* moves) {
  const time_point start = now();
  for (;;) {
    impl_->poll();
    if (done()) return;
    if (impl_->clock->holds > 0) {
      impl_->context.run_one();
      continue;
    }
    const auto next = impl_->clock->next();
    if (!next) return;
    if (limit != duration::max() && next->due > start && next->due - start > limit) {  // it may be time_point::min()
      throw std::runtime_error("virtual time passed the limit of " + corchestra::to_text(limit));
    }
    const auto fired = impl_->clock->take(impl_->order.get());
    if (fired->due > now()) {
      impl_->clock->now = fired->due;
      if (moves) ++*moves;
    }
    fired->complete({});
  }
}

}  // namespace corchestra::testing

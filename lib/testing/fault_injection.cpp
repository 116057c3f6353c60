#include <boost/asio/this_coro.hpp>
#include <stdexcept>

#include <corchestra/async/sleep.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/testing/fault_injection.hpp>

#include "testing/seeded_random.hpp"

namespace corchestra::testing {

namespace {
constexpr duration for_ever = std::chrono::hours(24 * 365 * 10);
}

std::string_view to_string(fault::kind k) noexcept {
  constexpr std::string_view names[] = {"fail", "throws", "cut", "stall", "deaf", "slow", "cancel_task", "cancel_run"};
  return names[static_cast<std::size_t>(k)];
}

faulty_agent& faulty_agent::at_step(std::size_t k, fault f) {
  by_step_[k] = std::move(f);
  return *this;
}

faulty_agent& faulty_agent::on(std::string task, std::uint32_t attempt, fault f) {
  by_task_[{std::move(task), attempt}] = std::move(f);
  return *this;
}

faulty_agent& faulty_agent::by_chance(std::uint64_t seed, double probability, std::vector<fault> choices) {
  seed_ = seed;
  probability_ = probability;
  choices_ = std::move(choices);
  return *this;
}

std::optional<fault> faulty_agent::choose(const task_context& context) {
  const std::size_t step = ++steps_;
  if (const auto f = by_step_.find(step); f != by_step_.end()) return f->second;
  const auto& id = context.task().id;
  if (const auto f = by_task_.find({id, context.attempt()}); f != by_task_.end()) return f->second;
  if (choices_.empty()) return std::nullopt;
  seeded_random random(stable_hash(id, seed_ * 1'000'003 + context.attempt()));
  if (random.uniform() >= probability_) return std::nullopt;
  return choices_[random.below(choices_.size())];
}

awaitable<result<task_output>> faulty_agent::run(task_context context) {
  std::optional<fault> f = choose(context);
  if (!f) co_return co_await inner_->run(std::move(context));
  co_return co_await suffer(std::move(context), std::move(*f));
}

awaitable<result<task_output>> faulty_agent::suffer(task_context context, fault f) {
  using kind = fault::kind;
  const auto strike_now = [&] { strikes_.push_back({context.task().id, context.attempt(), f.what}); };
  if (f.what == kind::slow) {
    strike_now();
    result<task_output> answer = co_await inner_->run(context);
    co_await sleep_for(f.by);
    co_return answer;
  }
  if (f.what == kind::cancel_task || f.what == kind::cancel_run) {
    // Asked for from outside: the request and the agent go on side by side.
    const auto executor = co_await asio::this_coro::executor;
    scope beside(executor);
    beside.spawn([&]() -> awaitable<void> {
      co_await sleep_for(f.after);
      if (!run_) co_return;
      strike_now();
      if (f.what == kind::cancel_run) {
        run_->request_cancel("fault injection");
      } else {
        co_await run_->cancel_task(context.task().id, "fault injection");
      }
    });
    std::exception_ptr thrown;
    std::optional<result<task_output>> answer;
    try {
      answer.emplace(co_await inner_->run(context));
    } catch (...) {
      thrown = std::current_exception();
    }
    beside.cancel();
    co_await beside.join();
    if (thrown) std::rethrow_exception(thrown);
    co_return std::move(*answer);
  }
  if (f.after > duration::zero()) {
    bool ended = false;
    auto work = [&]() -> awaitable<result<task_output>> {
      result<task_output> answer = co_await inner_->run(context);
      ended = true;
      co_return answer;
    };
    result<task_output> answer = co_await timeout<task_output>(f.after, "the agent", work);
    if (ended) co_return answer;
  }
  strike_now();
  switch (f.what) {
    case kind::throws:
      throw std::runtime_error("fault injection: thrown");
    case kind::cut:
      co_return fail(errc::connection_lost, "fault injection: cut off without an answer", retry_class::transient);
    case kind::deaf:
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      co_await sleep_for(f.by);
      co_return fail(errc::task_failed, "fault injection: deaf until now");
    case kind::stall:
      co_await sleep_for(for_ever);
      break;
    default:
      break;
  }
  co_return f.with ? *f.with : fail(errc::task_failed, "fault injection: failed", retry_class::transient);
}

}  // namespace corchestra::testing

#include <catch2/catch_test_macros.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <corchestra/async/sleep.hpp>
#include <corchestra/testing/interleaving_explorer.hpp>

#include "support/plans.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using testing::interleaving_explorer;
using testing::virtual_time_context;
using tests::plan;
using tests::task;

namespace {

void must(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

/// Two deposits; each reads the balance, thinks, and writes: a lost update when they overlap in the wrong order.
void lost_update(virtual_time_context& time) {
  int balance = 0;
  const auto deposit = [&]() -> awaitable<void> {
    const int read = balance;
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    balance = read + 1;
  };
  for (int i = 0; i < 2; ++i) asio::co_spawn(time.executor(), deposit, [](std::exception_ptr) {});
  time.run();
  must(balance == 2, "a deposit is lost");
}

/// A task of 10 s and its cancellation at 10 s.
void cancelled_as_it_ends(virtual_time_context& time, bool& completed) {
  auto agent = std::make_shared<testing::scripted_agent>(testing::scripted_step{10s});
  orchestrator o(time.executor());
  o.agents().add("a", agent);
  auto all = [&]() -> awaitable<run_result> {
    auto r = o.start(plan({task("one"), task("two", {"one"})})).value();
    co_await sleep_for(10s);
    co_await r.cancel_task("one");
    co_return co_await r.wait();
  };
  const auto r = time.run(all());
  const auto &one = *r.find("one"), &two = *r.find("two");
  completed = one.success();
  must(one.success() || one.state == task_state::cancelled, "it ends one way or the other");
  must(two.state == (one.success() ? task_state::completed : task_state::skipped), "what follows agrees with it");
  must(agent->log().size() == (one.success() ? 2u : 1u), "no attempt is repeated");
}

}  // namespace

TEST_CASE("the explorer finds an order that breaks the scenario, and its seed breaks it again") {
  const auto found = interleaving_explorer(200).explore(lost_update);
  REQUIRE_FALSE(found.ok());
  CHECK(found.failure == "a deposit is lost");
  CHECK_THROWS_AS(interleaving_explorer::replay(*found.failing_seed, lost_update), std::logic_error);
}

TEST_CASE("timers that are due together fire in every order, later ones never before") {
  std::set<std::string> orders;
  const auto found = interleaving_explorer(300).explore([&](virtual_time_context& time) {
    std::string order;
    for (const char name : {'a', 'b', 'c', 'z'}) {
      asio::co_spawn(
          time.executor(),
          [&order, name]() -> awaitable<void> {
            co_await sleep_for(name == 'z' ? 2s : 1s);
            order += name;
          },
          [](std::exception_ptr) {});
    }
    time.run();
    must(order.size() == 4 && order.back() == 'z', "the later timer fired first");
    orders.insert(order);
  });
  CHECK(found.ok());
  CHECK(orders.size() == 6);
}

TEST_CASE("without a seed the order is the one of posting") {
  virtual_time_context time;
  CHECK(time.order() == 0);
}

TEST_CASE("[L8] a cancellation and the completion in the same moment: whichever comes first, the run is consistent") {
  std::size_t completed = 0, cancelled = 0;
  const auto found = interleaving_explorer(300).explore([&](virtual_time_context& time) {
    bool won = false;
    cancelled_as_it_ends(time, won);
    ++(won ? completed : cancelled);
  });
  CHECK(found.ok());
  CHECK(found.orders > 2);
  CHECK(completed > 0);
  CHECK(cancelled > 0);
}

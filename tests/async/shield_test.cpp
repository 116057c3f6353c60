#include <corchestra/async/shield.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/testing/virtual_time.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

TEST_CASE("a clean-up runs to its end after a cancellation, which then takes effect") {
  testing::virtual_time_context time;
  std::vector<std::string> log;
  auto all = [&]() -> awaitable<void> {
    scope children(co_await asio::this_coro::executor);
    children.spawn([&]() -> awaitable<void> {
      const auto work = []() -> awaitable<int> {
        co_await sleep_for(1h);
        co_return 1;
      };
      const auto clean_up = [&]() -> awaitable<void> {
        log.emplace_back("cleaning");
        co_await sleep_for(2s);
        co_await sleep_for(1s);
        log.emplace_back("clean");
      };
      const int value = co_await with_clean_up(work, clean_up);
      log.push_back("not reached " + std::to_string(value));
    });
    co_await sleep_for(10s);
    children.cancel();
    co_await children.join();
  };
  time.run(all());
  CHECK(log == std::vector<std::string>{"cleaning", "clean"});
  CHECK(time.now() == time_point(13s));
}

TEST_CASE("a clean-up follows success and failure too, and the work's own end is what counts") {
  testing::virtual_time_context time;
  int cleaned = 0;
  std::string text;
  auto all = [&]() -> awaitable<int> {
    const auto clean_up = [&]() -> awaitable<void> {
      ++cleaned;
      co_await sleep_for(1s);
      throw std::runtime_error("clean-up");
    };
    try {
      co_await with_clean_up([]() -> awaitable<void> { throw std::runtime_error("work"); co_return; }, clean_up);
    } catch (const std::runtime_error& x) {
      text = x.what();
    }
    const int value = co_await with_clean_up([]() -> awaitable<int> { co_return 7; }, [&]() -> awaitable<void> {
      ++cleaned;
      co_return;
    });
    co_return value;
  };
  CHECK(time.run(all()) == 7);
  CHECK(cleaned == 2);
  CHECK(text == "work");
}

TEST_CASE("a shield hands over its value") {
  testing::virtual_time_context time;
  auto all = []() -> awaitable<int> {
    const int value = co_await shield([]() -> awaitable<int> {
      co_await sleep_for(1s);
      co_return 3;
    });
    co_return value;
  };
  CHECK(time.run(all()) == 3);
}

TEST_CASE("a cancellation that comes during the shield waits for its end") {
  testing::virtual_time_context time;
  std::vector<std::string> log;
  auto all = [&]() -> awaitable<void> {
    scope children(co_await asio::this_coro::executor);
    children.spawn([&]() -> awaitable<void> {
      co_await shield([]() -> awaitable<void> { co_await sleep_for(20s); });
      log.emplace_back("whole");
      co_await sleep_for(1s);
      log.emplace_back("not reached");
    });
    co_await sleep_for(10s);
    children.cancel();
    co_await children.join();
  };
  time.run(all());
  CHECK(log == std::vector<std::string>{"whole"});
  CHECK(time.now() == time_point(20s));
}

TEST_CASE("what shielded work throws is rethrown") {
  testing::virtual_time_context time;
  std::string text;
  auto all = [&]() -> awaitable<void> {
    try {
      co_await shield([]() -> awaitable<void> {
        co_await sleep_for(1s);
        throw std::runtime_error("broken");
      });
    } catch (const std::runtime_error& x) {
      text = x.what();
    }
  };
  time.run(all());
  CHECK(text == "broken");
}

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtime/run_strand.hpp"

using namespace corchestra;
using namespace std::chrono_literals;
using detail::run_strand;

namespace {

any_io_executor strand_of(asio::io_context& io, std::size_t patience) {
  return run_strand(io.get_executor(), patience);
}

/// Posts a step that posts the next, `left` of them in all.
void steps(const any_io_executor& on, int left, std::string& log) {
  asio::post(on, [on, left, &log] {
    log += 's';
    if (left > 1) steps(on, left - 1, log);
  });
}

}  // namespace

TEST_CASE("handlers of a run's strand run in the order in which they were posted") {
  asio::io_context io;
  const auto strand = strand_of(io, 4);
  std::string log;
  asio::post(strand, [&] {
    log += 'a';
    asio::post(strand, [&] { log += 'c'; });
    asio::post(strand, [&] { log += 'd'; });
  });
  asio::post(strand, [&] { log += 'b'; });
  io.run();
  CHECK(log == "abcd");
}

TEST_CASE("a run's strand keeps its turn for as many handlers as its patience, then others have theirs") {
  asio::io_context io;
  std::string log;
  steps(strand_of(io, 3), 5, log);
  asio::post(io, [&] { log += '-'; });
  io.run();
  CHECK(log == "sss-ss");
  log.clear();
  io.restart();
  steps(strand_of(io, 0), 3, log);
  asio::post(io, [&] { log += '-'; });
  io.run();
  CHECK(log == "s-ss");
}

namespace {

/// A clock that goes on by `step` each time it is looked at.
class stepping_source final : public time_source {
 public:
  explicit stepping_source(duration step) : step_(step) {}
  time_point now() const override { return now_ += step_; }
  wall_time wall_now() const override { return {}; }
  std::unique_ptr<timer> make_timer(any_io_executor) override { return nullptr; }

 private:
  const duration step_;
  mutable time_point now_{};
};

/// How many of a thousand steps are made before another handler of the context has its turn.
std::size_t steps_in_a_turn(std::size_t patience, duration step) {
  asio::io_context io;
  auto& clock = time_service::of(io.get_executor());
  clock.install(std::make_unique<stepping_source>(step));
  std::string log;
  steps(run_strand(io.get_executor(), patience, &clock), 1000, log);
  asio::post(io, [&] { log += '-'; });
  io.run();
  return log.find('-');
}

}  // namespace

TEST_CASE("a turn of quick handlers goes on for tens of microseconds, one of slow handlers is no longer than without a clock") {
  CHECK(steps_in_a_turn(4, 1ms) == 4);
  CHECK(steps_in_a_turn(4, 50us) == 4);
  CHECK(steps_in_a_turn(4, 20us) == 8);   // looked at after each half: 20, 40, 60
  CHECK(steps_in_a_turn(4, 10us) == 12);
  CHECK(steps_in_a_turn(4, 0us) == 34);   // a clock that stands still does not hold the context forever
  CHECK(steps_in_a_turn(1, 1ms) == 1);
}

TEST_CASE("what was there when the turn of a run's strand came runs in it, however much that is") {
  asio::io_context io;
  const auto strand = strand_of(io, 2);
  std::string log;
  for (int i = 0; i < 5; ++i) asio::post(strand, [&] { log += 's'; });
  asio::post(io, [&] { log += '-'; });
  io.run();
  CHECK(log == "sssss-");
}

TEST_CASE("many posts from outside and from within a run's strand keep their order over several turns") {
  asio::io_context io;
  const auto strand = strand_of(io, 2);
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    asio::post(strand, [&, i] {
      order.push_back(i);
      asio::post(strand, [&, i] { order.push_back(100 + i); });
    });
  }
  io.run();
  REQUIRE(order.size() == 200);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("dispatch within a run's strand calls at once, post does not, and from outside neither does") {
  asio::io_context io;
  const auto strand = strand_of(io, 4);
  std::string log;
  asio::dispatch(strand, [&] {
    asio::post(strand, [&] { log += 'c'; });
    asio::dispatch(strand, [&] { log += 'a'; });
    log += 'b';
  });
  CHECK(log.empty());
  io.run();
  CHECK(log == "abc");
}

TEST_CASE("dispatch on the context's thread calls at once when a run's strand is free, and after its turn when it is not") {
  asio::io_context io;
  const auto strand = strand_of(io, 4);
  std::string log;
  asio::post(io, [&] {
    asio::dispatch(strand, [&] {
      log += 'a';
      asio::dispatch(io, [&] { asio::post(strand, [&] { log += 'c'; }); });
      log += 'b';
    });
    log += 'd';
    asio::post(strand, [&] { log += 'f'; });
    asio::dispatch(strand, [&] { log += 'g'; });  // what came first runs first
    log += 'e';
  });
  io.run();
  CHECK(log == "abcdefg");
}

TEST_CASE("dispatch within the turn of one run's strand does not begin another's in the middle of it") {
  asio::io_context io;
  const auto one = strand_of(io, 4), other = strand_of(io, 4);
  std::string log;
  asio::post(one, [&] {
    asio::dispatch(other, [&] { log += 'b'; });
    log += 'a';
  });
  io.run();
  CHECK(log == "ab");
}

TEST_CASE("a handler that is dispatched to a free strand of a run and throws stops nobody else's") {
  asio::io_context io;
  const auto strand = strand_of(io, 4);
  std::string log;
  asio::post(io, [&] {
    asio::dispatch(strand, [&] {
      asio::post(strand, [&] { log += 'b'; });
      throw std::runtime_error("one");
    });
    log += 'a';
  });
  CHECK_THROWS_AS(io.run(), std::runtime_error);
  io.run();
  CHECK(log == "ab");
}

TEST_CASE("a handler of a run's strand that throws stops nobody else's") {
  asio::io_context io;
  const auto strand = strand_of(io, 4);
  std::string log;
  asio::post(strand, [] { throw std::runtime_error("one"); });
  asio::post(strand, [&] { log += 'a'; });
  CHECK_THROWS_AS(io.run(), std::runtime_error);
  io.run();
  CHECK(log == "a");
}

TEST_CASE("handlers that wait in a run's strand are destroyed with the context, and what they post on the way") {
  struct poster {
    any_io_executor on;
    std::shared_ptr<int> kept;
    ~poster() {
      asio::post(on, [k = kept] {});
    }
  };
  const auto kept = std::make_shared<int>(1);
  {
    asio::io_context io;
    const auto strand = strand_of(io, 4);
    asio::post(strand, [p = std::make_shared<poster>(poster{strand, kept})] {});
    asio::post(strand, [strand, kept] {});
    CHECK(kept.use_count() > 1);
  }
  CHECK(kept.use_count() == 1);
}

TEST_CASE("threads that post to a run's strand never meet in it, and what each posts stays in order") {
  asio::io_context io;
  const auto strand = strand_of(io, 32);
  constexpr int threads = 3, each = 2'000;
  std::vector<int> next(threads, 0);
  int inside = 0;
  bool met = false, in_order = true;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        asio::post(strand, [&, t, i] {
          met = met || inside++ != 0;
          in_order = in_order && next[static_cast<std::size_t>(t)]++ == i;
          --inside;
        });
      }
      io.run();
    });
  }
  for (auto& t : all) t.join();
  io.restart();  // one may have found nothing to do while another was still posting
  io.run();
  CHECK_FALSE(met);
  CHECK(in_order);
  CHECK(next == std::vector<int>(threads, each));
}

TEST_CASE("a post from outside that came before one from within a run's strand runs before it") {
  asio::io_context io;
  const auto strand = strand_of(io, 8);
  std::string log;
  asio::post(strand, [&] {
    std::thread([&] { asio::post(strand, [&] { log += 'a'; }); }).join();
    asio::post(strand, [&] { log += 'b'; });
  });
  io.run();
  CHECK(log == "ab");
}

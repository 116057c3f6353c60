#include "async/shared_timer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include <corchestra/testing/virtual_time.hpp>

using namespace corchestra;
using namespace std::chrono_literals;
using testing::virtual_time_context;

namespace {

/// Notes when it was called.
class clock_hand final : public detail::shared_timer::client {
 public:
  explicit clock_hand(virtual_time_context& time) : client(time.executor()), time_(time) {}
  ~clock_hand() override { clear(); }
  std::vector<duration> called;

 private:
  std::function<void()> when_due() override {
    return [this] { called.push_back(time_.now().time_since_epoch()); };
  }
  virtual_time_context& time_;
};

using times = std::vector<duration>;

}  // namespace

TEST_CASE("a client that rests is not called, and one that is set again is called by its new deadline") {
  virtual_time_context time;
  clock_hand hand(time);
  hand.set(time_point(5s));
  hand.rest();
  time.advance(4s);
  hand.set_again(time_point(6s));  // not before its place at 5 s: it may be called then, to look
  time.advance(4s);
  REQUIRE(hand.called.size() == 1);
  CHECK(hand.called[0] >= 5s);
  CHECK(hand.called[0] <= 6s);
}

TEST_CASE("an earlier deadline after a rest is kept") {
  virtual_time_context time;
  clock_hand hand(time);
  hand.set(time_point(1h));
  hand.rest();
  hand.set_again(time_point(3s));
  time.advance(10s);
  CHECK(hand.called == times{3s});
}

TEST_CASE("a place that came up while its client rested does no harm") {
  virtual_time_context time;
  clock_hand other(time), hand(time);
  hand.set(time_point(2s));
  other.set(time_point(10s));
  hand.rest();
  time.advance(5s);
  CHECK(hand.called.empty());
  hand.set_again(time_point(7s));
  time.advance(10s);
  CHECK(hand.called == times{7s});
  CHECK(other.called == times{10s});
}

TEST_CASE("a timer whose clients all rest keeps no context running") {
  asio::io_context io;
  class idle final : public detail::shared_timer::client {
   public:
    using client::client;
    ~idle() override { clear(); }
    std::function<void()> when_due() override { return {}; }
  } hand(io.get_executor());
  hand.set(time_point(std::chrono::steady_clock::now().time_since_epoch()) + 1h);
  asio::post(io, [&] { hand.rest(); });
  io.run();  // or it would take an hour
  SUCCEED();
}

#include <boost/asio/steady_timer.hpp>
#include <limits>

#include <corchestra/async/time_service.hpp>

namespace corchestra {

namespace {

using steady = std::chrono::steady_clock;

class system_timer final : public timer {
 public:
  explicit system_timer(any_io_executor executor) : timer_(std::move(executor)) {}
  void async_wait_until(time_point due, asio::any_completion_handler<void(boost::system::error_code)> handler) override {
    timer_.expires_at(steady::time_point(std::chrono::duration_cast<steady::duration>(due.time_since_epoch())));
    timer_.async_wait(std::move(handler));
  }
  void cancel() override { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

class system_time_source final : public time_source {
 public:
  time_point now() const override {
    return time_point(std::chrono::duration_cast<duration>(steady::now().time_since_epoch()));
  }
  wall_time wall_now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  std::unique_ptr<timer> make_timer(any_io_executor executor) override {
    return std::make_unique<system_timer>(std::move(executor));
  }
};

}  // namespace

asio::execution_context::id time_service::id;

time_service::time_service(asio::execution_context& context)
    : asio::execution_context::service(context) {
  install(std::make_unique<system_time_source>());
}

time_service::~time_service() = default;

time_service& time_service::of(const any_io_executor& executor) {
  return asio::use_service<time_service>(asio::query(executor, asio::execution::context));
}

void time_service::install(std::unique_ptr<time_source> source) {
  source_ = std::move(source);
  looked_at_ = std::numeric_limits<std::int64_t>::min();
}

clock_anchor time_service::anchor() const {
  using std::chrono::nanoseconds;
  constexpr std::int64_t second = nanoseconds(std::chrono::seconds(1)).count();
  const time_point now = source_->now();
  const std::int64_t at = nanoseconds(now.time_since_epoch()).count(), looked_at = looked_at_.load(std::memory_order_acquire);
  if (at < looked_at || at - second >= looked_at) {
    const wall_time wall = source_->wall_now();
    ahead_.store(nanoseconds(wall.time_since_epoch()).count() - at, std::memory_order_relaxed);
    looked_at_.store(at, std::memory_order_release);
    return {now, wall};
  }
  const nanoseconds wall(at + ahead_.load(std::memory_order_relaxed));
  return {now, wall_time(std::chrono::floor<std::chrono::milliseconds>(wall))};
}

void time_service::shutdown() {}

}  // namespace corchestra

#include <corchestra/async/time_service.hpp>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

namespace {

struct clocks {
  time_point now{};
  wall_time wall{};
  int looks = 0;  // at the wall clock
};

class fake_source final : public time_source {
 public:
  explicit fake_source(clocks& c) : clocks_(c) {}
  time_point now() const override { return clocks_.now; }
  wall_time wall_now() const override {
    ++clocks_.looks;
    return clocks_.wall;
  }
  std::unique_ptr<timer> make_timer(any_io_executor) override { return nullptr; }

 private:
  clocks& clocks_;
};

void pass(clocks& c, std::chrono::milliseconds d) {
  c.now += d;
  c.wall += d;
}

}  // namespace

TEST_CASE("an anchor has both clocks right, and the wall clock is looked at once a second") {
  asio::io_context io;
  auto& time = time_service::of(io.get_executor());
  clocks c{.now = time_point(5s), .wall = wall_time(1'000'000ms)};
  time.install(std::make_unique<fake_source>(c));
  for (int i = 0; i < 20; ++i) {
    const clock_anchor a = time.anchor();
    CHECK(a.at == c.now);
    CHECK(a.wall == c.wall);
    CHECK(c.looks == 1 + i / 10);
    pass(c, 100ms);
  }
}

TEST_CASE("an anchor follows a wall clock that was set within a second, and a clock that goes back at once") {
  asio::io_context io;
  auto& time = time_service::of(io.get_executor());
  clocks c{.now = time_point(5s), .wall = wall_time(1'000'000ms)};
  time.install(std::make_unique<fake_source>(c));
  CHECK(time.anchor().wall == c.wall);
  c.wall += 1h;
  pass(c, 400ms);
  CHECK(time.anchor().wall == c.wall - 1h);
  pass(c, 600ms);
  CHECK(time.anchor().wall == c.wall);
  c.now -= 3s;
  CHECK(time.anchor().wall == c.wall);
  time.install(std::make_unique<fake_source>(c));
  const int before = c.looks;
  CHECK(time.anchor().wall == c.wall);
  CHECK(c.looks == before + 1);
}

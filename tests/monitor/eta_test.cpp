#include "monitor/eta.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;
using detail::eta_estimator;
using std::chrono::seconds;

TEST_CASE("the ETA is unknown before three samples") {
  eta_estimator e;
  auto& t = e.type("x");
  t.idle = 4;
  e.finished(t, seconds(2));
  e.finished(t, seconds(2));
  CHECK_FALSE(e.estimate({}, 1));
  e.finished(t, seconds(2));
  CHECK(e.estimate({}, 1) == seconds(8));
}

TEST_CASE("the ETA takes the mean of each task type, of all where a type has none") {
  eta_estimator e;
  auto& slow = e.type("slow");
  auto& fast = e.type("fast");
  e.finished(slow, seconds(10));
  e.finished(fast, seconds(1));
  e.finished(fast, seconds(1));
  slow.idle = 1;
  e.type("new").idle = 2;
  CHECK(e.estimate({}, 1) == seconds(10 + 2 * 4));
  CHECK(e.estimate({}, 2) == seconds(9));
  CHECK(e.estimate({}, 100) == seconds(6));
}

TEST_CASE("running tasks count for what their mean leaves of them, and never less than the longest") {
  eta_estimator e;
  auto& t = e.type("x");
  for (int i = 0; i < 3; ++i) e.finished(t, seconds(10));
  eta_estimator::running_work work;
  work.add(seconds(9));
  work.add(seconds(1));
  work.add(seconds(-5));
  CHECK(e.estimate(work, 3) == seconds(9));
  CHECK(e.estimate({}, 3) == seconds(0));
}

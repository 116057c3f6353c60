#include <corchestra/llm/usage_watch.hpp>

#include <catch2/catch_test_macros.hpp>

using corchestra::llm::usage_watch;

TEST_CASE("usage that disappears is told once, and again after it was back") {
  usage_watch w;
  const auto without = [&w](int n) {
    int told = 0;
    for (int i = 0; i < n; ++i) told += w.disappears(false) ? 1 : 0;
    return told;
  };
  CHECK(without(50) == 0);  // it never told any
  CHECK_FALSE(w.missing());
  CHECK_FALSE(w.disappears(true));
  CHECK(without(9) == 0);
  CHECK_FALSE(w.disappears(true));
  CHECK(without(30) == 1);
  CHECK(w.missing());
  CHECK_FALSE(w.disappears(true));
  CHECK_FALSE(w.missing());
  CHECK(without(10) == 1);
}

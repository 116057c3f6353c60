#include <catch2/catch_test_macros.hpp>

#include <corchestra/net/http.hpp>

using corchestra::net::http_headers;

TEST_CASE("header names compare without case and the first field wins") {
  http_headers h{{"Content-Type", "a/b"}, {"X-Id", "1"}};
  h.add("x-id", "2");
  CHECK(h.get("content-type") == "a/b");
  CHECK(h.get("X-ID") == "1");
  CHECK(h.get("Missing").empty());
  CHECK(h.has("CONTENT-TYPE"));
  CHECK_FALSE(h.has("Content"));
  CHECK(h.size() == 3);
}

TEST_CASE("setting a header replaces every field of that name") {
  http_headers h{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  h.set("A", "4");
  CHECK(h.size() == 2);
  CHECK(h.get("a") == "4");
  h.set("C", "5");
  CHECK(h.size() == 3);
}

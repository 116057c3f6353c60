#include "net/head_cache.hpp"

#include <catch2/catch_test_macros.hpp>

#include "net/message_text.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;

namespace {

struct cache_fixture {
  std::string head(const http_request& r) {
    const auto text = cache.of(r, [&] {
      ++made;
      return request_head(r, "us");
    });
    REQUIRE(text);
    CHECK(*text == *request_head(r, "us"));
    return *text;
  }
  head_cache cache;
  int made = 0;
};

http_request post(std::string body) {
  http_request r;
  r.method = "POST";
  r.target = *parse_url("http://h:81/v1/chat?x=1");
  r.headers.add("Authorization", "Bearer Content-Length: 7");
  r.body = std::move(body);
  return r;
}

}  // namespace

TEST_CASE("a head is made once for requests that differ in their bodies") {
  cache_fixture f;
  f.head(post("a"));
  f.head(post("a longer body"));
  CHECK(f.made == 1);
}

TEST_CASE("a request that differs in anything else has a head of its own") {
  cache_fixture f;
  const auto changed = [&](auto change) {
    http_request r = post("a");
    change(r);
    f.head(r);
    return f.made;
  };
  f.head(post("a"));
  CHECK(changed([](auto& r) { r.method = "PUT"; }) == 2);
  CHECK(changed([](auto& r) { r.target = *parse_url("https://h:81/v1/chat?x=1"); }) == 3);
  CHECK(changed([](auto& r) { r.target = *parse_url("http://i:81/v1/chat?x=1"); }) == 4);
  CHECK(changed([](auto& r) { r.target = *parse_url("http://h:82/v1/chat?x=1"); }) == 5);
  CHECK(changed([](auto& r) { r.target = *parse_url("http://h:81/v2/chat?x=1"); }) == 6);
  CHECK(changed([](auto& r) { r.target = *parse_url("http://h:81/v1/chat?x=2"); }) == 7);
  CHECK(changed([](auto& r) { r.headers.set("Authorization", "Bearer other"); }) == 8);
  CHECK(changed([](auto& r) { r.headers.add("More", "x"); }) == 9);
  CHECK(changed([](auto& r) { r.body.clear(); }) == 10);
}

TEST_CASE("a head that cannot be made is not kept") {
  cache_fixture f;
  http_request bad = post("a");
  bad.headers.add("a b", "c");
  for (int i = 0; i < 2; ++i) CHECK_FALSE(f.cache.of(bad, [&] { return request_head(bad, "us"); }));
}

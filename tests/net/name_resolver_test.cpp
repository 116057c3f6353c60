#include "net/name_resolver.hpp"

#include <catch2/catch_test_macros.hpp>
#include <functional>

#include <corchestra/async/gather.hpp>

#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;

namespace {
struct fixture {
  asio::io_context context;
  deadline limits{context.get_executor()};
  std::shared_ptr<name_resolver> names = std::make_shared<name_resolver>(context.get_executor());
};
}  // namespace

TEST_CASE("an address is its own answer") {
  fixture f;
  for (const char* text : {"127.0.0.1", "::1", "10.1.2.3"}) {
    const auto found = run(f.context, f.names->lookup(text, f.limits));
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().to_string() == text);
  }
}

TEST_CASE("a name of this machine is found, also by many at once and again from memory") {
  fixture f;
  std::vector<std::function<awaitable<result<addresses>>()>> work(
      20, [&] { return f.names->lookup("localhost", f.limits); });
  const auto all = run(f.context, gather(std::move(work)));
  for (const auto& found : all) {
    REQUIRE(found);
    CHECK(found->front().is_loopback());
  }
  const auto again = run(f.context, f.names->lookup("localhost", f.limits));
  REQUIRE(again);
  CHECK(*again == *all.front());
  f.names->forget("localhost");
  CHECK(run(f.context, f.names->lookup("localhost", f.limits)));
}

TEST_CASE("a name that cannot exist is one clear error") {
  fixture f;
  const std::string name(300, 'a');  // longer than any name may be: no server is asked
  const auto found = run(f.context, f.names->lookup(name, f.limits));
  REQUIRE_FALSE(found);
  CHECK(found.error().is(errc::resolve_failed));
  CHECK(found.error().message.starts_with("host name 'aaaa"));
  CHECK(found.error().message.find("' was not found: ") != std::string::npos);
}

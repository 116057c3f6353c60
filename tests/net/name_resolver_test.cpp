#include "net/name_resolver.hpp"

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <functional>

#include <corchestra/async/gather.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "support/run.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;

namespace {
struct resolver_fixture {
  asio::io_context context;
  deadline limits{context.get_executor()};
  std::shared_ptr<name_resolver> names = std::make_shared<name_resolver>(context.get_executor());
};

// Answers as told, under virtual time.
struct scripted_fixture {
  void ask(const std::string& host, name_resolver::on_answer answered) {
    ++questions;
    CHECK(host == "host.example");
    auto wait = [](duration d) -> awaitable<void> { co_await sleep_for(d); };
    asio::co_spawn(time.executor(), wait(delay), [this, answered](std::exception_ptr) {
      if (address.empty()) return answered(asio::error::host_not_found_try_again, {});
      answered({}, {asio::ip::make_address(address)});
    });
  }
  // The address found, or the error's message.
  std::string lookup() {
    limits.arm(deadline::connect, 5s);
    const auto found = time.run(names->lookup("host.example", limits));
    return found ? found->front().to_string() : found.error().message;
  }
  void find(std::string text) { address = std::move(text); }
  void find_nothing() { address.clear(); }

  testing::virtual_time_context time;
  deadline limits{time.executor()};
  duration delay = 10ms;
  std::string address = "192.0.2.1";
  int questions = 0;
  std::shared_ptr<name_resolver> names = std::make_shared<name_resolver>(
      time.executor(), [this](std::string host, auto answered) { ask(host, std::move(answered)); });
};

const std::string not_found = "host name 'host.example' was not found: " +
                              boost::system::error_code(asio::error::host_not_found_try_again).message();
}  // namespace

TEST_CASE("an address is its own answer") {
  resolver_fixture f;
  for (const char* text : {"127.0.0.1", "::1", "10.1.2.3"}) {
    const auto found = run(f.context, f.names->lookup(text, f.limits));
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().to_string() == text);
  }
}

TEST_CASE("a name of this machine is found, also by many at once and again from memory") {
  resolver_fixture f;
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
  resolver_fixture f;
  const std::string name(300, 'a');  // longer than any name may be: no server is asked
  const auto found = run(f.context, f.names->lookup(name, f.limits));
  REQUIRE_FALSE(found);
  CHECK(found.error().is(errc::resolve_failed));
  CHECK(found.error().message.starts_with("host name 'aaaa"));
  CHECK(found.error().message.find("' was not found: ") != std::string::npos);
}

TEST_CASE("equal questions under way are asked once, and an answer is good for 30 s") {
  scripted_fixture f;
  std::vector<std::function<awaitable<result<addresses>>()>> work(
      20, [&] { return f.names->lookup("host.example", f.limits); });
  for (const auto& found : f.time.run(gather(std::move(work)))) CHECK(found);
  CHECK(f.questions == 1);
  f.find("192.0.2.2");
  f.time.advance(29s);
  CHECK(f.lookup() == "192.0.2.1");
  f.time.advance(1s);
  CHECK(f.lookup() == "192.0.2.2");
  CHECK(f.questions == 2);
}

TEST_CASE(
    "an older answer stands in for a lookup that fails, for ten minutes, and each half minute it is tried again") {
  scripted_fixture f;
  CHECK(f.lookup() == "192.0.2.1");
  f.find_nothing();
  f.time.advance(1min);
  CHECK(f.lookup() == "192.0.2.1");
  CHECK(f.lookup() == "192.0.2.1");
  CHECK(f.questions == 2);
  f.time.advance(30s);
  CHECK(f.lookup() == "192.0.2.1");
  CHECK(f.questions == 3);
  f.time.advance(8min);
  CHECK(f.lookup() == "192.0.2.1");
  f.time.advance(29s);
  CHECK(f.lookup() == "192.0.2.1");
  f.time.advance(1s);
  CHECK(f.lookup() == not_found);
  f.find("192.0.2.2");
  CHECK(f.lookup() == "192.0.2.2");
}

TEST_CASE("an older answer stands in for a lookup that takes long, until its answer comes") {
  scripted_fixture f;
  CHECK(f.lookup() == "192.0.2.1");
  f.time.advance(1min);
  f.delay = 10s;
  f.find("192.0.2.2");
  const time_point before = f.time.now();
  CHECK(f.lookup() == "192.0.2.1");
  CHECK(f.time.now() - before == name_resolver::patience);
  CHECK(f.lookup() == "192.0.2.1");
  CHECK(f.time.now() - before == name_resolver::patience);
  CHECK(f.questions == 2);
  f.time.advance(9s);
  CHECK(f.lookup() == "192.0.2.2");
  CHECK(f.questions == 2);
}

TEST_CASE("the limit of a request is not passed for a new answer while there is an older one") {
  scripted_fixture f;
  CHECK(f.lookup() == "192.0.2.1");
  f.time.advance(1min);
  f.delay = 10s;
  f.limits.arm(deadline::total, 200ms);
  const time_point before = f.time.now();
  CHECK(f.lookup() == "192.0.2.1");
  CHECK(f.time.now() - before == 200ms);
}

TEST_CASE("what was forgotten is asked again and stands in for nothing") {
  scripted_fixture f;
  CHECK(f.lookup() == "192.0.2.1");
  f.names->forget("host.example");
  f.find_nothing();
  CHECK(f.lookup() == not_found);
  CHECK(f.questions == 2);
}

TEST_CASE("a lookup without an older answer ends with the connect limit") {
  scripted_fixture f;
  f.delay = 1min;
  CHECK(f.lookup() == "looking up the host name 'host.example' took longer than the connect limit of 5.00 s");
}

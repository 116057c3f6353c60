#include "net/happy_eyeballs.hpp"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <memory>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "support/open_files.hpp"
#include "support/show.hpp"

using namespace corchestra;
using namespace corchestra::net;
using namespace corchestra::tests;
using namespace std::chrono_literals;
using tcp = asio::ip::tcp;

namespace {

struct behaviour {
  duration after{};
  std::string failure;  // none: it connects
};

const behaviour dead{24h, {}};
const behaviour refused{0s, "Connection refused"};
const behaviour at_once{};

// Addresses that behave as told, under virtual time. Connecting opens a socket that is nowhere connected.
struct eyeballs_fixture {
  eyeballs_fixture() { limits.arm(deadline::connect, 5s); }

  awaitable<result<tcp::socket>> attempt(tcp::endpoint peer) {
    const std::string address = peer.address().to_string();
    tried.emplace_back(address, time.now().time_since_epoch());
    tcp::socket socket(time.executor(), peer.protocol());
    const behaviour b = peers.at(address);
    if (b.after > 0s) co_await sleep_for(b.after);
    if (!b.failure.empty()) co_return fail(errc::connect_failed, b.failure);
    last_connected = address;
    co_return std::move(socket);
  }

  awaitable<result<std::shared_ptr<tcp::socket>>> start(std::vector<std::string> found) {
    addresses list;
    for (const auto& text : found) list.push_back(asio::ip::make_address(text));
    auto opened = co_await eyeballs.connect("host.example", list, 80, limits);
    if (!opened) co_return opened.error();
    co_return std::make_shared<tcp::socket>(std::move(*opened));
  }
  result<std::shared_ptr<tcp::socket>> connect(std::vector<std::string> found) {
    return time.run(start(std::move(found)));
  }

  using tries = std::vector<std::pair<std::string, duration>>;

  testing::virtual_time_context time;
  deadline limits{time.executor()};
  tcp::socket first_socket{time.executor(), tcp::v4()};  // with it Asio opens files of its own
  std::map<std::string, behaviour> peers;
  tries tried;
  std::string last_connected;
  happy_eyeballs eyeballs{[this](tcp::endpoint peer) { return attempt(peer); }};
};

}  // namespace

TEST_CASE("a dead first address costs 250 ms, not the connect limit") {
  eyeballs_fixture f;
  f.peers = {{"2001:db8::1", dead}, {"192.0.2.1", at_once}};
  REQUIRE(f.connect({"2001:db8::1", "192.0.2.1"}));
  CHECK(f.last_connected == "192.0.2.1");
  CHECK(f.time.now().time_since_epoch() == 250ms);
  CHECK(f.tried == eyeballs_fixture::tries{{"2001:db8::1", 0s}, {"192.0.2.1", 250ms}});
}

TEST_CASE("a refused first address costs nothing") {
  eyeballs_fixture f;
  f.peers = {{"2001:db8::1", refused}, {"192.0.2.1", at_once}};
  REQUIRE(f.connect({"2001:db8::1", "192.0.2.1"}));
  CHECK(f.last_connected == "192.0.2.1");
  CHECK(f.time.now().time_since_epoch() == 0s);
}

TEST_CASE("a first address that answers soon is the only one tried") {
  eyeballs_fixture f;
  f.peers = {{"2001:db8::1", {200ms, {}}}, {"192.0.2.1", at_once}};
  REQUIRE(f.connect({"2001:db8::1", "192.0.2.1"}));
  CHECK(f.tried == eyeballs_fixture::tries{{"2001:db8::1", 0s}});
}

TEST_CASE("a slow first address wins while the second has not connected") {
  eyeballs_fixture f;
  f.peers = {{"2001:db8::1", {300ms, {}}}, {"192.0.2.1", {100ms, {}}}};
  REQUIRE(f.connect({"2001:db8::1", "192.0.2.1"}));
  CHECK(f.last_connected == "2001:db8::1");
  CHECK(f.time.now().time_since_epoch() == 300ms);
}

TEST_CASE("the families take turns, and a failure starts the 250 ms of the next address anew") {
  eyeballs_fixture f;
  f.peers = {{"2001:db8::1", {100ms, "Network unreachable"}},
             {"2001:db8::2", dead},
             {"2001:db8::3", at_once},
             {"192.0.2.1", dead},
             {"192.0.2.2", dead}};
  REQUIRE(f.connect({"2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"}));
  CHECK(f.tried == eyeballs_fixture::tries{{"2001:db8::1", 0s},
                                           {"192.0.2.1", 100ms},
                                           {"2001:db8::2", 350ms},
                                           {"192.0.2.2", 600ms},
                                           {"2001:db8::3", 850ms}});
}

TEST_CASE("when all fail the error names every address tried") {
  eyeballs_fixture f;
  f.peers = {{"2001:db8::1", refused}, {"192.0.2.1", {1s, "No route to host"}}};
  const auto opened = f.connect({"2001:db8::1", "192.0.2.1"});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().is(errc::connect_failed));
  CHECK(opened.error().message ==
        "cannot connect to 2001:db8::1 port 80: Connection refused; 192.0.2.1 port 80: No route to host");
  CHECK(f.time.now().time_since_epoch() == 1s);
}

TEST_CASE("the connect limit ends all tries and tells what became of each") {
  eyeballs_fixture f;
  f.peers = {{"2001:db8::1", dead}, {"192.0.2.1", refused}, {"192.0.2.2", dead}};
  const std::size_t before = open_files();
  const auto opened = f.connect({"2001:db8::1", "192.0.2.1", "192.0.2.2"});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().is(errc::timeout));
  CHECK(opened.error().message ==
        "no connection within the connect limit of 5.00 s: 2001:db8::1 port 80: no answer; "
        "192.0.2.1 port 80: Connection refused; 192.0.2.2 port 80: no answer");
  CHECK(f.time.now().time_since_epoch() == 5s);
  CHECK(open_files() == before);
}

TEST_CASE("a limit that has passed before lets nothing be tried") {
  eyeballs_fixture f;
  f.time.advance(5s);
  const auto opened = f.connect({"192.0.2.1"});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().is(errc::timeout));
  CHECK(f.tried.empty());
}

TEST_CASE("losers are closed, also one that connects in the same moment") {
  eyeballs_fixture f;
  f.peers = {{"2001:db8::1", {500ms, {}}}, {"192.0.2.1", {250ms, {}}}, {"192.0.2.2", dead}};
  const std::size_t before = open_files();
  {
    const auto opened = f.connect({"2001:db8::1", "192.0.2.1", "192.0.2.2"});
    REQUIRE(opened);
    CHECK((*opened)->is_open());
    CHECK(open_files() == before + 1);
  }
  CHECK(open_files() == before);
}

TEST_CASE("cancelling cancels every try and closes its socket") {
  eyeballs_fixture f;
  f.peers = {{"2001:db8::1", dead}, {"192.0.2.1", dead}, {"192.0.2.2", dead}};
  const std::size_t before = open_files();
  bool returned = false;
  auto body = [&]() -> awaitable<void> {
    scope child(f.time.executor());
    child.spawn([&]() -> awaitable<void> {
      co_await f.start({"2001:db8::1", "192.0.2.1", "192.0.2.2"});
      returned = true;
    });
    co_await sleep_for(300ms);
    CHECK(f.tried.size() == 2);
    CHECK(open_files() == before + 2);
    child.cancel();
    co_await child.join();
  };
  f.time.run(body());
  CHECK_FALSE(returned);
  CHECK(open_files() == before);
  f.time.advance(1h);
  CHECK(f.tried.size() == 2);
}

TEST_CASE("the family that won goes first next time, until the other one wins") {
  eyeballs_fixture f;
  const std::vector<std::string> found{"2001:db8::1", "2001:db8::2", "192.0.2.1"};
  f.peers = {{"2001:db8::1", dead}, {"2001:db8::2", dead}, {"192.0.2.1", at_once}};
  REQUIRE(f.connect(found));
  f.tried.clear();
  REQUIRE(f.connect(found));
  CHECK(f.tried.size() == 1);
  CHECK(f.tried.front().first == "192.0.2.1");

  f.peers = {{"2001:db8::1", at_once}, {"192.0.2.1", refused}};
  REQUIRE(f.connect(found));
  f.tried.clear();
  REQUIRE(f.connect(found));
  CHECK(f.tried.size() == 1);
  CHECK(f.tried.front().first == "2001:db8::1");
}

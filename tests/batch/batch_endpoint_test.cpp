// What a batch does when it is the endpoint's fault.
#include "batch/batch_fixture.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("a key that is refused stops the batch with its requests pending") {
  batch_fixture f(20);
  f.api->answer = [](const std::string&, int) { return failed(401, errc::authentication_failed, "bad key"); };
  const auto r = f.run();
  CHECK(r.end == batch_end::endpoint);
  REQUIRE(r.why);
  CHECK(r.why->message == "bad key");
  CHECK_FALSE(r.reached);
  CHECK(r.progress.done == 0);
  CHECK(r.progress.failed == 0);
  CHECK(f.api->sent.size() == 4);
  CHECK(f.dir.read("out.errors.jsonl").empty());
  f.api->answer = [](const std::string& id, int) { return answered(id); };
  CHECK(f.run().end == batch_end::finished);
  CHECK(f.all_answered_once(20));
}

TEST_CASE("a quota that is used up in the middle stops the batch and keeps what was answered") {
  batch_fixture f(20);
  f.api->answer = [n = 0](const std::string& id, int) mutable {
    return ++n > 8 ? failed(429, errc::quota_exhausted, "insufficient_quota") : answered(id);
  };
  const auto r = f.run();
  CHECK(r.end == batch_end::endpoint);
  CHECK(r.reached);
  CHECK(r.progress.done == 8);
  CHECK(r.progress.failed == 0);
}

TEST_CASE("an endpoint that is not there is given up after 20 tries, and nothing counts as failed") {
  batch_fixture f(50);
  f.api->answer = [](const std::string&, int) { return failed(0, errc::connect_failed, "connection refused"); };
  const auto r = f.run();
  CHECK(r.end == batch_end::endpoint);
  CHECK_FALSE(r.reached);
  CHECK(r.progress.failed == 0);
  CHECK(f.api->sent.size() >= 20);
  CHECK(f.api->sent.size() < 24);
}

TEST_CASE("what was sent and got no whole answer has failed: it is not taken for an endpoint that is not there") {
  for (const errc what : {errc::too_large, errc::timeout, errc::connection_lost}) {
    batch_fixture f(3);
    f.api->answer = [what](const std::string&, int) { return failed(0, what, "no whole answer"); };
    const auto r = f.run();
    CHECK(r.end == batch_end::finished);
    CHECK(r.reached);
    CHECK(r.progress.failed == 3);
    CHECK(f.api->sent.size() == 3);
  }
}

TEST_CASE("an endpoint that comes up meanwhile answers all") {
  batch_fixture f(10);
  f.api->answer = [n = 0](const std::string& id, int) mutable {
    return ++n <= 12 ? failed(0, errc::connect_failed, "connection refused") : answered(id);
  };
  const auto r = f.run();
  CHECK(r.end == batch_end::finished);
  CHECK(f.all_answered_once(10));
}

TEST_CASE("when the first 20 requests fail the rest is not tried") {
  batch_fixture f(100);
  f.api->answer = [](const std::string&, int) { return failed(404, errc::not_found, "no such model"); };
  const auto r = f.run();
  CHECK(r.end == batch_end::endpoint);
  REQUIRE(r.why);
  CHECK(r.why->message == "the first 20 requests failed, so the rest is not tried; the last said: no such model");
  CHECK(r.progress.failed >= 20);
  CHECK(r.progress.failed < 24);
  CHECK(r.progress.failures.at("not_found") == r.progress.failed);
}

TEST_CASE("after one success failures stop nothing") {
  batch_fixture f(100);
  f.api->answer = [](const std::string& id, int) {
    return id == "r0" ? answered(id) : failed(400, errc::bad_request, "no");
  };
  const auto r = f.run();
  CHECK(r.end == batch_end::finished);
  CHECK(r.progress.failed == 99);
}

TEST_CASE("successes that wait for their turn are successes") {
  batch_fixture f(60);
  f.options.ordered = true;
  f.api->takes = [](const std::string& id) { return id == "r0" ? 1000s : 1s; };
  f.api->answer = [](const std::string& id, int) {
    return id == "r40" ? failed(400, errc::bad_request, "no") : answered(id);
  };
  const auto r = f.run();
  CHECK(r.end == batch_end::finished);
  CHECK(r.progress.done == 59);
  CHECK(r.progress.failed == 1);
}

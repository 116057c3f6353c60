#include <corchestra/batch/batch_job.hpp>

#include "batch/batch_fixture.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("every request is answered once, so many at a time") {
  batch_fixture f(50);
  const auto r = f.run();
  CHECK(r.end == batch_end::finished);
  CHECK(r.reached);
  CHECK(f.all_answered_once(50));
  CHECK(f.dir.read("out.errors.jsonl").empty());
  CHECK(f.api->most_in_flight == 4);
  CHECK(f.api->sent.size() == 50);
  CHECK(r.output == f.options.output);
  CHECK(r.errors == f.dir.path() / "out.errors.jsonl");
  CHECK(r.state == f.dir.path() / "out.state.db");
  const auto line = f.lines().at(0);
  CHECK(line["response"]["status_code"] == 200);
  CHECK(line["error"].is_null());
}

TEST_CASE("what was done is not sent again, and a batch that is done ends at once") {
  batch_fixture f(10);
  f.run();
  f.api->sent.clear();
  auto job = f.open().value();
  CHECK(job.resumed());
  CHECK(job.left() == 0);
  const auto r = f.run(job);
  CHECK(r.end == batch_end::finished);
  CHECK(r.progress.done == 10);
  CHECK(r.progress.ended == 0);
  CHECK(f.api->sent.empty());
}

TEST_CASE("requests carry their path, body, model, estimated tokens and prefix") {
  batch_fixture f(1, 100);
  f.run();
  const auto& q = f.api->requests.at(0);
  CHECK(q.path == "chat/completions");
  CHECK(q.model == "m");
  CHECK(q.tokens == static_cast<std::int64_t>(q.body.size() / 4) + 100);
}

TEST_CASE("failures go to a file of their own, and are sent again on request only") {
  batch_fixture f(10);
  f.api->answer = [](const std::string& id, int) {
    return id == "r3" || id == "r7" ? failed(400, errc::bad_request, "no such \"field\"") : answered(id);
  };
  const auto r = f.run();
  CHECK(r.end == batch_end::finished);
  CHECK(r.progress.done == 8);
  CHECK(r.progress.failed == 2);
  CHECK(r.progress.failures == std::map<std::string, std::uint64_t>{{"bad_request", 2}});
  CHECK(f.lines().size() == 8);
  auto failures = f.lines("out.errors.jsonl");
  REQUIRE(failures.size() == 2);
  CHECK(failures[0]["error"] == json{{"code", "bad_request"}, {"message", "no such \"field\""}});
  CHECK(failures[0]["response"]["status_code"] == 400);
  CHECK(failures[0]["response"]["body"]["error"]["message"] == "no");

  CHECK(f.run().progress.failed == 2);
  CHECK(f.api->times["r3"] == 1);

  f.api->answer = [](const std::string& id, int) {
    return id == "r7" ? failed(400, errc::bad_request, "still") : answered(id);
  };
  f.options.retry_failed = true;
  CHECK(f.open()->left() == 2);
  const auto again = f.run();
  CHECK(again.progress.done == 9);
  CHECK(again.progress.failures == std::map<std::string, std::uint64_t>{{"bad_request", 1}});
  CHECK(f.api->times["r3"] == 2);
  CHECK(f.ids("out.errors.jsonl") == std::vector<std::string>{"r7"});
  f.api->answer = [](const std::string& id, int) { return answered(id); };
  f.run();
  CHECK(f.all_answered_once(10));
}

TEST_CASE("a drained batch ends what is in flight, leaves the rest, and another job finishes it") {
  batch_fixture f(20);
  auto job = f.open().value();
  f.api->on_sent = [&](const std::string& id) {
    if (id == "r9") job.drain();
  };
  const auto r = f.run(job);
  CHECK(r.end == batch_end::drained);
  CHECK(r.progress.draining);
  CHECK(r.progress.done >= 10);
  CHECK(r.progress.done < 15);
  CHECK(f.lines().size() == r.progress.done);
  CHECK(f.api->sent.size() == r.progress.done);
}

TEST_CASE("after a drain the same options go on where it ended") {
  batch_fixture f(20);
  {
    auto job = f.open().value();
    f.api->on_sent = [&](const std::string& id) {
      if (id == "r9") job.drain();
    };
    f.run(job);
    f.api->on_sent = [](const std::string&) {};
  }
  const auto r = f.run();
  CHECK(r.end == batch_end::finished);
  CHECK(f.all_answered_once(20));
  CHECK(f.api->sent.size() == 20);
  CHECK(r.progress.usage.calls == 20);
}

TEST_CASE("a drain does not wait for another try of a call, which stays pending") {
  batch_fixture f(4);
  f.api->failing_tries = [](const std::string& id) { return id == "r2" ? 1 : 0; };
  f.api->takes = [](const std::string& id) { return id == "r2" ? 1s : 3s; };
  std::optional<batch_job> job = f.open().value();
  std::size_t calls = 0;
  f.api->on_sent = [&](const std::string&) {
    if (++calls == 4) job->drain();
  };
  const auto r = f.run(*job);
  job.reset();
  f.api->on_sent = [](const std::string&) {};
  CHECK(r.end == batch_end::drained);
  CHECK(r.progress.done == 3);
  CHECK(r.progress.failed == 0);
  CHECK(f.api->times["r2"] == 1);
  CHECK(f.run().progress.done == 4);
}

TEST_CASE("a cancelled batch gives up what is in flight, which another run sends again") {
  batch_fixture f(20);
  f.api->takes = [](const std::string& id) { return id == "r8" ? 1000s : 1s; };
  std::optional<batch_job> job = f.open().value();
  f.api->on_sent = [&](const std::string& id) {
    if (id == "r12") job->cancel();
  };
  const auto r = f.run(*job);
  job.reset();
  f.api->on_sent = [](const std::string&) {};
  CHECK(r.end == batch_end::cancelled);
  CHECK(r.progress.done < 12);
  CHECK(f.time.now().time_since_epoch() < 100s);
  f.run();
  CHECK(f.all_answered_once(20));
}

TEST_CASE("a cancel after a drain is a cancel") {
  batch_fixture f(8);
  f.api->takes = [](const std::string&) { return 1000s; };
  auto job = f.open().value();
  f.api->on_sent = [&](const std::string& id) {
    if (id != "r3") return;
    job.drain();
    job.cancel();
  };
  const auto r = f.run(job);
  CHECK(r.end == batch_end::cancelled);
  CHECK(r.progress.done == 0);
}

TEST_CASE("only the first requests, or a sample of them, are sent; the rest can follow") {
  batch_fixture f(20);
  f.options.limit = 5;
  auto r = f.run();
  CHECK(r.end == batch_end::finished);
  CHECK(r.progress.wanted == 5);
  CHECK(r.progress.requests == 20);
  CHECK(f.all_answered_once(5));
  f.options.limit.reset();
  f.options.sample = 7;
  CHECK(f.open()->left() <= 7);
  r = f.run();
  CHECK(r.progress.wanted == 7);
  f.options.sample.reset();
  f.run();
  CHECK(f.all_answered_once(20));
  CHECK(f.api->sent.size() == 20);
}

TEST_CASE("progress tells what is done, in flight, used and left") {
  batch_fixture f(8);
  f.options.prices = std::make_shared<const llm::price_table>(simple_prices());
  std::vector<batch_progress> seen;
  f.options.on_progress = [&](const batch_progress& p) { seen.push_back(p); };
  f.options.progress_interval = 1500ms;
  const auto r = f.run();
  REQUIRE(seen.size() == 2);
  const batch_progress& p = seen[0];
  CHECK(p.requests == 8);
  CHECK(p.wanted == 8);
  CHECK(p.done == 4);
  CHECK(p.ended == 4);
  CHECK(p.in_flight == 4);
  CHECK(p.elapsed == 1500ms);
  CHECK(p.requests_a_minute == 160);
  CHECK(p.tokens_a_minute == 800);
  CHECK(p.left == optional_duration(1500ms));
  CHECK(p.usage.prompt_tokens == 12);
  CHECK(p.spent == micro(28));
  REQUIRE(p.projected);
  CHECK(*p.projected == micro(56));
  CHECK_FALSE(p.draining);
  CHECK(seen.back().done == 8);
  CHECK(seen.back().left == optional_duration(0s));
  CHECK(r.progress.spent == micro(56));
  CHECK(r.progress.elapsed == 2s);
}

TEST_CASE("a dry run makes and changes nothing") {
  batch_fixture f(5);
  f.options.dry_run = true;
  const auto job = f.open().value();
  CHECK(job.left() == 5);
  CHECK(job.input().requests == 5);
  for (const char* name : {"out.jsonl", "out.errors.jsonl", "out.state.db", "out.ahead.jsonl"})
    CHECK_FALSE(std::filesystem::exists(f.dir.path() / name));
}

TEST_CASE("the estimate is that of the requests that are left") {
  batch_fixture f(10, 100);
  f.options.prices = std::make_shared<const llm::price_table>(simple_prices());
  const auto whole = f.open()->estimated_cost();
  f.options.limit = 5;
  const auto half = f.open()->estimated_cost();
  CHECK(half.likely.micro_dollars() == whole.likely.micro_dollars() / 2);
  REQUIRE(whole.most);
  CHECK(half.most->micro_dollars() == whole.most->micro_dollars() / 2);
}

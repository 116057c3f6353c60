// Results in the order of the input.
#include "batch/batch_fixture.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using namespace corchestra::tests;
using namespace std::chrono_literals;

TEST_CASE("results are in the order of the input, whatever order they come in") {
  batch_fixture f(100);
  f.options.ordered = true;
  f.options.concurrency = 16;
  f.api->takes = [](const std::string& id) { return 1s * (1 + std::hash<std::string>()(id) % 40); };
  const auto r = f.run();
  CHECK(r.end == batch_end::finished);
  CHECK(f.ids() == first_ids(100));
  CHECK(f.dir.read("out.ahead.jsonl").empty());
}

TEST_CASE("failures keep to the order as well") {
  batch_fixture f(30);
  f.options.ordered = true;
  f.api->takes = [](const std::string& id) { return 1s * (1 + std::hash<std::string>()(id) % 40); };
  f.api->answer = [](const std::string& id, int) {
    return id == "r21" || id == "r4" || id == "r9" ? failed(400, errc::bad_request, "no") : answered(id);
  };
  f.run();
  CHECK(f.ids("out.errors.jsonl") == std::vector<std::string>{"r4", "r9", "r21"});
  CHECK(f.lines().size() == 27);
}

TEST_CASE("results that came before their turn survive the end of a run, and nobody asks for them again") {
  for (const bool still_ordered : {true, false}) {
    CAPTURE(still_ordered);
    batch_fixture f(20);
    f.options.ordered = true;
    f.options.prices = std::make_shared<const llm::price_table>(simple_prices());
    f.api->takes = [](const std::string& id) { return id == "r2" ? 100s : 1s; };
    {
      auto job = f.open().value();
      f.api->on_sent = [&](const std::string& id) {
        if (id == "r12") job.cancel();
      };
      const auto r = f.run(job);
      CHECK(r.end == batch_end::cancelled);
      CHECK(f.ids() == first_ids(2));
      CHECK_FALSE(f.dir.read("out.ahead.jsonl").empty());
    }
    f.api->on_sent = [](const std::string&) {};
    f.options.ordered = still_ordered;
    const auto r = f.run();
    CHECK(r.end == batch_end::finished);
    CHECK(f.all_answered_once(20));
    if (still_ordered) CHECK(f.ids() == first_ids(20));
    for (int i = 3; i < 9; ++i) CHECK(f.api->times["r" + std::to_string(i)] == 1);
    CHECK(r.progress.spent == micro(20 * 7));
    CHECK(f.dir.read("out.ahead.jsonl").empty());
  }
}

TEST_CASE("a window bounds how far results may be ahead") {
  batch_fixture f(17'000);
  f.options.ordered = true;
  f.options.concurrency = 512;
  f.options.progress_interval = 100s;
  std::size_t ahead = 0;
  bool first_ended = false;
  f.api->takes = [](const std::string& id) { return id == "r0" ? 1000s : 1s; };
  f.api->on_sent = [&](const std::string&) { ahead += first_ended ? 0 : 1; };
  f.api->answer = [&](const std::string& id, int) {
    if (id == "r0") first_ended = true;
    return answered(id);
  };
  const auto r = f.run();
  CHECK(r.progress.done == 17'000);
  CHECK(ahead == 16'384);
  CHECK(f.ids() == first_ids(17'000));
}

TEST_CASE("a drain ends a batch whose window is full, though its first request stays pending") {
  batch_fixture f(16'500);
  f.options.ordered = true;
  f.options.concurrency = 512;
  f.options.progress_interval = 100s;
  f.api->takes = [](const std::string& id) { return id == "r0" ? 1000s : 1s; };
  f.api->failing_tries = [](const std::string& id) { return id == "r0" ? 1 : 0; };
  auto job = f.open().value();
  std::size_t sent = 0;
  f.api->on_sent = [&](const std::string&) {
    if (++sent == 16'384) job.drain();
  };
  const auto r = f.run(job);
  CHECK(r.end == batch_end::drained);
  CHECK(r.progress.done == 0);
  CHECK(r.progress.ended == 16'383);
}

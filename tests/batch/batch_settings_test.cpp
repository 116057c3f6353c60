// What a batch refuses to go on with.
#include <filesystem>

#include "batch/batch_fixture.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using namespace corchestra::tests;
namespace fs = std::filesystem;

namespace {

struct begun : batch_fixture {
  std::string state = dir.file("out.state.db");
  begun() : batch_fixture(10) {
    options.requests.model = "m";
    options.limit = 5;
    run();
  }
  std::string refused(const std::function<void(batch_options&)>& change) {
    const batch_options before = options;
    change(options);
    std::string message = refusal();
    options = before;
    return message;
  }
};

}  // namespace

TEST_CASE("another input is refused") {
  begun f;
  f.dir.write("in.jsonl", chat_lines(11));
  CHECK(f.refusal() == "'" + f.options.input.string() + "' is not the file that '" + f.state +
                           "' was begun with: its answers would not belong together. Take that file, or another output "
                           "file");
  f.dir.write("in.jsonl", chat_lines(10));
  CHECK(f.refusal() == "none");
}

TEST_CASE("settings that decide the answers are refused by name when they change") {
  begun f;
  const auto message = [&](const std::string& what) {
    return "'" + f.state + "' was begun with " + what + ": give what it was begun with, or another output file";
  };
  CHECK(f.refused([](auto& o) { o.requests.model = "n"; }) == message(R"(model "m", and now it is "n")"));
  CHECK(f.refused([](auto& o) { o.requests.model_forced = true; }) ==
        message("model_forced false, and now it is true"));
  CHECK(f.refused([](auto& o) { o.endpoint = "http://other/v1"; }) ==
        message(R"(endpoint "http://h/v1", and now it is "http://other/v1")"));
  CHECK(f.refused([](auto& o) { o.requests.prompt = "${x}"; }) == message(R"(prompt "", and now it is "${x}")"));
  CHECK(f.refused([](auto& o) { o.requests.system = "s"; }) == message(R"(system "", and now it is "s")"));
  CHECK(f.refused([](auto& o) { o.requests.max_tokens = 5; }) == message("max_tokens null, and now it is 5"));
  CHECK(f.refused([](auto& o) { o.requests.body = {{"seed", 1}}; }) ==
        message(R"(body null, and now it is {"seed":1})"));
}

TEST_CASE("settings that only decide how it is done may change") {
  begun f;
  f.options.concurrency = 1;
  f.options.ordered = true;
  f.options.limit.reset();
  f.options.prices = std::make_shared<const llm::price_table>(simple_prices());
  CHECK(f.run().end == batch_end::finished);
  CHECK(f.all_answered_once(10));
}

TEST_CASE("results without their state, and a state without its results, are refused") {
  begun f;
  fs::rename(f.dir.path() / "out.jsonl", f.dir.path() / "away");
  CHECK(f.refusal() == "'" + f.options.output.string() + "' is not there, and '" + f.state +
                           "' says that 5 of its 10 requests are done: put it back, or remove the state to begin anew");
  fs::rename(f.dir.path() / "away", f.dir.path() / "out.jsonl");
  fs::remove(f.state);
  CHECK(f.refusal() == "'" + f.options.output.string() + "' exists, and no '" + f.state +
                           "' to go on from: choose another output file, or remove it");
  fs::remove(f.options.output);
  CHECK(f.refusal() == "none");
}

TEST_CASE("results of another batch that wait for their turn are no results of a new one") {
  batch_fixture f(2);
  f.dir.write("out.ahead.jsonl", R"(+{"id":"batch_req_1","custom_id":"other","response":null,"error":null})"
                                 "\n");
  CHECK(f.refusal() == "'" + f.dir.file("out.ahead.jsonl") + "' exists, and no '" + f.dir.file("out.state.db") +
                           "' to go on from: choose another output file, or remove it");
}

TEST_CASE("the input is never written to") {
  for (const char* name : {"out.jsonl", "out.errors.jsonl", "out.state.db", "out.ahead.jsonl"}) {
    CAPTURE(name);
    batch_fixture f(2);
    f.options.input = f.dir.write(name, chat_line("a"));
    f.options.ordered = true;
    CHECK(f.refusal() ==
          "the input '" + f.options.input.string() + "' would be overwritten: choose another output file");
    CHECK(f.dir.read(name) == chat_line("a"));
  }
}

TEST_CASE("a batch with mistakes leaves no file behind") {
  batch_fixture f;
  f.options.input = f.dir.write("in.jsonl", chat_line("a") + "\n{\"prompt\":1}\n");
  CHECK(f.refusal() == f.options.input.string() + ":2: prompt: expected a text, got number");
  CHECK(std::distance(fs::directory_iterator(f.dir.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("an input that changes while it is sent ends the batch with an error") {
  batch_fixture f(400);
  f.options.concurrency = 1;
  const auto job = f.open().value();
  f.dir.write("in.jsonl", chat_lines(3));
  auto ran = f.time.run(batch_job(job).run(f.api));
  REQUIRE(ran.has_error());
  CHECK(ran.error().message == "'" + f.options.input.string() + "' has changed since it was checked");
}

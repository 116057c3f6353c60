#include <corchestra/core/duration_book.hpp>

#include <rapidcheck.h>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>
#include <vector>

using namespace corchestra;
using namespace std::chrono_literals;
using Catch::Approx;

TEST_CASE("[D63] the mean and spread of a task type are weighted, the newest most") {
  duration_book book;
  CHECK(book.empty());
  CHECK_FALSE(book.expected("write", "writer"));
  book.learn("write", "writer", 10s);
  CHECK_FALSE(book.empty());
  CHECK(*book.expected("write", "writer") == 10s);
  CHECK(book.find("write", "")->variance == 0);
  book.learn("write", "writer", 20s);
  const auto* e = book.find("write", "writer");
  REQUIRE(e != nullptr);
  CHECK(e->mean_seconds == Approx(13));
  CHECK(e->variance == Approx(21));  // 0.3 * 0.7 * 10^2
  CHECK(e->samples == 2);
}

TEST_CASE("a task is learnt by type and by agent, and looked up by type, else by agent") {
  duration_book book;
  book.learn("write", "writer", 4s);
  book.learn("", "writer", 8s);
  book.learn("read", "", 1s);
  CHECK(*book.expected("write", "someone") == 4s);
  CHECK(*book.expected("unheard", "writer") == 5200ms);
  CHECK(*book.expected("", "writer") == 5200ms);
  CHECK(*book.expected("read", "writer") == 1s);
  CHECK_FALSE(book.expected("", ""));
  CHECK_FALSE(book.expected("writer", "write"));
}

TEST_CASE("a duration below zero counts as zero, and one beyond all bounds as 30 years") {
  duration_book book;
  book.learn("a", "", -5s);
  book.learn("b", "", duration::max());
  CHECK(*book.expected("a", "") == 0s);
  CHECK(*book.expected("b", "") == 1'000'000'000s);
}

TEST_CASE("the weighted mean and variance are those of the weights 0.3 * 0.7^k") {
  REQUIRE(rc::check("against the sums", [] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    std::vector<double> samples(*rc::gen::inRange<std::size_t>(1, 40));
    duration_book book;
    for (double& s : samples) {
      const auto d = std::chrono::milliseconds(random() % 100'000);
      s = to_seconds(d);
      book.learn("t", "", d);
    }
    double mean = 0, variance = 0;
    const auto weight = [&](std::size_t i) {
      return (i == 0 ? 1 : 0.3) * std::pow(0.7, static_cast<double>(samples.size() - 1 - i));
    };
    for (std::size_t i = 0; i < samples.size(); ++i) mean += weight(i) * samples[i];
    for (std::size_t i = 0; i < samples.size(); ++i) variance += weight(i) * (samples[i] - mean) * (samples[i] - mean);
    const auto* e = book.find("t", "");
    RC_ASSERT(e->samples == samples.size());
    RC_ASSERT(std::abs(e->mean_seconds - mean) < 1e-9 * (1 + mean));
    RC_ASSERT(std::abs(e->variance - variance) < 1e-9 * (1 + variance));
  }));
}

TEST_CASE("a book written as JSON and read again is the same, to the last bit") {
  duration_book book;
  for (std::int64_t i = 1; i < 20; ++i) {
    book.learn(i % 2 ? "write" : "read/all~", "writer", std::chrono::nanoseconds(1'234'567'891 * i));
  }
  const json written = book.to_json_value();
  CHECK(written["types"].size() == 2);
  CHECK(written["agents"]["writer"]["samples"] == 19);
  const auto read = duration_book::from_json_value(*parse_json(dump_json(written)));
  REQUIRE(read.has_value());
  CHECK(read->to_json_value() == written);
  CHECK(read->find("write", "")->variance == book.find("write", "")->variance);
  CHECK(duration_book::from_json_value(json::object())->empty());
}

TEST_CASE("a malformed book gets one error that names the place") {
  const std::pair<const char*, const char*> rows[] = {
      {"[]", "durations: the whole: expected an object, got []"},
      {R"({"kinds": {}})", "durations: /kinds: unknown, expected types, agents"},
      {R"({"types": 3})", "durations: /types: expected an object, got 3"},
      {R"({"types": {"w": null}})", "durations: /types/w: expected an object, got null"},
      {R"({"types": {"a/b~": {"mean_seconds": 1}}})", "durations: /types/a~1b~0: expected 'samples'"},
      {R"({"agents": {"w": {"samples": 1}}})", "durations: /agents/w: expected 'mean_seconds'"},
      {R"({"agents": {"w": {"mean_seconds": -1, "samples": 1}}})",
       "durations: /agents/w/mean_seconds: expected a number from 0 to 1000000000.0, got -1"},
      {R"({"agents": {"w": {"mean_seconds": "2", "samples": 1}}})",
       "durations: /agents/w/mean_seconds: expected a number from 0 to 1000000000.0, got \"2\""},
      {R"({"agents": {"w": {"mean_seconds": 2, "samples": 1.5}}})",
       "durations: /agents/w/samples: expected a whole number above 0, got 1.5"},
      {R"({"agents": {"w": {"mean_seconds": 2, "samples": 0}}})",
       "durations: /agents/w/samples: expected a whole number above 0, got 0"},
      {R"({"agents": {"w": {"mean_seconds": 2, "samples": 1, "variance": -3}}})",
       "durations: /agents/w/variance: expected a number from 0 to 1e+18, got -3"},
      {R"({"agents": {"w": {"mean_seconds": 2, "samples": 1, "median": 3}}})",
       "durations: /agents/w/median: unknown, expected mean_seconds, variance, samples"},
      {R"({"types": {"": {"mean_seconds": 2, "samples": 1}}})", "durations: /types/: expected a name"},
  };
  for (const auto& [text, message] : rows) {
    const auto book = duration_book::from_json_value(*parse_json(text));
    REQUIRE(book.has_error());
    CHECK(book.error().is(errc::invalid_argument));
    CHECK(book.error().message == message);
  }
  json endless{{"types", {{"w", {{"mean_seconds", std::nan("")}, {"samples", 1u}}}}}};
  CHECK(duration_book::from_json_value(endless).has_error());
}

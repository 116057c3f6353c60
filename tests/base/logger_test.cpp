#include <corchestra/base/logger.hpp>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace corchestra;

TEST_CASE("level names are read as they are written") {
  for (const auto level :
       {log_level::trace, log_level::debug, log_level::info, log_level::warn, log_level::error, log_level::off}) {
    const auto r = parse_log_level(to_string(level));
    REQUIRE(r.has_value());
    CHECK(*r == level);
  }
  const auto r = parse_log_level("loud");
  REQUIRE(r.has_error());
  CHECK(r.error().is(errc::invalid_argument));
  CHECK(r.error().message == "'loud' is not a log level: expected trace, debug, info, warn, error or off");
}

TEST_CASE("[A54][B26] a logger passes on what is important enough") {
  std::vector<std::string> lines;
  const logger log(log_level::info, [&lines](log_level level, std::string_view source, std::string_view message) {
    lines.push_back(std::string(to_string(level)) + " " + std::string(source) + " " + std::string(message));
  });
  log.debug("net", "one");
  log.info("net", "two");
  log.error("llm", "three");
  CHECK(lines == std::vector<std::string>{"info net two", "error llm three"});
  CHECK_FALSE(log.enabled(log_level::debug));
}

TEST_CASE("without a sink nothing is enabled") {
  const logger log;
  CHECK_FALSE(log.enabled(log_level::error));
  log.error("net", "unheard");
}

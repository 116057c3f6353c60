#include <catch2/catch_test_macros.hpp>

#include "agents/stderr_reader.hpp"

using corchestra::detail::stderr_reader;

namespace {
struct heard {
  std::vector<std::pair<double, std::string>> progress;
  stderr_reader reader{[this](double f, std::string_view m) { progress.emplace_back(f, m); }, 16};
};
}  // namespace

TEST_CASE("progress lines are heard however they are cut, and are not part of the tail") {
  heard h;
  const std::string text = "one\nCORCHESTRA_PROGRESS 0.5 half way \r\nCORCHESTRA_PROGRESS 1\ntwo";
  for (const char c : text) h.reader.feed(std::string_view(&c, 1));
  CHECK(h.progress == std::vector<std::pair<double, std::string>>{{0.5, "half way"}, {1.0, ""}});
  CHECK(h.reader.tail() == "one\ntwo");
}

TEST_CASE("malformed progress lines are ordinary output") {
  for (const std::string line : {"CORCHESTRA_PROGRESS much", "CORCHESTRA_PROGRESS 0.5x", "CORCHESTRA_PROGRESS ",
                                 " CORCHESTRA_PROGRESS 0.5", "CORCHESTRA_PROGRESS"}) {
    CAPTURE(line);
    heard h;
    h.reader.feed(line + "\n");
    CHECK(h.progress.empty());
    CHECK_FALSE(h.reader.tail().empty());
  }
}

TEST_CASE("only the end is kept, of endless lines too") {
  heard h;
  h.reader.feed(std::string(1 << 20, 'x') + "\n" + "0123456789abcdef");
  CHECK(h.reader.tail() == "0123456789abcdef");
  h.reader.feed(std::string(1 << 20, 'y'));
  CHECK(h.reader.tail() == std::string(16, 'y'));
}

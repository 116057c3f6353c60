#include <corchestra/base/secret.hpp>

#include <catch2/catch_test_macros.hpp>
#include <ostream>
#include <type_traits>

using namespace corchestra;

namespace {
template <class T>
concept streamable = requires(std::ostream& out, const T& value) { out << value; };
}  // namespace

TEST_CASE("a secret cannot be shown by accident") {
  CHECK_FALSE(streamable<secret>);
  CHECK_FALSE(std::is_convertible_v<secret, std::string>);
  CHECK_FALSE(std::is_convertible_v<secret, std::string_view>);
  CHECK(secret("sk-123456").reveal() == "sk-123456");
  CHECK(secret().empty());
}

TEST_CASE("every occurrence of a secret is redacted") {
  redactor r;
  CHECK(r.empty());
  r.add(secret("sk-123456"));
  CHECK(r("Bearer sk-123456, again sk-123456sk-123456") == "Bearer [redacted], again [redacted][redacted]");
  CHECK(r("nothing here") == "nothing here");
}

TEST_CASE("short words are no secrets") {
  redactor r;
  r.add(secret("abc"));
  r.add(secret(""));
  CHECK(r.empty());
  CHECK(r("abc") == "abc");
}

TEST_CASE("a secret within another is redacted with the whole") {
  redactor r;
  r.add(secret("secret"));
  r.add(secret("secret-and-more"));
  CHECK(r("secret-and-more, secret") == "[redacted], [redacted]");
}

TEST_CASE("a secret is found in JSON too, where its quotes are escaped") {
  redactor r;
  r.add(secret("pass\"word"));
  CHECK(r(R"({"key":"pass\"word"})") == R"({"key":"[redacted]"})");
  CHECK(r("pass\"word") == "[redacted]");
}

TEST_CASE("a secret that lies in the mark itself ends") {
  redactor r;
  r.add(secret("redacted"));
  CHECK(r("redacted") == "[redacted]");
}

TEST_CASE("what may be the begin of a secret is told at a text's end") {
  redactor r;
  CHECK(r.begun("s") == 0);
  r.add(secret("sk-skate"));
  r.add(secret("kayaks"));
  CHECK(r.begun("") == 0);
  CHECK(r.begun("nothing") == 0);
  CHECK(r.begun("a s") == 1);
  CHECK(r.begun("a sk-sk") == 5);  // not only the sk at its end
  CHECK(r.begun("kaya") == 4);
  CHECK(r.begun("sk-skat") == 7);
  CHECK(r.begun("sk-skate") == 0);
}

// Shapes of coroutine code that users write and that GCC 12 compiles wrongly (docs/design/compilers.md). Each counts
// the objects that its temporaries make, so that one destroyed twice, or never, is seen without a sanitizer as well.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::awaitable;

class counted {
 public:
  explicit counted(std::string text) : text_(std::move(text)) { ++live; }
  counted(const counted& other) : text_(other.text_) { ++live; }
  counted(counted&& other) noexcept : text_(std::move(other.text_)) { ++live; }
  counted& operator=(const counted&) = default;
  counted& operator=(counted&&) = default;
  ~counted() { --live; }

  const std::string& text() const noexcept { return text_; }
  static inline int live = 0;

 private:
  std::string text_;
};

const std::string long_text = "a text too long for the small-string buffer of any standard library";

template <class T>
T run(awaitable<T> work) {
  asio::io_context context;
  std::exception_ptr failure;
  std::optional<T> value;
  asio::co_spawn(context, std::move(work), [&](std::exception_ptr e, T v) {
    failure = e;
    value.emplace(std::move(v));
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(value).value();
}

awaitable<void> turn() {
  auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

awaitable<bool> answer(bool value) {
  co_await turn();
  co_return value;
}

awaitable<bool> condition_without_locals() {
  if (co_await answer(true)) co_return true;
  co_return false;
}

awaitable<int> only_awaits_a_post() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  co_return 1;
}

awaitable<std::size_t> length_of(counted value) {
  co_await turn();
  co_return value.text().size();
}

struct settings {
  counted name{"unnamed"};
  int retries = 3;
  std::optional<std::string> model;
};

awaitable<std::string> describe(std::string plan, settings s) {
  co_await turn();
  co_return plan + "/" + s.name.text() + "/" + std::to_string(s.retries) + "/" + s.model.value_or("none");
}

awaitable<std::string> kind_of(nlohmann::json value) {
  co_await turn();
  co_return value.dump();
}

}  // namespace

TEST_CASE("awaiting in the condition of an if, in a coroutine without locals") {
  CHECK(run(condition_without_locals()));
}

TEST_CASE("a coroutine that only awaits a post") { CHECK(run(only_awaits_a_post()) == 1); }

TEST_CASE("a temporary object as by-value argument of an awaited call") {
  auto shape = []() -> awaitable<std::size_t> { co_return co_await length_of(counted(long_text)); };
  CHECK(run(shape()) == long_text.size());
  CHECK(counted::live == 0);
}

TEST_CASE("an aggregate with designated initialisers as argument of an awaited call") {
  auto shape = []() -> awaitable<std::string> {
    co_return co_await describe("plan", {.name = counted(long_text), .model = "m"});
  };
  CHECK(run(shape()) == "plan/" + long_text + "/3/m");
  CHECK(counted::live == 0);
}

// This shape and the next one not directly in a co_return: there GCC 14 evaluates both operands, and both branches.
TEST_CASE("two awaits joined by a logical operator evaluate the second only when needed") {
  int asked = 0;
  auto ask = [&asked](bool value) -> awaitable<bool> {
    ++asked;
    co_return co_await answer(value);
  };
  auto shape = [&ask](bool first) -> awaitable<bool> {
    const bool both = (co_await ask(first)) && (co_await ask(true));
    co_return both;
  };
  CHECK(run(shape(true)));
  CHECK(asked == 2);
  CHECK_FALSE(run(shape(false)));
  CHECK(asked == 3);
}

TEST_CASE("awaiting inside a conditional expression evaluates one branch") {
  int asked = 0;
  auto ask = [&asked](counted value) -> awaitable<std::size_t> {
    ++asked;
    co_return co_await length_of(std::move(value));
  };
  auto shape = [&ask](bool first) -> awaitable<std::size_t> {
    const std::size_t length = first ? co_await ask(counted(long_text)) : co_await ask(counted("short"));
    co_return length;
  };
  CHECK(run(shape(true)) == long_text.size());
  CHECK(run(shape(false)) == 5);
  CHECK(asked == 2);
  CHECK(counted::live == 0);
}

TEST_CASE("a capturing lambda passed to an awaited co_spawn lives until its coroutine has ended") {
  auto shape = []() -> awaitable<std::size_t> {
    auto executor = co_await asio::this_coro::executor;
    co_return co_await asio::co_spawn(
        executor,
        [value = counted(long_text)]() -> awaitable<std::size_t> {
          co_await turn();
          co_return value.text().size();
        },
        asio::use_awaitable);
  };
  CHECK(run(shape()) == long_text.size());
  CHECK(counted::live == 0);
}

TEST_CASE("a JSON value built from braces as argument of an awaited call") {
  auto shape = []() -> awaitable<std::string> {
    co_return co_await kind_of({{"id", "load"}, {"depends_on", {"a", "b"}}, {"priority", 10}});
  };
  CHECK(run(shape()) == R"({"depends_on":["a","b"],"id":"load","priority":10})");
}

#include <corchestra/batch/batch_input.hpp>

#include "batch/batch_files.hpp"
#include "batch/prices.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::chat_line;
using corchestra::tests::micro;
using corchestra::tests::openai_line;
using corchestra::tests::simple_prices;
using corchestra::tests::temp_dir;
using llm::money;

namespace {

struct checked {
  temp_dir dir;
  std::string path;
  result<batch_input> outcome;

  explicit checked(std::string_view content, const request_options& o = {}, const llm::price_table* prices = nullptr,
                   bool bounded = false)
      : path(dir.write("in.jsonl", content)), outcome(check_input(path, o, prices, bounded)) {}
  /// Without the file's name.
  std::string error() const { return outcome.has_error() ? outcome.error().message.substr(path.size()) : "none"; }
};

}  // namespace

TEST_CASE("a file's requests are counted by model, with what bounds their cost") {
  const auto p = simple_prices();
  const std::string a = chat_line("a", 100), b = chat_line("b", 50);
  const std::string c = openai_line("c", R"({"model":"other","messages":[]})");
  const checked f(a + "\n\n" + b + "\n" + c, {}, &p);
  REQUIRE(f.outcome);
  CHECK(f.outcome->requests == 3);
  CHECK(f.outcome->path == "chat/completions");
  CHECK(f.outcome->xxh128.size() == 32);
  REQUIRE(f.outcome->models.size() == 2);
  const auto& m = f.outcome->models.at("m");
  const std::uint64_t bytes = a.size() + b.size() - 2 * (openai_line("a", "").size());
  CHECK(m == model_share{2, bytes, 150, 0, micro(static_cast<std::int64_t>(bytes) + 300)});
  CHECK(f.outcome->models.at("other").unbounded == 1);
  CHECK(f.outcome->models.at("other").bound == money());
}

TEST_CASE("an id that occurs twice is named with both its lines") {
  const checked f(chat_line("a") + "\n\n" + chat_line("b") + "\n" + chat_line("a") + "\n" + chat_line("b"));
  CHECK(f.error() == ":4: the custom_id 'a' was given in line 1 already");
  const checked generated(chat_line("request-2") + "\n{\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"m\"}}");
  CHECK(generated.error() == ":2: the custom_id 'request-2' was given in line 1 already");
}

TEST_CASE("all requests of a batch go to one path") {
  const checked f(chat_line("a") + "\n" + openai_line("b", R"({"model":"e","input":"x"})", "/v1/embeddings"));
  CHECK(f.error() ==
        ":2: the url is for 'embeddings', that of the first request for 'chat/completions': a batch has one");
}

TEST_CASE("the first of several bad lines is named, and the others are counted") {
  CHECK(checked("{}\n").error().starts_with(":1: expected 'body'"));
  const std::string good = chat_line("a") + "\n";
  CHECK(checked(good + "7\n{\n").error() == ":2: expected a JSON object, got 7 (and 1 other line with errors)");
  CHECK(checked(good + "7\n{\n[]\n").error() == ":2: expected a JSON object, got 7 (and 2 other lines with errors)");
  CHECK(checked(good + "7\n").outcome.error().is(errc::invalid_argument));
}

TEST_CASE("a file without requests is refused") {
  for (const char* content : {"", "\n \n"}) {
    const checked f(content);
    REQUIRE(f.outcome.has_error());
    CHECK(f.outcome.error().message == "'" + f.path + "' has no requests: expected one a line");
  }
}

TEST_CASE("where costs have to be bounded, every request for text says max_tokens") {
  const std::string line = openai_line("a", R"({"model":"m","messages":[]})");
  CHECK(checked(line, {}, nullptr, false).error() == "none");
  CHECK(checked(line, {}, nullptr, true).error() ==
        ":1: max_tokens is needed where there is a budget: name it in the request, or by --max-tokens");
  CHECK(checked(openai_line("a", R"({"model":"e","input":"x"})", "/v1/embeddings"), {}, nullptr, true).error() ==
        "none");
}

TEST_CASE("the fingerprint is that of the file's bytes") {
  CHECK(checked(chat_line("a")).outcome->xxh128 == checked(chat_line("a")).outcome->xxh128);
  CHECK(checked(chat_line("a")).outcome->xxh128 != checked(chat_line("a") + "\n").outcome->xxh128);
}

TEST_CASE("the estimate takes four bytes for a token and answers half as long as they may be") {
  batch_input in;
  in.requests = 3;
  in.models["m"] = {2, 4000, 1000, 0, micro(7)};
  in.models["unknown"] = {1, 400, 10, 0, {}};
  const auto cost = estimate(in, simple_prices());
  CHECK(cost.likely == micro(2000));
  REQUIRE(cost.most);
  CHECK(*cost.most == micro(7));
  CHECK(cost.unpriced == 1);
}

TEST_CASE("answers without a bound are taken as 500 tokens, and there is no most") {
  batch_input in;
  in.requests = 2;
  in.models["m"] = {2, 0, 0, 2, {}};
  const auto cost = estimate(in, simple_prices());
  CHECK(cost.likely == micro(2000));
  CHECK_FALSE(cost.most);
}

#include "batch/request_line.hpp"

#include <map>

#include <corchestra/base/text.hpp>

#include "batch/batch_files.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::line_record;
using corchestra::tests::openai_line;

namespace {

result<request_line> made(const record& r, request_options o) {
  const auto maker = request_maker::create(std::move(o));
  if (maker.has_error()) return maker.error();
  request_line line;
  line.model = line.service_tier = line.custom_id = line.body = "of another";
  line.max_tokens = line.answers = 77;
  line.prefix = 7;
  const auto done = maker->make(line, r, false);
  return done.has_value() ? result<request_line>(std::move(line)) : done.error();
}

result<request_line> made(std::string_view text, request_options o = {.model = "standard"}) {
  return made(line_record(text, 6), std::move(o));
}

std::string error_of(std::string_view text, request_options o = {.model = "standard"}) {
  const auto r = made(text, std::move(o));
  return r.has_value() ? "none: " + r->body : r.error().message;
}

result<request_line> row_made(ordered_json row, request_options o) {
  record r;
  r.line = 3;
  r.row = std::move(row);
  return made(r, std::move(o));
}

}  // namespace

TEST_CASE("a line of OpenAI's batch format is sent as it is") {
  const std::string body = R"({ "model" : "gpt", "messages":[{"role":"user","content":"hi"}], "temperature":0.10})";
  const auto r = made(openai_line("a-1", body));
  REQUIRE(r);
  CHECK(r->index == 6);
  CHECK(r->custom_id == "a-1");
  CHECK(r->path == "chat/completions");
  CHECK(r->body == body);
  CHECK(r->model == "gpt");
  CHECK_FALSE(r->max_tokens);
  CHECK(r->answers == 1);
}

TEST_CASE("the path is what follows /v1") {
  const std::map<std::string, std::string> paths = {{"/v1/embeddings", "embeddings"},
                                                    {"/v1/responses", "responses"},
                                                    {"/completions", "completions"},
                                                    {"v2/rerank", "v2/rerank"}};
  for (const auto& [url, path] : paths) {
    const auto r = made(openai_line("a", R"({"model":"m"})", url));
    REQUIRE(r);
    CHECK(r->path == path);
  }
}

TEST_CASE("a line's path is its own, whatever was made of the lines before it") {
  const auto maker = request_maker::create({.model = "standard"});
  REQUIRE(maker);
  request_line line;
  const auto path_of = [&](std::string_view url) {
    const std::string text = url.empty() ? R"({"prompt":"hi"})" : concat(R"({"url":")", url, R"(","body":{"model":"m"}})");
    return maker->make(line, line_record(text, 0), false) ? line.path : "refused";
  };
  CHECK(path_of("/v1/embeddings") == "embeddings");
  CHECK(path_of("/v1/embeddings") == "embeddings");
  CHECK(path_of("") == "chat/completions");
  CHECK(path_of("/v1/embeddings") == "embeddings");
  CHECK(path_of("//wrong") == "refused");
  CHECK(path_of("//wrong") == "refused");
  CHECK(path_of("/v1/embeddings") == "embeddings");
  CHECK(path_of("/v1/completions") == "completions");
}

TEST_CASE("a line without an id is named by its place") {
  const auto r = made(R"({"url":"/v1/embeddings","body":{"model":"e","input":"x"}})");
  REQUIRE(r);
  CHECK(r->custom_id == "request-7");
}

TEST_CASE("a model is put where a line names none, and forced where it is to be") {
  const std::string none = openai_line("a", R"({"input":"x"})", "/v1/embeddings");
  CHECK(made(none).value().body == R"({"model":"standard","input":"x"})");
  CHECK(error_of(none, {}) == "body.model is missing: name it there, or by --model");
  const std::string own = openai_line("a", R"({"input":"x","model":"own"})", "/v1/embeddings");
  CHECK(made(own).value().body == R"({"input":"x","model":"own"})");
  const auto forced = made(own, {.model = "other", .model_forced = true});
  REQUIRE(forced);
  CHECK(forced->body == R"({"model":"other","input":"x"})");
  CHECK(forced->model == "other");
  const auto same = made(own, {.model = "own", .model_forced = true});
  CHECK(same.value().body == R"({"input":"x","model":"own"})");
  const auto prompt = made(R"({"prompt":"x","model":"own"})", {.model = "other", .model_forced = true});
  CHECK(prompt.value().model == "other");
}

TEST_CASE("messages, and a prompt with its system, become chats") {
  const auto m = made(R"({"id":"x","messages":[{"role":"user","content":"hi"}],"temperature":0})");
  REQUIRE(m);
  CHECK(m->custom_id == "x");
  CHECK(m->body == R"({"model":"standard","messages":[{"role":"user","content":"hi"}],"temperature":0})");
  const auto p = made(R"({"prompt":"why?","custom_id":"p","system":"be brief","seed":4})");
  REQUIRE(p);
  CHECK(p->body == R"({"model":"standard","messages":[{"role":"system","content":"be brief"},)"
                   R"({"role":"user","content":"why?"}],"seed":4})");
  CHECK(made(R"({"prompt":"x"})", {.model = "s", .system = "of all"}).value().body ==
        R"({"model":"s","messages":[{"role":"system","content":"of all"},{"role":"user","content":"x"}]})");
  CHECK(made(R"({"id":12,"prompt":"x"})").value().custom_id == "12");
}

TEST_CASE("the limit and further members go into bodies that are made here, where they say nothing themselves") {
  request_options o{.model = "s", .max_tokens = 50, .body = {{"temperature", 0}, {"seed", 1}}};
  CHECK(made(R"({"prompt":"x","seed":2})", o).value().body ==
        R"({"model":"s","messages":[{"role":"user","content":"x"}],"seed":2,"temperature":0,"max_tokens":50})");
  CHECK(made(R"({"prompt":"x","max_tokens":7})", o).value().max_tokens == 7);
  CHECK(made(R"({"prompt":"x","max_completion_tokens":8})", o).value().max_tokens == 8);
  o.max_tokens_field = "max_completion_tokens";
  const auto named = made(R"({"prompt":"x"})", o);
  CHECK(named.value().body.ends_with(R"("max_completion_tokens":50})"));
  CHECK(named.value().max_tokens == 50);
  const std::string passed = openai_line("a", R"({"model":"m"})");
  CHECK(made(passed, o).value().body == R"({"model":"m"})");
}

TEST_CASE("rows of columns fill a template, from JSONL and CSV alike") {
  const request_options o{.model = "s", .prompt = "Is ${text} kind?", .system = "You know ${lang}."};
  const std::string body = R"({"model":"s","messages":[{"role":"system","content":"You know en."},)"
                           R"({"role":"user","content":"Is it kind?"}]})";
  const auto line = made(R"({"id":"r1","text":"it","lang":"en","model":"not one"})", o);
  REQUIRE(line);
  CHECK(line->body == body);
  CHECK(line->custom_id == "r1");
  const auto row = row_made({{"custom_id", "c"}, {"text", "it"}, {"lang", "en"}}, o);
  REQUIRE(row);
  CHECK(row->body == body);
  CHECK(row->custom_id == "c");
  CHECK(row_made({{"text", "it"}, {"lang", "en"}}, o).value().custom_id == "request-3");
}

TEST_CASE("how many answers are asked for is a whole number: a text or a fraction would hide it from the budget") {
  for (const char* name : {"n", "best_of"}) {
    for (const char* value : {"\"5\"", "5.0", "5e0", "0", "-1", "true", "[5]"}) {
      CAPTURE(name, value);
      CHECK(error_of(openai_line("a", concat(R"({"model":"m",")", name, "\":", value, "}"))) ==
            concat("body.", name, ": expected a whole number from 1, got ", value));
    }
    CHECK(made(openai_line("a", concat(R"({"model":"m",")", name, R"(":null})"))).value().answers == 1);
  }
}

TEST_CASE("each malformed line has a message of its own") {
  const auto of = [](std::string_view member) {
    return openai_line("a", R"({"model":"m",)" + std::string(member) + "}");
  };
  CHECK(error_of(R"({"prompt":)").starts_with("column "));
  CHECK(error_of(R"({"body":{"temperature":1e999},"url":"/v1/x"})").find("number overflow") != std::string::npos);
  CHECK(error_of("[1]") == "expected a JSON object, got [1]");
  CHECK(error_of("7") == "expected a JSON object, got 7");
  CHECK(error_of("{}") ==
        "expected 'body' (OpenAI's batch format), 'messages' or 'prompt'; for rows of columns give --prompt");
  CHECK(error_of(R"({"body":{},"url":"/v1/x","promt":1})") ==
        "unknown member 'promt'; known: body, custom_id, method, url");
  CHECK(error_of(R"({"body":[],"url":"/v1/x"})") == "body: expected an object, got []");
  CHECK(error_of(R"({"body":{},"method":"GET","url":"/v1/x"})") == R"(method: expected "POST", got "GET")");
  CHECK(error_of(R"({"body":{}})") == "url is missing: such as \"/v1/chat/completions\"");
  CHECK(error_of(R"({"body":{},"url":7})") == "url: expected a text such as '/v1/chat/completions', got 7");
  for (const char* url : {"http://evil/v1", "/v1/", "/v1/../admin", "/v1//x", "/v1/x//y", "/v1/x?y=1", "", "/v1/a b"}) {
    CAPTURE(url);
    CHECK(error_of(openai_line("a", "{}", url)) ==
          std::string("url: expected a path such as '/v1/chat/completions', got '") + url + "'");
  }
  CHECK(error_of(R"({"body":{},"url":"/v1/x","custom_id":7})") == "custom_id: expected a text, got 7");
  CHECK(error_of(openai_line("", "{}")) == "custom_id: it is empty");
  CHECK(error_of(openai_line(std::string(513, 'i'), "{}")) == "custom_id: longer than 512 bytes");
  CHECK(error_of(openai_line("a", R"({"model":7})")) == "body.model: expected a text, got 7");
  CHECK(error_of(of(R"("stream":true)")) == "body.stream: answers of a batch are not streamed: take it out");
  for (const char* n : {"0", "-1", "1.5", "\"8\"", "[]"}) {
    CAPTURE(n);
    CHECK(error_of(of(std::string(R"("max_tokens":)") + n)) ==
          std::string("body.max_tokens: expected a whole number from 1, got ") + n);
  }
  CHECK(error_of(R"({"messages":[]})") == "messages: expected an array with at least one message");
  CHECK(error_of(R"({"messages":"hi"})") == "messages: expected an array with at least one message");
  CHECK(error_of(R"({"messages":[1],"prompt":"x"})") == "'prompt' and 'messages' cannot be given together");
  CHECK(error_of(R"({"messages":[1],"system":"x"})") == "'system' and 'messages' cannot be given together");
  CHECK(error_of(R"({"prompt":["x"]})") == "prompt: expected a text, got array");
  CHECK(error_of(R"({"prompt":"x","system":1})") == "system: expected a text, got number");
  CHECK(error_of(R"({"prompt":"x"})", {}) == "no model is named: give --model, or 'model' in the line");
  CHECK(error_of(R"({"a":1})", {.model = "s", .prompt = "${b}"}) == "--prompt: there is no column 'b'; there are: a");
  CHECK(error_of(R"({"a":1})", {.model = "s", .prompt = "x", .system = "${b}"}) ==
        "--system: there is no column 'b'; there are: a");
  CHECK(row_made({{"a", "1"}}, {.model = "s"}).error().message ==
        "a file of columns needs a prompt: --prompt 'Translate: ${text}'");
}

TEST_CASE("malformed options are refused before any line is read") {
  CHECK(error_of("{}", {.prompt = "${a"}) == "--prompt: the '${' before 'a' is not closed by a '}'");
  CHECK(error_of("{}", {.system = "${}"}) == "--system: '${}' names no column");
  CHECK(error_of("{}", {.body = ordered_json::array()}) == "--body: expected a JSON object, got array");
  CHECK(error_of("{}", {.body = {{"stream", true}}}) == "--body: 'stream' cannot be set there");
}

TEST_CASE("what a request may cost is read from its body") {
  const auto r = made(openai_line(
      "a", R"({"model":"m","max_completion_tokens":30,"n":4,"service_tier":"flex","stream":false,"max_tokens":null})"));
  REQUIRE(r);
  CHECK(r->max_tokens == 30);
  CHECK(r->answers == 4);
  CHECK(r->service_tier == "flex");
  CHECK(made(openai_line("a", R"({"model":"m","max_output_tokens":5})", "/v1/responses")).value().max_tokens == 5);
}

TEST_CASE("of several limits the widest counts, as the endpoint may go by either") {
  CHECK(made(openai_line("a", R"({"model":"m","max_completion_tokens":900,"max_tokens":10})")).value().max_tokens ==
        900);
  CHECK(made(openai_line("a", R"({"model":"m","max_tokens":10,"max_completion_tokens":900})")).value().max_tokens ==
        900);
}

TEST_CASE("candidates that are thrown away, and each prompt of a list, are answers too") {
  const auto answers = [](std::string_view members) {
    return made(openai_line("a", R"({"model":"m",)" + std::string(members) + "}", "/v1/completions")).value().answers;
  };
  CHECK(answers(R"("prompt":"x","n":2,"best_of":5)") == 5);
  CHECK(answers(R"("prompt":"x","n":5,"best_of":2)") == 5);
  CHECK(answers(R"("prompt":["x","y","z"],"n":2)") == 6);
  CHECK(answers(R"("prompt":[[1,2],[3]])") == 2);
  CHECK(answers(R"("prompt":[1,2,3])") == 1);
  CHECK(answers(R"("prompt":[])") == 1);
}

TEST_CASE("requests with the same first message, and more behind it, have the same prefix") {
  const auto prefix = [](std::string_view messages) {
    return made(R"({"messages":)" + std::string(messages) + "}").value().prefix;
  };
  const auto a = prefix(R"([{"role":"system","content":"s"},{"role":"user","content":"1"}])");
  CHECK(a != 0);
  CHECK(prefix(R"([{"role":"system","content":"s"},{"role":"user","content":"2"}])") == a);
  CHECK(prefix(R"([{"role":"system","content":"t"},{"role":"user","content":"1"}])") != a);
  CHECK(prefix(R"([{"role":"user","content":"1"}])") == 0);
}

TEST_CASE("only requests for text are bounded by max_tokens") {
  for (const char* path : {"chat/completions", "completions", "responses"}) CHECK(asks_for_text(path));
  for (const char* path : {"embeddings", "moderations", "chat", ""}) CHECK_FALSE(asks_for_text(path));
}

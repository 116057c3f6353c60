#include <corchestra/store/cassette.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>

#include <corchestra/llm/openai_client.hpp>
#include <corchestra/testing/virtual_time.hpp>

#include "llm/replies.hpp"
#include "llm/scripted_http_client.hpp"
#include "support/temp_dir.hpp"

using namespace corchestra;
using namespace corchestra::store;
using namespace corchestra::tests;

namespace {

const std::string key = "sk-secret-0123456789";

result<llm::chat_response> chat(std::shared_ptr<net::http_client> http, std::string url, bool streaming = false) {
  testing::virtual_time_context time;
  llm::openai_options o;
  o.base_url = std::move(url);
  o.api_key = secret(key);
  o.model = "m";
  o.retry.max_retries = 0;
  const auto client = llm::make_openai_client(std::move(http), o).value();
  return time.run(streaming ? client->stream(ask(), nullptr) : client->complete(ask()));
}

std::string text_of(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("what was recorded plays again without a network, on another host too") {
  temp_dir folder;
  const auto file = folder.path() / "calls.jsonl";
  const auto http = std::make_shared<scripted_http_client>();
  http->replies(200, reply_saying("Hi.").dump(), {{"x-request-id", "req_7"}, {"Set-Cookie", "a=b"}});
  http->streams({{{}, sse_text("Ho.")}, {{}, sse_end}});
  redactor secrets;
  secrets.add(secret(key));
  const auto recording = record_to(file, http, secrets).value();
  REQUIRE(chat(recording, "http://one/v1"));
  REQUIRE(chat(recording, "http://one/v1", true));
  CHECK(text_of(file).find(key) == std::string::npos);
  CHECK(text_of(file).find("ookie") == std::string::npos);

  const auto played = replay_from(file).value();
  const auto answer = chat(played, "http://two/v1"), streamed = chat(played, "http://two/v1", true);
  REQUIRE(answer);
  CHECK(answer->message.content == "Hi.");
  CHECK(answer->request_id == "req_7");
  REQUIRE(streamed);
  CHECK(streamed->message.content == "Ho.");
}

TEST_CASE("the same request gets the recorded replies in turn, and the last one again") {
  temp_dir folder;
  const auto file = folder.path() / "calls.jsonl";
  const auto http = std::make_shared<scripted_http_client>();
  http->replies(200, reply_saying("1").dump()).replies(200, reply_saying("2").dump());
  const auto recording = record_to(file, http).value();
  REQUIRE(chat(recording, "http://h/v1"));
  REQUIRE(chat(recording, "http://h/v1"));
  const auto played = replay_from(file).value();
  for (const char* expected : {"1", "2", "2"}) CHECK(chat(played, "http://h/v1")->message.content == expected);
}

TEST_CASE("a request that was not recorded is named") {
  temp_dir folder;
  const auto file = folder.path() / "calls.jsonl";
  {
    std::ofstream(file) << "";
  }
  const auto answer = chat(replay_from(file).value(), "http://h/v1");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message == "'" + file.string() + "' has no reply to this POST /v1/chat/completions");
}

TEST_CASE("a malformed recording is refused with file and line") {
  temp_dir folder;
  const auto file = folder.path() / "calls.jsonl";
  {
    std::ofstream(file) << "\n{\"method\": \"POST\"}\n";
  }
  CHECK(replay_from(file).error().message ==
        file.string() + ":2: expected an exchange: an object with method, target, body, status, headers, reply");
}

TEST_CASE("a recording that cannot be read is refused, and is no empty one") {
  temp_dir folder;
  CHECK(replay_from(folder.path()).error().message == "cannot read '" + folder.path().string() + "': it is a folder");
  CHECK(replay_from(folder.path() / "none").error().message ==
        "cannot read '" + folder.file("none") + "': No such file or directory");
  CHECK(replay_from("/dev/zero").error().is(errc::too_large));
}

#include "batch/result_line.hpp"

#include <rapidcheck.h>

#include "batch/scripted_api.hpp"

using namespace corchestra;
using namespace corchestra::batch;
using corchestra::tests::failed;

namespace {

request_line request(std::uint64_t index, std::string id) {
  request_line r;
  r.index = index;
  r.custom_id = std::move(id);
  return r;
}

std::string result_line(const request_line& request, const llm::api_reply& reply) {
  std::string line;
  append_result_line(line, request, reply);
  return line;
}

llm::api_reply reply(std::string body, int status = 200, std::string request_id = "") {
  llm::api_reply r;
  r.status = status;
  r.body = std::move(body);
  r.request_id = std::move(request_id);
  return r;
}

}  // namespace

TEST_CASE("a result is a line of OpenAI's batch output, with the reply's body as it came") {
  CHECK(result_line(request(7, "a"), reply(R"({"x": 1.50})", 200, "req_1")) ==
        R"({"id":"batch_req_7","custom_id":"a","response":{"status_code":200,"request_id":"req_1",)"
        R"("body":{"x": 1.50}},"error":null})");
}

TEST_CASE("a body of several lines goes on one") {
  const std::string line = result_line(request(0, "a"), reply("{\r\n \t\"x\": \"a\\nb\"\n}"));
  CHECK(line.find_first_of("\r\n") == std::string::npos);
  CHECK(json::parse(line)["response"]["body"] == json{{"x", "a\nb"}});
}

TEST_CASE("a failure has its code and message, and the reply if there was one") {
  CHECK(result_line(request(1, "a"), failed(0, errc::connect_failed, "h: connection \"refused\"\n")) ==
        R"({"id":"batch_req_1","custom_id":"a","response":null,)"
        R"("error":{"code":"connect_failed","message":"h: connection \"refused\"\n"}})");
  auto html = failed(502, errc::server_error, "bad gateway");
  html.body = "<html>\xFF";
  const json line = json::parse(result_line(request(1, "a"), html));
  CHECK(line["response"]["status_code"] == 502);
  CHECK(line["response"]["body"] == "<html>\xEF\xBF\xBD");
  CHECK(line["error"]["code"] == "server_error");
  html.body = std::string(1 << 20, 'x');
  CHECK(result_line(request(1, "a"), html).size() < 70'000);
}

TEST_CASE("any id and message give a line of valid JSON that tells its place") {
  REQUIRE(rc::check("result lines", [](const std::string& id, const std::string& message, std::uint64_t index) {
    auto r = failed(500, errc::server_error, message);
    const std::string line = result_line(request(index, id), r);
    RC_ASSERT(line.find('\n') == std::string::npos);
    RC_ASSERT(json::accept(line));
    RC_ASSERT(index_of_result(line) == index);
  }));
}

TEST_CASE("what is no result has no place") {
  for (const char* line : {"", "{}", R"({"id":"batch_req_)", R"({"id":"batch_req_x")", R"({"id":"batch_req_7)",
                           R"({"id":"batch_req_99999999999999999999"})", R"({"id":"batch_req_-1"})"}) {
    CAPTURE(line);
    CHECK_FALSE(index_of_result(line));
  }
}

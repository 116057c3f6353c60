#include <catch2/catch_test_macros.hpp>
#include <vector>

#include <corchestra/llm/error_body.hpp>

using namespace corchestra;
using namespace corchestra::llm;
using namespace std::chrono_literals;

TEST_CASE("every known dialect of error bodies is understood") {
  struct row {
    std::string body, content_type;
    error_body expected;
  };
  const std::vector<row> rows = {
      {R"({"error":{"message":"m","type":"t","param":"p","code":"c"}})", "application/json", {"m", "t", "c", "p"}},
      {R"({"error":{"message":"m","type":null,"param":null,"code":null}})", "application/json", {"m", "", "", ""}},
      {R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})",
       "application/json",
       {"Loading model", "unavailable_error", "503", ""}},
      {R"({"error":"'response_format.type' must be 'json_schema' or 'text'"})",
       "application/json",
       {"'response_format.type' must be 'json_schema' or 'text'", "", "", ""}},
      {R"({"detail":"Not Found"})", "application/json", {"Not Found", "", "", ""}},
      {R"({"detail":[{"loc":["body","messages",0],"msg":"field required","type":"missing"},{"msg":"bad"}]})",
       "application/json",
       {"body.messages.0: field required; bad", "", "", ""}},
      {R"({"detail":{"error":{"message":"inner"}}})", "application/json", {"inner", "", "", ""}},
      {R"({"object":"error","message":"m","type":"t","param":null,"code":3000})",
       "application/json",
       {"m", "t", "3000", ""}},
      {R"("just text")", "application/json", {"just text", "", "", ""}},
      {R"({"unexpected":1})", "application/json", {R"({"unexpected":1})", "", "", ""}},
      {"<html><head><title>502 Bad Gateway</title></head></html>",
       "text/html",
       {"an HTML page titled '502 Bad Gateway'", "", "", ""}},
      {"<p>oops", "", {"an HTML page", "", "", ""}},
      {"upstream connect error", "text/plain", {"upstream connect error", "", "", ""}},
      {"", "application/json", {"", "", "", ""}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.body);
    const error_body b = parse_error_body(row.body, row.content_type);
    CHECK(b.message == row.expected.message);
    CHECK(b.type == row.expected.type);
    CHECK(b.code == row.expected.code);
    CHECK(b.param == row.expected.param);
  }
}

TEST_CASE("a status becomes a code, a message and a retry class") {
  struct row {
    int status;
    std::string body;
    errc code;
    std::string message;
    retry_class retry;
  };
  constexpr auto again = retry_class::transient, never = retry_class::terminal;
  const std::vector<row> rows = {
      {400, R"({"error":{"message":"bad"}})", errc::bad_request, "HTTP 400: bad", never},
      {401, R"({"error":{"message":"Invalid API Key","type":"authentication_error","code":401}})",
       errc::authentication_failed, "HTTP 401: Invalid API Key (authentication_error)", never},
      {403, "", errc::permission_denied, "HTTP 403: no explanation", never},
      {404, R"({"error":{"message":"no model x","code":"model_not_found"}})", errc::not_found,
       "HTTP 404: no model x (model_not_found)", never},
      {404, "", errc::not_found, "HTTP 404: no explanation; check base_url (it usually ends in /v1) and the model",
       never},
      {408, "", errc::timeout, "HTTP 408: no explanation", again},
      {409, "", errc::bad_request, "HTTP 409: no explanation", again},
      {413, "", errc::bad_request, "HTTP 413: no explanation", never},
      {422, R"({"detail":"x"})", errc::bad_request, "HTTP 422: x", never},
      {425, "", errc::bad_request, "HTTP 425: no explanation", again},
      {429, R"({"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}})", errc::rate_limited,
       "HTTP 429: slow (rate_limit_exceeded)", again},
      {429, R"({"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}})",
       errc::quota_exhausted, "HTTP 429: pay (insufficient_quota)", never},
      {402, "", errc::quota_exhausted, "HTTP 402: no explanation", never},
      {400, R"({"error":{"message":"filtered","code":"content_filter"}})", errc::content_filtered,
       "HTTP 400: filtered (content_filter)", never},
      {500, "<html>", errc::server_error, "HTTP 500: an HTML page", again},
      {503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})", errc::server_error,
       "HTTP 503: Loading model (unavailable_error)", again},
      {529, "", errc::server_error, "HTTP 529: no explanation", again},
  };
  for (const auto& row : rows) {
    CAPTURE(row.status, row.body);
    const error e = error_from_reply(row.status, {}, row.body);
    CHECK(code_name(e) == to_string(row.code));
    CHECK(e.message == row.message);
    CHECK(e.retry == row.retry);
    CHECK_FALSE(e.retry_after);
  }
}

TEST_CASE("a quota that is used up is not asked again, whatever x-should-retry says") {
  const auto e =
      error_from_reply(429, {{"x-should-retry", "true"}, {"content-type", "application/json"}},
                       R"({"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}})");
  CHECK(e.is(errc::quota_exhausted));
  CHECK(e.retry == retry_class::terminal);
}

TEST_CASE("x-should-retry overrides both classes") {
  CHECK(error_from_reply(400, {{"x-should-retry", "true"}}, "").retry == retry_class::transient);
  CHECK(error_from_reply(500, {{"X-Should-Retry", "false"}}, "").retry == retry_class::terminal);
  CHECK(error_from_reply(500, {{"x-should-retry", "perhaps"}}, "").retry == retry_class::transient);
}

TEST_CASE("the server's waiting time goes with the error") {
  CHECK(error_from_reply(429, {{"Retry-After", "2.5"}}, "").retry_after == 2500ms);
}

TEST_CASE("a redirect names where to, without its query") {
  CHECK(error_from_reply(301, {{"Location", "https://h/v1?key=abc"}}, "").message ==
        "HTTP 301: redirects are not followed; set base_url to 'https://h/v1'");
}

TEST_CASE("a long message is cut") { CHECK(error_from_reply(500, {}, std::string(10'000, 'x')).message.size() < 600); }

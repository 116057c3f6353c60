#include <corchestra/telemetry/endpoint_attributes.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace corchestra;

TEST_CASE("the provider is told by the host, and is openai where only the protocol is known") {
  const auto provider = [](std::string_view url) {
    return std::get<std::string>(telemetry::endpoint_attributes(net::parse_url(url).value()).at(0).second);
  };
  CHECK(provider("https://api.openai.com/v1") == "openai");
  CHECK(provider("https://me.openai.azure.com/openai/v1") == "azure.ai.openai");
  CHECK(provider("https://api.groq.com/openai/v1") == "groq");
  CHECK(provider("https://notapi.groq.com") == "openai");
  CHECK(provider("https://europe-west1-aiplatform.googleapis.com/v1") == "gcp.vertex_ai");
  CHECK(provider("http://127.0.0.1:8080/v1") == "openai");
  const auto all = telemetry::endpoint_attributes(net::parse_url("http://127.0.0.1:8080/v1").value());
  CHECK(all.at(1) == std::pair<std::string, telemetry::attribute_value>("server.address", std::string("127.0.0.1")));
  CHECK(all.at(2) == std::pair<std::string, telemetry::attribute_value>("server.port", std::int64_t(8080)));
}

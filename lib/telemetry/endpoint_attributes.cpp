#include <corchestra/telemetry/endpoint_attributes.hpp>

#include <string_view>

namespace corchestra::telemetry {

namespace {

std::string_view provider_of(std::string_view host) {
  constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"openai.azure.com", "azure.ai.openai"},
      {"cognitiveservices.azure.com", "azure.ai.openai"},
      {"models.ai.azure.com", "azure.ai.inference"},
      {"api.anthropic.com", "anthropic"},
      {"api.cohere.ai", "cohere"},
      {"api.cohere.com", "cohere"},
      {"api.deepseek.com", "deepseek"},
      {"generativelanguage.googleapis.com", "gcp.gemini"},
      {"aiplatform.googleapis.com", "gcp.vertex_ai"},
      {"api.groq.com", "groq"},
      {"api.mistral.ai", "mistral_ai"},
      {"api.perplexity.ai", "perplexity"},
      {"api.x.ai", "x_ai"}};
  for (const auto& [domain, provider] : known) {
    if (!host.ends_with(domain)) continue;
    const std::string_view rest = host.substr(0, host.size() - domain.size());
    if (rest.empty() || rest.ends_with('.') || rest.ends_with('-')) return provider;
  }
  return "openai";
}

}  // namespace

attributes endpoint_attributes(const net::url& base) {
  return {{"gen_ai.provider.name", std::string(provider_of(base.host))},
          {"server.address", base.host},
          {"server.port", std::int64_t(base.port)}};
}

}  // namespace corchestra::telemetry

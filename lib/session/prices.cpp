#include "session/prices.hpp"

#include <corchestra/net/url.hpp>

namespace corchestra {

result<std::shared_ptr<const llm::price_table>> prices_of(const settings& s) {
  const auto base = net::parse_url(s.base_url);
  const bool openai = base && base->host == "api.openai.com";
  llm::price_table table = openai ? llm::price_table::standard() : llm::price_table();
  if (!s.prices.empty()) {
    const auto file = llm::price_table::load(s.prices);
    if (file.has_error()) return in_place(file.error(), origin_of(s, "prices"));
    table.overlay(*file);
  }
  return std::make_shared<const llm::price_table>(std::move(table));
}

}  // namespace corchestra

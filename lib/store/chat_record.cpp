#include "store/chat_record.hpp"

namespace corchestra::store {

std::string record_of(const llm::chat_response& r) {
  ordered_json calls = ordered_json::array();
  for (const auto& c : r.message.tool_calls)
    calls.push_back({{"id", c.id}, {"name", c.name}, {"arguments", c.arguments}});
  return dump_json(ordered_json{{"content", r.message.content},
                                {"reasoning", r.reasoning},
                                {"tool_calls", std::move(calls)},
                                {"finish", static_cast<int>(r.finish)},
                                {"model", r.model},
                                {"service_tier", r.service_tier},
                                {"request_id", r.request_id}});
}

std::optional<llm::chat_response> response_of(std::string_view record) {
  const json value = json::parse(record, nullptr, false);
  try {
    llm::chat_response r;
    r.message.role = llm::role::assistant;
    r.message.content = value.at("content").get<std::string>();
    r.reasoning = value.at("reasoning").get<std::string>();
    for (const auto& c : value.at("tool_calls"))
      r.message.tool_calls.push_back(
          {c.at("id").get<std::string>(), c.at("name").get<std::string>(), c.at("arguments").get<std::string>()});
    const int finish = value.at("finish").get<int>();
    if (finish < 0 || finish > static_cast<int>(llm::finish_reason::other)) return std::nullopt;
    r.finish = static_cast<llm::finish_reason>(finish);
    r.model = value.at("model").get<std::string>();
    r.service_tier = value.at("service_tier").get<std::string>();
    r.request_id = value.at("request_id").get<std::string>();
    return r;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace corchestra::store

#include "session/cost_tally.hpp"

namespace corchestra {

void cost_tally::operator()(const event& e) {
  if (e.type != event_type::model_call) return;
  std::string model;
  std::optional<llm::money> cost;
  if (e.data.is_object()) {
    model = e.data.value("model", "");
    cost = llm::money::parse(e.data.value("cost_usd", ""));
  }
  for (entry* to : {&all_, &models_[model]}) {
    ++to->calls;
    if (cost)
      to->sum += *cost;
    else
      ++to->unpriced;
  }
}

ordered_json cost_tally::record(const entry& e) {
  return {{"usd", e.unpriced == e.calls ? ordered_json(nullptr) : ordered_json(e.sum.to_text())},
          {"calls", e.calls},
          {"unpriced_calls", e.unpriced}};
}

ordered_json cost_tally::to_json_value() const {
  if (all_.calls == 0) return nullptr;
  ordered_json out = record(all_), models = ordered_json::object();
  for (const auto& [model, e] : models_) models[model] = record(e);
  out["models"] = std::move(models);
  return out;
}

}  // namespace corchestra

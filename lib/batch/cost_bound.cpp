#include "batch/cost_bound.hpp"

namespace corchestra::batch {

cost_bound bound_of(const request_line& line, const llm::model_price* price) {
  return llm::bound_of(price, {.bytes = static_cast<std::int64_t>(line.body.size()),
                               .answer_tokens = asks_for_text(line.path) ? line.answer_tokens() : 0,
                               .service_tier = line.service_tier});
}

}  // namespace corchestra::batch

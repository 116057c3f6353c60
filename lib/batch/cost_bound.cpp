#include "batch/cost_bound.hpp"

namespace corchestra::batch {

cost_bound bound_of(const request_line& line, llm::bound_finder& prices) {
  return prices.of(line.model, {.bytes = static_cast<std::int64_t>(line.body.size()),
                                .answer_tokens = asks_for_text(line.path) ? line.answer_tokens() : 0,
                                .service_tier = line.service_tier});
}

}  // namespace corchestra::batch

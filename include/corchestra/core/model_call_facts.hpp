#pragma once

#include <optional>
#include <string>

#include <corchestra/core/event.hpp>

namespace corchestra {

/// A call of a model with all its tries, as its event tells it.
struct model_call_facts {
  std::uint32_t number = 0;     ///< within the attempt; 0: it has none
  std::string asked, answered;  ///< models; `answered` is empty without a reply
  std::string finish, error;    ///< one of them: why the model stopped, or the code of what went wrong
  std::string service_tier;
  std::string hedge;  ///< it was asked a second time: `answered` by that, or that was `overtaken`
  duration elapsed{};
  optional_duration first_token;
  int http_attempts = 0;          ///< 0: not told
  std::optional<double> dollars;  ///< absent: not known
  token_usage usage;
};

/// From `model_call_ended`, or from a `model_call` that stands for itself, as agents of one's own report it. Absent:
/// the event is neither.
std::optional<model_call_facts> facts_of_model_call(const event& e);

}  // namespace corchestra

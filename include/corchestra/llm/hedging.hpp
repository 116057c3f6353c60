#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <corchestra/base/logger.hpp>
#include <corchestra/base/optional_duration.hpp>
#include <corchestra/llm/chat_model.hpp>
#include <corchestra/llm/limiter.hpp>

namespace corchestra::llm {

struct hedging_options {
  optional_duration
      after;  ///< without an answer, or a stream's first token, since the call went out; absent: `percentile`
  double percentile = 0.95;  ///< of what the model's last 256 calls took; at least 20
  double budget = 0.05;      ///< hedges of all calls at most
  /// What the limiter of a model does: no hedge while it pauses or calls wait, nor when one has failed since the call
  /// began. Absent: unknown.
  std::function<std::optional<limiter_status>(const std::string& model, time_point now)> limits;
  corchestra::logger logger;  ///< a line at each hedge
};

/// A model in front of another: a call that takes long is asked a second time, the first answer wins and the other call
/// is cancelled. Both may be billed. The one that is overtaken is told to `on_failed_usage`, as a rule with unknown
/// usage. Calls with tools are passed on as they are, and so are those that want to be asked before each further try
/// (`before_retry`), as with a budget. A hedge goes out at once or not at all, and is not tried again.
std::shared_ptr<chat_model> hedge(std::shared_ptr<chat_model> model, hedging_options options);

}  // namespace corchestra::llm

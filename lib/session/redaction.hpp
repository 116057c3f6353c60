#pragma once

#include <corchestra/base/logger.hpp>
#include <corchestra/base/secret.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/plan/settings.hpp>

namespace corchestra {

redactor make_redactor(const settings& s);
/// The logger with the secrets taken out of every message.
logger redacted(const logger& log, const redactor& redact);
error redacted(error e, const redactor& redact);
json redacted(json value, const redactor& redact);

/// A copy of an event without secrets in it, for observers that show or cut its texts.
class redacted_event {
 public:
  redacted_event(const event& e, const redactor& redact);
  const event& value() const noexcept { return event_; }

 private:
  event event_;
  task_call call_;
  task_result result_;
  error error_;
};

}  // namespace corchestra

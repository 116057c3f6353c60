#include "session/redaction.hpp"

#include <corchestra/telemetry/key_value_list.hpp>

#include "session/endpoint_proxy.hpp"

namespace corchestra {

namespace {

std::string escape_markup(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

redactor make_redactor(const settings& s) {
  redactor r;
  r.add(s.api_key);
  r.add(secret(escape_markup(s.api_key.reveal())));
  for (const secret& word : proxy_secrets(s)) r.add(word);
  r.add(s.telemetry.otlp_headers);
  constexpr std::size_t least_token = 16;  // what is shorter may be a word: a tenant's name
  if (const auto headers = telemetry::parse_key_value_list(s.telemetry.otlp_headers.reveal()))
    for (const auto& [name, value] : *headers)
      if (value.size() >= least_token) r.add(secret(value));
  return r;
}

logger redacted(const logger& log, const redactor& redact) {
  if (redact.empty()) return log;
  return logger(log_level::trace, [log, redact](log_level level, std::string_view source, std::string_view message) {
    if (log.enabled(level)) log.log(level, source, redact(std::string(message)));
  });
}

error redacted(error e, const redactor& redact) {
  e.message = redact(std::move(e.message));
  return e;
}

json redacted(json value, const redactor& redact) {
  if (value.is_string()) return redact(value.get<std::string>());
  if (value.is_array()) {
    for (auto& v : value) v = redacted(std::move(v), redact);
  } else if (value.is_object()) {
    json out = json::object();
    for (auto& [key, v] : value.items()) out[redact(key)] = redacted(std::move(v), redact);
    return out;
  }
  return value;
}

redacted_event::redacted_event(const event& e, const redactor& redact) : event_(e) {
  event_.data = redacted(e.data, redact);
  if (e.call) {
    call_ = *e.call;
    call_.description = redact(std::move(call_.description));
    if (call_.prompt) call_.prompt = redact(std::move(*call_.prompt));
    call_.context = redacted(std::move(call_.context), redact);
    event_.call = &call_;
  }
  if (e.result) {
    result_ = *e.result;
    result_.reason = redact(std::move(result_.reason));
    result_.output.value = redacted(std::move(result_.output.value), redact);
    for (auto& line : result_.output.evidence) line = redact(std::move(line));
    if (result_.error) result_.error = redacted(std::move(*result_.error), redact);
    event_.result = &result_;
  }
  if (e.error) {
    error_ = redacted(*e.error, redact);
    event_.error = &error_;
  }
}

}  // namespace corchestra

#include "llm/request_manners.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <corchestra/base/text.hpp>

namespace corchestra::llm {

namespace {

bool of_the_request(int status) { return status == 400 || status == 404 || status == 422 || status == 501; }

bool rejects_stream_options(std::string_view text) {
  return text.find("stream_options") != text.npos || text.find("include_usage") != text.npos;
}

// Not when it is the value that is wrong.
bool rejects_name(std::string_view text, std::string_view name) {
  constexpr std::array<std::string_view, 8> complaints = {"unsupported",   "not supported", "unknown", "unrecognized",
                                                          "not permitted", "unexpected",    "instead", "extra inputs"};
  return text.find(name) != text.npos && std::any_of(complaints.begin(), complaints.end(),
                                                     [&](auto complaint) { return text.find(complaint) != text.npos; });
}

std::string other_name(const std::string& name) {
  if (name == "max_tokens") return "max_completion_tokens";
  if (name == "max_completion_tokens") return "max_tokens";
  return name;
}

}  // namespace

request_format request_manners::format(const std::string& model, bool streaming) const {
  request_format out{model, max_tokens_field_, streaming, streaming && stream_options_};
  if (version_ == 0) return out;
  const std::lock_guard lock(mutex_);
  if (others_.contains(model)) out.max_tokens_field = other_name(max_tokens_field_);
  return out;
}

bool request_manners::learn(const request_format& sent, int status, const error& e) {
  if (!of_the_request(status)) return false;
  const std::string text = to_lower(e.message);
  if (sent.include_usage && rejects_stream_options(text)) {
    stream_options_ = false;
    ++version_;
    return true;
  }
  const std::string& name = sent.max_tokens_field;
  if (name != max_tokens_field_ || other_name(name) == name || !rejects_name(text, name)) return false;
  const std::lock_guard lock(mutex_);
  if (others_.size() < most_models) others_.insert(sent.model);
  ++version_;
  return others_.contains(sent.model);
}

}  // namespace corchestra::llm

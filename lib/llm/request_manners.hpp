#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <set>
#include <string>

#include <corchestra/base/error.hpp>

#include "llm/request_body.hpp"

namespace corchestra::llm {

/// How an endpoint wants requests to be written, as far as its refusals have shown. Thread-safe.
class request_manners {
 public:
  /// `max_tokens_field` is what the bound of an answer is called first.
  explicit request_manners(std::string max_tokens_field) : max_tokens_field_(std::move(max_tokens_field)) {}

  request_format format(const std::string& model, bool streaming) const;
  /// Grows with whatever is learnt.
  unsigned version() const noexcept { return version_; }

  /// Takes note of a refusal of what was sent in this format. True: another format may be taken, one that was not sent.
  bool learn(const request_format& sent, int status, const error& e);

 private:
  static constexpr std::size_t most_models = 1000;

  const std::string max_tokens_field_;
  std::atomic<unsigned> version_{0};
  std::atomic<bool> stream_options_{true};
  mutable std::mutex mutex_;
  std::set<std::string> others_;  // models that take the other name of the bound
};

}  // namespace corchestra::llm

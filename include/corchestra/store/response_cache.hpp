#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <corchestra/base/logger.hpp>
#include <corchestra/llm/api_client.hpp>
#include <corchestra/llm/chat_model.hpp>

namespace corchestra::store {

struct response_cache_options {
  std::uint64_t max_bytes = 1u << 30;  ///< of all replies together: beyond it those that were used longest ago go
};

/// Replies that were given before, in an SQLite file that several processes may share: the same question is not paid
/// for twice. A reply is found by what was asked and of whom: base URL, path, and the whole body of the request (model,
/// messages, tools, formats, sampling, seed, further members), as SHA-256. Not by key, organization, time limits, or
/// whether the answer is streamed. Only whole answers are kept: no errors, no refusals, none that `max_tokens` has cut.
/// Thread-safe; the file is used on the caller's thread. A handle.
class response_cache {
 public:
  /// Makes the file unless it is there. Error: `file_error`.
  static result<response_cache> open(const std::filesystem::path& file, response_cache_options options = {});

  /// Asks `model` only what is not known. A known answer has `http_attempts == 0` and a usage of one call without
  /// tokens: it costs nothing. As a stream it comes in one piece. What goes wrong with the file is logged, and `model`
  /// asked.
  std::shared_ptr<llm::chat_model> in_front_of(std::shared_ptr<llm::chat_model> model, std::string base_url,
                                               logger log = {}) const;
  /// The same for requests to any path.
  std::shared_ptr<llm::api_client> in_front_of(std::shared_ptr<llm::api_client> client, std::string base_url,
                                               logger log = {}) const;

  struct counts {
    std::uint64_t hits = 0, misses = 0;
  };
  counts used() const;  ///< by this object and its copies

 private:
  friend class cached_model;
  friend class cached_api;
  struct impl;
  explicit response_cache(std::shared_ptr<impl> i) : impl_(std::move(i)) {}
  std::shared_ptr<impl> impl_;
};

}  // namespace corchestra::store

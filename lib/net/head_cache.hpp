#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <corchestra/net/http_client.hpp>

namespace corchestra::net {

/// The heads of the last requests: most clients send the same one with each body. Thread-safe.
class head_cache {
 public:
  /// The head of `request`; made by `make` when none of the last ones was the same but for the body's length.
  result<std::string> of(const http_request& request, const std::function<result<std::string>()>& make);

 private:
  struct known {
    std::string method;
    url target;
    http_headers headers;
    std::string text;  // without the length and the closing blank line
  };
  static bool same(const known& k, const http_request& request);

  std::mutex mutex_;
  std::shared_ptr<const known> last_[4];
  std::size_t next_ = 0;
};

}  // namespace corchestra::net

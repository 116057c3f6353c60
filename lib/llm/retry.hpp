#pragma once

#include <cstdint>
#include <string>

#include <corchestra/base/error.hpp>
#include <corchestra/llm/http_retry_policy.hpp>

namespace corchestra::llm {

struct retry_decision {
  bool again = false;
  duration delay{};
  std::string reason;  ///< why a failure that may pass is given up all the same; empty when there is nothing to add
};

/// Whether and when the attempts of one call go on. Pure; the same seed gives the same delays.
class retry_schedule {
 public:
  retry_schedule(http_retry_policy policy, std::uint64_t seed) : policy_(policy), seed_(seed) {}

  /// After an attempt failed with `e`; `status` is its HTTP status, 0 without a reply; `left` is the time until the
  /// call's deadline.
  retry_decision after(const error& e, int status, duration left);

 private:
  duration delay(const error& e, int status);

  http_retry_policy policy_;
  std::uint64_t seed_;  // a generator has 2.5 KB, and most calls need none
  int retries_ = 0;
};

}  // namespace corchestra::llm

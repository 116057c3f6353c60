#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <corchestra/async/awaitable.hpp>
#include <corchestra/base/logger.hpp>
#include <corchestra/net/http_server.hpp>

namespace corchestra::testing {

struct simulated_model_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::uint64_t seed = 1;
  double speed = 1.0;                  ///< 2: twice as fast
  double first_token_median_s = 0.35;  ///< log-normal
  double first_token_sigma = 0.4;
  double tokens_per_second_median = 80;  ///< log-normal, per call
  double tokens_per_second_sigma = 0.25;
  std::int64_t max_tokens = 120;  ///< words of an answer to a request without a limit; others get up to twice as many
  std::string api_key;            ///< when set, other keys get 401
  double error_rate = 0;          ///< share of calls answered 500
  double rate_limit_rate = 0;     ///< share of calls answered 429 with Retry-After
  std::size_t hold_until_concurrent = 0;  ///< no answer begins before this many calls were in flight at once; 0: off
  corchestra::logger logger;
};

/// What the simulated model has seen: also at `GET /simulator/stats` as JSON.
struct simulated_model_stats {
  std::uint64_t calls = 0, streamed = 0, errors = 0, disconnects = 0;
  std::size_t concurrent = 0, peak_concurrent = 0;
};

/// A model server that speaks the OpenAI chat/completions protocol over HTTP and invents its answers: same seed and
/// same request, same answer and same timing. Every reply names itself simulated (`model` ends in `-simulated`, header
/// `x-simulated: true`).
///
/// Structured replies follow the requested JSON Schema. Offered tools, it calls each of them once (four at most) with
/// invented arguments that follow its schema, and then answers. Asked by the dependency analyzer it applies one stated
/// heuristic: B depends on A where B's description shares the rarest word with what A's description says it makes. A
/// description makes the words after a verb of making (write, collect, build, plot, ...) up to a preposition or full
/// stop; plurals count as singulars; needed tasks are always listed before those that need them; tasks with
/// dependencies of their own get none.
class simulated_model {
 public:
  static result<simulated_model> listen(any_io_executor executor, simulated_model_options options = {});
  simulated_model(simulated_model&&) noexcept;
  ~simulated_model();

  std::string base_url() const;  ///< with `/v1`
  std::uint16_t port() const noexcept;
  simulated_model_stats stats() const;
  awaitable<void> stop();

 private:
  struct impl;
  explicit simulated_model(std::shared_ptr<impl> p);
  std::shared_ptr<impl> impl_;
};

}  // namespace corchestra::testing

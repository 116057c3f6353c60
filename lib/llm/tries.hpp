#pragma once

#include <memory>
#include <string>

#include <corchestra/async/sleep.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

#include "llm/endpoint.hpp"

namespace corchestra::llm {

/// How one try of a call ended.
template <class Reply>
struct attempt_outcome {
  result<Reply> reply;
  int status = 0;            ///< 0: no reply came
  bool visible = false;      ///< the caller has seen a part of it: it is not tried again
  billed_call billed;        ///< what the reply was billed for, answer or not
  rate_limits limits;        ///< that the reply's headers tell
  bool differently = false;  ///< asked in a way that the server does not know; the next try asks in another
};

/// What the limiter and the retries need to know of a call.
struct call_facts {
  gated_call gated;
  duration limit{};  ///< of all tries together, the limiter's waits not counted
  std::function<void(const billed_call&)> on_failed_usage;
  std::function<std::optional<error>(int status, const error& why, const billed_call& billed)> before_retry;
};

template <class Reply>
struct tried {
  result<Reply> reply;
  int tries = 0;
  duration elapsed{};
};

/// Tries until there is an answer, or an error that stays: each try through the limiter, with the waits of the retry
/// policy between them. `attempt(time left)` is an awaitable of `attempt_outcome<Reply>`; what it refers to is the
/// caller's.
template <class Reply, class Attempt>
awaitable<tried<Reply>> with_tries(std::shared_ptr<endpoint> at, call_facts call, Attempt attempt) {
  time_service& clock = time_service::of(co_await asio::this_coro::executor);
  const openai_options& options = at->options();
  const time_point started = clock.now();
  retry_schedule retries = at->new_retries();
  duration waited{};  // not the call's own time
  const auto left = [&] { return call.limit + waited - (clock.now() - started); };
  for (int tries = 1;; ++tries) {
    auto entry = co_await at->limits().enter(call.gated, tries > 1, waited);
    if (!entry) co_return tried<Reply>{at->clean(entry.error()), tries - 1, clock.now() - started};
    attempt_outcome<Reply> outcome = co_await attempt(left());
    if (outcome.reply) {
      entry->report(report_of(outcome.status, nullptr, outcome.limits, outcome.billed.usage));
      co_return tried<Reply>{std::move(outcome.reply), tries, clock.now() - started};
    }
    error e = at->clean(outcome.reply.error());
    entry->report(report_of(outcome.status, &e, outcome.limits, outcome.billed.usage));
    outcome.billed = at->clean(std::move(outcome.billed));
    if (outcome.billed.usage.known() && call.on_failed_usage) call.on_failed_usage(outcome.billed);
    if (outcome.differently) continue;
    if (outcome.visible) co_return tried<Reply>{std::move(e), tries, clock.now() - started};
    const retry_decision next = retries.after(e, outcome.status, left());
    if (!next.again) {
      if (!next.reason.empty()) e.message += concat("; ", next.reason);
      co_return tried<Reply>{std::move(e), tries, clock.now() - started};
    }
    if (call.before_retry) {
      if (auto refused = call.before_retry(outcome.status, e, outcome.billed))
        co_return tried<Reply>{std::move(*refused), tries, clock.now() - started};
    }
    options.logger.info(
        "llm", concat("attempt ", tries, " failed, the next in ", to_text(next.delay), ": ", one_line(e.message, 300)));
    if (options.on_retry) options.on_retry(tries, e, next.delay);
    const time_point slept = clock.now();
    if (call.gated.while_waiting)
      co_await call.gated.while_waiting(sleep_for(next.delay));
    else
      co_await sleep_for(next.delay);
    waited += clock.now() - slept - next.delay;  // what it took to come back from giving way
  }
}

}  // namespace corchestra::llm

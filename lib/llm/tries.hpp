#pragma once

#include <memory>
#include <string>

#include <corchestra/async/sleep.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/llm/cost_bound.hpp>

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
  std::function<void(const failed_try&)> on_failed_try;
  std::function<awaitable<result<void>>()> before_next;
  std::function<std::optional<error>(int status, const error& why, const billed_call& billed)> before_retry;
};

template <class Reply>
struct tried {
  result<Reply> reply;
  int tries = 0;
  duration elapsed{};
};

/// Takes note of how a try ended, in `end` too. True: there is another, after `delay`.
template <class Reply, class Left>
bool tried_again(const endpoint& at, attempt_outcome<Reply>& outcome, call_gate::permit& entry, const call_facts& call,
                 retry_schedule& retries, const Left& left, tried<Reply>& end, duration& delay) {
  if (outcome.reply) {
    entry.report(report_of(outcome.status, nullptr, outcome.limits, outcome.billed.usage));
    end.reply = std::move(outcome.reply);
    return false;
  }
  error e = at.clean(outcome.reply.error());
  entry.report(report_of(outcome.status, &e, outcome.limits, outcome.billed.usage));
  outcome.billed = at.clean(std::move(outcome.billed));
  if (outcome.billed.usage.known() && call.on_failed_usage) call.on_failed_usage(outcome.billed);
  if (call.on_failed_try) call.on_failed_try({outcome.status, !never_sent(e)});
  if (outcome.differently) {
    end.reply = std::move(e);
    return true;
  }
  const retry_decision next = outcome.visible ? retry_decision{} : retries.after(e, outcome.status, left());
  if (!next.reason.empty()) e.message += concat("; ", next.reason);
  if (next.again && call.before_retry) {
    if (auto refused = call.before_retry(outcome.status, e, outcome.billed)) {
      end.reply = std::move(*refused);
      return false;
    }
  }
  if (next.again) {
    at.options().logger.info("llm", concat("attempt ", end.tries, " failed, the next in ", to_text(next.delay), ": ",
                                           one_line(e.message, 300)));
    if (at.options().on_retry) at.options().on_retry(end.tries, e, next.delay);
    delay = next.delay;
  }
  end.reply = std::move(e);
  return next.again;
}

/// The error of a call that gets no permit. What it failed of before says more than that another try waited in vain.
template <class Reply>
error no_entry(error why, const tried<Reply>& before) {
  if (before.tries == 0 || why.retry != retry_class::transient) return why;
  error last = before.reply.error();
  last.message += concat("; ", why.message);
  return last;
}

/// Tries until there is an answer, or an error that stays: each try through the limiter, with the waits of the retry
/// policy between them. `attempt(time left, outcome)` is awaited for each; what it refers to is the caller's. (Outcomes
/// are large, and what a coroutine returns is kept twice: so they are filled in.)
template <class Reply, class Attempt>
awaitable<tried<Reply>> with_tries(std::shared_ptr<endpoint> at, call_facts call, Attempt attempt) {
  time_service& clock = time_service::of(co_await asio::this_coro::executor);
  const time_point started = clock.now();
  retry_schedule retries = at->new_retries();
  duration waited{};  // not the call's own time
  const auto left = [&] { return call.limit + waited - (clock.now() - started); };
  tried<Reply> end{fail(errc::internal, "not asked")};
  for (bool again = true; again;) {
    if (end.tries > 0 && call.before_next) {
      const time_point asked = clock.now();
      const result<void> may = co_await call.before_next();
      waited += clock.now() - asked;
      if (!may) {
        error e = in_place(may.error(), "another try");
        e.message += concat("; the last one failed: ", end.reply.error().message);
        end.reply = std::move(e);
        break;
      }
    }
    result<call_gate::permit> entry = call_gate::permit();
    if (!at->limits().try_enter(call.gated, end.tries > 0, clock.now(), *entry))
      entry = co_await at->limits().enter(call.gated, end.tries > 0, waited);
    if (!entry) {
      end.reply = no_entry(at->clean(entry.error()), end);
      break;
    }
    ++end.tries;
    duration delay{};
    attempt_outcome<Reply> outcome{fail(errc::internal, "not asked")};
    co_await attempt(left(), outcome);
    again = tried_again(*at, outcome, *entry, call, retries, left, end, delay);
    if (delay == duration::zero()) continue;
    const time_point slept = clock.now();
    if (call.gated.while_waiting)
      co_await call.gated.while_waiting(sleep_for(delay));
    else
      co_await sleep_for(delay);
    waited += clock.now() - slept - delay;  // what it took to come back from giving way
  }
  end.elapsed = clock.now() - started;
  co_return std::move(end);
}

}  // namespace corchestra::llm

#include <corchestra/llm/limiter.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <unordered_map>

#include <corchestra/base/text.hpp>

#include "base/retry_budget.hpp"
#include "llm/adaptive_level.hpp"
#include "llm/circuit_breaker.hpp"
#include "llm/long_waits.hpp"
#include "llm/refusal_log.hpp"
#include "llm/throughput_climb.hpp"
#include "llm/told_quota.hpp"
#include "llm/token_bucket.hpp"
#include "llm/waiting_calls.hpp"

namespace corchestra::llm {

namespace {
constexpr duration burst = std::chrono::milliseconds(100);      // of requests that may go out at once
constexpr duration token_burst = std::chrono::seconds(1);
constexpr duration first_pause = std::chrono::milliseconds(250);  // after a refusal that names no time; doubled in a row
constexpr duration longest_pause = std::chrono::seconds(8);
constexpr duration closed_for = std::chrono::seconds(60);           // by an answer that all would get
constexpr double no_limit = 1e9;
}  // namespace

struct limiter::impl {
  struct sent {
    std::int64_t tokens = 0;
    std::uint64_t number = 0;
    std::size_t in_flight = 0;  // with it, when it went out
    double requests_mark = 0, tokens_mark = 0;  // of the told quotas
  };

  impl(limiter_options o, time_point now)
      : options(o),
        circuit(o.circuit_failures, o.circuit_pause),
        in_flight(1, o.max_in_flight, {.creep = 0.001, .least_creep = 0.005}),
        rate(0.02, no_limit, {.creep_each = 0.00015}),
        climb(o.first_in_flight, o.max_in_flight),
        requests(rate_of(o.requests_per_minute), burst, now),
        tokens(rate_of(o.tokens_per_minute), token_burst, now),
        requests_left(o.max_retry_after),
        tokens_left(o.max_retry_after),
        random(o.seed),
        retries(o.retry_budget) {}

  static double rate_of(const std::optional<double>& a_minute) { return a_minute ? *a_minute / 60 : no_limit; }
  std::uint32_t limit() const {
    const double most = in_flight.limited() ? in_flight.value() : climb.limit();
    return std::max(1u, static_cast<std::uint32_t>(std::lround(std::min<double>(options.max_in_flight, most))));
  }
  time_point ready(time_point now);  // the next to go out
  void leaves(call_id call) {
    for_budget.end(call);
    for_circuit.end(call);
  }
  void works() {
    circuit.worked();
    for_circuit.clear();
  }
  void opened(time_point now) {
    if (circuit.open()) queue.for_each([&](call_id c) { for_circuit.begin(c, now); });
  }
  bool budget_short(time_point now) const { return retries_from > now; }
  bool filled() const { return out.size() >= 0.8 * limit(); }

  // Nothing has happened since the last time.
  void pass(time_point now) {
    rate.grow(rate_binds, now);
    in_flight.grow(filled(), now);
  }
  void pause(duration d, time_point now) {
    // The pause ends a little later for each reason to wait, so that clients that were refused together part.
    const double jitter = std::uniform_real_distribution<double>(0, 0.1)(random);
    paused_until = std::max(paused_until, now + d + std::chrono::duration_cast<duration>(d * jitter));
  }

  void throttled(const call_report& r, const sent& call, time_point now);
  void heed(const call_report& r, const sent& call, time_point now);
  time_point quota_next() const { return std::max(requests_left.next(), tokens_left.next()); }

  limiter_options options;
  circuit_breaker circuit;
  adaptive_level in_flight, rate;
  throughput_climb climb;
  token_bucket requests, tokens;
  told_quota requests_left, tokens_left;
  refusal_log log;
  std::mt19937_64 random;
  waiting_calls queue;
  std::unordered_map<call_id, sent> out;
  call_id last_id = 0;
  corchestra::detail::retry_budget retries;
  time_point retries_from{};  // the budget has room again
  long_waits for_budget, for_circuit;
  call_id refused_retry = 0;  // the last that the budget has refused
  std::optional<error> last_failure;
  std::uint64_t sent_count = 0, cut_number = 0, heard_number = 0, served_at_cut = 0;
  std::int64_t told_limit = 0;  // requests a minute, by the endpoint's headers
  bool rate_binds = false;
  time_point paused_until{};
  std::optional<error> closed;
  time_point open_again{};
  std::uint64_t served_count = 0, throttled_count = 0, failed_count = 0;
};

limiter::limiter(limiter_options options, time_point now) : impl_(std::make_unique<impl>(options, now)) {}
limiter::~limiter() = default;
limiter::limiter(limiter&&) noexcept = default;
limiter& limiter::operator=(limiter&&) noexcept = default;

limiter::call_id limiter::ask(const call_request& request, time_point now) {
  auto& s = *impl_;
  s.queue.push(++s.last_id, request);
  if (s.circuit.open()) s.for_circuit.begin(s.last_id, now);
  if (request.again && s.budget_short(now)) s.for_budget.begin(s.refused_retry = s.last_id, now);
  return s.last_id;
}

time_point limiter::next_time(time_point now) {
  const auto& s = *impl_;
  const duration patience = s.options.give_up_after;
  const time_point by_budget = s.budget_short(now) ? s.for_budget.due(patience) : time_point::max();
  return std::max(now, std::min({impl_->ready(now), by_budget, s.for_circuit.due(patience)}));
}

time_point limiter::impl::ready(time_point now) {
  rate_binds = false;
  if (closed && now >= open_again) closed.reset();
  if (queue.empty() || closed || out.size() >= limit()) return time_point::max();
  requests.set_rate(std::min(rate_of(options.requests_per_minute), rate.limited() ? rate.value() : no_limit), now);
  const time_point by_rate = std::max(requests.next(now), tokens.next(now));
  rate_binds = by_rate > now;
  const time_point by_budget = queue.any_first_try() ? now : retries_from;
  return std::max({circuit.next(), paused_until, quota_next(), by_rate, by_budget, now});
}

std::optional<limiter::call_id> limiter::next(time_point now) {
  auto& s = *impl_;
  s.pass(now);
  if (s.ready(now) > now) return {};
  bool with_retries = s.queue.any_retry();
  if (with_retries) {
    s.retries_from = s.retries.take(now);
    with_retries = !s.budget_short(now);
    if (!with_retries)
      s.queue.for_retries_after(s.refused_retry, [&](call_id c) { s.for_budget.begin(s.refused_retry = c, now); });
  }
  if (!with_retries && !s.queue.any_first_try()) return {};
  const auto call = s.queue.pop(with_retries);
  s.leaves(call.id);
  s.retries.attempted(now);
  s.requests.take(1, now);
  const auto tokens = static_cast<double>(call.tokens);
  s.tokens.take(tokens, now);
  s.circuit.sent();
  s.out.emplace(call.id, impl::sent{call.tokens, ++s.sent_count, s.out.size() + 1, s.requests_left.sent(1, now),
                                    s.tokens_left.sent(tokens, now)});
  return call.id;
}

std::optional<limiter::given_up> limiter::give_up(time_point now) {
  auto& s = *impl_;
  const duration patience = s.options.give_up_after;
  given_up g;
  if (s.for_circuit.due(patience) <= now) {
    const error last = s.last_failure.value_or(fail(errc::server_error, "the endpoint does not work"));
    g.call = s.for_circuit.longest();
    g.why = fail(errc::server_error,
                 concat("circuit breaker: nothing was sent within ", to_text(patience), " after ", s.options.circuit_failures,
                        " failures in a row, the last: ", last.message),
                 retry_class::transient);
    g.why.code = last.code;
  } else if (s.budget_short(now) && s.for_budget.due(patience) <= now) {
    g.call = s.for_budget.longest();
    g.why = fail(errc::rate_limited, concat("retry_budget: no retry was allowed within ", to_text(patience)),
                 retry_class::transient);
  } else {
    return {};
  }
  cancel(g.call);
  return g;
}

void limiter::cancel(call_id call) {
  impl_->queue.erase(call);
  impl_->leaves(call);
}

void limiter::ended(call_id id, const call_report& report, time_point now) {
  auto& s = *impl_;
  const auto it = s.out.find(id);
  if (it == s.out.end()) return;
  const impl::sent call = it->second;
  s.pass(now);
  const bool was_filled = s.filled();
  s.out.erase(it);
  s.heed(report, call, now);
  s.tokens.give_back(static_cast<double>(call.tokens - report.tokens.value_or(call.tokens)));
  switch (report.answer) {
    case endpoint_answer::served:
      ++s.served_count;
      s.works();
      if (const auto r = s.log.rate_of_cycle(now)) s.rate.told(*r * 0.98, 0.1, now);
      s.log.served(call.in_flight, now);
      if (!s.in_flight.limited()) s.climb.served(static_cast<double>(report.tokens.value_or(1)), was_filled, now);
      break;
    case endpoint_answer::throttled:
      ++s.throttled_count;
      s.works();
      s.requests_left.refused();
      s.tokens_left.refused();
      s.throttled(report, call, now);
      break;
    case endpoint_answer::overloaded:
      ++s.failed_count;
      s.circuit.failed(now);
      s.last_failure = report.why;
      s.opened(now);
      if (report.retry_after) s.pause(std::min<duration>(*report.retry_after, s.options.max_retry_after), now);
      break;
    case endpoint_answer::rejected:
      ++s.failed_count;
      s.works();
      break;
    case endpoint_answer::fatal:
      ++s.failed_count;
      s.circuit.trip(now, closed_for);
      s.last_failure = report.why;
      s.opened(now);
      s.closed = report.why ? *report.why : fail(errc::quota_exhausted, "the endpoint refuses every call", retry_class::terminal);
      s.open_again = now + closed_for;
      break;
    case endpoint_answer::none:
      s.circuit.left();
  }
}

// Only the first of a burst cuts: what was sent before the cut says nothing new.
void limiter::impl::throttled(const call_report& r, const sent& call, time_point now) {
  const bool first = call.number > cut_number;
  const auto row = log.refused(first, now);
  if (r.retry_after) {
    pause(std::min<duration>(*r.retry_after, options.max_retry_after), now);
  } else if (first) {
    pause(std::min<duration>(longest_pause, first_pause * (1 << std::min(row - 1, 6u))), now);
  }
  if (!first) return;
  cut_number = sent_count;
  // The first refusal may be by the number in flight or by the rate; later ones are by the rate when as many were borne
  // lately.
  const auto tried = static_cast<double>(call.in_flight);
  const bool first_ever = !in_flight.limited();
  const bool by_number = rate.limited() && call.in_flight > log.most_borne(now);
  if (first_ever || (by_number && served_count > served_at_cut)) in_flight.refused(std::max(1.0, tried - 1), tried, now);
  if (const auto lately = log.rate(now); lately && (first_ever || !by_number)) rate.refused(*lately, 2 * *lately, now);
  served_at_cut = served_count;
}

// An answer to an earlier call says less than one to a later call.
void limiter::impl::heed(const call_report& r, const sent& call, time_point now) {
  const rate_limits& l = r.limits;
  const bool served = r.answer == endpoint_answer::served;
  requests_left.heard(l.requests, call.requests_mark, 1, served, now);
  tokens_left.heard(l.tokens, call.tokens_mark, static_cast<double>(call.tokens), served, now);
  if (call.number < heard_number) return;
  heard_number = call.number;
  // Once: an endpoint that refuses at the rate that it tells does not mean it.
  if (l.requests.limit && !options.requests_per_minute && std::exchange(told_limit, *l.requests.limit) != *l.requests.limit)
    rate.told(static_cast<double>(*l.requests.limit) / 60, 0, now);
  if (l.tokens.limit && !options.tokens_per_minute) tokens.set_rate(static_cast<double>(*l.tokens.limit) / 60, now);
}

const std::optional<error>& limiter::closed(time_point now) {
  if (impl_->closed && now >= impl_->open_again) impl_->closed.reset();
  return impl_->closed;
}

limiter_status limiter::status(time_point now) const {
  const auto& s = *impl_;
  limiter_status status;
  status.waiting = s.queue.size();
  status.in_flight = s.out.size();
  status.in_flight_limit = s.limit();
  if (s.requests.rate() < no_limit) status.requests_a_minute = s.requests.rate() * 60;
  if (s.tokens.rate() < no_limit) status.tokens_a_minute = s.tokens.rate() * 60;
  status.circuit_open = s.circuit.open();
  status.paused_until = std::max({s.paused_until, s.quota_next(), status.circuit_open ? s.circuit.next() : time_point{}});
  if (status.paused_until < now) status.paused_until = {};
  status.served = s.served_count;
  status.throttled = s.throttled_count;
  status.failed = s.failed_count;
  return status;
}

}  // namespace corchestra::llm

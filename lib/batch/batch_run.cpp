#include "batch/batch_run.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <corchestra/async/sleep.hpp>
#include <corchestra/base/text.hpp>

#include "batch/result_line.hpp"

namespace corchestra::batch {

namespace {

constexpr duration save_interval = std::chrono::seconds(1);
constexpr std::uint64_t in_vain_at_most = 20;  // failures before the first success, and the rest would fare the same

// A token has about four bytes; put right by the reply's usage.
std::int64_t estimated_tokens(const request_line& line) {
  constexpr std::int64_t usual_answer = 500;
  const auto prompt = static_cast<std::int64_t>(line.body.size() / 4);
  return asks_for_text(line.path) ? prompt + line.answer_tokens().value_or(usual_answer * line.answers) : prompt;
}

struct counted {
  std::uint64_t& n;
  explicit counted(std::uint64_t& of) : n(of) { ++n; }
  ~counted() { --n; }
};

}  // namespace

batch_progress progress_of(const batch_state& state, const batch_options& options, const wanted_count& wanted) {
  batch_progress p;
  p.requests = state.lines.size();
  p.wanted = wanted.wanted;
  p.done = state.lines.count(line_state::done);
  p.failed = state.lines.count(line_state::failed);
  p.failures = state.totals.failures;
  p.usage = state.totals.usage;
  p.spent = state.totals.spent;
  p.unpriced_calls = state.totals.unpriced_calls;
  p.estimated_calls = state.totals.estimated_calls;
  p.budget = options.budget;
  return p;
}

batch_run::batch_run(any_io_executor executor, std::shared_ptr<llm::api_client> client, const batch_options& options,
                     opened_batch& batch, wanted_count wanted)
    : executor_(std::move(executor)),
      time_(time_service::of(executor_)),
      client_(std::move(client)),
      options_(options),
      batch_(batch),
      wanted_(wanted),
      source_(options, batch.maker, batch.state.lines.size()),
      spending_(options.budget, options.prices, batch.state.totals),
      spent_before_(batch.state.totals.spent) {}

time_point batch_run::now() const { return time_.now(); }

void batch_run::stop(batch_end why) {
  if (stopped_) return;
  stopped_ = why;
  for (scope* waiting : waits_) waiting->cancel();
}

void batch_run::cancel() {
  stop(batch_end::cancelled);
  if (stopped_ == batch_end::drained) stopped_ = batch_end::cancelled;
  if (workers_) workers_->cancel();
}

void batch_run::broken(error e) {
  if (!failure_) failure_ = std::move(e);
  cancel();
}

batch_run::next_step batch_run::take(semaphore::permit place, request_line& to) {
  if (stopped_) return next_step::end;
  const auto found = source_.next(batch_.state.lines, to);
  if (found.has_error()) {
    broken(found.error());
    return next_step::end;
  }
  if (*found == request_source::found::none) return next_step::end;
  const bool fresh = *found == request_source::found::fresh;
  if (fresh && batch_.files->is_ahead(to.index)) {
    batch_.files->expect(to.index, std::move(place));
    flush_soon();
    return next_step::look_again;
  }
  if (!spending_.reserve(to)) {
    // What others have reserved may come back: who settles last tries again.
    if (!spending_.anything_reserved()) stop(batch_end::budget);
    source_.put_back(std::move(to));
    return next_step::end;
  }
  note_stake();
  if (fresh) batch_.files->expect(to.index, std::move(place));
  return next_step::send;
}

// A call may be billed even if the process dies before its answer: the state knows of it first.
void batch_run::note_stake() {
  if (!options_.budget) return;
  const llm::money stake = std::min(spending_.exposed(), spending_.unspent());
  if (batch_.state.at_stake < stake) save(stake);
}

void batch_run::save(const llm::money& at_stake) {
  spending_.totals_saved();
  batch_.state.at_stake = at_stake;
  if (auto saved = batch_.state.save(); saved.has_error()) broken(saved.error());
}

// Nobody has to wait for a call that has not gone out when nothing more is to be sent.
awaitable<void> batch_run::wait(std::shared_ptr<batch_run> self, awaitable<void> until_it_may_go_out) {
  const auto waits_for = std::make_shared<awaitable<void>>(std::move(until_it_may_go_out));
  if (!self->stopped_) {
    scope waiting(self->executor_);
    struct entry {
      std::set<scope*>& all;
      scope* mine;
      ~entry() { all.erase(mine); }
    } const listed{self->waits_, &waiting};
    self->waits_.insert(&waiting);
    waiting.spawn([waits_for] { return std::move(*waits_for); });
    co_await waiting.join();
  }
  if (self->stopped_) throw error_exception(fail(errc::cancelled, "nothing more is sent"));
}

// The one that holds the first place may never give it back when nothing more is sent: this is a wait as any other.
awaitable<void> batch_run::take_place(std::shared_ptr<batch_run> self, semaphore::permit& to) {
  auto got = co_await self->places_.acquire();
  if (got) to = std::move(*got);
}

llm::api_request batch_run::request_for(const request_line& line) {
  llm::api_request r;
  r.path = line.path;
  r.body = line.body;
  r.model = line.model;
  r.tokens = estimated_tokens(line);
  r.prefix = line.prefix;
  r.while_waiting = [this](awaitable<void> until) { return wait(shared_from_this(), std::move(until)); };
  r.before_retry = [this, &line](int status, const error& why, const llm::billed_call& billed) {
    return before_retry(line, status, why, billed);
  };
  return r;
}

std::optional<error> batch_run::before_retry(const request_line& line, int status, const error& why,
                                             const llm::billed_call& billed) {
  note_reached(status, &why);
  if (is_in_vain(status)) {
    give_up_on_endpoint(why);
    return why;
  }
  if (!options_.budget) return std::nullopt;
  spending_.settle(line, status, !llm::never_sent(why), billed, false);
  if (spending_.reserve(line)) {
    note_stake();
    return std::nullopt;
  }
  stop(batch_end::budget);
  over_budget_.insert(line.index);
  return fail(errc::limit_exceeded, "another try might cost more than is left of the budget");
}

// Without a status: what was sent and not answered in full has reached something.
void batch_run::note_reached(int status, const error* why) {
  if (status == 0 ? why != nullptr && !llm::never_sent(*why) : status != 401) reached_ = true;
}

// Whether so many tries have got nowhere, and none anywhere, that the endpoint is not there.
bool batch_run::is_in_vain(int status) { return !reached_ && status == 0 && ++in_vain_ >= in_vain_at_most; }

void batch_run::give_up_on_endpoint(const error& why) {
  if (!why_) why_ = why;
  stop(batch_end::endpoint);
}

awaitable<void> batch_run::work(std::shared_ptr<batch_run> self) {
  request_line line;
  for (;;) {
    semaphore::permit place;
    if (self->options_.ordered) place = self->places_.try_acquire();
    if (self->options_.ordered && !place) {
      try {
        co_await wait(self, take_place(self, place));
      } catch (const error_exception&) {
        co_return;
      }
    }
    const next_step next = self->take(std::move(place), line);
    if (next == next_step::end) co_return;
    if (next == next_step::look_again) continue;
    self->last_model_ = line.model;
    llm::api_reply reply;
    bool sent = true;
    try {
      const counted here(self->in_flight_);
      reply = co_await self->client_->post(self->request_for(line));
    } catch (const error_exception&) {
      sent = false;
    }
    if (!sent) {
      self->spending_.release(line);
      co_return;
    }
    self->ended(line, reply);
  }
}

void batch_run::ended(const request_line& line, const llm::api_reply& reply) {
  const bool over_budget = over_budget_.erase(line.index) > 0;  // settled, and nothing was reserved again
  if (!over_budget)
    spending_.settle(line, reply.status, !reply.failure || !llm::never_sent(*reply.failure), reply.billed);
  // With a budget they were settled before the next try began.
  if (!options_.budget)
    for (const auto& billed : reply.failed_tries) spending_.settle(line, 200, true, billed);
  rates_.add(now(), reply.billed.usage.total_tokens());
  note_reached(reply.status, reply.failure ? &*reply.failure : nullptr);
  if (over_budget || (reply.failure && is_endpoints_fault(line, *reply.failure, reply.status))) return;
  record(line, reply);
}

// It stays pending: another run will send it, or this one when the endpoint was not there yet.
bool batch_run::is_endpoints_fault(const request_line& line, const error& e, int status) {
  const bool refuses_all = e.is(errc::authentication_failed) || e.is(errc::quota_exhausted);
  const bool not_there = !reached_ && status == 0;
  if (refuses_all || is_in_vain(status)) {
    give_up_on_endpoint(e);
  } else if (not_there) {
    source_.put_back(line);
  }
  return refuses_all || not_there;
}

void batch_run::record(const request_line& line, const llm::api_reply& reply) {
  ++ended_;
  const line_state what = reply.failure ? line_state::failed : line_state::done;
  if (reply.failure) {
    ++batch_.state.totals.failures[code_name(*reply.failure)];
  } else {
    answered_ = true;
    watch_usage(reply);
  }
  const auto append = [&line, &reply](std::string& text) { append_result_line(text, line, reply); };
  batch_.files->put(line.index, what, append, batch_.state);
  flush_soon();
  if (answered_ || ended_ < in_vain_at_most || stopped_ || batch_.state.lines.count(line_state::done) > 0) return;
  error why = *reply.failure;
  why.message =
      concat("the first ", ended_, " requests failed, so the rest is not tried; the last said: ", why.message);
  give_up_on_endpoint(why);
}

void batch_run::watch_usage(const llm::api_reply& reply) {
  if (!usage_.disappears(reply.billed.usage.known())) return;
  options_.logger.warn("batch", concat("the last ", llm::usage_watch::in_a_row,
                                       " replies say no usage, and earlier ones did: costs and tokens are ",
                                       options_.budget ? "taken at the most they may be" : "counted too low"));
}

// After what is ready to run has run: what ends together is written together.
void batch_run::flush_soon() {
  if (std::exchange(flush_posted_, true)) return;
  asio::post(executor_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    if (!self->over_) self->flush();
  });
}

void batch_run::flush() {
  spending_.results_written();
  if (auto done = batch_.files->flush(batch_.state); done.has_error()) broken(done.error());
}

void batch_run::report(time_point at) const {
  if (options_.on_progress) options_.on_progress(progress(at));
}

awaitable<void> batch_run::tick(std::shared_ptr<batch_run> self) {
  time_point saved = self->now();
  for (;;) {
    co_await sleep_for(self->options_.progress_interval);
    const time_point at = self->now();
    if (at - saved >= save_interval) {
      self->flush();
      saved = at;
      self->save(self->spending_.reserved());
    }
    self->report(at);
  }
}

awaitable<result<batch_result>> batch_run::run() { return run(shared_from_this()); }

awaitable<result<batch_result>> batch_run::run(std::shared_ptr<batch_run> self) {
  self->began_ = self->now();
  scope ticker(self->executor_);
  ticker.spawn([self] { return tick(self); });
  self->workers_.emplace(self->executor_);
  const std::uint64_t workers = std::min<std::uint64_t>(self->options_.concurrency, self->wanted_.pending);
  for (std::uint64_t i = 0; i < workers; ++i) self->workers_->spawn([self] { return work(self); });
  std::exception_ptr thrown;
  try {
    co_await self->workers_->join();
  } catch (...) {
    thrown = std::current_exception();
  }
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  const bool cancelled = cancellation.cancelled() != asio::cancellation_type::none;
  if (cancelled) self->cancel();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  ticker.cancel();
  co_await ticker.join();
  self->workers_.reset();
  self->flush();
  self->over_ = true;
  self->save(self->spending_.reserved());  // of calls that were given up
  if (auto dropped = self->batch_.files->drop_ahead(self->batch_.state); dropped.has_error())
    self->broken(dropped.error());
  self->report(self->now());
  if (thrown && !cancelled) std::rethrow_exception(thrown);
  if (self->failure_) co_return *self->failure_;
  batch_result end;
  end.end = self->stopped_.value_or(batch_end::finished);
  end.why = self->why_;
  end.progress = self->progress(self->now());
  end.reached = self->reached_;
  co_return end;
}

batch_progress batch_run::progress(time_point at) const {
  batch_progress p = progress_of(batch_.state, options_, wanted_);
  p.ended = ended_;
  p.in_flight = in_flight_;
  p.at = at;
  p.elapsed = at - began_;
  const auto rates = rates_.at(at, began_);
  p.requests_a_minute = rates.requests;
  p.tokens_a_minute = rates.tokens;
  p.draining = stopped_.has_value();
  p.usage_missing = usage_.missing();
  const std::uint64_t left = wanted_.pending > ended_ ? wanted_.pending - ended_ : 0;
  if (left == 0) {
    p.left = duration::zero();
  } else if (rates.requests > 0) {
    p.left = from_seconds(static_cast<double>(left) / rates.requests * 60);
  }
  if (ended_ > 0) {
    llm::money here = p.spent;
    here -= spent_before_;
    const double more =
        static_cast<double>(here.micro_dollars()) * static_cast<double>(left) / static_cast<double>(ended_);
    p.projected = p.spent + llm::money::of(static_cast<std::int64_t>(more), 1'000'000'000);
  }
  if (!last_model_.empty()) p.limiter = client_->limits(last_model_, at);
  return p;
}

}  // namespace corchestra::batch

#include <corchestra/llm/hedging.hpp>

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

#include "base/later.hpp"
#include "llm/hedge_policy.hpp"

namespace corchestra::llm {

namespace {

using delta_callback = std::function<void(const chat_delta&)>;
using policy_ptr = std::shared_ptr<hedge_policy>;

/// One call and its hedge, on one strand.
class hedged_call : public std::enable_shared_from_this<hedged_call> {
 public:
  hedged_call(std::shared_ptr<chat_model> model, policy_ptr policy, logger log, chat_request request,
              delta_callback on_delta, bool streaming)
      : model_(std::move(model)),
        policy_(std::move(policy)),
        log_(std::move(log)),
        request_(std::move(request)),
        on_delta_(std::move(on_delta)),
        name_(request_.model.empty() ? model_->default_model() : request_.model),
        streaming_(streaming) {}

  static awaitable<result<chat_response>> run(std::shared_ptr<hedged_call> self);

 private:
  using self_ptr = std::shared_ptr<hedged_call>;
  enum leg : std::size_t { first, second };
  static leg other(leg l) { return l == first ? second : first; }

  struct progress {
    std::shared_ptr<scope> work;  // to be cancelled alone
    time_point went_out{};
    bool out = false;  // now, and not answered
    std::optional<error> failure;
    std::exception_ptr thrown;
    std::optional<chat_response> reply;
  };

  static awaitable<void> supervise(self_ptr self, leg l);
  static awaitable<void> ask(self_ptr self, leg l);
  static awaitable<void> wait_for_turn(self_ptr self, awaitable<void> until);
  static awaitable<void> wait_in_vain(self_ptr self);
  static awaitable<void> wait_until_due(self_ptr self, duration after);

  chat_request request_of(leg l);
  void heard(leg l, const chat_delta& delta);
  void ended(leg l);
  void choose(leg l);
  void settle();
  hedge_policy::kind kind() const { return {name_, streaming_}; }
  void took(leg l) { policy_->took(kind(), clock_->now() - legs_[l].went_out); }

  std::shared_ptr<chat_model> model_;
  policy_ptr policy_;
  logger log_;
  chat_request request_;
  delta_callback on_delta_;
  std::string name_;
  bool streaming_;
  time_service* clock_ = nullptr;
  hedge_policy::plan plan_;
  std::array<progress, 2> legs_;
  std::optional<leg> chosen_;
  bool hedged_ = false;
};

awaitable<result<chat_response>> hedged_call::run(self_ptr self) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  self->clock_ = &time_service::of(executor);
  const time_point began = self->clock_->now();
  self->plan_ = self->policy_->begin(self->kind(), began);
  scope both(executor);
  for (const leg l : {first, second}) {
    if (l == second && !self->plan_.after) continue;
    self->legs_[l].work = std::make_shared<scope>(executor);
    both.spawn([self, l] { return supervise(self, l); });
  }
  co_await both.join();
  self->settle();
  progress& mine = self->legs_[self->chosen_.value_or(first)];
  if (mine.thrown) std::rethrow_exception(mine.thrown);
  if (mine.failure) co_return std::move(*mine.failure);
  if (!mine.reply) throw boost::system::system_error(asio::error::operation_aborted);  // cancelled under a shield
  if (self->hedged_)
    mine.reply->hedge = self->chosen_ == second ? hedge_outcome::answered : hedge_outcome::overtaken;
  mine.reply->elapsed = self->clock_->now() - began;
  if (auto& token = mine.reply->time_to_first_token; token && self->chosen_ == second) *token += mine.went_out - began;
  co_return std::move(*mine.reply);
}

awaitable<void> hedged_call::supervise(self_ptr self, leg l) {
  const auto work = self->legs_[l].work;
  work->spawn([self, l] { return ask(self, l); });
  co_await work->join();
}

awaitable<void> hedged_call::ask(self_ptr self, leg l) {
  progress& mine = self->legs_[l];
  if (l == second) {
    co_await wait_until_due(self, *self->plan_.after);
    if (self->chosen_ || !self->policy_->allow(self->kind(), self->plan_, self->clock_->now())) co_return;
    self->hedged_ = true;
    self->log_.info("llm", concat(self->name_, ": no answer for ", to_text(*self->plan_.after), ", asked once more"));
  }
  mine.went_out = self->clock_->now();
  mine.out = true;
  try {
    result<chat_response> reply = fail(errc::internal, "not asked");
    if (self->streaming_)
      reply = co_await self->model_->stream(self->request_of(l), [self, l](const chat_delta& d) { self->heard(l, d); });
    else
      reply = co_await self->model_->complete(self->request_of(l));
    if (reply)
      mine.reply = std::move(*reply);
    else
      mine.failure = reply.error();
    mine.out = false;
  } catch (...) {
    mine.thrown = std::current_exception();
  }
  self->ended(l);
}

chat_request hedged_call::request_of(leg l) {
  chat_request r = request_;
  r.while_waiting = [weak = weak_from_this(), l](awaitable<void> until) {  // weak: a model may keep its requests
    return l == first ? wait_for_turn(weak.lock(), std::move(until)) : wait_in_vain(weak.lock());
  };
  return r;
}

// The limiter's waits, and those between tries, are not the endpoint's time.
awaitable<void> hedged_call::wait_for_turn(self_ptr self, awaitable<void> until) {
  progress& mine = self->legs_[first];
  mine.out = false;
  if (self->request_.while_waiting)
    co_await self->request_.while_waiting(std::move(until));
  else
    co_await std::move(until);
  mine.went_out = self->clock_->now();
  mine.out = true;
}

// A hedge that would have to wait is none.
awaitable<void> hedged_call::wait_in_vain(self_ptr self) {
  self->legs_[second].out = false;
  throw boost::system::system_error(asio::error::operation_aborted);
  co_return;
}

awaitable<void> hedged_call::wait_until_due(self_ptr self, duration after) {
  const progress& call = self->legs_[first];
  time_point due = corchestra::detail::later(self->clock_->now(), after);
  while (self->clock_->now() < due) {
    co_await sleep_until(due);
    due = corchestra::detail::later(call.out ? call.went_out : self->clock_->now(), after);
  }
}

void hedged_call::heard(leg l, const chat_delta& delta) {
  if (!chosen_) choose(l);
  if (chosen_ == l && on_delta_) on_delta_(delta);
}

// An answer ends the other call, and so does a failure before that has gone out.
void hedged_call::ended(leg l) {
  const leg rest = other(l);
  if (legs_[l].reply && !chosen_) choose(l);
  if (l == first && !legs_[l].reply && !legs_[rest].out && legs_[rest].work) legs_[rest].work->cancel();
}

void hedged_call::choose(leg l) {
  chosen_ = l;
  took(first);
  if (legs_[other(l)].work) legs_[other(l)].work->cancel();
}

// What was overtaken is billed as well, if it was sent.
void hedged_call::settle() {
  if (!chosen_ || !request_.on_failed_usage) return;
  const progress& lost = legs_[other(*chosen_)];
  billed_call billed;
  billed.model = name_;
  if (lost.reply)
    billed = {.usage = lost.reply->usage, .model = lost.reply->model, .service_tier = lost.reply->service_tier};
  else if (!lost.out)
    return;
  request_.on_failed_usage(billed);
}

bool may_be_asked_twice(const chat_request& r) { return r.tools.empty() && !r.before_retry; }

class hedged_model final : public chat_model {
 public:
  hedged_model(std::shared_ptr<chat_model> model, hedging_options options)
      : model_(std::move(model)), log_(options.logger), policy_(std::make_shared<hedge_policy>(std::move(options))) {}

  awaitable<result<chat_response>> complete(chat_request request) override {
    if (!may_be_asked_twice(request)) return model_->complete(std::move(request));
    return hedged_call::run(std::make_shared<hedged_call>(model_, policy_, log_, std::move(request), nullptr, false));
  }
  awaitable<result<chat_response>> stream(chat_request request, delta_callback on_delta) override {
    if (!may_be_asked_twice(request)) return model_->stream(std::move(request), std::move(on_delta));
    return hedged_call::run(
        std::make_shared<hedged_call>(model_, policy_, log_, std::move(request), std::move(on_delta), true));
  }
  std::string default_model() const override { return model_->default_model(); }

 private:
  std::shared_ptr<chat_model> model_;
  logger log_;
  policy_ptr policy_;
};

}  // namespace

std::shared_ptr<chat_model> hedge(std::shared_ptr<chat_model> model, hedging_options options) {
  return std::make_shared<hedged_model>(std::move(model), std::move(options));
}

}  // namespace corchestra::llm

#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <corchestra/async/sleep.hpp>
#include <corchestra/net/http_client.hpp>

namespace corchestra::tests {

struct http_step {
  result<net::http_response> reply;
  duration takes{};
  std::vector<std::pair<duration, std::string>> chunks;  ///< of a streamed 2xx reply: pause and bytes
  std::optional<error> breaks;                           ///< after the chunks
};

/// An http_client that answers from a script in the context's time, keeps to the request's time limit, and remembers
/// what was sent and when.
class scripted_http_client : public net::http_client {
 public:
  struct sent {
    net::http_request request;
    double at;  ///< seconds
  };

  scripted_http_client& then(http_step step) {
    steps_.push_back(std::move(step));
    return *this;
  }
  scripted_http_client& replies(int status, std::string body, net::http_headers headers = {}, duration takes = {}) {
    if (!headers.has("content-type")) headers.add("Content-Type", "application/json");
    return then({net::http_response{status, std::move(headers), std::move(body)}, takes, {}, {}});
  }
  scripted_http_client& breaks(error e, duration takes = {}) { return then({std::move(e), takes, {}, {}}); }
  scripted_http_client& streams(std::vector<std::pair<duration, std::string>> chunks,
                                std::optional<error> breaks = {}) {
    return then({net::http_response{200, {{"Content-Type", "text/event-stream"}}, {}},
                 {},
                 std::move(chunks),
                 std::move(breaks)});
  }

  const std::vector<sent>& log() const { return log_; }
  double at(std::size_t i) const { return log_.at(i).at; }
  std::size_t unused() const { return steps_.size(); }

  awaitable<result<net::http_response>> send(net::http_request request) override {
    auto reply = co_await answer(std::move(request), nullptr);
    co_return reply;
  }
  awaitable<result<net::http_response>> stream(net::http_request request, net::body_sink sink) override {
    auto reply = co_await answer(std::move(request), std::move(sink));
    co_return reply;
  }

 private:
  awaitable<result<net::http_response>> answer(net::http_request request, net::body_sink sink) {
    const time_point begin = co_await now();
    const duration limit = request.timeout;
    log_.push_back({std::move(request), to_seconds(begin.time_since_epoch())});
    if (steps_.empty()) co_return fail(errc::internal, "the script has no further reply");
    http_step step = std::move(steps_.front());
    steps_.pop_front();
    if (step.takes > limit) {
      co_await sleep_for(limit);
      co_return fail(errc::timeout, "http://h:80: the request took too long");
    }
    if (step.takes > duration::zero()) co_await sleep_for(step.takes);
    if (!step.reply) co_return step.reply.error();
    if (!sink || step.reply->status > 299) co_return std::move(step.reply);
    if (!step.reply->body.empty()) step.chunks.emplace_back(duration::zero(), std::exchange(step.reply->body, {}));
    for (const auto& [pause, bytes] : step.chunks) {
      if (pause > duration::zero()) co_await sleep_for(pause);
      if (auto taken = sink(bytes); !taken) co_return taken.error();
    }
    if (step.breaks) co_return *step.breaks;
    co_return std::move(step.reply);
  }

  std::deque<http_step> steps_;
  std::vector<sent> log_;
};

}  // namespace corchestra::tests

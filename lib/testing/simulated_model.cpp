#include <corchestra/testing/simulated_model.hpp>

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include <corchestra/async/semaphore.hpp>
#include <corchestra/async/sleep.hpp>
#include <corchestra/base/json.hpp>
#include <corchestra/net/sse.hpp>

#include "testing/seeded_random.hpp"
#include "testing/simulated_reply.hpp"

namespace corchestra::testing {

namespace {

constexpr std::string_view json_type = "application/json";

net::http_headers reply_headers(std::string_view type) {
  return {{"Content-Type", std::string(type)}, {"x-simulated", "true"}};
}

std::string event(const json& chunk) { return net::format_sse({.event = {}, .data = dump_json(chunk), .id = {}}); }

std::string_view without_version(std::string_view path) { return path.starts_with("/v1/") ? path.substr(3) : path; }

}  // namespace

struct simulated_model::impl : std::enable_shared_from_this<impl> {
  explicit impl(simulated_model_options o) : options(std::move(o)) {
    if (options.hold_until_concurrent > 0) closed = gate.try_acquire(gate.capacity());
  }

  awaitable<void> handle(net::server_request request, net::server_reply& reply);
  awaitable<void> chat(net::server_request request, net::server_reply& reply);
  awaitable<void> pass_gate();
  awaitable<result<void>> whole(simulated_reply plan, net::server_reply& reply);
  awaitable<result<void>> stream(simulated_reply plan, net::server_reply& reply);
  static awaitable<result<void>> refuse(simulated_error e, net::server_reply& reply, net::http_headers headers = {});
  static awaitable<result<void>> say(json body, net::server_reply& reply);

  bool authorised(const net::server_request& request) const {
    return options.api_key.empty() || request.headers.get("authorization") == "Bearer " + options.api_key;
  }
  std::optional<simulated_error> mishap(const json& request);
  simulated_model_stats snapshot() const {
    const std::lock_guard lock(mutex);
    return stats;
  }

  simulated_model_options options;
  std::optional<net::http_server> server;
  mutable std::mutex mutex;  // over all below
  simulated_model_stats stats;
  std::unordered_map<std::uint64_t, std::uint64_t>
      asked;  // how often each request came, so that a retry is a new throw
  bool stopping = false;
  // Shut by holding every permit until `hold_until_concurrent` calls wait for one.
  semaphore gate{1'000'000};
  semaphore::permit closed;
};

namespace {

/// Counts a call while it lasts, and as a disconnect when it ends before its reply.
template <class Impl>
class counted_call {
 public:
  explicit counted_call(Impl& to) : to_(to) {
    const std::lock_guard lock(to_.mutex);
    ++to_.stats.calls;
    to_.stats.peak_concurrent = std::max(to_.stats.peak_concurrent, ++to_.stats.concurrent);
  }
  counted_call(const counted_call&) = delete;
  ~counted_call() {
    const std::lock_guard lock(to_.mutex);
    --to_.stats.concurrent;
    if (!answered && !to_.stopping) ++to_.stats.disconnects;
  }
  bool answered = false;

 private:
  Impl& to_;
};

}  // namespace

awaitable<result<void>> simulated_model::impl::refuse(simulated_error e, net::server_reply& reply,
                                                      net::http_headers headers) {
  net::http_headers all = reply_headers(json_type);
  for (const auto& [name, value] : headers) all.add(name, value);
  std::string body = dump_json(e.body());
  auto sent = co_await reply.send(e.status, std::move(all), std::move(body));
  co_return sent;
}

awaitable<result<void>> simulated_model::impl::say(json body, net::server_reply& reply) {
  auto sent = co_await reply.send(200, reply_headers(json_type), dump_json(body));
  co_return sent;
}

awaitable<void> simulated_model::impl::handle(net::server_request request, net::server_reply& reply) {
  const std::string path(without_version(request.path));
  const bool get = request.method == "GET", post = request.method == "POST";
  if (get && path == "/health") {
    co_await say({{"status", "ok"}, {"simulated", true}}, reply);
    co_return;
  }
  if (get && path == "/simulator/stats") {
    const auto s = snapshot();
    co_await say({{"calls", s.calls},
                  {"streamed", s.streamed},
                  {"errors", s.errors},
                  {"disconnects", s.disconnects},
                  {"concurrent", s.concurrent},
                  {"peak_concurrent", s.peak_concurrent}},
                 reply);
    co_return;
  }
  const bool chats = path == "/chat/completions", models = path == "/models";
  if (!((post && chats) || (get && models))) {
    simulated_error e{
        404, "Unknown request URL: " + request.method + " " + request.path, "invalid_request_error", {}, "unknown_url"};
    if (chats || models)
      e = {405,
           "Not allowed to " + request.method + " on " + request.path,
           "invalid_request_error",
           {},
           "method_not_supported"};
    co_await refuse(std::move(e), reply);
    co_return;
  }
  if (!authorised(request)) {
    simulated_error e{401, "Incorrect API key provided.", "invalid_request_error", {}, "invalid_api_key"};
    co_await refuse(std::move(e), reply);
    co_return;
  }
  if (models) {
    json model = {{"id", "simulated"}, {"object", "model"}, {"created", 0}, {"owned_by", "corchestra"}};
    co_await say({{"object", "list"}, {"data", json::array({std::move(model)})}}, reply);
    co_return;
  }
  co_await chat(std::move(request), reply);
}

std::optional<simulated_error> simulated_model::impl::mishap(const json& request) {
  if (options.error_rate <= 0 && options.rate_limit_rate <= 0) return std::nullopt;
  const std::uint64_t key = request_key(request, options.seed);
  std::uint64_t times = 0;
  {
    const std::lock_guard lock(mutex);
    times = asked[key]++;
  }
  const double thrown = seeded_random(key + 0x9E3779B97F4A7C15ull * (times + 1)).uniform();
  if (thrown < options.error_rate)
    return simulated_error{500, "The simulated model was told to fail now and then.", "server_error", {}, {}};
  if (thrown < options.error_rate + options.rate_limit_rate)
    return simulated_error{
        429, "The simulated model was told to limit its rate.", "requests", {}, "rate_limit_exceeded"};
  return std::nullopt;
}

awaitable<void> simulated_model::impl::pass_gate() {
  if (options.hold_until_concurrent == 0) co_return;
  semaphore::permit opened;
  {
    const std::lock_guard lock(mutex);
    if (stats.concurrent >= options.hold_until_concurrent) opened = std::move(closed);
  }
  opened.release();
  const result<semaphore::permit> passed = co_await gate.acquire();
}

awaitable<void> simulated_model::impl::chat(net::server_request request, net::server_reply& reply) {
  counted_call<impl> call(*this);
  co_await pass_gate();
  result<void> sent;
  std::optional<simulated_error> error;
  const auto body = parse_json(request.body);
  if (!body)
    error = simulated_error{400,
                            "We could not parse the JSON body of your request: " + body.error().message,
                            "invalid_request_error",
                            {},
                            {}};
  else
    error = mishap(*body);
  std::optional<simulated_reply> plan;
  if (!error) {
    auto planned = plan_reply(*body, options);
    if (planned)
      plan = std::move(*planned);
    else
      error = planned.error();
  }
  if (error) {
    {
      const std::lock_guard lock(mutex);
      ++stats.errors;
    }
    net::http_headers headers;
    if (error->status == 429) headers.add("Retry-After", "1");
    sent = co_await refuse(std::move(*error), reply, std::move(headers));
  } else if (plan->streamed) {
    {
      const std::lock_guard lock(mutex);
      ++stats.streamed;
    }
    sent = co_await stream(std::move(*plan), reply);
  } else {
    sent = co_await whole(std::move(*plan), reply);
  }
  call.answered = sent.has_value();
}

awaitable<result<void>> simulated_model::impl::whole(simulated_reply plan, net::server_reply& reply) {
  co_await sleep_for(plan.first_token + plan.completion_tokens * plan.per_token);
  auto sent = co_await say(plan.body(), reply);
  co_return sent;
}

awaitable<result<void>> simulated_model::impl::stream(simulated_reply plan, net::server_reply& reply) {
  co_await sleep_for(plan.first_token);
  auto sent = co_await reply.start(200, reply_headers("text/event-stream"));
  if (sent) sent = co_await reply.write(event(plan.first_chunk()));
  const auto pieces = plan.delta_chunks();
  const duration per_piece = pieces.empty()
                                 ? duration::zero()
                                 : plan.completion_tokens * plan.per_token / static_cast<std::int64_t>(pieces.size());
  for (const auto& piece : pieces) {
    if (!sent) co_return sent;
    co_await sleep_for(per_piece);
    sent = co_await reply.write(event(piece));
  }
  if (!sent) co_return sent;
  std::string last = event(plan.last_chunk());
  if (plan.include_usage) last += event(plan.usage_chunk());
  last += net::format_sse({.event = {}, .data = "[DONE]", .id = {}});
  sent = co_await reply.write(std::move(last));
  if (sent) sent = co_await reply.finish();
  co_return sent;
}

result<simulated_model> simulated_model::listen(any_io_executor executor, simulated_model_options options) {
  auto state = std::make_shared<impl>(std::move(options));
  net::http_server_options server_options;
  server_options.address = state->options.address;
  server_options.port = state->options.port;
  server_options.logger = state->options.logger;
  auto server = net::http_server::listen(
      std::move(executor),
      [weak = std::weak_ptr<impl>(state)](net::server_request request, net::server_reply& reply) -> awaitable<void> {
        if (const auto self = weak.lock()) co_await self->handle(std::move(request), reply);
      },
      std::move(server_options));
  if (!server) return server.error();
  state->server.emplace(std::move(*server));
  return simulated_model(std::move(state));
}

simulated_model::simulated_model(std::shared_ptr<impl> p) : impl_(std::move(p)) {}
simulated_model::simulated_model(simulated_model&&) noexcept = default;

simulated_model::~simulated_model() {
  if (!impl_) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->server.reset();  // calls under way keep the rest alive until they have ended
}

std::string simulated_model::base_url() const { return impl_->server->base_url() + "/v1"; }
std::uint16_t simulated_model::port() const noexcept { return impl_->server->port(); }
simulated_model_stats simulated_model::stats() const { return impl_->snapshot(); }

awaitable<void> simulated_model::stop() {
  const auto state = impl_;
  {
    const std::lock_guard lock(state->mutex);
    state->stopping = true;
  }
  co_await state->server->stop();
}

}  // namespace corchestra::testing

#include "llm/client_calls.hpp"

#include <boost/asio/co_spawn.hpp>

#include <corchestra/async/time_service.hpp>
#include <corchestra/llm/cost.hpp>
#include <corchestra/llm/openai_client.hpp>

#include "harness.hpp"
#include "llm/chat_example.hpp"

namespace corchestra::bench {

namespace {

llm::chat_request request() {
  llm::chat_request r;
  r.messages = {{.role = llm::role::system, .content = std::string(chat_example::system())},
                {.role = llm::role::user, .content = std::string(chat_example::user())}};
  r.temperature = chat_example::temperature;
  r.max_tokens = chat_example::max_tokens;
  return r;
}

}  // namespace

client_calls::client_calls(const nginx& server) {
  auto http = net::make_http_client(io_.get_executor());
  check(http.has_value(), "no HTTP client");
  llm::openai_options options;
  options.base_url = server.base_url();
  options.api_key = secret(std::string(chat_example::key));
  options.model = chat_example::model;
  options.max_tokens_field = "max_tokens";
  options.limits = llm::limiter_options{.max_in_flight = connections, .first_in_flight = connections};
  auto model = llm::make_openai_client(*http, options);
  check(model.has_value(), "no client");
  model_ = *model;
  subscriber_ = [this](const event& e) {
    ++events_;
    tokens_ += e.usage->total_tokens();
  };
}

void client_calls::ended(const llm::chat_response& reply) {
  const auto cost = llm::cost_of(llm::price_table::standard(), reply.model, reply.usage, reply.service_tier);
  check(cost.has_value(), "the call has no price");
  cost_ += *cost;
  event e;
  e.seq = events_ + 1;
  e.at = time_service::of(io_.get_executor()).now();
  e.type = event_type::model_call;
  e.usage = &reply.usage;
  subscriber_(e);
}

awaitable<void> client_calls::worker(std::size_t& left) {
  while (left > 0) {
    --left;
    const auto reply = co_await model_->complete(request());
    check(reply.has_value() && reply->message.content == chat_example::answer(), "a call failed");
    ended(*reply);
  }
}

double client_calls::round(std::size_t calls) {
  const auto events = events_;
  const auto tokens = tokens_;
  const double rate = per_second(calls, [&] {
    std::size_t left = calls;
    for (std::size_t i = 0; i < connections; ++i)
      asio::co_spawn(io_, worker(left), [](std::exception_ptr e) { check(!e, "a call threw"); });
    io_.restart();
    io_.run();
  });
  check(events_ - events == calls, "an event is missing");
  check(tokens_ - tokens == static_cast<std::int64_t>(calls) * chat_example::tokens && cost_ > llm::money(),
        "wrong tokens");
  return rate;
}

double per_second(std::size_t calls, const std::function<void()>& work) {
  const stopwatch watch(stopwatch::work::on_several);
  work();
  return static_cast<double>(calls) / watch.nanoseconds() * 1e9;
}

}  // namespace corchestra::bench

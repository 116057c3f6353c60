#include <corchestra/store/response_cache.hpp>

#include <atomic>

#include <corchestra/base/text.hpp>
#include <corchestra/net/digest.hpp>

#include "llm/request_body.hpp"
#include "store/chat_record.hpp"
#include "store/reply_store.hpp"

namespace corchestra::store {

namespace {

constexpr token_usage nothing{.calls = 1};

std::string cache_key(std::string_view base_url, std::string_view path, std::string_view body) {
  return net::sha256_hex(concat("1\n", base_url, '\n', path, '\n', body));
}

}  // namespace

struct response_cache::impl {
  explicit impl(reply_store s) : replies(std::move(s)) {}

  std::optional<std::string> find(const std::string& key, const logger& log) {
    auto found = replies.find(key);
    if (found.has_error()) log.warn("store", found.error().message);
    const bool hit = found.has_value() && found->has_value();
    ++(hit ? hits : misses);
    return hit ? std::move(*found) : std::nullopt;
  }
  void put(const std::string& key, std::string_view value, const logger& log) {
    if (auto done = replies.put(key, value); done.has_error()) log.warn("store", done.error().message);
  }

  reply_store replies;
  std::atomic<std::uint64_t> hits = 0, misses = 0;
};

class cached_model final : public llm::chat_model, public std::enable_shared_from_this<cached_model> {
 public:
  using cache_ptr = std::shared_ptr<response_cache::impl>;
  using delta_callback = std::function<void(const llm::chat_delta&)>;

  cached_model(cache_ptr cache, std::shared_ptr<llm::chat_model> model, std::string base_url, logger log)
      : cache_(std::move(cache)), model_(std::move(model)), base_url_(std::move(base_url)), log_(std::move(log)) {}

  awaitable<result<llm::chat_response>> complete(llm::chat_request request) override {
    return ask(shared_from_this(), std::move(request), nullptr, false);
  }
  awaitable<result<llm::chat_response>> stream(llm::chat_request request, delta_callback on_delta) override {
    return ask(shared_from_this(), std::move(request), std::move(on_delta), true);
  }
  std::string default_model() const override { return model_->default_model(); }

 private:
  static awaitable<result<llm::chat_response>> ask(std::shared_ptr<cached_model> self, llm::chat_request request,
                                                   delta_callback on_delta, bool streaming) {
    const auto body = llm::request_body(request, {self->model_->default_model(), "max_tokens", false, false});
    const std::string key = body ? cache_key(self->base_url_, "chat/completions", *body) : std::string();
    std::optional<llm::chat_response> known;
    if (const auto record = body ? self->cache_->find(key, self->log_) : std::nullopt) known = response_of(*record);
    if (known) {
      known->usage = nothing;
      known->http_attempts = 0;
      if (on_delta) on_delta({known->message.content, known->reasoning});
      co_return std::move(*known);
    }
    result<llm::chat_response> reply = fail(errc::internal, "not asked");
    if (streaming)
      reply = co_await self->model_->stream(std::move(request), std::move(on_delta));
    else
      reply = co_await self->model_->complete(std::move(request));
    const bool whole =
        reply && (reply->finish == llm::finish_reason::stop || reply->finish == llm::finish_reason::tool_calls);
    if (whole && body) self->cache_->put(key, record_of(*reply), self->log_);
    co_return reply;
  }

  cache_ptr cache_;
  std::shared_ptr<llm::chat_model> model_;
  std::string base_url_;
  logger log_;
};

class cached_api final : public llm::api_client, public std::enable_shared_from_this<cached_api> {
 public:
  using cache_ptr = std::shared_ptr<response_cache::impl>;

  cached_api(cache_ptr cache, std::shared_ptr<llm::api_client> client, std::string base_url, logger log)
      : cache_(std::move(cache)), client_(std::move(client)), base_url_(std::move(base_url)), log_(std::move(log)) {}

  awaitable<llm::api_reply> post(llm::api_request request) override {
    return ask(shared_from_this(), std::move(request));
  }
  std::optional<llm::limiter_status> limits(const std::string& model, time_point now) const override {
    return client_->limits(model, now);
  }

 private:
  static awaitable<llm::api_reply> ask(std::shared_ptr<cached_api> self, llm::api_request request) {
    const std::string key = cache_key(self->base_url_, request.path, request.body);
    if (auto body = self->cache_->find(key, self->log_)) {
      llm::api_reply known;
      known.status = 200;
      known.body = std::move(*body);
      known.billed = {nothing, request.model, {}};
      co_return known;
    }
    llm::api_reply reply = co_await self->client_->post(std::move(request));
    if (!reply.failure && !was_cut(reply.body)) self->cache_->put(key, reply.body, self->log_);
    co_return reply;
  }

  // As servers write it; an answer in which it is quoted is only asked for again.
  static bool was_cut(std::string_view body) {
    for (const std::string_view mark : {R"("finish_reason":"length")", R"("finish_reason": "length")",
                                        R"("incomplete_details":{)", R"("incomplete_details": {)"})
      if (body.find(mark) != std::string_view::npos) return true;
    return false;
  }

  cache_ptr cache_;
  std::shared_ptr<llm::api_client> client_;
  std::string base_url_;
  logger log_;
};

result<response_cache> response_cache::open(const std::filesystem::path& file, response_cache_options options) {
  auto replies = reply_store::open(file, options.max_bytes);
  if (replies.has_error()) return replies.error();
  return response_cache(std::make_shared<impl>(std::move(*replies)));
}

std::shared_ptr<llm::chat_model> response_cache::in_front_of(std::shared_ptr<llm::chat_model> model,
                                                             std::string base_url, logger log) const {
  return std::make_shared<cached_model>(impl_, std::move(model), std::move(base_url), std::move(log));
}

std::shared_ptr<llm::api_client> response_cache::in_front_of(std::shared_ptr<llm::api_client> client,
                                                             std::string base_url, logger log) const {
  return std::make_shared<cached_api>(impl_, std::move(client), std::move(base_url), std::move(log));
}

response_cache::counts response_cache::used() const { return {impl_->hits, impl_->misses}; }

}  // namespace corchestra::store

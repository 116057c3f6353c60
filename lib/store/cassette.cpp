#include <corchestra/store/cassette.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <vector>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "base/text_file.hpp"
#include "store/line_file.hpp"

namespace corchestra::store {

namespace {

constexpr std::size_t max_recording_bytes = 256u << 20;

bool is_recorded(std::string_view name) {
  const std::string lower = to_lower(name);
  static constexpr std::array kept = {"content-type", "retry-after", "retry-after-ms", "x-request-id",
                                      "x-should-retry"};
  return std::find(kept.begin(), kept.end(), lower) != kept.end() || lower.starts_with("x-ratelimit-");
}

// The order of members does not matter.
std::string canonical(const std::string& body) {
  const json value = json::parse(body, nullptr, false);
  return value.is_discarded() ? body : dump_json(value);
}

std::string exchange_key(std::string_view method, std::string_view target, const std::string& body) {
  return concat(method, ' ', target, '\n', canonical(body));
}

class recorder final : public net::http_client, public std::enable_shared_from_this<recorder> {
 public:
  recorder(line_file file, std::shared_ptr<net::http_client> inner, redactor secrets)
      : file_(std::move(file)), inner_(std::move(inner)), secrets_(std::move(secrets)) {}

  awaitable<result<net::http_response>> send(net::http_request request) override {
    return pass(shared_from_this(), std::move(request), nullptr);
  }
  awaitable<result<net::http_response>> stream(net::http_request request, net::body_sink sink) override {
    return pass(shared_from_this(), std::move(request), std::move(sink));
  }

 private:
  static awaitable<result<net::http_response>> pass(std::shared_ptr<recorder> self, net::http_request request,
                                                    net::body_sink sink) {
    const std::string method = request.method, target = request.target.target(), body = request.body;
    std::string streamed;
    result<net::http_response> reply = fail(errc::internal, "not asked");
    if (sink) {
      reply = co_await self->inner_->stream(std::move(request), [&](std::string_view chunk) {
        streamed += chunk;
        return sink(chunk);
      });
    } else {
      reply = co_await self->inner_->send(std::move(request));
    }
    if (!reply) co_return reply;
    const auto kept = self->keep(method, target, body, *reply, streamed.empty() ? reply->body : streamed);
    if (!kept) co_return kept.error();
    co_return reply;
  }

  result<void> keep(const std::string& method, const std::string& target, const std::string& body,
                    const net::http_response& reply, const std::string& reply_body) {
    ordered_json headers = ordered_json::object();
    for (const auto& [name, value] : reply.headers)
      if (is_recorded(name)) headers[to_lower(name)] = secrets_(value);
    const ordered_json exchange = {{"method", method},
                                   {"target", target},
                                   {"body", secrets_(body)},
                                   {"status", reply.status},
                                   {"headers", std::move(headers)},
                                   {"reply", secrets_(reply_body)}};
    std::lock_guard lock(mutex_);
    return file_.append(dump_json(exchange));
  }

  std::mutex mutex_;
  line_file file_;
  std::shared_ptr<net::http_client> inner_;
  redactor secrets_;
};

class player final : public net::http_client {
 public:
  explicit player(std::filesystem::path file) : file_(std::move(file)) {}

  result<void> load() {
    const auto text = detail::read_text_file(file_, max_recording_bytes);
    if (text.has_error()) return text.error();
    std::size_t number = 0;
    for (std::string_view rest = *text; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      ++number;
      if (trim(line).empty()) continue;
      const json exchange = json::parse(line, nullptr, false);
      try {
        net::http_response reply;
        reply.status = exchange.at("status").get<int>();
        for (const auto& [name, value] : exchange.at("headers").items())
          reply.headers.add(name, value.get<std::string>());
        reply.body = exchange.at("reply").get<std::string>();
        replies_[exchange_key(exchange.at("method").get<std::string>(), exchange.at("target").get<std::string>(),
                              exchange.at("body").get<std::string>())]
            .list.push_back(std::move(reply));
      } catch (const json::exception&) {
        return fail(errc::invalid_argument,
                    concat(file_.string(), ':', number,
                           ": expected an exchange: an object with method, target, body, status, headers, reply"));
      }
    }
    return {};
  }

  awaitable<result<net::http_response>> send(net::http_request request) override {
    result<net::http_response> reply = find(request);
    co_return reply;
  }
  awaitable<result<net::http_response>> stream(net::http_request request, net::body_sink sink) override {
    result<net::http_response> reply = find(request);
    if (reply && reply->status >= 200 && reply->status <= 299) {
      const std::string body = std::exchange(reply->body, {});
      if (auto taken = sink(body); !taken) co_return taken.error();
    }
    co_return reply;
  }

 private:
  struct recorded {
    std::vector<net::http_response> list;
    std::size_t next = 0;
  };

  result<net::http_response> find(const net::http_request& request) {
    std::lock_guard lock(mutex_);
    const auto found = replies_.find(exchange_key(request.method, request.target.target(), request.body));
    if (found == replies_.end())
      return fail(
          errc::not_found,
          concat(quote(file_.string(), 300), " has no reply to this ", request.method, ' ', request.target.target()),
          retry_class::terminal);
    recorded& r = found->second;
    const net::http_response& reply = r.list[r.next];
    if (r.next + 1 < r.list.size()) ++r.next;
    return reply;
  }

  std::filesystem::path file_;
  std::mutex mutex_;
  std::map<std::string, recorded> replies_;
};

}  // namespace

result<std::shared_ptr<net::http_client>> record_to(const std::filesystem::path& file,
                                                    std::shared_ptr<net::http_client> inner, redactor secrets) {
  auto opened = line_file::open(file);
  if (opened.has_error()) return opened.error();
  return std::make_shared<recorder>(std::move(*opened), std::move(inner), std::move(secrets));
}

result<std::shared_ptr<net::http_client>> replay_from(const std::filesystem::path& file) {
  auto made = std::make_shared<player>(file);
  if (auto loaded = made->load(); loaded.has_error()) return loaded.error();
  return made;
}

}  // namespace corchestra::store

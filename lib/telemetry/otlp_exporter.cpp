#include <corchestra/telemetry/otlp_exporter.hpp>

#include <algorithm>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <optional>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/base/version.hpp>

#include "async/shared_timer.hpp"
#include "async/shutdown_service.hpp"
#include "net/message_text.hpp"
#include "telemetry/export_queue.hpp"
#include "telemetry/metric_store.hpp"
#include "telemetry/otlp_reply.hpp"
#include "telemetry/otlp_text.hpp"

namespace corchestra::telemetry {

namespace {

constexpr std::string_view source = "telemetry";
using flush_handler = asio::any_completion_handler<void(boost::system::error_code)>;

std::string resource_text(attributes resource) {
  const auto has = [&](std::string_view name) {
    return std::any_of(resource.begin(), resource.end(), [&](const auto& a) { return a.first == name; });
  };
  const std::pair<const char*, std::string> standard[] = {{"service.name", "corchestra"},
                                                          {"service.version", std::string(version)},
                                                          {"telemetry.sdk.name", "corchestra"},
                                                          {"telemetry.sdk.language", "cpp"},
                                                          {"telemetry.sdk.version", std::string(version)}};
  for (const auto& [name, value] : standard)
    if (!has(name)) resource.emplace_back(name, value);
  return attributes_text(resource);
}

}  // namespace

struct otlp_exporter::impl : corchestra::detail::shutdown_listener, std::enable_shared_from_this<impl> {
  /// One HTTP request, until it was taken or given up.
  struct request {
    net::url target;
    std::string body;
    std::size_t spans = 0;  // 0: metrics
    int tries = 0;
  };
  struct waiter {
    flush_handler handler;
    any_io_executor work;  // keeps the context running while it waits
  };
  struct alarm final : corchestra::detail::shared_timer::client {
    alarm(const any_io_executor& executor, std::weak_ptr<impl> e) : client(executor), exporter(std::move(e)) {}
    ~alarm() override { clear(); }
    std::function<void()> when_due() override {
      return [exporter = exporter] {
        if (const auto e = exporter.lock()) e->pump_soon();
      };
    }
    std::weak_ptr<impl> exporter;
  };

  impl(any_io_executor executor, std::shared_ptr<net::http_client> h, otlp_options o, net::url base)
      : strand(asio::make_strand(executor)),
        clock(&time_service::of(executor)),
        http(std::move(h)),
        options(std::move(o)),
        origin(base.origin()),
        traces(base.below("v1/traces")),
        metrics(base.below("v1/metrics")),
        resource(resource_text(options.resource)),
        began(unix_now()),
        queue(options.max_spans, options.max_bytes) {}

  std::int64_t unix_now() const {
    return std::chrono::nanoseconds(clock->source().wall_now().time_since_epoch()).count();
  }

  // From any thread --------------------------------------------------------------------------------------------------

  void add(std::string text) {
    std::lock_guard lock(mutex);
    if (!clock) return;
    dropped += queue.push(std::move(text));
    if (queue.size() == 1) oldest = clock->now();
    look_later();
  }

  void count(const event& e, const attributes& endpoint) {
    std::lock_guard lock(mutex);
    if (!clock || !store.count(e, endpoint)) return;
    if (!std::exchange(counted, true)) metrics_due = std::max(metrics_due, clock->now() + options.metric_interval);
    look_later();
  }

  void flush(duration limit, any_io_executor executor, flush_handler handler) {
    std::lock_guard lock(mutex);
    if (!clock)
      return asio::post(executor, [h = std::move(handler)]() mutable { std::move(h)(boost::system::error_code()); });
    const auto w = std::make_shared<waiter>();
    w->work = asio::prefer(std::move(executor), asio::execution::outstanding_work.tracked);
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
      slot.assign([self = weak_from_this(), weak = std::weak_ptr<waiter>(w)](asio::cancellation_type) {
        const auto s = self.lock();
        const auto cancelled = weak.lock();
        if (s && cancelled) s->leave(cancelled);
      });
    }
    w->handler = std::move(handler);
    waiters.push_back(w);
    const time_point now = clock->now();
    if (waiters.size() == 1) {
      constexpr duration most = std::chrono::hours(24);
      flush_until = now + std::min(limit, most);
      last_try = failing;
      retry_at = {};
    }
    if (counted) metrics_due = now;
    look_later();
  }

  void leave(const std::shared_ptr<waiter>& w) {
    std::lock_guard lock(mutex);
    if (std::erase(waiters, w) > 0) complete(w, asio::error::operation_aborted);
  }

  otlp_status status() const {
    std::lock_guard lock(mutex);
    return {sent, dropped, rejected, queue.size() + (pending ? pending->spans : 0), failing};
  }

  void pump_soon() {
    asio::post(strand, [self = shared_from_this()] { self->pump(); });
  }

  // On the strand ----------------------------------------------------------------------------------------------------

  void pump() {
    std::unique_lock lock(mutex);
    if (!clock) return;
    set_for = time_point::max();
    const time_point now = clock->now();
    if (!waiters.empty() && now >= flush_until && (busy || pending || queue.size() > 0 || counted))
      return give_up(std::move(lock));
    if (!busy && (!pending || now >= retry_at)) {
      if (!pending) pending = next_request(now);
      if (pending) {
        busy = true;
        ++pending->tries;
        const net::http_request r = http_request(*pending);
        const std::uint64_t number = ++requests;
        look_later();  // a flush ends in time, whatever becomes of the request
        lock.unlock();
        sending = std::make_unique<scope>(strand);
        sending->spawn([self = shared_from_this(), r, number] { return send(self, r, number); });
        return;
      }
    }
    if (!busy && !pending && !waiters.empty()) return tell_flushed();
    look_later();
  }

  // What remains is dropped, the request under way too.
  void give_up(std::unique_lock<std::mutex> lock) {
    drop_all("they could not be sent in time");
    busy = false;
    ++requests;  // the one under way does not count any more
    tell_flushed();
    lock.unlock();
    sending.reset();
    write_notes();
  }

  void drop_all(std::string_view why) {
    const std::size_t n = queue.clear() + (pending ? pending->spans : 0);
    pending.reset();
    counted = false;
    dropped += n;
    if (n > 0) notes.emplace_back(log_level::warn, concat(n, n == 1 ? " span is" : " spans are", " lost: ", why));
  }

  static awaitable<void> send(std::shared_ptr<impl> self, net::http_request r, std::uint64_t number) {
    result<net::http_response> reply = co_await self->http->send(std::move(r));
    self->ended(read_reply(reply), number);
  }

  void ended(const otlp_reply& reply, std::uint64_t number) {
    using verdict = otlp_reply::verdict;
    {
      std::lock_guard lock(mutex);
      if (!clock || number != requests || !pending) return;
      busy = false;
      const bool later = reply.what == verdict::later;
      if (reply.what == verdict::taken) {
        const auto refused = std::min<std::uint64_t>(reply.rejected, pending->spans);
        sent += pending->spans - refused;
        rejected += refused;
      } else if (!later) {
        rejected += pending->spans;
      }
      tell(reply);
      if (later && last_try) {
        drop_all("the collector cannot be reached");
      } else if (later && pending->tries < options.max_tries) {
        retry_at = clock->now() + delay_after(*pending, reply);
      } else {
        if (later) dropped += pending->spans;
        pending.reset();
      }
    }
    write_notes();
    pump_soon();
  }

  // Not under the mutex: who writes the log may be told of by telemetry.
  void write_notes() {
    std::vector<std::pair<log_level, std::string>> all;
    {
      std::lock_guard lock(mutex);
      all.swap(notes);
    }
    for (const auto& [level, text] : all) options.logger.log(level, source, text);
  }

  // Once for each outage.
  void tell(const otlp_reply& reply) {
    const bool fails = !reply.problem.empty();
    if (fails == failing) return;
    failing = fails;
    if (fails) {
      dropped_before = dropped;
      notes.emplace_back(log_level::warn, concat("cannot export to ", origin, ": ", one_line(reply.problem, 300),
                                                 reply.what != otlp_reply::verdict::later
                                                     ? std::string()
                                                     : concat("; spans wait, ", options.max_spans,
                                                              " at most, then the oldest are dropped")));
    } else {
      const std::uint64_t lost = dropped - dropped_before;
      notes.emplace_back(log_level::info, concat("exports to ", origin, " again; ", lost,
                                                 lost == 1 ? " span was" : " spans were", " dropped meanwhile"));
    }
  }

  duration delay_after(const request& r, const otlp_reply& reply) const {
    duration delay = options.first_delay;
    for (int i = 1; i < r.tries && delay < options.max_delay; ++i) delay *= 2;
    return std::min(reply.retry_after ? std::max(*reply.retry_after, delay) : delay, options.max_delay);
  }

  std::optional<request> next_request(time_point now) {
    const bool flushing = !waiters.empty();
    if (queue.size() > 0 && (flushing || queue.size() >= options.batch_spans || now >= oldest + options.batch_age)) {
      export_queue::batch b = queue.take(options.batch_spans, options.batch_bytes);
      oldest = now;
      return request{traces, traces_body(resource, b.texts), b.count};
    }
    if (!counted || (now < metrics_due && !flushing)) return std::nullopt;
    counted = false;
    metrics_due = now + options.metric_interval;
    return request{metrics, metrics_body(resource, store.text(began, unix_now()))};
  }

  net::http_request http_request(const request& r) const {
    net::http_request h;
    h.method = "POST";
    h.target = r.target;
    h.headers.add("Content-Type", "application/json");
    for (const auto& [name, value] : options.headers) h.headers.add(name, std::string(value.reveal()));
    h.body = r.body;
    h.timeout = h.idle_timeout = options.request_timeout;
    return h;
  }

  // Under the mutex: wakes up when there is something to do.
  void look_later() {
    if (!wake) wake = std::make_unique<alarm>(strand, weak_from_this());
    constexpr time_point never = time_point::max();
    time_point due = never;
    if (!busy && pending) due = retry_at;
    if (!busy && !pending && queue.size() > 0)
      due = queue.size() >= options.batch_spans ? clock->now() : oldest + options.batch_age;
    if (!busy && !pending && counted) due = std::min(due, metrics_due);
    if (!waiters.empty()) due = !busy && !pending ? clock->now() : std::min(due, flush_until);
    if (due == set_for) return;
    set_for = due;
    due == never ? wake->clear() : wake->set(due);
  }

  void tell_flushed() {
    last_try = false;
    for (const auto& w : std::exchange(waiters, {})) complete(w, {});
    look_later();
  }

  static void complete(std::shared_ptr<waiter> w, boost::system::error_code ec) {
    asio::post(w->work, [w, ec]() mutable {
      auto handler = std::move(w->handler);
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.clear();
      w->work = any_io_executor();
      std::move(handler)(ec);
    });
  }

  // The context goes: nothing can be sent any more.
  void shutdown() noexcept override {
    std::vector<std::shared_ptr<waiter>> lost;  // freed after the lock
    std::unique_ptr<scope> ended;
    std::lock_guard lock(mutex);
    lost.swap(waiters);
    ended = std::move(sending);
    wake.reset();
    clock = nullptr;
    strand = any_io_executor();  // which must not outlive its context
  }

  any_io_executor strand;
  time_service* clock;  // null: the context is gone
  const std::shared_ptr<net::http_client> http;
  const otlp_options options;
  const std::string origin;
  const net::url traces, metrics;
  const std::string resource;
  const std::int64_t began;
  std::unique_ptr<scope> sending;  // on the strand

  mutable std::mutex mutex;  // all that follows
  export_queue queue;
  metric_store store;
  std::optional<request> pending;
  std::unique_ptr<alarm> wake;
  std::vector<std::shared_ptr<waiter>> waiters;  // for a flush
  time_point oldest{}, metrics_due{}, retry_at{}, flush_until{}, set_for = time_point::max();
  std::uint64_t sent = 0, dropped = 0, rejected = 0, dropped_before = 0;
  std::vector<std::pair<log_level, std::string>> notes;  // for the logger
  std::uint64_t requests = 0;
  bool busy = false, counted = false, failing = false, last_try = false;
};

result<otlp_exporter> otlp_exporter::create(any_io_executor executor, std::shared_ptr<net::http_client> http,
                                            otlp_options options) {
  auto base = net::parse_url(options.endpoint);
  if (!base) return in_place(base.error(), "OTLP endpoint");
  while (base->path.size() > 1 && base->path.ends_with('/')) base->path.pop_back();
  for (const auto& [name, value] : options.headers) {
    const std::string& text = value.reveal();
    if (!net::is_token(name) || !std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }))
      return fail(errc::invalid_argument, concat("OTLP header ", quote(name), " cannot be sent"));
  }
  if (!options.headers.empty() && !base->tls() && !base->loopback())
    options.logger.warn(source, concat("the OTLP headers travel unencrypted to ", base->origin()));
  auto p = std::make_shared<impl>(executor, std::move(http), std::move(options), std::move(*base));
  corchestra::detail::shutdown_service::of(executor).add(p);
  return otlp_exporter(std::move(p));
}

void otlp_exporter::add(const span& s) { impl_->add(span_text(s)); }
void otlp_exporter::count(const event& e, const attributes& endpoint) { impl_->count(e, endpoint); }
otlp_status otlp_exporter::status() const { return impl_->status(); }

awaitable<otlp_status> otlp_exporter::flush(duration limit) {
  const auto self = impl_;
  const any_io_executor executor = co_await asio::this_coro::executor;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
      [self, limit, executor](auto handler) { self->flush(limit, executor, std::move(handler)); }, asio::use_awaitable);
  co_return self->status();
}

}  // namespace corchestra::telemetry

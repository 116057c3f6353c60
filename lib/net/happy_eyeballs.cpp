#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <iterator>
#include <optional>
#include <vector>

#include <corchestra/async/scope.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

#include "net/happy_eyeballs.hpp"

namespace corchestra::net {

namespace {

using tcp = asio::ip::tcp;
constexpr std::size_t max_hosts = 1024;

std::string name(const tcp::endpoint& peer) { return concat(peer.address().to_string(), " port ", peer.port()); }

}  // namespace

struct happy_eyeballs::chase : std::enable_shared_from_this<chase> {
  struct try_of {
    tcp::endpoint peer;
    std::string outcome = "no answer";
  };

  chase(const any_io_executor& executor, attempt a)
      : connect(std::move(a)), time(time_service::of(executor)), timer(time.make_timer(executor)), children(executor) {}

  void start_next() {
    if (winner || started == tries.size()) return;
    const std::size_t i = started++;
    children.spawn([self = shared_from_this(), i] { return run(self, i); });
    if (started == tries.size()) return;
    timer->async_wait_until(time.now() + stagger, [weak = weak_from_this(), i](boost::system::error_code ec) {
      const auto self = weak.lock();
      if (!ec && self && self->started == i + 1) self->start_next();
    });
  }

  static awaitable<void> run(std::shared_ptr<chase> self, std::size_t i) {
    auto opened = co_await self->connect(self->tries[i].peer);
    if (!opened) {
      self->tries[i].outcome = opened.error().message;
      self->start_next();
    } else if (!self->winner) {
      self->winner.emplace(std::move(*opened));
      self->winner_is_v6 = self->tries[i].peer.address().is_v6();
      self->children.cancel();
    }
  }

  std::string describe() const {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < started; ++i) parts.push_back(concat(name(tries[i].peer), ": ", tries[i].outcome));
    return join(parts, "; ");
  }

  const attempt connect;
  time_service& time;
  const std::unique_ptr<corchestra::timer> timer;
  scope children;
  std::vector<try_of> tries;
  std::size_t started = 0;
  std::optional<tcp::socket> winner;
  bool winner_is_v6 = false;
};

awaitable<result<tcp::socket>> happy_eyeballs::connect(std::string host, addresses found, std::uint16_t port,
                                                       deadline& limits) {
  const any_io_executor executor = co_await asio::this_coro::executor;
  const auto c = std::make_shared<chase>(executor, attempt_);
  for (const auto& a : in_order(host, found)) c->tries.push_back({tcp::endpoint(a, port)});
  {
    const deadline::guard guard(limits, [&c] { c->children.cancel(); });
    c->start_next();
    co_await c->children.join();
  }
  if (limits.expired()) co_return fail(errc::timeout, concat(limits.describe(), ": ", c->describe()));
  if (!c->winner) co_return fail(errc::connect_failed, concat("cannot connect to ", c->describe()));
  if (found.size() > 1) remember(host, c->winner_is_v6);
  co_return std::move(*c->winner);
}

addresses happy_eyeballs::in_order(const std::string& host, const addresses& found) {
  bool v6_first = found.front().is_v6();
  {
    std::lock_guard lock(mutex_);
    if (const auto known = v6_won_.find(host); known != v6_won_.end()) v6_first = known->second;
  }
  addresses first, second, out;
  for (const auto& a : found) (a.is_v6() == v6_first ? first : second).push_back(a);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

void happy_eyeballs::remember(const std::string& host, bool v6) {
  std::lock_guard lock(mutex_);
  if (v6_won_.size() >= max_hosts && !v6_won_.contains(host)) v6_won_.erase(v6_won_.begin());
  v6_won_[host] = v6;
}

}  // namespace corchestra::net

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>

#include <corchestra/async/semaphore.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/base/text.hpp>

#include "net/name_resolver.hpp"

namespace corchestra::net {

namespace {

using tcp = asio::ip::tcp;
using boost::system::error_code;

name_resolver::asker system_asker(any_io_executor executor) {
  return [executor](std::string host, name_resolver::on_answer answered) {
    const auto resolver = std::make_shared<tcp::resolver>(executor);
    resolver->async_resolve(host, "0", tcp::resolver::numeric_service,
                            [resolver, answered](error_code ec, tcp::resolver::results_type results) {
                              addresses found;
                              for (const auto& r : results) found.push_back(r.endpoint().address());
                              answered(ec, std::move(found));
                            });
  };
}

}  // namespace

struct name_resolver::question {
  semaphore answered{1};  // its only permit comes free with the answer
  semaphore::permit owner = answered.try_acquire();
  error_code ec;
  addresses found;
};

name_resolver::name_resolver(any_io_executor executor) : name_resolver(executor, system_asker(executor)) {}

// With the lock.
std::shared_ptr<name_resolver::question> name_resolver::ask(const std::string& host) {
  auto& q = asked_[host];
  if (q) return q;
  q = std::make_shared<question>();
  ask_(host, [self = shared_from_this(), q = q, host](error_code ec, addresses found) {
    self->close(host, found);
    q->ec = ec;
    q->found = std::move(found);
    q->owner.release();
  });
  return q;
}

void name_resolver::close(const std::string& host, const addresses& found) {
  if (found.empty()) postpone(host);
  const time_point now = time_service::of(executor_).now();
  std::lock_guard lock(mutex_);
  asked_.erase(host);
  if (!found.empty()) answers_[host] = {found, now, now + fresh};
}

void name_resolver::postpone(const std::string& host) {
  std::lock_guard lock(mutex_);
  const auto known = answers_.find(host);
  if (known != answers_.end()) known->second.ask_again = time_service::of(executor_).now() + fresh;
}

void name_resolver::forget(const std::string& host) {
  std::lock_guard lock(mutex_);
  answers_.erase(host);
}

awaitable<result<addresses>> name_resolver::lookup(std::string host, deadline& limits) {
  error_code ec;
  const auto literal = asio::ip::make_address(host, ec);
  if (!ec) co_return addresses{literal};
  std::shared_ptr<question> q;
  addresses older;
  {
    std::lock_guard lock(mutex_);
    const time_point now = time_service::of(executor_).now();
    const auto known = answers_.find(host);
    if (known != answers_.end() && now - known->second.at < stale) {
      older = known->second.found;
      if (now < known->second.ask_again) co_return older;
    }
    q = ask(host);
  }
  const std::string what = concat("looking up the host name ", quote(host));
  if (!older.empty()) {
    std::function<awaitable<result<semaphore::permit>>()> wait = [p = q->answered]() mutable { return p.acquire(); };
    const duration limit = std::min({patience, limits.remaining(deadline::connect), limits.remaining(deadline::total)});
    const auto soon = co_await timeout(limit, what, std::move(wait));
    if (!soon) postpone(host);
    if (soon && !q->found.empty()) co_return q->found;
    co_return older;
  }
  const auto answered = co_await acquire_within(q->answered, limits, what);
  if (!answered) co_return answered.error();
  if (!q->found.empty()) co_return q->found;
  co_return fail(errc::resolve_failed, concat("host name ", quote(host), " was not found: ", q->ec.message()));
}

}  // namespace corchestra::net

#include <boost/asio/ip/tcp.hpp>

#include <corchestra/async/semaphore.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/base/text.hpp>

#include "net/name_resolver.hpp"

namespace corchestra::net {

namespace {

using tcp = asio::ip::tcp;
using boost::system::error_code;
constexpr duration answer_lifetime = std::chrono::seconds(30);

addresses addresses_of(const tcp::resolver::results_type& results) {
  addresses out;
  for (const auto& r : results) out.push_back(r.endpoint().address());
  return out;
}

}  // namespace

struct name_resolver::question {
  explicit question(const any_io_executor& executor) : resolver(executor), owner(answered.try_acquire()) {}
  tcp::resolver resolver;
  semaphore answered{1};  // its only permit comes free with the answer
  semaphore::permit owner;
  error_code ec;
  addresses found;
};

std::shared_ptr<name_resolver::question> name_resolver::ask(const std::string& host) {
  auto& q = asked_[host];
  if (q) return q;
  q = std::make_shared<question>(executor_);
  q->resolver.async_resolve(
      host, "0", tcp::resolver::numeric_service,
      [self = shared_from_this(), q = q, host](error_code ec, tcp::resolver::results_type results) {
        q->ec = ec;
        q->found = addresses_of(results);
        self->keep(host, q->found);
        q->owner.release();
      });
  return q;
}

void name_resolver::keep(const std::string& host, const addresses& found) {
  std::lock_guard lock(mutex_);
  asked_.erase(host);
  if (!found.empty()) answers_[host] = {found, time_service::of(executor_).now()};
}

void name_resolver::forget(const std::string& host) {
  std::lock_guard lock(mutex_);
  answers_.erase(host);
}

awaitable<result<addresses>> name_resolver::lookup(std::string host, const deadline& limits) {
  error_code ec;
  const auto literal = asio::ip::make_address(host, ec);
  if (!ec) co_return addresses{literal};
  std::shared_ptr<question> q;
  {
    std::lock_guard lock(mutex_);
    const auto known = answers_.find(host);
    if (known != answers_.end() && time_service::of(executor_).now() - known->second.at < answer_lifetime) {
      co_return known->second.found;
    }
    q = ask(host);
  }
  const auto answered = co_await acquire_within(q->answered, limits, concat("looking up the host name ", quote(host)));
  if (!answered) co_return answered.error();
  if (!q->found.empty()) co_return q->found;
  co_return fail(errc::resolve_failed, concat("host name ", quote(host), " was not found: ", q->ec.message()));
}

}  // namespace corchestra::net

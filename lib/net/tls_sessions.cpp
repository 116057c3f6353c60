#include <algorithm>

#include "net/tls_sessions.hpp"

namespace corchestra::net {

/// Tied to a connection and freed with it.
struct tls_sessions::owner {
  std::shared_ptr<tls_sessions> sessions;
  std::string origin;
  time_point begun;
  time_point offered_checked;
};

int tls_sessions::owner_index() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* data, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<owner*>(data); });
  return index;
}

void tls_sessions::enable(SSL_CTX* context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, take_over);
}

// A copy, because a connection that is closed without a TLS goodbye makes its own session useless.
int tls_sessions::take_over(SSL* connection, SSL_SESSION* given) {
  const auto* o = static_cast<const owner*>(SSL_get_ex_data(connection, owner_index()));
  if (!o || !SSL_SESSION_is_resumable(given)) return 0;
  session s{{SSL_SESSION_dup(given), {}}, SSL_session_reused(connection) ? o->offered_checked : o->begun};
  if (s.handle) o->sessions->keep(o->origin, std::move(s));
  return 0;
}

void tls_sessions::prepare(SSL* connection, std::string origin, time_point now) {
  const session known = take(origin, now);
  if (known.handle) SSL_set_session(connection, known.handle.get());
  auto o = std::make_unique<owner>(owner{shared_from_this(), std::move(origin), now, known.checked});
  if (SSL_set_ex_data(connection, owner_index(), o.get()) == 1) o.release();
}

std::list<tls_sessions::place>::iterator tls_sessions::find(const std::string& origin) {
  return std::find_if(places_.begin(), places_.end(), [&](const place& p) { return p.origin == origin; });
}

void tls_sessions::keep(const std::string& origin, session s) {
  std::lock_guard lock(mutex_);
  const auto known = find(origin);
  if (known == places_.end()) {
    places_.push_front({origin, {}});
  } else {
    places_.splice(places_.begin(), places_, known);
  }
  auto& kept = places_.front().sessions;
  kept.push_back(std::move(s));
  if (kept.size() > max_each) kept.pop_front();
  if (places_.size() > max_origins) places_.pop_back();
}

tls_sessions::session tls_sessions::take(const std::string& origin, time_point now) {
  std::lock_guard lock(mutex_);
  const auto known = find(origin);
  if (known == places_.end()) return {};
  auto& kept = known->sessions;
  std::erase_if(kept, [&](const session& s) { return now - s.checked >= max_age; });
  session last;
  if (!kept.empty()) {
    last = std::move(kept.back());
    kept.pop_back();
  }
  if (kept.empty()) places_.erase(known);
  return last;
}

std::size_t tls_sessions::kept(const std::string& origin) {
  std::lock_guard lock(mutex_);
  const auto known = find(origin);
  return known == places_.end() ? 0 : known->sessions.size();
}

}  // namespace corchestra::net

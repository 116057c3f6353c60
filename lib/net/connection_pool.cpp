#include <algorithm>

#include "net/connection_pool.hpp"

namespace corchestra::net {

namespace {

// A buffer that grew for one large header is not kept.
void shrink(connection& c) {
  if (c.buffer.capacity() > 4 * read_chunk) c.buffer = {};
}

}  // namespace

connection_pool::connection_pool(const http_client_options& options)
    : max_connections_(std::max<std::size_t>(options.max_connections_per_origin, 1)),
      max_idle_(options.max_idle_per_origin),
      idle_timeout_(options.idle_timeout),
      max_age_(options.max_connection_age) {}

connection_pool::place& connection_pool::at(const std::string& origin) {
  return places_.try_emplace(origin, max_connections_).first->second;
}

semaphore connection_pool::permits(const std::string& origin) {
  std::lock_guard lock(mutex_);
  return at(origin).permits;
}

std::unique_ptr<connection> connection_pool::take(const std::string& origin, time_point now) {
  std::deque<std::unique_ptr<connection>> closing;  // outlives the lock
  std::lock_guard lock(mutex_);
  auto& idle = at(origin).idle;
  while (!idle.empty()) {
    auto c = std::move(idle.back());
    idle.pop_back();
    if (now < c->expires && !c->stream.stale()) return c;
    closing.push_back(std::move(c));
  }
  return nullptr;
}

void connection_pool::give_back(const std::string& origin, std::unique_ptr<connection> c, time_point now,
                                duration keep_alive) {
  c->expires = std::min(now + std::min(idle_timeout_, keep_alive), c->created + max_age_);
  shrink(*c);
  std::deque<std::unique_ptr<connection>> closing;
  std::lock_guard lock(mutex_);
  auto& idle = at(origin).idle;
  if (c->expires <= now) {
    closing.push_back(std::move(c));
  } else {
    idle.push_back(std::move(c));
  }
  while (!idle.empty() && (idle.size() > max_idle_ || idle.front()->expires <= now)) {
    closing.push_back(std::move(idle.front()));
    idle.pop_front();
  }
}

std::size_t connection_pool::idle(const std::string& origin) {
  std::lock_guard lock(mutex_);
  return at(origin).idle.size();
}

}  // namespace corchestra::net

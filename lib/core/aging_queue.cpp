#include "core/aging_queue.hpp"

namespace corchestra::detail {

namespace {

void become_ready_at(start_standing& s, start_order order, std::int64_t second) noexcept {
  s.set_key(order, {.priority = s.priority, .second = second, .rank = s.rank(order), .depth = s.depth(order)});
}

}  // namespace

// An entry at the cap that is still among the rising ones stands too high there, never too low: so only those that come
// to the front need to be moved.
bool aging_queue::risen_is_first(start_order order, const present& now) {
  while (!rising_.empty() && rising_.best().at->ready_at < now.full) {
    queued_start q = rising_.take();
    become_ready_at(q.at, order, 0);
    risen_.push(q);
  }
  if (risen_.empty()) return false;
  if (rising_.empty()) return true;
  const auto a = risen_.best(), b = rising_.best();
  start_standing as_if_rising = *a.at;
  become_ready_at(as_if_rising, order, now.second - most_aging);
  return before(as_if_rising, a.task, *b.at, b.task);
}

}  // namespace corchestra::detail

#include "core/deficit_round_robin.hpp"

#include <algorithm>
#include <cmath>

namespace corchestra::detail {

deficit_round_robin::state& deficit_round_robin::at(key_index key) {
  if (key >= keys_.size()) keys_.resize(std::size_t{key} + 1);
  return keys_[key];
}

void deficit_round_robin::set_weight(key_index key, double weight) {
  at(key).weight = std::isfinite(weight) && weight > 0 ? std::clamp(weight, 1e-6, 1e6) : 1;
}

void deficit_round_robin::join(key_index key) {
  state& k = at(key);
  k.deficit = 0;
  if (active_++ == 0) {
    k.next = k.previous = current_ = key;
    least_ = next_least_ = std::numeric_limits<double>::infinity();
    left_in_round_ = 1;
    arrive();
    return;
  }
  state& now = keys_[current_];
  k.next = current_;
  k.previous = now.previous;
  keys_[now.previous].next = key;
  now.previous = key;
  // Its weight counts from now on: a smaller one must not wait while the others spend many times their share.
  least_ = std::min(least_, k.weight);
}

void deficit_round_robin::leave(key_index key) {
  state& k = keys_[key];
  k.deficit = 0;
  --active_;
  keys_[k.previous].next = k.next;
  keys_[k.next].previous = k.previous;
  if (key != current_ || active_ == 0) return;
  current_ = k.next;
  arrive();
}

void deficit_round_robin::advance() {
  current_ = keys_[current_].next;
  arrive();
}

void deficit_round_robin::arrive() {
  state& k = keys_[current_];
  if (--left_in_round_ == 0 || left_in_round_ > active_) {
    least_ = std::min(next_least_, k.weight);
    next_least_ = k.weight;
    left_in_round_ = active_;
  } else {
    next_least_ = std::min(next_least_, k.weight);
  }
  k.deficit += k.weight / std::min(least_, k.weight);
}

}  // namespace corchestra::detail

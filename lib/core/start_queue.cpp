#include "core/start_queue.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace corchestra::detail {

namespace {

// What an entry costs its key.
double cost(std::uint32_t weight) noexcept { return std::max(weight, 1u); }

}  // namespace

start_queue::start_queue(start_order order) : order_(order) {}

// Of the time axis. Most calls ask for the same time as the one before.
std::int64_t start_queue::second_of(time_point t) noexcept {
  if (t != asked_) {
    asked_ = t;
    asked_second_ = std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
  }
  return asked_second_;
}

void start_queue::set_weight(key_index key, double weight) { turns_.set_weight(key, weight); }

void start_queue::push(const entry& e) {
  queued_start q;
  q.at.ready_at = e.ready_at;
  q.at.priority = e.priority;
  q.at.set_slots(e.weight, e.resumes);
  const double rank = std::isnan(e.rank) ? -std::numeric_limits<double>::infinity() : e.rank;
  q.at.set_key(order_, {.priority = e.priority, .second = second_of(e.ready_at), .rank = rank, .depth = e.depth});
  q.task = e.task;
  q.ticket = e.ticket;
  if (size_++ == 0) {
    only_ = q;
    only_key_ = e.key;
    return;
  }
  if (only_key_ != none) push_to_lane(only_, std::exchange(only_key_, none));
  push_to_lane(q, e.key);
}

void start_queue::push_to_lane(const queued_start& q, key_index key) {
  if (key >= lanes_.size()) lanes_.resize(std::size_t{key} + 1);
  aging_queue& lane = lanes_[key];
  if (lane.empty()) turns_.join(key);
  lane.push(q);
}

bool start_queue::pop(entry& out, time_point now) {
  if (size_ == 0) return false;
  --size_;
  if (only_key_ != none) {
    charged_ = false;
    fill(out, only_, std::exchange(only_key_, none));
    return true;
  }
  aging_queue::present present{.full = {}, .second = second_of(now)};
  // The first moment of the second that is less than `most_aging` before the present one.
  const std::chrono::seconds full(present.second - aging_queue::most_aging + 1);
  present.full = time_point(std::max<duration>(full, time_point::min().time_since_epoch()));
  charged_ = turns_.size() > 1;
  const key_index key = charged_
                            ? turns_.choose([&](key_index k) { return cost(lanes_[k].best_weight(order_, present)); })
                            : turns_.current();
  aging_queue& lane = lanes_[key];
  const queued_start q = lane.take(order_, present);
  fill(out, q, key);
  if (lane.empty()) {
    turns_.leave(key);
    charged_ = false;
  } else if (charged_) {
    turns_.spend(key, cost(q.at.weight()));
  }
  return true;
}

void start_queue::fill(entry& out, const queued_start& q, key_index key) const noexcept {
  out.task = q.task;
  out.ticket = q.ticket;
  out.priority = q.at.priority;
  out.resumes = q.at.resumes();
  out.depth = q.at.depth(order_);
  out.weight = q.at.weight();
  out.key = key;
  out.rank = q.at.rank(order_);
  out.ready_at = q.at.ready_at;
}

void start_queue::charge(const entry& e) {
  charged_ = turns_.size() > 1 && e.key < lanes_.size() && !lanes_[e.key].empty();
  if (charged_) turns_.spend(e.key, cost(e.weight));
}

void start_queue::refund(const entry& e) {
  if (charged_) turns_.spend(e.key, -cost(e.weight));
  charged_ = false;
}

}  // namespace corchestra::detail

#include "core/start_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "base/later.hpp"

namespace corchestra::detail {

namespace {

// What an entry costs its key.
double cost(std::uint32_t weight) noexcept { return std::max(weight, 1u); }

constexpr std::uint32_t worth = 4;  // entries that a row must have left to be taken as one

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

void start_queue::push_row(const entry& first, std::uint32_t count) {
  assert(count > 0);
  if (size_ == 0 && count == 1) {
    only_ = first;
    has_only_ = true;
  } else {
    if (std::exchange(has_only_, false)) push_to_lane(only_, 1);
    push_to_lane(first, count);
  }
  size_ += count;
}

void start_queue::end_row() {
  lanes_[row_.key].skip(std::exchange(row_taken_, 0));
  row_left_ = 0;
}

// Most tasks stand as the one before them does.
const start_standing& start_queue::standing_of(const entry& e) {
  if (e.ready_at == last_.ready_at && e.priority == last_.priority && e.weight == last_.weight && e.resumes == last_.resumes &&
      e.rank == last_.rank && e.depth == last_.depth && e.weight != 0) {
    return standing_;
  }
  last_ = e;
  standing_.ready_at = e.ready_at;
  standing_.priority = e.priority;
  standing_.set_slots(e.weight, e.resumes);
  const double rank = std::isnan(e.rank) ? -std::numeric_limits<double>::infinity() : e.rank;
  standing_.set_key(order_, {.priority = e.priority, .second = second_of(e.ready_at), .rank = rank, .depth = e.depth});
  return standing_;
}

void start_queue::push_to_lane(const entry& first, std::uint32_t count) {
  if (row_left_ + row_taken_ > 0) end_row();
  const queued_start q{standing_of(first), first.task, first.ticket};
  if (first.key >= lanes_.size()) lanes_.resize(std::size_t{first.key} + 1);
  aging_queue& lane = lanes_[first.key];
  if (lane.empty()) turns_.join(first.key);
  lane.push_row(q, count);
}

const aging_queue::present& start_queue::present_at(time_point now) {
  if (now < second_begin_ || now >= second_end_) {
    present_.second = second_of(now);
    second_begin_ = time_point(std::max<duration>(std::chrono::seconds(present_.second), time_point::min().time_since_epoch()));
    second_end_ = later(second_begin_, std::chrono::seconds(1));
    // The first moment of the second that is less than `most_aging` before the present one.
    const std::chrono::seconds full(present_.second - aging_queue::most_aging + 1);
    present_.full = time_point(std::max<duration>(full, time_point::min().time_since_epoch()));
  }
  return present_;
}

bool start_queue::pop_best(entry& out, time_point now) {
  if (size_ == 0) return false;
  if (row_left_ + row_taken_ > 0) end_row();
  --size_;
  if (std::exchange(has_only_, false)) {
    charged_ = false;
    out = only_;
    return true;
  }
  const aging_queue::present& present = present_at(now);
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
  } else if (const std::uint32_t row = lane.row(order_, present); row >= worth) {
    fill(row_, lane.front(), key);
    row_left_ = row - 1;
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

#include "core/resource_table.hpp"

#include "core/resource_path.hpp"
#include "core/resource_table_impl.hpp"

namespace corchestra::detail {

resource_table::resource_table(duration starvation_after) : starvation_after_(starvation_after) {}

resource_table::~resource_table() = default;

bool resource_table::nobody_waits() const noexcept { return waiting_.empty(); }
resource_kind resource_table::kind(resource_index r) const noexcept { return entries_[r].kind; }
const std::string& resource_table::name(resource_index r) const noexcept { return names_.text(entries_[r].name); }

crowd& resource_table::crowd_of(entry& e) {
  if (e.more != nullptr) return *e.more;
  if (spare_.empty()) {
    e.more = std::make_unique<crowd>();
  } else {
    e.more = std::move(spare_.back());
    spare_.pop_back();
  }
  return *e.more;
}

void resource_table::drop_crowd(entry& e) {
  if (e.more != nullptr && !e.more->needed()) spare_.push_back(std::move(e.more));
}

bool resource_table::lock_in_the_way(const entry& e, const claim& c, const standing& s) const {
  const unsigned others = conflicts(c.mode);
  if (e.holder != no_task && (others & bit(e.mode)) != 0) return true;
  if (e.more == nullptr) return false;
  for (std::size_t m = 0; m < lock_mode_count; ++m) {
    if ((others >> m & 1) == 0) continue;
    if (e.more->held[m] != 0) return true;
    const auto& reserved = e.more->reserved[m];
    if (!reserved.empty() && (s.reserving == nullptr || reserved.begin()->first < s.reserving->aged())) return true;
    const auto& parked = e.more->lines[m].ranked;
    if (s.reserving == nullptr && !parked.empty() && *parked.begin() < s.ranked) return true;
  }
  return false;
}

// Counted up to `enough`.
std::uint64_t resource_table::reserved_before(const crowd& c, const standing& s, std::uint64_t enough) const {
  if (s.reserving == nullptr) return c.reserved_amount;
  std::uint64_t sum = 0;
  for (const auto& [age, amount] : c.reserved[0]) {
    if (!(age < s.reserving->aged()) || sum >= enough) break;
    sum += amount;
  }
  return sum;
}

bool resource_table::quantity_in_the_way(const entry& e, const claim& c, const standing& s, std::uint64_t more) const {
  const quantity& q = quantity_of(e);
  const auto wanted = q.used() + more + c.amount;
  if (e.more == nullptr) return wanted > q.capacity;
  const auto& parked = e.more->lines[0].ranked;
  if (s.reserving == nullptr && !parked.empty() && *parked.begin() < s.ranked) return true;
  return wanted > q.capacity || wanted + reserved_before(*e.more, s, q.capacity - wanted + 1) > q.capacity;
}

bool resource_table::in_the_way(const entry& e, const claim& c, const standing& s) const {
  return e.kind == resource_kind::lock ? lock_in_the_way(e, c, s) : quantity_in_the_way(e, c, s, 0);
}

resource_index resource_table::try_acquire(task_index task, std::int64_t rank, std::span<const claim> set,
                                           time_point now) {
  settle_waits(now);
  standing me{{rank, by_rank::never, task}};
  bool known = waiting_.empty();
  for (const claim& c : set) {
    const entry& e = entries_[c.resource];
    if (e.kind == resource_kind::lock && e.more == nullptr) {
      if (e.holder != no_task && !compatible(e.mode, c.mode)) return c.resource;
      continue;
    }
    if (!known) {
      known = true;
      if (waiter* w = waiting_.find(task); w != nullptr) {
        assert(!w->parked);
        if (!w->reserving && later(w->first, starvation_after_) <= now) reserve(*w);
        me = standing{{rank, w->order, task}, w->reserving ? w : nullptr};
      }
    }
    if (e.kind == resource_kind::rate && quantity_of(e).window.expire(now_)) note_change(c.resource);
    if (in_the_way(e, c, me)) return c.resource;
  }
  for (const claim& c : set) take(task, c, now_);
  if (reserving_ > 0) {
    if (waiter* w = waiting_.find(task); w != nullptr) end_reservation(*w, set);
  }
  return none;
}

void resource_table::take(task_index task, const claim& c, time_point now) {
  entry& e = entries_[c.resource];
  ++e.grants;
  if (e.kind == resource_kind::rate) return quantity_of(e).window.add(c.amount, now);
  if (e.kind != resource_kind::lock) quantity_of(e).in_use += c.amount;
  if (e.kind == resource_kind::pool) return;
  if (c.mode == lock_mode::exclusive || e.fence == 0) ++e.fence;
  if (e.holder == no_task) {
    e.holder = task;
    e.mode = c.mode;
    return;
  }
  crowd& others = crowd_of(e);
  others.holders.insert(task);
  ++others.held[static_cast<std::size_t>(c.mode)];
}

bool resource_table::give_back(task_index task, const claim& c) {
  entry& e = entries_[c.resource];
  if (e.kind == resource_kind::rate) return false;
  if (e.kind != resource_kind::pool) {
    if (e.holder == task) {
      e.holder = no_task;
    } else if (e.more != nullptr && e.more->holders.erase(task) != 0) {
      --e.more->held[static_cast<std::size_t>(c.mode)];
    } else {
      assert(false && "released without being held");
      return false;
    }
    if (e.quarantined) end_quarantine(task, c);
  }
  if (e.kind != resource_kind::lock) {
    assert(quantity_of(e).in_use >= c.amount);
    quantity_of(e).in_use -= c.amount;
  }
  return true;
}

void resource_table::release(task_index task, std::span<const claim> set, std::vector<task_index>& woken) {
  for (const claim& c : set) {
    if (give_back(task, c) && entries_[c.resource].more != nullptr) note_change(c.resource);
  }
  if (!changed_.empty()) wake_changed(woken);
}

}  // namespace corchestra::detail

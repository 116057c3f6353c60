// Waiting for resources: who is parked where, who is woken, and who reserves because it has waited for too long.
//
// Nobody is forgotten, because of this: whoever is parked on a resource and could have it is either noted in `changed_`
// (then `next_due` asks for `advance`), or somebody woken before it has still to try, and calls `wake` if it fails.
#include <corchestra/base/saturating_add.hpp>

#include "core/resource_table_impl.hpp"

namespace corchestra::detail {

void resource_table::settle_waits(time_point now) {
  now_ = std::max(now_, now);
  if (ended_.empty()) return;
  for (const auto& w : ended_) {
    auto& sum = entries_[w.resource].waited;
    sum = duration(saturating_add(sum.count(), (now_ - w.since).count()));
  }
  ended_.clear();
}

void resource_table::note_change(resource_index r) {
  entry& e = entries_[r];
  if (e.more == nullptr || e.changed) return;
  if (!e.more->anybody_waits()) return drop_crowd(e);
  e.changed = true;
  changed_.push_back(r);
}

void resource_table::park(task_index task, std::int64_t rank, std::span<const claim> set, resource_index on,
                          time_point now) {
  settle_waits(now);
  entry& e = entries_[on];
  const auto at = std::find_if(set.begin(), set.end(), [&](const claim& c) { return c.resource == on; });
  assert(at != set.end());
  waiter* known = waiting_.find(task);
  waiter& w = known != nullptr ? *known : waiting_.enter(task);
  if (known == nullptr) {
    w.first = now_;
  } else {
    if (w.parked) unpark(task, w.at.resource);
    // Nobody knows for how long a given-up body keeps it: others go on meanwhile.
    if (e.quarantined || !std::equal(w.set.begin(), w.set.end(), set.begin(), set.end())) end_reservation(w, {});
  }
  if (known == nullptr || w.at.resource != on) ++e.blocked;
  w.set.assign(set.begin(), set.end());
  w.at = *at;
  w.rank = rank;
  w.since = now_;
  w.parked = true;
  auto& line = crowd_of(e).lines[line_of(e, w.at)];
  line.ranked.insert(w.ranked());
  if (w.reserving) {
    line.reserving.insert(w.aged());
    return;
  }
  waiting_.aging.insert(w.aged());
  if (later(w.first, starvation_after_) > now_ || e.quarantined) return;
  reserve(w);
  if (!in_the_way(e, w.at, standing::of(w))) note_change(on);
}

void resource_table::leave_line(waiter& w) {
  entry& e = entries_[w.at.resource];
  auto& line = e.more->lines[line_of(e, w.at)];
  line.ranked.erase(w.ranked());
  (w.reserving ? line.reserving : waiting_.aging).erase(w.aged());
  ended_.push_back({w.at.resource, w.since});
  w.parked = false;
}

void resource_table::unpark(task_index task, resource_index on) {
  waiter* w = waiting_.find(task);
  if (w == nullptr || !w->parked) return;
  assert(w->at.resource == on);
  static_cast<void>(on);
  leave_line(*w);
  note_change(w->at.resource);
  end_reservation(*w, {});
}

void resource_table::forget(task_index task) {
  if (waiting_.empty()) return;
  waiter* w = waiting_.find(task);
  if (w == nullptr) return;
  if (w->parked) {
    leave_line(*w);
    note_change(w->at.resource);
  }
  end_reservation(*w, {});
  waiting_.leave(*w);
}

void resource_table::raise(task_index task, resource_index on, std::int64_t rank) {
  waiter* w = waiting_.find(task);
  if (w == nullptr || w->rank == rank) return;
  if (!w->parked) {
    w->rank = rank;
    return;
  }
  assert(w->at.resource == on);
  static_cast<void>(on);
  entry& e = entries_[w->at.resource];
  auto& line = e.more->lines[line_of(e, w->at)].ranked;
  const bool falls = rank < w->rank;
  line.erase(w->ranked());
  w->rank = rank;
  line.insert(w->ranked());
  if (falls || !in_the_way(e, w->at, standing::of(*w))) note_change(w->at.resource);
}

void resource_table::reserve(waiter& w) {
  w.reserving = true;
  ++reserving_;
  new_reserving_.push_back(w.task);
  for (const claim& c : w.set) {
    entry& e = entries_[c.resource];
    crowd& all = crowd_of(e);
    all.reserved[line_of(e, c)].emplace(w.aged(), c.amount);
    all.reserved_amount += c.amount;
  }
  if (!w.parked) return;
  waiting_.aging.erase(w.aged());
  entry& e = entries_[w.at.resource];
  e.more->lines[line_of(e, w.at)].reserving.insert(w.aged());
}

void resource_table::end_reservation(waiter& w, std::span<const claim> taken) {
  if (!w.reserving) return;
  w.reserving = false;
  --reserving_;
  for (const claim& c : w.set) {
    entry& e = entries_[c.resource];
    e.more->reserved[line_of(e, c)].erase(w.aged());
    e.more->reserved_amount -= c.amount;
    if (std::find(taken.begin(), taken.end(), c) == taken.end()) {
      note_change(c.resource);
    } else {
      drop_crowd(e);
    }
  }
}

void resource_table::wake_line(resource_index r, std::vector<task_index>& woken) {
  entry& e = entries_[r];
  if (e.more == nullptr) return;
  const bool lock = e.kind == resource_kind::lock;
  if (e.kind == resource_kind::rate) quantity_of(e).window.expire(now_);
  // What those just woken will have. A reservation counts by itself.
  unsigned modes = 0;
  std::uint64_t amount = 0;
  std::array<bool, lock_mode_count> shut{};  // where the first cannot have it, nor can those behind
  for (;;) {
    waiter* next = nullptr;
    for (std::size_t m = 0; m < lock_mode_count; ++m) {
      const auto& line = e.more->lines[m];
      if (shut[m] || line.ranked.empty()) continue;
      waiter* w = waiting_.find(line.reserving.empty() ? line.ranked.begin()->task : line.reserving.begin()->task);
      if (next == nullptr || standing::of(*w).before(standing::of(*next))) next = w;
    }
    if (next == nullptr) break;
    const auto s = standing::of(*next);
    if (lock ? (conflicts(next->at.mode) & modes) != 0 || lock_in_the_way(e, next->at, s)
             : quantity_in_the_way(e, next->at, s, amount)) {
      shut[line_of(e, next->at)] = true;
      continue;
    }
    leave_line(*next);
    woken.push_back(next->task);
    modes |= bit(next->at.mode);
    if (!next->reserving) amount += next->at.amount;
  }
  drop_crowd(e);
}

void resource_table::wake_changed(std::vector<task_index>& woken) {
  for (const auto r : changed_) {
    entries_[r].changed = false;
    wake_line(r, woken);
  }
  changed_.clear();
}

void resource_table::wake(resource_index resource, std::vector<task_index>& woken) {
  note_change(resource);
  wake_changed(woken);
}

void resource_table::advance(time_point now, std::vector<task_index>& woken) {
  settle_waits(now);
  auto& aging = waiting_.aging;
  while (!aging.empty() && later(aging.begin()->since, starvation_after_) <= now_) {
    waiter& w = *waiting_.find(aging.begin()->task);
    if (entries_[w.at.resource].quarantined) {
      aging.erase(aging.begin());
      continue;
    }
    reserve(w);
    if (!in_the_way(entries_[w.at.resource], w.at, standing::of(w))) note_change(w.at.resource);
  }
  for (const auto r : rates_) {
    if (entries_[r].more != nullptr && quantity_of(entries_[r]).window.expire(now_)) note_change(r);
  }
  wake_changed(woken);
}

// When those first in line may have it by the passing of time alone.
time_point resource_table::due(const entry& rate) const noexcept {
  constexpr auto never = time_point::max();
  if (rate.more == nullptr || rate.more->lines[0].ranked.empty()) return never;
  const auto& line = rate.more->lines[0];
  const waiter& first =
      *waiting_.find(line.reserving.empty() ? line.ranked.begin()->task : line.reserving.begin()->task);
  const auto& q = quantity_of(rate);
  const auto wanted = first.at.amount + reserved_before(*rate.more, standing::of(first), std::uint64_t{q.capacity} + 1);
  if (wanted > q.capacity) return never;
  const auto at = q.window.falls_to(q.capacity - wanted);
  return at == time_point::min() ? never : at;
}

time_point resource_table::next_due() const noexcept {
  if (!changed_.empty()) return time_point::min();
  auto next = time_point::max();
  if (waiting_.empty()) return next;
  if (const auto& aging = waiting_.aging; !aging.empty()) next = later(aging.begin()->since, starvation_after_);
  for (const auto r : rates_) next = std::min(next, due(entries_[r]));
  return next;
}

bool resource_table::is_only_reserved(resource_index r) const noexcept {
  const entry& e = entries_[r];
  return e.holder == no_task && e.more != nullptr && e.more->holders.empty() && e.more->reserved_amount > 0;
}

bool resource_table::is_in_use(const entry& e, const claim& c) const noexcept {
  if (e.kind != resource_kind::lock) {
    const quantity& q = quantity_of(e);
    return q.in_use + q.window.used_at(now_) + c.amount > q.capacity;
  }
  const unsigned others = conflicts(c.mode);
  if (e.holder != no_task && (others & bit(e.mode)) != 0) return true;
  for (std::size_t m = 0; e.more != nullptr && m < lock_mode_count; ++m) {
    if ((others >> m & 1) != 0 && e.more->held[m] != 0) return true;
  }
  return false;
}

resource_table::obstacle resource_table::obstacle_of(task_index parked, std::size_t most) const {
  using kind = obstacle::kind;
  const waiter* w = waiting_.find(parked);
  if (w == nullptr || !w->parked) return {};
  const entry& e = entries_[w->at.resource];
  const crowd& all = *e.more;
  const auto me = standing::of(*w);
  const bool lock = e.kind == resource_kind::lock;
  const unsigned others = lock ? conflicts(w->at.mode) : 1U;
  if (is_in_use(e, w->at)) return {kind::in_use, {}};
  obstacle reserved{kind::reserved, {}}, line{kind::line, {}};
  for (std::size_t m = 0; m < lock_mode_count; ++m) {
    if ((others >> m & 1) == 0) continue;
    for (const auto& [age, amount] : all.reserved[m]) {
      if (reserved.tasks.size() >= most || (w->reserving && !(age < w->aged()))) break;
      if (age.task != parked) reserved.tasks.push_back(age.task);
    }
    const auto& ranked = all.lines[m].ranked;
    if (!w->reserving && !ranked.empty() && *ranked.begin() < me.ranked) line.tasks.push_back(ranked.begin()->task);
  }
  if (!lock) {
    const quantity& q = quantity_of(e);
    const auto wanted = q.in_use + q.window.used_at(now_) + w->at.amount;
    if (wanted + reserved_before(all, me, q.capacity) <= q.capacity) reserved.tasks.clear();
  }
  if (!reserved.tasks.empty()) return reserved;
  return line.tasks.empty() ? obstacle{} : line;
}

std::int64_t resource_table::inherited_rank(std::span<const claim> set) const {
  auto highest = std::numeric_limits<std::int64_t>::min();
  for (const claim& c : set) {
    const entry& e = entries_[c.resource];
    if (e.more == nullptr || e.kind == resource_kind::rate) continue;
    const unsigned kept_out = e.kind == resource_kind::lock ? conflicts(c.mode) : 1U;
    for (std::size_t m = 0; m < lock_mode_count; ++m) {
      const auto& line = e.more->lines[m].ranked;
      if ((kept_out >> m & 1) != 0 && !line.empty()) highest = std::max(highest, line.begin()->rank);
    }
  }
  return highest;
}

// In the order in which they will be served.
std::vector<task_index> resource_table::waiters(const entry& e) const {
  std::vector<task_index> all;
  if (e.more == nullptr) return all;
  for (const auto& line : e.more->lines) {
    for (const auto& w : line.ranked) all.push_back(w.task);
  }
  std::sort(all.begin(), all.end(), [&](task_index a, task_index b) {
    return standing::of(*waiting_.find(a)).before(standing::of(*waiting_.find(b)));
  });
  return all;
}

}  // namespace corchestra::detail

// Resources by name: declaring, checking and interning them, and what is told about them.
#include "core/resource_path.hpp"
#include "core/resource_table_impl.hpp"

namespace corchestra::detail {

namespace {
constexpr std::size_t longest_path = 4096;
}

resource_index resource_table::add(std::string text, bool hidden) {
  auto r = static_cast<resource_index>(entries_.size());
  if (free_.empty()) {
    entries_.emplace_back();
  } else {
    r = free_.back();
    free_.pop_back();
  }
  entry& e = entries_[r];
  e.fence = last_fence_;
  e.name = hidden ? names_.add_hidden(std::move(text)) : names_.add(std::move(text), r);
  return r;
}

void resource_table::drop(std::span<const claim> set) {
  for (const claim& c : set) drop(c.resource);
}

void resource_table::drop(resource_index r) {
  while (r != none && --entries_[r].users == 0 && entries_[r].kind == resource_kind::lock) {
    entry& e = entries_[r];
    if (e.blocked > 0 || e.holder != no_task || (e.more != nullptr && e.more->needed())) return;
    drop_crowd(e);
    names_.remove(e.name, r);
    last_fence_ = std::max(last_fence_, e.fence);
    free_.push_back(r);
    r = std::exchange(e, entry{}).link;
  }
}

result<resource_index> resource_table::declare(std::string id, resource_kind kind, std::uint32_t capacity,
                                               duration period) {
  const auto wrong = [&](std::string_view what) {
    return fail(errc::invalid_argument, concat("resource ", quote(id), ": ", what));
  };
  const bool pool = kind == resource_kind::pool;
  if (kind == resource_kind::lock) return wrong("a lock is not declared");
  if (capacity == 0) return wrong("the capacity must be at least 1");
  if (kind == resource_kind::rate && period <= duration::zero()) return wrong("the period of a rate must be above 0");
  if (!pool && is_path(id)) return wrong("`file:` and `directory:` name paths, which are always locks");
  const bool known =
      pool ? std::any_of(entries_.begin(), entries_.end(),
                         [&](const entry& e) { return e.kind == resource_kind::pool && names_.text(e.name) == id; })
           : names_.find(id) != none;
  if (known) return wrong("declared twice");
  const auto r = add(std::move(id), pool);
  entries_[r].kind = kind;
  entries_[r].link = static_cast<std::uint32_t>(quantities_.size());
  quantities_.push_back({capacity, 0, rate_window(kind == resource_kind::rate ? period : duration::zero())});
  if (kind == resource_kind::rate) rates_.push_back(r);
  return r;
}

result<void> resource_table::check(std::span<const resource_request> requests) const {
  std::vector<std::pair<resource_index, std::uint64_t>> sums;
  for (const auto& q : requests) {
    const auto wrong = [&](errc code, std::string what) {
      return fail(code, concat("resource ", quote(q.id), ": ", what), retry_class::terminal);
    };
    if (q.amount == 0) return wrong(errc::invalid_argument, "the amount must be at least 1");
    const auto r = is_path(q.id) ? none : names_.find(q.id);
    if (r == none || entries_[r].kind == resource_kind::lock) {
      if (q.amount > 1) {
        return wrong(errc::invalid_argument,
                     concat("an amount of ", q.amount, " of a lock; declare a counter to ask for more than 1"));
      }
      if (is_path(q.id) && q.id.size() > longest_path) {
        return wrong(errc::invalid_argument, concat("a path of more than ", longest_path, " bytes"));
      }
      continue;
    }
    if (q.mode == lock_mode::intent_exclusive || q.mode == lock_mode::intent_shared) {
      return wrong(errc::invalid_argument, "intent modes are for locks, and this is a counter or rate");
    }
    auto sum = std::find_if(sums.begin(), sums.end(), [&](const auto& s) { return s.first == r; });
    if (sum == sums.end()) sum = sums.insert(sum, {r, 0});
    sum->second += q.amount;
    const auto& all = quantity_of(entries_[r]);
    if (sum->second > all.capacity) {
      const auto what =
          entries_[r].kind == resource_kind::rate ? concat(" in ", to_text(all.window.period())) : std::string();
      return wrong(errc::unreachable_resource,
                   concat("asks for ", sum->second, ", and there are only ", all.capacity, what));
    }
  }
  return {};
}

// The lock of a path, in whatever way it is written.
resource_index resource_table::path(const std::string& id) {
  std::string normal = normal_path(id);
  const auto known = [&](std::string_view place) {
    const auto r = names_.find(concat("file:", place));
    return r != none ? r : names_.find(concat("directory:", place));
  };
  std::vector<std::string_view> missing;  // from the path upwards
  std::string_view place = normal;
  resource_index r = known(place);
  while (r == none && !place.empty()) {
    missing.push_back(place);
    place = parent_path(place);
    if (!place.empty()) r = known(place);
  }
  for (; !missing.empty(); missing.pop_back()) {
    const auto parent = r;
    const bool leaf = missing.size() == 1;
    r = add(concat(leaf ? std::string_view(id).substr(0, id.find(':') + 1) : "directory:", missing.back()), false);
    entries_[r].link = parent;
    if (parent != none) ++entries_[parent].users;
  }
  if (names_.find(id) == none) names_.add_alias(id, r);
  return r;
}

std::vector<claim> resource_table::intern(std::span<const resource_request> requests) {
  std::vector<claim> set;
  set.reserve(requests.size());
  for (const auto& q : requests) {
    auto r = names_.find(q.id);
    if (r == none) r = is_path(q.id) ? path(q.id) : add(q.id, false);
    entries_[r].asked_for = true;
    const bool lock = entries_[r].kind == resource_kind::lock;
    set.push_back({r, lock ? q.mode : lock_mode::exclusive, lock ? 1 : q.amount});
    if (!lock) continue;
    for (r = entries_[r].link; r != none; r = entries_[r].link) set.push_back({r, intent(q.mode), 1});
  }
  const auto count = [&] {
    for (const claim& c : set) ++entries_[c.resource].users;
  };
  if (set.size() < 2) return count(), set;
  std::sort(set.begin(), set.end(), [](const claim& a, const claim& b) { return a.resource < b.resource; });
  auto last = set.begin();
  for (auto c = last + 1; c != set.end(); ++c) {
    if (c->resource != last->resource) {
      *++last = *c;
    } else if (entries_[c->resource].kind == resource_kind::lock) {
      last->mode = joined(last->mode, c->mode);
    } else {
      last->amount += c->amount;
    }
  }
  set.erase(last + 1, set.end());
  count();
  return set;
}

std::uint64_t resource_table::fence(task_index task, std::string_view resource) const {
  auto r = names_.find(resource);
  if (r == none && is_path(resource)) {
    const std::string normal = normal_path(resource);
    r = names_.find(concat("file:", normal));
    if (r == none) r = names_.find(concat("directory:", normal));
  }
  if (r == none || entries_[r].kind != resource_kind::lock) return 0;
  return held_by(entries_[r], task) ? entries_[r].fence : 0;
}

void resource_table::quarantine(task_index task, std::span<const claim> set) {
  for (const claim& c : set) {
    entry& e = entries_[c.resource];
    if (!held_by(e, task)) continue;
    e.quarantined = true;
    quarantined_.emplace(c.resource, task);
    for (std::size_t m = 0; e.more != nullptr && m < lock_mode_count; ++m) {
      for (const by_age& w : std::exchange(e.more->lines[m].reserving, {})) end_reservation(*waiting_.find(w.task), {});
    }
  }
}

void resource_table::quarantine(std::span<const claim> set) {
  for (const claim& c : set) {
    const entry& e = entries_[c.resource];
    if (e.holder != no_task) quarantine(e.holder, {&c, 1});
    if (e.more == nullptr) continue;
    for (const auto t : e.more->holders) quarantine(t, {&c, 1});
  }
}

void resource_table::end_quarantine(task_index task, const claim& c) {
  quarantined_.erase({c.resource, task});
  const auto next = quarantined_.lower_bound({c.resource, 0});
  entry& e = entries_[c.resource];
  e.quarantined = next != quarantined_.end() && next->first == c.resource;
  if (e.quarantined || e.more == nullptr) return;
  for (const auto& line : e.more->lines) {  // their time counts again
    for (const by_rank& w : line.ranked) waiting_.aging.insert(waiting_.find(w.task)->aged());
  }
}

std::vector<task_index> resource_table::holders(resource_index r) const {
  const entry& e = entries_[r];
  std::vector<task_index> all;
  if (e.holder != no_task) all.push_back(e.holder);
  if (e.more != nullptr) {
    all.insert(all.end(), e.more->holders.begin(), e.more->holders.end());
    if (all.empty()) {
      for (const auto& of_mode : e.more->reserved) {
        for (const auto& [age, amount] : of_mode) all.push_back(age.task);
      }
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

resource_index resource_table::conflict(std::span<const claim> held, std::span<const claim> wanted) const noexcept {
  for (const claim& w : wanted) {
    for (const claim& h : held) {
      if (w.resource != h.resource) continue;
      const entry& e = entries_[w.resource];
      if (e.kind == resource_kind::rate) continue;
      if (e.kind == resource_kind::lock) {
        if (!compatible(w.mode, h.mode)) return w.resource;
      } else if (std::uint64_t{w.amount} + h.amount > quantity_of(e).capacity) {
        return w.resource;
      }
    }
  }
  return none;
}

std::vector<lock_status> resource_table::status(const std::function<std::string(task_index)>& name) const {
  std::vector<lock_status> all;
  for (const entry& e : entries_) {
    if (e.kind == resource_kind::pool) continue;
    const bool lock = e.kind == resource_kind::lock;
    const auto first = e.holder == no_task ? 0U : bit(e.mode);
    unsigned modes = first;
    for (std::size_t m = 0; e.more != nullptr && m < lock_mode_count; ++m)
      modes |= (e.more->held[m] != 0 ? 1U : 0U) << m;
    const bool waited_for = e.blocked > 0 || (e.more != nullptr && e.more->anybody_waits());
    if (lock && !waited_for && (modes == 0 || !e.asked_for)) continue;
    lock_status s;
    s.resource = names_.text(e.name);
    using enum lock_mode;
    for (const auto m : {intent_shared, intent_exclusive, shared, exclusive}) {
      if (lock && (modes & bit(m)) != 0) s.mode = m;
    }
    if (e.holder != no_task || (e.more != nullptr && !e.more->holders.empty())) {
      const auto index = static_cast<resource_index>(&e - entries_.data());
      for (const auto t : holders(index)) s.holders.push_back(name(t));
    }
    for (const auto t : waiters(e)) s.waiters.push_back(name(t));
    s.quarantined = e.quarantined;
    if (!lock) {
      const auto& q = quantity_of(e);
      s.capacity = q.capacity;
      s.in_use = static_cast<std::uint32_t>(q.in_use + q.window.used_at(now_));
      if (e.kind == resource_kind::rate) s.period = q.window.period();
    }
    s.grants = e.grants;
    s.blocked = e.blocked;
    s.waited = e.waited;
    all.push_back(std::move(s));
  }
  return all;
}

}  // namespace corchestra::detail

// Random schedules against a model. CORCHESTRA_LOCK_SCHEDULES is how many schedules of a hundred steps are played
// (default 10,000: a million steps), CORCHESTRA_SHORT_LOCK_SCHEDULES how many of a dozen, CORCHESTRA_LOCK_SEED the seed
// of the first; each next one has the next number.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <stdexcept>

#include "core/lock_model.hpp"
#include "core/resource_table.hpp"

using namespace corchestra;
using namespace corchestra::tests;
using detail::claim;
using detail::resource_index;
using detail::resource_kind;
using detail::resource_table;

namespace {

constexpr std::int64_t starvation = 15;
constexpr resource_index nowhere = resource_table::none;
constexpr std::uint32_t table_slots = 3;
constexpr std::array<std::size_t, 3> counted{8, 9, 10};  // of the model's resources

time_point time_of(std::int64_t t) { return time_point(duration(t)); }

struct broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};
void must(bool ok, const char* what) {
  if (!ok) throw broken(what);
}

/// A scheduler that does everything it may do, at any time and in any order, and checks what the table answers.
class schedule {
 public:
  explicit schedule(std::uint64_t seed) : random_(seed * 0x9E3779B97F4A7C15ULL + 1), table_(duration(starvation)) {
    for (const auto& r : model_resources()) {
      if (r.capacity == 0) continue;
      const auto kind = r.period > 0 ? resource_kind::rate : resource_kind::counter;
      must(table_.declare(r.id, kind, r.capacity, duration(r.period)).has_value(), "declare");
    }
    pool_ = table_.declare("slots", resource_kind::pool, table_slots).value();
  }

  void play(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      check_nobody_is_forgotten();
    }
    drain();
    check_all_is_free();
  }

 private:
  enum class state { idle, woken, parked, holding };
  struct actor {
    state is = state::idle;
    model_set wants;
    std::vector<claim> set;
    std::vector<std::vector<claim>> before;  // sets that it has no more use for, once it does not wait
    std::uint32_t pool = 0;
    std::int64_t rank = 0, first = -1;  // first parked; -1 when it is not known to wait
    std::uint64_t place = 0;            // among those that were parked for the first time
    bool reserving = false;
    resource_index on = nowhere;  // where it is parked, or what it was woken by
  };
  struct use {
    std::int64_t at;
    std::uint32_t amount;
  };

  std::uint64_t random(std::uint64_t below) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return (random_ >> 16) % below;
  }

  void step() {
    const auto what = random(16);
    const auto t = static_cast<task_index>(random(actors_.size()));
    actor& a = actors_[t];
    if (what == 0) {
      now_ += static_cast<std::int64_t>(random(8));
      if (random(4) != 0 || table_.next_due() <= time_of(now_)) advance();
      return;
    }
    if (what == 1) return raise(t);
    switch (a.is) {
      case state::idle:
        return ask(t);
      case state::woken:
        return what < 4 ? give_up(t) : attempt(t);
      case state::parked:
        return what < 5 ? give_up(t) : what < 7 ? leave_for_a_while(t) : advance_if_due();
      case state::holding:
        return what < 4 ? fail_and_retry(t) : what < 10 ? release(t) : static_cast<void>(0);
    }
  }

  void ask(task_index t) {
    if (actors_[t].first < 0 || random(8) == 0) choose_set(actors_[t]);
    attempt(t);
  }

  void choose_set(actor& a) {
    if (!a.set.empty()) a.before.push_back(std::move(a.set));
    for (const auto& set : a.first < 0 ? std::exchange(a.before, {}) : decltype(a.before){}) table_.drop(set);
    a.wants.clear();
    std::vector<resource_request> requests;
    for (auto n = 1 + random(3); n > 0; --n) {
      model_request q{random(model_resources().size()), lock_mode::exclusive, 1};
      const auto& r = model_resources()[q.resource];
      if (r.capacity == 0) {
        q.mode = static_cast<lock_mode>(random(4));
      } else {
        q.amount = 1 + static_cast<std::uint32_t>(random(r.capacity));
        if (amount_of(a.wants, q.resource) + q.amount > r.capacity) continue;
      }
      a.wants.push_back(q);
      requests.push_back({r.id, q.mode, q.amount});
    }
    must(table_.check(requests).has_value(), "a set within the capacity is refused");
    a.set = table_.intern(requests);
    a.pool = static_cast<std::uint32_t>(random(3));
    if (a.pool > 0) a.set.push_back({pool_, lock_mode::exclusive, a.pool});
    a.rank = static_cast<std::int64_t>(random(4));
  }

  void attempt(task_index t) {
    actor& a = actors_[t];
    const auto baton = std::exchange(a.on, nowhere);
    if (aged(a)) a.reserving = true;
    a.on = table_.try_acquire(t, a.rank, a.set, time_of(now_));
    if (a.on == nowhere) {
      a.is = state::holding;
      check_grant(a);
      a.reserving = false;
      if (random(8) == 0) {  // the scheduler finds something else missing, and keeps the place among those that wait
        give_back(t);
        a.is = state::idle;
      } else {
        table_.forget(t);
        a.first = -1;
      }
      if (random(2) == 0 && baton != nowhere) pass(baton);
      return;
    }
    must(refusal_is_just(a), "refused, and there is no reason");
    table_.park(t, a.rank, a.set, a.on, time_of(now_));
    a.is = state::parked;
    if (a.first < 0) a.first = now_, a.place = ++places_;
    a.reserving = aged(a);
    if (baton != nowhere) pass(baton);
  }

  bool aged(const actor& a) const { return a.first >= 0 && a.first + starvation <= now_; }

  void note(const std::vector<task_index>& woken) {
    for (const auto t : woken) {
      must(actors_[t].is == state::parked, "woken, and it was not parked");
      actors_[t].is = state::woken;
    }
  }
  void pass(resource_index on) {
    std::vector<task_index> woken;
    table_.wake(on, woken);
    note(woken);
  }
  void give_back(task_index t) {
    std::vector<task_index> woken;
    table_.release(t, actors_[t].set, woken);
    note(woken);
  }
  void release(task_index t) {
    actors_[t].is = state::idle;
    give_back(t);
  }
  void fail_and_retry(task_index t) {
    release(t);
    attempt(t);
  }
  void advance() {
    std::vector<task_index> woken;
    table_.advance(time_of(now_), woken);
    for (auto& a : actors_) {
      if (a.is == state::parked && aged(a)) a.reserving = true;
    }
    note(woken);
    must(table_.next_due() > time_of(now_), "something is due again in the same moment");
  }
  void advance_if_due() {
    if (table_.next_due() <= time_of(now_)) advance();
  }
  void raise(task_index t) {
    actor& a = actors_[t];
    if (a.is != state::parked) return;
    a.rank += static_cast<std::int64_t>(random(4));
    table_.raise(t, a.on, a.rank);
  }
  // Cancelled while it waits or is about to try again. What must be called may come in any order.
  void give_up(task_index t) {
    actor& a = actors_[t];
    const auto on = std::exchange(a.on, nowhere);
    const bool forget_first = random(2) == 0;
    if (forget_first) table_.forget(t);
    if (a.is == state::parked) table_.unpark(t, on);
    const bool owes = a.is == state::woken;
    a.is = state::idle;
    a.first = -1;
    a.reserving = false;
    if (owes || random(2) == 0) pass(on);
    if (!forget_first) table_.forget(t);
  }
  // Paused, say.
  void leave_for_a_while(task_index t) {
    actor& a = actors_[t];
    const auto on = std::exchange(a.on, nowhere);
    table_.unpark(t, on);
    a.is = state::idle;
    a.reserving = false;
    if (random(2) == 0) pass(on);
  }

  std::uint32_t in_use(std::size_t resource) const {
    const auto& r = model_resources()[resource];
    std::uint32_t sum = 0;
    if (r.period > 0) {
      for (const auto& u : used_[resource]) sum += u.at > now_ - r.period ? u.amount : 0;
      return sum;
    }
    for (const auto& a : actors_) sum += a.is == state::holding ? amount_of(a.wants, resource) : 0;
    return sum;
  }
  std::uint32_t slots_in_use() const {
    std::uint32_t sum = 0;
    for (const auto& a : actors_) sum += a.is == state::holding ? a.pool : 0;
    return sum;
  }

  void check_grant(const actor& a) {
    const auto is_before = [&](const actor& o) {
      return &o != &a && o.reserving && (!a.reserving || o.first < a.first || (o.first == a.first && &o < &a));
    };
    for (const auto& o : actors_) {
      if (&o == &a) continue;
      must(o.is != state::holding || may_go_together(a.wants, o.wants), "two tasks hold what cannot be held together");
      must(!is_before(o) || may_go_together(a.wants, o.wants),
           "what an older starving task reserves is given to another");
    }
    for (const auto r : counted) {
      const auto& m = model_resources()[r];
      const auto amount = amount_of(a.wants, r);
      if (m.period > 0 && amount > 0) {
        std::erase_if(used_[r], [&](const use& u) { return u.at <= now_ - m.period; });
        used_[r].push_back({now_, amount});
      }
      must(in_use(r) <= m.capacity, m.period > 0 ? "a rate is exceeded" : "a counter is exceeded");
      std::uint32_t reserved = 0;
      for (const auto& o : actors_) reserved += is_before(o) ? amount_of(o.wants, r) : 0;
      must(amount == 0 || in_use(r) + reserved <= m.capacity,
           "the part that a starving task reserves is given to another");
    }
    must(slots_in_use() <= table_slots, "a pool is exceeded");
  }

  // Whether what others hold, or what was used of a rate, keeps the task from its set.
  bool kept_out(const actor& a) const {
    for (const auto& o : actors_) {
      if (&o != &a && o.is == state::holding && !may_go_together(strict(a.wants), strict(o.wants))) return true;
    }
    for (const auto r : counted) {
      const auto amount = amount_of(a.wants, r);
      if (amount > 0 && in_use(r) + amount > model_resources()[r].capacity) return true;
    }
    return a.pool > 0 && slots_in_use() + a.pool > table_slots;
  }
  // With reading a whole place and writing in it taken for writing all of it.
  static model_set strict(model_set s) {
    for (auto& x : s) {
      if (x.mode != lock_mode::shared) continue;
      for (const auto& y : s) {
        const bool writes = y.mode == lock_mode::exclusive || y.mode == lock_mode::intent_exclusive;
        if (writes && covers(model_resources()[x.resource].place, model_resources()[y.resource].place)) {
          x.mode = lock_mode::exclusive;
          break;
        }
      }
    }
    return s;
  }
  bool refusal_is_just(const actor& a) const {
    return kept_out(a) || std::any_of(actors_.begin(), actors_.end(), [&](const actor& o) {
             return &o != &a && (o.is == state::parked || o.is == state::woken);
           });
  }

  // When nobody is about to try again and nothing is due, the first of those that wait is kept out by others.
  void check_nobody_is_forgotten() const {
    const actor* first = nullptr;
    for (const auto& a : actors_) {
      if (a.is == state::woken) return;
      if (a.is != state::parked) continue;
      if (first == nullptr || (a.reserving != first->reserving ? a.reserving
                               : a.reserving                   ? a.first < first->first
                               : a.rank != first->rank         ? a.rank > first->rank
                                                               : a.place < first->place)) {
        first = &a;
      }
    }
    if (first == nullptr || table_.next_due() <= time_of(now_)) return;
    must(kept_out(*first), "a wake-up was lost");
  }

  bool any(state s) const {
    return std::any_of(actors_.begin(), actors_.end(), [&](const actor& a) { return a.is == s; });
  }
  void drain() {
    for (int rounds = 0; any(state::parked) || any(state::woken) || any(state::holding); ++rounds) {
      must(rounds < 2'000, "some are never served");
      const auto t = static_cast<task_index>(random(actors_.size()));
      if (actors_[t].is == state::woken) attempt(t);
      if (actors_[t].is == state::holding) release(t);
      if (any(state::woken) || any(state::holding) || !any(state::parked)) continue;
      const auto due = table_.next_due();
      must(due != time_point::max(), "nobody holds anything, some wait, and nothing will wake them");
      now_ = std::max<std::int64_t>(now_, due == time_point::min() ? now_ : due.time_since_epoch().count());
      advance();
    }
  }
  void check_all_is_free() {
    for (task_index t = 0; t < actors_.size(); ++t) table_.forget(t);
    now_ += 100;
    advance();
    must(table_.next_due() == time_point::max(), "something is due, and nobody waits");
    std::vector<resource_request> everything;
    for (const auto& r : model_resources())
      everything.push_back({r.id, lock_mode::exclusive, std::max(r.capacity, 1U)});
    auto set = table_.intern(everything);
    set.push_back({pool_, lock_mode::exclusive, table_slots});
    for (const auto& s : table_.status([](task_index) { return std::string(); })) {
      must(s.holders.empty() && s.waiters.empty() && s.in_use == 0, "status shows a holder or waiter that has left");
    }
    must(table_.try_acquire(0, 0, set, time_of(now_)) == nowhere, "something was not given back");
  }

  std::uint64_t random_;
  std::int64_t now_ = 0;
  std::uint64_t places_ = 0;
  resource_table table_;
  resource_index pool_ = nowhere;
  std::array<actor, 8> actors_{};
  std::array<std::vector<use>, 11> used_{};
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void play(const char* how_many, std::uint64_t otherwise, int steps) {
  const auto count = number_from(how_many, otherwise);
  const auto first = number_from("CORCHESTRA_LOCK_SEED", 1);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    try {
      schedule(seed).play(steps);
    } catch (const broken& e) {
      FAIL(how_many << "=1 CORCHESTRA_LOCK_SEED=" << seed << ": " << e.what());
    }
  }
  SUCCEED(count << " schedules of " << steps << " steps");
}

}  // namespace

TEST_CASE("[L4][L20] in a million random steps nothing is in conflict, exceeded, leaked, forgotten or stuck") {
  play("CORCHESTRA_LOCK_SCHEDULES", 10'000, 100);
}

TEST_CASE("[L4][I2] in short schedules of asking, giving up and failing nothing leaks, is stuck or in conflict") {
  play("CORCHESTRA_SHORT_LOCK_SCHEDULES", 100'000, 12);  // a million takes a minute
}

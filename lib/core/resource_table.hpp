#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <corchestra/base/error.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/core/lock_status.hpp>
#include <corchestra/core/plan.hpp>

#include "core/claim.hpp"
#include "core/resource_names.hpp"
#include "core/wait_line.hpp"

namespace corchestra::detail {

enum class resource_kind : std::uint8_t {
  lock,
  counter,
  rate,
  pool
};  // a pool is a counter of slots: not a resource for users

/// Locks (shared, exclusive, intent; paths as hierarchies), counters, rates and slot pools, granted as whole sets or
/// not at all, so nobody ever waits while holding. A task that cannot have its set is parked on the one resource that
/// blocks it and woken when that one changes: nothing is polled, and a blocked task hides nobody. Waiters of a resource
/// are served by rank (higher first), then in order of their first parking; a reader does not overtake a writer parked before it. A waiter
/// that was parked first longer ago than `starvation_after` reserves: later overlapping requests are refused until it
/// is served.
class resource_table {
 public:
  static constexpr resource_index none = ~resource_index{0};

  explicit resource_table(duration starvation_after = std::chrono::seconds(60));
  ~resource_table();
  resource_table(const resource_table&) = delete;
  resource_table& operator=(const resource_table&) = delete;

  /// Declares a counter, rate or pool. Error `invalid_argument`: capacity or period of 0, declared twice, a path's
  /// name. The names of pools are their own: no request finds them.
  result<resource_index> declare(std::string id, resource_kind kind, std::uint32_t capacity, duration period = {});
  resource_kind kind(resource_index r) const noexcept;
  const std::string& name(resource_index r) const noexcept;

  /// Whether the set could ever be granted. Error `unreachable_resource`: asks for more than the capacity;
  /// `invalid_argument`: amount 0, an amount above 1 of a lock, an intent mode on a counter, a path above 4096 bytes.
  result<void> check(std::span<const resource_request> requests) const;
  /// The set in a fixed order, every resource once (the stronger mode, the sum of amounts), and for paths
  /// (`file:`, `directory:`, normalised) the intent locks on every folder above.
  std::vector<claim> intern(std::span<const resource_request> requests);
  /// An interned set that nobody will ask for again; who did is forgotten, and holds none of it. A lock goes with the
  /// last set that has it, unless it was waited for. Under a name that comes back, fencing tokens go on rising.
  void drop(std::span<const claim> set);

  /// Takes the whole set, or nothing and returns the resource in the way. Grants fencing tokens (see `fence`).
  resource_index try_acquire(task_index task, std::int64_t rank, std::span<const claim> set, time_point now);
  /// Gives the set back (rates keep what was used). Those to be considered again are appended to `woken`, no longer
  /// parked.
  void release(task_index task, std::span<const claim> set, std::vector<task_index>& woken);

  /// After a refusal: the task waits for the resource that was in the way. The set is copied.
  void park(task_index task, std::int64_t rank, std::span<const claim> set, resource_index on, time_point now);
  /// It waits no longer, and reserves nothing; it keeps its waiting time until `forget`. `wake(on)` is to follow.
  void unpark(task_index task, resource_index on);
  /// A woken task did not take `resource` after all, or a waiter left: the next in line get their chance. A woken task
  /// owes this call for what it was parked on, however it ends, unless it took its set (then it may be left out).
  void wake(resource_index resource, std::vector<task_index>& woken);
  /// Its rank has risen while it is parked.
  void raise(task_index task, resource_index on, std::int64_t rank);
  /// The task has been served, or gave up: its waiting time starts anew. Parking again before this keeps it. What it
  /// reserved is free with the next `release`, `wake` or `advance` (`next_due` asks for one): best called before
  /// `wake`.
  void forget(task_index task);

  /// Rates refill and starving waiters begin to reserve: what is due until `now` happens.
  void advance(time_point now, std::vector<task_index>& woken);
  /// When `advance` must be called at the latest; time_point::max() when never, time_point::min() when at once.
  time_point next_due() const noexcept;

  /// The token granted with the lock that the task holds: rises with every exclusive grant of the resource. 0: not
  /// held.
  std::uint64_t fence(task_index task, std::string_view resource) const;

  /// The task's body was abandoned and still holds the set: shown in `status` until it gives it back.
  void quarantine(task_index task, std::span<const claim> set);
  /// All who hold any of it.
  void quarantine(std::span<const claim> set);
  /// The highest rank among the waiters that this holder keeps waiting; INT64_MIN when none.
  std::int64_t inherited_rank(std::span<const claim> set) const;
  bool nobody_waits() const noexcept;
  std::vector<task_index> holders(
      resource_index r) const;  ///< in the way of a newcomer; when none, those who reserve it
  bool is_only_reserved(resource_index r) const noexcept;  ///< nobody has it, and somebody will not let others have it
  /// What keeps a parked task from what it is parked on: what is in use; if that leaves enough, those who reserve it;
  /// if nobody does, those before it in line. Of those who reserve at most so many.
  struct obstacle {
    enum class kind : std::uint8_t { none, in_use, reserved, line } what = kind::none;
    std::vector<task_index> tasks;  ///< who reserve, or stand first; of what is in use see `holders`
  };
  obstacle obstacle_of(task_index parked, std::size_t most = ~std::size_t{0}) const;
  /// Those that have begun to reserve since the last call.
  std::vector<task_index> take_reserving() noexcept { return std::exchange(new_reserving_, {}); }
  /// Everything but pools that is declared, held, waited for or was waited for. Intent locks are shown only on folders
  /// that somebody asked for by name or waits for.
  std::vector<lock_status> status(const std::function<std::string(task_index)>& name) const;
  /// The first resource of `wanted` that nobody could get while `held` is held; `none` when both fit.
  resource_index conflict(std::span<const claim> held, std::span<const claim> wanted) const noexcept;

 private:
  struct entry {
    task_index holder = no_task;  // the first; the others are in the crowd
    lock_mode mode{};             // that it holds
    resource_kind kind = resource_kind::lock;
    bool quarantined = false, asked_for = false, changed = false;
    std::uint32_t name = 0;
    std::uint32_t link = none;  // a path's parent; what is not a lock: its place in `quantities_`
    std::uint32_t users = 0;    // interned sets and, of a path, those beneath
    std::uint64_t fence = 0, grants = 0, blocked = 0;
    duration waited{};
    std::unique_ptr<crowd> more;
  };
  struct quantity;
  struct standing;  // of a task among those that wait
  struct wait_ended {
    resource_index resource;
    time_point since;
  };

  resource_index add(std::string text, bool hidden);
  void drop(resource_index r);
  resource_index path(const std::string& id);
  quantity& quantity_of(const entry& e) noexcept;
  const quantity& quantity_of(const entry& e) const noexcept;
  crowd& crowd_of(entry& e);
  void drop_crowd(entry& e);
  static std::size_t line_of(const entry& e, const claim& c) noexcept;
  static bool held_by(const entry& e, task_index task) noexcept;
  std::vector<task_index> waiters(const entry& e) const;

  bool in_the_way(const entry& e, const claim& c, const standing& s) const;
  bool is_in_use(const entry& e, const claim& c) const noexcept;
  bool lock_in_the_way(const entry& e, const claim& c, const standing& s) const;
  bool quantity_in_the_way(const entry& e, const claim& c, const standing& s, std::uint64_t more) const;
  std::uint64_t reserved_before(const crowd& c, const standing& s, std::uint64_t enough) const;
  void take(task_index task, const claim& c, time_point now);
  bool give_back(task_index task, const claim& c);
  void end_quarantine(task_index task, const claim& c);

  void leave_line(waiter& w);
  void reserve(waiter& w);
  void end_reservation(waiter& w, std::span<const claim> taken);
  void note_change(resource_index r);
  void settle_waits(time_point now);
  void wake_line(resource_index r, std::vector<task_index>& woken);
  void wake_changed(std::vector<task_index>& woken);
  time_point due(const entry& rate) const noexcept;

  duration starvation_after_;
  time_point now_{};
  std::vector<entry> entries_;
  std::vector<resource_index> free_;  // entries of locks that are gone
  std::uint64_t last_fence_ = 0;      // the highest token of these
  std::vector<quantity> quantities_;
  std::vector<resource_index> rates_;
  resource_names names_;
  waiting_room waiting_;
  std::vector<std::unique_ptr<crowd>> spare_;
  std::vector<resource_index> changed_;  // somebody parked there may fit now
  std::vector<wait_ended> ended_;        // since the last known time
  std::size_t reserving_ = 0;
  std::vector<task_index> new_reserving_;
  std::set<std::pair<resource_index, task_index>> quarantined_;
};

}  // namespace corchestra::detail

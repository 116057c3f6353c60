#include "core/scheduler_impl.hpp"

namespace corchestra {

namespace {
constexpr std::size_t deepest = 6, widest = 4;

std::string some(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < names.size() && i < widest; ++i) shown.push_back(quote(names[i]));
  std::string text = join(shown, ", ");
  if (names.size() > widest) text += concat(" and ", names.size() - widest, " more");
  return text;
}
}  // namespace

void scheduler::impl::explain(task_index t, std::size_t depth, std::vector<std::string>& out, time_point now) const {
  const record& r = records[t];
  const auto say = [&](std::string text) { out.push_back(std::string(2 * depth, ' ') + quote(r.call->id) + " " + std::move(text)); };
  const auto go_deeper = [&](const std::vector<task_index>& causes) {
    if (depth + 1 >= deepest) return;
    for (std::size_t i = 0; i < causes.size() && i < widest; ++i) explain(causes[i], depth + 1, out, now);
  };
  const auto ids_of = [&](const std::vector<task_index>& tasks) {
    std::vector<std::string> ids;
    for (const task_index h : tasks) ids.push_back(records[h].call->id);
    return ids;
  };
  const auto pool_users = [&](detail::resource_index pool) {
    std::vector<task_index> users;
    std::copy_if(running.begin(), running.end(), std::back_inserter(users), [&](task_index h) {
      const auto& x = records[h].more;
      return x && x->pooled && std::any_of(x->pools.begin(), x->pools.end(), [&](const auto& c) { return c.resource == pool; });
    });
    std::sort(users.begin(), users.end());
    return users;
  };
  const auto holders_against = [&](const record& waiter, detail::resource_index on) {
    auto holders = resources.holders(on);
    const auto wanted = std::find_if(waiter.more->locks.begin(), waiter.more->locks.end(), [&](const auto& c) { return c.resource == on; });
    if (resources.kind(on) != detail::resource_kind::lock || wanted == waiter.more->locks.end()) return holders;
    std::erase_if(holders, [&](task_index h) {
      return !records[h].more || resources.conflict(records[h].more->locks, {&*wanted, 1}) == detail::resource_table::none;
    });
    return holders;
  };
  if (is_terminal(r.state)) {
    return say(concat("has ended ", to_string(r.state), r.result->reason.empty() ? "" : ": ", r.result->reason));
  }
  if (r.phase() != phase::none) {
    const live& l = *r.now_running;
    const std::string since = concat(" (attempt ", r.attempts, ", for ", to_text(now - l.started), ")");
    if (l.aborting) return say(concat("is being stopped", since, ": ", l.why_text));
    if (l.phase == phase::working) return say(concat("is running", since));
    if (l.phase == phase::wants_slot && r.more && r.more->parked_on != detail::resource_table::none) {
      std::string name = resources.name(r.more->parked_on);
      std::erase(name, '\1');
      return say(concat("has what it waited for and needs a slot of ", quote(name), " again, taken by ", some(ids_of(pool_users(r.more->parked_on)))));
    }
    if (l.phase == phase::wants_slot) {
      if (fits(r)) return say("has what it waited for and is about to go on");
      if (slots_in_use >= slots) return say(concat("has what it waited for and needs a slot again: all ", slots, " are taken"));
      return say(concat("has what it waited for and needs ", weight_of(r), " slots again: ", slots - slots_in_use, " of ", slots, " are free"));
    }
    const bool asks = r.waiting == wait_reason::approval && r.more && r.more->asked;
    say(concat("is running and waits for ", r.waiting == wait_reason::child ? "its children" : to_string(r.waiting), since,
               asks ? ": " : "", asks ? r.more->question_text : std::string()));
    return r.waiting == wait_reason::child ? go_deeper(awaited_children(r)) : void();
  }
  if (left_out(r)) return say("will not start: the run is being drained");
  const auto open_under = [&](auto&& self, task_index u, std::vector<task_index>& found) -> void {
    if (!records[u].more) return;
    for (const task_index c : records[u].more->children) {
      if (!records.holds(c) || records[c].open_subtree == 0) continue;
      is_terminal(records[c].state) ? self(self, c, found) : found.push_back(c);
    }
  };
  if (r.missing > 0) {
    std::vector<std::string> names;
    std::vector<task_index> causes;
    for (const auto& d : r.call->depends_on) {
      const task_index need = need_of(d);
      if (need == no_task) continue;
      const bool whole = (need & subtree_bit) != 0;
      const record& up = records[need & ~subtree_bit];
      if (whole ? up.open_subtree == 0 : is_terminal(up.state)) continue;
      names.push_back(d);
      if (!whole || !is_terminal(up.state)) causes.push_back(need & ~subtree_bit);
      if (whole) open_under(open_under, need & ~subtree_bit, causes);
    }
    say(concat("waits for ", some(names)));
    return go_deeper(causes);
  }
  switch (r.waiting) {
    case wait_reason::approval:
      return say(concat("waits for approval: ", r.more->question_text));
    case wait_reason::paused:
      return say(state == run_state::paused ? std::string("is held: the run is paused")
                                            : concat("is held: the agent ", quote(r.call->agent), " is paused"));
    case wait_reason::backoff:
    {
      const bool refused = r.more && r.more->retry_refused != never;
      const auto tries = r.now_running ? r.now_running->tries : 0;  // since its last success, or its last pause
      return say(concat(refused ? "waits until the retry budget allows its next try" : "waits before its next try",
                        tries > 0 ? concat(": ", tries, " failed so far") : std::string()));
    }
    case wait_reason::budget:
    {
      std::vector<task_index> holders;
      std::copy_if(running.begin(), running.end(), std::back_inserter(holders), [&](task_index h) {
        if (records[h].now_running->open_steps > 0) return true;
        return records[h].more && records[h].more->reserved && records[h].rules() && !records[h].rules()->reserve.none();
      });
      std::sort(holders.begin(), holders.end());
      say(concat("waits for budget that running tasks have reserved and may not need: ", some(ids_of(holders))));
      return go_deeper(holders);
    }
    case wait_reason::deps:
      return say(concat("waits for level ", level, " to end (mode levels)"));
    default:
      break;
  }
  if (r.more && r.more->parked_on != detail::resource_table::none) {
    using obstacle = detail::resource_table::obstacle::kind;
    const auto on = r.more->parked_on;
    const auto kind = resources.kind(on);
    const bool rate = kind == detail::resource_kind::rate, pool = kind == detail::resource_kind::pool;
    std::string name = resources.name(on);
    std::erase(name, '\1');
    const std::string what = concat("waits for ", rate ? "the rate " : pool ? "a slot of " : "", quote(name));
    auto [in_the_way, causes] = resources.obstacle_of(t);
    if (in_the_way == obstacle::in_use && rate) return say(concat(what, " to allow another"));
    if (in_the_way == obstacle::in_use) causes = pool ? pool_users(on) : holders_against(r, on);
    if (causes.empty()) {
      say(concat(what, ", which it is about to get"));
    } else {
      const char* how = in_the_way == obstacle::reserved ? ", kept after a long wait for "
                        : in_the_way == obstacle::line   ? ", in line behind "
                        : pool                           ? ", taken by "
                                                         : ", held by ";
      say(concat(what, how, some(ids_of(causes))));
    }
    return go_deeper(causes);
  }
  if (weight_of(r) > 1 && !fits(r)) {
    return say(concat("needs ", weight_of(r), " slots at once, and ", slots - std::min(slots, slots_in_use), " of ", slots, " are free"));
  }
  if (slots_in_use < slots) {
    if (!keeps_slots() || kept_for == t) return say("is about to start");
    return say(concat("waits: free slots are kept for ", quote(records[kept_for].call->id), ", which has waited long for ", weight_of(records[kept_for])));
  }
  std::vector<std::string> names;
  for (const task_index h : running) {
    if (records[h].phase() == phase::working) names.push_back(records[h].call->id);
  }
  say(concat("waits for a slot: ", slots_in_use, " of ", slots, " taken by ", some(names)));
}

std::vector<std::string> scheduler::why(task_index task, time_point now) const {
  if (!known(task)) return {"the run has no such task, or has forgotten it"};
  std::vector<std::string> out;
  impl_->explain(task, 0, out, now);
  return out;
}

}  // namespace corchestra

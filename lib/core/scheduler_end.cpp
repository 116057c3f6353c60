#include "core/scheduler_impl.hpp"
#include "core/same_answer.hpp"

namespace corchestra {

void scheduler::impl::finish(task_index t, record& r, task_state s, task_result& out, time_point now) {
  CORCHESTRA_INLINE_HERE set_state(t, r, s, wait_reason::none, now);
  --unfinished;
  out.state = s;
  out.attempts = r.attempts;
  out.queued_at = r.submitted;
  out.ended_at = now;
  if (r.now_running) {
    const live& l = *r.now_running;
    out.started_at = l.started;
    if (l.started + l.last_attempt != now) out.last_attempt = l.last_attempt;
    out.usage = l.usage;
  }
  if (r.more) out.iterations = r.more->iteration;
  if (r.parent != no_task) out.parent = records[r.parent].call->id;
  r.result = &out;
  CORCHESTRA_INLINE_HERE count_work(r, out);
  const bool fine = ended_well(r);
  ++(fine ? good : bad);
  if (options->keep == keep_results::all || !fine) {
    results.push_back(&out);
    results_of.push_back(t);
  }
  settling.push_back(t);
  if (!wants(event_type::task_ended)) return;
  event e;
  e.type = event_type::task_ended;
  e.result = r.result;
  publish(e, t, now);
}

void scheduler::impl::end_unstarted(task_index t, task_state s, cancel_reason why, errc code, std::string text, time_point now) {
  unqueue(t, now);
  release(t, false, true, now);  // kept over a back-off
  task_result& out = new_result(t);
  out.cancelled = why;
  out.error = fail(code, text);
  out.reason = std::move(text);
  finish(t, records[t], s, out, now);
}

void scheduler::impl::skip(task_index t, task_index cause, skip_cause why, time_point now) {
  const task_result& up = *records[cause].result;
  task_result& out = new_result(t, is_good(why));
  out.skipped = why;
  out.reason = why == skip_cause::branch_not_taken && up.state == task_state::completed
                   ? concat(to_string(why), ": ", quote(up.id), " chose another branch")
                   : concat(to_string(why), ": it needs ", quote(up.id), ", which ended ", to_string(up.state));
  unqueue(t, now);
  finish(t, records[t], task_state::skipped, out, now);
}

// How one upstream's end counts for a task that waits for it. `not_chosen`: by its branch.
void scheduler::impl::tell_dependant(task_index d, task_index from, outcome o, skip_cause cause, time_point now, bool not_chosen) {
  record& r = records[d];
  if (is_terminal(r.state) || r.missing == 0 || run_cancelled == cancel_reason::shutdown) return;
  if (r.state != task_state::pending && !(r.state == task_state::waiting && r.waiting == wait_reason::deps)) return;
  --r.missing;
  if (o != outcome::ok || r.ruled || r.more) return tell_joining(d, from, o, cause, now, not_chosen);
  if (r.missing == 0 && r.state != task_state::pending) CORCHESTRA_INLINE_HERE admit(d, now);  // while it is being added, `add` admits it
}

// The same for all that need not just the success of all.
void scheduler::impl::tell_joining(task_index d, task_index from, outcome o, skip_cause cause, time_point now, bool not_chosen) {
  record& r = records[d];
  const auto policy = r.rules() ? r.rules()->join : join_policy::all_success;
  const bool linked = r.state != task_state::pending;
  const auto start = [&] {
    r.missing = 0;
    if (linked) admit(d, now);
  };
  if (policy == join_policy::all_success && o == outcome::ok && !(r.more && r.more->refused)) {
    if (r.missing == 0) start();
    return;
  }
  extra& x = more_of(r);
  const bool failed = o == outcome::bad || (o == outcome::skipped && !is_good(cause));
  if (o == outcome::ok) ++x.succeeded;
  if (o != outcome::ok && (failed || !x.lost_by_failure)) {
    x.lost = from;
    x.lost_by_failure = failed;
  }
  // A failure is named rather than a branch, whichever comes first: while one may still come, the skip waits for it.
  const auto lose = [&] {
    x.refused = true;
    if (r.missing > 0 && !x.lost_by_failure) return;
    skip(d, x.lost, x.lost_by_failure ? skip_cause::upstream_failed : skip_cause::branch_not_taken, now);
  };
  if (not_chosen && policy == join_policy::all_done) {  // no failure would keep it from starting
    x.lost = from;
    return skip(d, from, skip_cause::branch_not_taken, now);
  }
  if (x.refused || not_chosen) return lose();
  switch (policy) {
    case join_policy::all_success:
      lose();
      break;
    case join_policy::all_done:
      if (r.missing == 0) start();
      break;
    case join_policy::one_success:
      if (o == outcome::ok) {
        start();
      } else if (r.missing == 0) {
        lose();
      }
      break;
    case join_policy::quorum:
      if (x.succeeded >= r.rules()->quorum) {
        start();
      } else if (x.succeeded + r.missing < r.rules()->quorum) {
        lose();
      }
      break;
    case join_policy::none_failed_min_one_success:
      if (failed) {
        lose();
      } else if (r.missing == 0) {
        x.succeeded > 0 ? start() : lose();
      }
      break;
  }
}

// The dependants that a completed task's branch rule names but does not choose; absent when there is no rule.
std::optional<std::vector<std::string>> scheduler::impl::branches_not_taken(const record& r) const {
  const auto* rule = r.rules() && r.rules()->branch ? &*r.rules()->branch : nullptr;
  const auto& output = r.result->output;
  if (!rule && !output.branch) return std::nullopt;
  std::vector<std::string> named, chosen;
  if (rule) {
    const auto at = at_pointer(output.value, rule->pointer);
    const std::vector<std::string>* taken = &rule->otherwise;
    for (const auto& c : rule->cases) {
      if (taken == &rule->otherwise && at && detail::same_answer(*at, c.equals)) taken = &c.tasks;
      named.insert(named.end(), c.tasks.begin(), c.tasks.end());
    }
    named.insert(named.end(), rule->otherwise.begin(), rule->otherwise.end());
    chosen = *taken;
  }
  if (output.branch) {
    chosen = *output.branch;
    if (!rule) {
      for (auto e = r.first_edge; e != none; e = edges[e].next) {
        if (records.holds(edges[e].to)) named.push_back(records[edges[e].to].call->id);
      }
    }
  }
  std::erase_if(named, [&](const std::string& id) { return std::find(chosen.begin(), chosen.end(), id) != chosen.end(); });
  return named;
}

void scheduler::impl::settle(time_point now) {
  if (settling_now || settling.empty()) return;
  settling_now = true;
  for (std::size_t i = 0; i < settling.size(); ++i) CORCHESTRA_INLINE_HERE settle_one(settling[i], now);
  for (std::size_t i = 0; i < settling.size() && options->keep != keep_results::all; ++i) {
    let_go_of_kept(settling[i]);
    forget(settling[i]);
  }
  settling.clear();
  settling_now = false;
}

void scheduler::impl::tell_dependants(task_index t, outcome o, skip_cause cause, time_point now) {
  record& r = records[t];
  std::optional<std::vector<std::string>> not_taken;
  if (o == outcome::ok && (r.ruled || r.result->output.branch)) not_taken = branches_not_taken(r);
  const auto last = std::exchange(r.last_edge, none);
  const auto first = std::exchange(r.first_edge, none);
  for (auto e = first; e != none; e = edges[e].next) {
    const task_index d = edges[e].to;
    if (!records.holds(d)) continue;  // it did not wait for this one, and is forgotten
    come_after(d, t, false);
    const bool refused = not_taken && std::find(not_taken->begin(), not_taken->end(), records[d].call->id) != not_taken->end();
    if (refused) {
      tell_dependant(d, t, outcome::skipped, skip_cause::branch_not_taken, now, true);
    } else {
      CORCHESTRA_INLINE_HERE tell_dependant(d, t, o, cause, now);
    }
  }
  edges[last].next = free_edge;
  free_edge = first;
}

void scheduler::impl::settle_one(task_index t, time_point now) {
  record& r = records[t];
  const bool completed = r.state == task_state::completed;
  const bool fine = ended_well(r);
  const outcome o = completed ? outcome::ok : r.state == task_state::skipped ? outcome::skipped : outcome::bad;
  const skip_cause cause = r.state == task_state::skipped ? r.result->skipped : skip_cause::upstream_failed;
  if (r.first_edge != none) tell_dependants(t, o, cause, now);
  if (options->mode == scheduling_mode::levels && --level_open[r.level] == 0) open_levels(now);
  // What was cancelled with its parent's attempt, or for a new plan, says nothing of what comes instead.
  const bool replaced = r.result->cancelled == cancel_reason::superseded || r.result->cancelled == cancel_reason::parent_cancelled;
  if (!fine && !r.awaited && !replaced) {
    for (task_index up = r.parent; up != no_task; up = records[up].parent) more_of(records[up]).subtree_failed = true;
  }
  if (!completed) {
    if (r.more && !r.more->children.empty()) {
      cancel_children(t, cancel_reason::parent_cancelled, parent_ended(r), now);
    }
    if (!fine) count_failure(t, now);
  }
  if (options->keep != keep_results::all && r.more) {  // awaited children were kept for it
    for (const task_index c : std::vector<task_index>(r.more->children)) forget(c);
  }
  CORCHESTRA_INLINE_HERE close_subtree(t, r, now);
  if (r.now_running && !r.abandoned && r.now_running->phase == phase::none) {
    live& l = *r.now_running;
    l.usage = {};
    l.worked = l.kept = duration::zero();
    l.tries = l.replans = 0;
    l.aborting = l.timed_out = l.retry_after_timeout = false;
    l.why = cancel_reason::none;
    l.why_text.clear();
    if (options->keep != keep_results::all || r.state == task_state::completed) {
      spare.push_back(std::move(r.now_running));
    } else {
      r.now_running.reset();  // many may be cancelled at once: the next one's result takes this memory
    }
  }
}

// The task itself, or the last open child's subtree, has ended.
void scheduler::impl::close_subtree(task_index t, record& r, time_point now) {
  if (r.parent == no_task && !r.more && ledger.empty()) {
    --r.open_subtree;
  } else {
    close_subtrees(t, now);
  }
}

void scheduler::impl::close_subtrees(task_index t, time_point now) {
  while (t != no_task && --records[t].open_subtree == 0) {
    record& r = records[t];
    if (!ledger.empty()) ledger.forget(t);
    if (r.more) {
      const bool ok = r.state == task_state::completed && !r.more->subtree_failed;
      const bool skipped = r.state == task_state::skipped;
      for (const task_index d : std::exchange(r.more->subtree_watchers, {})) {
        if (!records.holds(d)) continue;
        come_after(d, t, true);
        tell_dependant(d, t, ok ? outcome::ok : skipped ? outcome::skipped : outcome::bad,
                       skipped ? r.result->skipped : skip_cause::upstream_failed, now);
      }
    }
    t = r.parent;
  }
}

void scheduler::impl::count_failure(task_index t, time_point now) {
  if (run_cancelled == cancel_reason::shutdown) return;  // what has not ended is left for a resume
  record& r = records[t];
  const bool failed = r.state == task_state::failed || r.state == task_state::timeout || r.state == task_state::limit_exceeded;
  if (failed) ++failures;
  if (failed && r.more && r.more->group != none) {
    group& g = groups[r.more->group];
    ++g.failed;
    const auto& o = g.options;
    std::string text;
    if (o.fail_fast) {
      text = concat("fail_fast of group ", quote(g.name), ": ", quote(r.call->id), " ended ", to_string(r.state));
    } else if (o.max_failed && g.failed > *o.max_failed) {
      text = concat("group ", quote(g.name), ": more than ", *o.max_failed, " tasks failed");
    } else if (o.max_failed_percent &&
               static_cast<double>(g.failed) * 100 > *o.max_failed_percent * static_cast<double>(g.size)) {
      text = concat("group ", quote(g.name), ": more than ", fixed(*o.max_failed_percent, 0), " % of ", g.size, " tasks failed");
    }
    if (!text.empty() && !std::exchange(g.ended, true)) {
      g.why = text;
      for (const task_index m : std::vector<task_index>(g.members)) cancel(m, cancel_reason::sibling_failed, text, now);
    }
  }
  if (failing || run_cancelled != cancel_reason::none) return;
  std::string text;
  if (options->fail_fast && failed) text = concat("fail_fast: ", quote(r.call->id), " ended ", to_string(r.state));
  if (options->max_failed && failures > *options->max_failed) text = concat("max_failed: more than ", *options->max_failed, " tasks failed");
  if (text.empty()) return;
  failing = true;
  open = false;
  for (task_index o = 0; o < records.size(); ++o) cancel(o, cancel_reason::sibling_failed, text, now);
  if (reason.empty()) reason = text;
}

// keep_results::failed: a task may ask for the results of what it needs until it has ended.
void scheduler::impl::keep_for(task_index t, task_index need) {
  more_of(records[t]).keeps.push_back(need);
  extra& up = more_of(records[need & ~subtree_bit]);
  ++up.keepers;
  if ((need & subtree_bit) != 0 && up.subtree_keepers++ == 0) ++watched_subtrees;
}

void scheduler::impl::let_go_of_kept(task_index t) {
  if (!records.holds(t) || !records[t].more) return;
  for (const task_index need : std::exchange(records[t].more->keeps, {})) {
    const task_index u = need & ~subtree_bit;
    extra& up = *records[u].more;
    if ((need & subtree_bit) != 0 && --up.subtree_keepers == 0) {
      --watched_subtrees;
      std::vector<task_index> under = up.children;  // parents before their children
      for (std::size_t i = 0; i < under.size(); ++i) {
        if (!records.holds(under[i]) || !records[under[i]].more) continue;
        const auto& more = records[under[i]].more->children;
        under.insert(under.end(), more.begin(), more.end());
      }
      for (auto c = under.rbegin(); c != under.rend(); ++c) forget(*c);
    }
    --up.keepers;
    forget(u);
  }
}

// keep_results::failed: what has ended well, with everything under it, is not kept once nobody can ask for it.
void scheduler::impl::forget(task_index t) {
  if (options->keep == keep_results::all) return;
  while (t != no_task && records.holds(t)) {
    record& r = records[t];
    if (r.open_subtree > 0 || r.abandoned || r.phase() != phase::none || !r.result || t == being_spawned) return;
    if (r.more && r.more->keepers > 0) return;
    if (r.awaited && records.holds(r.parent) && !is_terminal(records[r.parent].state)) return;  // it is about to look
    for (task_index a = r.parent; watched_subtrees > 0 && a != no_task && records.holds(a); a = records[a].parent) {
      if (records[a].more && records[a].more->subtree_keepers > 0) return;
    }
    const task_index up = r.parent;
    if (!ended_well(r)) return keep_call(r);
    index.erase(t, detail::id_table::hash(r.call->id), id_of());
    static const task_call nobody;
    r.call = &nobody;
    batch& b = batches[r.batch];
    b.calls[t - b.first] = {};
    if (--b.left == 0) {
      std::vector<task_call>().swap(b.calls);
      free_batches.push_back(r.batch);
    } else if (b.kept == b.left) {
      gather_kept(b);
    }
    if (r.more) forget_names(r);
    r.more.reset();
    r.now_running.reset();
    r.result = nullptr;
    rare().passing.erase(t);
    records.forget(t);
    t = up;
  }
}

// A drained run ends: what waits for a resume keeps nothing until then. Nobody is woken, as nothing starts any more.
void scheduler::impl::release_unfinished() {
  std::vector<task_index> woken;
  for (task_index t = 0; t < records.size(); ++t) {
    if (!records.holds(t) || is_terminal(records[t].state) || !records[t].more) continue;
    extra& x = *records[t].more;
    if (std::exchange(x.locked, false)) resources.release(t, x.locks, woken);  // kept over a back-off
  }
}

void scheduler::impl::end_run(time_point now) {
  if (ended || settling_now) return;
  ended = true;
  ended_at = now;
  if (unfinished > 0) release_unfinished();
  if (unfinished > 0 || (bad > 0 && run_cancelled == cancel_reason::shutdown)) {
    state = run_state::interrupted;
  } else if (bad == 0) {
    state = run_state::completed;
  } else if (run_cancelled != cancel_reason::none) {
    state = run_state::cancelled;
  } else {
    state = run_state::failed;
  }
  if (state == run_state::completed) reason.clear();  // what was about to end it has not
  if (wants(event_type::run_ended)) {
    json data;
    if (details) {
      data = json{{"state", to_string(state)}};
      if (!reason.empty()) data["reason"] = reason;
    }
    publish(event_type::run_ended, now, std::move(data));
  }
  tell(nullptr);  // nothing follows: bodies that were given up may still call
}

}  // namespace corchestra

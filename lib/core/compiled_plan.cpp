#include <corchestra/core/compiled_plan.hpp>

#include "core/plan_image.hpp"
#include "core/scheduler_impl.hpp"

namespace corchestra {

const run_options& compiled_plan::options() const noexcept { return image_->options; }
std::span<const task_call> compiled_plan::tasks() const noexcept { return image_->tasks.calls; }
std::span<const std::string> compiled_plan::agents() const noexcept { return image_->agents; }

compiled_plan compiled_plan::with_inputs(json inputs) const {
  compiled_plan copy = *this;
  copy.inputs_ = std::make_shared<const json>(std::move(inputs));
  return copy;
}

result<compiled_plan> compile_plan(task_plan plan, const std::function<bool(std::string_view)>& known_agent) {
  auto image = std::make_shared<detail::plan_image>();
  image->options = std::move(plan.options);
  if (const auto ok = scheduler::make_image(*image, std::move(plan.tasks), known_agent); ok.has_error()) return ok.error();
  return compiled_plan(std::move(image));
}

namespace detail {

void plan_image::add_to_rows(task_index t) {
  const standing& s = standings[t];
  if (s.missing > 0) return;
  const standing* before = first_rows.empty() ? nullptr : &standings[first_rows.back().first];
  const bool goes_on = before && t == first_rows.back().first + first_rows.back().count && s.priority == before->priority &&
                       s.rank == before->rank && s.level == before->level;
  if (!goes_on) first_rows.push_back({t, 0});
  ++first_rows.back().count;
}

}  // namespace detail

result<void> scheduler::make_image(detail::plan_image& image, std::vector<task_call> calls, const std::function<bool(std::string_view)>& known_agent) {
  impl first(std::shared_ptr<const run_options>(std::shared_ptr<void>(), &image.options));
  first.known_agent = known_agent;
  auto tasks = first.prepare(std::move(calls));
  if (tasks.has_error()) return tasks.error();
  image.tasks = std::move(*tasks);
  const std::span<const task_call> all = image.tasks.calls;
  first.make_room(all.size(), image.tasks.needs.size());
  first.enter_all(image.tasks, all, 0, no_task, false, {});
  first.number_ids(image.tasks.ids, all);
  image.tasks.ids.reset();
  first.link_all(image.tasks, 0, no_task, {});
  image.ids = std::move(first.index);
  for (const auto& a : first.agents) image.agents.push_back(a.name);
  const auto& o = image.options;
  bool plain = o.keep == keep_results::all && o.mode != scheduling_mode::levels && first.alarms.empty() && first.pools.empty();
  for (task_index t = 0; plain && t < all.size(); ++t) plain = !first.records[t].more;
  if (!plain) return {};
  image.standings.reserve(all.size());
  for (task_index t = 0; t < all.size(); ++t) {
    const auto& r = first.records[t];
    image.standings.push_back({r.kind, r.first_edge, r.last_edge, r.missing, r.level, r.priority, r.rank, r.limited});
    image.add_to_rows(t);
  }
  image.edges.assign(first.edges.begin(), first.edges.end());
  image.kinds.assign(first.kinds.begin(), first.kinds.end());
  image.learnt.assign(first.all_learnt.begin(), first.all_learnt.end());
  return {};
}

void scheduler::impl::begin_image(time_point now) {
  const prepared& tasks = image->tasks;
  const auto count = static_cast<task_index>(tasks.calls.size());
  if (count == 0) return;
  const bool held = seed_agents();
  if (options->keep != keep_results::all) {  // which lets go of calls one by one
    prepared own = tasks;
    own.ids = std::make_shared<detail::id_table>(image->ids);
    return add(std::move(own), no_task, false, now);
  }
  make_room(count, tasks.needs.size());
  const bool enters = image->standings.empty(), admitted = !enters && take_over(held, now);
  if (enters) enter_all(tasks, tasks.calls, store({}), no_task, false, now);
  shares_ids = true;
  if (enters) link_all(tasks, 0, no_task, now);
  if (!admitted) admit_all(0, no_task, false, now);
}

// Agents have the numbers that the image gives them, also when some were named before. True when tasks may not start: the run, or one of
// the agents, was paused.
bool scheduler::impl::seed_agents() {
  const auto before = std::exchange(agents, {});
  for (const auto& name : image->agents) agents.push_back({name, false, {}});
  bool held = state == run_state::paused;
  for (const auto& a : before) {
    agents[agent_of(a.name)].paused = a.paused;
    held = held || a.paused;
  }
  return held;
}

// Tasks as they stand when all have been entered and linked. When nobody is told of each step, those that nothing holds stand in the queue
// at once: true then.
bool scheduler::impl::take_over(bool held, time_point now) {
  const bool listed = options->mode == scheduling_mode::sequential || options->order == start_order::custom;
  const bool admits = !held && !listed && !wants(event_type::task_submitted) && !wants(event_type::task_state_changed);
  edges.assign(image->edges.begin(), image->edges.end());
  kinds.assign(image->kinds.begin(), image->kinds.end());
  all_learnt.assign(image->learnt.begin(), image->learnt.end());
  const auto count = static_cast<task_index>(image->standings.size());
  counts[static_cast<std::size_t>(task_state::pending)] = unfinished = count;
  for (task_index t = 0; t < count; ++t) {
    const auto& s = image->standings[t];
    record& r = records.emplace_back();
    r.call = &image->tasks.calls[t];
    r.submitted = now;
    r.kind = s.kind;
    r.first_edge = s.first_edge;
    r.last_edge = s.last_edge;
    r.missing = s.missing;
    r.level = s.level;
    r.priority = s.priority;
    r.rank = s.rank;
    r.limited = s.limited;
    if (admits) {
      r.queued = s.missing == 0;
      r.state = r.queued ? task_state::ready : task_state::waiting;
      r.waiting = r.queued ? wait_reason::none : wait_reason::deps;
    } else if (wants(event_type::task_submitted)) {
      publish_submitted(image->tasks, t, t, now);
    }
  }
  if (!admits) return false;
  std::size_t queued = 0;
  for (const auto& row : image->first_rows) {
    const auto& s = image->standings[row.first];
    ready.push_row({.task = row.first, .priority = s.priority, .depth = s.level, .rank = s.rank, .ready_at = now}, row.count);
    queued += row.count;
  }
  counts[static_cast<std::size_t>(task_state::pending)] = 0;
  counts[static_cast<std::size_t>(task_state::ready)] = queued;
  counts[static_cast<std::size_t>(task_state::waiting)] = count - queued;
  return true;
}

}  // namespace corchestra

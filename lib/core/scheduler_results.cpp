#include "core/scheduler_impl.hpp"

namespace corchestra {

// Of a task that has completed. Where those that ended well are forgotten it is kept apart.
task_result& scheduler::impl::new_result(task_index t, const record& r, task_output&& output) {
  const kind& k = kinds[r.kind];  // as the call says too, which may not be in the cache
  const auto make = [&] {
    return task_result{.id = r.call->id, .agent = k.agent, .task_type = k.task_type, .output = std::move(output)};
  };
  if (options->keep == keep_results::all) return stored->add(unfinished, make);
  return rare().passing.emplace(t, make()).first->second;
}

// Of one that has not.
task_result& scheduler::impl::new_result(task_index t, bool ends_well) {
  const task_call& c = *records[t].call;
  const auto make = [&] { return task_result{.id = c.id, .agent = c.agent, .task_type = c.task_type}; };
  const bool passes = ends_well && options->keep != keep_results::all;
  return passes ? rare().passing.emplace(t, make()).first->second : stored->add_apart(make);
}

std::span<const task_result* const> scheduler::results() const noexcept { return impl_->results; }

result_list scheduler::take_results() {
  auto& s = *impl_;
  const auto store = std::exchange(s.stored, nullptr);
  if (!store) return {};
  auto& listed = store->listed;
  if (s.results.size() == s.records.size()) {  // without a look at every task, which are far apart
    listed.resize(s.results.size(), boost::container::default_init);
    for (std::size_t i = 0; i < listed.size(); ++i) listed[s.results_of[i]] = s.results[i];
  } else {
    for (auto& [task, result] : std::exchange(s.rare().passing, {})) {
      s.records[task].result = &store->add(1, [&] { return std::move(result); });
    }
    listed.reserve(s.results.size() + s.unfinished);
    for (task_index t = 0; t < s.records.size(); ++t) {
      if (!known(t)) continue;
      const impl::record& r = s.records[t];
      if (r.result) {
        listed.push_back(r.result);
        continue;
      }
      const task_call& c = *r.call;  // of an interrupted run: not ended, for `resume`
      task_result& open = store->add(1, [&] {
        return task_result{
            .id = c.id, .agent = c.agent, .task_type = c.task_type, .state = r.state, .attempts = r.attempts};
      });
      if (r.parent != no_task) open.parent = s.records[r.parent].call->id;  // not forgotten: its subtree is open
      listed.push_back(&open);
    }
  }
  s.results.clear();
  s.results_of.clear();
  return {std::shared_ptr<const task_result* const>(store, listed.data()), listed.size()};
}

}  // namespace corchestra

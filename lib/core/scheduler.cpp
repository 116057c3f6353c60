#include <corchestra/core/scheduler.hpp>

#include "core/scheduler_impl.hpp"

namespace corchestra {

scheduler::scheduler(std::string run_id, run_options options, event_sink sink, std::function<bool(std::string_view)> known_agent)
    : impl_(std::make_unique<impl>()) {
  auto& s = *impl_;
  s.run_id = std::move(run_id);
  s.options = std::move(options);
  s.sink = std::move(sink);
  s.known_agent = std::move(known_agent);
  s.slots = s.options.mode == scheduling_mode::sequential ? 1 : std::max<std::size_t>(1, s.options.limits.max_concurrent_tasks);
  s.open = s.options.stay_open;
  s.random.seed(s.options.seed);
}

scheduler::~scheduler() = default;
scheduler::scheduler(scheduler&&) noexcept = default;
scheduler& scheduler::operator=(scheduler&&) noexcept = default;

bool scheduler::finished() const noexcept { return impl_->ended; }
const std::string& scheduler::run_id() const noexcept { return impl_->run_id; }
const run_options& scheduler::options() const noexcept { return impl_->options; }
run_state scheduler::state() const noexcept { return impl_->state; }
cancel_reason scheduler::cancelled() const noexcept { return impl_->run_cancelled; }
const std::string& scheduler::reason() const noexcept { return impl_->reason; }
std::size_t scheduler::size() const noexcept { return impl_->records.size(); }

task_index scheduler::find(std::string_view id) const noexcept {
  const auto it = impl_->index.find(id);
  return it == impl_->index.end() ? no_task : it->second;
}

const task_call& scheduler::call(task_index task) const { return impl_->records[task].call; }
task_state scheduler::state(task_index task) const { return impl_->records[task].state; }
wait_reason scheduler::waiting(task_index task) const { return impl_->records[task].waiting; }
std::uint32_t scheduler::attempt(task_index task) const { return impl_->records[task].attempts; }
double scheduler::progress(task_index task) const { return impl_->records[task].progress; }
std::optional<time_point> scheduler::started_at(task_index task) const { return impl_->records[task].started; }
cancel_reason scheduler::abort_reason(task_index task) const { return impl_->records[task].why; }
bool scheduler::abort_requested(task_index task) const { return impl_->records[task].aborting; }
const task_result* scheduler::result_of(task_index task) const { return impl_->records[task].result.get(); }
std::size_t scheduler::count(task_state s) const noexcept { return impl_->counts[static_cast<std::size_t>(s)]; }
std::size_t scheduler::unfinished() const noexcept { return impl_->unfinished; }
std::size_t scheduler::slots_in_use() const noexcept { return impl_->slots_in_use; }
const std::vector<task_index>& scheduler::running() const noexcept { return impl_->running; }

std::vector<lock_status> scheduler::locks() const {
  return impl_->locks.status([this](task_index t) { return impl_->records[t].call.id; });
}

}  // namespace corchestra

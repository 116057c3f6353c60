#include <corchestra/core/scheduler.hpp>

#include "core/scheduler_impl.hpp"

namespace corchestra {

detail::scheduler_state::scheduler_state(std::shared_ptr<const run_options> o)
    : options(std::move(o)),
      tally(options->keep == keep_results::all, 0),
      ready(options->order),
      ledger(options->budget),
      retries(options->retry_budget),
      random(options->seed) {}

// A million plain tasks that have ended need not be looked at once more.
detail::scheduler_state::~scheduler_state() {
  if (unfinished == 0 && settling.empty() && !some_own) records.leave();
}

scheduler::impl::impl(std::shared_ptr<const run_options> o) : scheduler_state(std::move(o)) {
  const auto& l = options->limits;
  slots = options->mode == scheduling_mode::sequential ? 1 : std::max<std::size_t>(1, l.max_concurrent_tasks);
  tally.set_slots(slots);
  open = options->stay_open;
  const auto declare = [&](std::string id, detail::resource_kind kind, std::uint32_t capacity, duration period) {
    const auto ok = resources.declare(id, kind, capacity, period);
    if (ok.has_error() && !options_error) options_error = ok.error();
    if (ok.has_value() && kind == detail::resource_kind::pool) pools.emplace(std::move(id), *ok);
  };
  for (const auto& r : options->resources) {
    declare(r.id, r.period ? detail::resource_kind::rate : detail::resource_kind::counter, r.capacity, r.period.value_or(duration{}));
  }
  for (const auto& [name, n] : l.slots_by_agent) declare(concat("\1agent ", name), detail::resource_kind::pool, n, {});
  for (const auto& [name, n] : l.slots_by_task_type) declare(concat("\1type ", name), detail::resource_kind::pool, n, {});
  for (const auto& [name, n] : l.slots_by_key) declare(concat("\1key ", name), detail::resource_kind::pool, n, {});
  for (const auto& [name, g] : options->groups) {
    groups.emplace_back().name = name;
    groups.back().options = g;
  }
  if (const auto w = options->fairness.find(""); w != options->fairness.end()) ready.set_weight(0, w->second);
  if (const auto ok = check_options(*options); ok.has_error() && !options_error) options_error = ok.error();
}

scheduler::own_impl scheduler::make_impl(std::shared_ptr<const run_options> options, std::string&& run_id, event_sink&& sink,
                                         std::pmr::memory_resource& memory) {
  void* const place = memory.allocate(sizeof(impl), alignof(impl));
  own_impl made(nullptr, in_memory{&memory});
  try {
    made.reset(::new (place) impl(std::move(options)));
  } catch (...) {
    memory.deallocate(place, sizeof(impl), alignof(impl));
    throw;
  }
  made->run_id = std::move(run_id);
  made->tell(std::move(sink));
  return made;
}

void scheduler::in_memory::operator()(impl* i) const noexcept {
  std::destroy_at(i);
  memory->deallocate(i, sizeof(impl), alignof(impl));
}

scheduler::scheduler(std::string run_id, run_options&& options, event_sink sink, std::function<bool(std::string_view)> known_agent,
                     std::pmr::memory_resource& memory)
    : impl_(make_impl(std::make_shared<run_options>(std::move(options)), std::move(run_id), std::move(sink), memory)) {
  impl_->own_options = std::const_pointer_cast<run_options>(impl_->options);
  impl_->known_agent = std::move(known_agent);
}

scheduler::scheduler(std::string run_id, const compiled_plan& plan, event_sink sink, std::pmr::memory_resource& memory)
    : impl_(make_impl(std::shared_ptr<const run_options>(plan.image_, &plan.image_->options), std::move(run_id), std::move(sink), memory)) {
  impl_->image = plan.image_;
  impl_->inputs = plan.inputs_;
}

scheduler::~scheduler() = default;
scheduler::scheduler(scheduler&&) noexcept = default;
scheduler& scheduler::operator=(scheduler&&) noexcept = default;

bool scheduler::finished() const noexcept { return impl_->ended; }
const std::string& scheduler::run_id() const noexcept { return impl_->run_id; }
const json* scheduler::inputs() const noexcept { return impl_->inputs.get(); }
const run_options& scheduler::options() const noexcept { return *impl_->options; }
run_state scheduler::state() const noexcept { return impl_->state; }
cancel_reason scheduler::cancelled() const noexcept { return impl_->run_cancelled; }
const std::string& scheduler::reason() const noexcept { return impl_->reason; }
std::size_t scheduler::size() const noexcept { return impl_->records.size(); }

void scheduler::omit_details() noexcept { impl_->details = false; }
void scheduler::ask_of_agents(std::function<bool(std::string_view)> known) { impl_->known_agent = std::move(known); }
void scheduler::tell(event_sink sink, std::initializer_list<event_type> only) { impl_->tell(std::move(sink), only); }
void scheduler::impl::tell(event_sink to, std::initializer_list<event_type> only) {
  static_assert(event_type_count < 32);
  wanted = !to ? 0 : only.size() == 0 ? (1u << event_type_count) - 1 : 0;
  for (const event_type type : only) wanted |= 1u << static_cast<unsigned>(type);
  sink = std::move(to);
}
void scheduler::forget_functions() {
  const auto without = [](run_options& o) {
    o.score = nullptr;
    o.on_error = nullptr;
    o.custom_reducers.clear();
  };
  if (impl_->own_options) return without(*impl_->own_options);
  const auto& o = *impl_->options;
  if (!o.score && !o.on_error && o.custom_reducers.empty()) return;
  auto copy = std::make_shared<run_options>(o);  // the plan's other runs need them; the image keeps what views of the options see
  without(*copy);
  impl_->options = std::move(copy);
}

task_index scheduler::find(std::string_view id) const noexcept {
  return impl_->find(id);
}

task_index scheduler::impl::find(std::string_view id) const noexcept {
  const detail::id_table& ids = shares_ids ? image->ids : index;
  return ids.size() == 0 ? no_task : ids.find(id, detail::id_table::hash(id), id_of());
}

task_index scheduler::impl::need_of(std::string_view depends_on) const noexcept {
  task_index t = find(depends_on);
  if (t != no_task || !depends_on.ends_with("/*")) return t;
  t = find(depends_on.substr(0, depends_on.size() - 2));
  return t == no_task ? t : t | subtree_bit;
}

const task_call& scheduler::call(task_index task) const { return *impl_->records[task].call; }
task_state scheduler::state(task_index task) const { return impl_->records[task].state; }
wait_reason scheduler::waiting(task_index task) const { return impl_->records[task].waiting; }
std::uint32_t scheduler::attempt(task_index task) const { return impl_->records[task].attempts; }
task_index scheduler::parent(task_index task) const { return impl_->records[task].parent; }

std::uint32_t scheduler::iteration(task_index task) const {
  const auto& r = impl_->records[task];
  return r.more ? r.more->iteration : 1;
}

const json* scheduler::previous_output(task_index task) const {
  const auto& r = impl_->records[task];
  return r.more && r.more->has_previous ? &r.more->previous : nullptr;
}

double scheduler::progress(task_index task) const {
  const auto& r = impl_->records[task];
  return r.now_running ? r.now_running->progress : 0;
}

std::optional<time_point> scheduler::started_at(task_index task) const {
  const auto& r = impl_->records[task];
  if (r.result) return r.result->started_at;
  if (r.now_running && r.attempts > 0) return r.now_running->started;
  return std::nullopt;
}

std::string scheduler::stable_id(task_index task) const {
  const auto& r = impl_->records[task];
  if (r.parent == no_task) return r.call->id;
  const std::string own = r.call->id.substr(impl_->records[r.parent].call->id.size());
  return stable_id(r.parent) + own.substr(0, own.size() - (r.more ? r.more->suffix : 0));
}

cancel_reason scheduler::abort_reason(task_index task) const {
  const auto& r = impl_->records[task];
  return r.now_running ? r.now_running->why : cancel_reason::none;
}

bool scheduler::abort_requested(task_index task) const { return impl_->records[task].aborting(); }
std::uint32_t& scheduler::tag(task_index task) { return impl_->records[task].now_running->tag; }
std::uint32_t scheduler::agent_number(task_index task) const { return impl_->kinds[impl_->records[task].kind].agent_number; }
const std::string& scheduler::agent_name(std::uint32_t number) const { return impl_->agents[number].name; }
const task_result* scheduler::result_of(task_index task) const {
  return impl_->records.holds(task) ? impl_->records[task].result : nullptr;
}
std::size_t scheduler::count(task_state s) const noexcept { return impl_->counts[static_cast<std::size_t>(s)]; }
std::size_t scheduler::unfinished() const noexcept { return impl_->unfinished; }
bool scheduler::has_requests() const noexcept {
  return !impl_->aborts.empty() || !impl_->answers.empty() || !impl_->grants.empty();
}
std::size_t scheduler::slots() const noexcept { return impl_->slots; }
std::size_t scheduler::slots_in_use() const noexcept { return impl_->slots_in_use; }
std::span<const task_index> scheduler::running() const noexcept { return impl_->running; }

std::vector<std::pair<task_index, std::string>> scheduler::approvals() const {
  std::vector<std::pair<task_index, std::string>> all;
  for (const task_index t : std::as_const(*impl_).rare().asked) all.emplace_back(t, impl_->records[t].more->question_text);
  return all;
}

std::vector<lock_status> scheduler::locks() const {
  return impl_->resources.status([this](task_index t) { return impl_->records[t].call->id; });
}

std::uint64_t scheduler::fence(task_index task, std::string_view resource) const { return impl_->resources.fence(task, resource); }
const json& scheduler::shared_state() const noexcept {
  static const json nothing = json::object();
  return impl_->state_values.is_null() ? nothing : impl_->state_values;
}
budget_status scheduler::budget() const noexcept { return impl_->ledger.run(); }
std::vector<std::pair<std::string, budget_status>> scheduler::agent_budgets() const { return impl_->ledger.agents(); }

duration_book scheduler::durations() const {
  duration_book book = impl_->options->durations ? *impl_->options->durations : duration_book{};
  for (const auto& l : impl_->all_learnt) {
    const auto& k = impl_->kinds[l.kind];
    if (l.seen.samples > 0) book.set(k.task_type, k.agent, l.seen);
  }
  return book;
}

}  // namespace corchestra

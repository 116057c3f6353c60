// What becomes of an attempt that has ended: the parts of it that plans and users decide.
#include "core/same_answer.hpp"
#include "core/scheduler_impl.hpp"
#include "core/state_reducers.hpp"

namespace corchestra {

bool scheduler::impl::loop_goes_on(const record& r, const task_output& output) const {
  if (!r.rules() || !r.rules()->repeat) return false;
  const auto& loop = *r.rules()->repeat;
  const auto at = at_pointer(output.value, loop.pointer);
  return !at || !detail::same_answer(*at, loop.until);
}

error scheduler::impl::loop_error(const record& r, const task_output& output) const {
  const auto& loop = *r.rules()->repeat;
  const auto at = at_pointer(output.value, loop.pointer);
  return fail(errc::limit_exceeded,
              concat("the loop did not end within ", loop.max_iterations,
                     " iterations: ", loop.pointer.empty() ? "its output" : loop.pointer, " is ",
                     at ? one_line(dump_json(*at), 80) : "missing", ", not ", one_line(dump_json(loop.until), 80)));
}

boxed<error> scheduler::impl::merge_output(const record& r, const task_output& output) {
  if (!r.rules() || r.rules()->state_key.empty()) return {};
  const auto merged = merge_state(state_values, options, r.rules()->state_key, output.value);
  if (merged.has_error()) return in_place(merged.error(), concat("the output of ", quote(r.call->id)));
  return {};
}

// What the user's handler says; when it throws, the standard decision.
error_decision scheduler::impl::decide(task_index t, const error& e, time_point now) {
  const record& r = records[t];
  std::string what;
  try {
    auto decision = options.on_error(*r.call, r.attempts, e);
    // A limit that was hit is never a success.
    if (decision.what == error_decision::action::substitute && r.now_running->capped)
      decision.what = error_decision::action::fail;
    return decision;
  } catch (const std::exception& x) {
    what = x.what();
  } catch (...) {
    what = "something that is not a std::exception";
  }
  publish(event_type::warning, t, now, json{{"message", concat("on_error threw: ", what)}});
  return {};
}

}  // namespace corchestra

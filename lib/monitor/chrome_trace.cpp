#include <corchestra/monitor/chrome_trace.hpp>

#include <functional>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "monitor/concurrency_profile.hpp"

namespace corchestra {

namespace {

constexpr int process = 1;

double microseconds(duration d) { return static_cast<double>(d.count()) / 1000.0; }

ordered_json name_event(std::string_view what, std::string_view name) {
  return {{"name", what}, {"ph", "M"}, {"pid", process}, {"tid", 0}, {"args", {{"name", name}}}};
}

ordered_json attempt_event(const timeline_entry& e, const timeline& t) {
  ordered_json args{{"agent", e.agent},
                    {"attempt", e.attempt},
                    {"state", to_string(e.state)},
                    {"waited_ms", microseconds(*e.started_at - e.queued_at) / 1000.0}};
  if (!e.note.empty()) args["note"] = e.note;
  return {{"name", e.task_id},
          {"cat", e.task_type.empty() ? "task" : e.task_type},
          {"ph", "X"},
          {"ts", microseconds(*e.started_at - t.begin)},
          {"dur", microseconds(e.ended_at.value_or(t.end) - *e.started_at)},
          {"pid", process},
          {"tid", e.lane + 1},
          {"args", std::move(args)}};
}

ordered_json never_started_event(const timeline_entry& e, const timeline& t) {
  ordered_json args{{"agent", e.agent}, {"state", to_string(e.state)}, {"note", e.note}};
  return {{"name", e.task_id + " never started"},
          {"cat", e.task_type.empty() ? "task" : e.task_type},
          {"ph", "i"},
          {"s", "p"},
          {"ts", microseconds(e.ended_at.value_or(t.end) - t.begin)},
          {"pid", process},
          {"tid", 0},
          {"args", std::move(args)}};
}

// Tools of one attempt overlap: asynchronous events have tracks of their own.
void add_tool_events(const timeline& t, const std::function<void(const ordered_json&)>& add) {
  for (std::size_t i = 0; i < t.tools.size(); ++i) {
    const tool_span& s = t.tools[i];
    const auto event = [&](std::string_view phase, time_point at) {
      return ordered_json{
          {"name", s.tool}, {"cat", "tool"},    {"ph", phase}, {"id", i + 1}, {"ts", microseconds(at - t.begin)},
          {"pid", process}, {"tid", s.lane + 1}};
    };
    ordered_json begin = event("b", s.started_at);
    begin["args"] = {{"task", s.task_id}, {"outcome", s.outcome}};
    add(begin);
    add(event("e", s.ended_at));
  }
}

}  // namespace

std::string chrome_trace(const timeline& t) {
  std::string out = "{\"displayTimeUnit\":\"ms\",\"otherData\":";
  out += dump_json(ordered_json{{"run_id", t.run_id}, {"name", t.name}});
  out += ",\"traceEvents\":[\n";
  bool first = true;
  const auto add = [&](const ordered_json& e) {
    if (!first) out += ",\n";
    first = false;
    out += dump_json(e);
  };
  add(name_event("process_name", concat("corchestra run ", t.name.empty() ? t.run_id : t.name)));
  for (std::size_t lane = 1; lane <= t.lanes; ++lane) {
    ordered_json name = name_event("thread_name", concat("lane ", lane)), order = name_event("thread_sort_index", "");
    name["tid"] = order["tid"] = lane;
    order["args"] = {{"sort_index", lane}};
    add(name);
    add(order);
  }
  for (const auto& e : t.entries) add(e.started_at ? attempt_event(e, t) : never_started_event(e, t));
  add_tool_events(t, add);
  for (const auto& s : detail::concurrency_profile(t)) {
    add({{"name", "running"},
         {"ph", "C"},
         {"ts", microseconds(s.at - t.begin)},
         {"pid", process},
         {"args", {{"tasks", s.running}}}});
  }
  return out + "\n]}\n";
}

}  // namespace corchestra

#include "monitor/timeline_rows.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <corchestra/base/text.hpp>

#include "monitor/state_palette.hpp"

namespace corchestra::detail {

namespace {

constexpr std::size_t max_note = 200;
constexpr int longest_joined = 12;  // times `thin`: what hovers shows stays local

// The state and why, in one line.
std::string note_of(const timeline_entry& e) {
  return concat(look_of(e.state).name, e.note.empty() ? "" : ": ", one_line(e.note, max_note));
}

std::string title_of(const timeline_entry& e, const timeline& t) {
  const time_point end = e.ended_at.value_or(t.end);
  const std::string attempt = e.attempt > 1 ? concat(", attempt ", e.attempt) : std::string();
  return concat(e.task_id, e.agent.empty() ? "" : concat(" (", e.agent, ')'), attempt, '\n',
                to_text(end - *e.started_at), ", from ", to_text(*e.started_at - t.begin), " to ",
                to_text(end - t.begin), '\n', note_of(e));
}

timeline_bar bar_of(const timeline_entry& e, const timeline& t, std::size_t row) {
  return {row, *e.started_at, e.ended_at.value_or(t.end), e.state, e.task_id, title_of(e, t)};
}

std::string_view waited_for(time_use u) {
  switch (u) {
    case time_use::deps:
      return " waited for other tasks ";
    case time_use::approval:
      return " waited for approval ";
    case time_use::budget:
      return " waited for budget ";
    case time_use::rate:
      return " waited for a rate limit ";
    case time_use::lock:
      return " waited for a lock ";
    case time_use::backoff:
      return " waited to be tried again ";
    case time_use::paused:
      return " was paused ";
    default:
      return " waited for a slot ";
  }
}

// The parts of a gap, by what they were spent on; false when that is not known.
bool add_parts(timeline_rows& out, std::size_t row, const timeline_entry& e, time_point from,
               const time_attribution* uses) {
  const auto spans = uses ? uses->spans(e.task) : std::vector<time_span>{};
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const time_point begin = std::max(spans[i].from, from);
    const time_point end = std::min(i + 1 < spans.size() ? spans[i + 1].from : *e.started_at, *e.started_at);
    if (spans[i].use == time_use::run || begin >= end) continue;
    out.gaps.push_back(
        {row, begin, end, false, concat(e.task_id, waited_for(spans[i].use), to_text(end - begin)), "", spans[i].use});
  }
  return !spans.empty();
}

void add_gap(timeline_rows& out, std::size_t row, const timeline_entry& e, time_point from, std::string_view what,
             const time_attribution* uses) {
  if (*e.started_at <= from || add_parts(out, row, e, from, uses)) return;
  out.gaps.push_back(
      {row, from, *e.started_at, false, concat(e.task_id, ' ', what, ' ', to_text(*e.started_at - from)), ""});
}

void by_task(timeline_rows& out, const timeline& t, const time_attribution* uses) {
  std::unordered_map<std::string_view, std::size_t> rows;
  std::vector<time_point> last_end;
  for (const auto& e : t.entries) {
    const auto [it, first] = rows.try_emplace(e.task_id, out.labels.size());
    const std::size_t row = it->second;
    if (first) {
      out.labels.push_back(e.task_id);
      last_end.push_back(e.queued_at);
    }
    if (!e.started_at) {
      out.gaps.push_back({row, e.queued_at, e.ended_at.value_or(t.end), true,
                          concat(e.task_id, " never started\n", note_of(e)), note_of(e)});
      continue;
    }
    add_gap(out, row, e, last_end[row], first ? "waited" : "waited to be tried again", uses);
    last_end[row] = e.ended_at.value_or(t.end);
    out.bars.push_back(bar_of(e, t, row));
  }
}

bool joins(const timeline_bar& last, const timeline_bar& next, duration thin) {
  return last.state == next.state && next.to - next.from < thin && (last.attempts > 1 || last.to - last.from < thin) &&
         next.from - last.to < thin && next.to - last.from < longest_joined * thin;
}

void by_lane(timeline_rows& out, const timeline& t, duration thin, const time_attribution* uses) {
  const std::size_t lanes = std::min(t.lanes, timeline_rows::max_lanes);
  out.hidden_rows = t.lanes - lanes;
  for (std::size_t i = 0; i < lanes; ++i) out.labels.push_back(concat(i + 1));
  std::vector<std::optional<std::size_t>> last(lanes);
  for (const auto& e : t.entries) {
    if (!e.started_at || e.lane >= lanes) continue;
    timeline_bar bar = bar_of(e, t, e.lane);
    auto& before = last[e.lane];
    if (before && joins(out.bars[*before], bar, thin)) {
      timeline_bar& all = out.bars[*before];
      all.to = bar.to;
      ++all.attempts;
      all.name = all.title = concat(all.attempts, " attempts, ", look_of(all.state).name);
      continue;
    }
    const time_point free_since = before ? out.bars[*before].to : t.begin;
    if (const time_point from = std::max(e.queued_at, free_since); *e.started_at - from >= thin) {
      add_gap(out, e.lane, e, from, "waited", uses);
    }
    before = out.bars.size();
    out.bars.push_back(std::move(bar));
  }
}

}  // namespace

timeline_rows lay_out(const timeline& t, duration thin, const time_attribution* uses) {
  timeline_rows out;
  std::unordered_set<std::string_view> tasks;
  for (const auto& e : t.entries) {
    tasks.insert(e.task_id);
    if (!e.started_at) ++out.never_started;
  }
  out.tasks = tasks.size();
  out.by_task = out.tasks <= timeline_rows::max_tasks;
  if (out.by_task) {
    by_task(out, t, uses);
  } else {
    by_lane(out, t, thin, uses);
  }
  return out;
}

}  // namespace corchestra::detail

#include <unordered_map>
#include <utility>

#include <corchestra/base/text.hpp>
#include <corchestra/runtime/run_result.hpp>

namespace corchestra {

namespace {

bool is_left(const task_result& r, bool shut_down) {
  using enum cancel_reason;
  return !is_terminal(r.state) ||
         (shut_down && (r.cancelled == shutdown || r.cancelled == parent_cancelled || r.cancelled == abandoned));
}

}  // namespace

std::vector<std::string> run_result::unfinished() const {
  std::unordered_map<std::string_view, const task_result*> by_id;
  std::unordered_map<std::string_view, std::vector<const task_result*>> children;
  std::vector<const task_result*> tops;
  for (const auto& r : results) by_id.emplace(r.id, &r);
  std::unordered_map<const task_result*, bool> shown;  // itself is left, or something beneath it
  for (const auto& r : results) {
    if (!is_left(r, cancelled == cancel_reason::shutdown)) continue;
    for (const task_result* up = &r; up && !std::exchange(shown[up], true);) {
      const auto above = up->parent.empty() ? by_id.end() : by_id.find(up->parent);
      const task_result* parent = above == by_id.end() ? nullptr : above->second;
      (parent ? children[parent->id] : tops).push_back(up);
      up = parent;
    }
  }
  std::vector<std::string> lines;
  std::vector<std::pair<const task_result*, std::size_t>> todo;
  const auto push = [&](const std::vector<const task_result*>& some, std::size_t depth) {
    for (auto it = some.rbegin(); it != some.rend(); ++it) todo.emplace_back(*it, depth);
  };
  push(tops, 0);
  while (!todo.empty()) {
    const auto [r, depth] = todo.back();
    todo.pop_back();
    lines.push_back(concat(std::string(2 * depth, ' '), r->id, " ", to_string(r->state)));
    if (const auto it = children.find(r->id); it != children.end()) push(it->second, depth + 1);
  }
  return lines;
}

}  // namespace corchestra

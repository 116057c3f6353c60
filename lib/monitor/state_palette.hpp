#pragma once

#include <string_view>

#include <corchestra/core/task_state.hpp>

namespace corchestra::detail {

/// How a bar is drawn and called. The colours are Okabe and Ito's, told apart by the colour-blind too.
struct state_look {
  std::string_view name, css_class, light, dark;  ///< fill on a light and on a dark page
  std::string_view ink;                           ///< of text inside the bar
};

constexpr state_look look_of(task_state s) noexcept {
  switch (s) {
    case task_state::completed:
      return {"completed", "c", "#00875f", "#009e73", "#ffffff"};
    case task_state::failed:
      return {"failed", "f", "#d55e00", "#e06a0c", "#ffffff"};
    case task_state::timeout:
      return {"timeout", "o", "#e69f00", "#e69f00", "#1a1a1a"};
    case task_state::cancelled:
      return {"cancelled", "x", "#767b81", "#8a9097", "#ffffff"};
    case task_state::skipped:
      return {"skipped", "s", "#b4bac1", "#5d656e", "#1a1a1a"};
    case task_state::limit_exceeded:
      return {"limit exceeded", "l", "#c26a97", "#cc79a7", "#ffffff"};
    case task_state::running:
      return {"running", "r", "#0072b2", "#2f8fcb", "#ffffff"};
    case task_state::pending:
    case task_state::waiting:
    case task_state::ready:
      break;
  }
  return {"failed, tried again", "a", "#56b4e9", "#56b4e9", "#1a1a1a"};
}

inline constexpr task_state drawn_states[] = {task_state::completed, task_state::failed,  task_state::timeout,
                                              task_state::cancelled, task_state::skipped, task_state::limit_exceeded,
                                              task_state::running,   task_state::waiting};

}  // namespace corchestra::detail

#pragma once

#include <string_view>

#include <corchestra/core/task_state.hpp>
#include <corchestra/core/time_attribution.hpp>

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

/// How waiting is drawn: muted, so that bars stand out.
struct use_look {
  std::string_view name, css_class, light, dark;
};

constexpr use_look look_of(time_use u) noexcept {
  switch (u) {
    case time_use::deps:
      return {"other tasks", "wd", "#b7c6da", "#42546b"};
    case time_use::approval:
      return {"approval", "wa", "#ead9a0", "#6b5f33"};
    case time_use::budget:
      return {"budget", "wb", "#e3bfd3", "#6b4659"};
    case time_use::rate:
      return {"rate limit", "wr", "#cbbfe6", "#55497a"};
    case time_use::lock:
      return {"lock", "wl", "#eec3a6", "#75503a"};
    case time_use::backoff:
      return {"back-off", "wo", "#b5dcea", "#37606e"};
    case time_use::paused:
      return {"paused", "wp", "#c5c5c5", "#555555"};
    case time_use::child:
      return {"child", "wc", "#bfe3d3", "#35604f"};
    case time_use::slot:
    case time_use::run:
      break;
  }
  return {"slot", "ws", "#d8dee6", "#3a424c"};
}

inline constexpr task_state drawn_states[] = {task_state::completed, task_state::failed,  task_state::timeout,
                                              task_state::cancelled, task_state::skipped, task_state::limit_exceeded,
                                              task_state::running,   task_state::waiting};

}  // namespace corchestra::detail

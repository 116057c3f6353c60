#pragma once

#include <string_view>

namespace corchestra::detail {

/// The marks of console lines: Unicode by default, plain letters for terminals and logs that garble it.
struct glyphs {
  std::string_view run, completed, failed, stats, warning, skipped, stopped, started, retry, note, question;
  std::string_view times, ellipsis, separator, rule;
  std::string_view bar_full, bar_empty;
};

inline constexpr glyphs unicode_glyphs{
    "⚡", "✓", "✗", "📊", "⚠", "⊘", "■", "▶", "↻", "•", "?", "×", "…", " · ", "─", "█", "░",
};
inline constexpr glyphs ascii_glyphs{
    ">>", "OK", "FAIL", "==", "WARN", "SKIP", "STOP", "->", "RETRY", "--", "?", "x", "...", ", ", "-", "#", ".",
};

constexpr const glyphs& glyphs_for(bool ascii) noexcept { return ascii ? ascii_glyphs : unicode_glyphs; }

}  // namespace corchestra::detail

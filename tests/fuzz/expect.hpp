#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace corchestra::fuzz {

/// Ends the process, which libFuzzer takes for a finding.
inline void expect(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The first byte as a number, for choices that the input makes; it is taken off.
inline std::size_t take_choice(std::string_view& text) {
  if (text.empty()) return 0;
  const auto n = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  return n;
}

/// A message is one bounded line.
inline void expect_message(const std::string& message) {
  expect(message.size() < 2000, "a message is bounded");
  for (const unsigned char c : message) expect(c >= 0x20 && c != 0x7f, "a message has no control characters");
}

}  // namespace corchestra::fuzz

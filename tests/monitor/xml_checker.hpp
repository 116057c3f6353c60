#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corchestra::tests {

/// What keeps `text` from being well-formed XML, as far as it is used here: nesting, one root, quoted attributes that
/// occur once, known entities, no control characters. Empty when nothing does.
inline std::string xml_error(std::string_view text) {
  std::vector<std::string> open;
  std::size_t roots = 0;
  const auto bad_text = [](std::string_view s) {
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (static_cast<unsigned char>(s[i]) < 0x20 && s[i] != '\n' && s[i] != '\t') return true;
      if (s[i] != '&') continue;
      const std::string_view name = s.substr(i, s.find(';', i) + 1 - i);
      if (name != "&amp;" && name != "&lt;" && name != "&gt;" && name != "&quot;") return true;
    }
    return false;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t tag = text.find('<', at);
    if (bad_text(text.substr(at, tag - at))) return "bad text at " + std::to_string(at);
    if (tag == std::string_view::npos) break;
    std::size_t end = tag + 1;
    for (bool quoted = false; end < text.size() && (quoted || text[end] != '>'); ++end) quoted ^= text[end] == '"';
    if (end >= text.size()) return "a tag without end at " + std::to_string(tag);
    std::string_view body = text.substr(tag + 1, end - tag - 1);
    at = end + 1;
    if (body.starts_with('/')) {
      if (open.empty() || open.back() != body.substr(1)) return "unexpected <" + std::string(body) + ">";
      open.pop_back();
      continue;
    }
    const bool empty = body.ends_with('/');
    if (empty) body.remove_suffix(1);
    std::size_t name_end = std::min(body.find(' '), body.size());
    const std::string name(body.substr(0, name_end));
    std::vector<std::string> attributes;
    while (name_end < body.size()) {
      const std::size_t equals = body.find("=\"", name_end);
      const std::size_t close = equals == std::string_view::npos ? equals : body.find('"', equals + 2);
      if (close == std::string_view::npos) return "a bad attribute in <" + name + ">";
      attributes.emplace_back(body.substr(name_end + 1, equals - name_end - 1));
      for (std::size_t i = 0; i + 1 < attributes.size(); ++i)
        if (attributes[i] == attributes.back()) return "attribute " + attributes.back() + " twice in <" + name + ">";
      const std::string_view value = body.substr(equals + 2, close - equals - 2);
      if (bad_text(value) || value.find('<') != std::string_view::npos) return "a bad value in <" + name + ">";
      name_end = close + 1;
    }
    if (open.empty()) ++roots;
    if (!empty) open.push_back(name);
  }
  if (!open.empty()) return "<" + open.back() + "> is not closed";
  return roots == 1 ? "" : std::to_string(roots) + " roots";
}

}  // namespace corchestra::tests

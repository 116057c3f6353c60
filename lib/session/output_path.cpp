#include "session/output_path.hpp"

#include <string>

#include <corchestra/net/digest.hpp>

namespace corchestra {

namespace {

constexpr std::size_t longest_name = 180;  // of 255: room for extension and temporary suffix
constexpr std::size_t digest_length = 16;

bool safe(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c >= 0x80;
}

void append_escaped(std::string& out, unsigned char c) {
  static constexpr char digits[] = "0123456789ABCDEF";
  out += '%';
  out += digits[c >> 4];
  out += digits[c & 15];
}

// `~` is never written otherwise, so a shortened name is no other's. Cut before an escape or a UTF-8 sequence, not in
// it.
std::string shorten(std::string name) {
  if (name.size() <= longest_name) return name;
  const std::string digest = net::sha256_hex(name).substr(0, digest_length);
  std::size_t cut = longest_name - digest_length - 1;
  while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0) == 0x80) --cut;
  name.resize(cut);
  return name + '~' + digest;
}

std::string escape_segment(std::string_view segment, bool folder) {
  std::string out;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const auto c = static_cast<unsigned char>(segment[i]);
    if (!safe(c) || (c == '.' && i == 0)) {
      append_escaped(out, c);
    } else {
      out += segment[i];
    }
  }
  // A folder must not be named like the output file of another task.
  for (const std::string_view extension : {".txt", ".json"}) {
    if (folder && out.ends_with(extension)) out.replace(out.size() - extension.size(), 1, "%2E");
  }
  return shorten(std::move(out));
}

bool has_empty_segment(std::string_view id) {
  return id.empty() || id.front() == '/' || id.back() == '/' || id.find("//") != std::string_view::npos;
}

}  // namespace

std::filesystem::path output_path(std::string_view task_id, std::string_view extension) {
  std::filesystem::path path;
  if (has_empty_segment(task_id)) {
    path = escape_segment(task_id, false);  // one name: its slashes are escaped
  } else {
    for (std::size_t at; (at = task_id.find('/')) != std::string_view::npos; task_id.remove_prefix(at + 1))
      path /= escape_segment(task_id.substr(0, at), true);
    path /= escape_segment(task_id, false);
  }
  path += extension;
  return path;
}

}  // namespace corchestra

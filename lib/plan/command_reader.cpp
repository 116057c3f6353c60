#include "plan/command_reader.hpp"

#include <algorithm>

#include "plan/byte_size.hpp"

namespace corchestra::plan_file {

namespace {

bool has_nul(const std::string& s) { return s.find('\0') != std::string::npos; }

void read_argv(const field& f, command_spec& a) {
  constexpr std::string_view what = "a list of a program and its arguments";
  a.argv = f.texts(what);
  if (f.is_list() && (a.argv.empty() || a.argv.front().empty())) f.fail(concat("expected ", what, ", got no program"));
  if (std::any_of(a.argv.begin(), a.argv.end(), has_nul)) f.fail("an argument must not contain a NUL character");
}

void read_environment(const field& f, command_spec& a) {
  if (!f.is_object()) f.expected("an object");
  for (std::size_t i = 0; const field& variable : f.members()) {
    const std::string& name = f.value().keys[i++];
    std::string value = variable.text();
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value))
      variable.fail("not an environment variable: no '=' in its name, no NUL character");
    a.env.emplace(name, std::move(value));
  }
}

void read_process_limits(const field& f, command_spec& a) {
  if (!f.object({"memory", "cpu_time", "open_files"})) return;
  if (const auto x = f.member("memory")) a.limits.memory_bytes = read_byte_size(*x, 1024);
  if (const auto x = f.member("cpu_time")) a.limits.cpu_time = x->time_span();
  if (const auto x = f.member("open_files"))
    a.limits.open_files = static_cast<std::uint32_t>(x->integer(4, 1'000'000'000));
}

}  // namespace

void read_command(const field& f, command_spec& a) {
  if (const auto x = f.required("argv")) read_argv(*x, a);
  if (const auto x = f.member("cwd")) a.cwd = x->non_empty("a folder");
  if (const auto x = f.member("env")) read_environment(*x, a);
  if (const auto x = f.member("limits")) read_process_limits(*x, a);
}

}  // namespace corchestra::plan_file

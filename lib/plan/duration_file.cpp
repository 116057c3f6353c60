#include <corchestra/plan/duration_file.hpp>

#include <algorithm>
#include <cmath>

#include <corchestra/base/text.hpp>
#include "base/text_file.hpp"
#include "plan/parse.hpp"

namespace corchestra {

namespace {

constexpr std::size_t max_file_bytes = 256u << 20;
constexpr double longest_seconds = 100.0 * 366 * 24 * 3600;
constexpr std::string_view expected = "expected seconds such as 2.5, or a duration such as 1m30s";

std::optional<duration> to_duration(const json& value) {
  if (value.is_number()) {
    const double seconds = value.get<double>();
    if (!(seconds >= 0 && seconds <= longest_seconds)) return std::nullopt;
    return from_seconds(seconds);
  }
  if (!value.is_string()) return std::nullopt;
  const result<duration> parsed = parse_duration(value.get_ref<const std::string&>());
  return parsed ? std::optional(*parsed) : std::nullopt;
}

result<std::map<std::string, duration>> read_tasks(const json& tasks, std::string_view source) {
  std::map<std::string, duration> out;
  if (!tasks.is_object())
    return fail(errc::invalid_argument, concat(source, ": tasks: expected an object of durations by task id"));
  for (const auto& [id, value] : tasks.items()) {
    const std::optional<duration> d = to_duration(value);
    if (!d)
      return fail(errc::invalid_argument,
                  concat(source, ": ", one_line(id, 200), ": ", expected, ", got ", one_line(dump_json(value), 80)));
    out.emplace(id, *d);
  }
  return out;
}

/// The next cell of a CSV line, without its quotes, and what follows it.
std::string take_cell(std::string_view& line) {
  std::string cell;
  if (line.starts_with('"')) {
    std::size_t at = 1;
    for (; at < line.size(); ++at) {
      if (line[at] == '"' && (at + 1 == line.size() || line[++at] != '"')) break;
      cell += line[at];
    }
    line.remove_prefix(std::min(line.find(',', at), line.size()));
  } else {
    const std::size_t end = std::min(line.find(','), line.size());
    cell = trim(line.substr(0, end));
    line.remove_prefix(end);
  }
  if (!line.empty()) line.remove_prefix(1);
  return cell;
}

}  // namespace

result<duration_file> parse_durations_json(std::string_view text, std::string_view source) {
  result<json> parsed = parse_json(text);
  if (!parsed) return in_place(parsed.error(), source);
  if (!parsed->is_object())
    return fail(errc::invalid_argument,
                concat(source, ": expected an object of durations, got ", one_line(dump_json(*parsed), 80)));
  duration_file out;
  const auto is_part = [&](const char* key) { return parsed->contains(key) && (*parsed)[key].is_object(); };
  if (!is_part("types") && !is_part("agents") && !is_part("tasks")) {
    auto tasks = read_tasks(*parsed, source);
    if (!tasks) return tasks.error();
    out.tasks = std::move(*tasks);
    return out;
  }
  if (const auto found = parsed->find("tasks"); found != parsed->end()) {
    auto tasks = read_tasks(*found, source);
    if (!tasks) return tasks.error();
    out.tasks = std::move(*tasks);
    parsed->erase("tasks");
  }
  result<duration_book> book = duration_book::from_json_value(*parsed);
  if (!book) return in_place(book.error(), source);
  out.book = std::move(*book);
  return out;
}

result<duration_file> parse_durations_csv(std::string_view text, std::string_view source) {
  duration_file out;
  for (int line = 1; !text.empty(); ++line) {
    std::string_view rest = trim(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (rest.empty() || rest.starts_with('#')) continue;
    const std::string id = take_cell(rest);
    const std::string value = take_cell(rest);
    const std::optional<duration> d = to_duration(plan_file::plain_scalar(value));
    if (!d && line == 1) continue;  // a heading
    if (!d || id.empty())
      return fail(errc::invalid_argument, concat(source, ":", line, ": ", d ? "expected a task id" : expected, ", got ",
                                                 quote(d ? id : value)));
    out.tasks.insert_or_assign(id, *d);
  }
  return out;
}

result<duration_file> load_duration_file(const std::filesystem::path& file) {
  const result<std::string> text = detail::read_text_file(file, max_file_bytes);
  if (!text) return text.error();
  return to_lower(file.extension().string()) == ".csv" ? parse_durations_csv(*text, file.string())
                                                       : parse_durations_json(*text, file.string());
}

result<duration_book> load_durations(const std::filesystem::path& file) {
  result<duration_file> loaded = load_duration_file(file);
  if (!loaded) return loaded.error();
  return std::move(loaded->book);
}

std::size_t apply_durations(task_plan& plan, const duration_file& durations) {
  if (!durations.book.empty()) plan.options.durations = std::make_shared<const duration_book>(durations.book);
  std::size_t given = 0;
  for (task_call& t : plan.tasks) {
    const auto found = durations.tasks.find(t.id);
    if (found == durations.tasks.end() || (t.rules && t.rules->expected_duration)) continue;
    t.rules.get_or_emplace().expected_duration = found->second;
    ++given;
  }
  return given;
}

}  // namespace corchestra

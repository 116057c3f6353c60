#include <corchestra/plan/duration_file.hpp>

#include <algorithm>
#include <cmath>

#include <corchestra/base/text.hpp>
#include "base/text_file.hpp"
#include "plan/parse.hpp"

namespace corchestra {

namespace {

constexpr std::size_t max_file_bytes = 256u << 20;
constexpr double longest_seconds = 36'500.0 * 24 * 3600;
constexpr std::string_view expected = "expected seconds such as 2.5, or a duration such as 1m30s, at most 36500d";

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

/// Takes a quoted column from the front of a line. Absent: it does not end.
std::optional<std::string> take_quoted(std::string_view& line) {
  std::string column;
  for (;;) {
    line.remove_prefix(1);
    const std::size_t mark = line.find('"');
    if (mark == std::string_view::npos) return std::nullopt;
    column += line.substr(0, mark);
    line.remove_prefix(mark + 1);
    if (!line.starts_with('"')) return column;
    column += '"';
  }
}

result<std::vector<std::string>> columns_of(std::string_view line) {
  std::vector<std::string> columns;
  for (;; line.remove_prefix(1)) {
    if (line.starts_with('"')) {
      auto column = take_quoted(line);
      if (!column) return fail(errc::invalid_argument, "a quoted column does not end");
      if (!line.empty() && line.front() != ',')
        return fail(errc::invalid_argument, concat("expected a comma after a quoted column, got ", quote(line, 80)));
      columns.push_back(std::move(*column));
    } else {
      const std::string_view plain = line.substr(0, line.find(','));
      columns.emplace_back(trim(plain));
      line.remove_prefix(plain.size());
    }
    if (line.empty()) return columns;
  }
}

bool is_heading(const std::string& column) {
  const std::string word = to_lower(column);
  return word == "seconds" || word == "duration" || word == "expected_duration";
}

result<void> read_line(std::string_view line, bool first, std::map<std::string, duration>& tasks) {
  const auto columns = columns_of(line);
  if (!columns) return columns.error();
  if (columns->size() != 2)
    return fail(errc::invalid_argument, concat("expected a task id and its duration, and got ", columns->size(),
                                               columns->size() == 1 ? " column" : " columns"));
  const std::string &id = columns->front(), &value = columns->back();
  if (first && is_heading(value)) return {};
  if (id.empty()) return fail(errc::invalid_argument, "expected a task id, got ''");
  const std::optional<duration> d = to_duration(plan_file::plain_scalar(value));
  if (!d)
    return fail(errc::invalid_argument,
                concat(expected, ", got ", quote(value), first ? "; a heading is: task,seconds" : ""));
  tasks.insert_or_assign(id, *d);
  return {};
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
  if (const int line = plan_file::first_bad_utf8_line(text))
    return fail(errc::invalid_argument, concat(source, ":", line, ": the text is not UTF-8"));
  duration_file out;
  bool first = true;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (line.empty() || line.starts_with('#')) continue;
    if (const auto read = read_line(line, std::exchange(first, false), out.tasks); !read)
      return in_place(read.error(), concat(source, ":", number));
  }
  if (out.tasks.empty())
    return fail(errc::invalid_argument,
                concat(source, ": expected lines of a task id and its duration, such as: load,2.5"));
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

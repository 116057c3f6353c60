#include "session/output_folder.hpp"

#include <array>
#include <fstream>
#include <system_error>

#include <corchestra/base/text.hpp>

#include "session/output_path.hpp"

namespace corchestra {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view source = "session";
constexpr std::array owned = {"durations.json", "events.jsonl", "results.jsonl",
                              "summary.json",   "timeline.svg", "trace.json"};

// Its name until the run begins.
fs::path early(const fs::path& folder, const char* name) { return folder / concat(".", name, ".new"); }

void remove_output(const fs::path& folder, const std::string& task_id) {
  std::error_code ignored;
  for (const std::string_view extension : {".txt", ".json"}) {
    const fs::path file = folder / "outputs" / output_path(task_id, extension);
    fs::remove(file, ignored);
    // Folders of children, where nothing else is left in them.
    for (fs::path up = file.parent_path(); up != folder && fs::remove(up, ignored); up = up.parent_path()) {
    }
  }
}

// What an earlier run left: its results name its outputs.
void remove_earlier_run(const fs::path& folder) {
  {
    std::ifstream in(folder / "results.jsonl", std::ios::binary);
    for (std::string line; std::getline(in, line);) {
      const auto record = parse_json(line);
      if (record.has_value() && record->is_object() && record->contains("id") && (*record)["id"].is_string())
        remove_output(folder, (*record)["id"].get<std::string>());
    }
  }
  std::error_code ignored;
  for (const char* name : owned) fs::remove(folder / name, ignored);
}

}  // namespace

result<output_folder> output_folder::open(fs::path path, bool force, redactor redact, logger log) {
  std::error_code ec;
  output_folder f;
  f.path_ = std::move(path);
  f.redact_ = std::move(redact);
  f.log_ = std::move(log);
  const auto status = fs::status(f.path_, ec);
  if (fs::exists(status)) {
    const std::string name = quote(f.path_.string(), 300);
    if (!fs::is_directory(status)) return fail(errc::file_error, concat("output ", name, " is not a folder"));
    const bool empty = fs::is_empty(f.path_, ec);
    if (ec) return file_failure("read the folder", f.path_, ec.value());
    if (!empty && !force)
      return fail(errc::file_error,
                  concat("output folder ", name,
                         " is not empty: choose another, or replace an earlier run's files with --force"));
  } else {
    fs::create_directories(f.path_, ec);
    if (ec) return file_failure("make the folder", f.path_, ec.value());
    f.made_ = true;
  }
  auto lock = folder_lock::take(f.path_);
  if (lock.has_error()) return lock.error();
  f.lock_ = std::move(*lock);
  auto events = line_file::create(early(f.path_, "events.jsonl"));
  if (events.has_error()) return events.error();
  auto results = line_file::create(early(f.path_, "results.jsonl"));
  if (results.has_error()) return results.error();
  f.events_ = std::move(*events);
  f.results_ = std::move(*results);
  return f;
}

void output_folder::begin() {
  remove_earlier_run(path_);
  note(events_.move_to(path_ / "events.jsonl"));
  note(results_.move_to(path_ / "results.jsonl"));
}

void output_folder::add_event(const ordered_json& record) { note(events_.append(redact_(dump_json(record)))); }

void output_folder::add_result(const ordered_json& record) {
  const auto added = results_.append(redact_(dump_json(record)));
  if (added.has_error()) ++lost_results_;
  note(added);
}

void output_folder::write_output(const task_result& r) {
  if (!r.success()) return;
  const bool text = r.output.value.is_string();
  const fs::path file = fs::path("outputs") / output_path(r.id, text ? ".txt" : ".json");
  write(file.string(), text ? r.output.value.get_ref<const std::string&>() : dump_json(r.output.value, 2) + '\n');
}

void output_folder::write(std::string_view name, std::string_view content) {
  note(write_file_atomically(path_ / name, redact_(std::string(content))));
}

void output_folder::discard() {
  std::error_code ignored;
  events_ = {};
  results_ = {};
  for (const char* name : {"events.jsonl", "results.jsonl"}) fs::remove(early(path_, name), ignored);
  if (made_) fs::remove(path_, ignored);
}

void output_folder::note(const result<void>& outcome) {
  if (outcome.has_value() || failure_) return;
  failure_ = outcome.error();
  log_.error(source, failure_->message);
}

}  // namespace corchestra

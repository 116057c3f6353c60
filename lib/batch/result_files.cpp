#include "batch/result_files.hpp"

#include <corchestra/base/text.hpp>

#include "batch/recovered_line.hpp"
#include "batch/result_line.hpp"
#include "batch/tail_reader.hpp"

namespace corchestra::batch {

namespace {

error no_result(const line_file& file, std::int64_t at) {
  return fail(errc::file_error,
              concat(quote(file.path().string(), 300), ": at byte ", at, " is a line that is no result of this batch"));
}

// Takes in what a file has beyond what the state knows of it; a file that is shorter than that is read anew.
// `counted`: requests that the totals have already.
result<void> recover(line_file& file, std::int64_t& known_bytes, line_state what,
                     const std::set<std::uint64_t>& counted, const llm::price_table* prices, batch_state& state) {
  const bool anew = file.size() < known_bytes;  // the totals know of what it had
  if (anew) {
    state.lines.replace(what, line_state::pending);
    if (what == line_state::failed) state.totals.failures.clear();
    known_bytes = 0;
  }
  const auto read = read_tail(file, known_bytes, [&](std::string_view line, std::int64_t at) -> result<void> {
    const auto index = index_of_result(line);
    if (!index || *index >= state.lines.size()) return no_result(file, at);
    state.lines.set(*index, what);
    const bool count = anew ? what == line_state::failed : !counted.contains(*index);
    if (count) count_recovered(line, what, prices, state);
    return {};
  });
  known_bytes = file.size();
  return read;
}

char mark_of(line_state what) { return what == line_state::done ? '+' : '-'; }

}  // namespace

result_files::paths::paths(const std::filesystem::path& out) : output(out), errors(out), state(out), ahead(out) {
  const std::string end = out.extension().string();
  errors.replace_extension(end.empty() ? ".errors.jsonl" : ".errors" + end);
  state.replace_extension(".state.db");
  ahead.replace_extension(".ahead.jsonl");
}

result<result_files> result_files::open(const paths& p, bool ordered, const llm::price_table* prices,
                                        batch_state& state) {
  auto output = line_file::open(p.output);
  if (output.has_error()) return output.error();
  auto errors = line_file::open(p.errors);
  if (errors.has_error()) return errors.error();
  result_files files(std::move(*output), std::move(*errors));
  files.ordered_ = ordered;
  std::error_code ignored;
  const bool any_ahead = ordered || std::filesystem::exists(p.ahead, ignored);
  std::set<std::uint64_t> counted;
  if (any_ahead) {
    auto ahead = line_file::open(p.ahead);
    if (ahead.has_error()) return ahead.error();
    files.ahead_file_ = std::move(*ahead);
    auto known = files.counted_ahead(state);
    if (known.has_error()) return known.error();
    counted = std::move(*known);
  }
  if (auto done = recover(files.output_, state.output_bytes, line_state::done, counted, prices, state);
      done.has_error())
    return done.error();
  if (auto done = recover(files.errors_, state.errors_bytes, line_state::failed, counted, prices, state);
      done.has_error())
    return done.error();
  if (!any_ahead) return files;
  if (auto done = files.recover_ahead(prices, state); done.has_error()) return done.error();
  if (ordered) return files;
  while (!files.ahead_.empty()) {
    if (auto done = files.take(files.ahead_.begin()->first, state); done.has_error()) return done.error();
  }
  if (auto done = files.flush(state); done.has_error()) return done.error();
  if (auto done = files.drop_ahead(state); done.has_error()) return done.error();
  return files;
}

result<void> result_files::read_ahead(
    const batch_state& state,
    const std::function<void(std::uint64_t index, line_state what, std::string_view line, std::int64_t at)>& on_line) {
  return read_tail(ahead_file_, 0, [&](std::string_view line, std::int64_t at) -> result<void> {
    const bool marked = line.starts_with('+') || line.starts_with('-');
    const auto index = marked ? index_of_result(line.substr(1)) : std::nullopt;
    if (!index || *index >= state.lines.size()) return no_result(ahead_file_, at);
    on_line(*index, line.front() == '+' ? line_state::done : line_state::failed, line.substr(1), at);
    return {};
  });
}

result<std::set<std::uint64_t>> result_files::counted_ahead(const batch_state& state) {
  std::set<std::uint64_t> counted;
  const auto read = read_ahead(state, [&](std::uint64_t index, line_state, std::string_view, std::int64_t at) {
    if (at < state.ahead_bytes) counted.insert(index);
  });
  if (read.has_error()) return read.error();
  return counted;
}

// A line in there that has not got into its file is a result all the same.
result<void> result_files::recover_ahead(const llm::price_table* prices, batch_state& state) {
  const auto read =
      read_ahead(state, [&](std::uint64_t index, line_state what, std::string_view line, std::int64_t at) {
        if (state.lines.at(index) != line_state::pending) return;
        ahead_[index] = {what, at + 1, line.size()};
        if (at >= state.ahead_bytes) count_recovered(line, what, prices, state);
      });
  state.ahead_bytes = ahead_file_.size();
  return read;
}

void result_files::expect(std::uint64_t index, semaphore::permit place) {
  if (ordered_) turns_.emplace_back(index, std::move(place));
}

void result_files::add(std::uint64_t index, line_state what, const std::function<void(std::string&)>& append,
                       batch_state& state) {
  std::string& text = what == line_state::done ? output_text_ : errors_text_;
  append(text);
  text += '\n';
  state.lines.set(index, what);
}

void result_files::put(std::uint64_t index, line_state what, const std::function<void(std::string&)>& append,
                       batch_state& state) {
  if (!ordered_) return add(index, what, append, state);
  if (!turns_.empty() && turns_.front().first == index) {
    turns_.pop_front();
    return add(index, what, append, state);
  }
  ahead_text_ += mark_of(what);
  const std::size_t begin = ahead_text_.size();
  append(ahead_text_);
  ahead_[index] = {what, ahead_file_.size() + static_cast<std::int64_t>(begin), ahead_text_.size() - begin};
  ahead_text_ += '\n';
}

// What has come before its turn, and now has it.
result<void> result_files::take(std::uint64_t index, batch_state& state) {
  const auto found = ahead_.find(index);
  const auto line = ahead_file_.read(found->second.offset, found->second.size);
  if (line.has_error()) return line.error();
  add(index, found->second.what, [&line](std::string& text) { text += *line; }, state);
  ahead_.erase(found);
  return {};
}

result<void> result_files::take_turns(batch_state& state) {
  while (!turns_.empty() && ahead_.contains(turns_.front().first)) {
    if (auto taken = take(turns_.front().first, state); taken.has_error()) return taken;
    turns_.pop_front();
  }
  return {};
}

result<void> result_files::flush(batch_state& state) {
  if (!ahead_text_.empty()) {
    if (auto done = ahead_file_.append_block(ahead_text_); done.has_error()) return done;
    ahead_text_.clear();
  }
  if (auto done = take_turns(state); done.has_error()) return done;
  if (auto done = output_.append_block(output_text_); done.has_error()) return done;
  output_text_.clear();
  if (auto done = errors_.append_block(errors_text_); done.has_error()) return done;
  errors_text_.clear();
  state.output_bytes = output_.size();
  state.errors_bytes = errors_.size();
  state.ahead_bytes = ahead_file_.size();
  constexpr std::int64_t worth_a_save = 1 << 20;
  return ahead_file_.size() > worth_a_save ? drop_ahead(state) : result<void>();
}

// The state first: what is cut off must be known to be in its file, and in the totals.
result<void> result_files::drop_ahead(batch_state& state) {
  if (!ahead_.empty() || ahead_file_.size() == 0) return {};
  state.ahead_bytes = 0;
  if (auto saved = state.save(); saved.has_error()) return saved;
  return ahead_file_.cut(0);
}

result<void> result_files::forget_failures() {
  std::erase_if(ahead_, [](const auto& a) { return a.second.what == line_state::failed; });
  return errors_.cut(0);
}

}  // namespace corchestra::batch

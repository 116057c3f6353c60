#include "batch/id_check.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <queue>

#include "store/line_file.hpp"

namespace corchestra::batch {

namespace {

constexpr std::size_t most_suspects = 1000;
constexpr std::size_t most_alike = 16;  // lines of one hash: more say nothing new

error temporary_file(std::string_view verb) { return file_failure(verb, "a temporary file", errno); }

}  // namespace

/// Sees the entries in order and notes those whose hash is that of another.
class id_check::suspicion {
 public:
  void see(const entry& e) {
    if (alike_.empty() || alike_.front().hash != e.hash) {
      note();
      alike_.clear();
    }
    if (alike_.size() < most_alike) alike_.push_back(e);
  }
  std::set<std::uint64_t> lines() {
    note();
    std::set<std::uint64_t> all;
    for (const auto& [second, group] : first_)
      for (const entry& e : group) all.insert(e.line);
    return all;
  }

 private:
  void note() {
    if (alike_.size() < 2) return;
    first_.emplace(alike_[1].line, alike_);
    if (first_.size() > most_suspects) first_.erase(std::prev(first_.end()));
  }

  std::vector<entry> alike_;
  std::map<std::uint64_t, std::vector<entry>> first_;  // by the second line of each
};

/// One run of the file, a block at a time.
class id_check::sorted_run {
 public:
  sorted_run(std::FILE* file, std::size_t begin, std::size_t end, std::size_t block)
      : file_(file), next_(begin), end_(end), block_(block) {}

  const entry& front() const { return entries_[at_]; }
  /// Whether there is another one.
  result<bool> advance() {
    if (++at_ < entries_.size()) return true;
    entries_.resize(std::min(block_, end_ - next_));
    at_ = 0;
    if (entries_.empty()) return false;
    if (std::fseek(file_, static_cast<long>(next_ * sizeof(entry)), SEEK_SET) != 0) return temporary_file("read");
    if (std::fread(entries_.data(), sizeof(entry), entries_.size(), file_) != entries_.size())
      return temporary_file("read");
    next_ += entries_.size();
    return true;
  }

 private:
  std::FILE* file_;
  std::size_t next_, end_, block_, at_ = 0;
  std::vector<entry> entries_;
};

result<void> id_check::add(std::string_view id, std::uint64_t line) {
  entries_.push_back({std::hash<std::string_view>()(id), line});
  return entries_.size() < in_memory_ ? result<void>() : put_aside();
}

result<void> id_check::put_aside() {
  if (!file_) file_.reset(std::tmpfile());
  if (!file_) return temporary_file("open");
  std::sort(entries_.begin(), entries_.end());
  if (std::fwrite(entries_.data(), sizeof(entry), entries_.size(), file_.get()) != entries_.size())
    return temporary_file("write");
  run_ends_.push_back((run_ends_.empty() ? 0 : run_ends_.back()) + entries_.size());
  entries_.clear();
  return {};
}

result<void> id_check::merge(suspicion& found) {
  if (auto done = put_aside(); done.has_error()) return done;
  if (std::fflush(file_.get()) != 0) return temporary_file("write");
  const std::size_t block = std::max<std::size_t>(in_memory_ / run_ends_.size(), 64);
  std::vector<sorted_run> runs;
  std::size_t begin = 0;
  for (const std::size_t end : run_ends_) runs.emplace_back(file_.get(), std::exchange(begin, end), end, block);
  const auto later = [](const sorted_run* a, const sorted_run* b) { return b->front() < a->front(); };
  std::priority_queue<sorted_run*, std::vector<sorted_run*>, decltype(later)> in_order(later);
  const auto put_back = [&in_order](sorted_run* run) -> result<void> {
    const auto any = run->advance();
    if (any.has_error()) return any.error();
    if (*any) in_order.push(run);
    return {};
  };
  for (sorted_run& run : runs)
    if (auto done = put_back(&run); done.has_error()) return done;
  while (!in_order.empty()) {
    sorted_run* const run = in_order.top();
    in_order.pop();
    found.see(run->front());
    if (auto done = put_back(run); done.has_error()) return done;
  }
  return {};
}

result<std::set<std::uint64_t>> id_check::suspects() {
  suspicion found;
  if (file_) {
    if (auto done = merge(found); done.has_error()) return done.error();
  } else {
    std::sort(entries_.begin(), entries_.end());
    for (const entry& e : entries_) found.see(e);
  }
  return found.lines();
}

}  // namespace corchestra::batch

#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>

#include <corchestra/async/semaphore.hpp>

#include "batch/batch_state.hpp"
#include "store/line_file.hpp"

namespace corchestra::batch {

/// The files that a batch's results go to: answers, failures, and in input order those that came before their turn.
/// Lines are gathered until `flush` hands them to the system.
class result_files {
 public:
  /// `OUT.jsonl` gives `OUT.errors.jsonl`, `OUT.state.db`, `OUT.ahead.jsonl`.
  struct paths {
    explicit paths(const std::filesystem::path& output);
    std::filesystem::path output, errors, state, ahead;
  };

  /// Opens them, and brings `state` up to what they hold: a torn last line is cut off, whole ones that the state does
  /// not know yet are taken in, what they cost at these prices (may be null) included.
  static result<result_files> open(const paths& p, bool ordered, const llm::price_table* prices, batch_state& state);

  /// In input order: the request is on its way, its result comes after those before. `place` is kept until then.
  void expect(std::uint64_t index, semaphore::permit place);
  /// Whether its result waits here for its turn, from an earlier run.
  bool is_ahead(std::uint64_t index) const { return ahead_.contains(index); }
  /// `append` adds a result line, without its break. The state knows of it when it is on its way to its file.
  void put(std::uint64_t index, line_state what, const std::function<void(std::string&)>& append, batch_state& state);
  result<void> flush(batch_state& state);
  /// Empties the file of those that came before their turn, when all of them have had it. Saves the state.
  result<void> drop_ahead(batch_state& state);

  /// Takes back all failures.
  result<void> forget_failures();

 private:
  struct waiting {
    line_state what{};
    std::int64_t offset = 0;
    std::size_t size = 0;
  };
  result_files(line_file output, line_file errors) : output_(std::move(output)), errors_(std::move(errors)) {}
  result<void> read_ahead(
      const batch_state& state,
      const std::function<void(std::uint64_t index, line_state what, std::string_view line, std::int64_t at)>& on_line);
  result<std::set<std::uint64_t>> counted_ahead(const batch_state& state);
  result<void> recover_ahead(const llm::price_table* prices, batch_state& state);
  result<void> take(std::uint64_t index, batch_state& state);
  result<void> take_turns(batch_state& state);
  void add(std::uint64_t index, line_state what, const std::function<void(std::string&)>& append, batch_state& state);

  line_file output_, errors_, ahead_file_;
  std::string output_text_, errors_text_, ahead_text_;
  bool ordered_ = false;
  std::deque<std::pair<std::uint64_t, semaphore::permit>> turns_;
  std::map<std::uint64_t, waiting> ahead_;
};

}  // namespace corchestra::batch

#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include <corchestra/base/error.hpp>

namespace corchestra::batch {

/// Finds ids that occur twice among any number of them. It keeps a hash of each, sorted in a temporary file when they
/// are many: memory stays small.
class id_check {
 public:
  /// So many hashes are kept in memory.
  explicit id_check(std::size_t in_memory = 1u << 16) : in_memory_(in_memory) {}

  /// Error: `file_error`.
  result<void> add(std::string_view id, std::uint64_t line);
  /// Lines among whose ids is every one that occurs twice, of the first thousand. Those that only look alike may be
  /// there too: whoever has the ids compares them. To be called once. Error: `file_error`.
  result<std::set<std::uint64_t>> suspects();

 private:
  struct entry {
    std::uint64_t hash, line;
    auto operator<=>(const entry&) const = default;
  };
  class sorted_run;
  class suspicion;
  struct closing {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  result<void> put_aside();
  result<void> merge(suspicion& found);

  std::size_t in_memory_;
  std::vector<entry> entries_;
  std::unique_ptr<std::FILE, closing> file_;  // of what does not fit: sorted runs, one behind the other
  std::vector<std::size_t> run_ends_;         // in entries
};

}  // namespace corchestra::batch

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>
#include <corchestra/base/json.hpp>

namespace corchestra::batch {

/// A line of a JSONL file, or a row of a CSV file.
struct record {
  std::uint64_t index = 0;          ///< from 0, blank lines not counted
  std::uint64_t line = 0;           ///< from 1, where it begins in the file
  std::string_view text;            ///< of a line, without its break; valid until the next is read
  std::optional<ordered_json> row;  ///< of a CSV file: an object of texts
};

/// The longest record that is read, in bytes.
constexpr std::size_t max_record_bytes = 16u << 20;

/// That some programs put at the start of a text file.
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// A file's records, one after another: a block of it and one record are in memory.
class record_reader {
 public:
  virtual ~record_reader() = default;
  /// Whether there was one. Errors: `file_error`, `too_large`, and `invalid_argument` for a malformed CSV row, with
  /// file and line.
  virtual result<bool> next(record& to) = 0;
};

/// By the name's end: `.csv` (its first row names the columns), else JSONL. A byte order mark is skipped, as are blank
/// lines. `on_block` sees all of the file's bytes, once the last record was asked for. Error: `file_error`.
result<std::unique_ptr<record_reader>> open_records(const std::filesystem::path& path,
                                                    std::function<void(std::string_view)> on_block = {});

/// `FILE:17`
std::string place_of(const std::filesystem::path& path, std::uint64_t line);

}  // namespace corchestra::batch

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>
#include <corchestra/base/json.hpp>
#include <corchestra/batch/request_options.hpp>

#include "batch/input_file.hpp"
#include "batch/row_template.hpp"

namespace corchestra::batch {

struct batch_line;

/// `invalid_argument`: what is wrong with a line, in words; the caller knows which.
error wrong(std::string message);

/// One request of a batch.
struct request_line {
  std::uint64_t index = 0;  ///< from 0, among the requests of the file
  std::string custom_id;
  std::string path;  ///< below the base URL
  std::string url;   ///< what the path was read from, as it is written there: mostly that of the next line, too
  std::string body;  ///< JSON text
  std::string model, service_tier;
  std::optional<std::int64_t> max_tokens;  ///< of each of its answers: the widest that is named
  std::int64_t answers = 1;                ///< `n` or `best_of`, for each prompt
  /// Of all its answers, at most.
  std::optional<std::int64_t> answer_tokens() const noexcept;
  std::uint64_t prefix = 0;  ///< of what comes before its own question; 0: nothing
};

/// Makes requests of records: lines of OpenAI's batch format (`custom_id`, `method`, `url`, `body`), of a chat
/// (`messages`, or `prompt` and perhaps `system`, beside other members of a request body), or rows of columns for a
/// template. Pure.
class request_maker {
 public:
  /// Error: `invalid_argument` for a template or further members that are malformed.
  static result<request_maker> create(request_options options);

  /// Puts the request into `to`, whatever that was before. Errors (`invalid_argument`, `invalid_json`) say what is
  /// wrong, without the place. `checked`: the text has been seen before and is valid JSON.
  result<void> make(request_line& to, const record& r, bool checked) const;

 private:
  result<void> pass_on(request_line& to, const record& r, const batch_line& members) const;
  result<void> chat(request_line& to, const record& r, ordered_json line) const;
  result<void> templated(request_line& to, const record& r, const ordered_json& row) const;
  result<void> finish(request_line& to, ordered_json body) const;

  request_options options_;
  std::optional<row_template> prompt_, system_;
};

/// Whether the requests at this path ask for text, whose length `max_tokens` bounds.
bool asks_for_text(std::string_view path) noexcept;

}  // namespace corchestra::batch

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <corchestra/base/error.hpp>

namespace corchestra::batch {

struct request_line;

/// What the members of a request's body say of its cost and kind, taken one by one as raw JSON text. Refers to that
/// text.
class body_facts {
 public:
  void take(std::string_view key, std::string_view value);
  void take_messages(std::string_view array, std::string_view first) noexcept;
  /// Error: the first member that is not as it must be.
  result<void> put_in(request_line& line) const;

 private:
  std::optional<std::int64_t> count(std::string_view name, std::string_view value);
  void refuse(error e);

  std::optional<std::string_view> model_;
  std::string_view service_tier_, messages_, first_message_;
  std::optional<std::int64_t> max_tokens_;  // the widest
  std::int64_t answers_ = 1, prompts_ = 1;
  std::optional<error> wrong_;
};

/// The facts of a body that is known to be valid.
body_facts facts_of(std::string_view body);

/// The members of a line of OpenAI's batch format, as raw JSON text. Refers to that text.
struct batch_line {
  std::string_view id, method, url, body;
  std::optional<std::string> unknown;  ///< another member's name
  body_facts facts;                    ///< of the body

  /// Error-free JSON alone is taken: false means that the text is for `read_valid`, once it is known to be valid.
  bool read(std::string_view text);
  void read_valid(std::string_view text);

 private:
  void take(std::string_view key, std::string_view value);
};

}  // namespace corchestra::batch

#pragma once

#include <memory>

#include <corchestra/base/json.hpp>

namespace corchestra {

/// A compiled JSON Schema (draft 7, by valijson). A cheap handle: copies share the compiled schema.
class json_schema {
 public:
  /// Error: `invalid_argument` with the reason when the schema itself is malformed.
  static result<json_schema> compile(const json& schema);

  /// Error: `schema_mismatch`; the message lists up to `max_findings` findings as `<path>: what was expected`.
  result<void> validate(const json& value, std::size_t max_findings = 5) const;

  /// The schema as given.
  const json& source() const noexcept;

 private:
  struct impl;
  explicit json_schema(std::shared_ptr<const impl> p) : impl_(std::move(p)) {}
  std::shared_ptr<const impl> impl_;
};

}  // namespace corchestra

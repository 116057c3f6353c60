#pragma once

#include <memory>

#include <corchestra/base/json.hpp>

namespace corchestra {

/// A compiled JSON Schema (by valijson). A cheap handle: copies share the compiled schema.
///
/// Draft 7, with `prefixItems`, `dependentRequired`, `dependentSchemas` and `$defs` of later drafts. Nothing that
/// restricts the value is ignored in silence: keywords of any draft that are not supported are refused, and so are
/// references out of the schema. Annotations and keywords of no draft restrict nothing. `format` restricts texts where
/// it is `date`, `time` or `date-time`; any other is an annotation, as the standard permits, for schemas made for
/// models are full of them. docs/json-schema.md has the details.
class json_schema {
 public:
  /// Error: `invalid_argument` with the place and the reason when the schema is malformed or asks for what is not
  /// supported.
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

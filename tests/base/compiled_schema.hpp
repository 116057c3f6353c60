#pragma once

#include <catch2/catch_test_macros.hpp>
#include <corchestra/base/json_schema.hpp>
#include <string_view>

namespace corchestra::tests {

/// Of JSON text; a schema that is refused fails the test.
inline json_schema compiled_schema(std::string_view schema) {
  auto r = json_schema::compile(json::parse(schema));
  if (!r) FAIL(r.error().message);
  return *r;
}

}  // namespace corchestra::tests

#pragma once

#include <cstdint>

#include <corchestra/base/error.hpp>
#include <corchestra/llm/output_capabilities.hpp>

namespace corchestra::llm {

/// What an error says about the way in which an answer was asked for.
enum class format_rejection : std::uint8_t {
  none,    ///< nothing: it failed for another reason
  format,  ///< the endpoint or model does not support it
  schema,  ///< it does, but not with this schema
};

/// Only a refusal of the request itself (HTTP 400, 404, 422, 501) that names what the rung sends is one.
format_rejection rejection_of(const error& e, output_rung rung);

}  // namespace corchestra::llm

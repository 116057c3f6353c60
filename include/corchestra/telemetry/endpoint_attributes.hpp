#pragma once

#include <corchestra/net/url.hpp>
#include <corchestra/telemetry/span.hpp>

namespace corchestra::telemetry {

/// What spans and metrics say of the server that models are asked at: `gen_ai.provider.name` (by its host; `openai`,
/// the protocol spoken, for hosts that are not known), `server.address`, `server.port`.
attributes endpoint_attributes(const net::url& base);

}  // namespace corchestra::telemetry
